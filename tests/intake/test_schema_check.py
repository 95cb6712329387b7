from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from scanner.intake.formats import FORMATS
from scanner.intake.schema_check import Checker, compiled
from scanner.schemas.catalogue import load_schema

EXAMPLE = json.loads((Path(__file__).parents[2] / "targets.example.json").read_text())
JUNK: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 0, -1, 1, 1.0, 1.5, 70000, "", "x", "auto", "/a", "2026-01-01", "env:A", "env:",
     "a b", "https://a.example.org", "é", "x" * 5000, [], ["x"], ["x", "x"], [1, 1], {}, {"x": 1},
     {"x-y": 1}, [{}], "Mon 00:00-01:00", "10.0.0.0/8"]
)  # fmt: skip


@pytest.fixture(scope="module")
def checker() -> Checker:
    return compiled(load_schema("targets"), FORMATS)


@pytest.fixture(scope="module")
def oracle() -> Draft202012Validator:
    formats = FormatChecker(formats=())
    for name, fault in FORMATS.items():
        formats.checks(name)(lambda text, fault=fault: not isinstance(text, str) or not fault(text))
    return Draft202012Validator(load_schema("targets"), format_checker=formats)


def places(value: Any, place: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    steps: Any = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    return [place, *(below for step in steps for below in places(value[step], (*place, step)))]


PLACES = [place for place in places(EXAMPLE) if place]


@st.composite
def damaged(draw: st.DrawFn) -> Any:
    root = deepcopy(EXAMPLE)
    place = draw(st.sampled_from(PLACES))
    parent = root
    for step in place[:-1]:
        parent = parent[step]
    deed = draw(st.sampled_from(["replace", "remove", "add"]))
    if deed == "replace":
        parent[place[-1]] = draw(JUNK)
    elif deed == "remove":
        del parent[place[-1]]
    elif isinstance(parent, dict):
        parent[draw(st.sampled_from(["port", "host", "x-a", "a", "token", "owner"]))] = draw(JUNK)
    else:
        parent.append(draw(JUNK))
    return root


@settings(max_examples=400, deadline=None)
@given(root=damaged())
def test_verdicts_are_those_of_a_general_validator(
    checker: Checker, oracle: Draft202012Validator, root: Any
) -> None:
    mine = {problem.place for problem in checker.problems(root)}
    theirs = list(oracle.iter_errors(root))
    assert bool(mine) == bool(theirs)
    for error in theirs:
        place = tuple(error.absolute_path)
        assert any(found[: len(place)] == place for found in mine)


def test_an_unknown_keyword_type_or_misplaced_reference_is_refused_when_compiling() -> None:
    for schema in (
        {"type": "string", "contains": {}},
        {"type": "null"},
        {"$ref": "#/$defs/a", "minLength": 1, "$defs": {"a": {}}},
    ):
        with pytest.raises(ValueError, match="schema"):
            compiled(schema, {})
    with pytest.raises(KeyError):
        compiled({"type": "string", "format": "unheard-of"}, {})
