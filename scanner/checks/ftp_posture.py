"""Facets of an FTP server's posture: what a session can be made to do."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final, TypeVar

from scanner.checks.base import Facet, Question, Ruling, failed, passed
from scanner.checks.questions import ftp_questions, is_implicit
from scanner.model.case import Case
from scanner.model.failure import CapTrigger
from scanner.model.finding import Confidence, Severity, Source
from scanner.model.observation import (
    Bounce,
    ClearLogin,
    ClearOnImplicit,
    FtpFacts,
    PassiveAddress,
    WriteTest,
)
from scanner.model.product import Product
from scanner.model.reading import Observed, Reading, Reason, Unobserved

T = TypeVar("T")


_NOBODY_ASKED = frozenset({Reason.NO_LOGIN, Reason.NOT_OFFERED, Reason.NOT_LOOKED_AT})


def _if_asked(reading: Reading[T]) -> Reading[T] | None:
    """Leave a lead out where there was nobody to ask it as: it is not open, it is no question."""
    silent = isinstance(reading, Unobserved) and reading.reason in _NOBODY_ASKED
    return None if silent else reading


def read_implicit(case: Case) -> Iterator[Question[ClearOnImplicit]]:
    """Ask every FTPS endpoint that begins in TLS."""
    return ftp_questions(
        case,
        lambda facts: _if_asked(facts.clear_on_implicit) if is_implicit(facts) else None,
        required=False,
    )


def judge_implicit(seen: ClearOnImplicit, _case: Case) -> Ruling:
    """A port that clients believe to be TLS from the first byte must not answer in clear."""
    if not seen.answers:
        return passed("a client that speaks in clear is not answered")
    codes = ", ".join(str(reply.code) for reply in seen.replies)
    if seen.login is ClearLogin.REFUSED:
        return failed(
            f"the port of implicit TLS answers in clear and refuses a login ({codes})",
            severity=Severity.LOW,
        )
    return failed(
        f"the port of implicit TLS takes a login in clear ({codes})",
        caps=(CapTrigger.PASSWORD_IN_CLEAR,),
    )


def read_injection(case: Case) -> Iterator[Question[bool]]:
    """Ask every FTP endpoint that has AUTH TLS."""
    return ftp_questions(case, lambda facts: _if_asked(facts.injectable), required=False)


def judge_injection(injectable: bool, _case: Case) -> Ruling:  # noqa: FBT001 - the fact itself
    """Who sits on the line can put commands in front of the client's (CVE-2011-1575)."""
    if injectable:
        return failed("a command sent in clear behind AUTH is carried out inside TLS")
    return passed("what is sent in clear behind AUTH is dropped")


def read_reuse(case: Case) -> Iterator[Question[bool]]:
    """Ask where a login was let in over TLS."""
    return ftp_questions(case, lambda facts: _if_asked(facts.reuse_required), required=False)


def judge_reuse(required: bool, _case: Case) -> Ruling:  # noqa: FBT001 - the fact itself
    """Without it, whoever is first at the data port gets the data (RFC 4217 section 10.2)."""
    if required:
        return passed("a data connection must resume the TLS session of its control connection")
    return failed("a data connection with a TLS session of its own is accepted")


def read_bounce(case: Case) -> Iterator[Question[Bounce]]:
    """Ask where anybody was let in."""
    return ftp_questions(case, lambda facts: _if_asked(facts.bounce), required=False)


def judge_bounce(bounce: Bounce, _case: Case) -> Ruling:
    """A third address in PORT makes the server attack others (RFC 2577 section 3).

    Some servers take PORT and refuse when the transfer comes, which is not tried: no proof.
    """
    codes = ", ".join(str(reply.code) for reply in bounce.replies)
    if bounce.accepted:
        told = f"PORT or EPRT toward another address is taken ({codes})"
        return failed(told, Confidence.STRONG)
    return passed(f"PORT and EPRT toward another address are refused ({codes})")


def read_passive(case: Case) -> Iterator[Question[PassiveAddress]]:
    """Ask where anybody was let in."""
    return ftp_questions(case, lambda facts: _if_asked(facts.passive), required=False)


def judge_passive(passive: PassiveAddress, _case: Case) -> Ruling:
    """PASV that points elsewhere breaks clients, and an internal address tells the network."""
    if not passive.foreign:
        return passed("PASV points to the server itself")
    kind = "an internal address" if _is_internal(passive.announced) else "another address"
    return failed(f"PASV announces {kind}: {passive.announced}", Confidence.PROOF)


def _is_internal(announced: str) -> bool:
    try:
        return ip_address(announced).is_private
    except ValueError:
        return False


