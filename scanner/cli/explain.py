"""``scan explain``: one failure or one facet, in full."""

# ruff: noqa: PLC0415 - a command imports what it needs when it runs

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scanner.cli.console import write
from scanner.errors import InputError

if TYPE_CHECKING:
    from scanner.checks.base import Check, Facet

_LABEL = 12


def explain(
    name: Annotated[str, typer.Argument(metavar="ID", help="Of a failure or of a facet.")],
) -> int:
    """Explain one failure or one facet.

    Tells what is asked, on which layer, what it is required for, the controls and the remedy.
    """
    from scanner.checks.registry import all_checks

    lines = list(_explained(name, all_checks()))
    if not lines:
        raise InputError(_unknown(name, all_checks()))
    write(f"{line}\n" for line in lines)
    return 0


def _explained(name: str, checks: Sequence[Check]) -> Iterator[str]:
    for check in checks:
        if check.id == name:
            yield from _failure(check)
            return
    for check in checks:
        for facet in check.facets:
            if name in {facet.id, f"{check.id}/{facet.id}"}:
                yield from _facet(check, facet)


def _failure(check: Check) -> Iterator[str]:
    from scanner.model.failure import WEIGHTS

    yield f"{check.id}: {check.title} ({check.ref}, weight {WEIGHTS[check.id]} of 100)"
    yield from _part("Says", check.says)
    yield from _part("Remedy", check.remedy)
    yield from _controls(check)
    for facet in check.facets:
        yield ""
        yield from _facet(check, facet, controls=False)


def _facet(check: Check, facet: Facet[Any], *, controls: bool = True) -> Iterator[str]:
    yield f"{check.id}/{facet.id}"
    yield from _part("Asks", facet.question)
    yield from _part("Layer", facet.layer)
    yield from _part("Required for", facet.required)
    yield from _part("Severity", facet.severity)
    if facet.basis:
        yield from _part("Judged by", facet.basis)
    yield from _part("Remedy", facet.remedy)
    for product, remedy in facet.remedies.items():
        yield from _part("", f"{product}: {remedy}")
    if controls:
        yield from _controls(check)


def _controls(check: Check) -> Iterator[str]:
    for catalogue, ids in check.controls.items():
        if ids:
            yield from _part(catalogue.upper(), ", ".join(ids))


def _part(label: str, text: str) -> Iterator[str]:
    from scanner.report.lines import wrap

    for index, line in enumerate(wrap(text, 80 - _LABEL - 4, most=8)):
        yield f"  {label if index == 0 else '':<{_LABEL}}  {line}"


def _unknown(name: str, checks: Sequence[Check]) -> str:
    import difflib

    failures = [check.id.value for check in checks]
    facets = [facet.id for check in checks for facet in check.facets]
    near = difflib.get_close_matches(name, [*failures, *facets], n=3)
    told = f"did you mean {' or '.join(near)}?" if near else "scan checks lists all ids"
    return f"{name!r} is no id of a failure or a facet; {told}"
