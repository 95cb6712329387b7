"""Our own SSH transport on real servers, and beside asyncssh on each of them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import asyncssh
import pytest

from scanner.clients.faults import Fault
from scanner.clients.ssh import read_hello
from scanner.clients.ssh_offers import ask_methods, fetch_host_key
from scanner.clients.ssh_visit import SshVisit, VisitPlan, visit
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.ssh import AuthMethods, GroupExchange, Prompt
from scanner.wire.ssh import Identification
from scanner.wire.ssh_ciphers import CIPHERS, MACS
from scanner.wire.ssh_kex import KEY_EXCHANGES, Exchange, begin
from scanner.wire.ssh_keys import HOST_KEY_TYPES, key_type, read_key
from scanner.wire.ssh_signatures import CERTIFICATE
from tests.clients.ssh_lab import a_dialer, recording_server
from tests.hostile import ssh_endless_preamble, ssh_huge_packet, ssh_lying_name_list, ssh_says
from tests.hostile.endpoint import serving
from tests.servers import POSTURES, Openssh, Server
from tests.servers.fixtures import StartServer

GROUPS = ((1024, 1024, 8192), (2048, 2048, 2048))
WHOLE = VisitPlan(username="zz-1", groups=GROUPS, prompts=True)
PRODUCTS = ("openssh", "dropbear", "proftpd-sftp", "asyncssh", "paramiko", "tinysshd")
UNSPOKEN = {"openssh-post-quantum", "asyncssh-post-quantum", "proftpd-sftp-no-encryption"}
SSH = [name for name in POSTURES if name.startswith(PRODUCTS) and name not in UNSPOKEN]
ONLY_GROUP_EXCHANGE = {"openssh-group-exchange", "openssh-small-groups", "openssh-large-groups"}
"""These are left out on asyncssh's road: it lets a server name a prime that takes a minute."""
COMPARED = [name for name in SSH if name not in ONLY_GROUP_EXCHANGE]
RANDOM_TAIL = re.compile(r"(?<=tinyssh_20230101-1 )\w{8}$")


def settled(said: Identification) -> Identification:
    """tinysshd ends its identification in other characters each time."""
    return replace(said, line=RANDOM_TAIL.sub("", said.line))


async def visited(port: int, plan: VisitPlan = WHOLE, *, seconds: float = 10.0) -> SshVisit:
    reading = await visit(a_dialer(port), plan, seconds=seconds, pause_seconds=0.0)
    assert isinstance(reading, Observed)
    return reading.value


def value(reading: Reading[object]) -> object:
    assert isinstance(reading, Observed), reading
    return reading.value


def reason(reading: object) -> Reason:
    assert isinstance(reading, Unobserved), reading
    return reading.reason


@pytest.mark.parametrize("server", COMPARED, indirect=True)
async def test_what_we_see_is_what_asyncssh_sees(server: Server) -> None:
    ours = await visited(server.port)

    hello = await read_hello(a_dialer(server.port), seconds=5)
    assert isinstance(hello, Observed)
    assert settled(ours.identification) == settled(hello.value.identification)
    assert ours.kexinit == hello.value.kexinit
    assert isinstance(ours.kexinit, Observed)
    offered = ours.kexinit.value.host_key
    theirs = [
        await fetch_host_key(a_dialer(server.port), names, seconds=5)
        for kind, kinds in HOST_KEY_TYPES.items()
        if not kind.endswith(CERTIFICATE)  # of which it shows the key inside
        if (names := [name for name in kinds if name in offered])
    ]
    plain = [blob for blob in ours.host_keys if not key_type(blob).endswith(CERTIFICATE)]
    assert sorted(plain) == sorted(theirs)
    assert {read_key(blob).fingerprint for blob in ours.host_keys} >= {
        key.fingerprint for key in server.host_keys
    }
    assert (ours.negotiated, ours.keys_fault) == (True, None)
    methods = await ask_methods(a_dialer(server.port), "zz-1", offered, seconds=5)
    assert value(ours.methods) == methods


