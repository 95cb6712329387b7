"""National numbers, cards and accounts: made here by their own rules, so that two accounts of each
rule are held against each other, and looked for among what only resembles them.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from scanner.content.national_ids import national_ids
from scanner.content.payment import count_cards, is_card, is_iban, payments

MAKERS: dict[str, Callable[[Random], str]] = {}
HEADERS = {"nhs-number": "nhsnumber", "bsn": "bsn", "us-ssn": "ssn", "rpps": "rpps"}


def maker(kind: str) -> Callable[[Callable[[Random], str]], Callable[[Random], str]]:
    def keep(make: Callable[[Random], str]) -> Callable[[Random], str]:
        MAKERS[kind] = make
        return make

    return keep


def digits(chance: Random, count: int) -> str:
    return "".join(str(chance.randrange(10)) for _ in range(count))


def born(chance: Random) -> tuple[int, int, int]:
    return chance.randrange(1930, 2000), chance.randrange(1, 13), chance.randrange(1, 29)


def luhn(number: str) -> str:
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value // 10 + value % 10
    return str(-total % 10)


def weighted(number: str, weights: tuple[int, ...]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(number, weights, strict=True))


@maker("pesel")
def pesel(chance: Random) -> str:
    year, month, day = born(chance)
    number = f"{year % 100:02}{month:02}{day:02}{digits(chance, 4)}"
    return number + str(-weighted(number, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)) % 10)


@maker("dni")
def dni(chance: Random) -> str:
    number = digits(chance, 8)
    return number + "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23]


@maker("personnummer")
def personnummer(chance: Random) -> str:
    year, month, day = born(chance)
    number = f"{year % 100:02}{month:02}{day:02}{digits(chance, 3)}"
    return f"{number[:6]}-{number[6:]}{luhn(number)}"


@maker("nhs-number")
def nhs(chance: Random) -> str:
    while True:
        number = digits(chance, 9)
        check = 11 - weighted(number, tuple(range(10, 1, -1))) % 11
        if check != 10:
            return f"{number[:3]} {number[3:6]} {number[6:]}{check % 11}"


@maker("bsn")
def bsn(chance: Random) -> str:
    while True:
        number = "1" + digits(chance, 7)
        check = weighted(number, tuple(range(9, 1, -1))) % 11
        if check != 10:
            return f"{number}{check}"


@maker("us-ssn")
def us_ssn(chance: Random) -> str:
    area = chance.randrange(1, 600)
    return f"{area:03}-{chance.randrange(1, 99):02}-{chance.randrange(1, 9999):04}"


@maker("rpps")
def rpps(chance: Random) -> str:
    number = "10" + digits(chance, 8)
    return number + luhn(number)


@maker("ahv-number")
def ahv(chance: Random) -> str:
    number = "756" + digits(chance, 9)
    check = -weighted(number, (1, 3) * 6) % 10
    return f"{number[:3]}.{number[3:7]}.{number[7:11]}.{number[11]}{check}"


@maker("hetu")
def hetu(chance: Random) -> str:
    year, month, day = born(chance)
    number = f"{day:02}{month:02}{year % 100:02}{chance.randrange(2, 900):03}"
    return f"{number[:6]}-{number[6:]}{'0123456789ABCDEFHJKLMNPRSTUVWXY'[int(number) % 31]}"


@maker("rijksregisternummer")
def rijksregisternummer(chance: Random) -> str:
    year, month, day = born(chance)
    number = f"{year % 100:02}{month:02}{day:02}{chance.randrange(1, 998):03}"
    return f"{number}{97 - int(number) % 97:02}"


@maker("fodselsnummer")
def fodselsnummer(chance: Random) -> str:
    while True:
        year, month, day = born(chance)
        serial = chance.randrange(0, 500) if year < 2000 else chance.randrange(500, 1000)
        number = f"{day:02}{month:02}{year % 100:02}{serial:03}"
        first = -weighted(number, (3, 7, 6, 1, 8, 9, 4, 5, 2)) % 11
        second = -weighted(f"{number}{first % 11}"[:10], (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
        if first < 10 and second < 10:
            return f"{number}{first}{second}"


@maker("cnp")
def cnp(chance: Random) -> str:
    year, month, day = born(chance)
    number = f"{chance.choice('12')}{year % 100:02}{month:02}{day:02}"
    number += f"{chance.randrange(1, 46):02}{chance.randrange(1, 999):03}"
    check = weighted(number, (2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9)) % 11
    return f"{number}{1 if check == 10 else check}"


@maker("codice-fiscale")
def codice_fiscale(chance: Random) -> str:
    consonants = "BCDFGHLMNPRSTVZ"
    year, month, day = born(chance)
    text = "".join(chance.choice(consonants) for _ in range(6))
    text += f"{year % 100:02}{'ABCDEHLMPRST'[month - 1]}{day:02}H501"
    odd = dict(zip("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
                   (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18,
                    20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23), strict=True))  # fmt: skip
    total = sum(
        odd[each] if place % 2 == 0 else (int(each) if each.isdigit() else ord(each) - 65)
        for place, each in enumerate(text)
    )
    return text + chr(65 + total % 26)


@pytest.mark.parametrize("kind", MAKERS)
def test_a_column_of_numbers_is_told_for_what_it_is(kind: str) -> None:
    chance = Random(kind)
    for _ in range(20):
        cells = [MAKERS[kind](chance) for _ in range(30)]
        found = national_ids(HEADERS.get(kind, ""), cells)
        assert found is not None, cells[:3]
        assert (found.kind, found.count, found.valid_share) == (kind, 30, 1.0)


@pytest.mark.parametrize("kind", HEADERS)
def test_numbers_that_anything_resembles_need_their_header(kind: str) -> None:
    chance = Random(kind)
    cells = [MAKERS[kind](chance) for _ in range(30)]
    for header in ("", "invoice", "reference"):
        found = national_ids(header, cells)
        assert found is None or found.kind not in HEADERS


@pytest.mark.parametrize("length", range(8, 14))
def test_columns_of_any_digits_are_none(length: int) -> None:
    chance = Random(length)
    taken = sum(
        national_ids("", [digits(chance, length) for _ in range(50)]) is not None
        for _ in range(300)
    )
    assert taken == 0


def test_columns_of_counters_times_and_article_numbers_are_none() -> None:
    chance = Random(7)
    for cells in (
        [str(1_700_000_000 + 60 * number) for number in range(500)],
        [str(10_000_000_000 + number) for number in range(500)],
        [f"2026{chance.randrange(1, 13):02}{chance.randrange(1, 29):02}{n:04}" for n in range(500)],
        [f"301{digits(chance, 10)}" for _ in range(500)],
    ):
        assert national_ids("", cells) is None, cells[:3]


def test_one_number_again_and_again_is_no_column() -> None:
    number = dni(Random(1))
    assert national_ids("", [number] * 50) is None


# --- cards and accounts -------------------------------------------------------------------


def card(chance: Random) -> str:
    prefix, length = chance.choice((("4", 16), ("52", 16), ("2221", 16), ("37", 15), ("6011", 16)))
    number = prefix + digits(chance, length - len(prefix) - 1)
    return number + luhn(number)


def iban(chance: Random) -> str:
    account = digits(chance, 18)
    check = 98 - int(f"{account}131400") % 97  # D is 13, E is 14
    return f"DE{check:02}{account}"


def test_a_column_of_cards_and_one_of_accounts_are_told() -> None:
    chance = Random(3)
    cards = payments([card(chance) for _ in range(40)])
    accounts = payments([iban(chance) for _ in range(40)])
    assert cards is not None
    assert accounts is not None
    assert (cards.kind, cards.count) == ("card", 40)
    assert (accounts.kind, accounts.count) == ("iban", 40)


def test_digits_that_pass_luhn_are_no_card_of_any_issuer() -> None:
    chance = Random(4)
    bodies = [f"9{digits(chance, 14)}" for _ in range(50)]
    cells = [body + luhn(body) for body in bodies]
    assert not any(map(is_card, cells))
    assert payments(cells) is None


def test_random_digits_of_an_issuers_range_are_no_column_of_cards() -> None:
    chance = Random(5)
    assert payments([f"4{digits(chance, 15)}" for _ in range(200)]) is None


def test_a_card_may_be_written_in_groups() -> None:
    number = "4" + digits(Random(6), 14)
    number += luhn(number)
    grouped = " ".join(number[start : start + 4] for start in range(0, 16, 4))
    assert is_card(grouped)
    assert not is_card(grouped[:-1])


def test_an_account_with_another_check_is_none() -> None:
    good = iban(Random(8))
    assert is_iban(good)
    assert not is_iban(good[:-1] + str((int(good[-1]) + 1) % 10))


def test_cards_in_running_text_need_three_and_a_word() -> None:
    chance = Random(9)
    three = [card(chance) for _ in range(3)]
    assert count_cards("cards: " + ", ".join(three)) == 3
    assert count_cards("numbers: " + ", ".join(three)) == 0
    assert count_cards("cards: " + ", ".join(three[:2])) == 0
