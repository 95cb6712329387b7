"""``scan drill``: does a failed login raise an alert that reaches anyone?"""

# ruff: noqa: PLC0415 - a command imports what it needs when it runs

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scanner.cli.audit import AuditFile
from scanner.cli.choices import one_of
from scanner.cli.console import note, write

if TYPE_CHECKING:
    from scanner.api import DrillRun

FORMATS = ("text", "json")
VARIANTS = ("failed-login", "canary", "off-network")


def drill(
    targets: Annotated[Path, typer.Argument(metavar="TARGETS", help="Targets file.")],
    *,
    host: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only this host or asset.")
    ] = None,
    variant: Annotated[
        str,
        typer.Option(metavar="failed-login|canary|off-network", help="What is done at the server."),
    ] = "failed-login",
    history: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where the result is kept.")
    ] = None,
    audit: AuditFile = None,
    output: Annotated[
        str | None,
        typer.Option("--format", metavar="text|json", help="Default: text on a terminal."),
    ] = None,
) -> int:
    """Run the alarm drill of each target that allows one.

    Sends a test event through the team's own pipeline; once its alert has come back, makes one
    login fail as drill-<nonce> and waits for that alert. Variants, each with an opt-in of its own:
    canary reads one byte of a file that nobody has to read; off-network logs in with an account
    that may not come from here. Never part of scan run, which reuses
    the result for 90 days. Exit code 0: every alert came; 1: one did not; 3: undecided.
    """
    chosen = one_of("--format", output or _default_format(), FORMATS)
    asked = one_of("--variant", variant, VARIANTS)
    from scanner import api
    from scanner.cli.exits import concluded
    from scanner.cli.runner import Stopped, finish
    from scanner.model.drill import DrillVariant

    request = api.DrillRequest(
        targets=targets, host=host, variant=DrillVariant(asked), history=history, audit=audit
    )
    ended = finish(api.run_drills(request, note))
    if isinstance(ended, Stopped):
        note("interrupted; nothing was concluded")
        return ended.code
    write(_rendered(ended.value, chosen))
    if ended.value.interrupted:
        note("interrupted: the drill under way decides nothing")
    return concluded(ended.value.exit_code, ended.interrupted)


def _default_format() -> str:
    return "text" if sys.stdout.isatty() else "json"


def _rendered(run: DrillRun, chosen: str) -> list[str]:
    if chosen == "json":
        return [json.dumps(run.as_dict(), indent=2, ensure_ascii=False) + "\n"]
    from scanner.report.drill import drill_lines

    return [f"{line}\n" for one in run.drills for line in drill_lines(one)]
