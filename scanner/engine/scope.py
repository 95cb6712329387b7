"""May this address be touched? Asked once per address, before anything is dialled."""

from __future__ import annotations

import asyncio
import dataclasses
import socket
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Protocol

from scanner.errors import InputError
from scanner.intake.hosts import Address, canonical_host, parse_host, unmapped
from scanner.intake.problem import shown
from scanner.intake.scope_patterns import ScopePatterns
from scanner.model.address import Admitted
from scanner.model.frozen import dataclass
from scanner.model.reading import Reason, Unobserved
from scanner.model.target import Authorisation, Exclusion
from scanner.model.text import neutralise

MOST_ADDRESSES = 64
"""Addresses of one name that are let in; those beyond are counted, and not dialled."""

_LOOPBACK = ("localhost", "*.localhost", "127.0.0.0/8", "::1/128")
_BROADCAST = IPv4Address("255.255.255.255")


class Resolver(Protocol):
    """Looks up the addresses of a name. Raises ``OSError`` when it has none."""

    async def __call__(self, host: str) -> Sequence[Address]:
        """Return the addresses of ``host``, given in its ASCII form."""
        ...


@dataclass(frozen=True, slots=True)
class SystemResolver:
    """Asks the operating system, for at most ``seconds``."""

    seconds: float = 5.0

    async def __call__(self, host: str) -> tuple[Address, ...]:
        """Return the addresses that the system has for ``host``; ``OSError`` otherwise."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(self.seconds):
            found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        return tuple(ip_address(entry[4][0]) for entry in found)


@dataclass(frozen=True, slots=True)
class Admission:
    """What scope said of one host: what may be dialled, and what may not.

    ``failure`` is set exactly when nothing is admitted. ``omitted`` counts the addresses in scope
    that lie beyond the bound.
    """

    admitted: tuple[Admitted, ...] = ()
    out_of_scope: tuple[str, ...] = ()
    failure: Unobserved | None = None
    omitted: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Scope:
    """What one authorisation covers: its names, and its networks for every address dialled.
    ``exclude`` goes before it.

    An empty list covers nothing. Raises ``InputError``, one line per entry that means nothing.
    """

    authorisation: Authorisation
    exclude: tuple[Exclusion, ...] = ()
    patterns: ScopePatterns = dataclasses.field(init=False)
    barred: ScopePatterns = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "patterns", ScopePatterns.of(self.authorisation.scope))
        barred = ScopePatterns.of(each.match for each in self.exclude)
        object.__setattr__(self, "barred", barred)

    @classmethod
    def for_host(cls, host: str, reference: str = "") -> Scope:
        """Return the scope of one host: an address, or a name whatever it resolves to.

        Raises ``InputError`` for text that is no host.
        """
        try:
            listed = canonical_host(host).partition("%")[0]
        except InputError as error:
            raise InputError(f"{shown(host)} {error}") from None
        return cls(Authorisation(reference=reference, scope=(listed,)))

    @classmethod
    def loopback_only(cls) -> Scope:
        """Return the scope that needs no authorisation: this machine, under its own names."""
        return cls(Authorisation(reference="loopback", scope=_LOOPBACK))

    def admits_name(self, host: str) -> bool:
        """Tell whether a host as written is listed. Text that is no host never is."""
        try:
            return self.patterns.admits_host(parse_host(host))
        except InputError:
            return False

    def exclusion_of(self, host: str | Address) -> str:
        """Return why a host, or an address that a name leads to, is excluded; empty: it is not."""
        parsed = _parsed(host) if self.exclude else None
        if parsed is None or not self.barred.admits_host(parsed):
            return ""
        hits = (each for each in self.exclude if ScopePatterns.of([each.match]).admits_host(parsed))
        return next((told_exclusion(each) for each in hits), "excluded")

    async def admit(
        self, host: str, ports: Iterable[int], resolver: Resolver | None = None
    ) -> Admission:
        """Resolve ``host`` and return what of it may be dialled on ``ports``.

        A name that is not listed is not even resolved. Nothing is remembered between calls: an
        answer that has left the scope since is refused.
        """
        parsed = _parsed(host)
        if parsed is None or not self.patterns.admits_host(parsed):
            detail = f"{neutralise(host, 80)} is not in the authorised scope"
            return Admission(failure=Unobserved(Reason.OUT_OF_SCOPE, detail))
        if self.exclude and (why := self.exclusion_of(host)):
            return Admission(failure=Unobserved(Reason.EXCLUDED, why))
        wanted = tuple(dict.fromkeys(ports))
        if not isinstance(parsed, str):
            return self._listed(host, parsed, wanted)
        try:
            answer = await (resolver or SystemResolver())(parsed)
        except TimeoutError:
            return Admission(failure=_unresolved(host, "no answer from the resolver in time"))
        except (OSError, UnicodeError):
            return Admission(failure=_unresolved(host, "the name has no address"))
        return self._sorted(host, answer, wanted)

    def _listed(self, host: str, address: Address, ports: Sequence[int]) -> Admission:
        """Return what is said of a host that is itself an address, is listed and not excluded."""
        if not _names_one_host(address):
            return self._sorted(host, [address], ports)
        return Admission(admitted=tuple([Admitted(address, port, host) for port in ports]))

    def _sorted(self, host: str, answer: Sequence[Address], ports: Sequence[int]) -> Admission:
        if not answer:
            return Admission(failure=_unresolved(host, "the name has no address"))
        distinct = list(dict.fromkeys(map(unmapped, answer)))
        covered = [address for address in distinct if self._admits(address)]
        let_in = covered[:MOST_ADDRESSES]
        left_out = tuple(str(address) for address in distinct if address not in covered)
        failure = None
        if not let_in:
            failure = self._nowhere(host, distinct)
        return Admission(
            admitted=tuple(
                Admitted(address, port, host) for address in let_in for port in dict.fromkeys(ports)
            ),
            out_of_scope=left_out[:MOST_ADDRESSES],
            failure=failure,
            omitted=len(covered) - len(let_in),
        )

    def _nowhere(self, host: str, addresses: Sequence[Address]) -> Unobserved:
        """Return why none of the addresses of a name may be dialled."""
        for address in addresses:
            if why := self.exclusion_of(address):
                detail = f"{neutralise(host, 80)} resolves to {address}, {why}"
                return Unobserved(Reason.EXCLUDED, detail)
        detail = f"{neutralise(host, 80)} resolves to {addresses[0]}, which is out of scope"
        return Unobserved(Reason.OUT_OF_SCOPE, detail)

    def _admits(self, address: IPv4Address | IPv6Address) -> bool:
        """Tell whether an address may be dialled."""
        if not _names_one_host(address) or not self.patterns.admits_address(address):
            return False
        return not (self.exclude and self.barred.holds(address))


def told_exclusion(exclusion: Exclusion) -> str:
    """Return what excludes something, as a person reads it."""
    until = f" until {exclusion.until}" if exclusion.until else ""
    return f"excluded{until} by {exclusion.match}: {neutralise(exclusion.reason, 200)}"


def _parsed(host: str | Address) -> str | Address | None:
    """Return a host as patterns know it; ``None`` for text that is none."""
    if not isinstance(host, str):
        return unmapped(host)
    try:
        return parse_host(host)
    except InputError:
        return None


def _names_one_host(address: Address) -> bool:
    """Tell whether an address is one host's: the unspecified one would reach this machine."""
    return not (address.is_unspecified or address.is_multicast or address == _BROADCAST)


def _unresolved(host: str, why: str) -> Unobserved:
    return Unobserved(Reason.NAME_NOT_RESOLVED, f"{neutralise(host, 80)}: {why}")
