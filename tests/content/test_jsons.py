"""JSON of every layout that exports have, and cuts of it."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.content.jsons import read_json
from scanner.content.text import Sections
from scanner.demo.generator import Person, invent_people
from tests.content.driving import facts_of, kinds

PEOPLE = invent_people(200, seed=51)
NAMED = {"surname", "first-name", "birth-date"}


def flat(person: Person) -> dict[str, Any]:
    return {
        "lastName": person.surname,
        "firstName": person.first_name,
        "birthDate": person.born.isoformat(),
    }


def nested(person: Person) -> dict[str, Any]:
    return {"id": 7, "who": {"names": flat(person), "visits": [{"day": "2020-01-01", "n": 1}]}}


FLAT = [flat(person) for person in PEOPLE]
COLUMNS = {name: [each[name] for each in FLAT] for name in FLAT[0]}
SHEET = [list(each.values()) for each in FLAT]

LAYOUTS: dict[str, Any] = {
    "a list": FLAT,
    "a list within": {"status": "ok", "page": {"size": 200, "items": FLAT}},
    "objects within": [nested(person) for person in PEOPLE],
    "by key": {f"p{number}": each for number, each in enumerate(FLAT)},
    "by column": COLUMNS,
    "head and rows": {"columns": list(FLAT[0]), "data": SHEET},
    "rows with a head": [list(FLAT[0]), *SHEET],
}


@pytest.mark.parametrize("document", LAYOUTS.values(), ids=LAYOUTS.keys())
@pytest.mark.parametrize("indent", [None, 2])
def test_people_are_found_in_every_layout(document: object, indent: int | None) -> None:
    facts = facts_of(json.dumps(document, indent=indent).encode())
    assert (facts.format, kinds(facts)) == ("json", NAMED)
    assert facts.persons == pytest.approx(200, abs=1)


def test_objects_of_a_line_each_may_be_nested() -> None:
    lines = "".join(json.dumps(nested(person)) + "\n" for person in PEOPLE)
    facts = facts_of(lines.encode())
    assert (facts.format, kinds(facts)) == ("ndjson", NAMED)


@pytest.mark.parametrize("indent", [None, 1])
def test_a_document_bigger_than_its_windows_is_read_in_them(indent: int | None) -> None:
    many = [flat(person) for person in invent_people(6000, seed=52)]
    facts = facts_of(json.dumps({"count": 6000, "patients": many}, indent=indent).encode())
    assert facts.bytes_read < 250_000
    assert (facts.format, kinds(facts)) == ("json", NAMED)
    assert facts.persons == pytest.approx(6000, rel=0.1)


def test_one_person_is_a_person() -> None:
    assert kinds(facts_of(json.dumps(flat(PEOPLE[0])).encode())) == NAMED


@pytest.mark.parametrize(
    "document",
    [
        {"name": "package", "version": "1.0", "dependencies": {"a": "1", "b": "2"}},
        [{"name": "Lyon", "zip": "69000"}, {"name": "Lille", "zip": "59000"}],
        {"surname": "text", "first-name": "text", "birth-date": "date"},
        {"a": [[1, 2], [3, 4], [5, 6]]},
    ],
)
def test_settings_and_towns_are_nobodys(document: object) -> None:
    assert facts_of(json.dumps(document).encode()).kinds == ()


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=6), inner, max_size=5)
    ),
    max_leaves=40,
)


@given(document=JSONS, cut=st.integers(min_value=0, max_value=400), whole=st.booleans())
@settings(max_examples=200)
def test_any_document_and_any_cut_gets_an_answer(
    document: object, cut: int, *, whole: bool
) -> None:
    text = json.dumps(document)[: cut or None]
    read = read_json(Sections((text,), (len(text),), whole=whole))
    assert read is None or all(table.width >= 0 for table in read[1])


def test_many_objects_in_one_are_read_in_linear_time() -> None:
    document = {f"k{number}": {"a": 1, f"b{number}": {}} for number in range(20_000)}
    started = time.process_time()
    facts_of(json.dumps(document).encode(), fields=("nom",))
    assert time.process_time() - started < 1.5
