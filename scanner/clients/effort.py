"""Counts what a scan costs a server."""

from __future__ import annotations

from collections import Counter

from scanner.model.observation import Effort


class EffortMeter:
    """Mutable counters of one endpoint's scan."""

    def __init__(self) -> None:
        self.connections = 0
        self.connection_budget = 0
        self.logins = 0
        self.logins_failed = 0
        self.bytes_received = 0
        self.verbs: Counter[str] = Counter()
        self.sources: set[str] = set()

    def facts(self) -> Effort:
        """Return the counters as they stand."""
        return Effort(
            connections=self.connections,
            connection_budget=self.connection_budget,
            logins=self.logins,
            logins_failed=self.logins_failed,
            bytes_received=self.bytes_received,
            verbs=dict(self.verbs),
            sources=tuple(sorted(self.sources)),
        )
