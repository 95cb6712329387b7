"""That a supplied secret serves more than one account, told without the secret or a hash of it."""

from __future__ import annotations

from typing import Protocol

from scanner.model.frozen import dataclass
from scanner.model.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedSecret:
    """``accounts`` of the same asset have the secret of ``username`` too, and so have accounts of
    so many other ``assets`` in the targets file.
    """

    username: str
    accounts: tuple[str, ...] = ()
    assets: int = 0


class Census(Protocol):
    """Knows which supplied secrets are the same."""

    def shared(self, target: Target) -> tuple[SharedSecret, ...]:
        """Return which accounts of a target have a secret that is supplied elsewhere too."""
        ...


class NothingShared:
    """A census of nothing."""

    def shared(self, target: Target) -> tuple[SharedSecret, ...]:  # noqa: ARG002 - as promised
        """Return nothing."""
        return ()
