"""What earlier nights saw, the attempts they spent, and what the assets of a run share."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from scanner.history.store import ATTEMPTS_COUNT_FOR, PATIENCE, History, default_path, mask_key

if TYPE_CHECKING:
    from scanner.history.fleet import Fleet
    from scanner.history.ledger import Begun, Ledger

__all__ = [
    "ATTEMPTS_COUNT_FOR",
    "PATIENCE",
    "Begun",
    "Fleet",
    "History",
    "Ledger",
    "default_path",
    "mask_key",
]

_LATER = {
    "Begun": "scanner.history.ledger",
    "Fleet": "scanner.history.fleet",
    "Ledger": "scanner.history.ledger",
}
"""What only a run over many assets needs is loaded on first use (PEP 562)."""


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_LATER[name]), name)
