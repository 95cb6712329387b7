"""Tables that only look as if they were about persons, and persons that are easily overlooked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

import pytest

from scanner.content.national_ids import national_ids
from scanner.demo.generator import invent_people
from scanner.model.content import DataClass
from tests.content.driving import facts_of, kinds

PEOPLE = invent_people(80, seed=61)
CHANCE = Random(62)


def table(header: str, rows: Sequence[Sequence[object]]) -> bytes:
    return "\n".join([header, *(";".join(map(str, row)) for row in rows)]).encode()


def digits(count: int) -> str:
    return "".join(CHANCE.choice("0123456789") for _ in range(count))


NOBODY: dict[str, bytes] = {
    "town halls": table(
        "nom;adresse;code_postal;telephone",
        [(f"Mairie de {p.surname.title()}", "1 rue", "00000", p.phone) for p in PEOPLE],
    ),
    "companies by their form": table(
        "name;phone;email",
        [(f"{p.surname.title()} GmbH", p.phone, f"c{n}@example.org") for n, p in enumerate(PEOPLE)],
    ),
    "companies by their number": table(
        "siret;nom;adresse;telephone;email",
        [(digits(14), p.surname, "1 rue", p.phone, "c@example.org") for p in PEOPLE],
    ),
    "places": table(
        "name;address;phone",
        [(f"{p.surname.title()} {p.first_name}", "1 rue", p.phone) for p in PEOPLE],
    ),
    "processes": table("pid;result", [(n, "ok") for n in range(60)]),
    "an experiment": table(
        "subject;condition;rt", [(n, CHANCE.choice("ab"), digits(3)) for n in range(60)]
    ),
    "shelves": table(
        "id;shelf;qty", [(n, f"{CHANCE.choice('ABCDE')}{digits(2)}", 1) for n in range(60)]
    ),
    "films": table("title;release_date", [(f"{p.first_name} Of", p.born) for p in PEOPLE]),
    "a clock": table("id;ts", [(n, 1_512_100_000 + n * 700) for n in range(200)]),
    "articles": table("id;ean", [(n, f"3{digits(12)}") for n in range(100)]),
    "kinds of columns": table("surname;first_name;birth_date;email", [["varchar"] * 4] * 3),
}


@pytest.mark.parametrize("data", NOBODY.values(), ids=NOBODY.keys())
def test_tables_of_nobody_are_nobodys(data: bytes) -> None:
    assert facts_of(data).kinds == ()


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Navn;Fødselsdato", {"full-name", "birth-date"}),
        ("name;date of birth", {"full-name", "birth-date"}),
    ],
)
def test_a_name_is_a_persons_beside_a_birth(header: str, expected: set[str]) -> None:
    rows = [(f"{p.first_name} {p.surname.title()}", p.born) for p in PEOPLE]
    assert kinds(facts_of(table(header, rows))) == expected


def test_a_name_of_two_words_with_a_common_first_name_is_a_persons() -> None:
    firsts = ("Marie", "Jean", "Hans", "Giulia", "Piotr", "Lars")
    rows = [(f"{CHANCE.choice(firsts)} {p.surname.title()}", p.phone) for p in PEOPLE]
    assert kinds(facts_of(table("name;phone", rows))) == {"full-name", "phone"}


@pytest.mark.parametrize(
    ("header", "expected"),
    [("Cognome;Nome", {"surname", "first-name"}), ("Navn;Fornavn", {"surname", "first-name"})],
)
def test_the_other_half_of_a_name_is_told(header: str, expected: set[str]) -> None:
    rows = [(p.surname, p.first_name) for p in PEOPLE]
    assert kinds(facts_of(table(header, rows))) == expected


def test_persons_of_an_organisation_stay_persons() -> None:
    rows = [(digits(14), f"{p.surname} SARL", p.first_name, p.phone) for p in PEOPLE]
    found = kinds(facts_of(table("siret;nom;prenom;telephone", rows)))
    assert {"first-name", "phone"} <= found


@pytest.mark.parametrize("births", ["{0:%d-%b-%y}", "{0:%Y}", "{0:%d.%m.%Y}", "{0:%Y%m%d}"])
def test_births_are_read_in_many_spellings(births: str) -> None:
    rows = [(p.surname, births.format(p.born)) for p in PEOPLE]
    assert "birth-date" in kinds(facts_of(table("nom;naissance", rows)))


@pytest.mark.parametrize("header", ["patient_uuid;start;code", "subject_id;start;icd_code"])
def test_codes_of_health_of_a_pseudonym_are_health(header: str) -> None:
    codes = ("E11.9", "I10", "J45.0", "K35.8")
    rows = [(f"P{n}", "2020-01-01", CHANCE.choice(codes)) for n in range(80)]
    facts = facts_of(table(header, rows))
    assert [kind.data_class for kind in facts.kinds] == [DataClass.HEALTH]
    assert facts.persons == 80


def test_a_clocks_seconds_are_no_danish_numbers() -> None:
    dates = [f"{p.born:%d%m%y}{digits(4)}" for p in PEOPLE]
    assert national_ids("", dates) is None
    told = national_ids("cprnr", dates)
    assert told is not None
    assert told.kind == "cpr-number"
    joined = national_ids("", [f"{each[:6]}-{each[6:]}" for each in dates])
    assert joined is not None


def pps() -> str:
    number = digits(7)
    total = sum(int(each) * (8 - place) for place, each in enumerate(number))
    return number + "WABCDEFGHIJKLMNOPQRSTUV"[total % 23]


def nif() -> str:
    number = "2" + digits(7)
    total = sum(int(each) * (9 - place) for place, each in enumerate(number))
    return f"{number}{-total % 11 % 10}"


def svnr() -> str:
    while True:
        number = f"{CHANCE.randrange(100, 999)}{CHANCE.choice(PEOPLE).born:%d%m%y}"
        weights = (3, 7, 9, 5, 8, 4, 2, 1, 6)
        check = sum(int(each) * weight for each, weight in zip(number, weights, strict=True)) % 11
        if check < 10:
            return f"{number[:3]}{check}{number[3:]}"


def ssn() -> str:
    return f"{CHANCE.randrange(100, 600)}-{CHANCE.randrange(10, 99)}-{CHANCE.randrange(1000, 9999)}"


@pytest.mark.parametrize(
    ("kind", "header", "make"),
    [
        ("pps-number", "", pps),
        ("nif", "nifcliente", nif),
        ("svnr", "svnr", svnr),
        ("us-ssn", "clientssn", ssn),
    ],
)
def test_other_numbers_are_told(kind: str, header: str, make: Callable[[], str]) -> None:
    cells = [make() for _ in range(40)]
    found = national_ids(header, cells)
    assert found is not None
    assert found.kind == kind
    if header:
        assert national_ids("", cells) is None


def test_counts_are_of_all_cells_that_were_kept() -> None:
    many = invent_people(1500, seed=63)
    rows = [(p.surname, p.nir, f"A{n}") for n, p in enumerate(many)]
    found = next(k for k in facts_of(table("nom;nir;x", rows)).kinds if k.kind == "nir")
    assert (found.count, found.valid_share) == (1500, 1.0)
