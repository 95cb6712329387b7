"""Holds what deletion certificates list against what earlier nights saw, by keyed hashes alone."""

from __future__ import annotations

from collections.abc import Sequence

from scanner.errors import InputError
from scanner.intake.files import sha256_of
from scanner.model.mask import Mask
from scanner.model.observation import Observations, views_of
from scanner.model.recall import CertificateMatch, Recall
from scanner.model.target import Document, Target
from scanner.probes.places import normal_path

CERTIFICATE = "deletion-certificate"


def certificates(
    target: Target, past: Recall, seen: Sequence[Observations], mask: Mask
) -> tuple[CertificateMatch, ...]:
    """Return one match for each certificate whose file names what it deleted.

    One that cannot be read is left out: the papers' own check tells its faults.
    """
    present = {
        file.key
        for look in seen
        for endpoint in look.endpoints
        for view in views_of(endpoint)
        for file in view.walk.files
    }
    found = (
        _match(paper, past, present, mask)
        for paper in target.documents
        if paper.kind == CERTIFICATE and paper.file is not None
    )
    return tuple(match for match in found if match is not None)


def _match(paper: Document, past: Recall, present: set[str], mask: Mask) -> CertificateMatch | None:
    if paper.file is None:
        return None
    from scanner.intake.deletions import read_deletions  # noqa: PLC0415 - few assets have one

    try:
        digest, paths = sha256_of(paper.file), read_deletions(paper.file)
    except InputError:
        return None
    keys = {mask(b"path", normal_path(path)) for path in paths}
    return CertificateMatch(
        title=paper.title,
        sha256=digest,
        listed=len(keys),
        matched=sum(key in past.sightings for key in keys),
        present=len(keys & present),
    )
