"""``scan merge``: one run of the shares of several."""

# ruff: noqa: PLC0415 - a command imports what it needs when it runs

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def merge(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run folders, two or more.")],
    *,
    reports: Annotated[
        Path, typer.Option(metavar="DIR", help="Where the merged run folder is laid down.")
    ] = Path("reports"),
    targets: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The targets file, if it lies elsewhere.")
    ] = None,
    history: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What earlier nights left behind, if no run knew it."),
    ] = None,
) -> int:
    """Make one run of the shares of several.

    Such as those of ``scan run --shard``. Runs of one targets file belong together: shares, or one
    run for each vantage. Each target is judged anew, and stands once in the report. Nothing is
    delivered: name the merged run to ``scan deliver``.
    """
    from scanner import api
    from scanner.cli.exits import concluded
    from scanner.cli.summary import tell

    request = api.MergeRequest(runs=tuple(runs), reports=reports, targets=targets, history=history)
    result = api.merge(request)
    tell(result)
    return concluded(result.exit_code, 0)
