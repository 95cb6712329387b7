from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.report.lines import cells, cut, pad, safe, wrap

ANYTHING = st.text(alphabet=st.characters(exclude_categories=()), max_size=300)


@given(ANYTHING, st.integers(min_value=2, max_value=100), st.integers(min_value=1, max_value=5))
def test_wrapped_text_never_leaves_its_box(text: str, width: int, most: int) -> None:
    lines = wrap(text, width, most=most)
    assert len(lines) <= most
    assert all(cells(line) <= width for line in lines)
    assert all(line.isprintable() for line in lines)


@given(ANYTHING, st.integers(min_value=1, max_value=60))
def test_padded_text_is_exactly_as_wide_as_asked(text: str, width: int) -> None:
    assert cells(pad(safe(text), width)) == width


@given(st.text(alphabet="abc de", max_size=80))
def test_nothing_is_lost_while_there_is_room(text: str) -> None:
    assert "".join(wrap(text, 20, most=100)).replace(" ", "") == text.replace(" ", "")


def test_wide_characters_take_two_columns() -> None:
    assert cells("漢a") == 3
    assert cut("漢漢漢", 5) == "漢漢…"


def test_long_words_are_broken() -> None:
    assert wrap("abcdefgh ij", 3, most=9) == ["abc", "def", "gh", "ij"]


def test_what_does_not_fit_is_marked_as_cut() -> None:
    assert wrap("one two three four", 9, most=2) == ["one two", "three fo…"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("a\nb", "a\\x0ab"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("two   blanks", "two blanks"),
    ],
)
def test_what_a_terminal_would_obey_is_escaped(text: str, shown: str) -> None:
    assert safe(text) == shown
