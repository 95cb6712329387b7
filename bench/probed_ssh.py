"""Units of work of SSH, done with the scanner's own clients and readers, as those of FTP are
(``bench.probed_units``). Neither loads the other: a scan loads what its target speaks.
"""

from __future__ import annotations

from typing import Final, TypeVar

from bench.unit import Unit
from scanner.clients.dialer import Dialer
from scanner.clients.faults import Fault
from scanner.clients.ssh import read_hello
from scanner.model.peer import PeerTrust
from scanner.model.reading import Observed, Reading, Unobserved
from scanner.model.ssh import HostKey, SshFacts
from scanner.model.target import Protocol
from scanner.probes.ssh_survey import Asked, Survey, survey
from scanner.wire.ssh_keys import read_key

T = TypeVar("T")
_SECONDS: Final = 60.0
DECOY: Final = "qzx-nobody-71"


async def offers(dialer: Dialer) -> SshFacts:
    """S1: the identification and the KEXINIT."""
    hello = _or_fault(await read_hello(dialer, seconds=_SECONDS))
    return SshFacts(identification=Observed(hello.identification.line), kexinit=hello.kexinit)


async def host_key(dialer: Dialer) -> SshFacts:
    """S3: S1, a host key whose owner proved to hold it, and what a decoy user is offered."""
    asked = Asked(username=DECOY, whole=False, groups=False)
    seen: Survey = _or_fault(await survey(dialer, asked, seconds=_SECONDS, pause_seconds=0.0))
    if seen.fault is not None:
        raise Fault(seen.fault.reason, seen.fault.detail)
    return SshFacts(
        identification=Observed(seen.visit.identification.line),
        kexinit=seen.visit.kexinit,
        host_keys=Observed(tuple(map(_key, seen.blobs))),
        methods=seen.methods,
    )


UNITS: Final = {
    "S1": Unit(22, Protocol.SFTP, offers),
    "S3": Unit(22, Protocol.SFTP, host_key),
}


def _key(blob: bytes) -> HostKey:
    facts = read_key(blob)
    return HostKey(
        algorithm=facts.algorithm,
        bits=facts.bits,
        fingerprint=facts.fingerprint,
        trust=PeerTrust.UNVERIFIED,
    )


def _or_fault(reading: Reading[T]) -> T:
    if isinstance(reading, Unobserved):
        raise Fault(reading.reason, reading.detail)
    return reading.value
