"""The budget of failing authentications, shared by all commands of one history."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from scanner.model.address import Admitted
from scanner.model.frozen import dataclass

MOST_FAILURES = 4
"""Failing authentications allowed per address in 24 hours."""


class AttemptKind(StrEnum):
    """Who is trying. The order is the order of precedence."""

    ACCOUNT = "account"
    KEY_QUERY = "key-query"
    ANONYMOUS = "anonymous"
    DECOY = "decoy"
    DRILL = "drill"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One reserved attempt; it counts as failed until it is settled."""

    id: int
    address: str
    kind: AttemptKind


def limit_key(admitted: Admitted) -> str:
    """Return what the limit is keyed on: the address, or on loopback the endpoint."""
    return str(admitted) if admitted.ip.is_loopback else str(admitted.ip)


class AttemptLedger(Protocol):
    """Remembers failed authentications and refused credentials."""

    def reserve(self, address: str, kind: AttemptKind) -> Attempt | None:
        """Reserve one attempt at ``limit_key`` ``address``; ``None`` when none is left."""
        ...

    def settle(self, attempt: Attempt, *, failed: bool) -> None:
        """Say how the attempt ended; a success gives the reservation back."""
        ...

    def is_refused(self, credential_key: str) -> bool:
        """Whether this keyed credential was refused before, anywhere."""
        ...

    def refuse(self, credential_key: str) -> None:
        """Remember that this keyed credential was refused."""
        ...


class NoAttempts:
    """A ledger that grants nothing: no login is tried. ``memory`` still knows what was refused."""

    def __init__(self, memory: AttemptLedger) -> None:
        self._memory = memory

    def reserve(self, address: str, kind: AttemptKind) -> Attempt | None:
        """Grant nothing."""
        del address, kind
        return None

    def settle(self, attempt: Attempt, *, failed: bool) -> None:
        """Settle what somebody else was granted."""
        self._memory.settle(attempt, failed=failed)

    def is_refused(self, credential_key: str) -> bool:
        """Whether this keyed credential was refused before, anywhere."""
        return self._memory.is_refused(credential_key)

    def refuse(self, credential_key: str) -> None:
        """Remember that this keyed credential was refused."""
        self._memory.refuse(credential_key)
