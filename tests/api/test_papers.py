"""Every paper good, expired, incomplete and malformed, from its file to its verdict in a report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scanner.api import scan_targets
from scanner.intake.templates import template
from scanner.model.finding import Finding, HostReport, Verdict
from tests.api.test_nightly import NIGHT, host, targets

PASS, FAIL, UNKNOWN = Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN
REGISTERS = {"inventory": "inventory", "warning": "warnings", "alert": "alerts"}
FACETS = {
    "contract": "processor-contract",
    "order": "order-complete",
    "procedure": "migration-procedure",
    "attestation": "on-call-rota",
    "inventory": "inventory-holders",
    "warning": "warning-register",
    "alert": "alert-tickets",
}


async def judged(folder: Path, kind: str, text: str) -> HostReport:
    """Judge an asset that nobody can reach, with one paper."""
    (folder / "paper.json").write_text(text, encoding="utf-8")
    named: dict[str, Any] = {"papers": ["paper.json"]}
    if kind in REGISTERS:
        named = {REGISTERS[kind]: "paper.json"}
    path = targets(folder, host(1, "a", **named))
    reports = scan_targets(path, history=folder / "history.sqlite3", clock=lambda: NIGHT)
    (report,) = [report async for report in reports]
    return report


def found(report: HostReport, facet: str) -> list[Finding]:
    return [each for row in report.failures for each in row.findings if each.facet == facet]


def written(kind: str, changes: dict[str, Any]) -> str:
    """Return the filled template with some keys changed; ``None`` takes one out."""
    document = json.loads(template(kind, filled=True))
    entry = document[0] if kind in REGISTERS else document
    entry.update(changes)
    for key in [key for key, value in entry.items() if value is None]:
        del entry[key]
    return json.dumps(document)


GOOD: list[tuple[str, dict[str, Any], Verdict]] = [
    ("contract", {}, PASS),
    ("order", {}, PASS),
    ("procedure", {}, PASS),
    ("attestation", {}, PASS),
    ("inventory", {}, PASS),
    ("warning", {}, PASS),
    ("alert", {"raised": "2026-11-20T02:10:00Z", "acknowledged": "2026-11-20T02:19:00Z",
               "closed": "2026-11-20T04:40:00Z"}, PASS),
]  # fmt: skip
OLD = {"reviewed": "2026-01-01", "expires": "2026-01-31"}
EXPIRED: list[tuple[str, dict[str, Any], Verdict]] = [
    ("contract", OLD, UNKNOWN),
    ("order", {"expires": "2026-01-31"}, UNKNOWN),
    ("procedure", OLD, UNKNOWN),
    ("attestation", OLD, UNKNOWN),
    ("warning", {"closed": None}, FAIL),
    ("alert", {}, UNKNOWN),
]
INCOMPLETE: list[tuple[str, dict[str, Any], Verdict]] = [
    ("contract", {"clauses": ["a", "b"]}, FAIL),
    ("contract", {"reviewed": None}, UNKNOWN),
    ("order", {"owner": None}, FAIL),
    ("procedure", {"reviewed": None}, UNKNOWN),
    ("attestation", {"owner": None}, UNKNOWN),
    ("inventory", {"holders": ["One", "Two"]}, FAIL),
]


@pytest.mark.parametrize(("kind", "changes", "verdict"), [*GOOD, *EXPIRED, *INCOMPLETE])
async def test_a_paper_has_its_verdict(
    tmp_path: Path, kind: str, changes: dict[str, Any], verdict: Verdict
) -> None:
    report = await judged(tmp_path, kind, written(kind, changes))
    assert [each.verdict for each in found(report, FACETS[kind])] == [verdict]


async def test_an_account_without_a_holder_fails(tmp_path: Path) -> None:
    report = await judged(tmp_path, "inventory", written("inventory", {"holders": []}))
    assert [each.verdict for each in found(report, "account-without-holder")] == [FAIL]


@pytest.mark.parametrize("kind", sorted(set(FACETS) - {"attestation"}))
@pytest.mark.parametrize("text", ["", '{"paper": ', "[7]"])
async def test_a_malformed_paper_is_unknown_and_says_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, text: str
) -> None:
    monkeypatch.chdir(tmp_path)
    report = await judged(tmp_path, kind, text)
    told = found(report, FACETS[kind])
    assert any(each.verdict is UNKNOWN and "paper.json:" in each.summary for each in told)
    assert all(each.verdict is UNKNOWN for each in told)


@pytest.mark.parametrize(("changes", "lowered"), [({}, False), ({"closed": None}, True)])
async def test_an_ignored_warning_takes_a_letter_off(
    tmp_path: Path, changes: dict[str, Any], *, lowered: bool
) -> None:
    report = await judged(tmp_path, "warning", written("warning", changes))
    assert bool(report.assessment.letter_lowered) is lowered
