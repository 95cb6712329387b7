"""A held-out test of the content detectors, written without sight of them.

Whoever wrote these families read only what the documentation claims, not the detectors, their
tests or the other corpora. No family is tuned to what is found: samples are mended only where they
are wrong themselves. Everything in them is invented.

``python -m bench.content_heldout [--seed N] [--each N] [--show FAMILY] [--headings]``: for each
family of files that hold personal data or secrets, how many are flagged at all and which share of
the kinds is found; for each family about nobody, the false alarms. ``--headings`` instead names the
headings of columns that are not known.

Decided: authors' names in a bibliography are published and are counted as nobody; so is a table
with personal headers and no rows. Families that the documentation says are not looked for are
marked ``limit`` and are left out of the summary.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Final

from bench.heldout_drawn import DRAWN, headings
from bench.heldout_health import HEALTH, PACKED
from bench.heldout_nobody import NOBODY
from bench.heldout_records import RECORDS
from bench.heldout_tables import TABLES, Made
from tests.content.driving import facts_of, kinds

_PERSONS: Final[dict[str, Callable[[Random], Made]]] = {
    **TABLES, **RECORDS, **HEALTH, **PACKED, **DRAWN,
}  # fmt: skip
_LIMIT: Final = "limit"


@dataclass(slots=True)
class Score:
    """What was found in the files of one family."""

    files: int = 0
    flagged: int = 0
    wanted: int = 0
    found: int = 0
    missed: Counter[str] = field(default_factory=Counter)

    def add(self, holds: str, seen: set[str]) -> None:
        """Count one file."""
        self.files += 1
        self.flagged += bool(seen)
        for kind in holds.split():
            self.wanted += 1
            if seen.isdisjoint(kind.split("|")):
                self.missed[kind] += 1
            else:
                self.found += 1


def persons(seed: int, each: int) -> dict[str, Score]:
    """Judge the families that hold something."""
    scores: dict[str, Score] = {}
    for family, make in _PERSONS.items():
        score = scores[family] = Score()
        for number in range(each):
            data, holds = make(Random(f"{seed} {family} {number}"))
            score.add(holds, kinds(facts_of(data)))
    return scores


def nobody(seed: int, each: int) -> dict[str, Counter[str]]:
    """Judge the families about nobody: which kinds were found, and ``files`` for any."""
    alarms: dict[str, Counter[str]] = {}
    for family, make in NOBODY.items():
        alarm = alarms[family] = Counter()
        for number in range(each):
            seen = kinds(facts_of(make(Random(f"{seed} {family} {number}"))))
            alarm.update(seen)
            alarm["files"] += bool(seen)
    return alarms


def printed(seed: int, each: int) -> None:
    """Print both tables and the summary."""
    print(f"Held-out files; seed {seed}, {each} of each family\n")
    print(f"{'family':<34} {'flagged':>8} {'kinds':>7}  missed")
    scores = persons(seed, each)
    for family, score in scores.items():
        missed = ", ".join(f"{kind} {count}" for kind, count in score.missed.items())
        print(f"{family:<34} {score.flagged / score.files:>8.2f} "
              f"{score.found / score.wanted:>7.2f}  {missed}")  # fmt: skip
    print(f"\n{'family about nobody':<34} {'alarms':>8}  of {each}; kinds")
    alarms = nobody(seed, each)
    for family, alarm in alarms.items():
        seen = ", ".join(f"{kind} {count}" for kind, count in alarm.items() if kind != "files")
        print(f"{family:<34} {alarm['files']:>8}  {seen}")
    counted = [score for family, score in scores.items() if not family.startswith(_LIMIT)]
    files = sum(score.files for score in counted)
    flagged = sum(score.flagged for score in counted)
    wanted = sum(score.wanted for score in counted)
    found = sum(score.found for score in counted)
    false = sum(alarm["files"] for alarm in alarms.values())
    print(f"\n{len(counted)} families, {files} files: flagged {flagged / files:.3f}, kinds "
          f"{found / wanted:.3f}; {len(alarms)} families about nobody, {len(alarms) * each} files: "
          f"{false} false alarms ({false / (len(alarms) * each):.3f}); precision "
          f"{flagged / (flagged + false):.3f}")  # fmt: skip


def headings_missed(seed: int) -> None:
    """Print the headings under which a column is not found, each alone in a plain table."""
    missed: dict[tuple[str, str], list[str]] = {}
    count = 0
    for country, kind, heading, data in headings(seed):
        count += 1
        if kinds(facts_of(data)).isdisjoint(kind.split("|")):
            missed.setdefault((country, kind), []).append(heading)
    for (country, kind), names in missed.items():
        print(f"{country} {kind:<28} {' / '.join(names)}")
    print(f"{sum(map(len, missed.values()))} of {count} headings are not known")


def main() -> None:
    """Judge all, or show one sample."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=None, help="repeat an earlier corpus")
    parser.add_argument("--each", type=int, default=10, help="files of each family")
    parser.add_argument("--show", metavar="FAMILY", help="print the first file of a family")
    parser.add_argument("--headings", action="store_true", help="which headings are not known")
    chosen = parser.parse_args()
    seed = Random().randrange(1 << 32) if chosen.seed is None else chosen.seed
    if chosen.headings:
        headings_missed(seed)
        return
    if chosen.show is None:
        printed(seed, chosen.each)
        return
    chance = Random(f"{seed} {chosen.show} 0")
    made = NOBODY[chosen.show](chance) if chosen.show in NOBODY else _PERSONS[chosen.show](chance)
    print(made)
    print(facts_of(made if isinstance(made, bytes) else made[0]))


if __name__ == "__main__":
    main()
