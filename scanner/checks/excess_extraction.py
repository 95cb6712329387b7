"""An export holds fields, dates or rows that nobody ordered (GDPR art. 29)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from scanner.checks.base import PAPERS, Check, Facet, Question, Ruling, failed, undecided
from scanner.checks.controls import controls_of
from scanner.checks.personal import content_of
from scanner.checks.questions import logins
from scanner.model.case import Case
from scanner.model.content import Column
from scanner.model.failure import FailureId
from scanner.model.finding import Severity, Source
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.target import Migration
from scanner.model.view import View


@dataclass(frozen=True, slots=True)
class Headers:
    """The table columns of an order's sampled files, beside the order itself."""

    migration: Migration
    tables: tuple[tuple[Column, ...], ...]
    files: int


def read_headers(case: Case) -> Iterator[Question[Headers]]:
    """Ask every login that saw files of an order that lists its fields."""
    orders = [order for order in case.target.migrations if order.fields]
    if not orders:
        nothing = Unobserved(Reason.NOT_DECLARED, "no order lists the fields that it asks for")
        yield Question(PAPERS, "", nothing)
    for order in orders:
        asked = False
        for login in logins(case):
            reading = _headers(login.view, order)
            if login.open_to_all and isinstance(reading, Unobserved):
                continue
            asked = True
            yield Question(login.vantage, f"{order.order_id} by {login.way_in}", reading)
        if not asked:
            told = "no login could look at the order's files"
            yield Question(PAPERS, order.order_id, Unobserved(Reason.NOT_LOOKED_AT, told))


def _headers(view: Reading[View], order: Migration) -> Reading[Headers]:
    if isinstance(view, Unobserved):
        return view
    files = [file for file in view.value.walk.files if order.order_id in file.orders]
    contents = [content for file in files if (content := content_of(file))]
    tables = tuple(content.columns for content in contents if content.columns)
    if not tables:
        return Unobserved(Reason.NOT_LOOKED_AT, "no table of the order was read")
    return Observed(Headers(order, tables, len(files)), view.evidence)


def judge_headers(headers: Headers, _case: Case) -> Ruling:
    """An unordered column is proof; a conforming sample proves nothing."""
    order = headers.migration
    allowed = {fold(name) for name in order.fields}
    allowed |= {fold(alias) for aliases in order.aliases.values() for alias in aliases}
    extra = [
        column
        for table in headers.tables
        for column in table
        if column.name is None or fold(column.name) not in allowed
    ]
    if not extra:
        told = f"{order.order_id}: nothing beyond the order in {len(headers.tables)} sampled tables"
        return undecided(told, "sample-only")
    free = ", with free text" if any(column.free_text for column in extra) else ""
    named = ", ".join(dict.fromkeys(column.name for column in extra if column.name))
    shown = f" ({named})" if named else ""
    return failed(f"{order.order_id}: {len(extra)} columns that nobody ordered{shown}{free}")


def fold(name: str) -> str:
    """Return a field name without case, accents or separators."""
    bare = unicodedata.normalize("NFKD", name.casefold())
    return "".join(char for char in bare if char.isalnum())


CHECK = Check(
    id=FailureId.EXCESS_EXTRACTION,
    ref="MB-07, art. 29",
    title="Excess extraction",
    says="an export holds fields, dates or rows that nobody ordered",
    cleared="exports hold what was ordered",
    remedy="Extract the ordered fields, dates and rows only; refuse tools that export everything.",
    controls=controls_of(FailureId.EXCESS_EXTRACTION),
    facets=(
        Facet(
            id="unordered-fields",
            question="Do exports hold only the ordered fields?",
            layer=Source.ACCOUNT,
            severity=Severity.HIGH,
            required="orders that list their fields; without one the row stays unknown",
            remedy="Delete the export and extract again, with the ordered fields only.",
            reads=read_headers,
            judge=judge_headers,
        ),
    ),
)
