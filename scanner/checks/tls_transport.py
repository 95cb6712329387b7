"""The TLS facets of plaintext transport that look closer: keys, exchange, suites, old habits.

They are leads unless the weakness is one that counts as broken cryptography: an RSA key or a
Diffie-Hellman group of 1024 bits or less, DSA, or a suite without any protection to speak of.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from scanner.checks.base import Facet, Question, Ruling, failed, passed, undecided
from scanner.checks.questions import ftp_questions, offers_tls
from scanner.model.case import Case, moment
from scanner.model.finding import Confidence, Severity, Source
from scanner.model.frozen import dataclass
from scanner.model.observation import (
    CertificateFacts,
    FtpFacts,
    TlsFacts,
)
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.tls_survey import (
    TlsFlight,
    TlsGroup,
    TlsSuite,
    TlsSurvey,
)

_ONLY_1_3: Final = "TLSv1.3"
_SMALLEST_RSA: Final = 2048
_SMALLEST_CURVE: Final = 224
_OLD_HASHES: Final = frozenset({"md2", "md4", "md5", "sha1"})
_SOON: Final = timedelta(days=21)


def read_certificate(case: Case) -> Iterator[Question[TlsFacts]]:
    """Ask every FTP endpoint that can do TLS, as a lead."""
    return ftp_questions(
        case, lambda facts: facts.tls if offers_tls(facts) else None, required=False
    )


def judge_strength(tls: TlsFacts, _case: Case) -> Ruling:
    """A small RSA key and DSA are broken; a small curve and an old hash are leads.

    The signature of a self-signed certificate proves nothing, whatever its hash.
    """
    leaf = tls.certificate
    told = f"{leaf.key_type} {leaf.key_bits or 'of unknown size'}"
    small = leaf.key_bits is not None and leaf.key_bits < _SMALLEST_RSA
    if leaf.key_type == "dsa" or (leaf.key_type == "rsa" and small):
        return failed(f"the certificate's key is weak ({told})")
    weak = _weaknesses(leaf)
    if weak:
        return failed(f"the certificate is weak: {', '.join(weak)}", Confidence.WEAK)
    if leaf.key_type == "unknown" or leaf.key_bits is None:
        return undecided("the certificate's key is of an unknown kind", Reason.UNREADABLE)
    return passed(f"the certificate's key is strong ({told})")


def _weaknesses(leaf: CertificateFacts) -> list[str]:
    weak = []
    if leaf.key_type == "ecdsa" and (leaf.key_bits or _SMALLEST_CURVE) < _SMALLEST_CURVE:
        weak.append(f"a curve of {leaf.key_bits} bits")
    if leaf.signature in _OLD_HASHES and not leaf.self_signed:
        weak.append(f"signed with {leaf.signature.upper()}")
    return weak


def judge_expiry(tls: TlsFacts, case: Case) -> Ruling:
    """A certificate that ends within three weeks wants a new one now."""
    until = tls.certificate.not_after
    left = moment(until) - case.now
    if left < timedelta():
        return failed(f"the certificate expired on {until[:10]}")
    if left < _SOON:
        return failed(f"the certificate expires on {until[:10]}, in {left.days} days")
    return passed(f"the certificate is valid to {until[:10]}")


@dataclass(frozen=True, slots=True)
class Handshake:
    """A flight up to TLS 1.2, the version that a session chose, and what a survey found."""

    flight: TlsFlight
    newest: str
    survey: TlsSurvey | None

    @property
    def only_newest(self) -> bool:
        """Whether nothing but TLS 1.3 is spoken."""
        return not self.flight.accepted and self.newest == _ONLY_1_3

    def not_told(self) -> Ruling:
        """Return the ruling where there was no flight to look at."""
        told = f"no TLS 1.2 or older was taken ({self.flight.detail})"
        return undecided(told, Reason.TLS_FAILED)


def _handshake(facts: FtpFacts) -> Reading[Handshake] | None:
    if not offers_tls(facts):
        return None
    flight, tls, survey = facts.tls_flight, facts.tls, facts.tls_survey
    if isinstance(flight, Unobserved):
        return flight
    newest = tls.value.version if isinstance(tls, Observed) else ""
    found = survey.value if isinstance(survey, Observed) else None
    seen = flight.evidence + (survey.evidence if found is not None else ())
    return Observed(Handshake(flight.value, newest, found), seen)


def read_handshake(case: Case) -> Iterator[Question[Handshake]]:
    """Ask every FTP endpoint that can do TLS, as a lead."""
    return ftp_questions(case, _handshake, required=False)


def _visible_wish(facts: FtpFacts) -> Reading[Handshake] | None:
    """TLS 1.3 asks for a client certificate where only the two of them can see it."""
    seen = _handshake(facts)
    hidden = isinstance(seen, Observed) and seen.value.only_newest
    return None if hidden else seen


def read_client_certificate(case: Case) -> Iterator[Question[Handshake]]:
    """Ask every FTP endpoint that does TLS 1.2 or older."""
    return ftp_questions(case, _visible_wish, required=False)


def judge_client_certificate(seen: Handshake, _case: Case) -> Ruling:
    """Whether one is asked for; both are fine."""
    if not seen.flight.accepted:
        return seen.not_told()
    if seen.flight.client_certificate is None:
        return undecided("the flight broke off before it could be asked", Reason.CONNECTION_LOST)
    asked = "is" if seen.flight.client_certificate else "is not"
    return passed(f"a client certificate {asked} asked for")


def judge_renegotiation(seen: Handshake, _case: Case) -> Ruling:
    """Without RFC 5746 somebody in between can put his words in front of a client's."""
    if seen.only_newest:
        return passed("only TLS 1.3 is spoken, which knows no renegotiation")
    if not seen.flight.accepted:
        return seen.not_told()
    if seen.flight.secure_renegotiation:
        return passed("secure renegotiation is known (RFC 5746)")
    return failed("the server knows no secure renegotiation (RFC 5746)", Confidence.WEAK)


