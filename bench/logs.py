"""How fast handed-over logs are read, beside Python that only reads their lines.

``python -m bench.logs``: ten million lines of each format, read by one process on one core; lines
per second of CPU time, the ratio to the floor, and peak memory. ``--lines`` takes fewer.
"""

from __future__ import annotations

import argparse
import gzip
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final

from bench.machine import describe
from bench.measure import cores
from scanner.logs import read_logs
from scanner.model.reading import Observed
from scanner.model.target import Account, Areas, LogSource, Migration, Target

LINES: Final = 10_000_000
_BLOCK: Final = 50_000
"""Lines that are made; the file repeats them, as making them costs more than reading them."""
_BEGIN: Final = datetime(2026, 1, 5, tzinfo=UTC)


def _xferlog(at: datetime, chance: Random) -> str:
    who, source = _who(chance)
    head = f"{at:%a %b %d %H:%M:%S %Y} 1 {source} 512 {_path(chance)}"
    return f"{head} b _ {chance.choice('iooo')} r {who} ftp 0 * c"


def _vsftpd(at: datetime, chance: Random) -> str:
    who, source = _who(chance)
    process = 1_000 + sum(source.encode()) * 60 + at.minute
    head = f"{at:%a %b %d %H:%M:%S %Y} [pid {process}] [{who}]"
    if chance.random() < 0.2:
        return f'{head} OK LOGIN: Client "{source}"'
    return f'{head} OK DOWNLOAD: Client "{source}", "{_path(chance)}", 9 bytes, 1.00Kbyte/sec'


def _common(at: datetime, chance: Random) -> str:
    who, source = _who(chance)
    day = f"{at:%d/%b/%Y:%H:%M:%S +0000}"
    return f'{source} UNKNOWN {who} [{day}] "RETR {_path(chance)}" 226 512'


def _auth(at: datetime, chance: Random) -> str:
    who, source = _who(chance)
    head = f"{at:%b %e %H:%M:%S} files sshd[{chance.randrange(1, 30_000)}]:"
    port = f"port {chance.randrange(1_024, 60_000)}"
    key = f"SHA256:{chance.randrange(3):043}"
    stranger = f"10.{chance.randrange(4)}.{chance.randrange(20)}.{chance.randrange(1, 250)}"
    return chance.choice(
        (
            f"{head} Accepted publickey for {who} from {source} {port} ssh2: ED25519 {key}",
            f"{head} Disconnected from user {who} {source} {port}",
            f"{head} Failed password for invalid user admin from {stranger} {port} ssh2",
            f"{head} Connection closed by {stranger} {port} [preauth]",
        )
    )


def _journal(at: datetime, chance: Random) -> str:
    text = _auth(at, chance).partition("]: ")[2]
    stamp = int(at.timestamp()) * 1_000_000
    return (
        f'{{"__REALTIME_TIMESTAMP":"{stamp}","SYSLOG_IDENTIFIER":"sshd","_PID":"7",'
        f'"_HOSTNAME":"files","PRIORITY":"6","MESSAGE":"{text}"}}'
    )


def _who(chance: Random) -> tuple[str, str]:
    """Return one of fifty accounts, and one of the nine addresses in three networks it has."""
    number = chance.randrange(50)
    return f"lab{number}", f"10.{number}.{chance.randrange(3)}.{chance.randrange(1, 4)}"


def _path(chance: Random) -> str:
    return f"/exchange/mig-{chance.randrange(9)}/export-{chance.randrange(10_000)}.csv"


KINDS: Final[dict[str, tuple[str, Callable[[datetime, Random], str]]]] = {
    "xferlog": ("xferlog", _xferlog),
    "vsftpd.log": ("vsftpd", _vsftpd),
    "ExtendedLog": ("proftpd", _common),
    "auth.log": ("openssh", _auth),
    "journald JSON": ("openssh", _journal),
}


def generate(kind: str, count: int, path: Path, *, packed: bool = False) -> None:
    """Write ``count`` lines of a kind, in the order of their times."""
    make, chance = KINDS[kind][1], Random(7)
    moments = (_BEGIN + timedelta(seconds=number) for number in range(count))
    with gzip.open(path, "wb", 1) if packed else path.open("wb") as out:
        for block in _blocks(moments, count, make, chance):
            out.write(block)


