"""Collects the host keys of an SSH server, one of each type, and says which are its own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from scanner.clients.dialer import Dialer
from scanner.clients.faults import Fault
from scanner.clients.ssh_offers import fetch_host_key
from scanner.model.peer import PeerTrust
from scanner.model.reading import Reason, Unobserved
from scanner.model.ssh import HostCertificate, HostKey, KexInit
from scanner.model.target import Target
from scanner.probes.context import ProbeContext
from scanner.wire.known_hosts import (
    HostKeyPolicy,
    KeyTrust,
    KnownHosts,
    candidate_names,
    read_known_hosts,
)
from scanner.wire.ssh import SshSyntaxError
from scanner.wire.ssh_certificates import read_certificate
from scanner.wire.ssh_keys import (
    KeyFacts,
    is_certificate,
    key_type,
    plain_key,
    plain_type,
    read_key,
)

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

_MOST_TYPES = 10
_LARGEST_FILE = 16_777_216
_TYPES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("ssh-ed25519", ("ssh-ed25519",)),
    ("ecdsa-sha2-nistp256", ("ecdsa-sha2-nistp256",)),
    ("ecdsa-sha2-nistp384", ("ecdsa-sha2-nistp384",)),
    ("ecdsa-sha2-nistp521", ("ecdsa-sha2-nistp521",)),
    ("ssh-rsa", ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa")),
    ("ssh-dss", ("ssh-dss",)),
    ("ssh-ed448", ("ssh-ed448",)),
)
"""Key types and the algorithms that show them (RFC 8332: one RSA key, three algorithms)."""
_CERTIFICATES = tuple(
    (f"{kind}-cert-v01@openssh.com", tuple(f"{name}-cert-v01@openssh.com" for name in names))
    for kind, names in _TYPES
    if kind != "ssh-ed448"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostKeys:
    """What was learnt. ``fault`` says why some type could not be read, the last one if several.

    ``algorithms`` are all that the server offers and that can be spoken; ``trusted`` are the
    plain keys that may be sent a secret, those inside certificates among them. ``blobs`` are the
    keys and certificates as they were shown.
    """

    seen: tuple[HostKey, ...] = ()
    blobs: tuple[bytes, ...] = ()
    trusted: frozenset[bytes] = frozenset()
    algorithms: tuple[str, ...] = ()
    fault: Unobserved | None = None

    @property
    def trusted_algorithms(self) -> tuple[str, ...]:
        """The algorithms that make the server show a trusted key.

        A certificate is asked for only where the key inside is not shown without it.
        """
        types = {key_type(blob) for blob in self.trusted}
        for groups in (_TYPES, _CERTIFICATES):
            wanted = {name for kind, names in groups if plain_type(kind) in types for name in names}
            if found := tuple(name for name in self.algorithms if name in wanted):
                return found
        return ()

    def accepts(self, blob: bytes) -> bool:
        """Whether the key or certificate in ``blob`` may be sent a secret."""
        try:
            return plain_key(blob) in self.trusted
        except SshSyntaxError:
            return False


async def observe_host_keys(
    dialer: Dialer,
    context: ProbeContext,
    offers: KexInit,
    *,
    seconds: float,
    pause_seconds: float,
) -> HostKeys:
    """Fetch one host key of each type, over one connection each, and judge them.

    Never raises for what the server does.
    """
    found, fault = await collect_host_keys(
        dialer, offers, seconds=seconds, pause_seconds=pause_seconds
    )
    policy = host_key_policy(context.target, dialer, context.clock())
    judged = policy.judge_all(tuple(found))
    return HostKeys(
        seen=tuple(_host_key(*each) for each in zip(found, found.values(), judged, strict=True)),
        blobs=tuple(found),
        trusted=_trusted(found, judged, pinned_only=bool(context.pinned_only)),
        algorithms=tuple(name for group in _offered_types(offers) for name in group),
        fault=fault,
    )


async def collect_host_keys(
    dialer: Dialer, offers: KexInit, *, seconds: float, pause_seconds: float
) -> tuple[dict[bytes, KeyFacts], Unobserved | None]:
    """Fetch one host key of each type, a connection each, and say what was in the way, if any.

    Never raises for what the server does.
    """
    found: dict[bytes, KeyFacts] = {}
    fault: Unobserved | None = None
    for algorithms in _offered_types(offers):
        await asyncio.sleep(pause_seconds)
        try:
            blob = await fetch_host_key(dialer, algorithms, seconds=seconds)
            found[blob] = read_key(blob)
        except Fault as error:
            fault = error.reading
            if error.reason in TURNED_AWAY:
                break
        except SshSyntaxError as error:
            fault = _malformed(error)
    return found, fault


def host_key_policy(target: Target, dialer: Dialer, now: datetime) -> HostKeyPolicy:
    """Return what the target declares of its host keys, for the address that is dialled.

    ``now`` is the moment (aware) at which certificates have to be valid.

    A known_hosts file that cannot be read verifies nothing.
    """
    admitted = dialer.admitted
    return HostKeyPolicy(
        candidates=candidate_names((admitted.name, target.host, str(admitted.ip)), admitted.port),
        pins=target.host_keys,
        known=_known_hosts(target.known_hosts),
        trust_on_first_use=target.allow.trust_on_first_use,
        names=tuple(dict.fromkeys((admitted.name.lower(), target.host.lower()))),
        now=now,
    )


def _known_hosts(path: Path | None) -> KnownHosts:
    if path is None:
        return KnownHosts()
    try:
        with path.open("rb") as file:
            return read_known_hosts(file.read(_LARGEST_FILE))
    except OSError:
        return KnownHosts()


def _offered_types(offers: KexInit) -> list[tuple[str, ...]]:
    offered = set(offers.host_key)
    groups = (
        tuple(name for name in names if name in offered) for _, names in (*_TYPES, *_CERTIFICATES)
    )
    return [group for group in groups if group][:_MOST_TYPES]


def _trusted(
    blobs: Iterable[bytes], judged: Iterable[KeyTrust], *, pinned_only: bool
) -> frozenset[bytes]:
    fit = {PeerTrust.PINNED}
    if not pinned_only:
        fit |= {PeerTrust.VERIFIED, PeerTrust.FIRST_USE}
    return frozenset(
        plain_key(blob) for blob, verdict in zip(blobs, judged, strict=True) if verdict.trust in fit
    )


def _host_key(blob: bytes, facts: KeyFacts, verdict: KeyTrust) -> HostKey:
    return HostKey(
        algorithm=facts.algorithm,
        bits=facts.bits,
        fingerprint=facts.fingerprint,
        trust=verdict.trust,
        trust_detail=verdict.detail,
        certificate=_certificate(blob),
    )


def _certificate(blob: bytes) -> HostCertificate | None:
    try:
        return read_certificate(blob).facts if is_certificate(blob) else None
    except SshSyntaxError:
        return None


def _malformed(error: SshSyntaxError) -> Unobserved:
    return Unobserved(Reason.PROTOCOL_ERROR, str(error))
