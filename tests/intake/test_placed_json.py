from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.errors import InputError
from scanner.intake.placed_json import marks, parse, report
from scanner.intake.problem import Problem, dotted, shown

TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=8)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
)
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=30
)


def at(value: Any, place: tuple[str | int, ...]) -> Any:
    for step in place:
        value = value[step]
    return value


@given(
    value=JSON,
    indent=st.sampled_from([None, 0, 1, "\t", " \n "]),
    ascii_only=st.booleans(),
)
def test_every_part_is_found_where_the_parser_finds_it(
    *, value: Any, indent: int | str | None, ascii_only: bool
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    seen = 0
    for mark in marks(text):
        part, _ = json.JSONDecoder().raw_decode(text, mark.value_at)
        assert part == at(value, mark.place)
        if mark.place and isinstance(mark.place[-1], str):
            key, _ = json.JSONDecoder().raw_decode(text, mark.key_at)
            assert key == mark.place[-1]
        seen += 1
    assert seen == _size(value)


def _size(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(_size, inner))


@given(JSON)
def test_what_is_parsed_is_what_was_written(value: Any) -> None:
    assert parse("x", json.dumps(value, indent=1).encode()).value == value


@given(st.text(st.sampled_from('{}[]:,"\\a1 \n-.eN/tru'), max_size=40))
def test_any_text_is_parsed_or_refused_with_a_line(text: str) -> None:
    told: tuple[str, ...] = ()
    try:
        assert parse("x", text.encode()).value == json.loads(text)
    except InputError as error:
        told = error.problems
    assert all(line.startswith("x:") for line in told)


@given(st.binary(max_size=60))
def test_any_bytes_are_parsed_or_refused(content: bytes) -> None:
    told: tuple[str, ...] = ()
    value: Any = None
    try:
        value = parse("x", content).value
    except InputError as error:
        told = error.problems
    assert told or value == json.loads(content)


def test_a_problem_at_an_absent_place_stands_at_its_parent() -> None:
    text = '{\n"a": {\n"b": 1}}'
    assert report("f", text, [Problem(("a", "c"), "is missing")]) == ("f:2: a.c: is missing",)


def test_lines_are_counted_with_windows_line_ends() -> None:
    assert report("f", '{\r\n"a":\r\n1}', [Problem(("a",), "no")]) == ("f:3: a: no",)
    assert report("f", '{\r\n"a":\r\n1}', [Problem(("a",), "no", at_key=True)]) == ("f:2: a: no",)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("", "an empty text"),
        ("a\x1b[31mb", "'a\\x1b[31mb'"),
        ("x" * 100, "'" + "x" * 59 + "…'"),
        ("ftp://joe:pass@host", "this text (not shown: it looks like a credential)"),
        ("joe:pass@host", "this text (not shown: it looks like a credential)"),
        ("-----BEGIN OPENSSH", "this text (not shown: it looks like a credential)"),
        (["x"], "a list"),
        ({"x": 1}, "an object"),
        (None, "null"),
        (True, "true"),
        (1.5, "1.5"),
    ],
)
def test_a_value_is_shown_short_harmless_and_without_credentials(value: object, text: str) -> None:
    assert shown(value) == text


def test_places_are_written_as_people_write_them() -> None:
    assert dotted(("targets", 0, "x-note", "odd key", 2)) == 'targets[0].x-note["odd key"][2]'
    assert dotted(()) == ""
