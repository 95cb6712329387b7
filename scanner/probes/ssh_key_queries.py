"""Whose public keys an account accepts: asked without a signature, so that nobody logs in.

A refused key costs the server a failed authentication: it is counted as one, at most
``MOST_REFUSED`` are risked on one connection, and it is not shown again in the same week.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from scanner.clients.dialer import Dialer
from scanner.clients.faults import Fault
from scanner.clients.ssh_questions import begin_questions
from scanner.clients.ssh_transport import SshTransport
from scanner.model.attempts import AttemptKind, limit_key
from scanner.model.evidence import Scalar
from scanner.model.login_keys import AccountKeys, KeyAnswers, KeyQuery
from scanner.model.peer import PeerTrust
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.ssh import AuthMethods
from scanner.model.target import Account
from scanner.probes.context import ProbeContext
from scanner.probes.people_keys import (
    PersonKey,
    keys_of,
    refusal_mark,
    signature_algorithm,
    strange_key,
)
from scanner.probes.ssh_pace import Pace
from scanner.probes.ssh_trust import HostKeys
from scanner.wire.key_lines import KeyLine
from scanner.wire.ssh import SshSyntaxError
from scanner.wire.ssh_keys import plain_key

MOST_REFUSED = 2
"""Refused keys on one connection: the strictest servers in use end it at the third."""

MOST_QUERIED = 16
"""Accounts of one endpoint whose keys are asked for."""

_TRIES = 2
_SIGNATURES = "server-sig-algs"
_SAME_PERSON = Unobserved(Reason.NOT_LOOKED_AT, "a key of the same person is accepted already")
_PROVED = Unobserved(Reason.NOT_LOOKED_AT, "keys of two people are accepted already")
_ANY_KEY = Unobserved(
    Reason.PROTOCOL_ERROR, "the server accepts a key that nobody holds: its word proves nothing"
)
_NO_ATTEMPT = Unobserved(Reason.ATTEMPT_BUDGET, "no failing login is left to risk for a key")
_NO_TIME = Unobserved(Reason.TIME_BUDGET, "no time was left to ask for keys")
_NO_KEYS = Unobserved(Reason.NOT_OFFERED, "public keys are not offered to this account")
_NO_NEED = Unobserved(Reason.NOT_OFFERED, "the account is let in without any key")
_BEYOND = Unobserved(
    Reason.CONNECTION_BUDGET, f"the keys of only {MOST_QUERIED} accounts are asked for"
)


class KeyQueries:
    """Asks one endpoint. ``offered`` is what each account was offered on the way.

    No secret is sent, so a host whose keys nobody declared is asked too, and its answers are
    marked as not verified; one that contradicts what was declared is told no name.
    """

    def __init__(
        self, dialer: Dialer, context: ProbeContext, keys: HostKeys, pace: Pace, *, seconds: float
    ) -> None:
        self._dialer = dialer
        self._context = context
        self._keys = keys
        self._pace = pace
        self._seconds = seconds
        self._mute: Unobserved | None = None
        self.offered: dict[str, AuthMethods] = {}

    async def of(self, accounts: Sequence[Account], *, deadline: float) -> tuple[AccountKeys, ...]:
        """Return whose keys each account accepts; none is begun after ``deadline`` (loop's time).

        Never raises for what the server does.
        """
        listed = [account for account in accounts if account.public_keys]
        found: list[AccountKeys] = []
        for number, account in enumerate(listed):
            answers: Reading[KeyAnswers] = _BEYOND
            if number < MOST_QUERIED:
                answers = self._doubt(deadline) or await self._ask(account)
            found.append(AccountKeys(username=account.username, answers=answers))
        return tuple(found)

    def _doubt(self, deadline: float) -> Unobserved | None:
        if asyncio.get_running_loop().time() >= deadline:
            return _NO_TIME
        if self._mute or self._pace.stopped:
            return self._mute or self._pace.stopped
        unknown = {key.trust for key in self._keys.seen} == {PeerTrust.UNVERIFIED}
        if self._keys.trusted or (unknown and not self._context.pinned_only):
            return None
        return self._keys.distrust(self._context.pinned_only)

    async def _ask(self, account: Account) -> Reading[KeyAnswers]:
        keys = keys_of(account, self._context.mask)
        talk = _Talk(self._dialer, self._context, self._keys, self._pace, account.username)
        questions = _Questions(talk, keys, people=len(account.public_keys))
        try:
            await questions.put(seconds=self._seconds)
        finally:
            talk.leave()
        if questions.stopped is not None and questions.stopped.reason is Reason.TIMEOUT:
            self._mute = questions.stopped
        if talk.methods is not None:
            self.offered[account.username] = talk.methods
        answers = questions.answers(verified=talk.verified)
        return Observed(answers, (self._evidence(account.username, answers),))

    def _evidence(self, username: str, answers: KeyAnswers) -> str:
        shown = [query for query in answers.queries if isinstance(query.accepted, Observed)]
        told: dict[str, Scalar | tuple[str, ...]] = {
            "username": username,
            "people": answers.people,
            "host_key_verified": answers.verified,
            "strange_key": _told(answers.stranger_refused, yes="refused", no="accepted"),
            "accepted": tuple(q.fingerprint for q in shown if q.accepted == Observed(value=True)),
            "refused": tuple(q.fingerprint for q in shown if q.accepted == Observed(value=False)),
            "not_asked": len(answers.queries) - len(shown),
        }
        return self._context.evidence.add("ssh-key-queries", told)


def _told(reading: Reading[bool], *, yes: str, no: str) -> str:
    if isinstance(reading, Observed):
        return yes if reading.value else no
    return "not asked"


@dataclass(slots=True)
class _Talk:
    """Connections about one account's keys, one after the other."""

    dialer: Dialer
    context: ProbeContext
    keys: HostKeys
    pace: Pace
    username: str
    methods: AuthMethods | None = None
    verified: bool = True
    _transport: SshTransport | None = None
    _refused: int = 0

    async def would_accept(self, line: KeyLine, *, seconds: float) -> bool:
        """Show one key and return the answer. Raises ``Fault``."""
        if self._refused >= MOST_REFUSED:
            self.leave()
        transport = self._transport or await self._begin(seconds)
        algorithm = signature_algorithm(line, _signatures(transport))
        if not algorithm:
            raise Fault(Reason.NOT_OFFERED, "the server takes no keys of this type")
        attempt = self.context.attempts.reserve(
            limit_key(self.dialer.admitted), AttemptKind.KEY_QUERY
        )
        if attempt is None:
            raise Fault(_NO_ATTEMPT.reason, _NO_ATTEMPT.detail)
        accepted = False
        try:
            accepted = await transport.would_accept(self.username, algorithm, line.blob)
        except Fault:
            self.leave()
            raise
        finally:
            self.context.attempts.settle(attempt, failed=not accepted)
            self.dialer.meter.logins += not accepted
            self.dialer.meter.logins_failed += not accepted
            self._refused += not accepted
        return accepted

    def leave(self) -> None:
        """Close the connection, if one is open."""
        if self._transport is not None:
            self._transport.leave()
        self._transport, self._refused = None, 0

    async def _begin(self, seconds: float) -> SshTransport:
        for tries_left in reversed(range(_TRIES)):
            if self.pace.stopped is not None:
                raise Fault(self.pace.stopped.reason, self.pace.stopped.detail)
            await self.pace.step()
            try:
                return await self._open(seconds)
            except Fault as fault:
                if not self.pace.heed(fault.reading) or not tries_left:
                    raise
        raise AssertionError

    async def _open(self, seconds: float) -> SshTransport:
        algorithms = self.keys.trusted_algorithms or self.keys.algorithms
        transport, blob = await begin_questions(self.dialer, algorithms, seconds=seconds)
        self._transport = transport
        try:
            self._judge(blob)
            if self.methods is None:
                self.methods = await transport.methods(self.username)
        except Fault:
            self.leave()
            raise
        self._raise_if_in_vain(self.methods)
        return transport

    def _judge(self, blob: bytes) -> None:
        """Note whether the host key is verified. Raises ``Fault`` where it is another one."""
        try:
            shown = plain_key(blob)
        except SshSyntaxError as error:
            raise Fault(Reason.PROTOCOL_ERROR, str(error)) from error
        seen = zip(self.keys.blobs, self.keys.seen, strict=True)
        known = {plain_key(each): key.trust for each, key in seen}
        fit = shown in self.keys.trusted if self.keys.trusted else shown in known
        if not fit:
            raise Fault(Reason.UNVERIFIED_PEER, "another host key is shown than before")
        self.verified = self.verified and known[shown].may_receive_secrets

    @property
    def in_vain(self) -> bool:
        """Whether no key need be shown: none is asked for, or none is wanted."""
        told = self.methods
        return told is not None and (told.none_accepted or "publickey" not in told.methods)

    def _raise_if_in_vain(self, methods: AuthMethods) -> None:
        why = _NO_NEED if methods.none_accepted else _NO_KEYS
        if self.in_vain:
            self.leave()
            raise Fault(why.reason, why.detail)


def _signatures(transport: SshTransport) -> list[str] | None:
    """Return what the server says of signatures (RFC 8308 section 3.1), if it does."""
    told = {each.name: each.value for each in transport.extensions}
    return told[_SIGNATURES].split(",") if _SIGNATURES in told else None


@dataclass(slots=True)
class _Questions:
    """What is asked of one account, in order, and what was answered so far."""

    talk: _Talk
    keys: list[PersonKey]
    people: int
    stranger: Reading[bool] = field(
        default_factory=lambda: Unobserved(Reason.NOT_LOOKED_AT, "one person's keys alone")
    )
    stopped: Unobserved | None = None
    _open_to: set[str] = field(default_factory=set)
    _heard: dict[str, Reading[bool]] = field(default_factory=dict)
    _queries: list[KeyQuery] = field(default_factory=list)

    async def put(self, *, seconds: float) -> None:
        """Ask until two people are proved or nothing more can be asked."""
        if self.people > 1:
            await self._strange(seconds)
        for key in self.keys:
            self._queries.append(await self._query(key, seconds))

    def answers(self, *, verified: bool) -> KeyAnswers:
        """Return what was answered."""
        return KeyAnswers(
            people=self.people,
            verified=verified,
            stranger_refused=self.stranger,
            queries=tuple(self._queries),
        )

    async def _strange(self, seconds: float) -> None:
        """Show a key of our own first: only who refuses it is believed about the others."""
        heard, _ = await self._shown(strange_key(), self._mark(None), seconds)
        if isinstance(heard, Unobserved):
            self.stranger, self.stopped = heard, heard
            return
        self.stranger = Observed(not heard.value)
        self.stopped = _ANY_KEY if heard.value else None

    async def _query(self, key: PersonKey, seconds: float) -> KeyQuery:
        line = key.line
        if isinstance(line, Unobserved):
            return KeyQuery(holder=key.holder, accepted=line)
        accepted, earlier = await self._accepted(key.holder, line, seconds)
        if accepted == Observed(value=True):
            self._open_to.add(key.holder)
        return KeyQuery(
            holder=key.holder,
            fingerprint=line.fingerprint,
            algorithm=line.algorithm,
            accepted=accepted,
            earlier=earlier,
        )

    async def _accepted(
        self, holder: str, line: KeyLine, seconds: float
    ) -> tuple[Reading[bool], bool]:
        if line.fingerprint in self._heard:
            return self._heard[line.fingerprint], False
        spared = self._spared(holder)
        if spared is not None:
            return spared, False
        heard, earlier = await self._shown(line, self._mark(line), seconds)
        self._heard[line.fingerprint] = heard
        return heard, earlier

    def _spared(self, holder: str) -> Unobserved | None:
        """Return why a key need not be shown."""
        if len(self._open_to) > 1:
            return _PROVED
        return _SAME_PERSON if holder in self._open_to else self.stopped

    async def _shown(self, line: KeyLine, mark: str, seconds: float) -> tuple[Reading[bool], bool]:
        """Return the answer, and whether it is one of earlier in the week."""
        attempts = self.talk.context.attempts
        if attempts.is_refused(mark):
            return Observed(value=False), True
        try:
            accepted = await self.talk.would_accept(line, seconds=seconds)
        except Fault as fault:
            if fault.reason is not Reason.NOT_OFFERED or self.talk.in_vain:
                self.stopped = fault.reading
            return fault.reading, False
        if not accepted:
            attempts.refuse(mark)
        return Observed(accepted), False

    def _mark(self, line: KeyLine | None) -> str:
        context, talk = self.talk.context, self.talk
        year, week, _ = context.clock().isocalendar()
        place = str(talk.dialer.admitted)
        return refusal_mark(context.mask, place, talk.username, f"{year}-{week}", line)
