"""A worker in foreign hands: what its identity may do at the broker, shown by trying."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import nats
import pytest
from nats.aio.client import Client
from nats.errors import Error
from nats.js import JetStreamContext

from scanner.api.broker import BrokerPlace, at, post_of
from scanner.engine.broker import JOBS, SEEN
from scanner.errors import InputError
from tests.servers.nats import NatsServer, identities, nats_server

RUN = "11111111-2222-3333-4444-555555555555"


@asynccontextmanager
async def as_dmz(server: NatsServer) -> AsyncIterator[tuple[Client, JetStreamContext]]:
    """The identity of the dmz, used with the bare library: no code of ours holds it back."""
    tls = post_of(BrokerPlace(url=server.url, tls=server.identities["dmz"]), "dmz").tls

    async def unheard(_error: Exception) -> None:
        """Permission violations are asynchronous, and looked for in the broker's log."""

    client = await nats.connect(server.url, tls=tls, inbox_prefix="_INBOX.dmz", error_cb=unheard)
    try:
        yield client, client.jetstream(timeout=1.0)
    finally:
        await client.close()


@asynccontextmanager
async def with_jobs(folder: Path) -> AsyncIterator[NatsServer]:
    """A broker with one batch for each of two vantages."""
    with nats_server(folder, identities(folder)) as server:
        place = BrokerPlace(url=server.url, tls=server.identities["coordinator"])
        async with at(place, "coordinator") as broker:
            await broker.prepare(("dmz", "internal"))
            await broker.send("internal", RUN, "b1", b"of the inside")
            await broker.send("dmz", RUN, "b2", b"of the dmz")
            yield server
            assert await broker.waiting("internal") == (1, 0)
            assert await broker.holds(1)
            assert not await broker.holds(3)


async def test_the_dmz_reads_its_own_jobs_alone(tmp_path: Path) -> None:
    async with with_jobs(tmp_path) as server, as_dmz(server) as (client, js):
        own = await js.pull_subscribe_bind("at-dmz", JOBS)
        assert [each.data for each in await own.fetch(1, timeout=2)] == [b"of the dmz"]
        other = await js.pull_subscribe_bind("at-internal", JOBS)
        with pytest.raises(Error):
            await other.fetch(1, timeout=1)
        with pytest.raises(Error):
            await js.get_msg(JOBS, 1)
        with pytest.raises(Error):
            await js.add_consumer(JOBS, durable_name="mine", filter_subject="scan.jobs.internal.*")
        with pytest.raises(Error):
            await js.add_stream(name="MINE", subjects=["mine.>"])
        foreign = ("scan.jobs.>", "scan.seen.>", ">", "_INBOX.>", "_INBOX.coordinator.>")
        heard = [await client.subscribe(subject) for subject in foreign]
        await client.flush()
        place = BrokerPlace(url=server.url, tls=server.identities["internal"])
        async with at(place, "internal") as inside:
            await inside.tell("internal", RUN, "b1:0", b"seen inside")
        for each in heard:
            with pytest.raises(Error):
                await each.next_msg(timeout=0.3)
        log = server.log.read_text()
        assert 'Subscription Violation - User "dmz.scan", Subject "scan.jobs.>"' in log
        assert "Publish Violation" in log
        assert "at-internal" in log


async def test_the_dmz_publishes_no_jobs_and_speaks_for_no_other_vantage(tmp_path: Path) -> None:
    async with with_jobs(tmp_path) as server, as_dmz(server) as (client, js):
        for subject in (
            f"scan.jobs.dmz.{RUN}",
            f"scan.jobs.internal.{RUN}",
            f"scan.seen.internal.{RUN}",
            f"scan.stop.{RUN}",
        ):
            with pytest.raises(Error):
                await js.publish(subject, b"forged", timeout=1.0)
        await client.publish("scan.alive.internal", b"{}")
        for request in (f"$JS.API.STREAM.PURGE.{JOBS}", f"$JS.API.STREAM.DELETE.{SEEN}"):
            with pytest.raises(Error):
                await client.request(request, b"{}", timeout=1.0)
        assert (await js.publish(f"scan.seen.dmz.{RUN}", b"of the dmz")).stream == SEEN
        log = server.log.read_text()
        assert log.count("Publish Violation") >= 7


async def test_a_reply_of_the_broker_carries_no_job_into_another_queue(tmp_path: Path) -> None:
    """Where an answer goes is the asker's choice: it must not be the queue of another vantage."""
    async with with_jobs(tmp_path) as server, as_dmz(server) as (client, _):
        ask = f"$JS.API.CONSUMER.MSG.NEXT.{JOBS}.at-dmz"
        wanted = json.dumps({"batch": 1, "no_wait": True}).encode()
        await client.publish(ask, wanted, reply=f"scan.jobs.internal.{RUN}")
        await client.flush()
        await asyncio.sleep(0.5)


async def test_nobody_connects_without_a_certificate_of_the_authority(tmp_path: Path) -> None:
    with nats_server(tmp_path, identities(tmp_path)) as server:
        context = post_of(BrokerPlace(url=server.url, tls=server.identities["dmz"]), "dmz").tls
        assert context is not None
        bare = type(context)(context.protocol)
        bare.load_verify_locations(server.identities["dmz"] / "ca.crt")
        with pytest.raises((Error, OSError)):
            await nats.connect(server.url, tls=bare, allow_reconnect=False, connect_timeout=2)
    with pytest.raises(InputError, match="does not answer"):
        async with at(BrokerPlace(url=server.url, tls=server.identities["dmz"]), "dmz"):
            pass


def test_beyond_this_machine_there_is_no_broker_without_tls() -> None:
    with pytest.raises(InputError, match="give --nats-tls DIR"):
        post_of(BrokerPlace(url="nats://broker.example.org:4222"), "dmz")
