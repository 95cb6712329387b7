"""``scan locate``: the names of a finding's files, on a terminal and nowhere else."""

# ruff: noqa: PLC0415 - a command imports what it needs when it runs

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scanner.cli.audit import AuditFile
from scanner.cli.console import note, write

if TYPE_CHECKING:
    from scanner.api.locate import Located, LocatedFile


def locate(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.")],
    finding: Annotated[
        str, typer.Argument(metavar="FINDING", help="A finding's uid, or how it begins.")
    ],
    *,
    targets: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Another targets file than the run's.")
    ] = None,
    history: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What earlier nights left behind.")
    ] = None,
    audit: AuditFile = None,
) -> int:
    """Show the names of a finding's files, live.

    Stored output masks them.
    On a terminal alone: names of files may be names of persons. Nothing is written anywhere.
    Scope, hours and credentials are those of the targets file.
    """
    from scanner.api.locate import locate as locate_files
    from scanner.cli.runner import Stopped, finish
    from scanner.errors import InputError

    if not sys.stdout.isatty():
        raise InputError("standard output is no terminal; scan locate shows names to a person only")
    note("looking again ...")
    ended = finish(locate_files(run, finding, targets=targets, history=history, audit=audit))
    if isinstance(ended, Stopped):
        note("interrupted; nothing was found yet")
        return ended.code
    write("\n".join([*_lines(ended.value), ""]))
    return 3 if ended.value.unseen and not ended.value.files else 0


def _lines(found: Located) -> Iterable[str]:
    from scanner.model.text import neutralise

    yield f"{found.asset}, {found.failure}: {neutralise(found.summary, 300)}"
    for file in found.files:
        yield from _file(file)
    if not found.files:
        yield "No file that this finding is about was met this time."
    for line in found.unseen:
        yield f"Not looked at: {neutralise(line, 200)}"
    yield f"{len(found.files)} files. Their names stand here and nowhere else."


def _file(file: LocatedFile) -> Iterable[str]:
    from scanner.model.reading import Observed
    from scanner.model.text import neutralise

    fact = file.fact
    size = "size not told" if fact.size is None else f"{fact.size:,} bytes"
    yield f"  {neutralise(file.path, 1000)}"
    yield f"      {size}, {fact.modified or 'no time'}, {', '.join(file.ways_in)}"
    if isinstance(fact.content, Observed):
        content = fact.content.value
        kinds = (
            ", ".join(f"{kind.count} {kind.kind}" for kind in content.kinds) or "nothing personal"
        )
        yield f"      {content.format}, {content.state}: {kinds}"
    else:
        yield f"      not read: {fact.content.detail or fact.content.reason}"
