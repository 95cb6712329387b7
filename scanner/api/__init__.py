"""The one place where parts are wired together.

``scan_host`` answers an ad-hoc question; ``run`` is the nightly run; ``assess`` judges a run's
saved observations again. All share one observer and one judge.
"""

from __future__ import annotations

from scanner.api.demo import demo
from scanner.api.host import ScanDocument, scan_host, scan_targets
from scanner.api.job import unserved_note, validate
from scanner.api.nightly import RunRequest, RunResult, plan, run
from scanner.api.policy import PolicyRequest, make_policy
from scanner.api.reassess import assess
from scanner.engine.plan import PlannedAsset
from scanner.engine.progress import Progress

__all__ = [
    "PlannedAsset",
    "PolicyRequest",
    "Progress",
    "RunRequest",
    "RunResult",
    "ScanDocument",
    "assess",
    "demo",
    "make_policy",
    "plan",
    "run",
    "scan_host",
    "scan_targets",
    "unserved_note",
    "validate",
]
