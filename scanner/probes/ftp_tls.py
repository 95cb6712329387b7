"""Questions about TLS on an FTP endpoint (RFC 4217): offered, trusted, outdated, enforced."""

from __future__ import annotations

import ssl
from dataclasses import asdict

from scanner.clients.faults import Fault
from scanner.clients.ftp import FtpTree
from scanner.clients.ftp_data import PassiveRefused
from scanner.clients.ftp_session import FtpSession
from scanner.clients.tls import (
    ChainFault,
    Verification,
    chain_fault,
    judge_peer,
    looking_context,
    require_chain,
    session_facts,
    shared_looking_context,
    strict_context,
)
from scanner.model.observation import (
    AuthTls,
    CertificateFacts,
    DataProtection,
    Reply,
    TlsFacts,
)
from scanner.model.peer import PeerTrust
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.probes.context import nonsense_name
from scanner.probes.ftp_visit import Visit, raise_if_throttled
from scanner.wire.ftp import RawReply, announces_tls
from scanner.wire.listing import Dialect, ListingParser

EARLY_PROTECTION = (("PBSZ", b"0"), ("PROT", b"C"))
"""What ``ask_early_protection`` sends."""
_MECHANISMS = ("tls", "ssl")
_MUST_PROTECT = frozenset({521, 522, 533, 534, 536})
"""Refusals of data in clear (RFC 2228 section 5, RFC 4217 section 9)."""
NO_SUCH_NAME = frozenset({450, 550})
"""How servers refuse to list a name that does not exist, where they refuse it at all."""


async def ask_auth(visit: Visit, session: FtpSession) -> Reading[AuthTls]:
    """Ask for TLS whether or not FEAT tells of it; ``AUTH SSL`` where ``AUTH TLS`` is refused.

    Where it is granted the session waits for a handshake.
    """
    announced = announces_tls(session.features) if session.features else None
    replies: list[RawReply] = []
    evidence: list[str] = []
    for mechanism in _MECHANISMS:
        reply = await session.command("AUTH", mechanism.upper().encode("ascii"))
        raise_if_throttled(reply)
        replies.append(reply)
        evidence.append(visit.note(f"AUTH {mechanism.upper()}", reply))
        if reply.code == 234:
            visit.mechanism = mechanism
            break
    last = replies[-1]
    if not visit.mechanism and last.code // 100 != 5:
        return Unobserved(Reason.PROTOCOL_ERROR, f"AUTH answered {last.shown}", tuple(evidence))
    shown = tuple(reply.shown for reply in replies)
    return Observed(
        AuthTls(mechanism=visit.mechanism, replies=shown, in_feat=announced), tuple(evidence)
    )


