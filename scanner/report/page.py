"""``report.html``: a run as one file that asks for nothing outside itself."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from itertools import islice
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from scanner.model.failure import WEIGHTS, FailureId
from scanner.model.text import neutralise
from scanner.report.page_host import brief, full
from scanner.report.page_map import SIGNS, Cell, Host, MapRow
from scanner.report.page_news import News
from scanner.report.page_survey import MOST_ROWS, Survey
from scanner.report.paint import number
from scanner.report.stream import LateHost

FULL_BYTES = 4_000_000
"""About how much of the page may be full detail of hosts, the worst first."""
MOST_LEADS = 200
"""Leads across assets that are shown."""
BRIEF_HOSTS = 1_000
"""Failing hosts after those whose rows are told in a line each."""
_BRIEF_TEXT = 200
"""Characters of such a line's summary."""
_MOST_TEXT = 2000
_DOCUMENTS: frozenset[type[Any]] = frozenset({dict, LateHost})


def page(
    scan: Mapping[str, Any],
    hosts: Callable[[], Iterable[Host]],
    fleet: Iterable[Mapping[str, Any]] = (),
    survey: Survey | None = None,
) -> Iterator[str]:
    """Yield the page in chunks, readable without its script.

    ``scan`` is the head of a report document, ``fleet`` its leads across assets. ``hosts`` is
    called twice and gives the same host documents each time; once where a ``survey`` has taken all
    of them in already, in that order. One document is held at a time,
    besides a line of the heat map for each of the worst ``MOST_ROWS``, and the drawn details,
    which ``FULL_BYTES`` and ``BRIEF_HOSTS`` bound.
    """
    made = _environment()
    if survey is None:
        survey = Survey()
        for _ in survey.through(hosts()):
            pass
    rows, news = survey.rows(MOST_ROWS), survey.news
    wholly, partly = _with_detail(rows)
    yield from _head(made, scan, rows, news, linked=wholly | partly)
    yield from _details(made, hosts, rows, wholly, partly)
    yield made.get_template("foot.html").render(
        scan=scan,
        fleet=list(islice(fleet, MOST_LEADS)),
        left=len(rows) - len(wholly),
        **_script(made),
    )


class _Templates(Environment):
    """Templates over documents: nearly all that they name is an entry of a dictionary."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return an entry of that name before an attribute."""
        if obj.__class__ in _DOCUMENTS and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)


def _environment() -> Environment:
    """Return templates that escape and neutralise whatever is put into them."""
    made = _Templates(
        loader=PackageLoader("scanner.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_inert,
        auto_reload=False,
    )
    made.filters["number"] = number
    made.filters["words"] = lambda name: str(name).replace("-", " ")
    made.filters["verdict"] = _verdict
    made.filters["lines"] = _lines
    made.filters["cell"] = _cell
    made.globals["signs"] = SIGNS
    shared: Any = made.get_template("told.html").module
    made.filters["told"] = partial(_told, cache(shared.told))
    return made


def _verdict(told: Mapping[str, Any]) -> Markup:
    return _badge(told["heat"], told["sign"], told["word"])


@cache
def _badge(heat: str, sign: str, word: str) -> Markup:
    """Return how a verdict looks: there are a dozen, and dozens on each host's part of a page."""
    return Markup('<span class="v {}">{} {}</span>').format(heat, sign, word)


def _told(draw: Callable[..., Markup], row: Mapping[str, Any]) -> Markup:
    """Return what a row comes to, drawn once for all hosts that come to the same."""
    summary = row["summary"][:_BRIEF_TEXT]
    return draw(row["id"], row["kind"], row["severity"], _verdict(row), summary)


@cache
def _cell(cell: Cell) -> Markup:
    """Return a cell of the map: thousands of rows hold a few dozen."""
    note = Markup("<small>{}</small>").format(cell.note) if cell.note else ""
    return Markup('<td class="{}">{} {}{}').format(cell.kind, cell.sign, cell.word, note)


def _lines(text: str) -> Markup:
    """Return a text of several lines, each made safe."""
    return escape("\n".join([neutralise(line, _MOST_TEXT) for line in text.split("\n")]))


def _inert(value: Any) -> Any:
    """Make safe what a template prints: everything but what the package wrote itself."""
    if value.__class__ is str:
        # Nearly all text is harmless: three looks at it cost less than a call.
        if len(value) <= _MOST_TEXT and value.isascii() and value.isprintable():
            return value
        return neutralise(value, _MOST_TEXT)
    if isinstance(value, str) and not isinstance(value, Markup):
        return neutralise(value, _MOST_TEXT)
    return value


def _with_detail(rows: Sequence[MapRow]) -> tuple[frozenset[int], frozenset[int]]:
    """Return the places of the hosts that are told in full, and of those told in brief."""
    spent, wholly = 0, 0
    for row in rows:
        spent += row.cost
        if spent > FULL_BYTES:
            break
        wholly += 1
    rest = (row.place for row in rows[wholly:] if "fail" in row.marks)
    return frozenset(row.place for row in rows[:wholly]), frozenset(islice(rest, BRIEF_HOSTS))


def _head(
    made: Environment,
    scan: Mapping[str, Any],
    rows: Sequence[MapRow],
    news: News,
    linked: frozenset[int],
) -> Iterator[str]:
    failures = [
        {"id": each.value, "weight": WEIGHTS[each], "tally": news.tallies[each.value]}
        for each in FailureId
    ]
    yield from made.get_template("head.html").generate(
        scan=scan,
        rows=rows,
        news=news,
        linked=linked,
        failures=failures,
        trended=any(row.line for row in rows),
        **_style(made),
        script_hash=_script(made)["script_hash"],
    )


def _details(
    made: Environment,
    hosts: Callable[[], Iterable[Host]],
    rows: Sequence[MapRow],
    wholly: frozenset[int],
    partly: frozenset[int],
) -> Iterator[str]:
    whole, short = made.get_template("host.html"), made.get_template("brief.html")
    lines = {row.place: row for row in rows}
    drawn: dict[int, str] = {}
    for place, host in enumerate(hosts()):
        if place in wholly:
            drawn[place] = whole.render(full(host, lines[place]))
        elif place in partly:
            drawn[place] = short.render(brief(host, lines[place]))
    yield from (drawn[row.place] for row in rows if row.place in drawn)


def _style(made: Environment) -> dict[str, Any]:
    return _own(made, "page.css", "style")


def _script(made: Environment) -> dict[str, Any]:
    return _own(made, "page.js", "script")


def _own(made: Environment, name: str, kind: str) -> dict[str, Any]:
    """Return a file of the package and the CSP hash that lets it in."""
    assert made.loader is not None
    text = made.loader.get_source(made, name)[0]
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return {kind: Markup(text), f"{kind}_hash": digest}  # noqa: S704 - the package's own file
