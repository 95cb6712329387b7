"""``scan history``: findings and scores over the nights."""

# ruff: noqa: PLC0415 - a command imports what it needs when it runs

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scanner.cli.choices import one_of
from scanner.cli.console import columns, note, wants_colour, write

if TYPE_CHECKING:
    from scanner.model.past import OpenAsset, PastAsset

FORMATS = ("text", "json")


def history(
    asset: Annotated[
        str | None, typer.Argument(metavar="[ASSET]", help="Left out: all with open findings.")
    ] = None,
    *,
    file: Annotated[
        Path | None,
        typer.Option("--history", metavar="FILE", help="What earlier nights left behind."),
    ] = None,
    nights: Annotated[
        int, typer.Option(metavar="N", min=1, max=1000, help="Scores of so many nights.")
    ] = 30,
    output: Annotated[
        str, typer.Option("--format", metavar="|".join(FORMATS), help="How it is told.")
    ] = "text",
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Build it anew from the run folders of --reports.")
    ] = False,
    reports: Annotated[
        Path, typer.Option(metavar="DIR", help="Where run folders are laid down.")
    ] = Path("reports"),
    forget_older_than: Annotated[
        int | None,
        typer.Option(metavar="DAYS", help="Forget what ended longer ago. Open findings stay."),
    ] = None,
) -> int:
    """Look back: first and last seen, days open, changes, scores.

    Of one asset, or of every asset with something open, the oldest first. Never touches the
    network.
    """
    chosen = one_of("--format", output, FORMATS)
    if rebuild:
        return _rebuild(reports, file)
    if forget_older_than is not None:
        return _forget(forget_older_than, file)
    from scanner.api import memory

    if asset is None:
        write(_open(memory.open_assets(file), chosen))
    else:
        write(_past(memory.past_of(asset, file, nights=nights), chosen))
    return 0


def _rebuild(reports: Path, file: Path | None) -> int:
    from scanner.api.recovery import rebuild

    note(rebuild(reports, file).line())
    return 0


def _forget(days: int, file: Path | None) -> int:
    from scanner.api import memory

    gone = memory.forget(days, file)
    note(f"{gone} rows forgotten; what is open stays")
    return 0


def _past(assets: Iterable[PastAsset], chosen: str) -> Iterator[str]:
    from scanner.api.job import utc_now
    from scanner.report.past import asset_text

    if chosen == "json":
        yield from _json(assets)
        return
    width, colour = columns(sys.stdout), wants_colour(sys.stdout)
    for place, each in enumerate(assets):
        yield "\n" if place else ""
        yield from _lines(asset_text(each, utc_now(), width=width, colour=colour))


def _open(assets: Iterable[OpenAsset], chosen: str) -> Iterator[str]:
    from scanner.api.job import utc_now
    from scanner.report.past import open_text

    if chosen == "json":
        yield from _json(assets)
        return
    width, colour = columns(sys.stdout), wants_colour(sys.stdout)
    yield from _lines(open_text(assets, utc_now(), width=width, colour=colour))


def _json(assets: Iterable[Any]) -> Iterator[str]:
    from dataclasses import asdict

    from scanner.report.document import encode

    yield '{"schema_version":"1.0.0","assets":['
    comma = "\n"
    for each in assets:
        yield comma + encode(asdict(each))
        comma = ",\n"
    yield "\n]}\n"


def _lines(lines: Iterable[str]) -> Iterator[str]:
    return (f"{line}\n" for line in lines)
