"""How facets are asked and how their answers become one verdict.

A judge is handed a fact only when it was observed; everything else is decided here, once, so
that no check can turn "not seen" into a pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from functools import lru_cache
from itertools import groupby
from typing import Any, Generic, TypeVar

from scanner.model.case import Case
from scanner.model.failure import CapTrigger, FailureId
from scanner.model.finding import (
    Confidence,
    FailureResult,
    Finding,
    Severity,
    Source,
    Verdict,
    finding_uid,
)
from scanner.model.frozen import dataclass, replace
from scanner.model.product import Product
from scanner.model.reading import Reading, Reason, Unobserved

T = TypeVar("T")

_MOST_REMEMBERED = 1_000
"""Rulings on what was not seen: hosts of a fleet leave the same few questions open."""

PAPERS = "papers"
"""The vantage of what the operator handed over: seen from a desk, not from a network."""


@dataclass(frozen=True, slots=True)
class Question(Generic[T]):
    """One facet, put to one way in from one vantage.

    ``required``: without an answer the failure cannot pass. ``product`` is what answers there,
    for a remedy that names its own switch.
    """

    vantage: str
    way_in: str
    reading: Reading[T]
    required: bool = True
    product: Product = Product.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What a judge says of one observed fact. ``None`` means the facet's own value."""

    verdict: Verdict
    summary: str
    confidence: Confidence = Confidence.PROOF
    severity: Severity | None = None
    source: Source | None = None
    reason: str = ""
    caps: tuple[CapTrigger, ...] = ()
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet(Generic[T]):
    """One question inside a failure.

    ``reads`` yields where it is to be asked and what was seen there; ``judge`` rules on a fact.
    ``required`` says in words what it is required for; ``severity`` is what a fail is worth
    unless the judge says otherwise. ``remedies`` are lines for products that are known; the
    others are told ``remedy``. ``basis`` names the table or document that decides, where there is
    one with a version.
    """

    id: str
    question: str
    layer: Source
    severity: Severity
    required: str
    remedy: str
    reads: Callable[[Case], Iterable[Question[T]]]
    judge: Callable[[T, Case], Ruling]
    remedies: Mapping[Product, str] = field(default_factory=dict)
    basis: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One of the nine failures: its words, its controls and its facets.

    ``says`` is what a fail means; ``cleared`` is what a pass on several facets means.
    """

    id: FailureId
    ref: str
    title: str
    says: str
    cleared: str
    remedy: str
    controls: Mapping[str, tuple[str, ...]]
    facets: tuple[Facet[Any], ...] = field(default=())


def failed(
    summary: str,
    confidence: Confidence = Confidence.PROOF,
    *,
    severity: Severity | None = None,
    caps: tuple[CapTrigger, ...] = (),
    evidence: tuple[str, ...] = (),
) -> Ruling:
    """Return a fail."""
    return Ruling(
        verdict=Verdict.FAIL,
        summary=summary,
        confidence=confidence,
        severity=severity,
        caps=caps,
        evidence=evidence,
    )


def passed(summary: str, *, source: Source | None = None) -> Ruling:
    """Return a pass, with whose word it rests on when that is not the facet's layer."""
    return Ruling(verdict=Verdict.PASS, summary=summary, source=source)


def undecided(summary: str, reason: Reason | str) -> Ruling:
    """Return an unknown that was looked at and still cannot be told."""
    return Ruling(verdict=Verdict.UNKNOWN, summary=summary, reason=str(reason))


def evaluate(check: Check, case: Case) -> FailureResult:
    """Judge one failure of one asset. Raises whatever a judge raises: that is our own bug."""
    findings: list[Finding] = []
    for facet in check.facets:
        questions = list(facet.reads(case))
        # Most facets ask about something that an asset does not have; most others ask once.
        if len(questions) == 1:
            answer = _answer(check, facet, case, questions[0])
            findings.append(_worst([answer], answer.vantage))
        elif questions:
            findings += _findings(check, facet, case, questions)
    return _conclude(check, findings)


def _findings(
    check: Check, facet: Facet[Any], case: Case, questions: list[Question[Any]]
) -> Iterator[Finding]:
    questions.sort(key=lambda question: question.vantage)
    for vantage, group in groupby(questions, key=lambda question: question.vantage):
        answers = [_answer(check, facet, case, question) for question in group]
        yield _worst(answers, vantage)


def _answer(check: Check, facet: Facet[Any], case: Case, question: Question[Any]) -> Finding:
    reading = question.reading
    if isinstance(reading, Unobserved):
        ruling = _unobserved(facet.question, reading.reason, reading.detail)
    else:
        ruling = facet.judge(reading.value, case)
    target = case.target
    uid = finding_uid(target.tenant, target.asset, question.vantage, check.id, facet.id)
    return Finding(
        uid=uid,
        facet=facet.id,
        vantage=question.vantage,
        ways_in=(question.way_in,) if question.way_in else (),
        verdict=ruling.verdict,
        source=ruling.source or facet.layer,
        confidence=ruling.confidence,
        severity=_severity(ruling, facet),
        summary=ruling.summary,
        reason=ruling.reason,
        remedy=facet.remedies.get(question.product, facet.remedy),
        required=question.required,
        evidence=_together(reading.evidence, ruling.evidence),
        caps=ruling.caps if ruling.verdict is Verdict.FAIL else (),
    )


