"""Says which of the host keys that an SSH server showed are its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from scanner.clients.dialer import Dialer
from scanner.model.frozen import dataclass
from scanner.model.peer import PeerTrust
from scanner.model.reading import Reason, Unobserved
from scanner.model.ssh import HostCertificate, HostKey
from scanner.model.target import Account, Target
from scanner.model.view import AccountView, CredentialStatus
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
    HOST_KEY_TYPES,
    KeyFacts,
    is_certificate,
    key_type,
    plain_key,
    plain_type,
    read_key,
)

_LARGEST_FILE = 16_777_216


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
        shows = {
            name: kind != plain_type(kind)
            for kind, names in HOST_KEY_TYPES.items()
            if plain_type(kind) in types
            for name in names
        }
        plain = tuple(name for name in self.algorithms if shows.get(name) is False)
        return plain or tuple(name for name in self.algorithms if shows.get(name))

    def accepts(self, blob: bytes) -> bool:
        """Whether the key or certificate in ``blob`` may be sent a secret."""
        try:
            return plain_key(blob) in self.trusted
        except SshSyntaxError:
            return False

    def distrust(self, pinned_only: str) -> Unobserved:
        """Return why no key is trusted. ``pinned_only`` is why it would have to be pinned."""
        if not self.seen:
            return self.fault or Unobserved(Reason.UNVERIFIED_PEER, "no host key was seen")
        if pinned_only:
            return Unobserved(Reason.UNVERIFIED_PEER, pinned_only)
        details = ", ".join(dict.fromkeys(f"{key.trust}" for key in self.seen))
        return Unobserved(Reason.UNVERIFIED_PEER, f"the host keys are {details}")


def not_sent(account: Account, why: Unobserved) -> AccountView:
    """Return the view of an account whose secrets stayed here."""
    status = CredentialStatus.NOT_SENT
    return AccountView(username=account.username, status=status, detail=why.detail, view=why)


def judge_host_keys(
    blobs: Sequence[bytes],
    algorithms: tuple[str, ...],
    fault: Unobserved | None,
    *,
    context: ProbeContext,
    dialer: Dialer,
) -> HostKeys:
    """Judge the keys of one server by what the team says of it. Never raises."""
    found = {blob: read_key(blob) for blob in blobs}
    policy = host_key_policy(context.target, dialer, context.clock())
    judged = policy.judge_all(tuple(found))
    return HostKeys(
        seen=tuple(_host_key(*each) for each in zip(found, found.values(), judged, strict=True)),
        blobs=tuple(found),
        trusted=_trusted(found, judged, pinned_only=bool(context.pinned_only)),
        algorithms=algorithms,
        fault=fault,
    )


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
