"""The Megabus score: nine judged rows and the caps in force, added up.

Pure arithmetic, exact until the last step. Seeing less never pays: an undecided row earns
nothing and stays in the denominator; only a row declared not applicable leaves it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from scanner.model.content import DataClass
from scanner.model.failure import (
    CAP_GRADES,
    CAP_REASONS,
    CEILINGS,
    FLOORS,
    WEIGHTS,
    CapTrigger,
    FailureId,
    Grade,
)
from scanner.model.finding import (
    Assessment,
    BreachSeverity,
    Cap,
    FailureResult,
    MegabusMatch,
    Source,
    Verdict,
)
from scanner.model.frozen import replace

LEAST_DECIDED = 60
"""Percent of the applicable weight that must be decided, and of the whole weight that must be
applicable, before a letter is given."""

PAPERS = "papers"
"""The vantage of a cap that nobody saw from any network: it follows from documents."""

_CREDITS: Mapping[Source, Fraction] = {
    Source.NETWORK: Fraction(1),
    Source.ACCOUNT: Fraction(1),
    Source.OPERATOR: Fraction(9, 10),
    Source.DOCUMENT: Fraction(6, 10),
}
_DECIDED = frozenset({Verdict.PASS, Verdict.FAIL})
_UNDECIDED = frozenset({Verdict.UNKNOWN, Verdict.ERROR})
_TABLE = frozenset(FailureId)
_MOST_NUMBERS = 1_000
_LETTERS = tuple(letter for letter, _ in FLOORS)

_DATA_CONTEXT: Mapping[DataClass, int] = {
    DataClass.PERSONAL: 2,
    DataClass.SECRET: 3,
    DataClass.HEALTH: 4,
}


def assess(
    rows: Sequence[FailureResult],
    caps: Sequence[Cap],
    *,
    lowered_because: str = "",
    at: str = "",
) -> Assessment:
    """Return the assessment of one asset; neither the order of rows nor that of caps matters.

    A pass earns 1 when observed (network, account), 0.9 on the operator's evidence and 0.6 on a
    document; everything else earns nothing. ``best_case`` is the score if every unknown and
    every error turned out to be an observed pass. With nothing applicable, nothing is known:
    0 at worst, 100 at best, grade ``U``.

    ``caps`` are those in force. The ``attested-only`` cap is decided here, never taken over: of
    one handed in only ``since`` is kept; otherwise it holds since ``at`` (RFC 3339 UTC). It
    clips ``best_case`` only once no row is left whose observed pass would lift it.

    ``lowered_because``, when not empty, takes one letter off and clips the numbers to it.

    Raises:
        ValueError: the rows are not the nine failures, once each.

    """
    ordered = _in_table_order(rows)
    in_force = _in_force(ordered, caps, at)
    holding = tuple([_Hold(cap.trigger, cap.grade) for cap in in_force])
    numbers = _numbers(ordered, holding, lowered=bool(lowered_because))
    return replace(numbers, caps=in_force, letter_lowered=lowered_because)


class _Row(NamedTuple):
    """What of a judged row counts for the score."""

    id: FailureId
    verdict: Verdict
    source: Source | None


class _Hold(NamedTuple):
    """What of a cap counts for the score."""

    trigger: CapTrigger
    grade: Grade


_Rows: TypeAlias = tuple[_Row, ...]
_Holds: TypeAlias = tuple[_Hold, ...]


@lru_cache(maxsize=_MOST_NUMBERS)
def _numbers(rows: _Rows, caps: _Holds, *, lowered: bool) -> Assessment:
    """Return an assessment without the words of its caps: a fleet's hosts come to the same few."""
    score, best_case = _extremes(rows)
    score = _held(score, caps)
    best_case = _held(best_case, _lasting(rows, caps))
    if lowered:
        score, best_case = _lowered(score), _lowered(best_case)
    worst = _letter(score)
    applicable, decided = _applicable_weight(rows), _weight(rows, _DECIDED)
    return Assessment(
        score=_shown(score),
        best_case=_shown(best_case),
        coverage=_shown(_percent(Fraction(decided), applicable)),
        grade=_grade(worst, applicable, decided, caps),
        worst=worst,
        best=_letter(best_case),
        megabus_match=megabus_match(rows),
    )


def cap_of(
    trigger: CapTrigger,
    failure: FailureId,
    vantage: str,
    since: str,
    stale: bool,  # noqa: FBT001 - in the order of the fields of a cap
) -> Cap:
    """Return the cap that ``trigger`` calls for, with its letter and its reason."""
    return Cap(
        trigger=trigger,
        grade=CAP_GRADES[trigger],
        reason=CAP_REASONS[trigger],
        failure=failure,
        vantage=vantage,
        since=since,
        stale=stale,
    )


def megabus_match(rows: Iterable[FailureResult | _Row]) -> MegabusMatch:
    """Count fails as matched, passes as cleared, unknowns and errors as unknown.

    A row that is not applicable counts in none of them.
    """
    verdicts = [row.verdict for row in rows]
    return MegabusMatch(
        matched=verdicts.count(Verdict.FAIL),
        cleared=verdicts.count(Verdict.PASS),
        unknown=sum(verdict in _UNDECIDED for verdict in verdicts),
    )


