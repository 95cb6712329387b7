"""What an order asks for beside what its files hold: excess is proof, a sample is no pass."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from scanner.model.content import Column, ContentFacts, ContentState, DateCheck, TableFacts
from scanner.model.failure import FailureId
from scanner.model.finding import FailureResult, Finding, Verdict
from scanner.model.reading import Observed
from scanner.model.target import Migration
from scanner.model.view import FileFact
from tests.checks.cases import (
    account,
    case,
    file,
    finding,
    modern_ssh,
    order_seen,
    result,
    target,
    view,
    walk,
)

ORDER = Migration(
    order_id="MIG-1",
    paths=("/exchange/mig-1/*",),
    fields=("patient_id", "exam_date"),
    aliases={"patient_id": ("ipp",)},
)
DATED = replace(ORDER, date_field="exam_date", date_from=date(2024, 1, 1))
BOUNDED = replace(ORDER, max_rows=100)


def named(*names: str | None, **marks: Any) -> tuple[Column, ...]:
    return tuple(
        Column(index=index, name=name, key=None if name else f"k{index}", **marks)
        for index, name in enumerate(names)
    )


def table(*names: str | None, **changes: Any) -> TableFacts:
    columns = named(*(names or ("patient_id", "exam_date")))
    base = TableFacts(columns=columns, rows=50, rows_read=50, whole=True)
    return replace(base, **changes)


def holding(*tables: TableFacts, key: str = "k1", **changes: Any) -> FileFact:
    orders = changes.pop("orders", ("MIG-1",))
    extension = changes.pop("extension", "csv")
    facts = ContentFacts(
        format="csv",
        state=ContentState.CLEAR,
        tables=tables,
        all_tables=bool(tables) and all(each.whole for each in tables),
    )
    content = Observed(replace(facts, **changes))
    return file(content=content, orders=orders, key=key, extension=extension)


def row(*files: FileFact, orders: tuple[Migration, ...] = (ORDER,), **seen: Any) -> FailureResult:
    told = order_seen(**{"files": sum("MIG-1" in each.orders for each in files), **seen})
    walked = walk(files=files, orders=(told,), sampled=len(files), eligible=len(files))
    facts = modern_ssh(accounts=(account(view(walk=walked)),))
    return result(FailureId.EXCESS_EXTRACTION, case(facts, target=target(migrations=orders)))


def said(judged: FailureResult, facet: str) -> Finding:
    return finding(judged, facet)


# --- fields -------------------------------------------------------------------------------------


def test_files_read_whole_with_ordered_fields_alone_pass() -> None:
    judged = row(holding(table("IPP", "Exam_Date")), holding(table(), key="k2"))
    assert judged.verdict is Verdict.PASS
    assert "all 100 rows of 2 tables" in judged.summary


@pytest.mark.parametrize(
    ("files", "seen", "why"),
    [
        ([holding(table(whole=False))], {}, "1 of 1 files were not read whole"),
        ([holding(table(), all_tables=False)], {}, "1 of 1 files were not read whole"),
        # A file that is encrypted, or was not read, may hold anything.
        (
            [holding(table()), holding(key="k2", state=ContentState.ENCRYPTED)],
            {},
            "1 of 2 files were not read whole",
        ),
        ([holding(table())], {"files": 3}, "2 files are beyond what is kept"),
        ([holding(table())], {"complete": False}, "not walked whole"),
    ],
)
def test_a_sample_is_no_pass_and_says_what_it_saw(
    files: list[FileFact], seen: dict[str, Any], why: str
) -> None:
    judged = row(*files, **seen)
    assert (judged.verdict, judged.reason) == (Verdict.UNKNOWN, "sample-only")
    assert "nothing beyond the order in 50 sampled rows of 1 tables" in judged.summary
    assert why in judged.summary


def test_an_unordered_column_in_any_member_of_an_archive_is_proof() -> None:
    judged = row(holding(table(), table("patient_id", "exam_date", None), format="zip"))
    assert judged.verdict is Verdict.FAIL
    assert "1 columns that nobody ordered" in judged.summary


def test_unordered_free_text_is_told() -> None:
    columns = (*named("patient_id"), Column(index=1, name="comment", free_text=True))
    judged = row(holding(table(columns=columns)))
    assert "(comment), with free text" in judged.summary


def test_checksums_and_empty_files_are_no_exports() -> None:
    checksum = holding(key="k2", extension="sha256", format="text")
    empty = replace(holding(key="k3", format="empty"), size=0)
    assert row(holding(table()), checksum, empty).verdict is Verdict.PASS


def like(name: str, field: str, index: int = 1, **marks: Any) -> Column:
    return Column(index=index, name=name, like=field, **marks)


def test_a_heading_that_may_be_an_ordered_field_is_neither_excess_nor_a_pass() -> None:
    columns = (*named("patient_id"), like("exam-date", "exam_date"))
    judged = row(holding(table(columns=columns)))
    assert (judged.verdict, judged.reason) == (Verdict.UNKNOWN, "renamed-field")
    assert "(exam_date); declare it among the aliases" in judged.summary


@pytest.mark.parametrize(
    "columns",
    [
        # The ordered field is there: what is like it is a second one.
        (*named("patient_id", "exam_date"), like("exam-date", "exam_date", 2)),
        (like("exam-date", "exam_date", 0), like("exam-date", "exam_date", 1)),
        (*named("patient_id"), like("exam-date", "exam_date", free_text=True)),
    ],
)
def test_one_field_is_not_spelled_twice(columns: tuple[Column, ...]) -> None:
    assert row(holding(table(columns=columns))).verdict is Verdict.FAIL


def test_more_notes_than_the_one_that_was_ordered_are_excess() -> None:
    notes = replace(ORDER, fields=("patient_id", "comment"), aliases={})
    columns = (*named("patient_id", "comment"), like("comment", "comment", 2, free_text=True))
    judged = row(holding(table(columns=columns)), orders=(notes,))
    assert judged.verdict is Verdict.FAIL


def test_a_table_without_headings_is_excess_only_by_its_width() -> None:
    def bare(count: int) -> TableFacts:
        return table(columns=tuple(Column(index=index) for index in range(count)))

    judged = row(holding(bare(2)))
    assert (judged.verdict, judged.reason) == (Verdict.UNKNOWN, "no-header")
    assert row(holding(bare(3))).verdict is Verdict.FAIL


def test_what_another_order_of_the_same_file_asks_for_is_ordered() -> None:
    other = Migration(order_id="MIG-2", paths=ORDER.paths, fields=("lot",))
    both = holding(table("patient_id", "lot"), orders=("MIG-1", "MIG-2"))
    judged = row(both, orders=(ORDER, other))
    assert all(each.verdict is not Verdict.FAIL for each in judged.findings)
    vague = replace(other, fields=())
    judged = row(both, orders=(ORDER, vague))
    assert judged.verdict is Verdict.UNKNOWN


def test_a_file_of_which_another_order_lists_no_fields_is_not_compared() -> None:
    alone, both = holding(table()), holding(table(), key="k2", orders=("MIG-1", "MIG-2"))
    vague = Migration(order_id="MIG-2", paths=("/other/*",))
    judged = row(alone, both, orders=(ORDER, vague))
    for facet in ("unordered-fields", "unordered-kinds"):
        told = said(judged, facet)
        assert (told.verdict, told.reason) == (Verdict.UNKNOWN, "sample-only")
        assert "another order of a file lists no fields" in told.summary


def test_files_found_under_other_paths_than_the_order_names_now_are_no_pass() -> None:
    judged = row(holding(table()), patterns=("/exchange/before/*",))
    assert (judged.verdict, judged.reason) == (Verdict.UNKNOWN, "sample-only")
    assert "the order's paths were not walked whole" in judged.summary


def test_an_order_that_lists_no_fields_keeps_the_row_unknown() -> None:
    vague = Migration(order_id="MIG-2", paths=("/other/*",))
    judged = row(holding(table()), orders=(ORDER, vague))
    assert (judged.verdict, judged.reason) == (Verdict.UNKNOWN, "not-declared")


def test_a_login_that_met_no_file_of_the_order_undoes_no_pass() -> None:
    seen = walk(files=(holding(table()),), orders=(order_seen(files=1),))
    elsewhere = account(view(walk=walk(orders=(order_seen(found=False, complete=False),))), "b")
    facts = modern_ssh(accounts=(account(view(walk=seen)), elsewhere))
    judged = case(facts, target=target(migrations=(ORDER,)))
    assert result(FailureId.EXCESS_EXTRACTION, judged).verdict is Verdict.PASS


# --- kinds, dumps -------------------------------------------------------------------------------


def test_a_kind_that_nobody_ordered_is_proof() -> None:
    judged = row(holding(table(), unordered_kinds=("nir",)))
    assert judged.verdict is Verdict.FAIL
    assert "1 files hold data that nobody ordered (nir)" in judged.summary


@pytest.mark.parametrize(
    "dump",
    [
        holding(table(), table(), format="sql", extension="sql"),
        holding(format="gzip/sqlite", extension=""),
        holding(format="unknown", extension="bak"),
    ],
)
def test_a_dump_under_a_list_of_fields_is_one_strong_sign(dump: FileFact) -> None:
    judged = row(dump)
    assert (judged.verdict, judged.reason) == (Verdict.UNKNOWN, "suspected")
    assert "dumps of a database" in judged.summary


# --- dates --------------------------------------------------------------------------------------


def dated(inside: int, outside: int = 0, untold: int = 0, **changes: Any) -> FailureResult:
    check = DateCheck(inside=inside, outside=outside, untold=untold)
    return row(holding(table(dates=check, **changes)), orders=(DATED,))


def test_a_row_of_another_date_is_proof_even_in_a_sample() -> None:
    judged = dated(40, 3, 7, whole=False)
    assert judged.verdict is Verdict.FAIL
    assert "3 of 43 dates that were read lie outside the order" in judged.summary


def test_the_dates_of_every_row_pass() -> None:
    judged = dated(50)
    assert judged.verdict is Verdict.PASS
    assert "all 50 rows" in said(judged, "unordered-dates").summary


@pytest.mark.parametrize(
    ("judged", "reason"),
    [
        (dated(50, whole=False), "sample-only"),
        (dated(49, untold=1), "no-date"),
        (row(holding(table(dates=None)), orders=(DATED,)), "no-date-field"),
    ],
)
def test_dates_that_were_not_all_read_are_unknown(judged: FailureResult, reason: str) -> None:
    told = said(judged, "unordered-dates")
    assert (told.verdict, told.reason) == (Verdict.UNKNOWN, reason)
    assert judged.verdict is Verdict.UNKNOWN


def test_dates_of_which_no_field_tells_are_unknown() -> None:
    judged = row(holding(table()), orders=(replace(DATED, date_field=None),))
    assert said(judged, "unordered-dates").reason == "not-declared"


def test_dates_and_rows_are_asked_only_where_an_order_tells_them() -> None:
    facets = {each.facet for each in row(holding(table())).findings}
    assert facets == {"unordered-fields", "unordered-kinds", "whole-dump"}


# --- rows ---------------------------------------------------------------------------------------


def counted(*rows: int, **changes: Any) -> FailureResult:
    files = [
        holding(table(rows=count, rows_read=count, **changes), key=f"k{number}")
        for number, count in enumerate(rows)
    ]
    return row(*files, orders=(BOUNDED,))


def test_more_rows_than_ordered_in_one_file_are_proof() -> None:
    judged = counted(101)
    assert judged.verdict is Verdict.FAIL
    assert "101 rows in one file, 100 were ordered" in judged.summary


def test_rows_that_were_all_counted_and_few_enough_pass() -> None:
    assert counted(60, 40).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("judged", "reason"),
    [
        (counted(111, whole=False), "suspected"),
        (counted(60, 60), "suspected"),  # the same rows may lie there twice
        (counted(109, whole=False), "sample-only"),
        (counted(55, 50), "sample-only"),
        (counted(10, whole=False), "sample-only"),
    ],
)
def test_estimates_and_sums_prove_nothing(judged: FailureResult, reason: str) -> None:
    assert said(judged, "unordered-rows").reason == reason
    assert judged.verdict is Verdict.UNKNOWN
