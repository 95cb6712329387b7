"""What the place of a file says of it: its vault, or the key beside it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from scanner.model.reading import Observed
from scanner.probes.sampler import Sample
from scanner.probes.sampling import FoundFile


def judged_by_place(sample: Sample, files: Iterable[FoundFile]) -> Sample:
    """Return the sample with the facts that the whole listing changes."""
    facts = {
        path: reading.value
        for path, reading in sample.readings.items()
        if isinstance(reading, Observed)
    }
    if not facts:
        return sample
    from scanner.content.vaults import judge_together  # noqa: PLC0415 - of use with samples alone

    changed = judge_together(facts, (file.path for file in files))
    readings = {
        path: replace(reading, value=changed[path])
        if isinstance(reading, Observed) and path in changed
        else reading
        for path, reading in sample.readings.items()
    }
    return Sample(readings, sample.read_at)
