"""What earlier nights saw, the attempts they spent, and what the assets of a run share."""

from __future__ import annotations

from scanner.history.fleet import Fleet
from scanner.history.store import History, default_path, mask_key

__all__ = ["Fleet", "History", "default_path", "mask_key"]