@pytest.mark.parametrize("server", SSH, indirect=True)
async def test_one_connection_a_host_key_is_enough_for_everything(server: Server) -> None:
    ours = await visited(server.port)
    server.settle()

    groups = () if isinstance(ours.group_exchange, Unobserved) else ours.group_exchange.value
    refused = sum(group.given is None for group in groups)  # which takes the connection with it
    least = max(len(ours.host_keys), len(groups) + 1 if groups else 0)
    assert ours.keys_fault is None
    assert server.accepted_connections() <= least + refused


@pytest.mark.parametrize("server", ["openssh-keyboard-interactive"], indirect=True)
async def test_openssh_tells_its_extensions_prompts_and_groups(server: Server) -> None:
    ours = await visited(server.port)

    assert isinstance(ours.extensions, Observed)
    told = {each.name: each.value for each in ours.extensions.value}
    assert "rsa-sha2-512" in told["server-sig-algs"].split(",")
    assert value(ours.prompts) == (Prompt(text="Password: ", echo=False),)
    assert isinstance(ours.group_exchange, Observed)
    wide, narrow = ours.group_exchange.value
    assert (wide.smallest_asked, wide.preferred, wide.largest_asked) == GROUPS[0]
    assert wide.given is not None
    assert wide.given >= 2048
    assert narrow.given in {None, 2048}


