"""What ``report.html`` costs: size, time and memory to draw, time to load, scroll, sort and find.

Reports of synthetic hosts (``tests/report/fleet.py``: of twenty five fail, two or three are
silent) are written as a run writes them, and drawn by a process of its own.
"""

from __future__ import annotations

import argparse
import gzip
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any, Final

from bench.machine import describe
from scanner.report.page import page
from scanner.report.stream import fleet_in, hosts_in, scan_in, stream
from tests.browser.chromium import Tab, chromium, program
from tests.report import builders, fleet

SIZES: Final = (100, 1_000, 5_000)
SCROLL: Final = """
(async () => {
  const frame = () => new Promise(requestAnimationFrame);
  const bottom = () => document.documentElement.scrollHeight - innerHeight;
  const times = [];
  for (let step = 0; step <= 100; step++) {
    const start = performance.now();
    scrollTo(0, bottom() * step / 100);
    document.body.getBoundingClientRect();
    await frame(); await frame();
    times.push(performance.now() - start);
  }
  return times;
})()
"""
SORT: Final = """
(() => {
  const start = performance.now();
  document.querySelectorAll('#grid thead th button')[2].click();
  document.body.getBoundingClientRect();
  return performance.now() - start;
})()
"""
FIND: Final = """
(() => {
  const start = performance.now();
  const find = document.getElementById('find');
  find.value = '0042'; find.dispatchEvent(new Event('input'));
  document.body.getBoundingClientRect();
  return performance.now() - start;
})()
"""


def main() -> None:
    told = argparse.ArgumentParser(description=__doc__)
    told.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    told.add_argument("--rounds", type=int, default=3)
    told.add_argument("--draw", type=Path, nargs=2, help=argparse.SUPPRESS)
    given = told.parse_args()
    if given.draw:
        draw(*given.draw)
        return
    print(describe())
    print(
        "| hosts | report.json MB | page MB | gzip MB | draw s | peak MiB | load s | DOM elements"
        " | scroll step ms, median and worst | sort ms | find ms |"
    )
    print("|" + "---|" * 11)
    with tempfile.TemporaryDirectory() as folder:
        for size in given.sizes:
            print(row(size, given.rounds, Path(folder)), flush=True)


def row(size: int, rounds: int, folder: Path) -> str:
    report, html = folder / f"{size}.json", folder / f"{size}.html"
    with report.open("w", encoding="utf-8") as file:
        file.writelines(stream(builders.header(), _lines(size), []))
    drawn = [_drawn(report, html) for _ in range(rounds)]
    data = html.read_bytes()
    cells = [
        f"{size:,}",
        f"{report.stat().st_size / 1e6:.1f}",
        f"{len(data) / 1e6:.1f}",
        f"{len(gzip.compress(data)) / 1e6:.2f}",
        f"{median(each['seconds'] for each in drawn):.1f}",
        f"{max(each['peak'] for each in drawn):.0f}",
        *_seen(html, rounds),
    ]
    return f"| {' | '.join(cells)} |"


def _lines(size: int) -> Iterator[str]:
    for host in fleet.fleet(size, nights=30):
        yield json.dumps(host, separators=(",", ":"))


def _drawn(report: Path, html: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.page_render", "--draw", str(report), str(html)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=900)
    told: dict[str, float] = json.loads(done.stdout)
    return told


def draw(report: Path, html: Path) -> None:
    """Draw one page, and print the seconds and the peak memory (MiB) of this process."""

    def hosts() -> Iterator[dict[str, Any]]:
        with report.open(encoding="utf-8") as lines:
            yield from hosts_in(lines)

    start = time.perf_counter()
    with report.open(encoding="utf-8") as lines:
        scan = scan_in(lines)
    with report.open(encoding="utf-8") as lines:
        leads = fleet_in(lines)
    with html.open("w", encoding="utf-8") as file:
        file.writelines(page(scan, hosts, leads))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": time.perf_counter() - start, "peak": peak}))


def _seen(html: Path, rounds: int) -> list[str]:
    path = program()
    if path is None:
        return ["no Chromium here"] * 5
    loads, sorts, finds = [], [], []
    scrolls: list[float] = []
    elements = 0
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as profile, chromium(path, Path(profile)) as wire:
            tab = wire.tab()
            tab.size(1440, 1000)
            start = time.perf_counter()
            tab.open(html)
            loads.append(time.perf_counter() - start)
            elements = tab.evaluate("document.querySelectorAll('*').length")
            scrolls += tab.evaluate(SCROLL)
            sorts.append(_milliseconds(tab, SORT))
            finds.append(_milliseconds(tab, FIND))
    return [
        f"{median(loads):.1f}",
        f"{elements:,}",
        f"{median(scrolls):.0f}, {max(scrolls):.0f}",
        f"{median(sorts):.0f}",
        f"{median(finds):.0f}",
    ]


def _milliseconds(tab: Tab, expression: str) -> float:
    return float(tab.evaluate(expression))


if __name__ == "__main__":
    main()
