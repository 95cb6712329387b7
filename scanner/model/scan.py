"""One scan as a whole: who, when, of how many, and what changed."""

from __future__ import annotations

from dataclasses import field

from scanner.model.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How many assets were meant, judged, not reached, left out, or left undecided."""

    targeted: int = 0
    assessed: int = 0
    unreachable: int = 0
    excluded: int = 0
    inconclusive: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """Failing findings against the last scan that saw the same assets."""

    new: int = 0
    changed: int = 0
    resolved: int = 0
    unchanged: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanHeader:
    """The head of a report. Times are RFC 3339 UTC; ``targets_sha256`` is empty for an ad-hoc
    scan without a targets file.
    """

    uid: str
    started: str
    finished: str
    tool_name: str = "transfer-exposure-scanner"
    tool_version: str = ""
    vantages: tuple[str, ...] = ()
    authorisation: str = ""
    targets_sha256: str = ""
    coverage: Coverage = field(default_factory=Coverage)
    delta: Delta = field(default_factory=Delta)
