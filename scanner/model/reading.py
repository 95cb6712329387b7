"""What was learnt, or why it was not: the one union that judges live on."""

from __future__ import annotations

from enum import StrEnum
from typing import Generic, TypeVar

from scanner.model.frozen import dataclass

T_co = TypeVar("T_co", covariant=True)


class Reason(StrEnum):
    """Why a fact is not known. A server's refusal is a fact, never a reason."""

    TIMEOUT = "timeout"
    CLOSED = "closed"
    FILTERED = "filtered"
    UNREACHABLE = "unreachable"
    OTHER_SERVICE = "other-service"
    CONNECTION_LOST = "connection-lost"
    PROTOCOL_ERROR = "protocol-error"
    TLS_FAILED = "tls-failed"
    THROTTLED = "throttled"
    OUT_OF_SCOPE = "out-of-scope"
    EXCLUDED = "excluded"
    NAME_NOT_RESOLVED = "name-not-resolved"
    ADDRESS_BUDGET = "address-budget"
    ATTEMPT_BUDGET = "attempt-budget"
    CONNECTION_BUDGET = "connection-budget"
    TIME_BUDGET = "time-budget"
    SAMPLE_BUDGET = "sample-budget"
    UNVERIFIED_PEER = "unverified-peer"
    CREDENTIAL_REFUSED = "credential-refused"
    CREDENTIAL_MISSING = "credential-missing"
    NO_LOGIN = "no-login"
    NOT_OFFERED = "not-offered"
    NOT_DECLARED = "not-declared"
    NOT_LOOKED_AT = "not-looked-at"
    NO_VANTAGE = "no-vantage"
    OUTSIDE_WINDOW = "outside-window"
    EXPIRED = "expired"
    SUSPECTED = "suspected"
    UNREADABLE = "unreadable"
    INTERRUPTED = "interrupted"
    OWN_FAULT = "own-fault"


INCOMPLETE = frozenset(
    {
        Reason.TIMEOUT,
        Reason.CONNECTION_LOST,
        Reason.UNREACHABLE,
        Reason.FILTERED,
        Reason.CLOSED,
        Reason.OTHER_SERVICE,
        Reason.PROTOCOL_ERROR,
        Reason.TLS_FAILED,
        Reason.THROTTLED,
        Reason.NAME_NOT_RESOLVED,
        Reason.ADDRESS_BUDGET,
        Reason.ATTEMPT_BUDGET,
        Reason.CONNECTION_BUDGET,
        Reason.TIME_BUDGET,
        Reason.UNVERIFIED_PEER,
        Reason.CREDENTIAL_REFUSED,
        Reason.INTERRUPTED,
        Reason.OUTSIDE_WINDOW,
    }
)
"""Reasons that leave a planned network or credentialed step undone (exit code 3)."""


@dataclass(frozen=True, slots=True)
class Observed(Generic[T_co]):
    """A fact, with the ids of the evidence that shows it."""

    value: T_co
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unobserved:
    """No fact, and why. ``detail`` is one plain clause for a person."""

    reason: Reason
    detail: str = ""
    evidence: tuple[str, ...] = ()


Reading = Observed[T_co] | Unobserved


UNASKED = Unobserved(Reason.NOT_LOOKED_AT)
"""The reading of a question that nobody has put: one and the same for all."""
