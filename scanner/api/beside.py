"""Processes beside a run, each with a workshop of its own: they look, and judge nothing."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

from scanner.api.job import FileJob, nightly, utc_now
from scanner.api.workshop import Workshop, workshop
from scanner.engine.contract import Look
from scanner.engine.processes import LONGEST, Link, Processes, serve
from scanner.model.attempts import NoAttempts

_PROGRAM = ("-m", "scanner.cli.beside")
_END_SECONDS = 10.0


def processes(
    count: int, job: FileJob, vantage: str, history: Path | None, contact: str
) -> Processes:
    """Return the engine that looks at a file's targets in so many processes."""
    asked = {
        "targets": str(job.file.path.absolute()),
        "sha256": job.file.sha256,
        "vantage": vantage,
        "history": None if history is None else str(history.absolute()),
        "contact": contact,
    }
    return Processes(
        open=lambda: process(asked),
        count=count,
        most=job.connections,
        vantage=vantage,
    )


@asynccontextmanager
async def process(asked: Mapping[str, str | None]) -> AsyncIterator[Link]:
    """Start a process that looks at targets of a file; it is gone at the end of the block.

    ``asked`` are its targets file and what that says, its vantage, its history and its contact.
    """
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        *_PROGRAM,
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        limit=LONGEST,
        start_new_session=True,  # an interruption from the terminal reaches it through us
    )
    assert child.stdin is not None
    assert child.stdout is not None
    link = Link(child.stdout, child.stdin)
    try:
        with suppress(OSError):  # its end is noticed by who listens
            await link.tell(asked)
        yield link
    finally:
        child.stdin.close()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(_END_SECONDS):
                    await child.wait()
        finally:  # whoever is cancelled meanwhile leaves no process behind
            if child.returncode is None:
                child.kill()
                await child.wait()


async def beside() -> None:
    """Be such a process: standard input says what to look at, standard output what was seen."""
    link = await _standard()
    asked = json.loads(await link.source.readline())
    job = nightly(Path(asked["targets"]), utc_now)
    if job.file.sha256 != asked["sha256"]:
        # An asset may be another server by now: what is seen of it would be told of the old one.
        told = f"{job.file.path}: has changed since the run began; put back what it said"
        await link.tell({"stopped": told})
        return
    history = None if asked["history"] is None else Path(asked["history"])
    targets = job.file.targets
    places = {target.asset: place for place, target in enumerate(targets)}
    async with workshop(
        job, vantage=asked["vantage"], history=history, contact=asked["contact"], clock=utc_now
    ) as shop:
        wary = _without_logins(shop)

        def begin(asset: str, again: bool) -> Look:  # noqa: FBT001 - as the engine calls it
            return (wary if again else shop).look(targets[places[asset]])

        await serve(link, begin)


def _without_logins(shop: Workshop) -> Workshop:
    tools = shop.tools
    return replace(shop, tools=replace(tools, attempts=NoAttempts(tools.attempts)))


async def _standard() -> Link:
    loop = asyncio.get_running_loop()
    source = asyncio.StreamReader(limit=LONGEST)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(source), sys.stdin.buffer)
    transport, protocol = await loop.connect_write_pipe(
        lambda: asyncio.StreamReaderProtocol(asyncio.StreamReader()), sys.stdout.buffer
    )
    return Link(source, asyncio.StreamWriter(transport, protocol, source, loop))
