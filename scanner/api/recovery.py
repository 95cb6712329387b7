"""A history that is damaged, or lost, built anew from the run folders that are left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from scanner.api.head import RunHead, read_head
from scanner.api.job import Clock, utc_now
from scanner.api.memory import KEEPS_FOR, lock_of
from scanner.api.saved import saved as saved_in
from scanner.engine.record import Record
from scanner.errors import DamagedHistoryError, InputError
from scanner.history import ATTEMPTS_COUNT_FOR, PATIENCE, History, default_path
from scanner.history.rows import to_stored
from scanner.history.schema import key_of
from scanner.history.soundness import Salvage, check, discard, put_away, salvage
from scanner.model.address import Admitted
from scanner.model.attempts import AttemptKind, limit_key
from scanner.model.case import moment
from scanner.report.read_back import report_of
from scanner.report.stream import hosts_in
from scanner.sinks.lock import exclusive
from scanner.sinks.run_folder import OBSERVATIONS, REPORT, RunFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """What a history was built anew from. ``aside`` is where the old one lies, if there was one;
    ``unread`` counts runs without a readable report; ``lost`` names what no run folder holds.
    """

    path: Path
    aside: Path | None
    reports: Path
    runs: int
    assets: int
    unread: int
    lost: tuple[str, ...]

    def line(self) -> str:
        """Return it in one line."""
        kept = f"the old one is {self.aside.name}; " if self.aside else ""
        unread = f", {self.unread} more had no readable report" if self.unread else ""
        return (
            f"{self.path}: {kept}built anew from {self.runs} runs ({self.assets} reports of assets)"
            f" below {self.reports}{unread}; not carried over: {', '.join(self.lost)}"
        )


def ready(path: Path, reports: Path, clock: Clock, tell: Callable[[str], None]) -> None:
    """See that the history can be read before a run, and forget what is over (``KEEPS_FOR``).

    A damaged one is put away and built anew, which ``tell`` says in one line. The caller holds
    the history's lock. Raises ``InputError`` where it cannot be used for another reason.
    """
    try:
        check(path, PATIENCE)
    except DamagedHistoryError:
        told = _rebuilt(path, reports, clock, "corrupt")
        tell(f"the history was damaged: {told.line()}")
    with History.open(path, clock) as memory:
        memory.prune(clock() - KEEPS_FOR)


def rebuild(reports: Path, history: Path | None = None, *, clock: Clock = utc_now) -> Rebuilt:
    """Build the history anew from the run folders below ``reports``; one that is there is kept
    aside. Raises ``InputError`` for no folder, ``LockedError`` while a run holds the history.
    """
    if not reports.is_dir():
        raise InputError(f"{reports}: no folder of runs; give one with --reports")
    path = history or default_path()
    with exclusive(lock_of(path)):
        return _rebuilt(path, reports, clock, "replaced")


def _rebuilt(path: Path, reports: Path, clock: Clock, word: str) -> Rebuilt:
    """Build beside the old one, and put the new one in its place when it is whole."""
    draft = path.with_name(f"{path.name}.rebuilding")
    discard(draft)
    had_key, now = key_of(path).exists(), clock()
    since = to_stored(now - ATTEMPTS_COUNT_FOR)
    saved = salvage(path, since) if path.exists() else Salvage(lost=("refused credentials",))
    with History.open(draft, clock) as memory:
        count = _Count(memory)
        for folder, _ in _runs(reports):
            count.take(folder)
        memory.take_over(_with_failures(saved, count.failures, since))
    aside = put_away(path, word, now)
    draft.replace(path)
    lost = ["what files were found to hold (they are read again)", *saved.lost]
    if not had_key:
        lost.append("which files were seen before (the masking key is gone)")
    return Rebuilt(
        path=path,
        aside=aside,
        reports=reports,
        runs=count.runs,
        assets=count.assets,
        unread=count.unread,
        lost=tuple(lost),
    )


def _runs(reports: Path) -> Iterator[tuple[RunFolder, RunHead]]:
    """Yield the runs below a folder, the oldest first."""
    found = []
    for folder in reports.iterdir() if reports.is_dir() else ():
        with suppress(InputError):
            place = RunFolder.open(folder)
            if not folder.is_symlink():
                found.append((place, read_head(place)))
    yield from sorted(found, key=lambda pair: (pair[1].started, pair[1].uid))


class _Count:
    """Takes runs into a history and counts them. ``failures`` are the failed logins that they
    tell of: what limits are keyed on, and when.
    """

    def __init__(self, memory: History) -> None:
        self.memory = memory
        self.runs = 0
        self.unread = 0
        self.assets = 0
        self.failures: Counter[tuple[str, int]] = Counter()

    def take(self, folder: RunFolder) -> None:
        """Take every asset of one run, as far as its report can be read."""
        records = _records(folder)
        try:
            with (folder.path / REPORT).open(encoding="utf-8") as lines:
                for host in hosts_in(lines):
                    record = next(records, None)
                    same = record is not None and record.asset == host["asset"]
                    looks = record.observations if record is not None and same else ()
                    report = report_of(host, looks)
                    self.memory.remember(report, moment(report.judged_at))
                    self._failed(host)
                    self.assets += 1
        except (OSError, ValueError, KeyError, TypeError):
            self.unread += 1
        else:
            self.runs += 1

    def _failed(self, host: Mapping[str, Any]) -> None:
        at = to_stored(moment(host["judged_at"]))
        for each in host["endpoints"]:
            with suppress(ValueError):  # a name that was not resolved
                admitted = Admitted(ip_address(each["address"]), each["port"], "")
                self.failures[limit_key(admitted), at] += each["logins_failed"]


def _records(folder: RunFolder) -> Iterator[Record]:
    """Yield what was saved of each asset, in the order of the report, until one is damaged."""
    with suppress(InputError):
        yield from saved_in(folder, OBSERVATIONS, "scan again")


def _with_failures(saved: Salvage, failures: Counter[tuple[str, int]], since: int) -> Salvage:
    """Add the failed logins that reports tell of and the old history does not: no server is asked
    more often because a file was damaged.
    """
    known = Counter(address for address, _, _ in saved.attempts)
    told = list(saved.attempts)
    for (address, at), count in failures.items():
        missing = count - known[address] if at >= since else 0
        told += [(address, AttemptKind.ACCOUNT.value, at)] * max(missing, 0)
        known[address] = max(known[address] - count, 0)
    return replace(saved, attempts=tuple(told))
