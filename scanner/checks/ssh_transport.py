"""The SSH facets of plaintext transport: broken and weak algorithms, and who the server is."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.checks.base import Facet, Question, Ruling, failed, passed, undecided
from scanner.checks.questions import ssh_questions
from scanner.checks.ssh_rule_table import Standing
from scanner.checks.ssh_rules import SMALLEST_RSA, TABLE, standing_at
from scanner.model.case import Case
from scanner.model.finding import Severity, Source
from scanner.model.frozen import dataclass
from scanner.model.peer import PeerTrust
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.ssh import HostKey, KexInit, SshFacts


@dataclass(frozen=True, slots=True)
class SshTransport:
    """What the server offers, and the keys it has."""

    identification: str
    kexinit: KexInit
    host_keys: tuple[HostKey, ...]
    unread: Reason = Reason.PROTOCOL_ERROR
    """Why a key that is offered was not shown."""


def _transport(facts: SshFacts) -> Reading[SshTransport]:
    ident, kexinit, keys = facts.identification, facts.kexinit, facts.host_keys
    if isinstance(ident, Unobserved):
        return ident
    if ident.value.startswith("SSH-1."):
        value = SshTransport(ident.value, _NO_LISTS, ())
        if _is_only_ssh_1(ident.value):
            return Observed(value, ident.evidence)
    if isinstance(kexinit, Unobserved):
        return kexinit
    shown: tuple[HostKey, ...] = ()
    if isinstance(keys, Observed):
        shown = keys.value
    elif not standing_at(Standing.BROKEN, kexinit.value):
        # Its keys may be small: what it offers is no reason to pass, but to fail it is enough.
        return keys
    seen = ident.evidence + kexinit.evidence + keys.evidence
    every = facts.every_key
    unread = every.reason if isinstance(every, Unobserved) else Reason.PROTOCOL_ERROR
    return Observed(SshTransport(ident.value, kexinit.value, shown, unread), seen)


def _offers(facts: SshFacts) -> Reading[KexInit]:
    ident = facts.identification
    if isinstance(ident, Observed) and _is_only_ssh_1(ident.value):
        return Unobserved(Reason.NOT_OFFERED, "SSH-1 tells no algorithms", ident.evidence)
    return facts.kexinit


def _is_only_ssh_1(identification: str) -> bool:
    return identification.startswith("SSH-1.") and not identification.startswith("SSH-1.99")


_NO_LISTS = KexInit(
    kex=(),
    host_key=(),
    ciphers_in=(),
    ciphers_out=(),
    macs_in=(),
    macs_out=(),
    compression_in=(),
    compression_out=(),
)


def read_transport(case: Case) -> Iterator[Question[SshTransport]]:
    """Ask every SSH endpoint."""
    return ssh_questions(case, _transport)


def read_leads(case: Case) -> Iterator[Question[KexInit]]:
    """Ask every SSH endpoint what decides nothing."""
    return ssh_questions(case, _offers, required=False)


def judge_broken(transport: SshTransport, _case: Case) -> Ruling:
    """SSH-1, ``none``, RC4, group 1, DSA and RSA under 2048 bits are broken."""
    broken = standing_at(Standing.BROKEN, transport.kexinit)
    if transport.identification.startswith("SSH-1."):
        # 1.99 is how a server says that it speaks SSH-1 as well (RFC 4253 section 5.1).
        broken.append(f"protocol {transport.identification[:8]}: SSH-1 is accepted")
    broken += [
        f"{key.algorithm} host key of {key.bits} bits"
        for key in transport.host_keys
        if key.bits is not None and "rsa" in key.algorithm and key.bits < SMALLEST_RSA
    ]
    if broken:
        return failed(f"SSH offers broken cryptography: {told_of(broken)} ({TABLE})")
    if _rsa_unseen(transport):
        told = "no broken algorithm seen, but the RSA host key that is offered was not shown"
        return undecided(told, transport.unread)
    return passed(f"SSH offers no broken algorithm ({TABLE})")


def _rsa_unseen(transport: SshTransport) -> bool:
    """Whether an RSA key of unknown size is offered."""
    offered = {"ssh-rsa", "rsa-sha2-256", "rsa-sha2-512"} & set(transport.kexinit.host_key)
    return bool(offered) and not any("rsa" in key.algorithm for key in transport.host_keys)


def judge_weak(offers: KexInit, _case: Case) -> Ruling:
    """Weak but common algorithms are leads."""
    weak = standing_at(Standing.WEAK, offers)
    if weak:
        return failed(f"SSH offers weak algorithms: {told_of(weak)} ({TABLE})")
    return passed(f"SSH offers no weak algorithm ({TABLE})")


def told_of(offers: list[str]) -> str:
    """Return the first few offers, and how many more there are."""
    more = f" and {len(offers) - 4} more" if len(offers) > 4 else ""
    return f"{'; '.join(offers[:4])}{more}"


def _keys(facts: SshFacts) -> Reading[tuple[HostKey, ...]]:
    return facts.host_keys


def read_host_keys(case: Case) -> Iterator[Question[tuple[HostKey, ...]]]:
    """Ask every SSH endpoint whose host keys the team has listed."""
    if case.target.host_keys or case.target.known_hosts:
        yield from ssh_questions(case, _keys)


_WRONG = frozenset({PeerTrust.MISMATCHED, PeerTrust.REVOKED})
_DOUBTED = frozenset({PeerTrust.EXPIRED, PeerTrust.UNTRUSTED})
"""What certificates alone can be."""


def judge_host_keys(keys: tuple[HostKey, ...], _case: Case) -> Ruling:
    """A known key that changed, or was revoked, may be another server."""
    wrong = [key for key in keys if key.trust in _WRONG]
    if wrong:
        told = ", ".join(f"{key.algorithm} {key.trust}" for key in wrong)
        return failed(f"the host key is not the one on record ({told})")
    if any(key.trust.may_receive_secrets for key in keys):
        return passed("the host key is the one on record")
    doubted = [key.trust_detail for key in keys if key.trust in _DOUBTED]
    if doubted:
        return failed(f"no host key is on record, and {doubted[0]}")
    return failed("the host key is not on record", severity=Severity.LOW)


FACETS = (
    Facet(
        id="ssh-broken-algorithms",
        question="Does SSH offer broken cryptography?",
        layer=Source.NETWORK,
        severity=Severity.MEDIUM,
        required="every SFTP endpoint",
        remedy=(
            "Remove the broken algorithms (KexAlgorithms, Ciphers, MACs, HostKeyAlgorithms in "
            "sshd_config) and replace RSA keys under 2048 bits."
        ),
        reads=read_transport,
        judge=judge_broken,
        basis=TABLE,
    ),
    Facet(
        id="ssh-weak-algorithms",
        question="Does SSH offer weak but common algorithms?",
        layer=Source.NETWORK,
        severity=Severity.LOW,
        required="nothing: it is a lead",
        remedy="Prefer curve25519 or ML-KEM key exchange, AEAD ciphers and SHA-2 MACs.",
        reads=read_leads,
        judge=judge_weak,
        basis=TABLE,
    ),
    Facet(
        id="ssh-host-key",
        question="Is the host key the one on record?",
        layer=Source.NETWORK,
        severity=Severity.MEDIUM,
        required="SFTP endpoints whose host keys the team has listed",
        remedy="Find out why the key changed; if it was meant, list the new fingerprint.",
        reads=read_host_keys,
        judge=judge_host_keys,
    ),
)
"""The SSH facets, in the order of the report."""
