"""``scan deliver``: send what could not be sent before."""

# ruff: noqa: PLC0415 - a command imports what it needs when it runs

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scanner.cli.console import note

if TYPE_CHECKING:
    from scanner.sinks.flush import Delivery


def deliver(
    targets: Annotated[Path, typer.Argument(metavar="TARGETS", help="Targets file.")],
    runs: Annotated[
        list[Path] | None, typer.Argument(metavar="RUN", help="Send all of these runs, again too.")
    ] = None,
    *,
    reports: Annotated[
        Path, typer.Option(metavar="DIR", help="Where run folders are laid down.")
    ] = Path("reports"),
    metrics: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A run's textfile (*.prom): what waits is told there."),
    ] = None,
) -> int:
    """Send events that wait to where the targets file says.

    At least once: receivers tell one from another by metadata.uid. Exit code 4 when something is
    left.
    """
    from scanner import api
    from scanner.api.metrics import check_run_metrics, update_metrics
    from scanner.cli.exits import ExitCode

    if metrics is not None:
        check_run_metrics(metrics)
    results = api.deliver(targets, reports, tuple(runs or ()))
    if metrics is not None:
        update_metrics(metrics, results)
    return ExitCode.OK if tell_deliveries(results) else ExitCode.UNDELIVERED


def tell_deliveries(results: Iterable[Delivery]) -> bool:
    """Say what came of each sink; return whether everything arrived."""
    complete = True
    for result in results:
        left = f", {result.left} left" if result.left else ""
        refused = f", {result.refused} refused" if result.refused else ""
        why = f": {'; '.join(result.faults)}" if result.faults else ""
        note(f"{result.sink}: {result.sent} events sent{left}{refused}{why}")
        complete = complete and result.complete
    return complete
