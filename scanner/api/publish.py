"""What a run leaves behind: its report, what is drawn from it, and what it came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from scanner.api.events import end_events
from scanner.api.head import DONE, REPORT, RunHead, write_head
from scanner.engine.outcome import Tally
from scanner.history import Fleet
from scanner.report import document
from scanner.report.heartbeat import EventLog
from scanner.report.page import page
from scanner.report.stream import hosts_in, stream, with_aliases
from scanner.report.table import findings_csv
from scanner.sinks.flush import Delivery
from scanner.sinks.run_folder import RunFolder

HOSTS = "hosts.ndjson"
FINDINGS = "findings.csv"
PAGE = "report.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What a run came to. ``counts`` maps letters to assets. ``remarks`` are lines for a person.

    ``audit_hash`` is that of the audit log's record of the run's end.
    """

    folder: Path
    uid: str
    hosts: int
    targeted: int
    counts: Mapping[str, int]
    exit_code: int
    incomplete: tuple[str, ...] = ()
    delta: Mapping[str, int] = field(default_factory=dict)
    interrupted: bool = False
    deliveries: tuple[Delivery, ...] = ()
    remarks: tuple[str, ...] = ()
    audit_hash: str = ""


def publish(  # noqa: PLR0913 - what a run consists of, and what it was written to
    folder: RunFolder,
    head: RunHead,
    tally: Tally,
    fleet: Fleet,
    *,
    spool: str = HOSTS,
    log: EventLog | None = None,
) -> RunResult:
    """Assemble ``report.json`` from the spooled hosts, then what is drawn from it; say what the
    run came to.

    ``log`` is that of the run's events, if they are still to be ended.

    What they share is known only now: other names of each, and facts of the fleet.
    """
    header = head.header(tally)
    hosts = with_aliases(folder.lines(spool), fleet.aliases)
    folder.write(REPORT, stream(header, hosts, fleet.facts()))
    folder.write(FINDINGS, findings_csv(hosts_in(folder.lines(REPORT))))
    scan = document.header_document(header)
    folder.write(PAGE, page(scan, lambda: hosts_in(folder.lines(REPORT)), fleet.facts()))
    folder.remove(spool)
    if log is not None:
        end_events(folder, log, header, whole=head.state == DONE)
    write_head(folder, head)
    delta = header.delta
    return RunResult(
        folder=folder.path,
        uid=head.uid,
        hosts=tally.done,
        targeted=tally.targeted,
        counts=dict(tally.grades),
        exit_code=tally.exit_code(),
        incomplete=tuple(tally.unfinished),
        delta=asdict(delta),
        interrupted=head.state == "interrupted",
    )