def enisa_severity(classes: set[DataClass], *, open_to_all: bool) -> BreachSeverity | None:
    """Return how severe a breach of these data would be; ``None`` when there are none.

    After ENISA's "Recommendations for a methodology of the assessment of severity of personal
    data breaches" (2013): ``SE = DPC * EI + CB``, cut down to what a scanner can know.

    Data processing context, the worst class counts:

    ======== === ====================================================================
    health    4  sensitive data, ENISA's highest basic score
    secret    3  a login opens what lies behind it, as a financial datum opens an account
    personal  2  simple data start at 1; exports hold many people at once, which adds 1
    ======== === ====================================================================

    Ease of identification is 1, its maximum: exports carry names and identity numbers beside
    the data. Circumstances: 0.5 for confidentiality lost to an unknown number of recipients,
    and 0.5 more when anybody could read, because malice among them must then be assumed.

    Levels: low under 2, medium under 3, high under 4, else very high. Health data open to all,
    as in the case that gave the score its name, come to 5.0.
    """
    if not classes:
        return None
    score = max(_DATA_CONTEXT[each] for each in classes) + (1.0 if open_to_all else 0.5)
    return BreachSeverity(score=score, level=_level(score))


def _level(score: float) -> str:
    if score < 2:
        return "low"
    if score < 3:
        return "medium"
    return "high" if score < 4 else "very high"


def _in_table_order(rows: Sequence[FailureResult]) -> _Rows:
    by_id = {row.id: row for row in rows}
    if len(rows) != len(_TABLE) or by_id.keys() != _TABLE:
        given = ", ".join(row.id for row in rows) or "none"
        raise ValueError(f"the nine failures are scored together, once each; given: {given}")
    ordered = [by_id[failure] for failure in FailureId]
    return tuple([_Row(row.id, row.verdict, row.source) for row in ordered])


def _in_force(rows: _Rows, caps: Sequence[Cap], at: str) -> tuple[Cap, ...]:
    """Every cap that holds the score, once each, the heaviest first."""
    kept = {cap for cap in caps if cap.trigger is not CapTrigger.ATTESTED_ONLY}
    passing = [row for row in rows if row.verdict is Verdict.PASS]
    if passing and all(row.source is Source.DOCUMENT for row in passing):
        known = [cap.since for cap in caps if cap.trigger is CapTrigger.ATTESTED_ONLY]
        heaviest = max(passing, key=lambda row: WEIGHTS[row.id])
        since = min(known, default=at)
        kept.add(cap_of(CapTrigger.ATTESTED_ONLY, heaviest.id, PAPERS, since, stale=False))
    return tuple(sorted(kept, key=_cap_order))


def _cap_order(cap: Cap) -> tuple[int, int, int, str, str, bool]:
    trigger, failure = list(CapTrigger).index(cap.trigger), list(FailureId).index(cap.failure)
    return CEILINGS[cap.grade], trigger, failure, cap.vantage, cap.since, cap.stale


def _lasting(rows: _Rows, caps: _Holds) -> _Holds:
    """Leave out the cap that one more observed pass would lift, while one can still come."""
    if not _weight(rows, _UNDECIDED):
        return caps
    return tuple(cap for cap in caps if cap.trigger is not CapTrigger.ATTESTED_ONLY)


def _weight(rows: _Rows, verdicts: frozenset[Verdict]) -> int:
    return sum(WEIGHTS[row.id] for row in rows if row.verdict in verdicts)


def _applicable_weight(rows: _Rows) -> int:
    return _weight(rows, _DECIDED | _UNDECIDED)


def _extremes(rows: _Rows) -> tuple[Fraction, Fraction]:
    """Return score and best case, before any cap."""
    applicable = _applicable_weight(rows)
    if not applicable:
        return Fraction(0), Fraction(100)
    earned = sum((WEIGHTS[row.id] * _credit(row) for row in rows), Fraction(0))
    open_still = _weight(rows, _UNDECIDED)
    return _percent(earned, applicable), _percent(earned + open_still, applicable)


def _credit(row: _Row) -> Fraction:
    if row.verdict is not Verdict.PASS or row.source is None:
        return Fraction(0)
    return _CREDITS[row.source]


def _percent(part: Fraction, whole: int) -> Fraction:
    return 100 * part / whole if whole else Fraction(0)


def _held(number: Fraction, caps: _Holds) -> Fraction:
    return min(number, *(Fraction(CEILINGS[cap.grade]) for cap in caps), Fraction(100))


def _lowered(number: Fraction) -> Fraction:
    """Return the number clipped to the letter below its own; ``F`` has none below."""
    below = min(_LETTERS.index(_letter(number)) + 1, len(_LETTERS) - 1)
    return min(number, Fraction(CEILINGS[_LETTERS[below]]))


def _letter(number: Fraction) -> Grade:
    return next(letter for letter, floor in FLOORS if number >= floor)


def _grade(worst: Grade, applicable: int, decided: int, caps: _Holds) -> Grade:
    if any(cap.grade is Grade.F for cap in caps):
        return Grade.F
    enough_decided = 100 * decided >= LEAST_DECIDED * applicable
    enough_applicable = 100 * applicable >= LEAST_DECIDED * sum(WEIGHTS.values())
    return worst if enough_decided and enough_applicable else Grade.U


def _shown(number: Fraction) -> float:
    """Return the number to one decimal, kept below a letter's floor that it does not reach."""
    rounded = Fraction(round(number * 10), 10)
    if _letter(rounded) is not _letter(number):
        rounded = Fraction(math.floor(number * 10), 10)
    return float(rounded)