def judge_compression(seen: Handshake, _case: Case) -> Ruling:
    """What is compressed before it is encrypted tells of itself by its length (CRIME)."""
    if seen.only_newest:
        return passed("only TLS 1.3 is spoken, which knows no compression")
    if not seen.flight.accepted:
        return seen.not_told()
    if seen.flight.compression != "none":
        return failed(f"TLS compression is accepted ({seen.flight.compression})")
    return passed("TLS compression is refused")


def judge_exchange(seen: Handshake, _case: Case) -> Ruling:
    """Judge the weakest group that was seen: of the one flight, and of a survey if there is one.

    A prime of 1024 bits or less can be broken (RFC 8270, Logjam); below 2048 it is a lead.
    """
    groups = _groups(seen)
    weak = sorted(filter(None, map(_weak, groups)), key=lambda found: found.rank, reverse=True)
    if weak:
        return weak[0].ruling
    if groups:
        return passed(f"keys are exchanged in {', '.join(map(_shown, groups[:6]))}")
    if seen.only_newest:
        return passed("only TLS 1.3 is spoken, which has no weak group")
    if not seen.flight.accepted:
        return seen.not_told()
    if not seen.flight.whole:
        return undecided("the flight broke off before the key exchange", Reason.CONNECTION_LOST)
    told = f"keys are exchanged without forward secrecy ({seen.flight.suite})"
    return failed(told, severity=Severity.LOW)


