"""The nine failures, their weights, and the caps: the constants of the Megabus score.

Inspired by decision SAN-2022-009 of the CNIL; the weights are this project's own.
"""

from __future__ import annotations

from enum import StrEnum


class FailureId(StrEnum):
    """Ids name the fault. The order is the order of every report."""

    OPEN_ZONE = "open-zone"
    CLEAR_STORAGE = "clear-storage"
    PLAINTEXT_TRANSPORT = "plaintext-transport"
    OVERDUE_DELETION = "overdue-deletion"
    SHARED_ACCOUNT = "shared-account"
    MISSING_SUPERVISION = "missing-supervision"
    UNCONTROLLED_MIGRATION = "uncontrolled-migration"
    EXCESS_EXTRACTION = "excess-extraction"
    MISSING_CONTRACT = "missing-contract"


WEIGHTS: dict[FailureId, int] = {
    FailureId.OPEN_ZONE: 20,
    FailureId.CLEAR_STORAGE: 16,
    FailureId.PLAINTEXT_TRANSPORT: 12,
    FailureId.OVERDUE_DELETION: 12,
    FailureId.SHARED_ACCOUNT: 12,
    FailureId.MISSING_SUPERVISION: 10,
    FailureId.UNCONTROLLED_MIGRATION: 8,
    FailureId.EXCESS_EXTRACTION: 6,
    FailureId.MISSING_CONTRACT: 4,
}

NEVER_NOT_APPLICABLE = frozenset({FailureId.OPEN_ZONE, FailureId.PLAINTEXT_TRANSPORT})
"""Failures that no declaration takes out of the score; ``clear-storage`` joins them while any
endpoint is open."""


class Grade(StrEnum):
    """Letters, best first. ``U``: too little was decided to say."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    E = "E"
    F = "F"
    U = "U"


FLOORS: tuple[tuple[Grade, int], ...] = (
    (Grade.A, 90),
    (Grade.B, 75),
    (Grade.C, 60),
    (Grade.D, 40),
    (Grade.E, 20),
    (Grade.F, 0),
)
"""The lowest score of each letter."""

CEILINGS: dict[Grade, int] = {
    Grade.A: 100,
    Grade.B: 89,
    Grade.C: 74,
    Grade.D: 59,
    Grade.E: 39,
    Grade.F: 19,
}
"""The highest score of each letter: what a cap clips to."""


class CapTrigger(StrEnum):
    """What keeps a score down, whatever the other rows say."""

    OPEN_PERSONAL_DATA = "open-personal-data"
    ANONYMOUS_WRITE = "anonymous-write"
    OPEN_LISTING = "open-listing"
    NO_AUTHENTICATION = "no-authentication"
    CLEAR_PRIVATE_DATA = "clear-private-data"
    ATTESTED_ONLY = "attested-only"
    PASSWORD_IN_CLEAR = "password-in-clear"  # noqa: S105 - the name of a cap
    SHARED_ACCOUNT = "shared-account"
    DRILL_FAILED = "drill-failed"
    NO_ORDER = "no-order"


CAP_GRADES: dict[CapTrigger, Grade] = {
    CapTrigger.OPEN_PERSONAL_DATA: Grade.F,
    CapTrigger.ANONYMOUS_WRITE: Grade.F,
    CapTrigger.OPEN_LISTING: Grade.D,
    CapTrigger.NO_AUTHENTICATION: Grade.D,
    CapTrigger.CLEAR_PRIVATE_DATA: Grade.D,
    CapTrigger.ATTESTED_ONLY: Grade.D,
    CapTrigger.PASSWORD_IN_CLEAR: Grade.C,
    CapTrigger.SHARED_ACCOUNT: Grade.C,
    CapTrigger.DRILL_FAILED: Grade.B,
    CapTrigger.NO_ORDER: Grade.B,
}

CAP_REASONS: dict[CapTrigger, str] = {
    CapTrigger.OPEN_PERSONAL_DATA: "personal data or secrets are readable without authentication",
    CapTrigger.ANONYMOUS_WRITE: "an anonymous visitor can write",
    CapTrigger.NO_AUTHENTICATION: "SSH lets a user in without any authentication",
    CapTrigger.OPEN_LISTING: "an anonymous visitor can list outside the declared public areas",
    CapTrigger.CLEAR_PRIVATE_DATA: "personal data lie in clear in a private zone",
    CapTrigger.ATTESTED_ONLY: "every pass rests on paper alone",
    CapTrigger.PASSWORD_IN_CLEAR: "a password is asked for or accepted in clear",
    CapTrigger.SHARED_ACCOUNT: "an account is proved to be shared",
    CapTrigger.DRILL_FAILED: "the alarm drill failed",
    CapTrigger.NO_ORDER: "customer data are present without an order",
}
