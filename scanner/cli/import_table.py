"""``scan import``: a CMDB's export becomes a targets file."""

# ruff: noqa: PLC0415 - a command imports what it needs when it runs

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scanner.cli.console import note, write
from scanner.errors import InputError

if TYPE_CHECKING:
    from scanner.api.cmdb import ImportResult

_MOST_SHOWN = 1_000


def import_table(
    table: Annotated[Path, typer.Argument(metavar="CSV", help="A table with a header line.")],
    *,
    columns: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="COLUMN=KEY", help="What a column means; may be repeated."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write there, not to standard output.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE if it is there.")] = False,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave out rows that cannot be used.")
    ] = False,
) -> int:
    """Make a targets file of a CMDB's export.

    Columns are known by their headings: fqdn, host, ip, asset, name, port, protocol, owner,
    environment, tags and the like. Who allowed the scan no table can tell: the authorisation is
    left blank, and scan validate asks for it.
    """
    from scanner.api.cmdb import import_csv, write_targets

    made = import_csv(table, _named(columns or []), skip_bad=skip_bad)
    _tell(made)
    if output is None:
        write([made.text])
    else:
        write_targets(output, made.text, force=force)
        note(f"{output}: fill in its authorisation, then run: scan validate {output}")
    return 0


def _named(columns: list[str]) -> dict[str, str]:
    pairs = [each.rpartition("=") for each in columns]
    for column, _, key in pairs:
        if not column or not key:
            raise InputError("--map: write COLUMN=KEY, as in --map 'Server name=host'")
    return {column: key.strip().lower() for column, _, key in pairs}


def _tell(made: ImportResult) -> None:
    for line in made.bad[:_MOST_SHOWN]:
        note(f"left out: {line}")
    if made.unused:
        note(f"columns not used: {', '.join(made.unused)}")
    joined = f", {made.joined} rows joined to others" if made.joined else ""
    left = f", {len(made.bad)} faults left out" if made.bad else ""
    count = "1 target" if made.targets == 1 else f"{made.targets} targets"
    note(f"{count}{joined}{left}")
