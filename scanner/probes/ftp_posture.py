"""Questions about what a session can be made to do: bounce, injection, unbound data connections."""

from __future__ import annotations

from scanner.clients.faults import Fault
from scanner.clients.ftp import FtpTree
from scanner.clients.ftp_session import FtpSession
from scanner.clients.ftp_verbs import THIRD_EPRT, THIRD_PORT
from scanner.clients.tls import shared_looking_context
from scanner.model.observation import Bounce, ClearLogin, ClearOnImplicit
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.probes.context import nonsense_name
from scanner.probes.ftp_access import name_nobody
from scanner.probes.ftp_tls import NO_SUCH_NAME
from scanner.probes.ftp_visit import Visit, check_greeting, raise_if_throttled
from scanner.wire.ftp import RawReply
from scanner.wire.listing import Dialect, ListingParser

_GOODBYE = 221
_NO_HANDSHAKE = frozenset({Reason.TLS_FAILED, Reason.CONNECTION_LOST})
_MUST_REUSE = frozenset({425, 450, 521, 522})
"""How servers refuse a data connection whose TLS session is not the control connection's."""
_MOST_AT_HOME = 1_000


async def ask_bounce(visit: Visit, tree: FtpTree) -> Reading[Bounce]:
    """Point PORT and EPRT to an address of documentation and read the replies; nothing follows.

    It is the last question but one of a session: whoever lists after it asks for a passive port.
    The two never leave together: their answers look alike, and a refusal that is said twice would
    hide that the other was accepted.
    """
    session, version = tree.session, visit.dialer.admitted.ip.version
    asked = [("EPRT", THIRD_EPRT[version])]
    if version == 4:
        asked.insert(0, ("PORT", THIRD_PORT))
    replies: list[RawReply] = []
    evidence: list[str] = []
    for verb, argument in asked:
        reply = await session.command(verb, argument)
        raise_if_throttled(reply)
        replies.append(reply)
        evidence.append(visit.note(f"{verb} {argument.decode('ascii')}", reply))
        if reply.code // 100 not in {2, 4, 5}:
            told = f"{verb} answered {reply.shown}"
            return Unobserved(Reason.PROTOCOL_ERROR, told, tuple(evidence))
    return Observed(
        Bounce(
            accepted=any(reply.code // 100 == 2 for reply in replies),
            replies=tuple(reply.shown for reply in replies),
        ),
        tuple(evidence),
    )


async def ask_reuse(visit: Visit, tree: FtpTree) -> Reading[bool]:
    """List a name that does not exist over a data connection with a TLS session of its own.

    Servers refuse it in the reply that ends the transfer: an empty listing alone says nothing.
    """
    if not tree.session.data_protected:
        return Unobserved(Reason.NOT_OFFERED, "the server does not protect data connections")
    name = nonsense_name().encode("ascii")
    reading = await _list_apart(visit, tree, name, most=1)
    if reading is None:
        # That name is refused, whatever the connection: where there is something, is listed.
        reading = await _list_apart(visit, tree, b"", most=_MOST_AT_HOME)
    unknown = Unobserved(Reason.PROTOCOL_ERROR, "no listing came to a data connection of its own")
    return reading or unknown


async def _list_apart(
    visit: Visit, tree: FtpTree, name: bytes, *, most: int
) -> Reading[bool] | None:
    """List over a TLS session of its own; ``None`` where it may be the name that was refused."""
    parser = ListingParser(Dialect.LIST, now=visit.context.clock(), most=most)
    transfer = await tree.transfers.list("LIST", name, parser, resume=False)
    evidence = (visit.note("LIST", transfer.reply),)
    code = transfer.reply.code
    await _see_whether_it_lives(tree.session)
    if transfer.opened and (code // 100 == 2 or parser.full):
        return Observed(value=False, evidence=evidence)
    if name and code in NO_SUCH_NAME:
        return None
    if code in _MUST_REUSE:
        return Observed(value=True, evidence=evidence)
    return Unobserved(Reason.PROTOCOL_ERROR, f"LIST answered {transfer.reply.shown}", evidence)


async def _see_whether_it_lives(session: FtpSession) -> None:
    """Vsftpd ends the session behind its refusal; whoever asks next is to know."""
    try:
        await session.command("NOOP")
    except Fault:
        session.abort()


async def ask_injection(visit: Visit) -> Reading[bool]:
    """Send NOOP in clear in one segment with AUTH, and see whether it is answered inside TLS
    (CVE-2011-1575).

    QUIT is the only command that is sent inside TLS: any other answer that comes is NOOP's.
    """
    session = await visit.connect_clear()
    try:
        session.send_together(("AUTH", visit.mechanism.upper().encode("ascii")), ("NOOP", b""))
        reply = await session.reply()
        if reply.code != 234:
            raise_if_throttled(reply)
            raise Fault(Reason.TLS_FAILED, f"AUTH now refused: {reply.shown}")
        return await _injected(visit, session)
    finally:
        session.abort()


async def _injected(visit: Visit, session: FtpSession) -> Reading[bool]:
    try:
        await session.shake_hands(shared_looking_context())
    except Fault as fault:
        if fault.reason not in _NO_HANDSHAKE:
            raise
        # It took the clear bytes for a broken handshake: they were not kept for later.
        identity = visit.context.evidence.add("ftp-injection", {"answer": "no handshake"})
        return Observed(value=False, evidence=(identity,))
    session.send("QUIT")
    first = await session.reply()
    evidence: tuple[str, ...] = (visit.note("QUIT", first),)
    if not session.unasked and first.code == _GOODBYE:
        return Observed(value=False, evidence=evidence)
    if not session.unasked:
        # Two answers to one command show that another was carried out; an odd one alone does not.
        evidence = (*evidence, visit.note("QUIT", await session.reply()))
    return Observed(value=True, evidence=evidence)


async def ask_clear_on_implicit(visit: Visit) -> Reading[ClearOnImplicit]:
    """Speak in clear to a port of implicit TLS: an alert or an end is a refusal, a greeting
    is an answer in clear.
    """
    session = await visit.dial()
    try:
        session.send("FEAT")
        greeting = await session.await_greeting()
        check_greeting(greeting)
        evidence = (visit.note("", greeting),)
        await session.reply()
        visit.speaks_clear = True
        named = await name_nobody(visit, session)
        if isinstance(named, Unobserved):
            return named
        ladder = named.value
        return Observed(
            ClearOnImplicit(answers=True, login=ladder.step, replies=ladder.replies),
            (*evidence, *named.evidence),
        )
    except Fault as error:
        raise_if_throttled(session.greeting, closing=False)
        if visit.speaks_clear or error.reason is Reason.TIMEOUT:
            raise
        replies = (session.greeting.shown,) if session.greeting.code else ()
        identity = visit.context.evidence.add(
            "ftp-clear-refused", {"command": "FEAT", "answer": str(error)}
        )
        refused = ClearOnImplicit(answers=False, login=ClearLogin.REFUSED, replies=replies)
        return Observed(refused, (identity,))
    finally:
        session.abort()
