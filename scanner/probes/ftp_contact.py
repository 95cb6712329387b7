"""First contact with an FTP endpoint: greeting, features, and how TLS is had."""

from __future__ import annotations

import ssl
from dataclasses import fields
from typing import Any

from scanner.clients.faults import Fault
from scanner.clients.ftp_ahead import Command
from scanner.clients.ftp_session import FtpSession, NotFtp
from scanner.model.frozen import dataclass
from scanner.model.observation import (
    AuthTls,
    ClearLadder,
    DataProtection,
    FtpFacts,
    Reply,
    TlsFacts,
)
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.probes.context import nonsense_name
from scanner.probes.ftp_access import ask_named_in_passing
from scanner.probes.ftp_tls import EARLY_PROTECTION, TlsLook, ask_auth, ask_early_protection
from scanner.probes.ftp_visit import Visit, check_greeting
from scanner.probes.ftp_words import BEFORE_LOGIN, Words

_NOT_LOGGED_IN = 530
_FEATURES = 211
_SPOKE_NO_FTP = frozenset({Reason.TIMEOUT, Reason.TLS_FAILED})
_AS_THEY_ARE = ("greeting", "accounts", "tls_survey", "write_test")
"""Facts that a visit cut short leaves alone: nobody may have wanted the last two."""
_NO_LOGIN: Unobserved = Unobserved(Reason.NO_LOGIN, "nobody was let in over TLS")
_NO_TLS = Unobserved(Reason.NOT_OFFERED, "the server offers no TLS")


@dataclass(frozen=True, slots=True)
class Contact:
    """What the first session taught. ``early`` is what it said of clear data before a login,
    ``named`` what a name that does not exist was answered, where that could be asked there.
    """

    facts: FtpFacts
    early: Reading[DataProtection]
    named: Observed[ClearLadder] | None = None


async def make_contact(visit: Visit, words: Words) -> Contact:
    """Make first contact. Sets what the visit goes on with: ``mechanism``, ``features``.

    Raises ``Fault`` where nothing can be connected to, ``NotFtp`` where no FTP answers.
    """
    contact = await _contact(visit, words)
    greeting = contact.facts.greeting
    if isinstance(greeting, Unobserved) and greeting.reason in _SPOKE_NO_FTP:
        from scanner.probes.detect import expect_tls  # noqa: PLC0415 - most greet at once

        await expect_tls(visit.dialer, visit.opening.seconds)
    return contact


async def _contact(visit: Visit, words: Words) -> Contact:
    contact = _FirstContact(visit, words, await FtpSession.dial(visit.opening))
    try:
        return await (contact.inside_tls() if visit.implicit else contact.in_clear())
    finally:
        await contact.session.leave()


