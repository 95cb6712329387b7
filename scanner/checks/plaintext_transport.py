"""Logins or data can cross the network in clear, or under broken cryptography."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.checks import (
    ftp_posture,
    ftp_remedies,
    ssh_known_keys,
    ssh_login,
    ssh_policy,
    ssh_posture,
    ssh_transport,
    tls_transport,
)
from scanner.checks.base import Check, Facet, Question, Ruling, failed, passed, undecided
from scanner.checks.controls import controls_of
from scanner.checks.questions import ftp_questions, is_implicit, offers_tls
from scanner.model.case import Case, moment
from scanner.model.failure import CapTrigger, FailureId
from scanner.model.finding import Severity, Source
from scanner.model.frozen import dataclass
from scanner.model.observation import (
    AuthTls,
    ClearLadder,
    ClearLogin,
    DataProtection,
    FtpFacts,
    Reply,
    TlsFacts,
    TlsOffer,
)
from scanner.model.peer import PeerTrust
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.view import View


def _codes(replies: tuple[Reply, ...]) -> str:
    return ", then ".join(str(reply.code) for reply in replies) or "no reply"


def _protectable(facts: FtpFacts) -> Reading[AuthTls]:
    """An AUTH that is granted counts only once a handshake has succeeded."""
    if offers_tls(facts) and isinstance(facts.tls, Unobserved):
        return facts.tls
    return facts.auth_tls


def read_tls(case: Case) -> Iterator[Question[AuthTls]]:
    """Ask every FTP endpoint."""
    return ftp_questions(case, _protectable)


def judge_tls(auth: AuthTls, _case: Case) -> Ruling:
    """FTP without any TLS sends everything in clear (RFC 4217)."""
    if auth.offered:
        return passed(f"TLS is offered ({auth.mechanism})")
    return failed(f"the server has no TLS: AUTH is answered {_codes(auth.replies)}")


def read_named(case: Case) -> Iterator[Question[ClearLadder]]:
    """Ask every FTP endpoint that does not begin in TLS."""
    return ftp_questions(case, lambda facts: None if is_implicit(facts) else facts.clear_named)


def judge_named(ladder: ClearLadder, _case: Case) -> Ruling:
    """A server that asks for a password in clear has a client that obeys expose it."""
    codes = _codes(ladder.replies)
    if ladder.step is ClearLogin.REFUSED:
        return passed(f"a named user is refused in clear ({codes})")
    return failed(
        f"the server asks a named user for a password in clear ({codes})",
        caps=(CapTrigger.PASSWORD_IN_CLEAR,),
    )


@dataclass(frozen=True, slots=True)
class ClearAnonymous:
    """How far anonymous got in clear, and what it then saw."""

    ladder: ClearLadder
    view: Reading[View]


def _clear_anonymous(facts: FtpFacts) -> Reading[ClearAnonymous] | None:
    if is_implicit(facts) or not offers_tls(facts):
        return None
    ladder = facts.clear_anonymous
    if isinstance(ladder, Unobserved):
        return ladder
    return Observed(ClearAnonymous(ladder.value, facts.anonymous_view), ladder.evidence)


def read_anonymous(case: Case) -> Iterator[Question[ClearAnonymous]]:
    """Ask every FTP endpoint that offers TLS but does not begin in it."""
    return ftp_questions(case, _clear_anonymous)


def judge_anonymous(seen: ClearAnonymous, case: Case) -> Ruling:
    """Anonymous in clear exposes what is read; in declared public areas that matters little."""
    codes = _codes(seen.ladder.replies)
    if seen.ladder.step is not ClearLogin.ACCEPTED:
        return passed(f"anonymous is not let in in clear ({codes})")
    view = seen.view
    confined = (
        bool(case.target.areas.public)
        and isinstance(view, Observed)
        and view.value.walk.complete
        and not view.value.walk.outside_public
    )
    severity = Severity.LOW if confined else None
    return failed(
        f"anonymous is let in in clear although TLS is offered ({codes})", severity=severity
    )


def read_data(case: Case) -> Iterator[Question[DataProtection]]:
    """Ask every FTP endpoint that can do TLS."""
    return ftp_questions(case, lambda facts: facts.data if offers_tls(facts) else None)


def judge_data(data: DataProtection, _case: Case) -> Ruling:
    """``PROT C`` followed by a transfer that is not refused leaves the data in clear."""
    codes = _codes(data.replies)
    if data.clear_accepted:
        return failed(f"after a TLS login, data in clear are accepted (PROT C, LIST: {codes})")
    return passed(f"data in clear are refused after a TLS login ({codes})")


def read_ccc(case: Case) -> Iterator[Question[Reply]]:
    """Ask every FTP endpoint that can do TLS."""
    return ftp_questions(case, lambda facts: facts.ccc if offers_tls(facts) else None)


def judge_ccc(reply: Reply, _case: Case) -> Ruling:
    """``CCC`` answered 2xx sends later commands in clear (RFC 4217 section 6)."""
    if reply.code // 100 == 2:
        return failed("CCC is accepted: commands after the login can go in clear")
    if reply.code // 100 in {4, 5}:
        return passed(f"CCC is refused ({reply.code})")
    return undecided(f"CCC is answered {reply.code}, neither yes nor no", Reason.PROTOCOL_ERROR)


@dataclass(frozen=True, slots=True)
class Legacy:
    """Which old or broken offers were taken, and whether the server can do better than 3DES."""

    offers: tuple[TlsOffer, ...]
    better: bool


def _legacy(facts: FtpFacts) -> Reading[Legacy] | None:
    if not offers_tls(facts):
        return None
    offers, tls = facts.legacy_tls, facts.tls
    if isinstance(offers, Unobserved):
        return offers
    better = isinstance(tls, Observed) and "DES" not in tls.value.cipher.upper()
    return Observed(Legacy(offers.value, better), offers.evidence)


def read_legacy(case: Case) -> Iterator[Question[Legacy]]:
    """Ask every FTP endpoint that can do TLS."""
    return ftp_questions(case, _legacy)


_LEGACY = {
    "sslv3": Severity.HIGH,
    "broken-suites": Severity.HIGH,
    "tls1.0-1.1": Severity.MEDIUM,
    "3des": Severity.LOW,
}
"""What each offer is worth when it is taken; a pass needs all of them refused."""


def judge_legacy(legacy: Legacy, _case: Case) -> Ruling:
    """SSL and broken suites are high, TLS 1.0 and 1.1 medium (RFC 8996, RFC 7465).

    3DES is medium where the server has nothing better, else a lead.
    """
    taken = [offer for offer in legacy.offers if offer.accepted]
    if taken:
        worst = max((_worth(offer, legacy) for offer in taken), key=_rank)
        told = ", ".join(f"{offer.version} {offer.selected}".strip() for offer in taken)
        return failed(f"old or broken TLS is accepted: {told}", severity=worst)
    unasked = _LEGACY.keys() - {offer.offer for offer in legacy.offers}
    if unasked:
        told = f"not offered to the server: {', '.join(sorted(unasked))}"
        return undecided(told, Reason.NOT_LOOKED_AT)
    return passed(f"old or broken TLS is refused ({', '.join(_LEGACY)})")


def _worth(offer: TlsOffer, legacy: Legacy) -> Severity:
    if offer.offer == "3des" and not legacy.better:
        return Severity.MEDIUM
    return _LEGACY.get(offer.offer, Severity.MEDIUM)


def _rank(severity: Severity) -> int:
    return severity.rank


def read_certificate(case: Case) -> Iterator[Question[TlsFacts]]:
    """Ask every FTP endpoint that can do TLS."""
    required = case.target.tls.declared
    return ftp_questions(
        case, lambda facts: facts.tls if offers_tls(facts) else None, required=required
    )


def judge_certificate(tls: TlsFacts, case: Case) -> Ruling:
    """Without a trust store or a pin, a bad certificate is a lead only.

    A pin vouches for the key, whatever the name and the issuer; it does not excuse the dates.
    """
    until = tls.certificate.not_after
    if tls.trust in {PeerTrust.VERIFIED, PeerTrust.PINNED}:
        if moment(until) < case.now:
            return failed(f"the certificate is {tls.trust} but expired on {until[:10]}")
        return passed(f"the certificate is {tls.trust}, valid to {until}")
    severity = Severity.MEDIUM if case.target.tls.declared else Severity.LOW
    told = tls.trust_detail or "no trust store or pin was given"
    return failed(f"the certificate is {tls.trust}: {told}", severity=severity)


CHECK = Check(
    id=FailureId.PLAINTEXT_TRANSPORT,
    ref="MB-01 facts",
    title="Plaintext transport",
    says="logins or data can cross the network in clear, or under broken cryptography",
    cleared="logins and data are protected wherever it was asked",
    remedy="Require TLS on control and data for every user, or move to SFTP.",
    controls=controls_of(FailureId.PLAINTEXT_TRANSPORT),
    facets=(
        Facet(
            id="tls-not-offered",
            question="Can the control connection be protected by TLS?",
            layer=Source.NETWORK,
            severity=Severity.HIGH,
            required="every FTP and FTPS endpoint",
            remedy=(
                "Enable TLS: ssl_enable=YES (vsftpd), TLSEngine on (ProFTPD), -Y 2 (Pure-FTPd); "
                "or replace FTP by SFTP."
            ),
            reads=read_tls,
            judge=judge_tls,
            remedies=ftp_remedies.TLS_NOT_OFFERED,
        ),
        Facet(
            id="named-login-in-clear",
            question="Does the server ask a named user for a password in clear?",
            layer=Source.NETWORK,
            severity=Severity.HIGH,
            required="every FTP endpoint",
            remedy=(
                "Refuse logins before TLS: force_local_logins_ssl=YES (vsftpd), TLSRequired on "
                "(ProFTPD), -Y 2 (Pure-FTPd)."
            ),
            reads=read_named,
            judge=judge_named,
            remedies=ftp_remedies.NAMED_LOGIN_IN_CLEAR,
        ),
        Facet(
            id="anonymous-login-in-clear",
            question="Is anonymous let in in clear although TLS is offered?",
            layer=Source.NETWORK,
            severity=Severity.MEDIUM,
            required="every FTP endpoint that offers TLS",
            remedy=(
                "Require TLS for anonymous too: force_anon_logins_ssl=YES and "
                "force_anon_data_ssl=YES (vsftpd), TLSRequired on (ProFTPD)."
            ),
            reads=read_anonymous,
            judge=judge_anonymous,
            remedies=ftp_remedies.ANONYMOUS_LOGIN_IN_CLEAR,
        ),
        Facet(
            id="data-in-clear",
            question="Are data in clear refused after a TLS login?",
            layer=Source.NETWORK,
            severity=Severity.MEDIUM,
            required="every FTP endpoint that offers TLS",
            remedy=(
                "Require TLS on data: force_local_data_ssl=YES (vsftpd), TLSRequired on "
                "(ProFTPD), -Y 3 (Pure-FTPd)."
            ),
            reads=read_data,
            judge=judge_data,
            remedies=ftp_remedies.DATA_IN_CLEAR,
        ),
        Facet(
            id="ccc-accepted",
            question="Is CCC refused after a TLS login?",
            layer=Source.NETWORK,
            severity=Severity.MEDIUM,
            required="every FTP endpoint that offers TLS",
            remedy=(
                "Refuse CCC: TLSRequired on (ProFTPD). Pure-FTPd has no switch for it: use SFTP."
            ),
            reads=read_ccc,
            judge=judge_ccc,
            remedies=ftp_remedies.CCC_ACCEPTED,
        ),
        Facet(
            id="legacy-tls",
            question="Are old or broken TLS parameters refused?",
            layer=Source.NETWORK,
            severity=Severity.MEDIUM,
            required="every FTP endpoint that offers TLS",
            remedy=(
                "Allow TLS 1.2 and 1.3 only, with AEAD suites: ssl_ciphers=ECDHE+AESGCM (vsftpd), "
                "TLSProtocol TLSv1.2 TLSv1.3 and TLSCipherSuite ECDHE+AESGCM (ProFTPD), "
                "-J ECDHE+AESGCM (Pure-FTPd), SCHANNEL\\Protocols (IIS), the minimum version in "
                "Connection security (FileZilla Server)."
            ),
            reads=read_legacy,
            judge=judge_legacy,
            remedies=ftp_remedies.LEGACY_TLS,
        ),
        Facet(
            id="certificate-trust",
            question="Does the certificate prove who the server is?",
            layer=Source.NETWORK,
            severity=Severity.MEDIUM,
            required="FTP endpoints for which a trust store or a pin is declared",
            remedy="Install a certificate that the declared authority signed, for this name.",
            reads=read_certificate,
            judge=judge_certificate,
        ),
        *ftp_posture.TRANSPORT_FACETS,
        *tls_transport.FACETS,
        *ssh_transport.FACETS,
        *ssh_posture.FACETS,
        *ssh_login.FACETS,
        *ssh_policy.FACETS,
        *ssh_known_keys.FACETS,
    ),
)
