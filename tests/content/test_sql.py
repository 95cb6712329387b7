"""Dumps as their programs write them, read whole and through windows."""

from __future__ import annotations

import pytest

from scanner.demo.generator import invent_people
from tests.content.driving import facts_of, kinds

PEOPLE = invent_people(300, seed=41)
MANY = invent_people(8000, seed=42)
NAMED = {"surname", "first-name", "birth-date"}


def test_the_dump_of_a_microsoft_server_is_read() -> None:
    text = "".join(
        f"INSERT [dbo].[Patient] ([Id], [LastName], [FirstName], [BirthDate]) VALUES "
        f"({number}, N'{p.surname}', N'{p.first_name}', CAST(N'{p.born}' AS DateTime2(7)))\nGO\n"
        for number, p in enumerate(PEOPLE)
    )
    facts = facts_of(text.encode("utf-16"))
    assert (facts.format, facts.rows, facts.persons) == ("sql", 300, 300)
    assert kinds(facts) == NAMED


def test_the_dump_of_an_oracle_server_is_read() -> None:
    text = "".join(
        f"Insert into PATIENT (ID,NOM,PRENOM,NAISSANCE) values "
        f"('{number}','{p.surname}','{p.first_name}',to_date('{p.born}','YYYY-MM-DD'));\n"
        for number, p in enumerate(PEOPLE)
    )
    assert kinds(facts_of(text.encode())) == NAMED


def test_quotes_casts_and_nulls_stay_in_their_cells() -> None:
    rows = ",".join(
        f"({number}, 'O''{p.surname}', '{p.first_name}\\'s', '{p.born}'::date, NULL)"
        for number, p in enumerate(PEOPLE)
    )
    text = f"INSERT INTO p (id, surname, first_name, birth_date, note) VALUES {rows};"
    facts = facts_of(text.encode())
    assert (facts.rows, kinds(facts)) == (300, NAMED)


def test_a_statement_longer_than_the_windows_is_read_in_each() -> None:
    rows = ",".join(f"({n},'{p.surname}','{p.first_name}','{p.born}')" for n, p in enumerate(MANY))
    create = "CREATE TABLE `p` (`id` int, `nom` text, `prenom` text, `date_naissance` date);\n"
    facts = facts_of(f"{create}INSERT INTO `p` VALUES {rows};\n".encode())
    assert facts.bytes_read < 250_000
    assert kinds(facts) == NAMED
    assert facts.persons == pytest.approx(8000, rel=0.05)


def test_rows_whose_statement_nobody_read_are_a_table_without_header() -> None:
    filler = "INSERT INTO `a` VALUES (1,'x');\n" * 10_000
    rows = ",".join(f"({n},'{p.surname} {p.first_name}','{p.born}')" for n, p in enumerate(MANY))
    facts = facts_of(f"{filler}INSERT INTO `p` VALUES {rows};\n".encode())
    assert {"full-name", "birth-date"} <= kinds(facts)


def test_copied_lines_whose_statement_nobody_read_are_read() -> None:
    filler = "".join(f"{number}\tnothing\n" for number in range(30_000))
    rows = "".join(f"{n}\t{p.surname} {p.first_name}\t{p.born}\n" for n, p in enumerate(MANY * 2))
    text = (
        f"COPY public.log (id, text) FROM stdin;\n{filler}\\.\n"
        f"COPY public.p (id, name, birth) FROM stdin;\n{rows}\\.\n"
    )
    assert {"full-name", "birth-date"} <= kinds(facts_of(text.encode()))


def test_a_table_of_nobody_hides_no_other() -> None:
    filler = "INSERT INTO t (id, title) VALUES (1,'nothing');\n" * 3000
    rows = "".join(
        f"INSERT INTO p (nom, prenom, naissance) VALUES ('{p.surname}','{p.first_name}','{p.born}');\n"
        for p in PEOPLE
    )
    facts = facts_of((filler + rows).encode())
    assert kinds(facts) == NAMED
    assert all(kind.column is None for kind in facts.kinds)


def test_a_person_in_two_tables_is_told_once_by_kind() -> None:
    text = "".join(
        f"INSERT INTO {name} (nir, nom, prenom) VALUES ('{p.nir}','{p.surname}','{p.first_name}');\n"
        for name in ("patient", "archive")
        for p in PEOPLE
    )
    facts = facts_of(text.encode())
    assert sorted((kind.kind, kind.count) for kind in facts.kinds) == [
        ("first-name", 600),
        ("nir", 600),
        ("surname", 600),
    ]
    assert facts.persons == 300


@pytest.mark.parametrize(
    "text",
    [
        "Insert the values into the table, then update it. Insert new values below.\n" * 20,
        "CREATE TABLE country (id int, name text);\nINSERT INTO country VALUES (1,'Italy');\n",
        "".join(f"INSERT INTO part (id, price) VALUES ({n}, {n}.5);\n" for n in range(500)),
    ],
)
def test_dumps_and_words_of_nobody_are_nobodys(text: str) -> None:
    assert facts_of(text.encode()).kinds == ()


def test_a_person_of_many_rows_counts_once() -> None:
    lines = "".join(f"{p.nir};{p.surname};{p.first_name};GLY\n" * 5 for p in PEOPLE[:40])
    facts = facts_of(f"nir;nom;prenom;exam_code\n{lines}".encode())
    assert (facts.rows, facts.persons) == (200, 40)
