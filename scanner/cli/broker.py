"""Options that say where the broker is, shared by the commands that need one."""

# ruff: noqa: PLC0415 - a command imports what it needs when it runs

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from scanner.api import BrokerPlace

Url = Annotated[
    str,
    typer.Option("--nats", metavar="URL", help="The broker, such as tls://broker:4222."),
]
MaybeUrl = Annotated[
    str | None,
    typer.Option("--nats", metavar="URL", help="The broker, such as tls://broker:4222."),
]
Tls = Annotated[
    Path | None,
    typer.Option("--nats-tls", metavar="DIR", help="Holds ca.crt, tls.crt and tls.key."),
]


def place_of(url: str, tls: Path | None) -> BrokerPlace:
    """Return the broker that the options name."""
    from scanner import api

    return api.BrokerPlace(url=url, tls=tls)
