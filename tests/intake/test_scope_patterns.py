from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.errors import InputError
from scanner.intake.hosts import Address, parse_host, unmapped
from scanner.intake.scope_patterns import Network, ScopePatterns, parse_pattern

ADDRESSES = st.ip_addresses()
NETWORKS = st.builds(
    lambda address, size: ip_network(f"{address}/{1 + size % address.max_prefixlen}", strict=False),
    ADDRESSES,
    st.integers(0, 127),
)


def covers(scope: list[str], host: str) -> bool:
    return ScopePatterns.of(scope).admits_host(parse_host(host))


@pytest.mark.parametrize(
    ("pattern", "host", "covered"),
    [
        ("ftp.example.org", "FTP.example.ORG.", True),
        ("FTP.Example.org.", "ftp.example.org", True),
        ("ftp.example.org", "x.ftp.example.org", False),
        ("ftp.example.org", "ftp.example.org.example.net", False),
        ("*.example.org", "ftp.example.org", True),
        ("*.example.org", "a.b.example.org", True),
        ("*.example.org", "example.org", False),
        ("*.example.org", "ftp.badexample.org", False),
        ("*.büro.example.org", "a.xn--bro-hoa.example.org", True),
        ("192.0.2.7", "192.0.2.7", True),
        ("192.0.2.7", "192.0.2.8", False),
        ("192.0.2.0/24", "::ffff:192.0.2.200", True),
        ("192.0.2.0/24", "192.0.3.0", False),
        ("2001:db8::/32", "2001:db8:ffff::1", True),
        ("2001:db8::/32", "[2001:DB9::1]", False),
        ("::ffff:192.0.2.0/120", "192.0.2.9", True),
        ("fe80::/10", "fe80::1%eth0", True),
        ("192.0.2.0/24", "ftp.example.org", False),
        ("*.example.org", "192.0.2.7", False),
    ],
)
def test_names_need_name_patterns_and_addresses_need_addresses(
    pattern: str, host: str, *, covered: bool
) -> None:
    assert covers([pattern], host) is covered


@pytest.mark.parametrize(
    "text",
    ["", "*", "*.", "a.*", "*.*.example.org", "*example.org", "192.0.2.0/", "192.0.2.0/24/1",
     "192.0.2.0/-1", "192.0.2.0/255.255.255.0", "192.0.2.1/24", "::/0", "0.0.0.0/0",
     "example.org/24", "https://example.org/", "fe80::1%eth0", "fe80::%eth0/64", "1.2.3"],
)  # fmt: skip
def test_what_means_nothing_or_everything_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_pattern(text)


def test_every_bad_entry_is_told() -> None:
    with pytest.raises(InputError) as caught:
        ScopePatterns.of(["*", "ftp.example.org", "0.0.0.0/0"])
    assert len(caught.value.problems) == 2


@given(st.lists(NETWORKS, min_size=1, max_size=5), ADDRESSES)
def test_an_address_is_held_exactly_when_a_network_contains_it(
    networks: list[Network], address: Address
) -> None:
    scope = ScopePatterns.of([str(network) for network in networks])
    plain = unmapped(address)
    expected = any(plain in ip_network(str(network)) for network in networks)
    mapped = any(
        network.version == 6 and network.network_address.ipv4_mapped and network.prefixlen >= 96
        for network in networks
    )
    assert scope.holds(address) is expected or mapped
    assert scope.admits_address(address) is scope.holds(address)


@given(ADDRESSES)
def test_single_addresses_restrict_no_name(address: Address) -> None:
    scope = ScopePatterns.of(["ftp.example.org", "192.0.2.7"])
    assert scope.admits_address(address)
    assert scope.holds(address) is (unmapped(address) == ip_address("192.0.2.7"))
