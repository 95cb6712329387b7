"""Streams against a peer that does one thing, on either event loop."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import time
from collections.abc import Awaitable, Callable, Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import uvloop

from scanner.clients.dialer import Dialer
from scanner.clients.effort import EffortMeter
from scanner.clients.faults import Fault
from scanner.clients.readiness import readiness_of
from scanner.clients.stream import HIGH_WATER, Stream
from scanner.clients.tls_layer import TlsLayer
from scanner.model.address import Admitted
from scanner.model.reading import Reason

Peer = socket.socket
SECONDS = 10.0


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop])
def runner(request: pytest.FixtureRequest) -> Iterator[asyncio.Runner]:
    with asyncio.Runner(loop_factory=request.param) as runner:
        yield runner


def dialer(port: int, host: str = "127.0.0.1") -> Dialer:
    return Dialer(Admitted(ip_address(host), port, host), EffortMeter())


def against(
    runner: asyncio.Runner,
    client: Callable[[Stream, Peer], Awaitable[Any]],
    host: str = "127.0.0.1",
) -> Any:
    """Run a client with a stream and the socket of its peer, and see that nothing is left."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET

    async def both() -> Any:
        at = host.partition("%")[0]
        with socket.create_server((at, 0), family=family) as door:
            stream = await dialer(door.getsockname()[1], host).connect()
            peer, _ = door.accept()
            with peer:
                peer.settimeout(SECONDS)
                async with asyncio.timeout(SECONDS):
                    try:
                        told = await client(stream, peer)
                    finally:
                        stream.abort()
        assert readiness_of(asyncio.get_running_loop())._waiting == {}
        return told

    return runner.run(both())


async def whole(stream: Stream) -> bytes:
    read = b""
    while data := await stream.read():
        read += data
    return read


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "::1%lo"])
def test_what_a_peer_says_is_read_to_its_end(runner: asyncio.Runner, host: str) -> None:
    async def client(stream: Stream, peer: Peer) -> bytes:
        peer.sendall(b"one")
        assert await stream.read() == b"one"
        assert stream.take() == b""
        peer.sendall(b"two")
        peer.close()
        return await whole(stream)

    assert against(runner, client, host) == b"two"


def test_more_than_is_held_unread_waits_with_its_end(runner: asyncio.Runner) -> None:
    many = 6 * HIGH_WATER

    async def client(stream: Stream, peer: Peer) -> int:
        sending = asyncio.get_running_loop().run_in_executor(None, send_all, peer, many)
        await asyncio.sleep(0.2)
        assert HIGH_WATER < len(stream._buffer) <= HIGH_WATER + 65_536
        size = len(await whole(stream))
        await sending
        return size

    assert against(runner, client) == many


def test_an_end_that_came_while_nothing_was_read_is_met_later(runner: asyncio.Runner) -> None:
    """What fits the buffers of the kernel: the peer has long gone when reading goes on."""
    many = HIGH_WATER + 150_000

    async def client(stream: Stream, peer: Peer) -> int:
        await asyncio.get_running_loop().run_in_executor(None, send_all, peer, many)
        await asyncio.sleep(0.1)
        assert stream.is_open
        return len(await whole(stream))

    assert against(runner, client) == many


def test_what_the_kernel_does_not_take_at_once_is_sent_later(runner: asyncio.Runner) -> None:
    many = 8_000_000

    async def client(stream: Stream, peer: Peer) -> int:
        stream.write(bytes(many - 3))
        stream.write(b"end")
        taken = await asyncio.get_running_loop().run_in_executor(None, take_all, peer, many)
        return len(taken) if taken.endswith(b"end") else 0

    assert against(runner, client) == many


def test_what_is_finished_is_sent_to_its_end(runner: asyncio.Runner) -> None:
    many = 8_000_000

    async def client(stream: Stream, peer: Peer) -> int:
        stream.write(bytes(many))
        taking = asyncio.get_running_loop().run_in_executor(None, take_all, peer, many)
        await stream.finish()
        return len(await taking)

    assert against(runner, client) == many


def test_what_comes_is_not_read_while_the_peer_takes_no_answers(runner: asyncio.Runner) -> None:
    """A TLS record may ask for another: a flood of them must not be answered into memory."""
    many = 8_000_000

    async def client(stream: Stream, peer: Peer) -> bytes:
        stream.write(bytes(many))
        peer.sendall(b"more")
        await asyncio.sleep(0.1)
        assert stream.take() == b""
        await asyncio.get_running_loop().run_in_executor(None, take_all, peer, many)
        return await stream.read()

    assert against(runner, client) == b"more"


def test_tls_that_says_nothing_is_not_listened_to_for_long(runner: asyncio.Runner) -> None:
    """It may be new keys without end, and each costs us much."""

    class Barren(TlsLayer):
        taken = 0

        def incoming(self, data: bytes | memoryview) -> None:
            self.taken += len(data)

        def shake_hands(self) -> bool:
            self.is_open = True
            return True

        def read(self) -> bytes:
            return b""

    async def client(stream: Stream, peer: Peer) -> tuple[Reason, int]:
        layer = Barren(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), "a.example")
        sending = asyncio.get_running_loop().run_in_executor(None, send_all, peer, 8_000_000)
        await stream.start_tls(layer)
        with pytest.raises(Fault, match="says nothing") as caught:
            await stream.read()
        with pytest.raises(OSError, match=r"reset|pipe"):
            await sending
        return caught.value.reason, layer.taken

    reason, taken = against(runner, client)
    assert reason is Reason.PROTOCOL_ERROR
    assert taken <= HIGH_WATER