class _FirstContact:
    def __init__(self, visit: Visit, words: Words, session: FtpSession) -> None:
        self._visit = visit
        self._words = words
        self._look = TlsLook(visit)
        self.session = session

    async def in_clear(self) -> Contact:
        visit = self._visit
        greeting = await self._greeting()
        features = await visit.ask(self._features)
        auth = await visit.ask(lambda: ask_auth(visit, self.session))
        tls = await self._tls(auth)
        early, named = await self._together(tls)
        facts = FtpFacts(greeting=greeting, features=features, auth_tls=auth, tls=tls)
        return Contact(facts, early, named)

    async def _together(
        self, tls: Reading[TlsFacts]
    ) -> tuple[Reading[DataProtection], Observed[ClearLadder] | None]:
        """Put the last questions of the session together, to see whether the server takes them so;
        where it does not, once more on a new connection, one by one.
        """
        name = nonsense_name()
        if self._visit.stopped is None:
            self.session.send_ahead(*self._last_commands(tls, name), trial=True)
        asked = self._words.to_ask(BEFORE_LOGIN)
        told = await self._one_by_one(tls, name)
        certain = self.session.out_of_step  # nothing is kept behind a surprise
        await self.session.leave()  # the answer to QUIT is the last that may be another's
        if self.session.out_of_step:
            self._words.forget([] if certain else asked)
            again = await self._visit.ask(self._reconnected)
            if isinstance(again, Observed):
                told = await self._one_by_one(tls, name)
        return told

    def _last_commands(self, tls: Reading[TlsFacts], name: str) -> list[Command]:
        commands = self._words.to_ask(BEFORE_LOGIN)
        if isinstance(tls, Observed):
            return [*EARLY_PROTECTION, *commands]
        if not self._visit.mechanism:
            commands.append(("USER", name.encode("ascii")))
        return commands

    async def _reconnected(self) -> Reading[bool]:
        self.session = await self._visit.connect(secure=bool(self._visit.mechanism))
        return Observed(value=True)

    async def _one_by_one(
        self, tls: Reading[TlsFacts], name: str
    ) -> tuple[Reading[DataProtection], Observed[ClearLadder] | None]:
        early = await self._early(tls)
        await self._words.ask(self.session, BEFORE_LOGIN)
        return early, await self._named(name)

    async def _named(self, name: str) -> Observed[ClearLadder] | None:
        """Name nobody before leaving, where no later question would change the answer."""
        visit, session = self._visit, self.session
        if visit.mechanism or not session.is_usable:
            return None
        named = await visit.ask(lambda: ask_named_in_passing(visit, session, name))
        return named if isinstance(named, Observed) else None

    async def inside_tls(self) -> Contact:
        visit = self._visit
        tls = await visit.ask(self._secure)
        if isinstance(tls, Unobserved):
            return await self._clear_instead(tls)
        visit.mechanism = "implicit"
        greeting = await self._greeting()
        features = await visit.ask(self._features)
        auth: Reading[AuthTls] = Observed(AuthTls(mechanism="implicit"), tls.evidence)
        early, _ = await self._together(tls)
        facts = FtpFacts(greeting=greeting, features=features, auth_tls=auth, tls=tls)
        return Contact(facts, early)

    async def _clear_instead(self, tls: Unobserved) -> Contact:
        """See whether a port of implicit TLS, which shakes no hands, speaks in clear."""
        visit = self._visit
        if tls.reason not in {Reason.TLS_FAILED, Reason.CONNECTION_LOST}:
            return self._nothing(tls)
        self.session.abort()
        self.session = await visit.dial()
        visit.implicit, visit.speaks_clear = False, True
        contact = await self.in_clear()
        if isinstance(contact.facts.greeting, Unobserved):
            return self._nothing(tls)
        return contact

    def _nothing(self, reading: Unobserved) -> Contact:
        """End the visit: every fact is unobserved for the one reason."""
        self._visit.stopped = reading
        return Contact(unobserved(FtpFacts(greeting=reading), reading), reading)

    async def _greeting(self) -> Reading[Reply]:
        """Read the greeting; one that is no welcome ends the visit."""
        try:
            greeting = self.session.greeting
            if not greeting.code:
                greeting = await self.session.await_greeting()
            reading: Reading[Reply] = Observed(greeting.shown, (self._visit.note("", greeting),))
            check_greeting(greeting)
        except NotFtp:
            raise
        except Fault as fault:
            self._visit.stopped = fault.reading
            return reading if self.session.greeting.code else fault.reading
        return reading

    async def _features(self) -> Reading[tuple[str, ...]]:
        return await read_features(self._visit, self.session)

    async def _tls(self, auth: Reading[AuthTls]) -> Reading[TlsFacts]:
        if self._visit.mechanism:
            return await self._visit.ask(self._secure)
        return auth if isinstance(auth, Unobserved) else _NO_TLS

    async def _secure(self) -> Reading[TlsFacts]:
        """Shake hands; on a second connection, without verifying, where the chain fails."""
        try:
            await self.session.shake_hands(self._look.first_context())
        except ssl.SSLCertVerificationError as error:
            self._look.note_chain(error)
            self.session.abort()
            self.session = await self._visit.connect_tls()
        if self.session.injected:
            data = {"bytes": self.session.injected}
            self._visit.context.evidence.add("ftp-clear-bytes-before-tls", data)
        return self._look.facts(self.session)

    async def _early(self, tls: Reading[TlsFacts]) -> Reading[DataProtection]:
        if isinstance(tls, Unobserved):
            return _NO_LOGIN
        return await self._visit.ask(lambda: ask_early_protection(self.session))


async def read_features(visit: Visit, session: FtpSession) -> Reading[tuple[str, ...]]:
    """Ask FEAT. A server that does not know the command has no features."""
    reply = await session.ask_features()
    evidence = (visit.note("FEAT", reply),)
    if reply.code == _NOT_LOGGED_IN:
        return Unobserved(Reason.NO_LOGIN, "FEAT is answered after a login only", evidence)
    if reply.code == _FEATURES or reply.code // 100 == 5:
        visit.features = session.features
        return Observed(session.features, evidence)
    return Unobserved(Reason.PROTOCOL_ERROR, f"FEAT answered {reply.shown}", evidence)


def unobserved(facts: FtpFacts, reading: Unobserved) -> FtpFacts:
    """Return the facts with all but first contact's unobserved for one reason, and of those
    what was not observed.
    """
    kept: dict[str, Any] = {name: getattr(facts, name) for name in _AS_THEY_ARE}
    for each in fields(facts):
        if each.name not in kept:
            seen = getattr(facts, each.name)
            kept[each.name] = seen if isinstance(seen, Observed) else reading
    return FtpFacts(**kept)
