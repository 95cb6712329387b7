from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from scanner.errors import InputError
from scanner.intake.formats import FORMATS
from scanner.model.failure import FailureId
from scanner.schemas.catalogue import load_schema, names

PAPERS = ("attestation", "contract", "order", "procedure")
OURS = ("alerts", "deletions", "inventory", "policy", "targets", "warnings", *PAPERS)


def test_names_are_sorted_and_have_ours() -> None:
    assert set(OURS) <= set(names())
    assert list(names()) == sorted(names())


@pytest.mark.parametrize("name", OURS)
def test_a_schema_is_valid_and_bears_its_file_name_in_its_id(name: str) -> None:
    schema = load_schema(name)
    Draft202012Validator.check_schema(schema)
    version = schema["$id"].removeprefix(f"urn:transfer-exposure-scanner:schema:{name}:")
    assert (files("scanner.schemas") / f"{name}-{version}.json").is_file()
    assert load_schema(f"{name}-{version}") == schema


@pytest.mark.parametrize(
    "name", ["", "Targets", "../targets", "nothing", "targets-9.0.0", "targets-1"]
)
def test_an_unknown_name_is_the_callers_mistake(name: str) -> None:
    with pytest.raises(InputError, match="there is no"):
        load_schema(name)


def nodes(schema: Any) -> list[dict[str, Any]]:
    if isinstance(schema, list):
        return [node for part in schema for node in nodes(part)]
    if not isinstance(schema, dict):
        return []
    return [schema, *(node for part in schema.values() for node in nodes(part))]


@pytest.mark.parametrize("name", OURS)
def test_objects_are_closed_but_for_notes_and_everything_is_described(name: str) -> None:
    for node in nodes(load_schema(name)):
        if node.get("type") == "object" and isinstance(node.get("properties"), dict):
            assert node["additionalProperties"] is False
            assert node["patternProperties"] == {"^x-": {}}
            assert node["description"]
            for part in node["properties"].values():
                assert part.get("description") or "$ref" in part
        if isinstance(node.get("format"), str):
            assert node["format"] in FORMATS


def test_the_nine_failures_are_those_of_the_model() -> None:
    assert load_schema("targets")["$defs"]["failure"]["enum"] == [*FailureId]


def test_every_key_of_the_example_is_in_the_schema_and_in_the_guide() -> None:
    root = Path(__file__).parents[2]
    example = json.loads((root / "targets.example.json").read_text())
    guide = (root / "docs" / "targets.md").read_text()
    schema = load_schema("targets")
    known = {
        key
        for node in nodes(schema)
        if isinstance(node.get("properties"), dict)
        for key in node["properties"]
    }
    for key in known:
        assert f"`{key}`" in guide, key
    free = {"study_id", "Operator A", "Operator B"}
    used = {key for node in nodes(example) for key in node if not key.startswith("x-")}
    assert used - known == free


@pytest.mark.parametrize(
    ("name", "part", "own"),
    [
        ("contract", "contract", {"paper"}),
        ("order", "migration", {"paper"}),
        ("attestation", "document", {"paper"}),
        ("procedure", "document", {"paper", "kind"}),
    ],
)
def test_a_paper_of_its_own_has_the_keys_that_it_has_in_a_targets_file(
    name: str, part: str, own: set[str]
) -> None:
    """Two places to write a paper, one format: neither drifts away from the other."""
    schema, targets = load_schema(name), load_schema("targets")
    listed = targets["$defs"][part]["properties"]
    assert set(schema["properties"]) == {*listed, *own}
    assert {key: schema["properties"][key] for key in listed if key not in own} == {
        key: rule for key, rule in listed.items() if key not in own
    }
    assert all(rule == targets["$defs"][key] for key, rule in schema["$defs"].items())
