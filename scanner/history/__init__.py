"""What earlier nights saw, and the attempts they spent."""

from __future__ import annotations

from scanner.history.store import History, default_path, mask_key

__all__ = ["History", "default_path", "mask_key"]
