"""One visit to an SSH server: everything that it says before a credential, in few connections."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import replace

from scanner.clients.dialer import Dialer
from scanner.clients.faults import Fault
from scanner.clients.ssh import Meeting, meet
from scanner.clients.ssh_transport import SshTransport
from scanner.model.frozen import dataclass
from scanner.model.reading import UNASKED, Observed, Reading, Reason, Unobserved
from scanner.model.ssh import AuthMethods, GroupExchange, KexInit, Prompt, SshExtension
from scanner.wire.ssh import Identification
from scanner.wire.ssh_kex import GROUP_EXCHANGE, GroupExchangeRequest, begin
from scanner.wire.ssh_keys import HOST_KEY_TYPES
from scanner.wire.ssh_negotiation import Agreement, agree
from scanner.wire.ssh_signatures import CERTIFICATE, VERIFIABLE

Bounds = tuple[int, int, int]

TURNED_AWAY = frozenset(
    {
        Reason.THROTTLED,
        Reason.CLOSED,
        Reason.FILTERED,
        Reason.UNREACHABLE,
        Reason.CONNECTION_BUDGET,
    }
)
"""What a server that answered before says when it will not answer again: then nobody asks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitPlan:
    """What to ask in one visit.

    ``username`` is whom to send one ``none`` request for, if anybody, and ``prompts`` whether to
    see the prompts of keyboard-interactive besides. ``every_key``: a host key of each type that
    is offered, not the first alone. ``groups`` are bits to ask of group exchanges: smallest,
    preferred, largest.
    """

    username: str | None = None
    every_key: bool = True
    groups: tuple[Bounds, ...] = ()
    prompts: bool = False
    most_connections: int = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class SshVisit:
    """What a server said. ``host_keys`` are blobs whose signatures have verified, as they came.

    ``keys_fault`` says why some offered key was not read, the last one if several; ``unspoken``
    are offered algorithms of host keys that are not spoken here. ``negotiated`` is false where
    the two sides have no algorithms in common: nothing beyond the offers was asked then.
    """

    identification: Identification
    kexinit: Reading[KexInit]
    host_keys: tuple[bytes, ...] = ()
    keys_fault: Unobserved | None = None
    unspoken: tuple[str, ...] = ()
    group_exchange: Reading[tuple[GroupExchange, ...]] = UNASKED
    extensions: Reading[tuple[SshExtension, ...]] = UNASKED
    methods: Reading[AuthMethods] = UNASKED
    prompts: Reading[tuple[Prompt, ...]] = UNASKED
    negotiated: bool = False


async def visit(
    dialer: Dialer, plan: VisitPlan, *, seconds: float, pause_seconds: float
) -> Reading[SshVisit]:
    """Ask what the plan wants, one connection at a time, ``pause_seconds`` apart.

    The first connection tells the offers, a host key, the extensions, and what the user is
    offered; each further one tells a host key of another type, or a group, or both. ``seconds``
    bounds each step. ``Unobserved`` as throttled where the server closes without a word. Raises
    ``Fault`` where the port does not answer or another service does; behind the identification
    nothing raises.
    """
    met = await meet(dialer, seconds=seconds, pause_seconds=pause_seconds)
    if isinstance(met, Unobserved):
        return met
    hello = met.value.hello
    seen = SshVisit(identification=hello.identification, kexinit=hello.kexinit)
    if isinstance(hello.kexinit, Unobserved):
        met.value.stream.abort()
        return Observed(seen)
    visitor = _Visitor(dialer, plan, hello.kexinit.value, seconds, pause_seconds)
    return Observed(await visitor.look(met.value, seen))


