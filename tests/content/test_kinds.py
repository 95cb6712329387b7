"""Whose data a table holds: what its columns must show together, and what must not be enough."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

import pytest

from scanner.demo.generator import invent_people
from scanner.model.content import DataClass
from tests.content.driving import facts_of, kinds
from tests.content.test_national_ids import card, dni, iban, pesel

PEOPLE = invent_people(60)
CHANCE = Random(11)


def table(header: Sequence[str] | None, rows: Sequence[Sequence[object]]) -> bytes:
    lines = [";".join(header)] if header else []
    return "\n".join([*lines, *(";".join(map(str, row)) for row in rows)]).encode()


def born(index: int) -> str:
    return f"{1931 + index}-0{1 + index % 9}-1{index % 10}"


def test_a_name_and_a_birth_need_no_header() -> None:
    rows = [(f"{one.first_name} {one.surname}", born(index)) for index, one in enumerate(PEOPLE)]
    facts = facts_of(table(None, rows))
    assert {"full-name", "birth-date"} <= kinds(facts)
    assert facts.persons == len(PEOPLE)


def test_first_names_repeat_among_hundreds_of_persons() -> None:
    firsts = [f"{one.first_name}" for one in PEOPLE[:25]]
    rows = [(firsts[index % 25], born(index % 60)) for index in range(240)]
    assert {"full-name", "birth-date"} <= kinds(facts_of(table(None, rows)))
    few = [(firsts[index % 9], born(index % 60)) for index in range(240)]
    assert kinds(facts_of(table(None, few))) == set()


def test_names_without_births_and_births_without_a_spread_are_not_enough() -> None:
    names = [f"{one.first_name} {one.surname}" for one in PEOPLE]
    recent = [(name, f"2026-0{1 + index % 9}-11") for index, name in enumerate(names)]
    towns = [(name, CHANCE.choice(("Lyon", "Nantes", "Lille"))) for name in names]
    assert kinds(facts_of(table(None, recent))) == set()
    assert kinds(facts_of(table(None, towns))) == set()


def test_a_name_beside_a_national_number_without_a_header_is_the_numbers_finding() -> None:
    rows = [(one.surname, pesel(CHANCE), "a") for one in PEOPLE]
    assert "pesel" in kinds(facts_of(table(None, rows)))


@pytest.mark.parametrize(
    "header",
    [
        ("Nom", "Prénom", "Date de naissance"),
        ("surname", "firstName", "DateOfBirth"),
        ("Nachname", "Vorname", "Geburtsdatum"),
        ("Apellidos", "Nombre", "Fecha de nacimiento"),
        ("Cognome", "Nome", "Data di nascita"),
        ("Achternaam", "Voornaam", "Geboortedatum"),
        ("Apelido", "Nome", "Data de nascimento"),
        ("Nazwisko", "Imię", "Data urodzenia"),
        ("Efternamn", "Förnamn", "Födelsedatum"),
        ("Efternavn", "Fornavn", "Fødselsdato"),
    ],
)
def test_headers_are_read_in_ten_languages(header: tuple[str, ...]) -> None:
    rows = [(one.surname, one.first_name, born(index)) for index, one in enumerate(PEOPLE)]
    assert {"surname", "birth-date"} <= kinds(facts_of(table(header, rows)))


def test_a_header_that_its_values_contradict_is_dropped() -> None:
    rows = [(f"A-{index}", f"x{index}9", f"v{index}") for index in range(60)]
    assert kinds(facts_of(table(("nom", "prenom", "date_naissance"), rows))) == set()


@pytest.mark.parametrize(("kind", "make"), [("card", card)])
def test_cards_are_a_finding_by_themselves(kind: str, make: Callable[[Random], str]) -> None:
    rows = [(index, make(CHANCE)) for index in range(60)]
    assert kinds(facts_of(table(("id", "value"), rows))) == {kind}


def test_accounts_count_beside_names() -> None:
    rows = [(one.surname, iban(CHANCE)) for one in PEOPLE]
    assert "iban" in kinds(facts_of(table(("surname", "account"), rows)))
    alone = [(index, iban(CHANCE)) for index in range(60)]
    assert kinds(facts_of(table(("id", "account"), alone))) == set()


ICD = ("E11.9", "C50.4", "I10", "J45", "F32.1", "K35.8")
LOINC = ("718-7", "2345-7", "4548-4", "2160-0", "3094-0", "1742-6")


@pytest.mark.parametrize(("codes", "kind"), [(ICD, "diagnosis"), (LOINC, "exam-code")])
def test_a_column_of_codes_beside_a_person_is_health(codes: Sequence[str], kind: str) -> None:
    rows = [(one.surname, one.first_name, CHANCE.choice(codes)) for one in PEOPLE]
    facts = facts_of(table(("nom", "prenom", "x"), rows))
    assert kind in kinds(facts)
    assert DataClass.HEALTH in {found.data_class for found in facts.kinds}


def test_codes_under_a_patient_number_are_pseudonymised_health() -> None:
    rows = [(f"P{index:05}", CHANCE.choice(ICD)) for index in range(60)]
    assert kinds(facts_of(table(("patient_id", "x"), rows))) == {"pseudonymised-health"}
    assert kinds(facts_of(table(("part", "x"), rows))) == set()


def test_one_health_header_is_not_health() -> None:
    rows = [(one.surname, one.first_name, "fine") for one in PEOPLE]
    facts = facts_of(table(("nom", "prenom", "resultat"), rows))
    assert {found.data_class for found in facts.kinds} == {DataClass.PERSONAL}


def test_addresses_alone_are_contacts_and_no_finding() -> None:
    rows = [(f"a{index}@example.org",) for index in range(60)]
    assert kinds(facts_of(table(("email",), rows))) == set()


def test_a_national_number_is_enough() -> None:
    rows = [(index, dni(CHANCE)) for index in range(60)]
    assert kinds(facts_of(table(("id", "documento"), rows))) == {"dni"}


def test_cards_in_running_text_are_found() -> None:
    text = "Order paid by card.\n" + "\n".join(f"paid with {card(CHANCE)} today" for _ in range(9))
    assert kinds(facts_of(text.encode())) == {"card"}


@pytest.mark.parametrize("header", ["name", "Naam", "Nome", "Navn", "Namn"])
def test_a_name_is_a_persons_only_beside_a_sign_of_persons(header: str) -> None:
    rows = [(one.surname.title(), born(index)) for index, one in enumerate(PEOPLE)]
    assert "full-name" in kinds(facts_of(table((header, "birthdate"), rows)))
    assert kinds(facts_of(table((header, "released"), rows))) == set()


def test_thirteen_digits_are_a_nir_only_under_its_header() -> None:
    rows = [(one.surname, one.nir[:13]) for one in PEOPLE]
    assert "nir" in kinds(facts_of(table(("nom", "numero_secu"), rows)))
    assert kinds(facts_of(table(("nom", "reference"), rows))) == set()


@pytest.mark.parametrize("header", ["email", "telephone"])
def test_four_fifths_of_addresses_and_numbers_must_look_the_part(header: str) -> None:
    good = "a@example.org" if header == "email" else "06 39 98 00 11"
    mixed = [("Durand", good if index % 10 < 7 else "see file") for index in range(60)]
    most = [("Durand", good if index % 10 < 9 else "see file") for index in range(60)]
    assert kinds(facts_of(table(("nom", header), mixed))) == set()
    assert len(kinds(facts_of(table(("nom", header), most)))) == 2


def test_digits_after_a_point_are_no_cards() -> None:
    text = "card wear\n" + "\n".join(f"rate 0.{card(CHANCE)} measured" for _ in range(9))
    assert kinds(facts_of(text.encode())) == set()


def test_records_of_xml_are_read_as_a_table() -> None:
    people = "".join(
        f"<person><id code='{index}'/><name><surname>{one.surname}</surname>"
        f"<firstName>{one.first_name}</firstName></name><birthDate>{born(index)}</birthDate></person>"
        for index, one in enumerate(PEOPLE)
    )
    facts = facts_of(f"<?xml version='1.0'?><people>{people}</people>".encode())
    assert facts.format == "xml"
    assert {"surname", "first-name", "birth-date"} <= kinds(facts)
    assert facts.persons == len(PEOPLE)
    assert {found.column for found in facts.kinds} == {None}


def test_xml_without_persons_is_clear() -> None:
    parts = "".join(f"<part><sku>{index}</sku><name>Bolt</name></part>" for index in range(60))
    facts = facts_of(f"<parts>{parts}</parts>".encode())
    assert (facts.format, facts.kinds, facts.persons) == ("xml", (), None)


def test_addresses_in_running_text_are_contacts_and_no_finding() -> None:
    text = "\n".join(f"Please write to desk{index}@example.org, soon." for index in range(7))
    facts = facts_of(text.encode())
    assert (facts.kinds, facts.contacts, facts.persons) == ((), 7, None)


def test_persons_are_told_apart_from_rows() -> None:
    visits = [(one.surname, one.first_name, born(index), f"2026-01-0{visit}")
              for index, one in enumerate(PEOPLE) for visit in range(1, 5)]  # fmt: skip
    facts = facts_of(table(("nom", "prenom", "date_naissance", "visite"), visits))
    assert (facts.rows, facts.persons) == (4 * len(PEOPLE), len(PEOPLE))


def test_no_value_is_in_what_is_told() -> None:
    rows = [(one.surname, one.first_name, dni(CHANCE), card(CHANCE)) for one in PEOPLE]
    told = repr(facts_of(table(("nom", "prenom", "documento", "carte"), rows)))
    assert not [cell for row in rows for cell in row if str(cell) in told]
