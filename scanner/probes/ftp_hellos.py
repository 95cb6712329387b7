"""Questions put by ClientHellos of our own on an FTP endpoint: one connection each."""

from __future__ import annotations

import os
from dataclasses import asdict, replace

from scanner.clients.deadlines import within
from scanner.clients.faults import Fault
from scanner.clients.ftp_session import FtpSession
from scanner.model.observation import (
    TlsOffer,
)
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.tls_survey import (
    TlsFlight,
    TlsSurvey,
)
from scanner.probes.ftp_visit import Visit
from scanner.wire.tls import FLIGHT, OFFERS, Offer, flight_of, told_offer
from scanner.wire.tls_flight import Answer, FlightReader
from scanner.wire.tls_hello import Hello
from scanner.wire.tls_messages import HelloError
from scanner.wire.tls_survey import Survey

_SHOWS_THE_FLIGHT = "tls1.0-1.1"
"""The old offer whose acceptance shows a flight with a certificate."""
_MOST_UNANSWERED = 3
"""Hellos in a row that get no answer: then the server is left alone."""


class Hellos:
    """The hellos of one visit. A flight that an old offer brought is not asked for again."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._flight: TlsFlight | None = None

    async def ask_legacy(self) -> Reading[tuple[TlsOffer, ...]]:
        """Offer old and broken parameters, a connection each.

        Where an offer stays unanswered the others only count if one of them was taken.
        """
        visit = self._visit
        answers: list[TlsOffer] = []
        for offer in OFFERS:
            try:
                answers.append(await self._offer(offer))
            except Fault as fault:
                if not any(answer.accepted for answer in answers):
                    raise
                if fault.reason is Reason.THROTTLED:
                    visit.stopped = fault.reading
                break
        evidence = tuple(
            visit.context.evidence.add("tls-offer", asdict(answer)) for answer in answers
        )
        return Observed(tuple(answers), evidence)

    async def _offer(self, offer: Offer) -> TlsOffer:
        shows = offer.name == _SHOWS_THE_FLIGHT
        answer = await say_hello(self._visit, offer.hello, what=offer.name, whole=shows)
        if shows:
            flight = flight_of(answer)
            self._flight = flight if flight.whole else None
        return told_offer(offer, answer)

    async def ask_flight(self) -> Reading[TlsFlight]:
        """Return what the server shows in clear before the handshake of TLS 1.2 or older."""
        flight = self._flight
        if flight is None:
            flight = flight_of(await say_hello(self._visit, FLIGHT, what="tls1.2", whole=True))
        shown = asdict(replace(flight, group=None))
        if flight.group is not None:
            shown |= {"group": flight.group.name, "group_bits": flight.group.bits}
        return Observed(flight, (self._visit.context.evidence.add("tls-flight", shown),))


async def enumerate_tls(visit: Visit, rounds: int) -> Reading[TlsSurvey]:
    """Survey versions, suites and groups in at most ``rounds`` connections.

    Stops at once where the server wants no more of us; what was seen until then is kept.
    """
    survey, cut, unanswered = Survey(rounds), "", 0
    while (hello := survey.next_hello()) is not None:
        reading = await visit.ask(lambda: _round(visit, hello))
        if isinstance(reading, Unobserved):
            cut = _told(reading)
            unanswered += 1
            survey.answer(None)
            if visit.stopped is not None or unanswered == _MOST_UNANSWERED:
                break
        else:
            unanswered = 0
            survey.answer(reading.value)
    facts = survey.facts(cut)
    if not any(version.suites or version.complete for version in facts.versions):
        return visit.stopped or Unobserved(Reason.TLS_FAILED, cut)
    return Observed(facts, (_evidence(visit, facts),))


async def _round(visit: Visit, hello: Hello) -> Reading[Answer]:
    return Observed(await say_hello(visit, hello, what="enumerating", whole=True))


def _told(reading: Unobserved) -> str:
    return reading.detail or str(reading.reason).replace("-", " ")


def _evidence(visit: Visit, survey: TlsSurvey) -> str:
    """Keep one line for each version that is accepted."""
    lines = tuple(
        f"{version.version}: {' '.join(suite.name for suite in version.suites)}"
        f" [{' '.join(group.name for group in version.groups)}]"
        for version in survey.versions
        if version.suites
    )
    return visit.context.evidence.add(
        "tls-survey", {"rounds": survey.rounds, "cut": survey.cut, "accepted": lines}
    )


async def say_hello(visit: Visit, hello: Hello, *, what: str, whole: bool) -> Answer:
    """Open a connection, send the hello and return the answer. Raises ``Fault``.

    ``whole`` waits for the rest of the flight behind a choice; one that does not come leaves
    the choice as it is.
    """
    session = await (visit.dial() if visit.implicit else visit.connect_clear())
    try:
        if not visit.implicit:
            await visit.authorise(session)
        session.discard()  # clear bytes behind the 234 are no answer to the hello
        name = visit.opening.server_name
        await session.send_raw(hello.encode(server_name=name, random=os.urandom(32)))
        return await _answer(session, FlightReader(hello), what=what, whole=whole)
    finally:
        session.abort()


async def _answer(session: FtpSession, reader: FlightReader, *, what: str, whole: bool) -> Answer:
    try:
        async with within(session.opening.seconds, f"no answer to the {what} offer"):
            while data := await session.read_raw():
                answer = reader.feed(data)
                if answer is not None and (reader.is_over() or not whole):
                    return answer
    except HelloError as error:
        raise Fault(Reason.PROTOCOL_ERROR, f"{what}: {error}") from error
    except Fault as fault:
        if fault.reason is not Reason.CONNECTION_LOST and reader.answer is None:
            raise
    return reader.closed()
