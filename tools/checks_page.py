"""Writes docs/checks.md from the checks themselves: ``python -m tools.checks_page``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from scanner.checks.base import Check
from scanner.checks.registry import all_checks
from scanner.model.failure import WEIGHTS

PAGE = Path(__file__).parents[1] / "docs" / "checks.md"

HEAD = """# The nine failures and their facets

Generated from the checks by `make docs`; a test keeps it in step.

A facet is one question. *Layer* is whose word the answer rests on: the network without an account,
a supplied account, the operator's evidence, or a document. *Severity* is what a fail is worth; low
and info are leads, shown and deciding nothing.
"""


def page() -> str:
    """Return the whole page."""
    return HEAD + "".join(_section(check) for check in all_checks())


def _section(check: Check) -> str:
    return "\n".join(_lines(check)) + "\n"


def _lines(check: Check) -> Iterator[str]:
    yield f"\n## `{check.id}`\n"
    yield f"{check.ref}, weight {WEIGHTS[check.id]}. Fails when {check.says}.\n"
    yield f"Remedy: {check.remedy}\n"
    yield "| facet | question | layer | severity | required for | remedy |"
    yield "|---|---|---|---|---|---|"
    for facet in check.facets:
        cells = (
            f"`{facet.id}`",
            facet.question,
            str(facet.layer),
            str(facet.severity),
            facet.required,
            facet.remedy,
        )
        yield f"| {' | '.join(cells)} |"
    yield from _switches(check)
    named = (f"{name}: {', '.join(ids)}" for name, ids in check.controls.items() if ids)
    yield f"\nControls: {'; '.join(named)}."


def _switches(check: Check) -> Iterator[str]:
    known = [facet for facet in check.facets if facet.remedies]
    if known:
        yield "\nWhere the product is known, a finding names its own switch:\n"
        yield "| facet | product | switch |"
        yield "|---|---|---|"
    for facet in known:
        for product, remedy in facet.remedies.items():
            yield f"| `{facet.id}` | {product} | {remedy} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
