"""``scan schema``: a published JSON Schema."""

# ruff: noqa: PLC0415 - a command imports what it needs when it runs

from __future__ import annotations

from typing import Annotated

import typer

from scanner.cli.console import write


def schema(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Such as targets or report, or report-1.0.0.")
    ],
) -> int:
    """Print a published JSON Schema."""
    import json

    from scanner.schemas.catalogue import load_schema

    write([json.dumps(load_schema(name), indent=2), "\n"])
    return 0
