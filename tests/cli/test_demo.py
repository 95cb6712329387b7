from __future__ import annotations

import json
from pathlib import Path

from jsonschema import Draft202012Validator, FormatChecker

from scanner.schemas.catalogue import load_schema
from tests.cli.shell import scan


def test_the_demonstration_finds_its_replica_and_leaves_a_valid_report(tmp_path: Path) -> None:
    told = scan("demo", "--reports", str(tmp_path))
    assert told.returncode == 0, told.stderr
    assert "Traceback" not in told.stderr
    assert told.stdout.splitlines()[1].startswith("F      0  demo-replica ")
    (report,) = tmp_path.glob("*/report.json")
    assert told.stdout.endswith(f"Report: {report}\n")
    schema = Draft202012Validator(load_schema("report"), format_checker=FormatChecker())
    document = json.loads(report.read_text(encoding="utf-8"))
    assert [error.message for error in schema.iter_errors(document)] == []
    assert len(document["hosts"]) == document["scan"]["coverage"]["targeted"]
