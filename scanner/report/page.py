"""``report.html``: a run as one page without scripts or outside requests."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from scanner.model.failure import FailureId
from scanner.model.text import neutralise

_SIGNS = {"fail": "✗", "pass": "✓", "unknown": "?", "not-applicable": "-", "error": "!"}
_MOST = 2000


def page(
    scan: Mapping[str, Any], hosts: Callable[[], Iterable[Mapping[str, Any]]]
) -> Iterator[str]:
    """Yield the page in chunks.

    ``scan`` is the head of a report document. ``hosts`` is called twice and gives the same host
    documents each time; one is held at a time, and a line of the heat map for each.
    """
    made = Environment(
        loader=PackageLoader("scanner.report"), autoescape=True, undefined=StrictUndefined
    )
    made.filters["safe_text"] = lambda value: neutralise(str(value), _MOST)
    made.globals["signs"] = _SIGNS
    style = made.get_template("page.css").render()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    rows = [_cells(place, host) for place, host in enumerate(hosts())]
    rows.sort(key=lambda row: (-row["fails"], row["score"], row["asset"]))
    yield from made.get_template("head.html").generate(
        scan=scan,
        hosts=rows,
        failures=[each.value for each in FailureId],
        style=Markup(style),  # noqa: S704 - the package's own file
        style_hash=digest,
    )
    section = made.get_template("host.html")
    for place, host in enumerate(hosts()):
        told = {each["id"]: json.dumps(each["data"]) for each in host["evidence"]}
        yield section.render(place=place, host=host, evidence=told)
    yield "</main></body></html>\n"


def _cells(place: int, host: Mapping[str, Any]) -> dict[str, Any]:
    verdicts = [row["verdict"] for row in host["failures"]]
    kept = {name: host[name] for name in ("asset", "grade", "score")}
    return {**kept, "place": place, "verdicts": verdicts, "fails": verdicts.count("fail")}
