"""The commands that only print what is published: checks, explain, schema."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from scanner.checks.registry import all_checks
from scanner.model.failure import WEIGHTS, FailureId
from scanner.schemas.catalogue import names
from tests.cli.shell import scan

FACETS = [facet for check in all_checks() for facet in check.facets]


def test_checks_lists_the_nine_failures_in_order_with_their_facets() -> None:
    told = scan("checks")
    assert (told.returncode, told.stderr) == (0, "")
    heads = [line.split()[0] for line in told.stdout.splitlines() if not line.startswith(" ")]
    assert heads == [failure.value for failure in FailureId]
    assert all(f"\n      {facet.id} " in told.stdout for facet in FACETS)
    assert max(map(len, told.stdout.splitlines())) <= 80


def test_checks_as_json_hold_everything_that_is_published() -> None:
    listed = json.loads(scan("checks", "--format", "json").stdout)
    assert [check["id"] for check in listed] == [failure.value for failure in FailureId]
    assert [check["weight"] for check in listed] == [WEIGHTS[failure] for failure in FailureId]
    assert [facet["id"] for check in listed for facet in check["facets"]] == [f.id for f in FACETS]
    assert all(facet["question"] and facet["remedy"] for c in listed for facet in c["facets"])


def test_a_failure_is_explained_with_controls_and_facets() -> None:
    told = scan("explain", "open-zone")
    assert told.returncode == 0
    assert told.stdout.startswith("open-zone: ")
    assert "weight 20 of 100" in told.stdout
    assert "  GDPR " in told.stdout
    assert "open-zone/ssh-none\n  Asks" in told.stdout
    assert max(map(len, told.stdout.splitlines())) <= 80


@pytest.mark.parametrize("name", ["ssh-none", "open-zone/ssh-none"])
def test_a_facet_is_explained(name: str) -> None:
    told = scan("explain", name)
    assert told.returncode == 0
    assert told.stdout.startswith("open-zone/ssh-none\n  Asks")
    for label in ("Layer", "Required for", "Severity", "Remedy", "CWE"):
        assert f"\n  {label} " in told.stdout


def test_an_unknown_id_is_refused_with_its_neighbours() -> None:
    told = scan("explain", "open-zon")
    assert (told.returncode, told.stdout) == (2, "")
    assert "did you mean open-zone?" in told.stderr


def test_an_id_like_no_other_is_refused_with_where_to_look() -> None:
    told = scan("explain", "qqqqqq")
    assert told.returncode == 2
    assert "scan checks lists all ids" in told.stderr


@pytest.mark.parametrize("name", ["report", "targets", "report-1.0.0"])
def test_schemas_are_printed(name: str) -> None:
    told = scan("schema", name)
    assert (told.returncode, told.stderr) == (0, "")
    schema = json.loads(told.stdout)
    Draft202012Validator.check_schema(schema)
    assert name.partition("-")[0] in schema["$id"]


def test_an_unknown_schema_is_refused_with_the_known_ones() -> None:
    told = scan("schema", "../errors")
    assert (told.returncode, told.stdout) == (2, "")
    assert f"known names: {', '.join(names())}\n" in told.stderr
