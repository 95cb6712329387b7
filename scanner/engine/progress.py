"""What a run tells while it goes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Told after each asset. ``failures`` counts failed rows so far."""

    done: int
    total: int
    failures: int
    asset: str
