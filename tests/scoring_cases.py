"""Nine rows spelled in nine letters."""

from __future__ import annotations

from scanner.model.failure import (
    CapTrigger,
    FailureId,
)
from scanner.model.finding import (
    Cap,
    FailureResult,
    Severity,
    Source,
    Verdict,
)
from scanner.scoring import cap_of

SINCE = "2031-03-01T02:00:00Z"
Said = tuple[Verdict, Source | None]

P: Said = (Verdict.PASS, Source.NETWORK)
K: Said = (Verdict.PASS, Source.ACCOUNT)
E: Said = (Verdict.PASS, Source.OPERATOR)
D: Said = (Verdict.PASS, Source.DOCUMENT)
F: Said = (Verdict.FAIL, Source.NETWORK)
U: Said = (Verdict.UNKNOWN, None)
X: Said = (Verdict.ERROR, None)
N: Said = (Verdict.NOT_APPLICABLE, None)
BY_LETTER = {"P": P, "K": K, "E": E, "D": D, "F": F, "U": U, "X": X, "N": N}


def row(failure: FailureId, said: Said) -> FailureResult:
    verdict, source = said
    return FailureResult(
        id=failure,
        verdict=verdict,
        source=source,
        confidence=None,
        severity=Severity.HIGH,
        summary="",
    )


def rows(letters: str) -> list[FailureResult]:
    """Nine rows in the order of the table: P K E D (pass by source), F, U, X, N."""
    said = letters.replace(" ", "")
    return [row(each, BY_LETTER[it]) for each, it in zip(FailureId, said, strict=True)]


def cap(trigger: CapTrigger, *, stale: bool = False, vantage: str = "internet") -> Cap:
    return cap_of(trigger, FailureId.OPEN_ZONE, vantage, SINCE, stale)
