"""Writes a run's Prometheus textfile."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from scanner.api.head import RunHead, read_head
from scanner.api.publish import RunResult
from scanner.errors import InputError
from scanner.report.metrics import RunFigures, completed_in, metrics, with_left
from scanner.report.stream import hosts_in, scan_in
from scanner.sinks.flush import Delivery
from scanner.sinks.run_folder import REPORT, RunFolder
from scanner.sinks.whole_file import put

_LARGEST = 1 << 20


def check_metrics(path: Path) -> None:
    """Raise ``InputError`` where a textfile cannot be put: before a run, not after it."""
    folder = path.absolute().parent
    if path.suffix != ".prom":
        raise InputError(f"--metrics: {path.name}: node_exporter reads *.prom alone; name it so")
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(f"--metrics: {folder}: is no folder that can be written to")


def write_metrics(path: Path, result: RunResult, exit_code: int) -> None:
    """Put the textfile of a run in place, whole, readable by all. Holds one host at a time.

    Raises ``InputError`` where it cannot be written.
    """
    folder = RunFolder.open(result.folder)
    labels = _labels(read_head(folder))
    run = RunFigures(
        labels=labels,
        whole=not result.interrupted,
        exit_code=exit_code,
        targets=result.targeted,
        completed=completed_in(_before(path), labels),
        left={each.sink: each.left for each in result.deliveries},
    )
    lines = metrics(scan_in(folder.lines(REPORT)), hosts_in(folder.lines(REPORT)), run)
    put(path, "".join(lines), replace=True, mode=0o644)


def check_run_metrics(path: Path) -> None:
    """Raise ``InputError`` where there is no textfile of a run that could be brought up to date."""
    check_metrics(path)
    if with_left(_before(path), {}) is None:
        raise InputError(f"--metrics: {path}: holds no run; scan run --metrics writes it first")


def update_metrics(path: Path, deliveries: Iterable[Delivery]) -> None:
    """Say in a run's textfile what still waits for each receiver now; the rest stays.

    Raises ``InputError`` where it cannot be written, or is no run's.
    """
    text = with_left(_before(path), {each.sink: each.left for each in deliveries})
    if text is None:
        raise InputError(f"--metrics: {path}: holds no run; scan run --metrics writes it first")
    put(path, text, replace=True, mode=0o644)


def _labels(head: RunHead) -> dict[str, str]:
    labels = {"vantage": ",".join(sorted(head.stands))}
    if head.shard is not None:
        labels["shard"] = f"{head.shard[0] + 1}/{head.shard[1]}"
    return labels


def _before(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(_LARGEST)
    except OSError:
        return ""