def _together(ours: tuple[str, ...], theirs: tuple[str, ...]) -> tuple[str, ...]:
    """Return the pieces of evidence of both, each once."""
    return tuple(dict.fromkeys((*ours, *theirs))) if ours or theirs else ()


def _severity(ruling: Ruling, facet: Facet[Any]) -> Severity:
    if ruling.verdict is Verdict.FAIL:
        return ruling.severity or facet.severity
    return Severity.INFO


@lru_cache(maxsize=_MOST_REMEMBERED)
def _unobserved(question: str, reason: Reason, detail: str) -> Ruling:
    verdict = Verdict.ERROR if reason is Reason.OWN_FAULT else Verdict.UNKNOWN
    told = detail or str(reason).replace("-", " ")
    return Ruling(
        verdict=verdict,
        summary=f"{question.rstrip('?')}: not known ({told})",
        reason=str(reason),
    )


def _rank(finding: Finding) -> int:
    """How bad an answer is for the facet; the worst of all ways in speaks for it."""
    if finding.verdict is Verdict.FAIL:
        if finding.is_lead:
            return 3
        return 7 if finding.confidence is Confidence.PROOF else 6
    if finding.verdict is Verdict.ERROR:
        return 5
    if finding.verdict is Verdict.UNKNOWN:
        return 4 if finding.required else 2
    return 1 if finding.source in {Source.OPERATOR, Source.DOCUMENT} else 0


def _worst(answers: Sequence[Finding], vantage: str) -> Finding:
    if len(answers) == 1 and len(answers[0].caps) < 2:
        return answers[0]  # most assets have one way in: nothing is to be put together
    rank = max(map(_rank, answers))
    peers = [answer for answer in answers if _rank(answer) == rank]
    chief = max(peers, key=lambda answer: (answer.severity.rank, _weakness(answer.source)))
    more = len({peer.summary for peer in peers}) - 1
    return replace(
        chief,
        vantage=vantage,
        ways_in=tuple(dict.fromkeys(way for peer in peers for way in peer.ways_in)),
        evidence=tuple(dict.fromkeys(item for peer in peers for item in peer.evidence)),
        caps=tuple(dict.fromkeys(cap for answer in answers for cap in answer.caps)),
        required=any(answer.required for answer in peers),
        summary=f"{chief.summary} (and {more} more)" if more else chief.summary,
    )


def _weakness(source: Source) -> int:
    return _WEAKNESSES[source]


_WEAKNESSES = {source: place for place, source in enumerate(Source)}


def _conclude(check: Check, findings: Sequence[Finding]) -> FailureResult:
    against = [f for f in findings if f.verdict is Verdict.FAIL and not f.is_lead]
    proofs = [f for f in against if f.confidence is Confidence.PROOF]
    if proofs or len({f.facet for f in against}) > 1:
        return _fail(check, findings, proofs or against)
    if against:
        return _suspected(check, findings, against)
    return _required(check, findings)


def _fail(check: Check, findings: Sequence[Finding], signs: Sequence[Finding]) -> FailureResult:
    chief = max(signs, key=lambda finding: finding.severity.rank)
    return _result(check, findings, chief, Verdict.FAIL)


def _suspected(
    check: Check, findings: Sequence[Finding], signs: Sequence[Finding]
) -> FailureResult:
    """One strong sign, from one vantage or several, is no fail: its findings are unknown too."""
    kept = [_doubted(finding) if finding in signs else finding for finding in findings]
    return _result(check, kept, _doubted(signs[0]), Verdict.UNKNOWN)


def _doubted(sign: Finding) -> Finding:
    return replace(
        sign,
        verdict=Verdict.UNKNOWN,
        reason=str(Reason.SUSPECTED),
        summary=f"suspected: {sign.summary}",
    )


def _required(check: Check, findings: Sequence[Finding]) -> FailureResult:
    required = [finding for finding in findings if finding.required]
    if not required:
        return _not_looked_at(check, findings)
    for verdict in (Verdict.ERROR, Verdict.UNKNOWN):
        for finding in required:
            if finding.verdict is verdict:
                return _result(check, findings, finding, verdict)
    passes = [finding for finding in required if finding.verdict is Verdict.PASS]
    if not passes:
        return _not_looked_at(check, findings)
    weakest = max(passes, key=lambda finding: _weakness(finding.source))
    if len(passes) > 1:
        weakest = replace(weakest, summary=check.cleared)
    return _result(check, findings, weakest, Verdict.PASS)


def _not_looked_at(check: Check, findings: Sequence[Finding]) -> FailureResult:
    return FailureResult(
        id=check.id,
        verdict=Verdict.UNKNOWN,
        source=None,
        confidence=None,
        severity=Severity.INFO,
        summary="not looked at",
        reason=str(Reason.NOT_LOOKED_AT),
        remedy=check.remedy,
        controls=check.controls,
        findings=tuple(findings),
    )


def _result(
    check: Check, findings: Sequence[Finding], chief: Finding, verdict: Verdict
) -> FailureResult:
    decided = verdict in {Verdict.FAIL, Verdict.PASS}
    return FailureResult(
        id=check.id,
        verdict=verdict,
        source=chief.source if decided else None,
        confidence=chief.confidence if decided else None,
        severity=chief.severity,
        summary=chief.summary,
        reason=chief.reason,
        remedy=chief.remedy if verdict is Verdict.FAIL else check.remedy,
        controls=check.controls,
        findings=tuple(findings),
    )
