from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.content.nir import count_in_text, is_keyless_nir, is_nir, nir_key, stray_nirs
from scanner.demo.generator import impossible_nir


def whole(first_thirteen: str) -> str:
    return f"{first_thirteen}{nir_key(first_thirteen):02d}"


@pytest.mark.parametrize(
    "thirteen",
    [
        "7855099000001",
        "8856299000123",
        "1850199000999",
        "1851399000999",
        "1852099000999",
        "1854299000999",
        "1859999000999",
        "3855099000001",
        "7855" + "02A" + "000001",
        "7855" + "02B" + "000001",
    ],
)
def test_every_legal_month_sex_and_corsica_is_accepted(thirteen: str) -> None:
    assert is_nir(whole(thirteen))


@pytest.mark.parametrize(
    "thirteen",
    [
        "5855099000001",
        "9855099000001",
        "1850099000001",
        "1851499000001",
        "1851999000001",
        "1854399000001",
        "1854999000001",
        "1850199000000",
    ],
)
def test_a_right_key_does_not_save_an_impossible_number(thirteen: str) -> None:
    assert not is_nir(whole(thirteen))


def test_corsican_departments_count_as_nineteen_and_eighteen() -> None:
    assert nir_key("785502A000001") == nir_key("7855019000001")
    assert nir_key("785502b000001") == nir_key("7855018000001")


@given(st.integers(min_value=0, max_value=23_999), st.integers(min_value=1, max_value=96))
def test_a_wrong_key_is_never_accepted(number: int, step: int) -> None:
    number_text = impossible_nir(number, 1985)
    wrong = (int(number_text[13:]) - 1 + step) % 97 + 1
    assert is_nir(number_text)
    assert not is_nir(f"{number_text[:13]}{wrong:02d}")


def test_separators_are_allowed_and_other_lengths_are_not() -> None:
    number = impossible_nir(4, 1950)
    assert is_nir(f"{number[0]} {number[1:3]} {number[3:5]} {number[5:7]} {number[7:10]} "
                  f"{number[10:13]} {number[13:]}")  # fmt: skip
    assert not is_nir(number[:14])
    assert not is_nir(number + "1")
    assert is_keyless_nir(number[:13])
    assert not is_keyless_nir("1851499000001")


@given(st.text(max_size=40))
def test_any_text_gets_an_answer(text: str) -> None:
    assert is_nir(text) in {True, False}
    assert is_keyless_nir(text) in {True, False}


def test_numbers_are_counted_in_running_text_but_not_inside_longer_digits() -> None:
    first, second = impossible_nir(1, 1990), impossible_nir(2, 1991)
    assert count_in_text(f"dossier {first}, puis ({second}).") == 2
    assert count_in_text(f"0.{first} {first}9 x{first}") == 0
    assert count_in_text(f"{first} " * 50, most=7) == 7


def test_a_few_valid_numbers_in_a_long_list_of_others_are_an_accident() -> None:
    valid = " ".join(impossible_nir(number, 1970) for number in range(4))
    others = " ".join(f"9{number:014d}" for number in range(30))
    assert stray_nirs([valid]) == 4
    assert stray_nirs([valid, others]) == 0
    assert stray_nirs([impossible_nir(1, 1970), impossible_nir(2, 1970)]) == 0
