"""``scan template``: a paper to be filled in."""

# ruff: noqa: PLC0415 - a command imports what it needs when it runs

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from scanner.cli.choices import PaperName
from scanner.cli.console import write


class TemplateForm(StrEnum):
    """How a template is written."""

    JSON = "json"
    CSV = "csv"


def template(
    name: Annotated[PaperName, typer.Argument(metavar="NAME", help=", ".join(PaperName))],
    form: Annotated[
        TemplateForm, typer.Option("--format", help="csv: an inventory as a table.")
    ] = TemplateForm.JSON,
    filled: Annotated[
        bool, typer.Option("--filled", help="Made-up words in the blanks: a valid paper.")
    ] = False,
) -> int:
    """Print a paper to be filled in.

    Each key comes with a note of what belongs there. `scan validate FILE` then tells every blank
    that is left.
    """
    from scanner.errors import InputError
    from scanner.intake import templates

    if form is TemplateForm.JSON:
        write([templates.template(name, filled=filled)])
        return 0
    if name not in templates.TABLES:
        raise InputError(f"a template of {name} is no table; leave --format csv out")
    write([templates.table(filled=filled)])
    return 0
