from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from scanner.report.document import host_document
from scanner.report.lines import cells
from scanner.report.run_table import run_text
from tests.report import builders

TABLE = """\
   SCORE  ASSET                 F/P/?  WORST
F   14.1  ftp-archive-01        3/2/3  BREACH? open-zone: anyone can log in as…
U      0  dark                  0/0/9  nothing failed, 9 not known
A    100  sftp-good             0/9/0  nothing failed
3 assets: 1 A, 1 F, 1 U. F/P/?: failed, passed, not known.
"""


def fleet() -> list[dict[str, Any]]:
    dark = replace(builders.silent_report(), asset="dark")
    return [
        host_document(report) for report in (builders.good_report(), dark, builders.bad_report())
    ]


def test_a_run_reads_like_this_worst_first() -> None:
    assert run_text(fleet()) == TABLE


def test_colour_changes_no_word() -> None:
    painted = run_text(fleet(), colour=True)
    assert "\x1b[33mU\x1b[0m" in painted
    assert re.sub(r"\x1b\[[0-9;]+m", "", painted) == TABLE


def test_only_the_worst_are_shown_and_all_are_counted() -> None:
    good = host_document(builders.good_report())

    def many() -> Iterator[dict[str, Any]]:
        for number in range(500):
            yield {**good, "asset": f"good-{number:03}"}
        yield host_document(builders.bad_report())

    text = run_text(many(), most=2)
    assert "ftp-archive-01" in text
    assert "good-000" in text
    assert "good-001" not in text
    assert "499 more assets, none worse than these, are in the report" in text
    assert "501 assets: 500 A, 1 F" in text


def test_an_empty_run_says_so() -> None:
    assert run_text([]).endswith("no asset was scanned\n")


def test_hostile_names_stay_in_their_columns() -> None:
    hostile = {
        **host_document(builders.bad_report()),
        "asset": "\x1b[2J漢字漢字漢字漢字漢字漢字漢字",
    }
    lines = run_text([hostile]).splitlines()
    assert all(line.isprintable() and cells(line) <= 80 for line in lines)