class TlsLook:
    """One look at the certificate and the session, with trust judged by what is declared."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._chain: ChainFault | None = None

    def first_context(self) -> ssl.SSLContext:
        """Return a permissive context; it verifies the chain where a CA is declared."""
        declared = self._visit.context.target.tls
        if not declared.authorities:
            return shared_looking_context()
        context = looking_context()
        try:
            require_chain(context, declared)
        except Fault as fault:
            self._chain = ChainFault(PeerTrust.UNVERIFIED, fault.detail)
        return context

    def note_chain(self, error: ssl.SSLCertVerificationError) -> None:
        """Remember why the chain failed; the facts are then read without verifying."""
        self._chain = chain_fault(error)

    def facts(self, session: FtpSession) -> Observed[TlsFacts]:
        """Return the facts of a session in TLS. Raises ``Fault``."""
        tls = session.tls
        if tls is None:
            raise Fault(Reason.CONNECTION_LOST, "closed by the server")
        certificate = leaf_of(session)
        trust, detail = judge_peer(certificate, verification(self._visit, self._chain))
        version, cipher = session_facts(tls)
        self._visit.certificate = certificate
        identity = self._visit.context.evidence.add(
            "tls-session",
            {**asdict(certificate), "version": version, "cipher": cipher, "trust": str(trust)},
        )
        return Observed(
            TlsFacts(
                version=version,
                cipher=cipher,
                certificate=certificate,
                trust=trust,
                trust_detail=detail,
            ),
            (identity,),
        )


def verification(visit: Visit, chain: ChainFault | None) -> Verification:
    """Return what peers of this visit are judged by."""
    target = visit.context.target
    return Verification(
        declared=target.tls,
        name=visit.opening.server_name,
        now=visit.context.clock(),
        first_use_allowed=target.allow.trust_on_first_use,
        chain=chain,
    )


def leaf_of(session: FtpSession) -> CertificateFacts:
    """Return the facts of the certificate that a session in TLS showed. Raises ``Fault``."""
    der = session.tls.getpeercert(binary_form=True) if session.tls is not None else None
    if der is None:
        raise Fault(Reason.TLS_FAILED, "no certificate was shown")
    from scanner.wire.x509 import (  # noqa: PLC0415 - slow to load, and many servers have no TLS
        CertificateUnreadable,
        certificate_facts,
    )

    try:
        return certificate_facts(der)
    except CertificateUnreadable as error:
        raise Fault(Reason.TLS_FAILED, f"unreadable certificate: {error}") from error


async def connect_trusted(visit: Visit) -> FtpSession:
    """Open a session that a supplied secret may be sent in. Raises ``Fault``.

    TLS is 1.2 or newer; the peer is verified or pinned, or, where nothing is declared and the
    target allows trust on first use, shows the certificate that was seen first.
    """
    context = strict_context()
    if not visit.context.target.tls.pins:
        require_chain(context, visit.context.target.tls)
    session = await visit.connect_tls(context)
    try:
        _check_trust(visit, leaf_of(session))
    except Fault:
        session.abort()
        raise
    return session


def _check_trust(visit: Visit, leaf: CertificateFacts) -> None:
    trust, detail = judge_peer(leaf, verification(visit, None))
    if trust.may_receive_secrets:
        return
    if trust is PeerTrust.FIRST_USE:
        if visit.certificate is not None and visit.certificate.sha256 == leaf.sha256:
            return
        detail = "it showed another certificate than before"
    raise Fault(Reason.UNVERIFIED_PEER, f"{trust}: {detail}" if detail else str(trust))


async def ask_early_protection(session: FtpSession) -> Reading[DataProtection]:
    """Ask for clear data before any login: a refusal shows that protection is enforced."""
    await session.command("PBSZ", b"0")
    reply = await session.expose_data()
    if reply.code not in _MUST_PROTECT:
        return Unobserved(Reason.NO_LOGIN, "data channels can only be asked for after a login")
    return Observed(DataProtection(clear_accepted=False, replies=(reply.shown,)))


async def ask_protection(visit: Visit, tree: FtpTree) -> Reading[DataProtection]:
    """After a TLS login ask for data in clear, then list a name that does not exist.

    Where data were never protected (no PROT P), refusing PROT C protects nothing.
    """
    protected = tree.session.data_protected
    reply = await tree.session.expose_data()
    evidence: tuple[str, ...] = (visit.note("PROT C", reply),)
    if reply.code // 100 == 5 and protected:
        return _enforced(evidence, reply)
    if reply.code // 100 not in {2, 5}:
        return Unobserved(Reason.PROTOCOL_ERROR, f"PROT C answered {reply.shown}", evidence)
    name = nonsense_name().encode("ascii")
    parser = ListingParser(Dialect.LIST, now=visit.context.clock(), most=1)
    try:
        transfer = await tree.transfers.list("LIST", name, parser)
    except PassiveRefused as refused:
        evidence = (*evidence, visit.note("PASV", refused.reply))
        if refused.reply.code // 100 == 5 and tree.session.session_reused is not None:
            # Ports were opened as long as data were protected, on this very session.
            return _enforced(evidence, reply, refused.reply)
        raise
    evidence = (*evidence, visit.note("LIST", transfer.reply))
    if transfer.reply.code in _MUST_PROTECT:
        return _enforced(evidence, reply, transfer.reply)
    if transfer.opened or transfer.reply.code in NO_SUCH_NAME:
        shown = (reply.shown, transfer.reply.shown)
        return Observed(DataProtection(clear_accepted=True, replies=shown), evidence)
    return Unobserved(Reason.PROTOCOL_ERROR, f"LIST answered {transfer.reply.shown}", evidence)


def _enforced(evidence: tuple[str, ...], *replies: RawReply) -> Observed[DataProtection]:
    shown = tuple(reply.shown for reply in replies)
    return Observed(DataProtection(clear_accepted=False, replies=shown), evidence)


async def ask_ccc(visit: Visit, tree: FtpTree) -> Reading[Reply]:
    """Ask to go back to a clear control channel, as the last thing of a session."""
    try:
        reply = await tree.session.command("CCC")
    finally:
        tree.session.abort()
    return Observed(reply.shown, (visit.note("CCC", reply),))
