"""What an SSH server says of itself before any credential: mostly over one connection."""

from __future__ import annotations

from dataclasses import field, replace
from typing import TYPE_CHECKING

from scanner.clients.dialer import Dialer
from scanner.clients.ssh_visit import TURNED_AWAY, SshVisit, VisitPlan, visit
from scanner.model.frozen import dataclass
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.ssh import AuthMethods, KexInit
from scanner.wire.ssh_keys import HOST_KEY_TYPES, key_type

if TYPE_CHECKING:
    from scanner.probes.ssh_older import OlderRoad

GROUPS = ((1024, 1024, 2048), (2048, 3072, 4096))
"""What a weak client and a modern one ask of a group exchange: smallest, preferred, largest."""

_MOST_CONNECTIONS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """One server's words and keys. ``blobs`` are host keys whose owner has proved to hold them.

    ``algorithms`` are those of host keys that it offers and that can be spoken. ``fault`` says why
    some offered key could not be read, the last one if several; ``turned_away`` why nobody should
    ask again.
    """

    visit: SshVisit
    blobs: tuple[bytes, ...] = ()
    algorithms: tuple[str, ...] = ()
    fault: Unobserved | None = None
    methods: Reading[AuthMethods] = field(default_factory=lambda: Unobserved(Reason.NOT_LOOKED_AT))
    turned_away: Unobserved | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How much to ask. ``username`` is whom to send a ``none`` request for, if anybody.

    Not ``whole``: one host key is enough, and nobody asks for ``groups`` and prompts.
    """

    username: str | None = None
    whole: bool = True
    groups: bool = True

    def plan(self) -> VisitPlan:
        """Return the visit that finds it out."""
        return VisitPlan(
            username=self.username,
            every_key=self.whole,
            groups=GROUPS if self.whole and self.groups else (),
            prompts=self.whole and self.username is not None,
            most_connections=_MOST_CONNECTIONS,
        )


async def survey(
    dialer: Dialer, asked: Asked, *, seconds: float, pause_seconds: float
) -> Reading[Survey]:
    """Read identification, offers, host keys, and what a user is offered.

    What our own transport cannot speak is asked once more through asyncssh, a connection each.
    Raises ``Fault`` where the port does not answer or another service does.
    """
    seen = await visit(dialer, asked.plan(), seconds=seconds, pause_seconds=pause_seconds)
    if isinstance(seen, Unobserved):
        return seen
    found = _of_visit(seen.value)
    if isinstance(seen.value.kexinit, Unobserved):
        return Observed(found)
    unread = _unread(found, seen.value) if asked.whole or not found.blobs else []
    unasked = asked.username if not seen.value.negotiated else None
    if unread or unasked is not None:
        # Few servers need it, and loading asyncssh takes longer than most scans.
        from scanner.probes.ssh_older import OlderRoad  # noqa: PLC0415 - see above

        road = OlderRoad(dialer, seconds, pause_seconds)
        closed = road.closed(seen.value.kexinit.value.kex)
        if closed is not None:
            return Observed(_in_vain(found, closed, asked=unasked is not None))
        for algorithms in unread:
            found = await _with_key(found, road, algorithms)
        if unasked is not None:
            found = await _with_methods(found, road, unasked)
    return Observed(found)


async def _with_key(found: Survey, road: OlderRoad, algorithms: tuple[str, ...]) -> Survey:
    if found.turned_away is not None:
        return found
    got = await road.key(algorithms)
    if isinstance(got, Unobserved):
        return _with_fault(found, got)
    return replace(found, blobs=tuple(dict.fromkeys((*found.blobs, got))))


async def _with_methods(found: Survey, road: OlderRoad, username: str) -> Survey:
    if found.turned_away is not None:
        return replace(found, methods=found.turned_away)
    heard = await road.methods(username, found.algorithms)
    if isinstance(heard, Unobserved) and heard.reason is not Reason.NOT_OFFERED:
        found = _with_fault(found, heard)
    return replace(found, methods=heard)


def _with_fault(found: Survey, why: Unobserved) -> Survey:
    away = why if why.reason in TURNED_AWAY else found.turned_away
    return replace(found, fault=why, turned_away=away)


def _in_vain(found: Survey, why: Unobserved, *, asked: bool) -> Survey:
    found = _with_fault(found, why)
    return replace(found, methods=why) if asked else found


def _of_visit(seen: SshVisit) -> Survey:
    fault = seen.keys_fault
    return Survey(
        visit=seen,
        blobs=seen.host_keys,
        algorithms=_spoken(seen.kexinit),
        fault=fault,
        methods=seen.methods,
        turned_away=fault if fault is not None and fault.reason in TURNED_AWAY else None,
    )


def _spoken(kexinit: Reading[KexInit]) -> tuple[str, ...]:
    if isinstance(kexinit, Unobserved):
        return ()
    offered = set(kexinit.value.host_key)
    return tuple(name for names in HOST_KEY_TYPES.values() for name in names if name in offered)


def _unread(found: Survey, seen: SshVisit) -> list[tuple[str, ...]]:
    """Return the algorithms of each type of key that our own transport could not read."""
    have = {key_type(blob) for blob in found.blobs}
    missing = [
        tuple(name for name in names if name in found.algorithms)
        for kind, names in HOST_KEY_TYPES.items()
        if kind not in have
    ]
    unspoken = set(seen.unspoken)
    if not seen.negotiated:
        unspoken.update(found.algorithms)
    return [names for names in missing if names and unspoken.issuperset(names)]
