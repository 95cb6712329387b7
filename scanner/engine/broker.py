"""NATS JetStream between a coordinator and its workers: streams, subjects, receipts.

The one module that knows the library. Everything that goes wrong on the way to the broker, or in
it, is a ``BrokerError``; whoever calls tries again.

    scan.jobs.<vantage>.<run>    batches, a work queue; one durable consumer for each vantage
    scan.seen.<vantage>.<run>    what was seen; one durable consumer for each run
    scan.alive.<vantage>         signs of life, not stored
    scan.stop.<run>              a run is cancelled; the last word is stored

A worker's identity may publish below its own vantage alone, and nothing in ``scan.jobs``: see
``deploy/nats/``.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scanner.engine.answers import BrokerError, T, asked, said
from scanner.errors import InputError

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg
    from nats.js import JetStreamContext
    from nats.js.api import StreamConfig

JOBS = "SCAN_JOBS"
SEEN = "SCAN_SEEN"
LOST = "SCAN_LOST"
STOP = "SCAN_STOP"

MOST_DELIVERIES = 3
ACK_WAIT = 30.0
"""Seconds until a batch whose worker gives no sign goes to another."""
_DAY = 86_400.0
_ANSWER = 10.0
"""Seconds to wait for the broker's answer."""
_LOST_SUBJECT = f"$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.{JOBS}.>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """Where the broker is, whom we trust there and who we are.

    ``ack_wait`` is only told by a coordinator that makes the queues.
    """

    url: str
    tls: ssl.SSLContext | None = None
    inbox: str = "_INBOX"
    ack_wait: float = ACK_WAIT


@dataclass(frozen=True, slots=True)
class Parcel:
    """A stored message. It is given again until it is taken, refused, or was given too often."""

    _message: Msg

    @property
    def data(self) -> bytes:
        """What it says."""
        return self._message.data

    @property
    def vantage(self) -> str:
        """The vantage of its subject."""
        return self._message.subject.split(".")[2]

    @property
    def run(self) -> str:
        """The run of its subject."""
        return self._message.subject.split(".")[3]

    @property
    def deliveries(self) -> int:
        """How often it was given, this time included."""
        return int(self._message.metadata.num_delivered or 1)

    async def take(self) -> None:
        """Say that it was dealt with, and wait until the broker knows."""
        await _asked(self._message.ack_sync(timeout=_ANSWER))

    async def drop(self) -> None:
        """Say that it was dealt with. Where that is lost, it is given again."""
        await _asked(self._message.ack())

    async def refuse(self) -> None:
        """Say that nobody can deal with it."""
        await _asked(self._message.term())

    async def keep(self) -> None:
        """Say that it is being dealt with, so that nobody else is given it."""
        await _asked(self._message.in_progress())


class Intake:
    """Stored messages, given one after the other."""

    def __init__(self, source: JetStreamContext.PullSubscription) -> None:
        self._source = source

    async def next(self, most: int, seconds: float) -> list[Parcel]:
        """Return up to ``most`` messages, as soon as there are any; none after ``seconds``."""
        try:
            found = await _asked(self._source.fetch(most, timeout=seconds))
        except BrokerError as error:
            if isinstance(error.__cause__, TimeoutError):
                return []
            raise
        return [Parcel(each) for each in found]

    async def close(self) -> None:
        """Ask for no more."""
        with suppress(BrokerError):
            await _asked(self._source.unsubscribe())


class Broker:
    """A connection that comes back by itself. Use ``connected``."""

    def __init__(self, client: Client, post: Post) -> None:
        self._client = client
        self._post = post
        self._js = client.jetstream(timeout=_ANSWER)

    @property
    def is_there(self) -> bool:
        """Whether the broker is connected now."""
        return bool(self._client.is_connected)

    @property
    def largest(self) -> int:
        """How many bytes a message may have."""
        return int(self._client.max_payload)

    async def prepare(self, vantages: tuple[str, ...]) -> None:
        """Make the streams and the queue of each vantage, where they are not there yet."""
        from nats.js import api  # noqa: PLC0415 - only this engine needs the library

        work, limits = api.RetentionPolicy.WORK_QUEUE, api.RetentionPolicy.LIMITS
        streams = (
            (JOBS, "scan.jobs.*.*", work, 0.0, -1),
            (SEEN, "scan.seen.*.*", limits, 7 * _DAY, -1),
            (LOST, _LOST_SUBJECT, limits, 7 * _DAY, -1),
            (STOP, "scan.stop.*", limits, 7 * _DAY, 1),
        )
        for name, subject, retention, seconds, most in streams:
            config = api.StreamConfig(
                name=name,
                subjects=[subject],
                retention=retention,
                storage=api.StorageType.FILE,
                duplicate_window=_DAY,
                max_age=seconds,
                max_msgs_per_subject=most,
            )
            await _asked(self._stream(config))
        for vantage in vantages:
            queue = api.ConsumerConfig(
                durable_name=f"at-{vantage}",
                filter_subject=f"scan.jobs.{vantage}.*",
                ack_policy=api.AckPolicy.EXPLICIT,
                ack_wait=self._post.ack_wait,
                max_deliver=MOST_DELIVERIES,
            )
            await _asked(self._js.add_consumer(JOBS, queue))

    async def _stream(self, config: StreamConfig) -> None:
        from nats.js.errors import BadRequestError  # noqa: PLC0415 - as above

        try:
            await self._js.add_stream(config)
        except BadRequestError:  # it is there, made by another version
            await self._js.update_stream(config)

    async def send(self, vantage: str, run: str, name: str, data: bytes) -> int:
        """Store a batch once, however often it is sent; return its number in the queue."""
        headers = {"Nats-Msg-Id": f"{run}:{name}"}
        subject = f"scan.jobs.{vantage}.{run}"
        done = await _asked(self._js.publish(subject, data, headers=headers))
        return int(done.seq)

    async def tell(self, vantage: str, run: str, name: str, data: bytes) -> None:
        """Store what was seen, once, and wait until it is."""
        headers = {"Nats-Msg-Id": f"{run}:{name}"}
        await _asked(self._js.publish(f"scan.seen.{vantage}.{run}", data, headers=headers))

    async def jobs(self, vantage: str) -> Intake:
        """Return the batches of a vantage, shared with all of its workers."""
        return Intake(await _asked(self._js.pull_subscribe_bind(f"at-{vantage}", JOBS)))

    async def sightings(self, run: str) -> Intake:
        """Return what was seen of a run, each until it was taken."""
        return await self._own(SEEN, f"run-{run}", f"scan.seen.*.{run}")

    async def losses(self, run: str) -> Intake:
        """Return what the broker tells of batches that were given too often, of any run."""
        return await self._own(LOST, f"run-{run}", _LOST_SUBJECT)

    async def _own(self, stream: str, name: str, subject: str) -> Intake:
        from nats.js import api  # noqa: PLC0415 - only this engine needs the library

        config = api.ConsumerConfig(
            durable_name=name,
            filter_subject=subject,
            ack_policy=api.AckPolicy.EXPLICIT,
            ack_wait=10.0,
            inactive_threshold=7 * _DAY,
        )
        await _asked(self._js.add_consumer(stream, config))
        return Intake(await _asked(self._js.pull_subscribe_bind(name, stream)))

    async def forget(self, run: str) -> None:
        """Remove what is left of a run: batches, sightings, its consumers."""
        await self.recall(run)
        with suppress(BrokerError):
            await _asked(self._js.purge_stream(SEEN, subject=f"scan.seen.*.{run}"))
        for stream in (SEEN, LOST):
            with suppress(BrokerError):
                await _asked(self._js.delete_consumer(stream, f"run-{run}"))

    async def recall(self, run: str) -> None:
        """Remove all batches of a run from the queues."""
        with suppress(BrokerError):
            await _asked(self._js.purge_stream(JOBS, subject=f"scan.jobs.*.{run}"))

    async def withdraw(self, sequence: int) -> None:
        """Remove one batch from the queue, if it is there."""
        with suppress(BrokerError):
            await _asked(self._js.delete_msg(JOBS, sequence))

    async def holds(self, sequence: int) -> bool:
        """Whether a batch is still in the queue, given to a worker or not."""
        from nats.js.errors import NotFoundError  # noqa: PLC0415 - as above

        try:
            await _asked(self._js.get_msg(JOBS, sequence))
        except BrokerError as error:
            if isinstance(error.__cause__, NotFoundError):
                return False
            raise
        return True

    async def waiting(self, vantage: str) -> tuple[int, int] | None:
        """Return how many batches wait at a vantage and how many are under way, if any can be."""
        try:
            info = await _asked(self._js.consumer_info(JOBS, f"at-{vantage}"))
        except BrokerError:
            return None
        return int(info.num_pending or 0), int(info.num_ack_pending or 0)

    async def restart(self, run: str) -> None:
        """Take back that a run was cancelled: it is resumed."""
        with suppress(BrokerError):
            await _asked(self._js.purge_stream(STOP, subject=f"scan.stop.{run}"))

    async def stop(self, run: str) -> None:
        """Tell everybody, now and later, that a run is cancelled."""
        await _asked(self._js.publish(f"scan.stop.{run}", b"{}"))

    async def is_stopped(self, run: str) -> bool:
        """Whether a run was cancelled."""
        from nats.js.errors import NotFoundError  # noqa: PLC0415 - as above

        try:
            await _asked(self._js.get_last_msg(STOP, f"scan.stop.{run}"))
        except BrokerError as error:
            if isinstance(error.__cause__, NotFoundError):
                return False
            raise
        return True

    async def live(self, vantage: str, sign: bytes) -> None:
        """Give a sign of life."""
        await _asked(self._client.publish(f"scan.alive.{vantage}", sign))

    async def listen(self, subject: str, heard: Callable[[str, bytes], Awaitable[None]]) -> None:
        """Call ``heard`` with the last word of a subject below ``scan.`` and what it says."""

        async def hear(message: Msg) -> None:
            await heard(message.subject.rpartition(".")[2], message.data)

        await _asked(self._client.subscribe(f"scan.{subject}", cb=hear))


def lost_sequence(data: bytes) -> int | None:
    """Return the number of the batch that the broker's advisory speaks of."""
    try:
        return int(json.loads(data)["stream_seq"])
    except (ValueError, KeyError, TypeError):
        return None


