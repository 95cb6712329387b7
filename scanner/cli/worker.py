"""``scan worker``: looks from one vantage, for whoever coordinates."""

# ruff: noqa: PLC0415 - a command imports what it needs when it runs

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scanner.cli.broker import Tls, Url, place_of


def worker(
    nats: Url,
    vantage: Annotated[str, typer.Option(metavar="NAME", help="Where it stands: dmz, ...")],
    *,
    nats_tls: Tls = None,
    slots: Annotated[
        int, typer.Option(min=1, max=10_000, help="Targets looked at side by side.")
    ] = 8,
    base: Annotated[
        Path, typer.Option(metavar="DIR", help="Where files and file: secrets are looked for.")
    ] = Path(),
    history: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Attempts spent here, and files judged.")
    ] = None,
    mask_key: Annotated[
        str | None,
        typer.Option(metavar="REF", help="The coordinator's masking key, as file:PATH."),
    ] = None,
) -> int:
    """Look at targets from one vantage, for others.

    For runs with ``--engine nats``. It only observes: references to secrets are resolved here,
    and judging is the coordinator's. Ends with the first signal; what it had begun goes to another
    worker.
    """
    from scanner import api
    from scanner.cli.console import note
    from scanner.cli.runner import Stopped, finish
    from scanner.intake.secret_refs import parse_ref

    request = api.WorkerRequest(
        place=place_of(nats, nats_tls),
        vantage=vantage,
        slots=slots,
        base=base,
        history=history,
        mask_key=None if mask_key is None else parse_ref(mask_key),
    )
    ended = finish(api.work(request, note))
    return ended.code if isinstance(ended, Stopped) else ended.interrupted
