"""``scan status``: how far a run over a broker has come."""

# ruff: noqa: PLC0415 - a command imports what it needs when it runs

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scanner.cli.broker import MaybeUrl, Tls, place_of


def status(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.")],
    *,
    nats: MaybeUrl = None,
    nats_tls: Tls = None,
) -> int:
    """Tell how far a run over a broker has come.

    Vantage by vantage. With ``--nats`` the broker is asked what waits there.
    """
    from scanner import api
    from scanner.cli.console import write
    from scanner.cli.runner import Stopped, finish

    place = None if nats is None else place_of(nats, nats_tls)
    ended = finish(api.status(run, place))
    if isinstance(ended, Stopped):
        return ended.code
    found = ended.value
    lines = [f"{found.state}: {found.targeted} assets\n"]
    for each in found.vantages:
        queue = ""
        if each.waiting is not None:
            queue = f", {each.waiting} batches wait, {each.under_way} under way"
        lines.append(f"{each.vantage}: {each.told} told{queue}\n")
    write(lines)
    return 0
