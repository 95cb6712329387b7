"""Where the broker is and who we are there, for coordinators and workers alike."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from scanner.engine.broker import ACK_WAIT, Broker, Post, connected
from scanner.errors import InputError
from scanner.model.secret import SecretRef, SecretScheme
from scanner.secrets import FileSecrets
from scanner.sinks.receipt import DeliveryFault
from scanner.sinks.secure import Trust, context_for

COORDINATOR = "coordinator"


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerPlace:
    """A broker. ``tls`` is a folder with ``ca.crt``, ``tls.crt`` and ``tls.key``, as Kubernetes
    mounts them; a broker without TLS is one of this machine alone.

    ``ack_wait`` is after how many seconds of silence a worker counts as dead; ``patience`` after
    how many a vantage counts as one without a worker.
    """

    url: str
    tls: Path | None = None
    ack_wait: float = ACK_WAIT
    patience: float = 60.0


@asynccontextmanager
async def at(place: BrokerPlace, who: str) -> AsyncIterator[Broker]:
    """Connect for the block, as ``who``. Raises ``InputError`` where that cannot be."""
    async with connected(post_of(place, who)) as broker:
        yield broker


def post_of(place: BrokerPlace, who: str) -> Post:
    """Return how ``who`` reaches the broker. Raises ``InputError``."""
    inbox = f"_INBOX.{who}"
    if place.tls is None:
        if not place.url.startswith(("nats://127.", "nats://localhost", "nats://[::1]")):
            told = f"{place.url}: jobs go over TLS alone beyond this machine"
            raise InputError(f"{told}; give --nats-tls DIR")
        return Post(url=place.url, inbox=inbox, ack_wait=place.ack_wait)
    folder = place.tls.absolute()
    trust = Trust(
        ca=folder / "ca.crt",
        certificate=folder / "tls.crt",
        private_key=SecretRef(SecretScheme.FILE, "tls.key"),
    )
    try:
        context = context_for(trust, FileSecrets(folder))
    except DeliveryFault as fault:
        raise InputError(str(fault)) from None
    return Post(url=place.url, tls=context, inbox=inbox, ack_wait=place.ack_wait)
