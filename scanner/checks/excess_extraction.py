"""An export holds fields, dates or rows that nobody ordered (GDPR art. 29).

A sample proves excess, never that there is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from scanner.checks.base import PAPERS, Check, Facet, Question, Ruling, failed, passed, undecided
from scanner.checks.controls import controls_of
from scanner.checks.order_files import (
    OrderFiles,
    ask_orders,
    is_dump,
    is_headless,
    tables_of,
    wanted_by,
)
from scanner.checks.papers import unusable
from scanner.model.case import Case
from scanner.model.content import Column, TableFacts
from scanner.model.failure import FailureId
from scanner.model.finding import Confidence, Severity, Source
from scanner.model.reading import Reason, Unobserved

_CLEARLY_MORE: Final = 1.1
"""An estimate of rows is up to a tenth off."""
_VAGUE: Final = "another order of a file lists no fields"


def read_headers(case: Case) -> Iterator[Question[OrderFiles]]:
    """Ask every login that saw files of an order; one that lists no fields stays unknown."""
    orders = case.target.migrations
    yield from unusable(case, "order")
    if not any(order.fields for order in orders):
        nothing = Unobserved(Reason.NOT_DECLARED, "no order lists the fields that it asks for")
        yield Question(PAPERS, "", nothing)
        return
    for order in orders:
        if not order.fields:
            told = f"{order.order_id} lists no fields"
            yield Question(PAPERS, order.order_id, Unobserved(Reason.NOT_DECLARED, told))
    yield from ask_orders(case, [order for order in orders if order.fields])


def judge_headers(seen: OrderFiles, case: Case) -> Ruling:
    """An unordered column is proof; only files that were read whole can conform."""
    name = seen.order.order_id
    orders = {each.order_id: each for each in case.target.migrations}
    extra: list[Column] = []
    renamed: list[Column] = []
    headless = tables = more = 0
    for file, table in seen.tables():
        wanted = wanted_by(file, orders)
        if wanted is None:
            continue
        tables += 1
        if is_headless(table):
            headless += 1
            more += max(0, len(table.columns) - wanted.fields)
            continue
        beyond, doubtful = wanted.sort(table.columns)
        extra += beyond
        renamed += doubtful
    if extra or more:
        return failed(_excess(name, extra, more))
    return _no_excess(seen, tables, headless, renamed)


def _excess(name: str, extra: list[Column], more: int) -> str:
    free = ", with free text" if any(column.free_text for column in extra) else ""
    named = ", ".join(dict.fromkeys(column.name for column in extra if column.name))
    shown = f" ({named})" if named else ""
    return f"{name}: {len(extra) + more} columns that nobody ordered{shown}{free}"


def _no_excess(seen: OrderFiles, tables: int, headless: int, renamed: list[Column]) -> Ruling:
    name = seen.order.order_id
    if renamed:
        likes = ", ".join(sorted({column.like for column in renamed if column.like}))
        told = f"{name}: {len(renamed)} columns may be ordered fields under another name ({likes})"
        return undecided(f"{told}; declare it among the aliases", "renamed-field")
    if headless:
        told = f"{name}: {headless} of {tables} tables have no headings to compare"
        return undecided(told, "no-header")
    told = f"{name}: nothing beyond the order in {seen.rows_read} sampled rows of {tables} tables"
    if seen.unread or tables < sum(1 for _ in seen.tables()):
        why = seen.unread or _VAGUE
        return undecided(f"{told}; {why}", "sample-only")
    return passed(f"{name}: all {seen.rows_read} rows of {tables} tables hold ordered fields only")


def read_kinds(case: Case) -> Iterator[Question[OrderFiles]]:
    """Ask of every order that lists its fields what else its files were seen to hold."""
    return ask_orders(
        case, [order for order in case.target.migrations if order.fields], required=False
    )


def judge_kinds(seen: OrderFiles, case: Case) -> Ruling:
    """Data of a kind that no ordered field names are proof, wherever they stand."""
    name = seen.order.order_id
    orders = {each.order_id: each for each in case.target.migrations}
    held = []
    vague = 0
    for file, content in seen.contents():
        if wanted_by(file, orders) is None:
            vague += 1
        elif content.readable and content.unordered_kinds:
            held.append(content.unordered_kinds)
    if held:
        kinds = ", ".join(dict.fromkeys(kind for each in held for kind in each))
        return failed(f"{name}: {len(held)} files hold data that nobody ordered ({kinds})")
    told = f"{name}: no kind of data beyond the order was found"
    why = seen.unread or (_VAGUE if vague else "")
    return undecided(f"{told}; {why}", "sample-only") if why else passed(told)


def judge_dumps(seen: OrderFiles, _case: Case) -> Ruling:
    """A dump of a whole database is not what a list of fields asks for: a strong sign."""
    name = seen.order.order_id
    dumps = sum(is_dump(file, content) for file, content in seen.contents())
    if dumps:
        told = f"{name}: {dumps} files are dumps of a database, though single fields were ordered"
        return failed(told, Confidence.STRONG)
    return passed(f"{name}: no dump of a database is among the files that were read")


def read_dates(case: Case) -> Iterator[Question[OrderFiles]]:
    """Ask of every order that tells its dates."""
    dated = [each for each in case.target.migrations if each.date_from or each.date_to]
    for order in dated:
        if order.date_field is None:
            told = f"{order.order_id} does not say which field tells its dates"
            yield Question(PAPERS, order.order_id, Unobserved(Reason.NOT_DECLARED, told))
    yield from ask_orders(case, [order for order in dated if order.date_field])


def judge_dates(seen: OrderFiles, _case: Case) -> Ruling:
    """A row of another date is proof; a pass needs the date of every row."""
    name = seen.order.order_id
    checks = [(table, table.dates) for _, table in seen.tables()]
    outside = sum(dates.outside for _, dates in checks if dates)
    told = sum(dates.inside + dates.outside for _, dates in checks if dates)
    if outside:
        return failed(f"{name}: {outside} of {told} dates that were read lie outside the order")
    clear = f"{name}: no date outside the order in {told} sampled rows"
    if seen.unread:
        return undecided(f"{clear}; {seen.unread}", "sample-only")
    if any(dates is None for _, dates in checks):
        return undecided(f"{clear}; a table lacks the one field that tells it", "no-date-field")
    untold = sum(dates.untold for _, dates in checks if dates)
    if untold:
        return undecided(f"{clear}; {untold} rows tell no date for certain", "no-date")
    return passed(f"{name}: the dates of all {told} rows lie inside the order")


def read_rows(case: Case) -> Iterator[Question[OrderFiles]]:
    """Ask of every order that bounds its rows."""
    return ask_orders(
        case, [order for order in case.target.migrations if order.max_rows is not None]
    )


def judge_rows(seen: OrderFiles, _case: Case) -> Ruling:
    """One file with more rows than ordered is proof; an estimate, or their sum, a strong sign.

    The same rows may lie there twice, under two names: their sum proves nothing.
    """
    name, most = seen.order.order_id, seen.order.max_rows or 0
    per_file = [_rows_of(tables_of(content)) for _, content in seen.contents()]
    exact = max((counted for counted, _ in per_file), default=0)
    if exact > most:
        return failed(f"{name}: {exact} rows in one file, {most} were ordered")
    largest = max((estimate for _, estimate in per_file), default=0)
    if largest > most * _CLEARLY_MORE:
        told = f"{name}: about {largest} rows in one file, {most} were ordered"
        return failed(told, Confidence.STRONG)
    total = sum(estimate for _, estimate in per_file)
    if total > most * _CLEARLY_MORE:
        told = f"{name}: about {total} rows in {len(per_file)} files, {most} were ordered"
        return failed(told, Confidence.STRONG)
    if seen.unread or total > most:
        why = seen.unread or "files may hold the same rows"
        return undecided(f"{name}: about {total} of {most} ordered rows; {why}", "sample-only")
    return passed(f"{name}: {total} rows, {most} were ordered")


def _rows_of(tables: tuple[TableFacts, ...]) -> tuple[int, int]:
    """Return how many rows the largest table has for certain, and all of them by estimate."""
    counted = max((table.rows_read for table in tables if table.whole), default=0)
    return counted, sum(max(table.rows or 0, table.rows_read) for table in tables)


_AGAIN: Final = "Delete the export and extract again, with what was ordered only."
CHECK = Check(
    id=FailureId.EXCESS_EXTRACTION,
    ref="MB-07, art. 29",
    title="Excess extraction",
    says="an export holds fields, dates or rows that nobody ordered",
    cleared="every export was read whole and holds what was ordered",
    remedy="Extract the ordered fields, dates and rows only; refuse tools that export everything.",
    controls=controls_of(FailureId.EXCESS_EXTRACTION),
    facets=(
        Facet(
            id="unordered-fields",
            question="Do exports hold only the ordered fields?",
            layer=Source.ACCOUNT,
            severity=Severity.HIGH,
            required="every order; one that lists no fields stays unknown, and so does the row",
            remedy="Delete the export and extract again, with the ordered fields only.",
            reads=read_headers,
            judge=judge_headers,
        ),
        Facet(
            id="unordered-kinds",
            question="Do exports hold only the kinds of data that the ordered fields name?",
            layer=Source.ACCOUNT,
            severity=Severity.HIGH,
            required="nothing: a fail is proof, a pass decides nothing",
            remedy=_AGAIN,
            reads=read_kinds,
            judge=judge_kinds,
        ),
        Facet(
            id="unordered-dates",
            question="Do exports hold only rows of the ordered dates?",
            layer=Source.ACCOUNT,
            severity=Severity.HIGH,
            required="orders that tell their dates",
            remedy="Delete the export and extract again, for the ordered dates only.",
            reads=read_dates,
            judge=judge_dates,
        ),
        Facet(
            id="unordered-rows",
            question="Do exports hold no more rows than ordered?",
            layer=Source.ACCOUNT,
            severity=Severity.HIGH,
            required="orders that bound their rows",
            remedy=_AGAIN,
            reads=read_rows,
            judge=judge_rows,
        ),
        Facet(
            id="whole-dump",
            question="Are dumps of a whole database among the files of an order?",
            layer=Source.ACCOUNT,
            severity=Severity.MEDIUM,
            required="nothing: it is one strong sign",
            remedy="Delete the dump and extract again, with the ordered fields only.",
            reads=read_kinds,
            judge=judge_dumps,
        ),
    ),
)
