from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from scanner.intake import schema_check
from scanner.intake.formats import FORMATS
from scanner.intake.placed_json import Json
from scanner.intake.problem import dotted
from scanner.intake.schema_check import Checker, compiled
from scanner.schemas.catalogue import load_schema, names

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


@settings(max_examples=400)
@given(root=damaged())
def test_following_references_and_dropping_repetitions_changes_no_verdict_of_the_library(
    checker: Checker, oracle: Draft202012Validator, root: Any
) -> None:
    mine = {problem.place for problem in checker.problems(root)}
    theirs = list(oracle.iter_errors(root))
    assert bool(mine) == bool(theirs)
    for error in theirs:
        place = tuple(error.absolute_path)
        assert any(found[: len(place)] == place for found in mine)


def closed(**properties: Any) -> dict[str, Any]:
    notes: dict[str, Any] = {"^x-": {}}
    return {"properties": properties, "patternProperties": notes, "additionalProperties": False}


WORDS: list[tuple[str, dict[str, Any], Any, list[str]]] = [
    # the keyword, a schema that bears it, a value that breaks it, what is told
    ("type", {"type": "object"}, [], ["a list is not an object; give an object"]),
    ("type", {"type": "array"}, {}, ["an object is not a list; give a list"]),
    ("type", {"type": "string"}, 5, ["5 is not text; give text"]),
    ("type", {"type": "integer"}, 1.5, ["1.5 is not a whole number; give a whole number"]),
    ("type", {"type": "number"}, True, ["true is not a number; give a number"]),
    ("type", {"type": "boolean"}, 1, ["1 is not true or false; give true or false"]),
    ("required", {"required": ["a", "b", "c"]}, {"b": 1},
     ["'a' is missing; add it", "'c' is missing; add it"]),
    ("minProperties", {"minProperties": 1}, {}, ["says nothing; fill it or remove it"]),
    ("additionalProperties", closed(host={}, port={}), {"hots": 1, "zz": 1, "x-a": 1, "port": 1},
     ["hots: is not a known key; did you mean 'host'?",
      "zz: is not a known key; known keys: host, port, x-..."]),
    ("additionalProperties", {"additionalProperties": {"type": "string"}}, {"a": "", "b": 1},
     ["b: 1 is not text; give text"]),
    ("minItems", {"minItems": 1}, [], ["is an empty list; give at least one entry"]),
    ("maxItems", {"maxItems": 1}, [1, 2], ["has 2 entries, more than 1; shorten it"]),
    ("uniqueItems", {"uniqueItems": True}, ["a", "b", "a", "a"],
     ["[2]: 'a' is listed twice; remove one", "[3]: 'a' is listed twice; remove one"]),
    ("enum", {"enum": ["ftp", "sftp"]}, "SFT", ["'SFT' is none of ftp, sftp; did you mean 'sftp'?"]),
    ("enum", {"enum": ["ftp", "sftp"]}, [], ["a list is none of ftp, sftp; give one of these"]),
    ("enum", {"enum": ["http"]}, "?", ["'?' is not http; give one of these"]),
    ("const", {"const": 1}, 2, ["2 is not 1; give one of these"]),
    ("minLength", {"minLength": 1}, "", ["is empty; fill it or remove it"]),
    ("maxLength", {"maxLength": 2}, "abc", ["has 3 characters, more than 2; shorten it"]),
    ("format", {"format": "date"}, "x", ["'x' is not a date; write it as 2026-12-31"]),
    ("pattern", {"pattern": "^a$"}, "b", ["'b' is not well-formed"]),
    ("minimum", {"minimum": 1, "maximum": 9}, 0, ["0 is less than 1; give a number from 1 to 9"]),
    ("exclusiveMinimum", {"exclusiveMinimum": 0, "maximum": 9}, 0,
     ["0 is not more than 0; give a number from 0 to 9"]),
    ("maximum", {"minimum": 1, "maximum": 9}, 10, ["10 is more than 9; give a number from 1 to 9"]),
    ("x-says", {"pattern": "^a$", "x-says": "is no a; write a"}, "b", ["'b' is no a; write a"]),
    ("x-mend", {"minimum": 1, "x-mend": "give a port"}, 0, ["0 is less than 1; give a port"]),
    ("writeOnly", {"format": "date", "writeOnly": True}, "hunter2",
     ["this value (not shown) is not a date; write it as 2026-12-31"]),
    ("writeOnly", {"type": "string", "writeOnly": True}, 4711,
     ["this value (not shown) is not text; give text"]),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "value", "told"), [row[1:] for row in WORDS])
def test_every_broken_keyword_is_told_in_plain_words_with_a_mend(
    schema: dict[str, Any], value: Any, told: list[str]
) -> None:
    problems = compiled(schema, FORMATS).problems(value)
    found = [f"{dotted(each.place)}: {each.message}".removeprefix(": ") for each in problems]
    assert sorted(found) == told
    assert all(each.at_key == ("known key" in each.message) for each in problems)


