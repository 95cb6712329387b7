"""Facets of an SSH server's transport beyond its broken and weak algorithms: leads, nearly all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import Final, TypeVar

from scanner.checks.base import Facet, Question, Ruling, failed, passed
from scanner.checks.questions import ssh_questions
from scanner.checks.ssh_rules import STRICT_KEX, TABLE, post_quantum, unknown
from scanner.model.case import Case, moment
from scanner.model.finding import Severity, Source
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.ssh import (
    GroupExchange,
    HostCertificate,
    KexInit,
    SshExtension,
    SshFacts,
)

T = TypeVar("T")

_NOBODY_ASKED: Final = frozenset({Reason.NOT_OFFERED, Reason.NOT_LOOKED_AT})
_MOST_TOLD: Final = 6


def if_asked(reading: Reading[T]) -> Reading[T] | None:
    """Leave a lead out where it was not asked: it is not open, it is no question."""
    silent = isinstance(reading, Unobserved) and reading.reason in _NOBODY_ASKED
    return None if silent else reading


def told(names: list[str]) -> str:
    """Return the first few names, and how many more there are."""
    more = f" and {len(names) - _MOST_TOLD} more" if len(names) > _MOST_TOLD else ""
    return f"{', '.join(names[:_MOST_TOLD])}{more}"


def _asks(
    pick: Callable[[SshFacts], Reading[T]],
) -> Callable[[Case], Iterator[Question[T]]]:
    def reads(case: Case) -> Iterator[Question[T]]:
        return ssh_questions(case, lambda facts: if_asked(pick(facts)), required=False)

    return reads


read_kexinit = _asks(lambda facts: facts.kexinit)
read_groups = _asks(lambda facts: facts.group_exchange)
read_extensions = _asks(lambda facts: facts.extensions)


def judge_terrapin(kexinit: KexInit, _case: Case) -> Ruling:
    """Someone on the line can cut packets off the start of a session (CVE-2023-48795).

    That takes ChaCha20-Poly1305, or CBC with encrypt-then-MAC in one direction, and no strict key
    exchange. Told by what is offered, never by a version.
    """
    open_to_it = _cuttable(kexinit)
    if not open_to_it:
        return passed("no algorithm that Terrapin needs is offered")
    if STRICT_KEX & set(kexinit.kex):
        return passed("strict key exchange is offered, which keeps Terrapin out")
    return failed(f"Terrapin: no strict key exchange, with {told(open_to_it)}")


def _cuttable(kexinit: KexInit) -> list[str]:
    found: dict[str, None] = {}
    for ciphers, macs in (
        (kexinit.ciphers_in, kexinit.macs_in),
        (kexinit.ciphers_out, kexinit.macs_out),
    ):
        found.update(dict.fromkeys(name for name in ciphers if name.startswith("chacha20-")))
        cbc = [name for name in ciphers if "-cbc" in name]
        etm = [name for name in macs if "-etm@" in name]
        if cbc and etm:
            found.update(dict.fromkeys([*cbc, *etm]))
    return list(found)


def judge_post_quantum(kexinit: KexInit, _case: Case) -> Ruling:
    """What is recorded today can be read once a quantum computer breaks its key exchange."""
    found = post_quantum(kexinit)
    if found:
        return passed(f"a post-quantum key exchange is offered ({told(found)})")
    return failed("no post-quantum key exchange is offered")


def judge_unknown(kexinit: KexInit, _case: Case) -> Ruling:
    """A name that the table does not know is held neither good nor bad."""
    names = unknown(kexinit)
    if names:
        return failed(f"unknown to the {TABLE}: {told(names)}")
    return passed(f"every algorithm is known to the {TABLE}")


def judge_early_compression(kexinit: KexInit, _case: Case) -> Ruling:
    """``zlib`` unpacks what strangers send; ``zlib@openssh.com`` waits for a login."""
    if "zlib" in kexinit.compression_in + kexinit.compression_out:
        return failed("compression (zlib) begins before anybody logged in")
    return passed("no compression begins before a login")


def judge_directions(kexinit: KexInit, _case: Case) -> Ruling:
    """Lists that differ by direction are mostly a slip; the weaker one protects half the talk."""
    unlike = [
        f"{what} (in only: {told(sorted(set(into) - set(out))) or 'none'}; "
        f"out only: {told(sorted(set(out) - set(into))) or 'none'})"
        for what, into, out in (
            ("ciphers", kexinit.ciphers_in, kexinit.ciphers_out),
            ("MACs", kexinit.macs_in, kexinit.macs_out),
            ("compression", kexinit.compression_in, kexinit.compression_out),
        )
        if set(into) != set(out)
    ]
    if unlike:
        return failed(f"the two directions differ: {'; '.join(unlike)}")
    return passed("both directions offer the same")


def judge_groups(groups: tuple[GroupExchange, ...], _case: Case) -> Ruling:
    """A group exchange is worth no more than the smallest group that it hands out.

    Up to 1024 bits equals group 1, which the design holds to be broken: such a group decides the
    row, at the facet's own severity. The others are leads.
    """
    sizes = sorted(answer.given for answer in groups if answer.given is not None)
    if not sizes:
        return passed("the group exchange hands out no group for what was asked")
    smallest = sizes[0]
    summary = f"the group exchange hands out a group of {smallest} bits"
    if smallest <= 1024:
        return failed(summary)
    if smallest < 2048:
        return failed(summary, severity=Severity.LOW)
    if smallest < 3072:
        return failed(summary, severity=Severity.INFO)
    return passed(f"the smallest group that was handed out has {smallest} bits")


Shown = tuple[tuple[str, HostCertificate], ...]


def _certificates(facts: SshFacts) -> Reading[Shown] | None:
    keys = facts.host_keys
    if isinstance(keys, Unobserved):
        return None
    shown = tuple((key.algorithm, key.certificate) for key in keys.value if key.certificate)
    return Observed(shown, keys.evidence) if shown else None


def read_certificates(case: Case) -> Iterator[Question[Shown]]:
    """Ask where a host certificate was shown."""
    return ssh_questions(case, _certificates, required=False)


def judge_certificates(shown: Shown, case: Case) -> Ruling:
    """A certificate that clients must refuse makes people click through warnings."""
    faults = [
        f"{algorithm}: {fault}"
        for algorithm, certificate in shown
        for fault in _certificate_faults(certificate, case)
    ]
    if faults:
        return failed(f"host certificate {'; '.join(faults[:4])}")
    return passed("the host certificate is for this host, and valid")


def _certificate_faults(certificate: HostCertificate, case: Case) -> Iterator[str]:
    if not certificate.for_hosts:
        yield "is one of a user, not of a host"
    if certificate.valid_after and moment(certificate.valid_after) > case.now:
        yield f"is not valid before {certificate.valid_after[:10]}"
    if certificate.valid_before and moment(certificate.valid_before) <= case.now:
        yield f"expired on {certificate.valid_before[:10]}"
    host = case.target.host.strip("[]").rstrip(".").lower()
    if not certificate.principals:
        yield "names no host, so it is good for every one"
    elif not any(fnmatchcase(host, name.lower()) for name in certificate.principals):
        yield f"does not name {host} (it names {told(list(certificate.principals))})"


def judge_extensions(extensions: tuple[SshExtension, ...], _case: Case) -> Ruling:
    """Clients choose how to sign by ``server-sig-algs`` (RFC 8308 section 3.1)."""
    value = next((one.value for one in extensions if one.name == "server-sig-algs"), None)
    if value is None:
        return failed(
            "server-sig-algs is missing: clients with RSA keys may fall back to SHA-1",
            severity=Severity.INFO,
        )
    old = [name for name in value.split(",") if name in _OLD_SIGNATURES]
    if old:
        return failed(f"old signatures of user keys are accepted: {told(old)}")
    return passed("server-sig-algs names no SHA-1 signature")


_OLD_SIGNATURES: Final = frozenset(
    {"ssh-rsa", "ssh-rsa-cert-v01@openssh.com", "ssh-dss", "ssh-dss-cert-v01@openssh.com"}
)

_LEAD: Final = "nothing: it is a lead"

FACETS: Final = (
    Facet(
        id="ssh-terrapin",
        question="Is SSH kept from Terrapin (CVE-2023-48795) by what it offers?",
        layer=Source.NETWORK,
        severity=Severity.LOW,
        required=_LEAD,
        remedy=(
            "Update to a server with strict key exchange (OpenSSH 9.6, Dropbear 2024.84, "
            "ProFTPD 1.3.8b), or leave out chacha20-poly1305 and CBC with -etm MACs."
        ),
        reads=read_kexinit,
        judge=judge_terrapin,
    ),
    Facet(
        id="ssh-post-quantum",
        question="Does SSH offer a post-quantum key exchange?",
        layer=Source.NETWORK,
        severity=Severity.INFO,
        required=_LEAD,
        remedy="Offer mlkem768x25519-sha256 or sntrup761x25519-sha512 (OpenSSH 9.9 has both).",
        reads=read_kexinit,
        judge=judge_post_quantum,
        basis=TABLE,
    ),
    Facet(
        id="ssh-unknown-algorithms",
        question="Is every algorithm that SSH offers known to the rule table?",
        layer=Source.NETWORK,
        severity=Severity.INFO,
        required=_LEAD,
        remedy="Find out what the algorithm is, and leave it out unless someone needs it.",
        reads=read_kexinit,
        judge=judge_unknown,
        basis=TABLE,
    ),
    Facet(
        id="ssh-group-exchange",
        question="Does the group exchange hand out large groups alone?",
        layer=Source.NETWORK,
        severity=Severity.MEDIUM,
        required="nothing; a group of 1024 bits or less fails the row",
        remedy="Remove the lines of /etc/ssh/moduli whose fifth field is under 3071.",
        reads=read_groups,
        judge=judge_groups,
    ),
    Facet(
        id="ssh-early-compression",
        question="Does compression wait for a login?",
        layer=Source.NETWORK,
        severity=Severity.LOW,
        required=_LEAD,
        remedy="Offer zlib@openssh.com or none in place of zlib.",
        reads=read_kexinit,
        judge=judge_early_compression,
    ),
    Facet(
        id="ssh-directions",
        question="Does SSH offer the same in both directions?",
        layer=Source.NETWORK,
        severity=Severity.INFO,
        required=_LEAD,
        remedy="Configure the same ciphers, MACs and compression for both directions.",
        reads=read_kexinit,
        judge=judge_directions,
    ),
    Facet(
        id="ssh-host-certificate",
        question="Is the host certificate one that clients may accept?",
        layer=Source.NETWORK,
        severity=Severity.LOW,
        required=_LEAD,
        remedy="Sign the host key anew: ssh-keygen -s CA -h -n NAMES -V VALIDITY.",
        reads=read_certificates,
        judge=judge_certificates,
    ),
    Facet(
        id="ssh-signature-algorithms",
        question="Are user keys asked for SHA-2 signatures?",
        layer=Source.NETWORK,
        severity=Severity.LOW,
        required=_LEAD,
        remedy="Remove ssh-rsa and ssh-dss from PubkeyAcceptedAlgorithms.",
        reads=read_extensions,
        judge=judge_extensions,
    ),
)
"""What the transport gives away, in the order of the report."""
