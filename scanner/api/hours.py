"""The hours in which the team lets a target be scanned."""

from __future__ import annotations

from datetime import datetime

from scanner.intake.windows import open_at
from scanner.model.target import Target


def is_open(target: Target, now: datetime) -> bool:
    """Whether ``now`` (aware) lies in one of the target's windows; without windows it does."""
    if not target.windows:
        return True
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - slow to load; few targets have windows

    return open_at(target.windows, now.astimezone(ZoneInfo(target.timezone)))


def windows_of(target: Target) -> str:
    """Return the target's windows as a person reads them."""
    return f"{'; '.join(target.windows)} ({target.timezone})"