HANDED_IN = (
    "alerts",
    "attestation",
    "contract",
    "deletions",
    "inventory",
    "order",
    "policy",
    "procedure",
    "targets",
    "warnings",
)
NOT_JUDGED = {"$schema", "$id", "$defs", "title", "description", "default", "examples"}
SILENT = {"$ref", "properties", "patternProperties", "items"}  # their parts speak for them


def nodes(schema: dict[str, Any]) -> list[dict[str, Any]]:
    below = [schema.get("items"), schema.get("additionalProperties")]
    for keyword in ("properties", "patternProperties", "$defs"):
        below += schema.get(keyword, {}).values()
    return [schema, *(node for part in below if isinstance(part, dict) for node in nodes(part))]


@pytest.mark.parametrize("name", HANDED_IN)
def test_every_keyword_of_a_schema_for_handed_in_files_has_its_words(name: str) -> None:
    used = {keyword for node in nodes(load_schema(name)) for keyword in node}
    assert used - NOT_JUDGED - SILENT <= {keyword for keyword, *_ in WORDS}
    assert compiled(load_schema(name), FORMATS).problems(None)


MESSAGES = ("batch", "sighting", "sign")
"""What coordinator and workers send each other."""


def test_what_the_scanner_writes_is_never_handed_in() -> None:
    assert set(names()) == {*HANDED_IN, "difference", "drill", "history", "report", *MESSAGES}


@pytest.mark.parametrize("name", HANDED_IN)
def test_the_least_size_of_anything_is_one_so_that_too_little_is_empty(name: str) -> None:
    for node in nodes(load_schema(name)):
        for keyword in ("minLength", "minItems", "minProperties"):
            assert node.get(keyword, 1) == 1


def test_one_value_is_told_once_however_many_keywords_it_breaks() -> None:
    node = {"minLength": 1, "maxLength": 3, "format": "date", "pattern": "^a", "enum": ["abc"]}
    for value, told in {
        "": "an empty text is not abc; give one of these",
        "xxxxx": "'xxxxx' is not abc; give one of these",
    }.items():
        assert messages(node, value) == [told]
    del node["enum"]
    assert messages(node, "") == ["is empty; fill it or remove it"]
    assert messages(node, "xxxxx") == ["has 5 characters, more than 3; shorten it"]
    assert messages(node, "x") == ["'x' is not a date; write it as 2026-12-31"]


def messages(schema: dict[str, Any], value: Any) -> list[str]:
    return [problem.message for problem in compiled(schema, FORMATS).problems(value)]


def test_without_quoting_no_value_is_repeated() -> None:
    schema = {"items": {"type": "string", "format": "date"}, "uniqueItems": True, "type": "array"}
    problems = compiled(schema, FORMATS, quoting=False).problems(["canary", "canary", 4711])
    assert len(problems) == 4
    assert all(each.message.startswith("this value is ") for each in problems)


def test_a_reference_is_followed_and_another_title_may_stand_beside_it() -> None:
    day = {"type": "string", "format": "date", "x-mend": "write a day"}
    schema = {"items": {"$ref": "#/$defs/day", "title": "Day"}, "$defs": {"day": day}}
    assert messages(schema, ["2026-01-01", 1]) == ["1 is not text; write a day"]


def test_one_number_among_a_hundred_thousand_names_costs_no_comparison_of_all_with_all() -> None:
    schema = {"type": "array", "uniqueItems": True, "items": {"type": "string"}}
    value: list[Json] = [*(f"h{number}.example.org" for number in range(99_999)), 5]
    assert [problem.place for problem in compiled(schema, {}).problems(value)] == [(99_999,)]


def test_nesting_that_exhausts_the_interpreter_is_a_fault() -> None:
    value: Any = []
    for _ in range(200_000):
        value = [value]
    told = "is nested more than 64 levels deep; flatten it"
    assert messages({"type": "string"}, value) == [told]
    while value:  # a value this deep is taken apart by hand
        value = value.pop()


def test_no_more_faults_are_looked_for_than_anyone_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema_check, "_MOST_FAULTS", 10)
    assert len(messages({"items": {"type": "string"}}, [1] * 1000)) == 10


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


def test_what_there_are_no_words_for_is_refused_in_every_part_and_nothing_is_fetched() -> None:
    odd = {"type": ["string", "null"]}
    for schema in (
        {"items": odd},
        {"properties": {"a": odd}},
        {"additionalProperties": odd},
        {"patternProperties": {"a": odd}},
        {"$ref": "#/$defs/a", "$defs": {"a": odd}},
        {"$ref": "#/$defs/a", "x-mend": "would be lost", "$defs": {"a": {}}},
    ):
        with pytest.raises(ValueError, match="schema"):
            compiled(schema, {})
    for target in ("#/$defs/b", "https://example.org/schema", "#"):
        with pytest.raises(KeyError):
            compiled({"$ref": target, "$defs": {"a": {}}}, {})
