"""What earlier nights saw, the attempts they spent, and what the assets of a run share."""

from __future__ import annotations

from scanner.history.fleet import Fleet
from scanner.history.ledger import Begun, Ledger
from scanner.history.store import ATTEMPTS_COUNT_FOR, PATIENCE, History, default_path, mask_key

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
