"""``scan history`` after nights over a broker: each vantage has findings of its own."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import jsonschema

from scanner.api import run
from scanner.api.memory import open_assets, past_of
from scanner.model.past import PastFinding
from scanner.probes.context import utc_text
from scanner.schemas.catalogue import load_schema
from tests.api.test_nightly import NIGHT, host, quiet, report, request, targets
from tests.cli.shell import scan
from tests.distributed.zones import complain, place, zones
from tests.servers.fixtures import StartServer

BOTH = ("internal", "dmz")


def at(night: int) -> str:
    return utc_text(NIGHT + timedelta(days=night))


def since(findings: Iterable[PastFinding], vantage: str) -> set[tuple[str, str, str | None]]:
    """Return first and last night of a vantage's findings, and when they were closed."""
    return {(f.first_seen, f.last_seen, f.closed) for f in findings if f.vantage == vantage}


async def test_findings_and_scores_are_kept_apart_by_vantage(
    start_server: StartServer, tmp_path: Path
) -> None:
    """Two nights from both vantages, and one on which nobody stood in the second."""
    server = start_server("vsftpd-plain")
    path = targets(tmp_path, host(server.port, "loose", vantages=list(BOTH)))
    for night, stood in enumerate((BOTH, BOTH, BOTH[:1])):
        folder = tmp_path / str(night)
        folder.mkdir()
        async with zones(folder, *stood, clock=lambda: NIGHT) as broker:
            where = place(broker, "coordinator", patience=60.0 if len(stood) > 1 else 10.0)
            wanted = request(tmp_path, path, night=night, tell=complain, broker=where)
            last = await run(wanted, quiet)

    file = tmp_path / "history.sqlite3"
    (past,) = past_of("loose", file)
    assert past.last_seen == at(2)
    told = Counter((f.vantage, f.failure, f.facet) for f in past.findings)
    assert max(told.values()) == 1
    facets = {name: {f.facet for f in past.findings if f.vantage == name} for name in BOTH}
    assert facets["internal"] == facets["dmz"] != set()
    assert since(past.findings, "internal") == {(at(0), at(2), None)}
    assert since(past.findings, "dmz") == {(at(0), at(1), None)}
    nights = {place: [each.at for each in scores] for place, scores in past.scores.items()}
    assert nights == {"dmz,internal": [at(0), at(1)], "internal": [at(2)]}

    (still,) = open_assets(file)
    assert still.findings + still.leads == len(past.findings)
    assert (still.oldest, still.last_seen) == (at(0), at(2))
    (loose,) = report(last)["hosts"]
    days = {
        each["vantage"]: (each["verdict"], each["days_open"])
        for row in loose["failures"]
        for each in row["findings"]
        if each["facet"] == "anonymous-read"
    }
    assert days == {"internal": ("fail", 2), "dmz": ("unknown", 2)}


async def test_the_command_tells_both_vantages(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server("vsftpd-plain")
    path = targets(tmp_path, host(server.port, "loose", vantages=list(BOTH)))
    async with zones(tmp_path, *BOTH, clock=lambda: NIGHT) as broker:
        where = place(broker, "coordinator")
        await run(request(tmp_path, path, tell=complain, broker=where), quiet)
    own = ("--history", str(tmp_path / "history.sqlite3"))
    plain = scan("history", "loose", *own, "--format", "json")
    document = json.loads(plain.stdout)
    jsonschema.validate(document, load_schema("history"))
    (asset,) = document["assets"]
    assert {each["vantage"] for each in asset["findings"]} == set(BOTH)
    assert set(asset["scores"]) == {"dmz,internal"}
    text = scan("history", "loose", *own)
    assert (text.returncode, text.stderr) == (0, "")
    assert text.stdout.count("(from internal)") == text.stdout.count("(from dmz)") > 0
    assert len(json.loads(scan("history", *own, "--format", "json").stdout)["assets"]) == 1
