"""The one place where parts are wired together.

``scan_host`` answers an ad-hoc question; ``run`` is the nightly run; ``assess`` judges a run's
saved observations again. All share one observer and one judge. Names are loaded on first use
(PEP 562): a command pays for what it needs.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scanner.api.alarm_drill import DrillRequest, DrillRun, run_drills
    from scanner.api.broker import BrokerPlace
    from scanner.api.deliver import deliver
    from scanner.api.distributed import RunStatus, cancel, status
    from scanner.api.host import ScanDocument, scan_host, scan_targets
    from scanner.api.job import validate
    from scanner.api.merging import MergeRequest, merge
    from scanner.api.nightly import RunRequest, plan, run
    from scanner.api.papers import paper_kind, validate_paper
    from scanner.api.policy import PolicyRequest, make_policy
    from scanner.api.prune import prune
    from scanner.api.publish import RunResult
    from scanner.api.reassess import assess
    from scanner.api.redraw import redraw, redraw_into
    from scanner.api.replica import demo
    from scanner.api.worker import WorkerRequest, work
    from scanner.engine.plan import PlannedAsset
    from scanner.engine.progress import Progress

__all__ = [
    "BrokerPlace",
    "DrillRequest",
    "DrillRun",
    "MergeRequest",
    "PlannedAsset",
    "PolicyRequest",
    "Progress",
    "RunRequest",
    "RunResult",
    "RunStatus",
    "ScanDocument",
    "WorkerRequest",
    "assess",
    "cancel",
    "deliver",
    "demo",
    "make_policy",
    "merge",
    "paper_kind",
    "plan",
    "prune",
    "redraw",
    "redraw_into",
    "run",
    "run_drills",
    "scan_host",
    "scan_targets",
    "status",
    "validate",
    "validate_paper",
    "work",
]

_HOMES = {
    "BrokerPlace": "scanner.api.broker",
    "RunStatus": "scanner.api.distributed",
    "WorkerRequest": "scanner.api.worker",
    "cancel": "scanner.api.distributed",
    "status": "scanner.api.distributed",
    "work": "scanner.api.worker",
    "DrillRequest": "scanner.api.alarm_drill",
    "DrillRun": "scanner.api.alarm_drill",
    "MergeRequest": "scanner.api.merging",
    "PlannedAsset": "scanner.engine.plan",
    "PolicyRequest": "scanner.api.policy",
    "Progress": "scanner.engine.progress",
    "RunRequest": "scanner.api.nightly",
    "RunResult": "scanner.api.publish",
    "ScanDocument": "scanner.api.host",
    "assess": "scanner.api.reassess",
    "deliver": "scanner.api.deliver",
    "demo": "scanner.api.replica",
    "make_policy": "scanner.api.policy",
    "merge": "scanner.api.merging",
    "paper_kind": "scanner.api.papers",
    "plan": "scanner.api.nightly",
    "prune": "scanner.api.prune",
    "redraw": "scanner.api.redraw",
    "redraw_into": "scanner.api.redraw",
    "run": "scanner.api.nightly",
    "run_drills": "scanner.api.alarm_drill",
    "scan_host": "scanner.api.host",
    "scan_targets": "scanner.api.host",
    "validate": "scanner.api.job",
    "validate_paper": "scanner.api.papers",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
