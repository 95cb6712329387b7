"""``scan audit``: what was scanned, by whom, and whether that record is whole."""

# ruff: noqa: PLC0415 - a command imports what it needs when it runs

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scanner.cli.console import note, write
from scanner.errors import InputError

if TYPE_CHECKING:
    from scanner.api.audit import AuditCheck

ABOUT = "The audit log: who had what scanned, when, and by whose leave."

AuditFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", envvar="SCANNER_AUDIT", help="Audit log that is appended to."),
]
_MOST_LINES = 200
_HASH = re.compile(r"[0-9a-f]{64}")


def verify(
    log: Annotated[Path, typer.Argument(metavar="FILE", help="An audit log.")],
    expect: Annotated[
        str, typer.Option(metavar="HASH", help="A record's SHA-256 that was noted elsewhere.")
    ] = "",
) -> int:
    """Check that no record of an audit log was altered, dropped, added or moved.

    A chain cannot know what was cut off its end: note its last hash elsewhere, and give that
    with --expect. Exit code 1: it is broken, and standard output says where.
    """
    if expect and not _HASH.fullmatch(expect):
        raise InputError("--expect: give a SHA-256: 64 digits and letters from a to f")
    from scanner.api.audit import verify_audit
    from scanner.cli.exits import ExitCode

    check = verify_audit(log, expected=expect)
    write(f"{line}\n" for line in _lines(check))
    count = "1 break" if len(check.breaks) == 1 else f"{len(check.breaks)} breaks"
    note(f"{log}: {count if check.breaks else 'whole'}")
    return ExitCode.FINDINGS if check.breaks else ExitCode.OK


def _lines(check: AuditCheck) -> Iterator[str]:
    for line in check.breaks[:_MOST_LINES]:
        yield f"broken: {line}"
    if len(check.breaks) > _MOST_LINES:
        yield f"broken: in {len(check.breaks) - _MOST_LINES} further places"
    for line in check.gaps[:_MOST_LINES]:
        yield f"cut short: {line}"
    for line in check.open[:_MOST_LINES]:
        yield f"began and did not end: {line}"
    span = f", {check.first} to {check.last}" if check.records else ""
    yield f"{check.records} records{span}"
    yield f"last hash {check.digest}"
