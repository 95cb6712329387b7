"""Files that were judged before: what was found in them is used again while they are unchanged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from scanner.model.content import ContentFacts
from scanner.model.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a file was found to hold when its bytes were read (RFC 3339 UTC)."""

    facts: ContentFacts
    read_at: str


class JudgedFiles(Protocol):
    """Remembers what files of an asset were found to hold.

    A stamp is a keyed hash of all that a judgement rests on: which file of whom, its size, its
    time, what was asked of it. Another stamp is another file.
    """

    def remembers(self, tenant: str, asset: str) -> bool:
        """Whether any file of the asset may be remembered: without one no stamp has to be made."""
        ...

    def judged(self, tenant: str, asset: str, stamps: Sequence[str]) -> Mapping[str, Judged]:
        """Return what is remembered of these stamps."""
        ...

    def keep_judged(self, tenant: str, asset: str, facts: Mapping[str, ContentFacts]) -> None:
        """Remember facts by their stamps, read just now."""
        ...


class NothingJudged:
    """A ``JudgedFiles`` without a memory."""

    def remembers(self, tenant: str, asset: str) -> bool:
        """Return false."""
        del tenant, asset
        return False

    def judged(self, tenant: str, asset: str, stamps: Sequence[str]) -> Mapping[str, Judged]:
        """Return nothing."""
        del tenant, asset, stamps
        return {}

    def keep_judged(self, tenant: str, asset: str, facts: Mapping[str, ContentFacts]) -> None:
        """Forget at once."""
        del tenant, asset, facts
