"""What a run tells while it goes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Told after each asset. ``failures`` counts failed rows so far; ``begun`` assets were
    concluded by an earlier attempt, and say nothing of how fast this one is.
    """

    done: int
    total: int
    failures: int
    asset: str
    begun: int = 0