def read_write(case: Case) -> Iterator[Question[WriteTest]]:
    """Ask where the target opted in, and wherever nobody without an account gets in at all."""
    opted = case.target.allow.write_test

    def pick(facts: FtpFacts) -> Reading[WriteTest] | None:
        access = facts.anonymous
        if isinstance(access, Unobserved):
            return access if opted else None
        if not access.value.accepted:
            return Observed(WriteTest(tried=0, written=0), access.evidence)
        return facts.write_test if opted else None

    return ftp_questions(case, pick, required=False)


def judge_write(test: WriteTest, _case: Case) -> Ruling:
    """A file that was taken is proof; one that could not be removed has to be told."""
    if test.left:
        told = f"{', '.join(test.names)} could not be removed: remove it"
        return failed(
            f"anyone can write without an account; {told}", caps=(CapTrigger.ANONYMOUS_WRITE,)
        )
    if test.written:
        return failed(
            "anyone can write without an account (an empty file was taken, then removed)",
            caps=(CapTrigger.ANONYMOUS_WRITE,),
        )
    if not test.tried:
        return passed("nobody gets in without an account, so nobody can write")
    return passed(f"an anonymous write is refused in each of {test.tried} directories")


TRANSPORT_FACETS: Final = (
    Facet(
        id="clear-on-implicit-port",
        question="Does the port of implicit TLS refuse to speak in clear?",
        layer=Source.NETWORK,
        severity=Severity.HIGH,
        required="nothing; a login taken in clear there fails the row",
        remedy="Let the port of implicit TLS (990) answer a TLS handshake and nothing else.",
        reads=read_implicit,
        judge=judge_implicit,
    ),
    Facet(
        id="command-injection-before-tls",
        question="Are commands dropped that were sent in clear before the TLS handshake?",
        layer=Source.NETWORK,
        severity=Severity.MEDIUM,
        required="nothing; seen, it fails the row",
        remedy="Update the server: it keeps clear text across AUTH TLS (CVE-2011-1575).",
        reads=read_injection,
        judge=judge_injection,
        remedies={
            Product.PUREFTPD: "Update Pure-FTPd to 1.0.30 or later.",
            Product.PROFTPD: "Update ProFTPD to 1.3.3e or later.",
        },
    ),
    Facet(
        id="data-session-reuse",
        question="Must a data connection resume the TLS session of its control connection?",
        layer=Source.NETWORK,
        severity=Severity.LOW,
        required="nothing: it is a lead",
        remedy="Demand TLS session reuse on data connections.",
        reads=read_reuse,
        judge=judge_reuse,
        remedies={
            Product.VSFTPD: "Set require_ssl_reuse=YES in vsftpd.conf.",
            Product.PROFTPD: "Remove NoSessionReuseRequired from TLSOptions.",
            Product.FILEZILLA: (
                "FileZilla Server 1.x demands it by itself; in 0.9.x tick 'Require TLS session "
                "resumption on data connection when using PROT P'."
            ),
            Product.PUREFTPD: "Pure-FTPd has no switch for it: prefer SFTP for what matters.",
        },
    ),
)
"""For ``plaintext-transport``."""

ZONE_FACETS: Final = (
    Facet(
        id="anonymous-write",
        question="Is a write without an account refused?",
        layer=Source.NETWORK,
        severity=Severity.CRITICAL,
        required="nothing; asked where the target opts in (allow.write_test)",
        remedy="Refuse every write of anonymous users.",
        reads=read_write,
        judge=judge_write,
        remedies={
            Product.VSFTPD: "Set anon_upload_enable=NO and anon_mkdir_write_enable=NO.",
            Product.PROFTPD: "In <Anonymous>, add <Limit WRITE> DenyAll </Limit>.",
            Product.PUREFTPD: "Start pure-ftpd with -i (no anonymous upload), or -E.",
        },
    ),
    Facet(
        id="bounce",
        question="Is PORT toward another address refused?",
        layer=Source.NETWORK,
        severity=Severity.LOW,
        required="nothing: it is a lead",
        remedy="Refuse PORT and EPRT toward any address but the client's own.",
        reads=read_bounce,
        judge=judge_bounce,
        remedies={
            Product.VSFTPD: "Set port_promiscuous=NO (the default).",
            Product.PROFTPD: "Set AllowForeignAddress off (the default).",
            Product.PYFTPDLIB: "Set permit_foreign_addresses = False on the handler.",
        },
    ),
    Facet(
        id="passive-address",
        question="Does PASV point to the server itself?",
        layer=Source.NETWORK,
        severity=Severity.LOW,
        required="nothing: it is a lead",
        remedy="Announce the address that clients reach the server by.",
        reads=read_passive,
        judge=judge_passive,
        remedies={
            Product.VSFTPD: "Set pasv_address to the outer address, or leave it out.",
            Product.PROFTPD: "Set MasqueradeAddress to the outer address.",
            Product.PUREFTPD: "Start pure-ftpd with -P and the outer address.",
        },
    ),
)
"""For ``open-zone``."""
