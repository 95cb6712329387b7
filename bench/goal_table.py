"""The table of goals: what rounds came to, which ratios follow, and which goals are met. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

STEADY: Final = 0.10
"""How far a floor client's rounds may lie apart before the row is called unsteady."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One run of one tool. Seconds of CPU and of wall time, MiB at the peak, hosts asked and hosts
    that the tool gave a whole answer for. ``figure`` is what the tool itself measured, if it does.
    """

    cpu: float
    wall: float
    peak_mib: float
    hosts: int
    found: int
    expected: int
    figure: float = 0.0
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """A tool's rounds in one row."""

    rounds: tuple[Round, ...]

    @property
    def void(self) -> str:
        """Why nothing of it counts: empty where it does."""
        if not self.rounds:
            return "not measured"
        for one in self.rounds:
            if one.fault:
                return one.fault
            if one.found != one.expected:
                return f"found {one.found:,} of {one.expected:,}"
        return ""

    @property
    def cpu(self) -> float:
        """Median microseconds of CPU for each host."""
        return statistics.median(1e6 * one.cpu / one.hosts for one in self.rounds)

    @property
    def wall(self) -> float:
        """Median seconds."""
        return statistics.median(one.wall for one in self.rounds)

    @property
    def rate(self) -> float:
        """Median hosts in a second."""
        return statistics.median(one.hosts / one.wall for one in self.rounds)

    @property
    def peak_mib(self) -> float:
        """The highest peak of all rounds, in MiB."""
        return max(one.peak_mib for one in self.rounds)

    @property
    def figure(self) -> float:
        """Median of what the tool measured itself."""
        return statistics.median(one.figure for one in self.rounds)

    @property
    def spread(self) -> float:
        """How far the CPU of the rounds lies apart: most over least, less one."""
        used = [one.cpu / one.hosts for one in self.rounds]
        return max(used) / min(used) - 1


Standings = Mapping[str, Standing]
Measure = Callable[[Standing], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """One number of a row, and what it is to reach. ``value`` takes the row's standings;
    ``needs`` are the tools whose void makes the number void. ``at_least``: more is better.
    """

    text: str
    value: Callable[[Standings], float]
    needs: tuple[str, ...]
    must: float
    stretch: float
    at_least: bool = False
    unit: str = ""

    def reached(self, standings: Standings) -> tuple[float | None, str]:
        """Return the number and the verdict: ``stretch``, ``must``, ``missed`` or ``void``."""
        for name in self.needs:
            why = standings[name].void if name in standings else "not measured"
            if why:
                return None, f"void: {name} {why}"
        value = self.value(standings)
        sign = -1 if self.at_least else 1
        if sign * value <= sign * self.stretch:
            return value, "stretch"
        return value, "must" if sign * value <= sign * self.must else "missed"


def ratio(
    ours: str,
    peer: str,
    measure: Measure,
    *,
    of: str,
    must: float,
    stretch: float,
    at_least: bool = False,
) -> Goal:
    """Return the goal that ``ours`` takes that many times what ``peer`` takes. ``of`` names it."""
    return Goal(
        text=f"{of}: {ours} / {peer}",
        value=lambda standings: measure(standings[ours]) / measure(standings[peer]),
        needs=(ours, peer),
        must=must,
        stretch=stretch,
        at_least=at_least,
        unit="x",
    )


def summary(rows: Sequence[tuple[str, str, Sequence[Goal], Standings]]) -> Iterator[str]:
    """Yield the table of goals, in Markdown: number and title of each row, its goals, what came."""
    yield "| # | work | what | measured | must | stretch | reached |"
    yield "|---" * 7 + "|"
    for number, title, goals, standings in rows:
        for goal in goals:
            value, verdict = goal.reached(standings)
            cells = (
                number,
                title,
                goal.text,
                "-" if value is None else _number(value, goal.unit),
                _number(goal.must, goal.unit),
                _number(goal.stretch, goal.unit),
                verdict,
            )
            yield f"| {' | '.join(cells)} |"


def details(standings: Standings) -> Iterator[str]:
    """Yield one row's tools, in Markdown."""
    yield (
        "| tool | CPU µs/host | spread | x first | hosts/s | wall s | peak MiB | hosts | figure | |"
    )
    yield "|---" * 10 + "|"
    first = next(iter(standings.values()), None)
    for name, standing in standings.items():
        if not standing.rounds:
            yield f"| {name} |{' |' * 8} VOID: not measured |"
            continue
        base = first.cpu if first is not None and not first.void and first.cpu else 0.0
        cells = (
            name,
            f"{standing.cpu:,.0f}",
            f"{standing.spread:.0%}",
            f"{standing.cpu / base:.2f}" if base and not standing.void else "-",
            f"{standing.rate:,.0f}",
            f"{standing.wall:.2f}",
            f"{standing.peak_mib:.0f}",
            f"{standing.rounds[-1].hosts:,}",
            f"{standing.figure:,.1f}" if standing.figure else "",
            f"VOID: {standing.void}" if standing.void else "",
        )
        yield f"| {' | '.join(cells)} |"


def unsteady(standings: Standings, floor: str) -> str:
    """Say so where the floor's own rounds lie too far apart for the row to be believed."""
    standing = standings.get(floor)
    if standing is None or standing.void or standing.spread <= STEADY:
        return ""
    return (
        f"Unsteady: the floor's own rounds lie {standing.spread:.0%} apart, and more than "
        f"{STEADY:.0%} is no measurement. Do it again on a quiet machine."
    )


def _number(value: float, unit: str) -> str:
    shown = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    return shown if unit in {"", "x"} else f"{shown} {unit}"
