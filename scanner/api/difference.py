"""Two runs compared, from their reports alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scanner.api.head import RUNNING, RunHead, read_head
from scanner.errors import InputError
from scanner.history.comparison import Comparison
from scanner.model.comparison import Turn
from scanner.model.finding import Severity
from scanner.report.difference import Difference
from scanner.report.stream import hosts_in, scan_in
from scanner.sinks.run_folder import REPORT, RunFolder


@dataclass(frozen=True, slots=True)
class Compared:
    """A difference, and whether anything in it calls for someone: something new, or changed, at or
    above a severity, that nobody accepted.
    """

    difference: Difference
    alarming: bool


@contextmanager
def compare(run: Path, other: Path | None, fail_on: Severity) -> Iterator[Compared]:
    """Compare two run folders for the block: ``other`` with the older ``run``; a ``run`` alone
    with the one before it in its folder. Holds one host of one report at a time.

    Raises ``InputError`` for a folder that is no run, whose report cannot be read, or that has
    none before it.
    """
    older, newer = (run_before(run), run) if other is None else (run, other)
    heads = _scan(older), _scan(newer)
    with Comparison(heads[0]["started"]) as comparison:
        for folder, take in ((older, comparison.before), (newer, comparison.after)):
            with _report(folder) as lines:
                for host in hosts_in(lines):
                    take(host)
        told = Difference(
            older=heads[0],
            newer=heads[1],
            assets=comparison.counted(),
            delta=comparison.delta(),
            rows=comparison.rows(),
            leads=comparison.leads(),
            findings=comparison.findings,
            appeared=comparison.appeared,
            gone=comparison.gone,
            moved=comparison.moved,
        )
        yield Compared(told, _alarming(comparison, fail_on))


def run_before(run: Path) -> Path:
    """Return the run before one: of the same targets file, vantage and share, in its folder.

    Raises ``InputError`` where there is none.
    """
    head = read_head(RunFolder.open(run))
    found = [
        (then.started, folder)
        for folder in run.resolve().parent.iterdir()
        if not folder.is_symlink()
        for then in _readable(folder)
        if _alike(then, head) and (then.started, then.uid) < (head.started, head.uid)
    ]
    if not found:
        told = f"{run}: no run of the same targets, vantage and share before it in its folder"
        raise InputError(f"{told}; name both runs")
    return max(found)[1]


def _readable(folder: Path) -> Iterator[RunHead]:
    with suppress(InputError):
        head = read_head(RunFolder.open(folder))
        if head.state != RUNNING and (folder / REPORT).is_file():
            yield head


def _alike(one: RunHead, other: RunHead) -> bool:
    return (one.targets, one.vantage, one.shard) == (other.targets, other.vantage, other.shard)


def _alarming(comparison: Comparison, fail_on: Severity) -> bool:
    return any(
        Severity(one.severity).rank >= fail_on.rank
        for turn in (Turn.NEW, Turn.CHANGED)
        for one in comparison.findings(turn)
        if not (one.lead or one.suppressed)
    )


def _scan(run: Path) -> dict[str, Any]:
    with _report(run) as lines:
        scan = scan_in(lines)
        return {name: scan[name] for name in ("uid", "started", "finished", "vantages")}


@contextmanager
def _report(run: Path) -> Iterator[Iterator[str]]:
    path = RunFolder.open(run).path / REPORT
    try:
        with path.open(encoding="utf-8") as lines:
            yield lines
    except FileNotFoundError as error:
        raise InputError(f"{path}: the run has no report yet; run: scan assess {run}") from error
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; make it readable") from error
    except (ValueError, KeyError, TypeError) as error:
        told = f"{path}: damaged ({type(error).__name__})"
        raise InputError(f"{told}; rewrite it with: scan assess {run}") from error
