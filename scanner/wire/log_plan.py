"""What a fold of logs is to look for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from scanner.model.view import Zone
from scanner.wire.log_sessions import Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """When this scanner was there, in seconds since 1970, and from which addresses."""

    start: int
    end: int
    sources: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPlan:
    """What a fold is to look for: the team's declarations, as functions of a path.

    ``orders`` returns ids; ``spans`` holds, for each, the first moment of the order and the
    first after its end, in seconds since 1970; ``None`` for one that is not told.
    """

    zone: Callable[[str], Zone] = lambda _: Zone.UNDECLARED
    orders: Callable[[str], Sequence[str]] = lambda _: ()
    spans: Mapping[str, tuple[int | None, int | None]] = field(default_factory=dict)
    networks: Mapping[str, tuple[Network, ...]] = field(default_factory=dict)
    visits: tuple[Visit, ...] = ()
