"""What the content checks find, miss and cost, on files that are new for every seed.

``python -m bench.content [--seed N] [--each N] [--nobody DIRECTORY ...]``: recall and precision for
each kind of data, states of containers, speed on one core, the slowest sample and peak memory, each
beside its target.
"""

from __future__ import annotations

import argparse
import gzip
import resource
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from bench.content_containers import container_samples, packed_samples
from bench.content_nobody import nobodys_samples
from bench.content_people import personal_samples
from bench.content_programs import program_samples
from bench.content_samples import Sample
from bench.content_speed import dense, megabytes_a_second, seconds_of, sparse
from bench.machine import describe
from scanner.model.content import ContentFacts, ContentState
from tests.content.driving import facts_of

_LOCKED: Final = frozenset({ContentState.ENCRYPTED, ContentState.WEAK})
_PACKED: Final = 2000
_NOBODY: Final = 1020
_BY_PROGRAM: Final = 8
"""Files of each family that a program makes: starting it takes a while."""
_HEALTH: Final = frozenset({"hl7v2", "hprim-sante", "hprim-medecins", "cda", "fhir"})
_MEBIBYTE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Judged:
    """A sample, what was found in it, and the seconds that took."""

    sample: Sample
    facts: ContentFacts
    seconds: float

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of data that were found."""
        return frozenset(kind.kind for kind in self.facts.kinds)

    @property
    def complete(self) -> bool:
        """Whether every kind that is looked for was found."""
        return self.sample.holds <= self.kinds

    @property
    def right(self) -> bool:
        """Whether the state is one of the expected."""
        return self.facts.state in self.sample.states


def judge(samples: Iterable[Sample]) -> Iterator[Judged]:
    """Examine every sample in this process."""
    for sample in samples:
        start = time.perf_counter()
        facts = facts_of(sample.data)
        yield Judged(sample, facts, time.perf_counter() - start)


def told(what: str, figure: float, target: float, *, at_most: bool = False, count: int = 0) -> None:
    """Print one figure beside its target."""
    met = figure <= target if at_most else figure >= target
    sign = "<=" if at_most else ">="
    told_count = f"{count:>7}" if count else " " * 7
    print(f"{what:<46} {told_count} {figure:>9.4g}  {sign} {target:<6g} {'' if met else 'missed'}")


def recall(judged: Iterable[Judged], starts: tuple[str, ...]) -> tuple[float, int]:
    """Return the share of complete findings in families that start so, and how many files."""
    chosen = [each for each in judged if each.sample.family.startswith(starts)]
    return sum(each.complete for each in chosen) / len(chosen), len(chosen)


def share_right(judged: Iterable[Judged], start: str, *, whole: bool = False) -> tuple[float, int]:
    """Return the share of right states in families that start (or are) so, and how many files."""
    chosen = [
        each
        for each in judged
        if each.sample.family == start or (each.sample.family.startswith(start) and not whole)
    ]
    return sum(each.right for each in chosen) / len(chosen), len(chosen)


def data_kinds(people: list[Judged], nobody: list[Judged]) -> None:
    """Print recall and precision for each kind; a kind nobody put in a file is a false one."""
    print(f"\n{'kind of data':<26} {'files':>6} {'recall':>8} {'precision':>10}")
    holding = Counter(kind for each in people for kind in each.sample.holds)
    right = Counter(kind for each in people for kind in each.sample.holds & each.kinds)
    wrong = Counter(kind for each in nobody for kind in each.kinds)
    for kind in sorted(holding):
        found = right[kind] + wrong[kind]
        precision = f"{right[kind] / found:>10.3f}" if found else f"{'-':>10}"
        print(f"{kind:<26} {holding[kind]:>6} {right[kind] / holding[kind]:>8.3f} {precision}")
    for kind in sorted(wrong.keys() - holding.keys()):
        print(f"{kind:<26} {0:>6} {'-':>8} {0:>10.3f}  in {wrong[kind]} files of nobody")


def container_families(containers: list[Judged], everything: list[Judged]) -> None:
    """Print recall for each family of containers, and how precise each state is over all files."""
    print(f"\n{'container':<34} {'files':>6} {'recall':>8}")
    for name in sorted({each.sample.family for each in containers}):
        share, count = share_right(containers, name, whole=True)
        print(f"{name:<34} {count:>6} {share:>8.3f}")
    print(f"\n{'state':<34} {'files':>6} {'precision':>9}")
    for state in sorted({each.facts.state for each in containers}):
        called = [each for each in everything if each.facts.state is state]
        right = sum(each.right for each in called) / len(called)
        print(f"{state:<34} {len(called):>6} {right:>9.3f}")


def families(judged: list[Judged], *, least: float) -> None:
    """Print the families that fall below ``least``, by complete findings and right states."""
    for name in sorted({each.sample.family for each in judged}):
        chosen = [each for each in judged if each.sample.family == name]
        good = sum(each.complete and each.right for each in chosen) / len(chosen)
        if good < least:
            states = Counter(str(each.facts.state) for each in chosen)
            print(f"  below {least:g}: {name} {good:.3f} of {len(chosen)}, states {dict(states)}")


def found(people: list[Judged], nobody: list[Judged]) -> None:
    """Print what section 8 asks of personal data."""
    wrong = sum(bool(each.kinds) for each in nobody)
    hits = sum(bool(each.kinds) for each in people)
    told("personal files, precision", hits / (hits + wrong), 0.98, count=hits + wrong)
    told("negatives flagged", wrong / len(nobody), 0.005, at_most=True, count=len(nobody))
    for family in sorted(_HEALTH):
        share, count = recall(people, (family,))
        told(f"recall {family}", share, 0.99, count=count)
    share, count = recall(
        people, ("table-", "sql-dump", "json", "xml", "form", "vcards", "directory")
    )
    told("recall tables, dumps, records with headers", share, 0.97, count=count)
    share, count = recall(people, ("headerless",))
    told("recall headerless tables", share, 0.80, count=count)
    share, count = recall(people, ("nir-",))
    told("recall NIR, Corsica and odd months included", share, 1.0, count=count)


def locked(containers: list[Judged], open_files: list[Judged]) -> None:
    """Print what section 8 asks of states."""
    wrong = sum(each.facts.state is ContentState.ENCRYPTED for each in open_files)
    told("clear or packed called encrypted", wrong / len(open_files), 0.001, at_most=True,
         count=len(open_files))  # fmt: skip
    marked = [each for each in containers if each.sample.family.startswith("locked")]
    hidden = sum(each.facts.state is not ContentState.CLEAR for each in marked)
    told("recall of marked containers, any locked state", hidden / len(marked), 0.99,
         count=len(marked))  # fmt: skip
    for start, target in (("locked", 0.97), ("partial", 0.95), ("keyless", 0.95),
                          ("opaque", 0.99), ("spoofed", 1.0)):  # fmt: skip
        share, count = share_right(containers, start)
        told(f"right state: {start}", share, target, count=count)
    opaque = [each for each in containers if each.sample.family.startswith("opaque")]
    called = sum(each.facts.state in _LOCKED for each in opaque)
    told("headerless ciphertext called locked", called / len(opaque), 0, at_most=True,
         count=len(opaque))  # fmt: skip


def speed(what: str, samples: list[bytes], target: float) -> float:
    """Print MB/s over samples of 64 KiB, and return the slowest sample's seconds."""
    taken = seconds_of(samples)
    told(f"MB/s, one core, {what}", megabytes_a_second(samples, taken), target,
         count=len(samples))  # fmt: skip
    return max(taken)