def test_what_stands_behind_urgent_data_is_read(runner: asyncio.Runner) -> None:
    """Reading stops short at its mark, and the kernel tells nothing of the rest again."""

    async def client(stream: Stream, peer: Peer) -> bytes:
        for round_ in (b"first", b"second"):
            peer.sendall(b"220 ")
            peer.send(b"!", socket.MSG_OOB)
            peer.sendall(round_ + b"\n")
            time.sleep(0.05)  # noqa: ASYNC251 - all of it is to wait in the kernel
            read = b""
            while not read.endswith(b"\n"):
                read += await stream.read()
            assert read == b"220 " + round_ + b"\n"
        peer.close()
        return await whole(stream)

    assert against(runner, client) == b""


def test_a_reset_is_a_fault_behind_what_was_said_before_it(runner: asyncio.Runner) -> None:
    async def client(stream: Stream, peer: Peer) -> Reason:
        peer.sendall(b"421 no more\r\n")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.close()
        assert await stream.read() == b"421 no more\r\n"
        with pytest.raises(Fault) as caught:
            await stream.read()
        with pytest.raises(Fault, match="closed"):
            stream.write(b"QUIT\r\n")
        return caught.value.reason

    assert against(runner, client) is Reason.CONNECTION_LOST


def test_a_reset_of_ours_ends_what_a_peer_sends(runner: asyncio.Runner) -> None:
    async def client(stream: Stream, peer: Peer) -> None:
        stream.reset()
        with pytest.raises(ConnectionResetError):
            peer.recv(1)

    against(runner, client)


def test_a_closed_port_is_a_fault_and_leaves_no_socket(runner: asyncio.Runner) -> None:
    async def refused() -> Reason:
        with socket.create_server(("127.0.0.1", 0)) as door:
            port = door.getsockname()[1]
        before = handles()
        caller = dialer(port)
        with pytest.raises(Fault) as caught:
            await caller.connect()
        # The set of the kernel's is made with the first stream and stays.
        assert handles() <= before + 1
        assert readiness_of(asyncio.get_running_loop())._waiting == {}
        return caught.value.reason

    assert runner.run(refused()) is Reason.CLOSED


@pytest.mark.parametrize(
    "zone", ["nowhere7", "\u00b2", "99999999999", "7" * 5_000, "a\0", "\ud800"]
)
def test_a_zone_of_no_device_is_unreachable(runner: asyncio.Runner, zone: str) -> None:
    with pytest.raises(Fault) as caught:
        runner.run(dialer(9, f"fe80::1%{zone}").connect())
    assert caught.value.reason is Reason.UNREACHABLE


def test_a_connect_that_is_cancelled_leaves_no_socket(runner: asyncio.Runner) -> None:
    async def cancelled() -> None:
        with socket.create_server(("127.0.0.1", 0), backlog=0) as door:
            place = door.getsockname()
            with socket.create_connection(place):
                task = asyncio.create_task(dialer(place[1]).connect())
                await asyncio.sleep(0.05)
                assert not task.done()  # the queue is full: its SYN is dropped
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
        assert readiness_of(asyncio.get_running_loop())._waiting == {}

    runner.run(cancelled())


def test_only_control_connections_note_from_where_we_come(runner: asyncio.Runner) -> None:
    async def noted() -> set[str]:
        with socket.create_server(("127.0.0.1", 0)) as door:
            caller = dialer(door.getsockname()[1])
            (await caller.connect()).abort()
            return caller.meter.sources

    assert runner.run(noted()) == {"127.0.0.1"}


def test_a_socket_that_cannot_be_served_keeps_no_other_from_being_told(
    runner: asyncio.Runner,
) -> None:
    async def both() -> tuple[list[int], list[str]]:
        loop = asyncio.get_running_loop()
        told, faults = list[int](), list[str]()
        loop.set_exception_handler(lambda _loop, fault: faults.append(str(fault["exception"])))
        pairs = [socket.socketpair() for _ in range(3)]

        def broken(_what: int) -> None:
            raise RuntimeError("broken")

        for number, (ours, theirs) in enumerate(pairs):
            theirs.send(b"x")
            tell = broken if number == 1 else told.append
            readiness_of(loop).watch(ours.fileno(), tell)
        await asyncio.sleep(0.05)
        for ours, theirs in pairs:
            readiness_of(loop).forget(ours.fileno())
            ours.close()
            theirs.close()
        return told, faults

    told, faults = runner.run(both())
    assert (len(told), faults) == (2, ["broken"])


def handles() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def send_all(peer: Peer, many: int) -> None:
    peer.sendall(bytes(many))
    peer.close()


def take_all(peer: Peer, many: int) -> bytes:
    taken = b""
    while len(taken) < many:
        more = peer.recv(1_000_000)
        if not more:
            break
        taken += more
    return taken
