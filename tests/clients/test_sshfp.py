"""The question for SSHFP records: to a real name service, and to some that misbehave."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rrset
import pytest

from scanner.clients.faults import Fault
from scanner.clients.sshfp import SshfpAnswer, ask_sshfp
from scanner.model.reading import Reason
from scanner.wire.sshfp import Published
from tests.servers.dnsmasq import dnsmasq, sshfp
from tests.servers.packages import Prefix

NAME = "sftp.example.invalid"
DIGEST = b"\x11" * 32


async def ask(port: int, name: str = NAME, *, seconds: float = 5.0) -> SshfpAnswer:
    return await ask_sshfp(("127.0.0.1", port), name, seconds=seconds)


async def test_records_are_read_from_a_real_resolver(
    server_packages: Prefix, tmp_path: Path
) -> None:
    digits = sshfp(b"key", 4), sshfp(b"key", 4, 1)
    with dnsmasq([(NAME, each) for each in digits], tmp_path) as server:
        answer = await ask(server.port)
    assert not answer.authenticated
    found = {(each.algorithm, each.hash_type, each.fingerprint.hex()) for each in answer.records}
    assert found == {(4, 2, digits[0][4:]), (4, 1, digits[1][4:])}


async def test_a_name_without_records_has_none(server_packages: Prefix, tmp_path: Path) -> None:
    with dnsmasq([(NAME, sshfp(b"key", 4))], tmp_path, f"--address=/a.{NAME}/127.0.0.9") as server:
        assert (await ask(server.port, "other.example.invalid")).records == ()
        assert (await ask(server.port, f"a.{NAME}")).records == ()


async def test_an_alias_is_followed_within_the_answer(
    server_packages: Prefix, tmp_path: Path
) -> None:
    alias = f"--cname=files.example.invalid,{NAME}"
    with dnsmasq([(NAME, sshfp(b"key", 4))], tmp_path, alias) as server:
        answer = await ask(server.port, "files.example.invalid")
    assert [each.algorithm for each in answer.records] == [4]


async def test_a_cut_answer_is_asked_for_again_over_tcp(
    server_packages: Prefix, tmp_path: Path
) -> None:
    records = [(NAME, sshfp(b"key %d" % number, 4)) for number in range(60)]
    with dnsmasq(records, tmp_path, "--log-queries=extra") as server:
        answer = await ask(server.port)
    assert len(answer.records) == 60
    log = (tmp_path / "dnsmasq.log").read_text()
    # Each query has its number there: one was cut, and one came over TCP.
    assert set(re.findall(r": ([0-9]+) 127\.0\.0\.1/", log)) == {"1", "2"}


async def test_more_records_than_the_bound_are_left_out(
    server_packages: Prefix, tmp_path: Path
) -> None:
    records = [(NAME, sshfp(b"key %d" % number, 4)) for number in range(90)]
    with dnsmasq(records, tmp_path) as server:
        assert len((await ask(server.port)).records) == 64


async def test_a_resolver_that_refuses_is_told(server_packages: Prefix, tmp_path: Path) -> None:
    with dnsmasq([], tmp_path) as server, pytest.raises(Fault) as caught:
        await ask(server.port, "example.org")
    assert caught.value.reason is Reason.PROTOCOL_ERROR
    assert "REFUSED" in caught.value.detail


Behaviour = Callable[[bytes], list[bytes]]


class _Resolver(asyncio.DatagramProtocol):
    def __init__(self, behave: Behaviour) -> None:
        self._behave = behave
        self.asked: list[bytes] = []

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override] # the kind that UDP has
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.asked.append(data)
        for answer in self._behave(data):
            self._transport.sendto(answer, addr)


@asynccontextmanager
async def resolver(behave: Behaviour) -> AsyncIterator[tuple[int, _Resolver]]:
    loop = asyncio.get_running_loop()
    transport, served = await loop.create_datagram_endpoint(
        lambda: _Resolver(behave), local_addr=("127.0.0.1", 0)
    )
    try:
        yield transport.get_extra_info("sockname")[1], served
    finally:
        transport.close()


def answer_to(question: bytes, *, flags: int = 0, rdata: str = f"4 2 {DIGEST.hex()}") -> bytes:
    query = dns.message.from_wire(question)
    answer = dns.message.make_response(query)
    answer.flags |= flags
    answer.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", "SSHFP", rdata))
    return answer.to_wire()


async def test_the_resolvers_word_of_dnssec_is_kept_and_asked_for() -> None:
    for flags, authenticated in ((dns.flags.AD, True), (0, False)):
        async with resolver(lambda data, f=flags: [answer_to(data, flags=f)]) as (port, served):  # type: ignore[misc] # a bound default
            answer = await ask(port)
        assert answer == SshfpAnswer((Published(4, 2, DIGEST),), authenticated)
        query = dns.message.from_wire(served.asked[0])
        assert query.flags & dns.flags.AD
        assert query.question[0].name.to_text() == f"{NAME}."


def _wrong_id(data: bytes) -> list[bytes]:
    return [answer_to(bytes([data[0] ^ 1]) + data[1:])]


def _other_question(data: bytes) -> list[bytes]:
    other = dns.message.make_query("elsewhere.invalid", "SSHFP", id=int.from_bytes(data[:2], "big"))
    return [answer_to(other.to_wire())]


def _not_a_question(data: bytes) -> list[bytes]:
    answer = dns.message.make_response(dns.message.from_wire(data))
    answer.set_opcode(dns.opcode.UPDATE)
    return [answer.to_wire()]


def _pointer_loop(data: bytes) -> list[bytes]:
    head = data[:2] + b"\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00"
    return [head + b"\xc0\x0c\x00\x2c\x00\x01" + b"\xc0\x0c\x00\x2c\x00\x01\0\0\0\0\0\x02\x04\x02"]


def _short_record(data: bytes) -> list[bytes]:
    return [answer_to(data)[:-40]]


GARBAGE: dict[str, Behaviour] = {
    "silence": lambda _: [],
    "an empty datagram": lambda _: [b""],
    "noise": lambda _: [b"\xff" * 600],
    "the question itself": lambda data: [data],
    "another id": _wrong_id,
    "an answer to another question": _other_question,
    "an answer to no question": _not_a_question,
    "a name that points at itself": _pointer_loop,
    "half an answer": _short_record,
    "a flood": lambda _: [b"\x00" * 512] * 200,
    "an answer cut, and no TCP": lambda data: [answer_to(data, flags=dns.flags.TC)],
}


@pytest.mark.parametrize("behave", GARBAGE.values(), ids=GARBAGE)
async def test_a_resolver_that_misbehaves_is_a_fault_in_time(behave: Behaviour) -> None:
    async with resolver(behave) as (port, _served):
        with pytest.raises(Fault):
            await asyncio.wait_for(ask(port, seconds=0.5), 10)


async def test_noise_before_the_answer_is_passed_over() -> None:
    async with resolver(lambda data: [b"\xff" * 40, *_wrong_id(data), answer_to(data)]) as (
        port,
        _,
    ):
        assert (await ask(port)).records == (Published(4, 2, DIGEST),)


async def test_no_resolver_at_all_is_a_fault() -> None:
    async with resolver(lambda _: []) as (port, _served):
        pass
    with pytest.raises(Fault):
        await ask(port, seconds=0.5)


@pytest.mark.parametrize("name", ["a..b", "x" * 64 + ".invalid", "a" * 300])
async def test_a_name_that_is_none_is_a_fault(name: str) -> None:
    with pytest.raises(Fault):
        await ask(1, name, seconds=0.5)
