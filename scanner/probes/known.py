"""Files that an earlier scan judged and that are unchanged since: they are not read again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from scanner import __version__
from scanner.content.version import VERSION
from scanner.model.content import ContentFacts, ContentState
from scanner.model.judged import Judged
from scanner.model.listing import Entry, Precision
from scanner.model.reading import Reading, Unobserved
from scanner.probes.context import ProbeContext, utc_text
from scanner.probes.sampling import FoundFile, ordered_dates

_SETTLED_AFTER = timedelta(hours=1)
_SETTLED_IN_DOUBT = timedelta(hours=48)
"""Where the listing tells only the day, or a local time: that may be a day off, either way."""


class KnownFiles:
    """What is remembered of the files that one login met.

    A file is known again by its place (address, port, login, path), its size and its time, and by
    what was asked of it: the same recogniser, the same ordered fields, as many bytes. One whose
    time is not known, or so new that a change after it might not show, is read every night.
    """

    def __init__(self, context: ProbeContext, username: str, files: Sequence[FoundFile]) -> None:
        self._context = context
        self._username = username
        self._now = context.clock()
        self._found: Mapping[str, Judged] = {}
        self._stamps: dict[bytes, str] = {}
        self._fresh: dict[str, ContentFacts] = {}
        target = context.target
        # A stamp costs more than all else that is done of a file that is not read.
        if context.judged.remembers(target.tenant, target.asset):
            self._stamps = {file.path: stamp for file in files if (stamp := self._stamp(file))}
        if self._stamps:
            asked = list(self._stamps.values())
            self._found = context.judged.judged(target.tenant, target.asset, asked)

    def of(self, file: FoundFile) -> Judged | None:
        """Return what is remembered of a file."""
        return self._found.get(self._stamps.get(file.path, ""))

    def learn(self, file: FoundFile, reading: Reading[ContentFacts]) -> None:
        """Take what was just read, with all the bytes that one file may cost.

        What could not be made out is not kept: a worker that was killed may do better next time.
        """
        if isinstance(reading, Unobserved) or reading.value.state is ContentState.MALFORMED:
            return
        stamp = self._stamps.get(file.path) or self._stamp(file)
        if stamp:
            self._fresh[stamp] = reading.value

    def keep(self) -> None:
        """Hand over what was learnt."""
        fresh, self._fresh = self._fresh, {}
        if fresh:
            target = self._context.target
            self._context.judged.keep_judged(target.tenant, target.asset, fresh)

    def _stamp(self, file: FoundFile) -> str:
        entry = file.entry
        if not file.eligible or entry.size is None or entry.modified is None:
            return ""
        if not is_settled(entry, self._now):
            return ""
        limits = self._context.target.limits
        rests_on = (
            self._context.place,
            self._username,
            str(entry.size),
            utc_text(entry.modified),
            str(entry.precision),
            str(entry.zone_known),
            f"{__version__}/{VERSION}",
            str(limits.bytes_per_file),
            repr(ordered_dates(file.orders)),
            *file.ordered_fields,
        )
        return self._context.mask(b"judged", file.path, *(part.encode() for part in rests_on))


def is_settled(entry: Entry, now: datetime) -> bool:
    """Whether a file's last change lies back so far that one after it would show."""
    if entry.modified is None:
        return False
    vague = entry.precision is Precision.DAY or not entry.zone_known
    return now - entry.modified >= (_SETTLED_IN_DOUBT if vague else _SETTLED_AFTER)
