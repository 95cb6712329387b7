"""``scan assess``: judge saved observations again."""

# ruff: noqa: PLC0415 - a command imports what it needs when it runs

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def assess(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.")],
    targets: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Another targets file than the run's.")
    ] = None,
) -> int:
    """Judge a run's saved observations again.

    For when a policy or a paper changed. Never touches the network; rewrites the run's report.
    """
    from scanner import api
    from scanner.cli.exits import concluded
    from scanner.cli.summary import tell

    result = api.assess(run, targets=targets)
    tell(result)
    return concluded(result.exit_code, 0)