@asynccontextmanager
async def connected(post: Post) -> AsyncIterator[Broker]:
    """Connect for the block. Raises ``InputError`` where the broker cannot be reached at first."""
    try:
        import nats  # noqa: PLC0415 - an extra
    except ImportError:
        told = "nats-py is not installed; pip install 'transfer-exposure-scanner[nats]'"
        raise InputError(told) from None

    async def silent(_error: Exception) -> None:
        """Say nothing: whoever asked is told."""

    try:
        async with asyncio.timeout(_ANSWER):
            client: Any = await _asked(
                nats.connect(
                    post.url,
                    tls=post.tls,
                    inbox_prefix=post.inbox,
                    error_cb=silent,
                    connect_timeout=5,
                    reconnect_time_wait=1,
                    max_reconnect_attempts=-1,
                    allow_reconnect=True,
                    name="scan",
                )
            )
    except Exception as error:
        told = str(error) if isinstance(error, BrokerError) else said(error)
        raise InputError(f"{post.url}: {told}") from error
    try:
        yield Broker(client, post)
    finally:
        with suppress(Exception):
            async with asyncio.timeout(_ANSWER):
                await _asked(client.close())


async def _asked(call: Coroutine[Any, Any, T]) -> T:
    from nats.errors import Error  # noqa: PLC0415 - an extra

    return await asked(call, Error)