def _blocks(
    moments: Iterator[datetime],
    count: int,
    make: Callable[[datetime, Random], str],
    chance: Random,
) -> Iterator[bytes]:
    lines = [make(next(moments), chance) for _ in range(min(count, _BLOCK))]
    block = ("\n".join(lines) + "\n").encode()
    whole, rest = divmod(count, len(lines))
    for _ in range(whole):
        yield block
    yield "".join(f"{line}\n" for line in lines[:rest]).encode()


def floor(path: Path) -> int:
    """Read lines and do nothing with them."""
    opener = gzip.open if path.suffix == ".gz" else open
    count = 0
    with opener(path, "rb") as stream:
        for _ in stream:
            count += 1
    return count


def ours(path: Path, name: str) -> int:
    """Read a log as the scanner does, with orders, areas and networks declared."""
    target = Target(
        host="ftp.example.org",
        asset="a",
        areas=Areas(public=("/pub",), private=("/exchange",)),
        migrations=tuple(
            Migration(order_id=f"MIG-{number}", paths=(f"/exchange/mig-{number}/*",))
            for number in range(5)
        ),
        accounts=(Account(username="lab1", networks=("10.0.0.0/16",)),),
        logs=(LogSource(format=name, path=str(path), timezone="UTC"),),
    )
    read = read_logs(target)
    if not isinstance(read, Observed) or read.value.sources[0].unparsed:
        sys.exit(f"the generated log did not parse: {read}")
    return read.value.sources[0].lines


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds, lines, and MiB of the process at its peak."""

    seconds: float
    lines: int
    peak_mib: float


def apart(kind: str, path: Path, *, bare: bool) -> Cost:
    """Read a log in a process of its own, on one core."""
    words = [sys.executable, "-m", "bench.logs", "--read", str(path), "--kind", kind]
    command = ["taskset", "--cpu-list", str(cores()[0]), *words, *(["--bare"] if bare else [])]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return Cost(float(told[0]), int(told[1]), float(told[2]))


def _read(options: argparse.Namespace) -> None:
    start = time.process_time()
    path = Path(options.read)
    lines = floor(path) if options.bare else ours(path, KINDS[options.kind][0])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(time.process_time() - start, lines, peak)


def _table(count: int, kinds: list[str]) -> Iterator[str]:
    yield f"{describe()}. {count:,} lines of each format."
    yield ""
    yield "| log | lines/s | x floor | µs/line | peak MiB | floor, lines/s | its peak MiB |"
    yield "|---|---|---|---|---|---|---|"
    with tempfile.TemporaryDirectory(prefix="bench-logs-") as folder:
        for kind in kinds:
            for packed in (False, True) if kind == "auth.log" else (False,):
                path = Path(folder) / f"log{'.gz' if packed else ''}"
                generate(kind, count, path, packed=packed)
                bare, full = apart(kind, path, bare=True), apart(kind, path, bare=False)
                path.unlink()
                if bare.lines != full.lines:
                    sys.exit(f"{kind}: {bare.lines} lines, {full.lines} read")
                yield _row(f"{kind}{', gzip' if packed else ''}", bare, full)


def _row(name: str, bare: Cost, full: Cost) -> str:
    return (
        f"| {name} | {full.lines / full.seconds:,.0f} | {full.seconds / bare.seconds:.0f} "
        f"| {1_000_000 * full.seconds / full.lines:.1f} | {full.peak_mib:.0f} "
        f"| {bare.lines / bare.seconds:,.0f} | {bare.peak_mib:.0f} |"
    )


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.logs", description=__doc__)
    parser.add_argument("--lines", type=int, default=LINES, help="lines of each format")
    parser.add_argument("--kind", choices=KINDS, help="one format alone")
    parser.add_argument("--read", help=argparse.SUPPRESS)
    parser.add_argument("--bare", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.read:
        _read(options)
        return
    for line in _table(options.lines, [options.kind] if options.kind else list(KINDS)):
        print(line, flush=True)


if __name__ == "__main__":
    main()