class _Visitor:
    def __init__(
        self,
        dialer: Dialer,
        plan: VisitPlan,
        offers: KexInit,
        seconds: float,
        pause_seconds: float,
    ) -> None:
        self._dialer = dialer
        self._plan = plan
        self._offers = offers
        self._seconds = seconds
        self._pause = pause_seconds
        self._left = plan.most_connections
        self._keys: list[bytes] = []
        self._groups: list[GroupExchange] = []
        self._to_ask = [*plan.groups] if set(GROUP_EXCHANGE) & set(offers.kex) else []
        self._fault: Unobserved | None = None

    async def look(self, meeting: Meeting, seen: SshVisit) -> SshVisit:
        types, unspoken = _offered(self._offers)
        agreement = agree(self._offers, types[0]) if types else None
        if agreement is None:
            meeting.stream.abort()
            return replace(seen, unspoken=unspoken)
        try:
            async with asyncio.timeout(self._seconds * 4):
                seen = await self._first(meeting, seen, agreement)
        except TimeoutError:
            self._fault = Unobserved(Reason.TIMEOUT, "no answer in time")
        finally:
            meeting.stream.abort()
        await self._further(types[1:] if self._plan.every_key else [])
        return replace(
            seen,
            host_keys=tuple(self._keys),
            keys_fault=self._fault,
            unspoken=unspoken,
            group_exchange=self._group_reading(),
            negotiated=True,
        )

    async def _first(self, meeting: Meeting, seen: SshVisit, agreement: Agreement) -> SshVisit:
        """Take everything that the first connection can tell, as far as it goes."""
        transport = SshTransport(meeting, seconds=self._seconds)
        try:
            self._keys.append(await self._exchange(transport, agreement, finish=True))
        except Fault as fault:
            self._fault = fault.reading
            return self._without(seen, fault.reading)
        try:
            await transport.begin_authentication()
        except Fault as fault:
            return self._without(seen, fault.reading)
        seen = replace(seen, extensions=Observed(transport.extensions))
        if self._plan.username is None:
            return seen
        return await self._user(transport, seen, self._plan.username)

    def _without(self, seen: SshVisit, why: Unobserved) -> SshVisit:
        seen = replace(seen, extensions=why)
        if self._plan.username is None:
            return seen
        return replace(seen, methods=why, prompts=why if self._plan.prompts else seen.prompts)

    async def _user(self, transport: SshTransport, seen: SshVisit, username: str) -> SshVisit:
        try:
            heard = await transport.methods(username)
        except Fault as fault:
            return replace(self._without(seen, fault.reading), extensions=seen.extensions)
        seen = replace(seen, methods=Observed(heard))
        if not self._plan.prompts:
            return seen
        if "keyboard-interactive" not in heard.methods:
            none = Unobserved(Reason.NOT_OFFERED, "keyboard-interactive is not offered")
            return replace(seen, prompts=none)
        try:
            prompts: Reading[tuple[Prompt, ...]] = Observed(await transport.prompts(username))
        except Fault as fault:
            prompts = fault.reading
        # A banner may come late, in front of the prompts.
        heard = replace(heard, banner=transport.banner)
        return replace(seen, methods=Observed(heard), prompts=prompts)

    async def _further(self, types: Sequence[tuple[str, ...]]) -> None:
        """Ask for the other host keys, and in the same breath for groups."""
        again = [names for names in types if not await self._round(names)]
        while self._to_ask and await self._may_go_on():
            await self._connect(self._any_type(), group=True)
        for names in again:
            if await self._may_go_on():
                await self._connect(names, group=False)

    async def _round(self, names: tuple[str, ...]) -> bool:
        """Return whether the key is there, or cannot be had; not where the group was in its way."""
        group = bool(self._to_ask)
        if not await self._may_go_on():
            return True
        return await self._connect(names, group=group) or not group

    def _any_type(self) -> tuple[str, ...]:
        return tuple(name for names in _offered(self._offers)[0] for name in names)

    async def _may_go_on(self) -> bool:
        self._left -= 1
        away = self._fault is not None and self._fault.reason in TURNED_AWAY
        if self._left <= 0 and not away:
            self._fault = Unobserved(Reason.CONNECTION_BUDGET, "no connection is left for it")
        if away or self._left <= 0:
            return False
        await asyncio.sleep(self._pause)
        return True

    async def _connect(self, names: tuple[str, ...], *, group: bool) -> bool:
        """Exchange keys over a connection of its own; return whether a host key was shown."""
        try:
            met = await meet(self._dialer, seconds=self._seconds, tries=1)
            if isinstance(met, Observed):
                await self._show(met.value, names, GROUP_EXCHANGE if group else ())
                return True
            fault = met
        except Fault as error:
            fault = _gone(error.reading)
        if not group or fault.reason in TURNED_AWAY:
            self._fault = fault
        return False

    async def _show(self, meeting: Meeting, names: tuple[str, ...], first: tuple[str, ...]) -> None:
        transport = SshTransport(meeting, seconds=self._seconds)
        try:
            kexinit = meeting.hello.kexinit
            if isinstance(kexinit, Unobserved):
                raise Fault(kexinit.reason, kexinit.detail)
            agreement = agree(kexinit.value, names, first=first)
            if agreement is None:
                raise Fault(Reason.PROTOCOL_ERROR, "the server offers something else each time")
            async with asyncio.timeout(self._seconds * 2):
                blob = await self._exchange(transport, agreement, finish=False)
        except TimeoutError:
            raise Fault(Reason.TIMEOUT, "no answer in time") from None
        finally:
            transport.leave()
        if blob not in self._keys:
            self._keys.append(blob)

    async def _exchange(
        self, transport: SshTransport, agreement: Agreement, *, finish: bool
    ) -> bytes:
        """Exchange keys, and keep what group was given on the way, or that none was.

        Raises ``Fault``.
        """
        asks = agreement.kex in GROUP_EXCHANGE and bool(self._to_ask)
        bounds = self._to_ask.pop(0) if asks else None
        kex = begin(agreement.kex, os.urandom, bounds, fleeting=not finish)
        skip = self._offers.guesses and not agreement.guessed(self._offers)
        sense = True
        try:
            return await transport.exchange(agreement, kex, skip=skip, finish=finish)
        except Fault as fault:
            sense = fault.reason is not Reason.PROTOCOL_ERROR
            raise
        finally:
            if sense and bounds is not None and isinstance(kex, GroupExchangeRequest):
                self._groups.append(_group(bounds, kex.given))

    def _group_reading(self) -> Reading[tuple[GroupExchange, ...]]:
        if not set(GROUP_EXCHANGE) & set(self._offers.kex):
            return Unobserved(Reason.NOT_OFFERED, "no group exchange is offered")
        if not self._groups and self._plan.groups:
            return self._fault or Unobserved(Reason.CONNECTION_LOST, "no group was named")
        return Observed(tuple(self._groups)) if self._plan.groups else UNASKED


def _gone(fault: Unobserved) -> Unobserved:
    """Silence behind a conversation is how a ban looks from outside."""
    if fault.reason is not Reason.TIMEOUT:
        return fault
    return Unobserved(Reason.THROTTLED, "it answered before and is silent now")


def _group(bounds: Bounds, given: int | None) -> GroupExchange:
    smallest, preferred, largest = bounds
    return GroupExchange(
        smallest_asked=smallest, preferred=preferred, largest_asked=largest, given=given
    )


def _offered(offers: KexInit) -> tuple[list[tuple[str, ...]], tuple[str, ...]]:
    """Return the algorithms of each type of host key that is spoken, and those that are not."""
    types: list[tuple[str, ...]] = []
    for names in HOST_KEY_TYPES.values():
        spoken = tuple(name for name in names if name in offers.host_key and _verifiable(name))
        if spoken:
            types.append(spoken)
    known = {name for names in types for name in names}
    return types, tuple(name for name in offers.host_key if name not in known)


def _verifiable(algorithm: str) -> bool:
    return algorithm.removesuffix(CERTIFICATE) in VERIFIABLE
