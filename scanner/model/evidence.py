"""What is shown as proof: short, neutralised, and never a secret or a personal value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from scanner.model.frozen import dataclass

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One thing seen, at one moment, from one vantage.

    ``at`` is RFC 3339 UTC with Z. ``data`` is flat: scalars or tuples of strings.
    """

    id: str
    kind: str
    vantage: str
    at: str
    data: Mapping[str, Scalar | tuple[str, ...]] = field(default_factory=dict)
