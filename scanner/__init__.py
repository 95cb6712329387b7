"""Read-only exposure scanner for the FTP, FTPS and SFTP servers that a team owns.

Public names are loaded on first use (PEP 562), so that importing the package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scanner.api.host import scan_host, scan_targets
    from scanner.errors import ScannerError
    from scanner.model.finding import Finding, HostReport, Verdict
    from scanner.model.target import Target
    from scanner.targets import load_targets

__version__ = "0.1.0"

__all__ = [
    "Finding",
    "HostReport",
    "ScannerError",
    "Target",
    "Verdict",
    "__version__",
    "load_targets",
    "scan_host",
    "scan_targets",
]

_HOMES = {
    "Finding": "scanner.model.finding",
    "HostReport": "scanner.model.finding",
    "ScannerError": "scanner.errors",
    "Target": "scanner.model.target",
    "Verdict": "scanner.model.finding",
    "load_targets": "scanner.targets",
    "scan_host": "scanner.api.host",
    "scan_targets": "scanner.api.host",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
