from __future__ import annotations

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.engine.content_frames import (
    MOST_TEXT,
    PREFIX,
    FrameError,
    facts_message,
    lengths,
    pack,
    read_facts,
    read_task,
    task_message,
    unpack,
)
from scanner.model.content import (
    Column,
    ContentFacts,
    ContentState,
    ContentTask,
    DataClass,
    DataKind,
    DateCheck,
    DateRange,
    TableFacts,
)

FACTS = ContentFacts(
    format="gzip/csv",
    state=ContentState.CLEAR,
    kinds=(
        DataKind(kind="nir", data_class=DataClass.PERSONAL, count=3, valid_share=0.5, column=1),
    ),
    columns=(Column(index=0, name="Nom élève", free_text=True), Column(index=1, key="0af1")),
    rows=12,
    persons=11,
    contacts=2,
    bytes_read=7,
    tables=(
        TableFacts(
            columns=(Column(index=0, name="surname", like="nom"),),
            rows=12,
            rows_read=5,
            whole=False,
            dates=DateCheck(inside=3, outside=1, untold=1),
        ),
        TableFacts(columns=(), rows=None, rows_read=2, whole=True),
    ),
    all_tables=True,
    unordered_kinds=("nir",),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=20,
)


def test_a_task_comes_over_as_it_is() -> None:
    dates = DateRange(fields=("é", "b"), earliest=date(2024, 2, 29))
    task = ContentTask(name="é\n", size=9, ordered_fields=("a", "b"), byte_budget=5, dates=dates)
    frame = pack(task_message(task), b"xyz")
    text, body = lengths(frame[: PREFIX.size])
    assert read_task(unpack(frame[PREFIX.size : PREFIX.size + text])) == task
    assert frame[PREFIX.size + text :] == b"xyz"
    assert body == 3


def test_facts_come_over_as_they_are() -> None:
    message = json.loads(json.dumps(facts_message(FACTS)))
    assert read_facts(message, 7) == FACTS


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format", "Canary value with spaces"),
        ("format", "x" * 300),
        ("format", 3),
        ("state", "secret"),
        ("rows", -1),
        ("persons", -1),
        ("persons", "many"),
        ("contacts", None),
        ("rows", "many"),
        ("kinds", [["nir", "personal", 3]]),
        ("kinds", [["a b", "personal", 3, 1.0, None]]),
        ("columns", [[0, "x" * 300, None, False, None]]),
        ("columns", [["0", None, None, False, None]]),
        ("columns", [[0, None, None, False, "x" * 300]]),
        ("columns", 5),
        ("tables", [[[], -1, 0, True, None]]),
        ("tables", [[[], 1, 0, True, [1, 2]]]),
        ("tables", [[[], 1, 0, True, [1, 2, "2018-03-04"]]]),
        ("unordered_kinds", ["Canary value with spaces"]),
    ],
)
def test_what_facts_cannot_be_is_refused_without_a_word_of_it(key: str, value: object) -> None:
    message = facts_message(FACTS)
    message["facts"][key] = value
    with pytest.raises(FrameError) as refused:
        read_facts(message, 0)
    assert str(refused.value) == ""
    assert refused.value.__cause__ is None


@given(JSON)
def test_any_message_is_read_or_refused(told: object) -> None:
    for message in ({"facts": told}, {**facts_message(FACTS)["facts"], "kinds": told}):
        try:
            assert isinstance(read_facts(message, 0), ContentFacts)
        except FrameError:
            continue


@given(st.binary(max_size=60))
def test_any_text_is_an_object_or_refused(text: bytes) -> None:
    try:
        assert isinstance(unpack(text), dict)
    except FrameError:
        assert not text.startswith(b'{"a":1}')


def test_long_frames_are_refused_by_their_lengths() -> None:
    with pytest.raises(FrameError):
        lengths(PREFIX.pack(MOST_TEXT + 1, 0))
