"""Drills whose webhook others send to as well: nonces that are not it, too much, and too slowly."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from scanner.model.drill import DrillVerdict
from tests.drill.cases import one_drill
from tests.drill.team import USER, Answer, team, told
from tests.servers.process import HOST, free_port


def post(body: bytes, length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    return b"POST /alerts HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % size + body


WRONG = post(b"drill-0123456789abcdef " + b"a" * 100_000)
EVERY_HALF = b"".join(b"%x" % digit for digit in range(16)) * 2000
SLOW = b"POST /alerts HTTP/1.1\r\nContent-Le"
NOISE = (WRONG, post(EVERY_HALF), SLOW, SLOW, b"\x00" * 40_000, b"GET / HTTP/1.1\r\n\r\n")
TOO_LONG = post(b"", 10**9)


class Senders:
    """Sends to the webhook, each message over a connection of its own."""

    def __init__(self) -> None:
        self.port = free_port()
        self._tasks: list[asyncio.Task[None]] = []

    def send(self, *messages: bytes) -> None:
        self._tasks += [asyncio.ensure_future(self._one(each)) for each in messages]

    async def _one(self, message: bytes) -> None:
        reader, writer = await asyncio.open_connection(HOST, self.port)
        try:
            writer.write(message)
            await reader.read()
        except ConnectionError:
            pass
        finally:
            writer.transport.abort()

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def sending(senders: Senders, noise: tuple[bytes, ...], *, alert: bool, cut: int = 0) -> Answer:
    def answer(event: bytes) -> list[str]:
        users = told(event)
        part = [user[: len(user) - cut].encode() for user in users]
        senders.send(*noise, *(post(each) for each in part if alert))
        return []

    return answer


@pytest.mark.parametrize(
    ("noise", "alert", "cut", "verdict"),
    [
        (NOISE, True, 0, DrillVerdict.PASS),
        ((*NOISE, TOO_LONG), True, 0, DrillVerdict.PASS),
        (NOISE, False, 0, DrillVerdict.FAIL),
        (NOISE, True, 1, DrillVerdict.FAIL),
        ((*NOISE, TOO_LONG), False, 0, DrillVerdict.UNKNOWN),
        ((SLOW,) * 60, False, 0, DrillVerdict.UNKNOWN),
    ],
)
async def test_only_the_whole_nonce_passes_and_only_a_whole_silence_fails(
    tmp_path: Path, noise: tuple[bytes, ...], cut: int, verdict: DrillVerdict, *, alert: bool
) -> None:
    senders = Senders()
    says = sending(senders, (), alert=True)
    logins = sending(senders, noise, alert=alert, cut=cut)
    async with team(tmp_path, says, logins) as running:
        hook = {"kind": "webhook", "listen": f"{HOST}:{senders.port}"}
        patience = 20.0 if verdict is DrillVerdict.PASS else 1.0
        report = await one_drill(running.targets(running.drill(alert=hook)), patience=patience)
        await senders.stop()
    assert report.verdict is verdict, report
    assert all(USER.search(event) for event in running.events)
