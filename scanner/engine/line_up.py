"""The addresses of one name, put side by side before any of them is sent a secret."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from scanner.clients.dialer import MOST_CONNECTIONS, Dialer
from scanner.clients.effort import EffortMeter
from scanner.clients.faults import Fault
from scanner.engine.plan import ssh_connections
from scanner.errors import ScannerError
from scanner.model.address import Admitted
from scanner.model.attempts import limit_key
from scanner.model.observation import EndpointObservation, IdentityDifference
from scanner.model.reading import Reason, Unobserved
from scanner.model.target import Endpoint, Protocol, Target
from scanner.probes.context import EvidenceLog
from scanner.probes.locks import KeyedLocks

if TYPE_CHECKING:
    from scanner.wire.identity import Sighting

SHARE_OF_TIME = 1 / 3
"""Of an asset's seconds: what the line-up may take at most."""

MIXED = "the addresses of this name show different identities; a secret goes to a pinned one alone"
UNCOMPARED = (
    "this address could not be compared with the others of its name; a secret goes to it only if"
    " it is pinned"
)

_DEAD = frozenset({Reason.CLOSED, Reason.FILTERED, Reason.UNREACHABLE})
"""What a port says that need not be dialled a second time."""


class Door:
    """One port of one address while it is looked at.

    ``identity`` is who answered in the line-up; ``dead`` and ``fault`` say why nobody did there.
    """

    def __init__(self, *, admitted: Admitted, endpoint: Endpoint) -> None:
        self.admitted = admitted
        self.endpoint = endpoint
        self.meter = EffortMeter()
        self.identity: Sighting | None = None
        self.dead: Unobserved | None = None
        self.fault: str | None = None

    @property
    def protocol(self) -> Protocol:
        """The declared protocol, or the one that the line-up found out."""
        declared = self.endpoint.protocol
        if declared is Protocol.AUTO and self.identity is not None:
            spoken = self.identity.speaks
            return Protocol(spoken) if spoken in set(Protocol) else declared
        return declared

    def dialer(self, target: Target) -> Dialer:
        """Return what dials this door, counted in ``meter``."""
        limits = target.limits
        most = ssh_connections(target) if self.protocol is Protocol.SFTP else MOST_CONNECTIONS
        return Dialer(
            self.admitted,
            self.meter,
            connect_seconds=limits.timeout_seconds,
            most_connections=most,
            most_data_connections=limits.entries + limits.files_sampled,
        )


async def line_up(doors: Sequence[Door], target: Target, locks: KeyedLocks) -> None:
    """Read who answers at each door, where a name has more than one address.

    A line-up that takes too long is cut: doors that it did not come to have no identity.
    """
    if not are_several(doors):
        return
    try:
        async with asyncio.timeout(target.limits.asset_seconds * SHARE_OF_TIME):
            for door in doors:
                async with locks.hold(limit_key(door.admitted)):
                    await _look(door, target)
    except TimeoutError:
        return


def are_several(doors: Iterable[Door]) -> bool:
    """Whether the doors belong to more than one address."""
    return len({door.admitted.ip for door in doors}) > 1


async def _look(door: Door, target: Target) -> None:
    from scanner.probes.identity import take_identity  # noqa: PLC0415 - most have one address

    try:
        door.identity = await take_identity(door.dialer(target), door.endpoint.protocol, target)
    except Fault as fault:
        door.dead = fault.reading if fault.reason in _DEAD else None
    except ScannerError:
        raise
    except Exception as error:  # noqa: BLE001 - our own bug must not end the run
        door.fault = f"{type(error).__name__} in the line-up"


def pinned_only(door: Door, doors: Sequence[Door]) -> str:
    """Return why a secret may go to this door only if it is pinned, or an empty string."""
    if not are_several(doors):
        return ""
    from scanner.wire.identity import differences  # noqa: PLC0415 - most have one address

    if differences(each.identity for each in doors if each.identity is not None):
        return MIXED
    if door.identity is None or not door.identity.whole:
        return UNCOMPARED
    return ""


def compared(
    doors: Iterable[Door], endpoints: Iterable[EndpointObservation], log: EvidenceLog
) -> tuple[IdentityDifference, ...]:
    """Return how the addresses differed over the whole scan, with evidence in ``log``."""
    doors = tuple(doors)
    if not are_several(doors):
        return ()
    from scanner.wire.identity import differences, sighting_of  # noqa: PLC0415 - as above

    seen = [door.identity for door in doors]
    seen += [sighting_of(endpoint) for endpoint in endpoints]
    found = differences(each for each in seen if each is not None)
    return tuple(replace(each, evidence=(_evidence(each, log),)) for each in found)


def _evidence(difference: IdentityDifference, log: EvidenceLog) -> str:
    shown = (f"{address} {mark}" for address, marks in difference.seen.items() for mark in marks)
    return log.add(
        "mixed-identity",
        {
            "port": difference.port,
            "protocol": str(difference.protocol),
            "mark": difference.mark,
            "seen": tuple(shown),
        },
    )
