from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.engine.scope import MOST_ADDRESSES, Scope, SystemResolver
from scanner.errors import InputError
from scanner.intake.hosts import Address
from scanner.intake.scope_patterns import Network
from scanner.model.address import Admitted
from scanner.model.reading import Reason, Unobserved
from scanner.model.target import Authorisation, Exclusion


class Answers:
    """A resolver that gives one prepared answer after another, and remembers the questions."""

    def __init__(self, *answers: Sequence[str] | Exception) -> None:
        self.asked: list[str] = []
        self._answers = list(answers)

    async def __call__(self, host: str) -> list[Address]:
        self.asked.append(host)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return [ip_address(text) for text in answer]


def scope(*entries: str) -> Scope:
    return Scope(Authorisation(reference="M-1", scope=entries))


def reason(failure: Unobserved | None) -> Reason:
    assert failure is not None
    return failure.reason


async def test_every_address_in_scope_is_admitted_on_every_port_once() -> None:
    answers = Answers(["192.0.2.7", "2001:db8::7", "192.0.2.7"])
    found = await scope("*.example.org", "192.0.2.0/24", "2001:db8::/32").admit(
        "FTP.Example.org.", iter([21, 22, 21]), answers
    )
    assert found.admitted == tuple(
        Admitted(ip_address(ip), port, "FTP.Example.org.")
        for ip in ("192.0.2.7", "2001:db8::7")
        for port in (21, 22)
    )
    assert (found.out_of_scope, found.failure, found.omitted) == ((), None, 0)
    assert answers.asked == ["ftp.example.org"]


async def test_addresses_outside_the_listed_networks_are_named_and_not_admitted() -> None:
    found = await scope("ftp.example.org", "192.0.2.0/24").admit(
        "ftp.example.org", [21], Answers(["192.0.2.7", "198.51.100.7", "2001:db8::7"])
    )
    assert [str(admitted.ip) for admitted in found.admitted] == ["192.0.2.7"]
    assert found.out_of_scope == ("198.51.100.7", "2001:db8::7")
    assert found.failure is None


async def test_of_a_names_addresses_those_that_are_excluded_are_left_out() -> None:
    leave = Authorisation(reference="M-1", scope=("ftp.example.org", "192.0.2.0/24"))
    never = Exclusion(match="192.0.2.8/30", reason="pumps", until=date(2027, 1, 1))
    guarded = Scope(leave, (Exclusion(match="*.example.net", reason="x"), never))
    found = await guarded.admit(
        "ftp.example.org", [21], Answers(["192.0.2.9", "192.0.2.7", "::ffff:192.0.2.10"])
    )
    assert [str(admitted.ip) for admitted in found.admitted] == ["192.0.2.7"]
    assert found.out_of_scope == ("192.0.2.9", "192.0.2.10")
    none = await guarded.admit("ftp.example.org", [21], Answers(["192.0.2.9"]))
    assert none.admitted == ()
    assert none.failure == Unobserved(
        Reason.EXCLUDED,
        "ftp.example.org resolves to 192.0.2.9, excluded until 2027-01-01 by 192.0.2.8/30: pumps",
    )


async def test_an_excluded_host_is_not_even_resolved() -> None:
    leave = Authorisation(reference="M-1", scope=("*.example.org", "192.0.2.0/24"))
    never = (
        Exclusion(match="FTP.example.org", reason="x"),
        Exclusion(match="192.0.2.7", reason="y"),
    )
    answers = Answers()
    for host in ("ftp.example.org.", "192.0.2.7", "::ffff:192.0.2.7"):
        assert (
            reason((await Scope(leave, never).admit(host, [21], answers)).failure)
            is Reason.EXCLUDED
        )
    assert answers.asked == []


async def test_an_answer_that_leaves_the_scope_between_two_looks_is_refused() -> None:
    answers = Answers(["192.0.2.7"], ["127.0.0.1"], ["192.0.2.7"])
    guarded = scope("ftp.example.org", "192.0.2.0/24")
    looks = [await guarded.admit("ftp.example.org", [21], answers) for _ in range(3)]
    assert [len(look.admitted) for look in looks] == [1, 0, 1]
    assert reason(looks[1].failure) is Reason.OUT_OF_SCOPE
    assert looks[1].out_of_scope == ("127.0.0.1",)


@pytest.mark.parametrize(
    "host",
    ["ftp.example.net", "example.org", "192.0.2.7", "2130706433", "a b", "", "ftp.example.org:21"],
)
async def test_a_host_that_is_not_listed_is_not_even_resolved(host: str) -> None:
    answers = Answers()
    found = await scope("*.example.org").admit(host, [21], answers)
    assert reason(found.failure) is Reason.OUT_OF_SCOPE
    assert found.admitted == ()
    assert answers.asked == []


async def test_without_networks_a_listed_name_may_lead_anywhere_but_to_no_single_host() -> None:
    answers = Answers(["203.0.113.9", "0.0.0.0", "::", "224.0.0.1", "ff02::1", "255.255.255.255"])
    found = await scope("ftp.example.org").admit("ftp.example.org", [21], answers)
    assert [str(admitted.ip) for admitted in found.admitted] == ["203.0.113.9"]
    assert len(found.out_of_scope) == 5


async def test_a_single_address_admits_itself_and_joins_listed_networks() -> None:
    lone = scope("ftp.example.org", "192.0.2.7")
    assert (await lone.admit("192.0.2.7", [21])).admitted != ()
    assert reason((await lone.admit("192.0.2.8", [21])).failure) is Reason.OUT_OF_SCOPE
    both = scope("ftp.example.org", "192.0.2.7", "198.51.100.0/24")
    found = await both.admit("ftp.example.org", [21], Answers(["192.0.2.7", "192.0.2.8"]))
    assert [str(admitted.ip) for admitted in found.admitted] == ["192.0.2.7"]


