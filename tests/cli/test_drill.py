from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path

from jsonschema import Draft202012Validator

from scanner.schemas.catalogue import load_schema
from tests.cli.shell import scan
from tests.drill.cases import RULE, target, written
from tests.drill.team import team


async def drill(path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    history = ("--history", str(path.parent / "history.sqlite"))
    return await asyncio.to_thread(scan, "drill", str(path), *history, *words)


async def test_a_pass_is_told_and_reused_by_the_next_run(tmp_path: Path) -> None:
    async with team(tmp_path) as running:
        told = await drill(running.targets(), "--format", "text")
        again = await asyncio.to_thread(
            scan, "run", str(running.targets()),
            "--history", str(tmp_path / "history.sqlite"), "--reports", str(tmp_path / "reports"),
        )  # fmt: skip
    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith("files (127.0.0.1): pass, the alert came after ")
    assert f"rule        {RULE}" in told.stdout
    assert told.stderr == f"scan: drill of files, rule {RULE} ...\n"
    assert "not used" not in again.stderr
    (report,) = (tmp_path / "reports").glob("2*/report.json")
    rows = {row["id"]: row for row in json.loads(report.read_text())["hosts"][0]["failures"]}
    assert rows["missing-supervision"]["verdict"] == "pass"
    assert len(running.events) == 1  # the run itself drills nothing


async def test_the_document_is_what_its_schema_says(tmp_path: Path) -> None:
    schema = Draft202012Validator(load_schema("drill"))
    async with team(tmp_path) as running:
        bare = target(1, "ftp", {})
        passed = await drill(running.targets())
        unnamed = await drill(written(tmp_path, {**bare, "drill": {"minutes": 1}}))
        dead = await drill(written(tmp_path, target(1, "ftp", running.drill())))
    assert [told.returncode for told in (passed, unnamed, dead)] == [0, 3, 3]
    documents = [json.loads(told.stdout) for told in (passed, unnamed, dead)]
    assert [error.message for one in documents for error in schema.iter_errors(one)] == []
    verdicts = [one["drills"][0]["verdict"] for one in documents]
    assert verdicts == ["pass", "unknown", "unknown"]
    assert documents[1]["drills"][0]["detail"] == "no agreed_rule is named; nothing was sent"
    login = documents[0]["drills"][0]["login"]
    assert login["answer"] == "530 no"
    assert login["user"] != documents[0]["drills"][0]["test"]["user"]


async def test_bad_input_is_one_line_and_exit_code_two(tmp_path: Path) -> None:
    async with team(tmp_path) as running:
        missing = await drill(running.targets(allow={}))
        odd = await drill(running.targets(running.drill(alert={"kind": "file"})))
        other = await drill(running.targets(), "--host", "elsewhere")
        form = await drill(running.targets(), "--format", "html")
    lines = [told.stderr.splitlines() for told in (missing, odd, other, form)]
    assert [told.returncode for told in (missing, odd, other, form)] == [2, 2, 2, 2]
    assert [len(each) for each in lines] == [1, 1, 1, 1]
    assert "set its 'allow.drill'" in lines[0][0]
    assert "targets[0].drill.alert: 'path' is missing for kind file; add it" in lines[1][0]
    assert running.events == []


async def test_a_variant_is_chosen_by_name(tmp_path: Path) -> None:
    account = {"username": "canary-7", "password": "file:secret"}
    (tmp_path / "secret").write_text("a-word-of-the-test")
    (tmp_path / "secret").chmod(0o600)
    schema = Draft202012Validator(load_schema("drill"))
    async with team(tmp_path) as running:
        canary = {"path": "/exports/canary.csv", "account": account, "agreed_rule": "SOC-119"}
        allowed = {"allow": {"drill_canary": True}}
        path = running.targets(running.drill(canary=canary), **allowed)
        clear = await drill(path, "--variant", "canary")
        other = await drill(path, "--variant", "off-network")
        odd = await drill(path, "--variant", "bait")
    assert [told.returncode for told in (clear, other, odd)] == [3, 2, 2]
    assert clear.stderr == "scan: canary drill of files, rule SOC-119 ...\n"
    document = json.loads(clear.stdout)
    assert [error.message for error in schema.iter_errors(document)] == []
    (one,) = document["drills"]
    assert (one["variant"], one["detail"]) == ("canary", "the server offers no TLS")
    assert "give one a 'drill.off_network'" in other.stderr
    assert "choose from: failed-login, canary, off-network" in odd.stderr