def planted(people: list[Judged]) -> int:
    """Return how many files have a line's first long cell, or a NIR, in what is told of them."""
    count = 0
    for each in people:
        text = each.sample.data.decode("utf-8", "replace")
        cells = {cell.strip() for line in text.splitlines()[1:200] for cell in line.split(";")}
        shown = repr(each.facts)
        count += any(len(cell) >= 8 and any(map(str.isdigit, cell)) and cell in shown
                     for cell in cells)  # fmt: skip
    return count


def of_nobody(directories: Iterable[Path]) -> None:
    """Print how many text files of directories are flagged, and their names: look at each."""
    seen = flagged = 0
    for path in sorted(path for top in directories for path in top.rglob("*")):
        data = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        if not data or b"\x00" in data[:4096]:
            continue
        seen += 1
        facts = facts_of(data)
        if facts.kinds:
            flagged += 1
            print(f"  {path}: {', '.join(sorted({kind.kind for kind in facts.kinds}))}")
    told("files of these directories flagged", flagged / max(seen, 1), 0.005, at_most=True,
         count=seen)  # fmt: skip


def peak() -> float:
    """Return the peak memory of this process in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def bombs() -> float:
    """Examine compressed bombs and return by how many MiB the peak memory grew."""
    once = gzip.compress(bytes(128 * _MEBIBYTE), 1)
    twice = gzip.compress(once, 1)
    before = peak()
    for data in (once, twice, gzip.compress(twice)):
        facts_of(data)
    return peak() - before


def main() -> None:
    """Make the corpus, judge it and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=None, help="repeat an earlier corpus")
    parser.add_argument("--each", type=int, default=20, help="files of each family")
    parser.add_argument("--nobody", type=Path, nargs="+", default=(), metavar="DIRECTORY",
                        help="text files known to be about nobody: say which are flagged"
                        )  # fmt: skip
    chosen = parser.parse_args()
    seed = Random().randrange(1 << 32) if chosen.seed is None else chosen.seed
    chance = Random(seed)
    print(f"Content. {describe()}; seed {seed}")
    people = list(judge(personal_samples(chance, chosen.each)))
    nobody = list(judge(nobodys_samples(chance, _NOBODY)))
    packed = list(judge(packed_samples(chance, _PACKED)))
    containers = list(judge(container_samples(chance, chosen.each)))
    containers += judge(program_samples(chance, min(chosen.each, _BY_PROGRAM)))
    data_kinds(people, nobody)
    container_families(containers, [*containers, *people, *nobody, *packed])
    print(f"\n{'property':<46} {'files':>7} {'figure':>9}  target")
    found(people, nobody)
    locked(containers, [*people, *nobody, *packed])
    told("files whose values show in what is told", planted(people), 0, at_most=True)
    slowest = max(speed("dense", [dense(chance) for _ in range(30)], 8),
                  speed("sparse", [sparse(chance) for _ in range(30)], 15))  # fmt: skip
    told("slowest 64 KiB sample, seconds", slowest, 0.5, at_most=True)
    told("peak memory of all this, MiB", peak(), 256, at_most=True)
    told("growth on bombs, MiB", bombs(), 256, at_most=True)
    families([*people, *containers], least=0.97)
    if chosen.nobody:
        of_nobody(chosen.nobody)


if __name__ == "__main__":
    main()
