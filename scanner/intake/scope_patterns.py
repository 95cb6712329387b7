"""What a scope lists: names, ``*.names``, addresses and networks. Pure; resolves nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias, TypeVar

from scanner.errors import InputError
from scanner.intake.hosts import Address, ascii_name, parse_host, unmapped, well_formed_name
from scanner.intake.problem import shown
from scanner.model.frozen import dataclass

Network: TypeAlias = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class NamePattern:
    """One name, or with ``below`` every name under it, but not the name itself."""

    name: str
    below: bool = False


Pattern: TypeAlias = NamePattern | Address | Network
"""What a scope entry can be."""


def parse_pattern(text: str) -> Pattern:
    """Return what one scope entry means.

    Raises ``InputError`` with one clause that names the mend.
    """
    if text.startswith("*."):
        return NamePattern(_pattern_name(text), below=True)
    if "*" in text:
        raise InputError(
            "has a star elsewhere than in '*.' at its start; write it as *.example.org"
        )
    if "/" in text and "://" not in text:
        return parse_network(text)
    host = parse_host(text)
    if isinstance(host, str):
        return NamePattern(host)
    if isinstance(host, IPv6Address) and host.scope_id is not None:
        raise InputError("names a zone; leave out % and what follows")
    return host


def parse_network(text: str) -> Network:
    """Return a network in CIDR form; ``InputError`` where it has host bits or is everything."""
    address, _, prefix = text.partition("/")
    try:
        network = ip_network(f"{ip_address(address)}/{prefix}", strict=False)
    except ValueError:
        raise InputError("is not a network; write it as 198.51.100.0/24 or 2001:db8::/32") from None
    if "%" in address:
        raise InputError("names a zone; leave out % and what follows it")
    if not prefix.isdigit():
        raise InputError(f"has a mask; write its length, as in {network}")
    if ip_address(address) != network.network_address:
        raise InputError(f"is an address inside {network}; write {network}")
    if network.prefixlen == 0:
        raise InputError("is the whole internet; list your own networks")
    return _unmapped_network(network)


def _unmapped_network(network: Network) -> Network:
    mapped = network.network_address
    if isinstance(mapped, IPv6Address) and mapped.ipv4_mapped and network.prefixlen >= 96:
        return IPv4Network((mapped.ipv4_mapped, network.prefixlen - 96))
    return network


def _pattern_name(text: str) -> str:
    name = ascii_name(text[2:])
    if not well_formed_name(name):
        raise InputError("is not a name pattern; write it as *.example.org")
    return name


@dataclass(frozen=True, slots=True)
class ScopePatterns:
    """A parsed scope. Networks are kept by family and prefix length, so a look costs little.

    ``addresses`` holds the single ones as numbers, by family: a million hosts may be the scope.
    They let that address in, but only networks keep names from resolving elsewhere.
    """

    names: frozenset[str] = frozenset()
    parents: frozenset[str] = frozenset()
    addresses: dict[int, frozenset[int]] = field(default_factory=dict)
    networks: dict[tuple[int, int], frozenset[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, texts: Iterable[str]) -> ScopePatterns:
        """Parse scope entries; raises ``InputError``, one line per entry that means nothing."""
        names: set[str] = set()
        parents: set[str] = set()
        addresses: dict[int, set[int]] = {}
        networks: dict[tuple[int, int], set[int]] = {}
        for pattern in _all_parsed(texts):
            if isinstance(pattern, NamePattern):
                (parents if pattern.below else names).add(pattern.name)
            elif isinstance(pattern, (IPv4Address, IPv6Address)):
                addresses.setdefault(pattern.version, set()).add(int(pattern))
            else:
                bucket = networks.setdefault((pattern.version, pattern.prefixlen), set())
                bucket.add(int(pattern.network_address))
        return cls(frozenset(names), frozenset(parents), _frozen(addresses), _frozen(networks))

    def admits_host(self, host: str | Address) -> bool:
        """Tell whether a host as returned by ``parse_host`` is listed: names by name patterns,
        addresses by addresses and networks.
        """
        if not isinstance(host, str):
            return self.holds(host)
        if host in self.names:
            return True
        labels = host.split(".")
        return any(".".join(labels[size:]) in self.parents for size in range(1, len(labels)))

    def admits_address(self, address: Address) -> bool:
        """Tell whether an admitted name may be dialled at ``address``: it is listed, or no
        network is.
        """
        return not self.networks or self.holds(address)

    def holds(self, address: Address) -> bool:
        """Tell whether ``address`` is listed, by itself or in a network."""
        plain = unmapped(address)
        family, bits = plain.version, int(plain)
        if bits in self.addresses.get(family, ()):
            return True
        width = 32 if family == 4 else 128
        for (version, size), bases in self.networks.items():
            if version == family and bits >> (width - size) << (width - size) in bases:
                return True
        return False


_Key = TypeVar("_Key")


def _frozen(buckets: dict[_Key, set[int]]) -> dict[_Key, frozenset[int]]:
    return {key: frozenset(bucket) for key, bucket in buckets.items()}


def _all_parsed(texts: Iterable[str]) -> Iterator[Pattern]:
    """Yield what each entry means; raise at the end what is wrong with any."""
    problems: list[str] = []
    for text in texts:
        try:
            yield parse_pattern(text)
        except InputError as error:
            problems.append(f"{shown(text)} {error}")
    if problems:
        raise InputError(*problems)
