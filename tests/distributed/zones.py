"""A broker as it is deployed, and workers in its zones, in this process."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import pytest

from scanner.api import BrokerPlace, WorkerRequest, work
from scanner.api.job import Clock, utc_now
from scanner.history import mask_key
from tests.servers.nats import NatsServer, identities, nats_server


def place(server: NatsServer, role: str, patience: float = 60.0) -> BrokerPlace:
    """Return where the broker is. Workers here live: none counts as dead on a busy machine."""
    return BrokerPlace(url=server.url, tls=server.identities[role], patience=patience)


def complain(line: str) -> None:
    pytest.fail(line)


@asynccontextmanager
async def zones(
    folder: Path,
    *vantages: str,
    clock: Clock = utc_now,
    base: Path | None = None,
    note: Callable[[str], None] = complain,
) -> AsyncIterator[NatsServer]:
    """Run a broker, and one worker for each vantage; all know the coordinator's masking key."""
    history = folder / "history.sqlite3"
    mask_key(history)
    with ExitStack() as stack:
        server = stack.enter_context(nats_server(folder, identities(folder)))
        tasks = []
        for vantage in vantages:
            own = folder / f"worker-{vantage}" / "history.sqlite3"
            own.parent.mkdir()
            shutil.copy(f"{history}.key", f"{own}.key")
            request = WorkerRequest(
                place=place(server, vantage),
                vantage=vantage,
                base=base or folder,
                history=own,
                clock=clock,
            )
            tasks.append(asyncio.create_task(work(request, note)))
        try:
            yield server
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    for task in tasks:
        if not task.cancelled() and (fault := task.exception()) is not None:
            raise fault
