"""The textfile of a run, judged by Prometheus's own tool, and the rules that stand on it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from scanner.model.failure import FailureId
from scanner.model.finding import Verdict
from scanner.report.document import header_document, host_document
from scanner.report.metrics import COMPLETED, RunFigures, completed_in, metrics
from tests.deploy.operations import DEPLOY, ended
from tests.report import builders

RULES = DEPLOY / "prometheus" / "ftpscan-alerts.yml"
LABELS = {"vantage": "internal"}
SERIES = re.compile(r"^([a-z_]+)(?:\{.*\})? (\S+)$", re.MULTILINE)


def textfile(run: RunFigures | None = None) -> str:
    figures = run or RunFigures(labels=LABELS, whole=True, exit_code=1, targets=3)
    hosts = [host_document(each) for each in (builders.bad_report(), builders.silent_report())]
    return "".join(metrics(header_document(builders.header()), hosts, figures))


def values(text: str, name: str) -> dict[str, float]:
    found = re.findall(rf"^{name}\{{(.*)\}} (\S+)$", text, re.MULTILINE)
    return {labels: float(value) for labels, value in found}


def test_promtool_accepts_the_textfile() -> None:
    left = {'http https://"odd"\\siem:8088': 3}
    run = RunFigures(labels=LABELS, whole=True, exit_code=4, targets=3, left=left)
    done = ended("promtool", "check", "metrics", text=textfile(run))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_promtool_would_say_so_of_a_broken_one() -> None:
    broken = textfile().replace("# TYPE ftpscan_assets gauge", "# TYPE ftpscan_assets gouge")
    assert ended("promtool", "check", "metrics", text=broken).returncode != 0


def test_every_series_is_there_with_help_and_type_and_once() -> None:
    text = textfile()
    named = [line.split()[2] for line in text.splitlines() if line.startswith("# HELP")]
    typed = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    assert named == typed == list(dict.fromkeys(named))
    assert {name for name, _ in SERIES.findall(text)} <= set(named)
    series = [line.rpartition(" ")[0] for line in text.splitlines() if not line.startswith("#")]
    assert len(series) == len(set(series))
    assert all('vantage="internal"' in each for each in series)
    assert len(values(text, "ftpscan_failures")) == len(FailureId) * len(Verdict)


def test_the_figures_are_those_of_the_report() -> None:
    text = textfile()
    bad, silent = builders.bad_report(), builders.silent_report()
    rows = values(text, "ftpscan_failures")
    for row in FailureId:
        told = sum(value for labels, value in rows.items() if f'failure="{row}"' in labels)
        assert told == 2
    grades = values(text, "ftpscan_assets_by_grade")
    assert sum(grades.values()) == 2
    assert grades[f'vantage="internal",grade="{bad.assessment.grade}"'] >= 1
    assert grades[f'vantage="internal",grade="{silent.assessment.grade}"'] >= 1
    open_findings = [
        finding
        for row in bad.failures
        for finding in row.findings
        if finding.verdict is Verdict.FAIL and not finding.suppressed and not finding.is_lead
    ]
    assert open_findings
    assert sum(values(text, "ftpscan_findings_open").values()) == len(open_findings)


def test_a_finding_is_new_if_no_earlier_run_saw_it() -> None:
    scan = header_document(builders.header())
    host = host_document(builders.bad_report())
    run = RunFigures(labels=LABELS, whole=True, exit_code=1, targets=1)
    moved = json.loads(json.dumps(host))
    for row in moved["failures"]:
        for finding in row["findings"]:
            finding["first_seen"] = scan["started"]
    fresh = "".join(metrics(scan, [moved], run))
    opened = values(fresh, "ftpscan_findings_open")
    assert sum(opened.values()) > 0
    assert values(fresh, "ftpscan_findings_new") == opened
    for row in moved["failures"]:
        for finding in row["findings"]:
            finding["first_seen"] = "2001-01-01T00:00:00Z"
    old = "".join(metrics(scan, [moved], run))
    assert sum(values(old, "ftpscan_findings_new").values()) == 0


def test_a_run_cut_short_keeps_the_time_of_the_last_whole_one() -> None:
    whole = textfile()
    at = completed_in(whole, LABELS)
    assert at is not None
    cut = RunFigures(labels=LABELS, whole=False, exit_code=143, targets=3, completed=at - 86400)
    assert completed_in(textfile(cut), LABELS) == at - 86400
    never = replace(cut, completed=None)
    assert completed_in(textfile(never), LABELS) is None
    assert completed_in(whole, {"vantage": "dmz"}) is None
    assert f"# TYPE {COMPLETED} gauge" in textfile(never)


def test_promtool_accepts_the_rules() -> None:
    done = ended("promtool", "check", "rules", str(RULES))
    assert done.returncode == 0, done.stderr
    assert "5 rules found" in done.stdout


def test_the_rules_name_only_series_that_a_run_writes() -> None:
    named = set(re.findall(r"ftpscan_[a-z_]+", RULES.read_text()))
    assert named <= {name for name, _ in SERIES.findall(textfile())} | {
        "ftpscan_delivery_left_events"
    }
    assert "ftpscan_delivery_left_events" in textfile()


CASES = """
rule_files: [{rules}]
evaluation_interval: 5m
tests:
  - interval: 5m
    input_series:
      - series: 'ftpscan_run_completed_timestamp_seconds{{vantage="internal"}}'
        values: '0x400'
      - series: 'ftpscan_findings_new{{vantage="internal",severity="critical"}}'
        values: '0x12 2x400'
      - series: 'ftpscan_findings_new{{vantage="internal",severity="high"}}'
        values: '5x400'
      - series: 'ftpscan_delivery_left_events{{vantage="internal",receiver="syslog siem:6514"}}'
        values: '7x2 0x400'
    alert_rule_test:
      - {{eval_time: 25h, alertname: FtpscanNoCompletedRun, exp_alerts: []}}
      - eval_time: 27h
        alertname: FtpscanNoCompletedRun
        exp_alerts:
          - exp_labels: {{severity: critical, vantage: internal}}
            exp_annotations:
              summary: "No completed exposure scan from internal in 26 hours"
              description: "The last one ended 1d 3h 0m 0s ago. Look at the unit's journal and its exit code: docs/operations.md, At 3 a.m."
      - {{eval_time: 1h, alertname: FtpscanNewCriticalFinding, exp_alerts: []}}
      - eval_time: 2h
        alertname: FtpscanNewCriticalFinding
        exp_alerts:
          - exp_labels: {{severity: critical, vantage: internal}}
            exp_annotations:
              summary: "2 new critical findings from internal"
              description: "The last run saw them for the first time; report.html of its run folder names the hosts and what to do first."
      - {{eval_time: 30m, alertname: FtpscanDeliveryStuck, exp_alerts: []}}
  - interval: 5m
    input_series:
      - series: 'ftpscan_delivery_left_events{{vantage="internal",receiver="syslog siem:6514"}}'
        values: '7x400'
    alert_rule_test:
      - {{eval_time: 25h, alertname: FtpscanMetricsAbsent, exp_alerts: []}}
      - eval_time: 27h
        alertname: FtpscanMetricsAbsent
        exp_alerts:
          - exp_labels: {{severity: critical}}
            exp_annotations:
              summary: "No exposure scan reports to Prometheus"
              description: "No textfile with ftpscan_run_completed_timestamp_seconds is collected."
      - eval_time: 2h
        alertname: FtpscanDeliveryStuck
        exp_alerts:
          - exp_labels: {{severity: warning, vantage: internal, receiver: "syslog siem:6514"}}
            exp_annotations:
              summary: "7 events wait for syslog siem:6514"
              description: "They are safe on disk. Mend the receiver; the next run sends them, and so does: scan deliver TARGETS --reports DIR."
"""


def test_the_rules_fire_when_they_should_and_not_before(tmp_path: Path) -> None:
    path = tmp_path / "cases.yml"
    path.write_text(CASES.format(rules=RULES))
    done = ended("promtool", "test", "rules", str(path))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("broken", ["> 26 * 3600", 'severity="critical"} > 0'])
def test_rules_that_never_fire_would_fail_these_cases(tmp_path: Path, broken: str) -> None:
    rules = tmp_path / "rules.yml"
    rules.write_text(RULES.read_text().replace(broken, f"{broken} and vector(0) > 1"))
    path = tmp_path / "cases.yml"
    path.write_text(CASES.format(rules=rules))
    assert ended("promtool", "test", "rules", str(path)).returncode != 0
