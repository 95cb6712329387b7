"""Which suites and groups a server accepts, version by version: offer, strike out, offer again.

Sans I/O: it says what to offer next and is told the answer. Each round costs one connection.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Final

from scanner.model.tls_survey import (
    SuiteOrder,
    TlsGroup,
    TlsSuite,
    TlsSurvey,
    TlsVersionSurvey,
)
from scanner.wire.tls_flaws import Exchange, exchange, flaws, suites_of
from scanner.wire.tls_flight import INAPPROPRIATE_FALLBACK, PROTOCOL_VERSION, Answer, Refused, Taken
from scanner.wire.tls_groups import CURVES, OF_1_3
from scanner.wire.tls_hello import FALLBACK, TLS_1_3, VERSIONS, Hello
from scanner.wire.tls_suites import suite_name

_NEWEST_FIRST: Final = tuple(sorted(VERSIONS, reverse=True))
_Steps = Generator[Hello, Answer | None, None]
"""Yields a hello, is sent its answer, or nothing where none came."""


@dataclass(slots=True)
class _Version:
    """What is known of one version. ``open`` while its questions are unanswered."""

    number: int
    suites: list[int] = field(default_factory=list)
    groups: dict[TlsGroup, None] = field(default_factory=dict)
    curves: list[int] = field(default_factory=list)
    order: SuiteOrder = SuiteOrder.UNKNOWN
    settled: bool = False
    share: bool = False
    unanswered: bool = False
    detail: str = ""

    def facts(self, *, finished: bool) -> TlsVersionSurvey:
        return TlsVersionSurvey(
            version=VERSIONS[self.number],
            suites=tuple(TlsSuite(name=suite_name(s), flaws=flaws(s)) for s in self.suites),
            groups=tuple(self.groups),
            order=self.order,
            complete=not self.unanswered and (finished or (self.settled and not self.suites)),
            detail=self.detail,
        )


class Survey:
    """One survey. Ask ``next_hello``, tell ``answer``; ``facts`` at any time.

    First every version is offered everything once, then the suites of each are struck out one
    by one, newest version first, then groups and order of preference are asked. At most
    ``rounds`` hellos are given out.
    """

    def __init__(self, rounds: int) -> None:
        self._left = rounds
        self._rounds = 0
        self._versions = {number: _Version(number) for number in _NEWEST_FIRST}
        self._fallback_refused: bool | None = None
        self._steps = self._all_steps()
        self._next: Hello | None = next(self._steps)
        self._finished = False

    def next_hello(self) -> Hello | None:
        """Return what to offer next; ``None`` at the end, or once the rounds are spent."""
        return self._next if self._left > 0 else None

    def answer(self, answer: Answer | None) -> None:
        """Tell the answer to the last hello; ``None`` where it got none that can be read."""
        self._left -= 1
        self._rounds += 1
        try:
            self._next = self._steps.send(answer)
        except StopIteration:
            self._next = None
            self._finished = True

    def facts(self, cut: str = "") -> TlsSurvey:
        """Return what is known; ``cut`` says why the caller stops before the end."""
        if not cut and not self._finished:
            cut = f"the {self._rounds} rounds of the budget are spent"
        versions = [self._versions[number] for number in VERSIONS]
        return TlsSurvey(
            versions=tuple(each.facts(finished=self._finished) for each in versions),
            rounds=self._rounds,
            cut=cut,
            fallback_refused=self._fallback_refused,
        )

    def _all_steps(self) -> _Steps:
        seen = list(self._versions.values())
        for version in seen:
            yield from _strike_out(version, once=True)
        for version in seen:
            yield from _strike_out(version, once=False)
        yield from self._groups(seen)
        for version in seen:
            yield from _order(version)
        yield from self._fallback(seen)

    def _fallback(self, seen: list[_Version]) -> _Steps:
        """Offer the second newest version as a second try (RFC 7507)."""
        taken = [version for version in seen if version.suites and not version.unanswered]
        if len(taken) < 2:
            return
        older = taken[1]
        answer = yield _hello(older, (*older.suites, FALLBACK))
        if answer is not None:
            refused = isinstance(answer, Refused) and answer.detail == INAPPROPRIATE_FALLBACK
            self._fallback_refused = refused

    def _groups(self, seen: list[_Version]) -> _Steps:
        """Ask the groups of TLS 1.3, and the curves of the newest version before that has any."""
        for version in seen:
            if version.number == TLS_1_3:
                yield from _strike_out_groups(version, tuple(version.suites), OF_1_3)
                continue
            suites = tuple(s for s in version.suites if exchange(s) is Exchange.ECDHE)
            if suites:
                yield from _strike_out_groups(version, suites, CURVES)
                return


def _strike_out(version: _Version, *, once: bool) -> _Steps:
    left = [suite for suite in suites_of(version.number) if suite not in version.suites]
    while left and not version.settled and not version.unanswered:
        answer = yield _hello(version, tuple(left))
        if answer is None:
            version.unanswered = True
        elif _wants_a_share(version, answer):
            version.share = True
            continue
        elif isinstance(answer, Refused) or answer.version != version.number:
            version.settled = True
            version.detail = version.detail or _refusal(version, answer)
        else:
            version.suites.append(answer.suite)
            left.remove(answer.suite)
            _note_group(version, answer)
        if once:
            return


def _hello(version: _Version, suites: tuple[int, ...], groups: tuple[int, ...] = ()) -> Hello:
    every = OF_1_3 if version.number == TLS_1_3 else CURVES
    return Hello(version=version.number, suites=suites, groups=groups or every, share=version.share)


def _wants_a_share(version: _Version, answer: Answer) -> bool:
    """Whether TLS 1.3 may be refused only because the server can't retry with another group."""
    if version.number != TLS_1_3 or version.share or version.suites:
        return False
    return isinstance(answer, Refused) and answer.detail != PROTOCOL_VERSION


def _refusal(version: _Version, answer: Answer) -> str:
    if version.suites:
        return ""
    if isinstance(answer, Taken):
        return f"chose {VERSIONS[answer.version]} instead"
    return answer.detail


def _note_group(version: _Version, taken: Taken) -> None:
    if taken.group is not None:
        version.groups.setdefault(taken.group)
    if taken.group_number is not None and taken.group_number not in version.curves:
        version.curves.append(taken.group_number)


def _strike_out_groups(
    version: _Version, suites: tuple[int, ...], known: tuple[int, ...]
) -> _Steps:
    """Offer the groups that were not chosen yet, until none is taken, or one not offered is."""
    left = [group for group in known if group not in version.curves]
    while suites and left and not version.unanswered:
        answer = yield _hello(version, suites, tuple(left))
        if answer is None:
            version.unanswered = True
            return
        if isinstance(answer, Refused) or answer.group_number not in left:
            return
        _note_group(version, answer)
        left.remove(answer.group_number)


def _order(version: _Version) -> _Steps:
    """Offer what was accepted in the reverse order of acceptance: who decides has its way."""
    first, last = version.suites[:1], version.suites[-1:]
    if first == last or version.unanswered:
        return
    answer = yield _hello(version, tuple(reversed(version.suites)))
    if answer is None:
        version.unanswered = True
    elif isinstance(answer, Taken):
        chosen = [answer.suite]
        if chosen == first:
            version.order = SuiteOrder.SERVER
        elif chosen == last:
            version.order = SuiteOrder.CLIENT
