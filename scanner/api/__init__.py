"""The one place where parts are wired together.

``scan_host`` answers an ad-hoc question; ``run`` is the nightly run; ``assess`` judges a run's
saved observations again. All share one observer and one judge. Names are loaded on first use
(PEP 562): a command pays for what it needs.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scanner.api.deliver import deliver
    from scanner.api.host import ScanDocument, scan_host, scan_targets
    from scanner.api.job import unserved_note, validate
    from scanner.api.nightly import RunRequest, RunResult, plan, run
    from scanner.api.policy import PolicyRequest, make_policy
    from scanner.api.reassess import assess
    from scanner.api.replica import demo
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
    "deliver",
    "demo",
    "make_policy",
    "plan",
    "run",
    "scan_host",
    "scan_targets",
    "unserved_note",
    "validate",
]

_HOMES = {
    "PlannedAsset": "scanner.engine.plan",
    "PolicyRequest": "scanner.api.policy",
    "Progress": "scanner.engine.progress",
    "RunRequest": "scanner.api.nightly",
    "RunResult": "scanner.api.nightly",
    "ScanDocument": "scanner.api.host",
    "assess": "scanner.api.reassess",
    "deliver": "scanner.api.deliver",
    "demo": "scanner.api.replica",
    "make_policy": "scanner.api.policy",
    "plan": "scanner.api.nightly",
    "run": "scanner.api.nightly",
    "scan_host": "scanner.api.host",
    "scan_targets": "scanner.api.host",
    "unserved_note": "scanner.api.job",
    "validate": "scanner.api.job",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
