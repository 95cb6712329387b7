"""Two nights, one defect mended and one added: every output tells the same story."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scanner.api import run
from scanner.api.difference import compare
from scanner.api.memory import open_assets, past_of
from scanner.api.metrics import write_metrics
from scanner.cli.summary import tell
from scanner.model.finding import Severity
from scanner.report.difference import difference_document
from tests.api.test_events import events
from tests.api.test_nightly import finding, host, of_an_old_day, quiet, report, request, targets
from tests.report.told import Told
from tests.servers.fixtures import StartServer

FACET = "anonymous-read"
TURNS = ("new", "changed", "resolved", "unchanged")
ONCE, AGAIN = "2026-11-22T03:00:00Z", "2026-11-23T03:00:00Z"


def told(result: Any, asset: str) -> tuple[str, str, str]:
    """Return what the event of ``open-zone`` says of an asset."""
    (event,) = (
        each
        for each in events(result)
        if each["metadata"]["event_code"] == "open-zone"
        and each["unmapped"]["ftpscan"]["asset"] == asset
    )
    return event["activity_name"], event["status"], event["unmapped"]["ftpscan"]["change"]


def moved_rows(result: Any) -> dict[tuple[str, str], str]:
    """Return change by asset and failure, as the events of a run tell it."""
    return {
        (ours["asset"], each["metadata"]["event_code"]): ours["change"]
        for each in events(result)[1:-1]
        if (ours := each["unmapped"]["ftpscan"])["change"] != "unchanged"
    }


def the_page_tells(result: Any) -> None:
    """Hold the written page to the events and the document of its run."""
    page = Told((result.folder / "report.html").read_text())
    hosts = {each["asset"]: each for each in report(result)["hosts"]}
    moved = moved_rows(result)
    assert page.changes == moved
    assert moved == {
        (asset, each["failure"]): each["change"]
        for asset, doc in hosts.items()
        for each in doc["changes"]
    }
    counts = events(result)[-1]["unmapped"]["ftpscan"]["delta"]
    told = ", ".join(f"{counts[turn]} {turn}" for turn in TURNS)
    assert page.counts.startswith(f"Failing rows: {told}; ")
    cells = {(asset, failure.split(" fail,")[0]): cell for asset, failure, cell in page.rows()}
    for asset, doc in hosts.items():
        assert page.map[asset].cells[:2] == [doc["grade"], f"{doc['score']:g}"]
        for row in doc["failures"]:
            (cell,) = (
                text
                for (name, head), text in cells.items()
                if name == asset and head.startswith(row["id"].replace("-", " "))
            )
            assert cell.split(", ")[0].endswith(row["verdict"].replace("not-applicable", "n/a"))
            noted = set(cell.split(", ")[1:]) & {"new", "changed", "resolved"}
            assert noted == {moved[key] for key in [(asset, row["id"])] if key in moved}
        (before, now) = (score for _, score in doc["trend"])
        assert f"nights: {before:g} on" in page.map[asset].trend
        assert f"{now:g} on" in page.map[asset].trend.partition(", ")[2]


async def test_a_defect_mended_and_one_added_are_told_alike_everywhere(
    start_server: StartServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    loose = start_server("vsftpd-plain", contents=of_an_old_day).port
    strict = start_server("vsftpd-no-anonymous", contents=of_an_old_day).port
    same = start_server("vsftpd-plain", contents=of_an_old_day).port
    fleet = {"mended": (loose, strict), "worse": (strict, loose), "same": (same, same)}
    results = []
    for night in range(2):
        hosts = [host(ports[night], asset) for asset, ports in fleet.items()]
        wanted = targets(tmp_path, *hosts)
        results.append(await run(request(tmp_path, wanted, night=night), quiet))
    second = results[1]

    assert {asset: told(results[0], asset)[0] for asset in fleet} == {
        "mended": "Create",
        "worse": "Update",
        "same": "Create",
    }
    assert {asset: told(second, asset) for asset in fleet} == {
        "mended": ("Close", "Resolved", "resolved"),
        "worse": ("Create", "New", "new"),
        "same": ("Update", "New", "unchanged"),
    }

    with compare(second.folder, None, Severity.HIGH) as compared:
        document = json.loads("".join(difference_document(compared.difference)))
        assert compared.alarming
    turns = {each["asset"]: each["turn"] for each in document["findings"] if each["facet"] == FACET}
    assert turns == {"mended": "resolved", "worse": "new", "same": "unchanged"}
    moved = {
        each["asset"]: each["after"]["score"] - each["before"]["score"]
        for each in document["moved"]
    }
    assert set(moved) == {"mended", "worse"}
    assert moved["worse"] < 0 < moved["mended"]

    delta = report(second)["scan"]["delta"]
    assert {turn: document["delta"][turn] for turn in delta} == delta
    assert second.delta == delta
    assert min(delta["new"], delta["resolved"], delta["unchanged"]) > 0

    the_page_tells(second)
    counts = events(second)[-1]["unmapped"]["ftpscan"]["delta"]
    leads = document["leads"]
    assert {turn: document["rows"][turn] for turn in counts} == counts
    words = ", ".join(f"{counts[turn]} {turn}" for turn in TURNS)
    sentence = f"Failing rows: {words}; {leads} leads apart"
    assert Told((second.folder / "report.html").read_text()).counts.startswith(f"{sentence}.")
    capsys.readouterr()
    tell(second)
    assert f"\n{sentence}\n" in capsys.readouterr().out
    textfile = tmp_path / "x.prom"
    write_metrics(textfile, second, second.exit_code)
    figures = textfile.read_text()
    for turn in TURNS:
        assert f'ftpscan_rows{{vantage="internal",change="{turn}"}} {counts[turn]}\n' in figures
    assert f'ftpscan_leads{{vantage="internal"}} {leads}\n' in figures

    history = tmp_path / "history.sqlite3"
    seen = {}
    for asset in fleet:
        (known,) = past_of(asset, history)
        (found,) = (each for each in known.findings if each.facet == FACET)
        seen[asset] = (found.first_seen, found.last_seen, found.closed)
        trend = [point.score for point in known.scores["internal"]]
        (now,) = (each for each in report(second)["hosts"] if each["asset"] == asset)
        assert trend == [score for _, score in now["trend"]]
    assert seen == {
        "mended": (ONCE, ONCE, AGAIN),
        "worse": (AGAIN, AGAIN, None),
        "same": (ONCE, AGAIN, None),
    }
    still = {each["asset"] for each in document["findings"] if each["turn"] != "resolved"}
    assert {each.asset for each in open_assets(history)} == still


async def test_a_night_that_cannot_tell_keeps_the_first_day(
    start_server: StartServer, tmp_path: Path
) -> None:
    port = start_server("vsftpd-plain", contents=of_an_old_day).port
    ports = (port, 1, port)
    facet = "tls-not-offered"
    nights = []
    for night, where in enumerate(ports):
        wanted = targets(tmp_path, host(where, "a"))
        result = await run(request(tmp_path, wanted, night=night), quiet)
        nights.append(finding(report(result), "a", facet))
    assert [each["verdict"] for each in nights] == ["fail", "unknown", "fail"]
    assert {each["first_seen"] for each in nights} == {ONCE}
    assert [each["days_open"] for each in nights] == [0, 1, 2]
    (known,) = past_of("a", tmp_path / "history.sqlite3")
    (found,) = (each for each in known.findings if each.facet == facet)
    assert (found.first_seen, found.closed, len(found.changes)) == (ONCE, None, 1)
    assert [each.score is None for each in known.scores["internal"]] == [False, True, False]
