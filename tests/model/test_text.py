from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.model.text import neutralise


@given(text=st.one_of(st.text(), st.binary()), most=st.integers(1, 300))
def test_neutral_text_can_be_printed_on_one_line_and_is_bounded(
    text: str | bytes, most: int
) -> None:
    shown = neutralise(text, most)

    assert shown.isprintable()
    assert len(shown) <= most * len(r"\U0010ffff")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("café 12", "café 12"),
        ("a\u2000b\xa0c", r"a\u2000b\xa0c"),
        ("a\u202eb\x1b[2J", r"a\u202eb\x1b[2J"),
        (b"caf\xe9", r"caf\xe9"),
    ],
    ids=["words", "blanks", "orders", "bytes"],
)
def test_blanks_and_orders_to_a_terminal_are_escaped(text: str | bytes, shown: str) -> None:
    assert neutralise(text) == shown
