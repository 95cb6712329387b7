"""``scan locate``: the names of the files of a finding, on a terminal alone."""

# ruff: noqa: PLC0415 - a command imports what it needs when it runs

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scanner.cli.console import note, write
from scanner.errors import InputError
from scanner.model.text import neutralise

if TYPE_CHECKING:
    from scanner.api.locating import Located
    from scanner.probes.locator import LocatedFile

_LONGEST_PATH = 8_192


def locate(
    finding: Annotated[
        str,
        typer.Argument(metavar="RUN/UID", help="Run folder, a slash, and the finding's uid."),
    ],
    *,
    targets: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Another targets file than the run's.")
    ] = None,
    history: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The history that the run used.")
    ] = None,
    contact: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Sent as anonymous password.")
    ] = None,
) -> int:
    """Show the names of a finding's files, read again live.

    No stored output holds them. For an authorised operator: only on a terminal, with the scope,
    hours and credentials of a scan. Writes nothing anywhere.
    """
    if not sys.stdout.isatty():
        raise InputError("names are shown on a terminal alone; standard output is none")
    run, slash, uid = finding.rpartition("/")
    if not slash or not uid:
        raise InputError(f"{finding!r}: give a run folder, a slash, and the uid of a finding")
    from scanner import api
    from scanner.cli.exits import ExitCode
    from scanner.cli.runner import Stopped, finish

    request = api.LocateRequest(
        run=Path(run), uid=uid, targets=targets, history=history, contact=contact
    )
    note("looking again ...")
    ended = finish(api.locate(request))
    if isinstance(ended, Stopped):
        note("interrupted; nothing is shown")
        return ended.code
    write(f"{line}\n" for line in _lines(ended.value))
    return ended.interrupted or (ExitCode.INCOMPLETE if ended.value.unreached else ExitCode.OK)


def _lines(located: Located) -> Iterator[str]:
    yield _safe(
        f"{located.failure} ({located.facet}) of {located.asset}, seen from {located.vantage}"
    )
    for login, files in groupby(located.files, key=lambda file: file.login):
        yield _safe(located.ways[login])
        for file in files:
            yield f"  {_safe(file.path)}"
            yield _safe(f"      {_told(file)}")
    for way in located.unreached:
        yield _safe(f"{way}: could not look; the login was not let in, or the port did not answer")
    if located.missing:
        one = located.missing == 1
        told = "file is gone, or was" if one else "files are gone, or were"
        yield f"{located.missing} {told} not reached"
    if not located.files and not located.missing:
        yield "this finding names no file"


def _told(file: LocatedFile) -> str:
    kinds = ", ".join(f"{kind.count} x {kind.kind} ({kind.data_class})" for kind in file.kinds)
    if file.unread:
        kinds = f"not read: {file.unread}"
    size = "size not told" if file.size is None else f"{file.size:,} bytes"
    facts = ", ".join(part for part in (size, file.modified) if part)
    return f"{facts}: {kinds or 'nothing personal'}"


def _safe(text: str | bytes) -> str:
    return neutralise(text, _LONGEST_PATH)
