"""A file beside its order: rows, dates and kinds, from what is synthetic throughout."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Sequence
from datetime import date

import pytest

from scanner.content.ranges import answer_from
from scanner.content.recognise import examine
from scanner.demo.generator import (
    EXAM_FIELDS,
    EXPORT_FIELDS,
    exams_csv,
    hl7_messages,
    invent_people,
    people_csv,
)
from scanner.model.content import ContentFacts, ContentTask, DateCheck, DateRange
from tests.content.driving import KEY

YEAR = DateRange(
    fields=("exam_date", "date_examen"), earliest=date(2019, 1, 1), latest=date(2019, 12, 31)
)
FIELDS = ("exam_code", "exam_date")
PEOPLE = invent_people(40)


def beside(
    data: bytes,
    fields: Sequence[str] = FIELDS,
    dates: DateRange | None = YEAR,
    budget: int = 1_048_576,
) -> ContentFacts:
    task = ContentTask(
        name="sample", size=len(data), ordered_fields=tuple(fields), byte_budget=budget, dates=dates
    )
    return answer_from(data, examine(task, KEY))


def column(*cells: str) -> bytes:
    return "\n".join(["exam_code;exam_date", *(f"NFS;{cell}" for cell in cells)]).encode()


def dates_of(*cells: str) -> DateCheck:
    (table,) = beside(column(*cells)).tables
    assert table.dates is not None
    return table.dates


def zipped(**members: bytes) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return whole.getvalue()


def tarred(**members: bytes) -> bytes:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as archive:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return whole.getvalue()


# --- rows ---------------------------------------------------------------------------------------


def test_a_conforming_export_is_read_whole_and_every_row_is_counted() -> None:
    facts = beside(exams_csv(9_000, FIELDS))
    (table,) = facts.tables
    assert facts.all_tables
    assert (table.rows, table.rows_read, table.whole) == (9_000, 9_000, True)
    assert table.dates == DateCheck(inside=9_000, outside=0, untold=0)
    assert [each.name for each in table.columns] == list(FIELDS)


def test_without_an_order_no_table_is_told_beside_it() -> None:
    facts = beside(exams_csv(20), fields=(), dates=None)
    assert (facts.tables, facts.all_tables, facts.unordered_kinds) == ((), False, ())


def test_of_more_than_the_budget_rows_are_an_estimate_and_dates_a_sample() -> None:
    facts = beside(exams_csv(40_000, FIELDS), budget=400_000)
    (table,) = facts.tables
    assert not facts.all_tables
    assert not table.whole
    assert table.rows is not None
    assert abs(table.rows - 40_000) < 400
    assert 0 < table.rows_read < 40_000
    assert table.dates is not None
    assert table.dates.inside == table.rows_read


@pytest.mark.parametrize(
    "data",
    [
        b"exam_code;exam_date\nNFS;2019-02-01\nGLY;2019-02-02;and more\n",
        b'exam_code;exam_date\nNFS;2019-02-01\n"GLY;2019-02-02\nTSH;2019-02-03\n',
        b'exam_code;exam_date\n"NFS;2019-02-01\nGLY;2019-02-02\nTSH";2019-02-03\n',
        b'exam_code;exam_date\nNFS;2019-02-01\nGLY;"2019-02-02\n',
    ],
)
def test_rows_that_do_not_fit_their_header_keep_a_file_from_being_whole(data: bytes) -> None:
    assert not beside(data).all_tables


def test_lines_within_quotes_are_one_row() -> None:
    facts = beside(b'exam_code;exam_date\n"N\nFS";2019-02-01\nGLY;2019-02-02\n')
    assert facts.all_tables
    assert facts.tables[0].rows == 2


def test_a_table_without_a_header_is_not_whole() -> None:
    facts = beside(b"NFS;2019-02-01\nGLY;2019-02-02\nTSH;2019-02-03\n")
    assert not facts.all_tables
    assert facts.tables[0].rows_read == 3


# --- dates --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cell",
    ["2019-01-01", "2019-12-31", "20190704", "2019/07/04", "2019-07-04T10:20:00", "2019-07-04 10:20",
     "20190704102030", "04/07/2019", "4.7.2019", "31-12-2019", "31/12/2019 23:59"],
)  # fmt: skip
def test_days_of_the_order_in_every_spelling(cell: str) -> None:
    assert dates_of(cell, cell) == DateCheck(inside=2, outside=0, untold=0)


@pytest.mark.parametrize(
    "cell", ["2018-12-31", "20200101", "31/12/2018", "01-01-2020", "1924-05-06"]
)
def test_days_that_nobody_ordered(cell: str) -> None:
    assert dates_of(cell, "2019-07-04") == DateCheck(inside=1, outside=1, untold=0)


@pytest.mark.parametrize("cell", ["", "soon", "2019", "04/07/19", "2019-02-30", "99999999"])
def test_what_tells_no_day_is_neither_inside_nor_outside(cell: str) -> None:
    assert dates_of("2019-07-04", cell) == DateCheck(inside=1, outside=0, untold=1)


def test_a_moment_of_another_zone_may_be_of_the_day_beside_it() -> None:
    zoned = dates_of("2018-12-31T23:30:00Z", "2020-01-01T00:30:00+02:00", "2018-12-30T23:30:00Z")
    assert zoned == DateCheck(inside=0, outside=1, untold=2)


def test_days_and_months_are_told_apart_by_the_other_rows() -> None:
    summer = DateRange(fields=("exam_date",), earliest=date(2019, 7, 1), latest=date(2019, 9, 30))

    def told(*cells: str) -> DateCheck | None:
        return beside(column(*cells), dates=summer).tables[0].dates

    assert told("04/07/2019", "05/07/2019") == DateCheck(inside=0, outside=0, untold=2)
    assert told("04/07/2019", "25/07/2019") == DateCheck(inside=2, outside=0, untold=0)
    assert told("04/07/2019", "07/25/2019") == DateCheck(inside=1, outside=1, untold=0)


def test_an_alias_tells_the_dates_and_two_such_columns_tell_none() -> None:
    aliased = beside(b"exam_code;date_examen\nNFS;2018-01-01\nGLY;2019-01-01\n")
    assert aliased.tables[0].dates == DateCheck(inside=1, outside=1, untold=0)
    both = beside(b"exam_date;date_examen\n2018-01-01;2019-01-01\n2018-01-01;2019-01-01\n")
    assert both.tables[0].dates is None


# --- members and records ------------------------------------------------------------------------


def test_every_member_of_an_archive_is_compared() -> None:
    members = {"one.csv": exams_csv(30, FIELDS), "two.csv": exams_csv(50, EXAM_FIELDS)}
    packed = {name: gzip.compress(data) for name, data in members.items()}
    for archive in (zipped(**members), tarred(**members), zipped(**packed)):
        facts = beside(archive)
        assert [table.rows for table in facts.tables] == [30, 50]
        assert [len(table.columns) for table in facts.tables] == [2, 5]
        assert facts.all_tables


def test_a_member_that_is_no_table_keeps_an_archive_from_being_all_tables() -> None:
    facts = beside(zipped(one=exams_csv(30, FIELDS), note=b"A few words for whoever reads this.\n"))
    assert len(facts.tables) == 1
    assert not facts.all_tables


RECORDS = [{"exam_code": "NFS", "exam_date": "2018-01-01"}, {"exam_code": "GLY", "lot": "L1"}]


@pytest.mark.parametrize(
    "data",
    [json.dumps(RECORDS).encode(), "\n".join(map(json.dumps, RECORDS)).encode()],
    ids=["list", "lines"],
)
def test_plain_records_are_a_table_that_is_read_whole(data: bytes) -> None:
    facts = beside(data)
    (table,) = facts.tables
    assert [column.name for column in table.columns] == ["exam_code", "exam_date", None]
    assert (table.rows, table.rows_read, table.whole) == (2, 2, True)
    assert table.dates == DateCheck(inside=0, outside=1, untold=1)
    assert facts.all_tables


@pytest.mark.parametrize(
    "document",
    [
        {"results": RECORDS, "note": "of the year"},
        [*RECORDS, {"exam_code": "HB", "person": {"lot": "L2"}}],
        [*RECORDS, ["HB", "2019-01-01"]],
        [{f"c{n}": "1" for n in range(2000)}] * 3,
    ],
    ids=["beside-more", "nested", "a-list-among-them", "too-wide"],
)
def test_records_among_other_things_are_not_read_whole(document: object) -> None:
    assert not beside(json.dumps(document).encode()).all_tables


def test_a_cut_line_among_records_is_not_read_whole() -> None:
    data = "\n".join([*map(json.dumps, RECORDS * 3), '{"exam_code": "N']).encode()
    assert not beside(data).all_tables


def test_dumps_are_compared_but_never_read_whole() -> None:
    dump = (
        b"INSERT INTO a (exam_code, exam_date) VALUES ('NFS', '2018-01-01');\n"
        b"INSERT INTO b (exam_code, lot) VALUES ('NFS', 'L1');\n"
    )
    facts = beside(dump)
    assert len(facts.tables) == 2
    assert not facts.all_tables


# --- kinds --------------------------------------------------------------------------------------


def test_a_message_with_numbers_that_nobody_ordered() -> None:
    messages = hl7_messages(PEOPLE)
    assert beside(messages).unordered_kinds == ("nir",)
    assert beside(zipped(day=gzip.compress(messages))).unordered_kinds == ("nir",)
    assert beside(messages, fields=("nir", "exam_code")).unordered_kinds == ()
    # Nobody knows what an ordered field asks for that is no word of the lexicon.
    assert beside(messages, fields=("exam_code", "champ12")).unordered_kinds == ()


def test_an_ordered_column_that_is_full_of_something_else() -> None:
    rows = "\n".join(f"{person.nir};{person.first_name}" for person in PEOPLE)
    assert beside(f"ipp;prenom\n{rows}".encode(), ("ipp", "prenom")).unordered_kinds == ("nir",)
    assert beside(f"nir;prenom\n{rows}".encode(), ("nir", "prenom")).unordered_kinds == ()


def test_a_column_that_was_not_ordered_is_told_as_such_and_not_by_its_kinds() -> None:
    facts = beside(people_csv(PEOPLE), EXPORT_FIELDS[1:4])
    assert facts.unordered_kinds == ()
    assert facts.columns[0].name == "national-id"


def test_a_heading_that_means_an_ordered_field_is_told_as_like_it() -> None:
    facts = beside(b"LASTNAME;prenom\nZorblat;Kel\nMorvan;Tul\n", ("nom", "prenom"))
    assert [(each.name, each.like) for each in facts.columns] == [
        ("surname", "nom"),
        ("prenom", None),
    ]


def test_no_date_of_a_row_is_among_the_facts() -> None:
    assert "2018" not in repr(beside(column("2018-03-04", "2019-05-06")))


def test_the_rows_below_a_title_are_counted_without_it() -> None:
    data = b"Laboratory of the lake;\nExport of March;\n" + exams_csv(30, FIELDS).replace(
        b",", b";"
    )
    facts = beside(data)
    (table,) = facts.tables
    assert [column.name for column in table.columns] == list(FIELDS)
    assert (table.rows, table.rows_read, table.whole) == (30, 30, True)
