from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.content.tables import MOST_ROWS, read_rows, read_table


def knows_nom(header: str) -> bool:
    return header.lower() == "nom"


def knows_nothing(header: str) -> bool:
    return False


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_delimiter_is_sniffed(delimiter: str) -> None:
    text = f"nom{delimiter}b\n1{delimiter}2\n3{delimiter}4\n"
    table = read_table(text, knows_nom)
    assert table is not None
    assert table.delimiter == delimiter
    assert table.header == ("nom", "b")
    assert table.rows == (("1", "2"), ("3", "4"))


def test_quoted_delimiters_and_line_ends_stay_in_their_cell() -> None:
    table = read_table('nom;b\n"x;y";"line\nline"\n"z";2\n', knows_nom)
    assert table is not None
    assert table.rows == (("x;y", "line\nline"), ("z", "2"))


def test_a_first_row_of_values_never_becomes_a_header() -> None:
    for text in (
        "dupont;paris\nmartin;lyon\nbernard;brest\n",
        "dupont;1980-01-01\nmartin;1981-01-01\nbernard;1982-02-02\n",
    ):
        table = read_table(text, knows_nothing)
        assert table is not None
        assert table.header is None
        assert table.row_count == 3


def test_an_unknown_header_over_numbers_is_a_header() -> None:
    table = read_table("alpha;beta\nx;10\ny;11\nz;12\n", knows_nothing)
    assert table is not None
    assert table.header == ("alpha", "beta")


def test_words_are_no_table() -> None:
    prose = "Dear all,\nthe files moved.\nPlease look there, or ask.\nBye\nThe team\n"
    assert read_table(prose, knows_nothing) is None
    assert read_table("", knows_nothing) is None


def test_a_single_known_column_is_a_table() -> None:
    table = read_table("nom\na\nb\n", knows_nom)
    assert table is not None
    assert (table.header, table.row_count) == (("nom",), 2)


def test_rows_are_counted_beyond_those_kept() -> None:
    table = read_table("nom;b\n" + "x;1\n" * (MOST_ROWS + 500), knows_nom)
    assert table is not None
    assert len(table.rows) == MOST_ROWS
    assert table.row_count == MOST_ROWS + 500


def test_a_window_drops_its_cut_lines() -> None:
    table = read_table("nom;b\nx;1\ny;2\n", knows_nom)
    assert table is not None
    more = read_rows("cut;9\nu;3\nv;4\nhal", table)
    assert more.rows == (("u", "3"), ("v", "4"))


def test_an_unclosed_quote_ends_the_table_quietly() -> None:
    table = read_table('nom;b\nx;1\ny;2\nz;"' + "a" * 200_000, knows_nom)
    assert table is not None
    assert table.rows[:2] == (("x", "1"), ("y", "2"))


@given(st.text(alphabet='ab1;,\t|"\n\r \x00é', max_size=300))
def test_any_text_gets_an_answer(text: str) -> None:
    table = read_table(text, knows_nom)
    assert table is None or table.width >= 1


@pytest.mark.parametrize(
    ("title", "preamble"),
    [("CENTRE DU LAC;;;\nExtraction du 03/02/2024 08:15;;;\n;;;\n", 2), ("sep=;\n", 1), ("", 0)],
    ids=["titles", "separator", "none"],
)
def test_a_header_is_found_below_what_an_export_is_titled_with(title: str, preamble: int) -> None:
    text = title + "nom;prenom;ddn;lot\n" + "Durand;Anne;01/02/1980;17\n" * 9
    table = read_table(text, lambda cell: cell in {"nom", "prenom", "ddn"})
    assert table is not None
    assert (table.header, table.row_count) == (("nom", "prenom", "ddn", "lot"), 9)
    assert table.preamble == preamble


def test_rows_that_fill_as_many_cells_are_no_titles() -> None:
    text = "17;Anne;01;x\n18;Jean;02;y\nnom;prenom;ddn;lot\n" + "19;Lise;03;z\n" * 9
    table = read_table(text, lambda cell: cell in {"nom", "prenom", "ddn"})
    assert table is not None
    assert (table.header, table.row_count) == (None, 12)
