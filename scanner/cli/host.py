"""``scan host``: one asset now."""

# ruff: noqa: PLC0415 - a command imports what it needs when it runs

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scanner.cli.audit import AuditFile
from scanner.cli.choices import ProtocolName, SeverityName, host_and_port, one_of
from scanner.cli.console import columns, is_terminal, note, wants_colour, write

if TYPE_CHECKING:
    from scanner.api import ScanDocument

FORMATS = ("text", "json", "ndjson", "ecs")


def host(
    name: Annotated[
        str, typer.Argument(metavar="HOST[:PORT]", help="Name or address; [IPV6]:PORT with a port.")
    ],
    *,
    protocol: Annotated[
        ProtocolName, typer.Option(help="How to speak: auto listens first.")
    ] = ProtocolName.AUTO,
    targets: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Targets file whose scope covers HOST.")
    ] = None,
    authorised: Annotated[
        str | None,
        typer.Option(metavar="REFERENCE", help="Who allowed this scan, where no file says it."),
    ] = None,
    contact: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Sent as anonymous password.")
    ] = None,
    vantage: Annotated[
        str | None, typer.Option(metavar="NAME", help="Where you look from: internet, dmz, ...")
    ] = None,
    history: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What earlier nights left behind.")
    ] = None,
    output: Annotated[
        str | None,
        typer.Option("--format", metavar="|".join(FORMATS), help="Default: text on a terminal."),
    ] = None,
    audit: AuditFile = None,
    fail_on: Annotated[
        SeverityName, typer.Option(help="The severity from which findings mean exit code 1.")
    ] = SeverityName.HIGH,
) -> int:
    """Scan one asset now.

    Needs a targets file whose scope covers it, or --authorised REFERENCE; loopback needs
    neither. Without --targets it asks only what needs no credentials.
    """
    address, port = host_and_port(name)
    chosen = one_of("--format", output or _default_format(), FORMATS)
    from scanner import api
    from scanner.cli.exits import concluded
    from scanner.cli.runner import Stopped, finish
    from scanner.model.finding import Severity
    from scanner.model.target import Protocol

    if is_terminal(sys.stderr):
        note(f"looking at {address} ...")
    ended = finish(
        api.scan_host(
            address,
            port=port,
            protocol=Protocol(protocol.value),
            targets=targets,
            authorised=authorised,
            contact=contact,
            vantage=vantage,
            history=history,
            audit=audit,
            fail_on=Severity(fail_on.value),
        ),
        alone=True,
    )
    if isinstance(ended, Stopped):
        note("interrupted; nothing was concluded")
        return ended.code
    write(_rendered(ended.value, chosen))
    _tell_unfinished(ended.value, chosen)
    return concluded(ended.value.exit_code, ended.interrupted)


def _tell_unfinished(scan: ScanDocument, chosen: str) -> None:
    """Say on standard error what the JSON's reader cannot see at a glance."""
    if scan.interrupted:
        note("interrupted: what was seen is told, the rest is unknown")
        return
    steps = scan.incomplete
    if steps and chosen == "text":
        note(f"incomplete: {len(steps)} planned steps could not be taken; the report says why")
        return
    for line in steps:
        note(f"incomplete: {line}")


def _default_format() -> str:
    return "text" if sys.stdout.isatty() else "json"


def _rendered(scan: ScanDocument, chosen: str) -> Iterable[str]:
    if chosen == "json":
        from scanner.report.document import encode, host_document
        from scanner.report.stream import stream

        return stream(scan.header, (encode(host_document(one)) for one in scan.hosts), ())
    if chosen in {"ndjson", "ecs"}:
        return _events(scan, ecs=chosen == "ecs")
    from scanner.report.text import host_text

    width, colour = columns(sys.stdout), wants_colour(sys.stdout)
    return (host_text(one, width=width, colour=colour) for one in scan.hosts)


def _events(scan: ScanDocument, *, ecs: bool) -> Iterable[str]:
    """Yield the scan's events, a line each: OCSF, or the same as ECS."""
    from scanner.report.document import host_document
    from scanner.report.ecs import ecs_line
    from scanner.report.heartbeat import Ending, EventLog

    log = EventLog(header=scan.header, tenant=scan.hosts[0].tenant, scheduled=False)
    lines = [log.started()]
    for one in scan.hosts:
        lines += log.host(host_document(one), scan.known)
    ending = Ending.CANCELLED if scan.interrupted else Ending.COMPLETED
    lines.append(log.ended(scan.header, ending))
    return (f"{ecs_line(each) if ecs else each}\n" for each in lines)
