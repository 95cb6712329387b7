"""The tables in which peers' facts stand beside our answers, in Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bench.our_facts import Answer, shown
from bench.peer_facts import Fact

_VERDICTS: Final = ("agree", "disagree", "missing", "left out")


@dataclass(frozen=True, slots=True)
class Compared:
    """One posture: each peer's fact with our answer, and what only we saw."""

    posture: str
    answers: tuple[tuple[Fact, Answer], ...]
    ours_alone: tuple[tuple[str, str], ...]


def tables(results: list[Compared], *, details: bool) -> Iterator[str]:
    """Yield the lines of the report: the sums, then a table each for what a peer told, for what
    differs, and for what only we told.
    """
    every = [(one.posture, fact, answer) for one in results for fact, answer in one.answers]
    sums = Counter(answer.verdict for _, _, answer in every)
    told = ", ".join(f"{sums[verdict]} {verdict}" for verdict in _VERDICTS)
    yield f"{len(every)} facts of peers on {len(results)} servers: {told}."
    yield ""
    yield from _by_fact(every)
    yield from _differences(every, details=details)
    yield from _alone(results)


Row = tuple[str, Fact, Answer]


def _by_fact(every: list[Row]) -> Iterator[str]:
    yield f"| fact | peers | servers | {' | '.join(_VERDICTS)} | our place |"
    yield "|---" * (4 + len(_VERDICTS)) + "|"
    for name in dict.fromkeys(fact.name for _, fact, _ in every):
        rows = [row for row in every if row[1].name == name]
        peers = ", ".join(sorted({fact.peer for _, fact, _ in rows}))
        servers = len({posture for posture, _, _ in rows})
        counts = Counter(answer.verdict for _, _, answer in rows)
        numbers = (str(counts[verdict] or "") for verdict in _VERDICTS)
        places = sorted({f"`{answer.place}`" for _, _, answer in rows if answer.place})
        where = ", ".join(places) or rows[0][2].why
        yield f"| {name} | {peers} | {servers} | {' | '.join(numbers)} | {where} |"


def _differences(every: list[Row], *, details: bool) -> Iterator[str]:
    told = [row for row in every if details or row[2].verdict == "disagree"]
    if not told:
        return
    yield ""
    yield "| server | fact | peer | it says | we say | | why |"
    yield "|---|---|---|---|---|---|---|"
    for posture, fact, answer in told:
        cells = (
            posture,
            fact.name,
            fact.peer,
            _cell(shown(fact.value)),
            _cell(answer.ours),
            answer.verdict,
            answer.why if answer.verdict != "agree" else "",
        )
        yield f"| {' | '.join(cells)} |"


def _cell(text: str, most: int = 160) -> str:
    flat = " ".join(text.replace("|", "/").split())
    return flat if len(flat) <= most else f"{flat[: most - 1]}…"


def _alone(results: list[Compared]) -> Iterator[str]:
    found: dict[str, list[str]] = {}
    for one in results:
        for name, value in one.ours_alone:
            found.setdefault(name, []).append(value)
    if not found:
        return
    yield ""
    yield "| only in our document | servers | such as |"
    yield "|---|---|---|"
    for name, values in found.items():
        yield f"| `{name}` | {len(values)} | {_cell(values[0], 100)} |"