@pytest.mark.parametrize("server", ["openssh-keyboard-interactive"], indirect=True)
async def test_only_connections_that_say_nothing_further_are_sealed_lightly(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    lightly: list[bool] = []

    def begun(*given: Any, fleeting: bool) -> Exchange:
        lightly.append(fleeting)
        return begin(*given, fleeting=fleeting)

    monkeypatch.setattr("scanner.clients.ssh_visit.begin", begun)
    seen = await visited(server.port)

    assert lightly == [False] + [True] * (len(lightly) - 1)
    assert len(lightly) > len(GROUPS)
    assert len(seen.host_keys) == len(server.host_keys)
    assert isinstance(seen.group_exchange, Observed)
    assert seen.group_exchange.value[0].given


async def test_a_server_that_refuses_every_size_is_an_observation(
    start_server: StartServer,
) -> None:
    server = start_server(Openssh(key_exchanges="diffie-hellman-group-exchange-sha256"))
    plan = VisitPlan(groups=((1024, 1024, 1024), (1024, 1024, 8192)))

    ours = await visited(server.port, plan)

    assert isinstance(ours.group_exchange, Observed)
    assert ours.group_exchange.value[0] == GroupExchange(
        smallest_asked=1024, preferred=1024, largest_asked=1024, given=None
    )


@pytest.mark.parametrize("kex", [name for name in KEY_EXCHANGES if "libssh" not in name])
async def test_every_key_exchange_is_spoken(start_server: StartServer, kex: str) -> None:
    server = start_server(Openssh(key_exchanges=kex))

    ours = await visited(server.port, VisitPlan(username="zz-1"))

    assert len(ours.host_keys) == 3
    assert isinstance(ours.methods, Observed)


def _cipher_pairs() -> list[tuple[str, str]]:
    pairs = [(cipher, "hmac-sha2-256") for cipher in CIPHERS]
    return pairs + [("aes128-ctr", mac) for mac in MACS if mac != "hmac-sha2-256"]


@pytest.mark.parametrize(("cipher", "mac"), _cipher_pairs())
async def test_every_cipher_and_mac_is_spoken(
    start_server: StartServer, cipher: str, mac: str
) -> None:
    server = start_server(Openssh(ciphers=cipher, macs=mac))

    ours = await visited(server.port, VisitPlan(username="zz-1", every_key=False))

    assert isinstance(ours.methods, Observed)
    assert isinstance(ours.extensions, Observed)
    assert ours.methods.value.methods == ("publickey", "password")


async def test_a_banner_is_kept_within_bounds(start_server: StartServer) -> None:
    async with recording_server(greeting="\x1b[2Jhello " * 900) as (port, _, _):
        ours = await visited(port)

    assert isinstance(ours.methods, Observed)
    assert ours.methods.value.banner.startswith("\\x1b[2Jhello")
    assert len(ours.methods.value.banner) <= 2_000


async def test_a_user_who_is_let_in_without_anything_is_told() -> None:
    async with recording_server(without_authentication=True) as (port, _, _):
        ours = await visited(port)

    assert value(ours.methods) == AuthMethods(none_accepted=True, methods=())
    assert reason(ours.prompts) is Reason.NOT_OFFERED


async def test_nothing_in_common_leaves_the_offers(start_server: StartServer) -> None:
    kex = "sntrup761x25519-sha512@openssh.com"
    server = start_server(Openssh(key_exchanges=kex))

    ours = await visited(server.port)

    assert not ours.negotiated
    assert isinstance(ours.kexinit, Observed)
    assert kex in ours.kexinit.value.kex
    assert reason(ours.methods) is Reason.NOT_LOOKED_AT


async def test_a_budget_of_connections_is_kept_and_told(start_server: StartServer) -> None:
    server = start_server(Openssh())
    dialer = a_dialer(server.port)

    reading = await visit(dialer, VisitPlan(most_connections=2), seconds=5, pause_seconds=0)

    assert isinstance(reading, Observed)
    assert dialer.meter.connections == 2
    assert len(reading.value.host_keys) == 2
    assert reason(reading.value.keys_fault) is Reason.CONNECTION_BUDGET


class _Liar(asyncssh.SSHServer):
    """A server like any other: the lies are told elsewhere."""


@asynccontextmanager
async def lying(monkeypatch: pytest.MonkeyPatch, **replaced: object) -> AsyncIterator[int]:
    """Yield the port of an asyncssh server with some of its methods replaced."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    for name, stand_in in replaced.items():
        monkeypatch.setattr(type(key), name, stand_in)
    server = await asyncssh.listen(
        "127.0.0.1", 0, server_factory=_Liar, server_host_keys=[key], config=None, gss_host=None
    )
    try:
        yield server.get_port()
    finally:
        server.close()
        await server.wait_closed()


async def test_a_signature_that_does_not_verify_gives_no_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def forged(self: object, data: bytes, sig_algorithm: bytes) -> bytes:
        del self, data, sig_algorithm
        name = b"ssh-ed25519"
        return len(name).to_bytes(4, "big") + name + (64).to_bytes(4, "big") + bytes(64)

    async with lying(monkeypatch, sign=forged) as port:
        ours = await visited(port, VisitPlan(username="zz-1"))

    assert ours.host_keys == ()
    assert ours.keys_fault == Unobserved(
        Reason.PROTOCOL_ERROR, "the signature of the host key does not verify"
    )
    assert reason(ours.methods) is Reason.PROTOCOL_ERROR


@pytest.mark.parametrize(
    "behaviour", [ssh_huge_packet(), ssh_lying_name_list()], ids=["packet", "names"]
)
async def test_a_kexinit_that_lies_leaves_the_identification(behaviour: object) -> None:
    async with serving(behaviour) as endpoint:  # type: ignore[arg-type]
        ours = await visited(endpoint.port, seconds=2)

    assert re.match("SSH-2.0-", ours.identification.line)
    assert reason(ours.kexinit) is Reason.PROTOCOL_ERROR
    assert ours.host_keys == ()


async def test_what_never_identifies_itself_raises() -> None:
    async with serving(ssh_endless_preamble()) as endpoint:
        with pytest.raises(Fault):
            await visited(endpoint.port, seconds=1)


async def test_a_server_that_is_too_busy_is_throttled_and_asked_once() -> None:
    said = b"Exceeded MaxStartups\r\n"
    async with serving(ssh_says(said)) as endpoint:
        reading = await visit(a_dialer(endpoint.port), WHOLE, seconds=2, pause_seconds=0)

    assert reason(reading) is Reason.THROTTLED
    assert len(endpoint.connections) == 1