def _groups(seen: Handshake) -> list[TlsGroup]:
    found = [] if seen.flight.group is None else [seen.flight.group]
    if seen.survey is not None:
        found += [group for version in seen.survey.versions for group in version.groups]
    return list(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class _Weak:
    rank: int
    ruling: Ruling


def _weak(group: TlsGroup) -> _Weak | None:
    bits = group.bits
    if bits is None:
        return None
    told = f"keys are exchanged in a weak group: {_shown(group)}"
    if group.name in {"dh", "rsa"}:
        if bits < 1024:
            return _Weak(3, failed(told, severity=Severity.HIGH))
        if bits == 1024:
            return _Weak(2, failed(told))
        return _Weak(1, failed(told, Confidence.WEAK)) if bits < _SMALLEST_RSA else None
    return _Weak(1, failed(told, Confidence.WEAK)) if bits < _SMALLEST_CURVE else None


def _shown(group: TlsGroup) -> str:
    names = {"dh": "Diffie-Hellman", "rsa": "temporary RSA"}
    if group.name in names:
        return f"{names[group.name]} of {group.bits} bits"
    return group.name


def _survey(facts: FtpFacts) -> Reading[TlsSurvey] | None:
    survey = facts.tls_survey
    unwanted = isinstance(survey, Unobserved) and survey.reason is Reason.NOT_LOOKED_AT
    return survey if offers_tls(facts) and not unwanted else None


def read_survey(case: Case) -> Iterator[Question[TlsSurvey]]:
    """Ask every FTP endpoint where the team wants suites enumerated."""
    if case.target.tls.rounds:
        yield from ftp_questions(case, _survey, required=False)


_BROKEN: Final = ("null", "anonymous", "export", "rc4", "rc2", "des")
_WEAK: Final = ("idea", "md5", "cbc-sha1", "no-forward-secrecy")


def judge_suites(survey: TlsSurvey, _case: Case) -> Ruling:
    """NULL, anonymous, export, RC4 and DES are high; 3DES is medium where nothing better is had.

    CBC with SHA-1 and static key exchange are common, and leads.
    """
    accepted = [suite for version in survey.versions for suite in version.suites]
    accepted = list(dict.fromkeys(accepted))
    broken = _having(accepted, _BROKEN)
    triple = _having(accepted, ("3des",))
    if broken:
        return failed(_listed("broken suites are accepted", broken), severity=Severity.HIGH)
    if triple and len(triple) == len(accepted):
        return failed(_listed("nothing better than 3DES is accepted", triple))
    weak = triple + [suite for suite in _having(accepted, _WEAK) if suite not in triple]
    if weak:
        return failed(_listed("weak suites are accepted", weak), severity=Severity.LOW)
    if not survey.complete:
        return undecided(f"no weak suite so far, but: {_why(survey)}", Reason.CONNECTION_BUDGET)
    return passed(f"no weak suite among the {len(accepted)} that are accepted")


def _having(suites: list[TlsSuite], wanted: tuple[str, ...]) -> list[TlsSuite]:
    return [suite for suite in suites if set(suite.flaws) & set(wanted)]


def _listed(what: str, suites: list[TlsSuite]) -> str:
    more = f" and {len(suites) - 4} more" if len(suites) > 4 else ""
    return f"{what}: {', '.join(suite.name for suite in suites[:4])}{more}"


def _why(survey: TlsSurvey) -> str:
    return survey.cut or "some offers were not answered"


_LEAD: Final = "nothing: it is a lead unless the key can be broken"

FACETS = (
    Facet(
        id="certificate-strength",
        question="Are the certificate's key and signature strong?",
        layer=Source.NETWORK,
        severity=Severity.MEDIUM,
        required=_LEAD,
        remedy=(
            "Issue a certificate with an RSA key of 2048 bits or more, or an elliptic one of 256, "
            "signed with SHA-256: rsa_cert_file (vsftpd), TLSRSACertificateFile or "
            "TLSECCertificateFile (ProFTPD), -2 FILE (Pure-FTPd), FTP SSL Settings (IIS), "
            "Connection security (FileZilla Server)."
        ),
        reads=read_certificate,
        judge=judge_strength,
    ),
    Facet(
        id="certificate-expiry",
        question="Is the certificate valid for three more weeks?",
        layer=Source.NETWORK,
        severity=Severity.INFO,
        required="nothing: it is a lead",
        remedy=(
            "Renew the certificate: rsa_cert_file (vsftpd), TLSRSACertificateFile (ProFTPD), "
            "-2 FILE (Pure-FTPd), FTP SSL Settings (IIS), Connection security (FileZilla Server)."
        ),
        reads=read_certificate,
        judge=judge_expiry,
    ),
    Facet(
        id="client-certificate",
        question="Does the server ask for a client certificate?",
        layer=Source.NETWORK,
        severity=Severity.INFO,
        required="nothing: it is told for information",
        remedy=(
            "To require one: require_cert=YES and validate_cert=YES with ca_certs_file (vsftpd), "
            "TLSVerifyClient on with TLSCACertificateFile (ProFTPD), sslClientCertificates (IIS). "
            "FileZilla Server has no such setting."
        ),
        reads=read_client_certificate,
        judge=judge_client_certificate,
    ),
    Facet(
        id="secure-renegotiation",
        question="Does TLS up to 1.2 know secure renegotiation?",
        layer=Source.NETWORK,
        severity=Severity.MEDIUM,
        required="nothing: it is a lead",
        remedy=(
            "Update the TLS library; no setting of vsftpd, ProFTPD, Pure-FTPd or FileZilla Server "
            "brings it. On IIS set AllowInsecureRenegoClients to 0 below SCHANNEL. Or allow TLS "
            "1.3 alone: TLSProtocol TLSv1.3 (ProFTPD)."
        ),
        reads=read_handshake,
        judge=judge_renegotiation,
    ),
    Facet(
        id="tls-compression",
        question="Is TLS compression refused?",
        layer=Source.NETWORK,
        severity=Severity.LOW,
        required="nothing: it is a lead",
        remedy=(
            "Update the TLS library or build it without zlib: vsftpd, ProFTPD and Pure-FTPd have "
            "no setting for it. IIS and FileZilla Server do not compress."
        ),
        reads=read_handshake,
        judge=judge_compression,
    ),
    Facet(
        id="weak-key-exchange",
        question="Are keys exchanged in strong groups?",
        layer=Source.NETWORK,
        severity=Severity.MEDIUM,
        required=_LEAD,
        remedy=(
            "Use elliptic curves, or primes of 2048 bits or more: ssl_ciphers without DHE "
            "(vsftpd), TLSDHParamFile and TLSECDHCurve (ProFTPD), -J without DHE (Pure-FTPd), "
            "ServerMinKeyBitLength for Diffie-Hellman below SCHANNEL (IIS), a minimum of TLS 1.3 "
            "in Connection security (FileZilla Server)."
        ),
        reads=read_handshake,
        judge=judge_exchange,
    ),
    Facet(
        id="weak-suites",
        question="Are weak cipher suites refused?",
        layer=Source.NETWORK,
        severity=Severity.MEDIUM,
        required="nothing: it is asked where the target enumerates TLS, and then a lead",
        remedy=(
            "Accept AEAD suites with forward secrecy alone: "
            "ssl_ciphers=ECDHE+AESGCM:ECDHE+CHACHA20 (vsftpd), the same after TLSCipherSuite "
            "(ProFTPD) or -J (Pure-FTPd), Disable-TlsCipherSuite (IIS), a minimum of TLS 1.3 in "
            "Connection security (FileZilla Server)."
        ),
        reads=read_survey,
        judge=judge_suites,
    ),
)
"""In the order of the report."""