async def test_an_ipv4_address_inside_ipv6_is_judged_and_dialled_as_ipv4() -> None:
    answers = Answers(["::ffff:192.0.2.7", "::ffff:198.51.100.7"])
    found = await scope("ftp.example.org", "192.0.2.0/24").admit("ftp.example.org", [21], answers)
    assert [admitted.ip for admitted in found.admitted] == [IPv4Address("192.0.2.7")]
    assert found.out_of_scope == ("198.51.100.7",)


async def test_an_ipv6_scope_does_not_let_mapped_addresses_in() -> None:
    guarded = scope("ftp.example.org", "2001:db8::/32")
    found = await guarded.admit("ftp.example.org", [21], Answers(["::ffff:127.0.0.1"]))
    assert reason(found.failure) is Reason.OUT_OF_SCOPE


async def test_a_zone_is_kept_for_link_local_addresses() -> None:
    guarded = scope("fe80::/10")
    found = await guarded.admit("fe80::1%eth0", [22])
    assert [admitted.ip for admitted in found.admitted] == [IPv6Address("fe80::1%eth0")]


async def test_international_names_are_asked_for_in_ascii() -> None:
    answers = Answers(["192.0.2.7"])
    await scope("*.büro.example.org").admit("FTP.Büro.example.org", [21], answers)
    assert answers.asked == ["ftp.xn--bro-hoa.example.org"]


@pytest.mark.parametrize(
    "answer", [[], OSError("no such name"), TimeoutError(), UnicodeError("label too long")]
)
async def test_a_name_without_addresses_is_not_resolved(answer: Sequence[str] | Exception) -> None:
    found = await scope("ftp.example.org").admit("ftp.example.org", [21], Answers(answer))
    assert reason(found.failure) is Reason.NAME_NOT_RESOLVED
    assert found.admitted == ()


async def test_a_flood_of_addresses_is_cut_and_counted() -> None:
    flood = [str(IPv4Address(0xC0000200 + number)) for number in range(100)]
    found = await scope("ftp.example.org").admit("ftp.example.org", [21], Answers(flood))
    assert len(found.admitted) == MOST_ADDRESSES
    assert found.omitted == 100 - MOST_ADDRESSES


@pytest.mark.parametrize(
    ("host", "admitted"),
    [
        ("localhost", True),
        ("LocalHost.", True),
        ("a.localhost", True),
        ("127.0.0.1", True),
        ("127.200.3.4", True),
        ("::1", True),
        ("[::1]", True),
        ("::ffff:127.0.0.1", True),
        ("128.0.0.1", False),
        ("0.0.0.0", False),
        ("::", False),
        ("127.1", False),
        ("localhost.example.org", False),
        ("192.0.2.7", False),
    ],
)
def test_loopback_is_this_machine_alone(host: str, *, admitted: bool) -> None:
    assert Scope.loopback_only().admits_name(host) is admitted


async def test_a_loopback_name_that_leads_elsewhere_is_refused() -> None:
    found = await Scope.loopback_only().admit("localhost", [21], Answers(["192.0.2.7", "::1"]))
    assert [str(admitted.ip) for admitted in found.admitted] == ["::1"]
    assert found.out_of_scope == ("192.0.2.7",)


async def test_the_scope_of_one_host_is_that_host_whatever_it_resolves_to() -> None:
    guarded = Scope.for_host("FTP.example.org")
    found = await guarded.admit("ftp.example.org.", [21], Answers(["203.0.113.9"]))
    assert len(found.admitted) == 1
    assert not guarded.admits_name("other.example.org")
    assert not guarded.admits_name("203.0.113.9")
    assert Scope.for_host("192.0.2.7").admits_name("::ffff:192.0.2.7")
    assert Scope.for_host("fe80::1%eth0").admits_name("fe80::1%eth0")


@pytest.mark.parametrize("host", ["*.example.org", "192.0.2.0/24", "*", "", "a b"])
def test_the_scope_of_one_host_is_never_a_pattern(host: str) -> None:
    with pytest.raises(InputError):
        Scope.for_host(host)


def test_an_empty_scope_covers_nothing() -> None:
    assert not scope().admits_name("ftp.example.org")
    assert not scope().admits_name("127.0.0.1")


NETWORKS = st.builds(
    lambda address, size: ip_network(f"{address}/{1 + size % address.max_prefixlen}", strict=False),
    st.ip_addresses(),
    st.integers(0, 127),
)


@given(
    st.lists(NETWORKS, min_size=1, max_size=4),
    st.lists(st.ip_addresses(), min_size=1, max_size=8),
)
def test_nothing_outside_the_listed_networks_is_ever_admitted(
    networks: list[Network], addresses: list[Address]
) -> None:
    guarded = scope("ftp.example.org", *map(str, networks))

    async def answer(host: str) -> list[Address]:
        return addresses

    found = asyncio.run(guarded.admit("ftp.example.org", [21], answer))
    for admitted in found.admitted:
        six = IPv6Address(0xFFFF << 32 | int(admitted.ip)) if admitted.ip.version == 4 else None
        assert any(admitted.ip in network or (six and six in network) for network in networks)
    assert len(found.admitted) + len(found.out_of_scope) <= len(set(addresses))
    assert (found.failure is None) is bool(found.admitted)


async def test_the_system_resolves_this_machine() -> None:
    found = await SystemResolver()("localhost")
    assert found
    assert all(address.is_loopback for address in found)


async def test_a_silent_resolver_is_given_up() -> None:
    with pytest.raises(TimeoutError):
        await SystemResolver(seconds=0)("localhost")
