"""How fast content is read: megabytes a second on one core, of persons' data or of none.

A program: ``python -m bench.content_speed dense|sparse HOSTS``. It makes a sample of 64 KiB for
each host of the file, always the same ones, reads each three times, and prints how many there were
and the speed by the better times: what else the machine does only ever slows down.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Final

from bench.content_nobody import nobodys_samples
from bench.content_samples import somebody
from scanner.content.recognise import HEAD
from tests.content.driving import facts_of

_ROUNDS: Final = 3
_SEED: Final = 12


def dense(chance: Random) -> bytes:
    """Return 64 KiB of a table about persons."""
    lines = ["nom;prenom;naissance;nir;telephone;courriel"]
    while len(lines) * 60 < 2 * HEAD:
        one = somebody(chance)
        lines.append(f"{one.surname};{one.first};{one.born};{one.nir};{one.phone};{one.email}")
    return "\n".join(lines).encode()[:HEAD]


def sparse(chance: Random) -> bytes:
    """Return 64 KiB of words and numbers about nobody."""
    data = b""
    while len(data) < HEAD:
        data += b"".join(sample.data for sample in nobodys_samples(chance, 14)
                         if sample.family in {"prose", "log"})  # fmt: skip
    return data[:HEAD]


KINDS: Final[dict[str, Callable[[Random], bytes]]] = {"dense": dense, "sparse": sparse}


def seconds_of(samples: list[bytes]) -> list[float]:
    """Return the CPU time of each sample, the better of three rounds."""
    return [min(_seconds(data) for _ in range(_ROUNDS)) for data in samples]


def megabytes_a_second(samples: list[bytes], taken: list[float]) -> float:
    """Return the speed over all samples."""
    return sum(map(len, samples)) / sum(taken) / 1e6


def _seconds(data: bytes) -> float:
    start = time.process_time()
    facts_of(data)
    return time.process_time() - start


def main() -> None:
    """Read as many samples as the file has lines, and print the speed."""
    kind, places = sys.argv[1:]
    chance = Random(_SEED)
    count = len(Path(places).read_text(encoding="ascii").split())
    samples = [KINDS[kind](chance) for _ in range(count)]
    speed = megabytes_a_second(samples, seconds_of(samples))
    print(f"{len(samples)} {speed:.2f}")


if __name__ == "__main__":
    main()
