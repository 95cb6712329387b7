"""Finds every check in this folder: adding one needs no list to edit."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from scanner.checks.base import Check
from scanner.model.failure import FailureId


@cache
def all_checks() -> tuple[Check, ...]:
    """Return the nine checks in the order of every report.

    Raises ``ValueError`` when two modules claim one failure or one is missing: our own bug.
    """
    found: dict[FailureId, Check] = {}
    package = importlib.import_module("scanner.checks")
    for info in pkgutil.iter_modules(package.__path__):
        check = getattr(importlib.import_module(f"scanner.checks.{info.name}"), "CHECK", None)
        if not isinstance(check, Check):
            continue
        if check.id in found or info.name != check.id.replace("-", "_"):
            raise ValueError(f"module {info.name} may not claim the failure {check.id}")
        found[check.id] = check
    missing = set(FailureId) - set(found)
    if missing:
        raise ValueError(f"no check for {sorted(missing)}")
    return tuple(found[failure] for failure in FailureId)
