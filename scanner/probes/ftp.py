"""Everything asked of one FTP or FTPS endpoint, in order of precedence."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import TypeVar

from scanner.clients.dialer import Dialer
from scanner.clients.ftp_session import NotFtp
from scanner.model.observation import (
    ClearLadder,
    ClearOnImplicit,
    DataProtection,
    FtpFacts,
    Reply,
    TlsOffer,
)
from scanner.model.reading import UNASKED, Observed, Reading, Reason, Unobserved
from scanner.model.tls_survey import (
    TlsFlight,
    TlsSurvey,
)
from scanner.probes.context import ProbeContext
from scanner.probes.ftp_access import ask_named, try_anonymous
from scanner.probes.ftp_contact import Contact, make_contact, unobserved
from scanner.probes.ftp_inside import Inside
from scanner.probes.ftp_posture import ask_clear_on_implicit, ask_injection
from scanner.probes.ftp_visit import Visit
from scanner.probes.ftp_words import Words

__all__ = ["NotFtp", "observe_ftp"]

T = TypeVar("T")

_NO_LOGIN = Unobserved(Reason.NO_LOGIN, "nobody was let in")
_NO_TLS_LOGIN = Unobserved(Reason.NO_LOGIN, "nobody was let in over TLS")
_NO_TLS = Unobserved(Reason.NOT_OFFERED, "the server offers no TLS")
_NO_AUTH = Unobserved(Reason.NOT_OFFERED, "the server has no AUTH TLS")
_NO_HANDSHAKE = Unobserved(Reason.TLS_FAILED, "no handshake succeeds, whatever came before it")
_NOT_IMPLICIT = Unobserved(Reason.NOT_OFFERED, "TLS is not implicit on this port")
_NOT_OPTED_IN = Unobserved(Reason.NOT_DECLARED, "the target does not opt in to it")


async def observe_ftp(dialer: Dialer, context: ProbeContext, *, implicit: bool) -> FtpFacts:
    """Observe one endpoint; a question that cannot be answered leaves the others' facts.

    ``implicit`` means TLS from the first byte. Raises ``Fault`` where the port cannot be
    connected to at all, and ``NotFtp`` (reason ``other-service``) where something else answers.
    A server that accepts the connection and stays silent is ``Unobserved`` throughout.
    """
    visit = Visit(dialer, context, implicit=implicit)
    words = Words(visit)
    contact = await make_contact(visit, words)
    if visit.stopped is not None:
        software = words.software(contact.facts.greeting)
        return unobserved(dataclasses.replace(contact.facts, software=software), visit.stopped)
    return await _go_on(visit, contact, words)


async def _go_on(visit: Visit, contact: Contact, words: Words) -> FtpFacts:
    # First what costs no login, then the logins: supplied ones before anonymous ones.
    legacy, flight = await _hellos(visit)
    injectable = await _injectable(visit)
    on_implicit = await _on_implicit(visit)
    named = await _named(visit, contact, on_implicit)
    inside = Inside(visit, words)
    accounts = await inside.visit_accounts()
    entrance = await try_anonymous(visit)
    view = await inside.look_around(entrance)
    survey = await _survey(visit)
    return dataclasses.replace(
        contact.facts,
        features=inside.features or contact.facts.features,
        legacy_tls=legacy,
        tls_flight=flight,
        tls_survey=survey,
        clear_named=named,
        # A port that begins in TLS and refuses clear refuses it to everybody.
        clear_anonymous=entrance.clear or named,
        accounts=accounts,
        anonymous=entrance.access,
        anonymous_view=view,
        data=_worst(inside.protection, _exposes) or _unless_enforced(contact.early, visit),
        ccc=_worst(inside.ccc, _gives_up_tls) or visit.stopped or _unasked_in_tls(visit),
        session_reused=_worst_seen(inside.reused, bool) or _unasked_in_tls(visit),
        passive=_worst_seen(inside.passive, lambda seen: seen.foreign) or _NO_LOGIN,
        software=words.software(contact.facts.greeting),
        system=words["SYST"],
        help=words["HELP"],
        site_help=words["SITE HELP"],
        status=words["STAT"],
        injectable=injectable,
        reuse_required=_worst_seen(inside.reuse_required, _is_loose) or _unasked_in_tls(visit),
        bounce=_worst_seen(inside.bounce, lambda seen: seen.accepted) or _NO_LOGIN,
        clear_on_implicit=on_implicit,
        write_test=inside.write_test or _no_write_test(visit),
    )


def _no_write_test(visit: Visit) -> Unobserved:
    return _NO_LOGIN if visit.context.target.allow.write_test else _NOT_OPTED_IN


async def _injectable(visit: Visit) -> Reading[bool]:
    if visit.implicit or not visit.mechanism:
        return _NO_AUTH
    if visit.certificate is None:
        return visit.stopped or _NO_HANDSHAKE
    return await visit.ask(lambda: ask_injection(visit))


async def _on_implicit(visit: Visit) -> Reading[ClearOnImplicit]:
    if not visit.implicit:
        return _NOT_IMPLICIT
    return await visit.ask(lambda: ask_clear_on_implicit(visit))


async def _named(
    visit: Visit, contact: Contact, on_implicit: Reading[ClearOnImplicit]
) -> Reading[ClearLadder]:
    if visit.implicit:
        return _ladder(on_implicit)
    return contact.named or await visit.ask(lambda: ask_named(visit))


def _ladder(seen: Reading[ClearOnImplicit]) -> Reading[ClearLadder]:
    if isinstance(seen, Unobserved):
        return seen
    return Observed(ClearLadder(step=seen.value.login, replies=seen.value.replies), seen.evidence)


def _is_loose(required: bool) -> bool:  # noqa: FBT001 - the fact itself
    return not required


async def _hellos(
    visit: Visit,
) -> tuple[Reading[tuple[TlsOffer, ...]], Reading[TlsFlight]]:
    if not visit.mechanism:
        return _NO_TLS, _NO_TLS
    from scanner.probes.ftp_hellos import Hellos  # noqa: PLC0415 - of use with TLS alone

    hellos = Hellos(visit)
    legacy = await visit.ask(hellos.ask_legacy)
    return legacy, await visit.ask(hellos.ask_flight)


async def _survey(visit: Visit) -> Reading[TlsSurvey]:
    """Enumerate last, where the team wants it: it costs most and decides least."""
    rounds = visit.context.target.tls.rounds
    if not rounds:
        return UNASKED
    if not visit.mechanism:
        return _NO_TLS
    from scanner.probes.ftp_hellos import enumerate_tls  # noqa: PLC0415 - as above

    return await enumerate_tls(visit, rounds)


def _worst_seen(readings: Sequence[Reading[T]], bad: Callable[[T], bool]) -> Reading[T] | None:
    """Return the first bad fact, else the first fact, else the first reason, if any."""
    seen = [reading for reading in readings if isinstance(reading, Observed)]
    worst = [reading for reading in seen if bad(reading.value)]
    return next(iter([*worst, *seen, *readings]), None)


def _worst(readings: Sequence[Reading[T]], bad: Callable[[T], bool]) -> Reading[T] | None:
    """Return the first bad fact, else the first reason, else the first fact, if any.

    Each reading is of a login that was let in: what one of them was not asked is not proved by
    another's good answer, for servers rule by class of user.
    """
    worst = _worst_seen(readings, bad)
    if isinstance(worst, Observed) and bad(worst.value):
        return worst
    return next((each for each in readings if isinstance(each, Unobserved)), worst)


def _exposes(data: DataProtection) -> bool:
    return data.clear_accepted


def _gives_up_tls(reply: Reply) -> bool:
    return reply.code // 100 == 2


def _unless_enforced(early: Reading[DataProtection], visit: Visit) -> Reading[DataProtection]:
    if isinstance(early, Observed):
        return early
    return visit.stopped or (early if visit.mechanism else _NO_TLS)


def _unasked_in_tls(visit: Visit) -> Unobserved:
    return _NO_TLS_LOGIN if visit.mechanism else _NO_TLS
