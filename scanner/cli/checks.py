"""``scan checks``: the nine failures and their facets."""

# ruff: noqa: PLC0415 - a command imports what it needs when it runs

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scanner.cli.choices import one_of
from scanner.cli.console import write

if TYPE_CHECKING:
    from scanner.checks.base import Check, Facet

FORMATS = ("text", "json")


def checks(
    output: Annotated[str, typer.Option("--format", metavar="text|json")] = "text",
) -> int:
    """List the nine failures and their facets."""
    chosen = one_of("--format", output, FORMATS)
    import json

    from scanner.checks.registry import all_checks

    found = all_checks()
    if chosen == "json":
        write([json.dumps([check_document(check) for check in found], indent=2), "\n"])
    else:
        write(f"{line}\n" for check in found for line in _lines(check))
    return 0


def check_document(check: Check) -> dict[str, Any]:
    """Return what is published of one failure."""
    from scanner.model.failure import WEIGHTS

    return {
        "id": check.id.value,
        "ref": check.ref,
        "weight": WEIGHTS[check.id],
        "title": check.title,
        "says": check.says,
        "remedy": check.remedy,
        "controls": {name: list(ids) for name, ids in check.controls.items()},
        "facets": [facet_document(facet) for facet in check.facets],
    }


def facet_document(facet: Facet[Any]) -> dict[str, str]:
    """Return what is published of one facet."""
    return {
        "id": facet.id,
        "question": facet.question,
        "layer": facet.layer.value,
        "severity": facet.severity.value,
        "required": facet.required,
        "remedy": facet.remedy,
    }


def _lines(check: Check) -> Iterator[str]:
    from scanner.model.failure import WEIGHTS
    from scanner.report.lines import wrap

    yield f"{check.id}  ({check.ref}, weight {WEIGHTS[check.id]})"
    for line in wrap(check.says, 76, most=3):
        yield f"    {line}"
    for facet in check.facets:
        yield f"      {facet.id:<28} {facet.layer:<9} {facet.severity}"
