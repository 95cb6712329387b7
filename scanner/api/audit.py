"""Writes down who had what scanned, when and by whose leave: before, meanwhile and after."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from scanner import __version__
from scanner.api.caller import caller
from scanner.api.job import Clock, Job
from scanner.errors import InputError
from scanner.history import default_path
from scanner.model.chain import Chain
from scanner.model.frozen import dataclass
from scanner.model.observation import Observations
from scanner.model.reading import Reason
from scanner.model.target import Target
from scanner.model.text import neutralise
from scanner.probes.context import utc_text
from scanner.report.audit import Dialled, asset_record, drill_record, was_dialled
from scanner.sinks.audit_log import AuditLog, lines_of

FILE = "audit.ndjson"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What is about to be done: which command, under which uid, by whose leave.

    ``about`` is what it was asked to look at, where that is less than a targets file.
    """

    command: str
    uid: str
    job: Job
    vantage: str
    assets: int
    about: str = ""


class Trail:
    """What one command leaves in the audit log."""

    def __init__(self, *, log: AuditLog, deed: Deed, clock: Clock) -> None:
        self.log = log
        self.deed = deed
        self.clock = clock
        self.count = 0
        self.interrupted = False

    def asset(self, *looks: Observations) -> None:
        """Record what was done to one asset, a record for each vantage that it was seen from."""
        self.assets(looks)

    def assets(self, *several: Sequence[Observations]) -> None:
        """Record what was done to some assets, as ``asset`` does, flushed to disk at once."""
        self.count += len(several)
        looks = [seen for one in several for seen in one]
        for seen in looks:
            whys = {seen.unreached.reason if seen.unreached else None}
            whys |= {each.reason for each in seen.endpoints}
            self.interrupted = self.interrupted or Reason.INTERRUPTED in whys
        touched = any(was_dialled(each) for seen in looks for each in seen.endpoints)
        self._write("asset", *map(asset_record, looks), flush=touched)

    def drill(self, target: Target, dialled: Iterable[Dialled], user: str) -> None:
        """Record one alarm drill: where its login was tried."""
        self.count += 1
        self._write("asset", drill_record(target, dialled, user))

    def begin(self) -> None:
        """Record who is about to do what, by whose leave."""
        job = self.deed.job
        leave = job.authorisation
        self._write(
            "begin",
            {
                "command": self.deed.command,
                **caller(),
                "tool_version": __version__,
                "authorisation": neutralise(leave.reference, 200),
                "targets": str(job.file.path) if job.file else "",
                "targets_sha256": job.file.sha256 if job.file else "",
                "vantage": self.deed.vantage,
                "planned": self.deed.assets,
                **({"about": neutralise(self.deed.about, 200)} if self.deed.about else {}),
            },
        )

    def end(self, how: str) -> None:
        """Record that it is over: ``done``, ``interrupted`` or ``failed: ...``."""
        self._write("end", {"command": self.deed.command, "assets": self.count, "ended": how})

    def _write(self, event: str, *contents: dict[str, Any], flush: bool = True) -> None:
        about = {"at": utc_text(self.clock()), "event": event, "run": self.deed.uid}
        self.log.append(*({**about, **content} for content in contents), flush=flush)


@contextmanager
def audited(path: Path, deed: Deed, clock: Clock) -> Iterator[Trail]:
    """Record that the block begins, and how it ends: done, interrupted, or failed.

    Raises ``InputError`` before the block where the log cannot be written: what cannot be
    recorded is not begun.
    """
    trail = Trail(log=AuditLog(path), deed=deed, clock=clock)
    trail.begin()
    try:
        yield trail
    except BaseException as error:
        stopped = isinstance(error, asyncio.CancelledError | KeyboardInterrupt | GeneratorExit)
        with suppress(InputError):  # the fault that came first is told
            trail.end("interrupted" if stopped else f"failed: {type(error).__name__}")
        raise
    trail.end("interrupted" if trail.interrupted else "done")


def beside_history(history: Path | None) -> Path:
    """Return where commands without a reports folder keep their audit log."""
    return (history or default_path()).with_name(FILE)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditCheck:
    """What an audit log came to. ``breaks`` is empty for a chain that is whole; ``gaps`` are
    lines that a death cut short; ``open`` the uids of what began and never ended.
    """

    records: int
    first: str
    last: str
    digest: str
    breaks: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()
    open: tuple[str, ...] = ()


class _Span:
    """The times and the unfinished deeds of a log, one record at a time."""

    def __init__(self) -> None:
        self.first = ""
        self.last = ""
        self.begun: dict[str, str] = {}

    def add(self, record: dict[str, Any]) -> None:
        at = neutralise(str(record.get("at", "")), 40)
        self.first, self.last = self.first or at, at or self.last
        uid = neutralise(str(record.get("run", "")), 80)
        if record.get("event") == "begin":
            self.begun[uid] = neutralise(str(record.get("command", "")), 40)
        elif record.get("event") == "end":
            self.begun.pop(uid, None)


def verify_audit(path: Path, *, expected: str = "") -> AuditCheck:
    """Check an audit log from its first record to its last.

    ``expected`` is the hash of a record that was written down elsewhere: a log without it was
    cut short or written anew. Raises ``InputError`` where the file cannot be read.
    """
    chain, span = Chain(wanted=expected), _Span()
    for record in chain.read(lines_of(path)):
        span.add(record)
    if expected and not chain.met_wanted:
        chain.breaks.append(f"no record has the hash {neutralise(expected, 64)}")
    return AuditCheck(
        records=chain.records,
        first=span.first,
        last=span.last,
        digest=chain.last.digest,
        breaks=tuple(chain.breaks),
        gaps=tuple(chain.gaps),
        open=tuple(f"{command} {uid}" for uid, command in span.begun.items()),
    )
