"""What a run leaves behind: its report, what is drawn from it, and what it came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from itertools import chain, islice
from pathlib import Path

from scanner.api.events import add_events, end_events
from scanner.api.head import DONE, INTERRUPTED, RunHead, write_head
from scanner.engine.judge import Docket, judge
from scanner.engine.outcome import Tally
from scanner.engine.record import Record
from scanner.history import Fleet
from scanner.model import ascii_json
from scanner.model.finding import HostReport
from scanner.report import document
from scanner.report.changes import with_changes
from scanner.report.heartbeat import EventLog
from scanner.report.page import page
from scanner.report.page_survey import Survey
from scanner.report.run_table import RunTable
from scanner.report.situation import situations
from scanner.report.stream import late_hosts_in, stream, with_aliases
from scanner.report.table import HEAD, host_lines
from scanner.sinks.flush import Delivery
from scanner.sinks.run_folder import REPORT, RunFolder

HOSTS = "hosts.ndjson"
FINDINGS = "findings.csv"
PAGE = "report.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What a run came to. ``counts`` maps letters to assets. ``remarks`` are lines for a person.

    ``table`` and ``news`` are what the terminal shows of it: its worst hosts, and what changed.
    ``audit_hash`` is that of the audit log's record of the run's end.
    """

    folder: Path
    uid: str
    hosts: int
    targeted: int
    counts: Mapping[str, int]
    exit_code: int
    table: RunTable
    news: str
    incomplete: tuple[str, ...] = ()
    delta: Mapping[str, int] = field(default_factory=dict)
    interrupted: bool = False
    deliveries: tuple[Delivery, ...] = ()
    remarks: tuple[str, ...] = ()
    audit_hash: str = ""


@dataclass(slots=True, kw_only=True)
class RunOutput:
    """What a run is written to: host by host, and then as a whole.

    ``log`` is that of the run's events, if they are still to be written. ``spool`` is the file
    of hosts until the report is there: two lines for each, its document and its part of
    ``findings.csv`` as a JSON string.
    """

    folder: RunFolder
    tally: Tally
    fleet: Fleet
    log: EventLog | None
    spool: str = HOSTS
    survey: Survey = field(default_factory=Survey)
    table: RunTable = field(default_factory=RunTable)

    def add(self, docket: Docket, record: Record) -> HostReport:
        """Judge one asset, and write its host document and its events."""
        report = judge(docket)
        known = record.recall.severities
        bare = document.host_document(report)
        told = situations(bare, known)
        host = with_changes(bare, known, told)
        findings = ascii_json.encode(host_lines(host))
        self.folder.append(self.spool, f"{document.encode(host)}\n{findings}")
        self.survey.add(host)
        self.table.add(host)
        if self.log is not None:
            add_events(self.folder, self.log.host(host, known, told))
        self.fleet.add(report)
        self.tally.add(report, record.recall.findings, known)
        return report

    def publish(self, head: RunHead) -> RunResult:
        """Assemble ``report.json`` from the spooled hosts, then what is drawn from it; say what
        the run came to.

        What they share is known only now: other names of each, and facts of the fleet.
        """
        folder, header = self.folder, head.header(self.tally)
        hosts = islice(folder.lines(self.spool), 0, None, 2)
        named = with_aliases(hosts, self.fleet.aliases, self.survey.rename)
        folder.write(REPORT, stream(header, named, self.fleet.facts()))
        findings = map(ascii_json.decode, islice(folder.lines(self.spool), 1, None, 2))
        folder.write(FINDINGS, chain((HEAD,), findings))
        scan = document.header_document(header)
        facts = self.fleet.facts()
        drawn = page(scan, lambda: late_hosts_in(folder.lines(REPORT)), facts, self.survey)
        folder.write(PAGE, drawn)
        folder.remove(self.spool)
        if self.log is not None:
            end_events(folder, self.log, header, whole=head.state == DONE)
        write_head(folder, head)
        return RunResult(
            folder=folder.path,
            uid=head.uid,
            hosts=self.tally.done,
            targeted=self.tally.targeted,
            counts=dict(self.tally.grades),
            exit_code=self.tally.exit_code(),
            table=self.table,
            news=self.survey.news.counts,
            incomplete=tuple(self.tally.unfinished),
            delta=asdict(header.delta),
            interrupted=head.state == INTERRUPTED,
        )
