"""A run as Prometheus metrics, in the text format that node_exporter's textfile collector reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from scanner.model.failure import FailureId, Grade
from scanner.model.finding import Severity, Verdict
from scanner.report.changes import leads_counted, rows_counted
from scanner.report.situation import Change

COMPLETED: Final = "ftpscan_run_completed_timestamp_seconds"
"""When a run was last whole: kept from the file before where this one was not."""

LEFT: Final = "ftpscan_delivery_left_events"
_TARGETS: Final = "ftpscan_run_targets"

_Sample = tuple[Mapping[str, str], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFigures:
    """What of a run its report does not hold. ``labels`` stand on every series; ``left`` maps a
    receiver to its events that still wait; ``completed`` is in seconds since 1970, if known.
    """

    labels: Mapping[str, str]
    whole: bool
    exit_code: int
    targets: int
    completed: float | None = None
    left: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Sums:
    """What the hosts of a report add up to."""

    started: str
    grades: Counter[str] = field(default_factory=Counter)
    rows: Counter[tuple[str, str]] = field(default_factory=Counter)
    open: Counter[str] = field(default_factory=Counter)
    new: Counter[str] = field(default_factory=Counter)
    changes: Counter[str] = field(default_factory=Counter)
    leads: int = 0

    def add(self, host: Mapping[str, Any]) -> None:
        self.grades[host["grade"]] += 1
        self.changes += rows_counted(host)
        self.leads += leads_counted(host)
        for row in host["failures"]:
            self.rows[row["id"], row["verdict"]] += 1
            if row["verdict"] == Verdict.NOT_APPLICABLE:
                continue
            for finding in row["findings"]:
                if _counts(finding):
                    self.open[finding["severity"]] += 1
                    self.new[finding["severity"]] += (finding["first_seen"] or "") >= self.started


def _counts(finding: Mapping[str, Any]) -> bool:
    return finding["verdict"] == Verdict.FAIL and not (finding["lead"] or finding["suppressed"])


def metrics(
    scan: Mapping[str, Any], hosts: Iterable[Mapping[str, Any]], run: RunFigures
) -> Iterator[str]:
    """Yield the lines of a textfile for a report's head and its host documents, one at a time.

    Every series is there every night, with 0 where there is nothing, so that rules can compare.
    """
    sums = _Sums(scan["started"])
    for host in hosts:
        sums.add(host)
    for name, about, samples in _families(scan, sums, run):
        yield f"# HELP {name} {about}\n# TYPE {name} gauge\n"
        for labels, value in samples:
            yield f"{name}{_labels({**run.labels, **labels})} {_number(value)}\n"


def _families(
    scan: Mapping[str, Any], sums: _Sums, run: RunFigures
) -> Iterator[tuple[str, str, list[_Sample]]]:
    yield from _times(scan, run)
    cover = scan["coverage"]
    yield (
        "ftpscan_assets",
        "Assets of the last run by what became of them.",
        [({"state": state}, cover[state]) for state in cover],
    )
    yield (
        "ftpscan_assets_by_grade",
        "Assets of the last run by letter; U is undecided.",
        [({"grade": grade.value}, sums.grades[grade.value]) for grade in Grade],
    )
    yield (
        "ftpscan_failures",
        "Assets of the last run by failure and verdict.",
        [
            ({"failure": str(row), "verdict": str(verdict)}, sums.rows[str(row), str(verdict)])
            for row in FailureId
            for verdict in Verdict
        ],
    )
    yield from _findings(sums)
    yield (
        LEFT,
        "Events that a receiver has not taken yet.",
        [({"receiver": name}, left) for name, left in sorted(run.left.items())],
    )


def _times(scan: Mapping[str, Any], run: RunFigures) -> Iterator[tuple[str, str, list[_Sample]]]:
    begun, ended = _seconds(scan["started"]), _seconds(scan["finished"])
    completed = ended if run.whole else run.completed
    version = {"version": scan["tool"]["version"], "run": scan["uid"]}
    yield "ftpscan_run_info", "The last run and the scanner's version.", [(version, 1)]
    yield "ftpscan_run_started_timestamp_seconds", "When the last run began.", [({}, begun)]
    yield "ftpscan_run_finished_timestamp_seconds", "When the last run ended.", [({}, ended)]
    yield (
        COMPLETED,
        "When a run last looked at all of its assets.",
        [] if completed is None else [({}, completed)],
    )
    yield "ftpscan_run_duration_seconds", "How long the last run took.", [({}, ended - begun)]
    yield "ftpscan_run_exit_code", "Exit code of the last run.", [({}, run.exit_code)]
    yield _TARGETS, "Assets that the last run was to look at.", [({}, run.targets)]


def _findings(sums: _Sums) -> Iterator[tuple[str, str, list[_Sample]]]:
    yield (
        "ftpscan_rows",
        "Failing rows of the last run against the runs before, as its events count them.",
        [({"change": each.value}, sums.changes[each.value]) for each in Change],
    )
    yield "ftpscan_leads", "Leads of the last run: they decide nothing.", [({}, sums.leads)]
    yield (
        "ftpscan_findings_open",
        "Failing findings that nobody accepted, by severity.",
        [({"severity": str(each)}, sums.open[str(each)]) for each in Severity],
    )
    yield (
        "ftpscan_findings_new",
        "Those that no earlier run saw, by severity.",
        [({"severity": str(each)}, sums.new[str(each)]) for each in Severity],
    )


def _labels(labels: Mapping[str, str]) -> str:
    told = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{{{told}}}" if told else ""


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def completed_in(text: str, labels: Mapping[str, str]) -> float | None:
    """Return when a run was last whole, by an earlier textfile with the same labels."""
    begins = f"{COMPLETED}{_labels(labels)} "
    for line in text.splitlines():
        if line.startswith(begins):
            try:
                return float(line[len(begins) :])
            except ValueError:
                return None
    return None


def with_left(text: str, left: Mapping[str, int]) -> str | None:
    """Return a run's textfile with the events that still wait as they are now; ``None`` where the
    text is no run's.
    """
    lines = text.splitlines(keepends=True)
    run = next((line for line in lines if line.startswith((f"{_TARGETS}{{", f"{_TARGETS} "))), None)
    if run is None:
        return None
    of_run = run[len(_TARGETS) :].rpartition(" ")[0].removeprefix("{").removesuffix("}")
    rest = [line for line in lines if not line.startswith((f"{LEFT}{{", f"{LEFT} "))]
    for receiver, events in sorted(left.items()):
        labels = ",".join(filter(None, (of_run, f'receiver="{_escaped(receiver)}"')))
        rest.append(f"{LEFT}{{{labels}}} {events}\n")
    return "".join(rest)
