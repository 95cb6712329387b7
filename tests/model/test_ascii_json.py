"""JSON by the fast library is what the standard library writes and reads."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.model.ascii_json import decode, encode
from scanner.model.finding import Verdict

SCORES = st.integers(0, 1000).map(lambda tenths: tenths / 10)
WORDS = st.text(st.characters(exclude_categories=()))
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | SCORES | WORDS,
    lambda inner: st.lists(inner) | st.dictionaries(WORDS, inner),
)


def by_the_standard_library(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))


@given(VALUES)
def test_a_value_is_written_as_the_standard_library_writes_it(value: Any) -> None:
    text = encode(value)

    assert text == by_the_standard_library(value)
    assert decode(text) == decode(text.encode()) == value


@pytest.mark.parametrize("text", ["\x7f", "é", "\u2028", "\ud800", "a\udfffé", "😀\x00", '"\\/\b'])
def test_what_is_not_ascii_is_escaped(text: str) -> None:
    assert encode({text: [text]}) == by_the_standard_library({text: [text]})


def test_words_of_the_model_and_tuples_are_written() -> None:
    assert encode({"verdict": Verdict.PASS, "ways": ("a",)}) == '{"verdict":"pass","ways":["a"]}'


@pytest.mark.parametrize("text", ["", "{", '{"a":1}}', "\x00"])
def test_no_json_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        decode(text)
