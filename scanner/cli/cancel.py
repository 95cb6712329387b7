"""``scan cancel``: ends a run over a broker."""

# ruff: noqa: PLC0415 - a command imports what it needs when it runs

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scanner.cli.broker import Tls, Url, place_of


def cancel(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.")],
    nats: Url,
    *,
    nats_tls: Tls = None,
) -> int:
    """Cancel a run over a broker.

    Its queues are emptied, its workers stop, and its coordinator writes what was seen; the rest is
    unknown.
    """
    from scanner import api
    from scanner.cli.console import note
    from scanner.cli.runner import Stopped, finish

    ended = finish(api.cancel(run, place_of(nats, nats_tls)))
    if isinstance(ended, Stopped):
        return ended.code
    note(f"{run}: cancelled")
    return 0
