"""The whole report document of every posture, against the one on record.

To accept documents after a change that is meant, run

    SCANNER_ACCEPT=1 pytest tests/matrix/test_golden.py

and read the difference that ``git diff tests/matrix/golden`` then shows, line by line: it is what
readers of the report will notice. A run with the switch fails, so that it cannot stay set.
"""

from __future__ import annotations

import difflib
import itertools
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest

from scanner.api import ScanDocument
from scanner.schemas.catalogue import load_schema
from tests.matrix.normal import normalised
from tests.servers import POSTURES

GOLDEN: Final = Path(__file__).parent / "golden"
ACCEPT: Final = "SCANNER_ACCEPT"


@pytest.fixture(scope="module")
def report_schema() -> jsonschema.Draft202012Validator:
    """Return what checks a document, formats included, against the published schema."""
    schema = load_schema("report-1.0.0")
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    return jsonschema.Draft202012Validator(schema, format_checker=checker)


@pytest.mark.parametrize("name", POSTURES)
def test_the_document_of_a_posture_is_the_one_on_record(
    name: str, ad_hoc: Callable[[str], ScanDocument]
) -> None:
    path = GOLDEN / f"{name}.json"
    now = _written(normalised(ad_hoc(name).as_dict()))
    if os.environ.get(ACCEPT):
        path.write_text(now, encoding="ascii")
        pytest.fail(f"{path.name} was written anew; read its difference, then unset {ACCEPT}")
    assert path.is_file(), f"no document is on record; {__doc__}"
    recorded = path.read_text(encoding="ascii")
    if now != recorded:
        pytest.fail(_difference(recorded, now), pytrace=False)


def _difference(recorded: str, now: str) -> str:
    lines = difflib.unified_diff(
        recorded.splitlines(), now.splitlines(), "on record", "now", lineterm=""
    )
    return "\n".join(itertools.islice(lines, 80))


def _written(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=1) + "\n"


@pytest.mark.parametrize("name", POSTURES)
def test_the_document_of_a_posture_fits_its_published_schema(
    name: str,
    ad_hoc: Callable[[str], ScanDocument],
    report_schema: jsonschema.Draft202012Validator,
) -> None:
    document = json.loads(json.dumps(ad_hoc(name).as_dict(), allow_nan=False))
    problems = [f"{e.json_path}: {e.message}" for e in report_schema.iter_errors(document)]
    assert problems == []
    assert document["scan"]["finished"] >= document["scan"]["started"]


def test_nothing_on_record_holds_a_day_that_goes_by() -> None:
    days = {
        path.stem: re.findall(r"\d{4}-\d\d-\d\d", path.read_text(encoding="ascii"))
        for path in GOLDEN.glob("*.json")
    }
    assert {name: found for name, found in days.items() if found} == {}


def test_nothing_is_on_record_for_a_posture_that_is_gone() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == set(POSTURES)
