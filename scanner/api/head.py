"""``run.json``: what a run was asked, and how it ended."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace

from scanner import __version__
from scanner.dossier import policies_sha256
from scanner.engine.outcome import Tally
from scanner.errors import InputError
from scanner.model.scan import ScanHeader
from scanner.model.target import TargetsFile
from scanner.sinks.run_folder import HEAD, RunFolder

RUNNING = "running"
DONE = "done"
INTERRUPTED = "interrupted"
LEDGER = "ledger.sqlite3"
"""What a run over a broker asked for and was told; there as long as the run may be resumed."""
LEDGER_FILES = (LEDGER, f"{LEDGER}-wal", f"{LEDGER}-shm")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHead:
    """One run. ``state`` is ``running``, ``done`` or ``interrupted``; times are RFC 3339 UTC.

    ``vantages`` are all of a run that looked from several; ``merged`` the runs that it consists of.
    """

    uid: str
    targets: str
    targets_sha256: str
    authorisation: str
    vantage: str
    started: str
    fail_on: str
    targeted: int
    excluded: int
    finished: str = ""
    state: str = RUNNING
    tool_version: str = __version__
    shard: tuple[int, int] | None = None
    policies_sha256: str = ""
    vantages: tuple[str, ...] = ()
    merged: tuple[str, ...] = ()

    @property
    def stands(self) -> tuple[str, ...]:
        """Everywhere the run looked from."""
        return self.vantages or (self.vantage,)

    def ended(self, at: str, *, interrupted: bool) -> RunHead:
        """Return the head of the run, now over."""
        return replace(self, finished=at, state=INTERRUPTED if interrupted else DONE)

    def judged_with(self, file: TargetsFile) -> RunHead:
        """Return the head of a report that rests on the papers of ``file``."""
        return replace(
            self,
            targets_sha256=file.sha256,
            authorisation=file.authorisation.reference,
            policies_sha256=policies_sha256(file.targets),
        )

    def header(self, tally: Tally) -> ScanHeader:
        """Return the head of the report."""
        return ScanHeader(
            uid=self.uid,
            started=self.started,
            finished=self.finished,
            tool_version=self.tool_version,
            vantages=self.stands,
            authorisation=self.authorisation,
            targets_sha256=self.targets_sha256,
            coverage=tally.coverage(),
            delta=tally.delta(),
        )


def write_head(folder: RunFolder, head: RunHead) -> None:
    """Put ``run.json`` in place."""
    folder.write(HEAD, [json.dumps(asdict(head), indent=1), "\n"])


def read_head(folder: RunFolder) -> RunHead:
    """Read ``run.json``. Raises ``InputError`` when it is not what a run wrote."""
    try:
        plain = json.loads((folder.path / HEAD).read_text(encoding="utf-8"))
        # JSON has lists where the head has tuples.
        tuples = {key: tuple(value) for key, value in plain.items() if isinstance(value, list)}
        return RunHead(**{**plain, **tuples})
    except (OSError, ValueError, TypeError, AttributeError) as error:
        told = f"{folder.path / HEAD}: not readable as a run ({type(error).__name__})"
        raise InputError(f"{told}; name another run folder") from error
