"""Dates that names bear, and what a name may not tell."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.wire.dated_names import named_date


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/export/export_2026-03-01.csv", "2026-03-01"),
        ("/export/export-2026_03_01-final.csv", "2026-03-01"),
        ("/export/export_01-03-2026.csv", "2026-03-01"),
        ("/export/export_31.12.2025.csv", "2025-12-31"),
        ("/export/20260301_export.sql.gz", "2026-03-01"),
        ("/export/20260301T120000.zip", "2026-03-01"),
        ("/export/20260301120059.zip", "2026-03-01"),
        ("/export/31122025.csv", "2025-12-31"),
        ("/export/export_2026-03.csv", "2026-03"),
        ("/export/export_mars_2026.csv", "2026-03"),
        ("/export/15 août 2025.csv", "2025-08-15"),
        ("/export/février2026/patients.csv", "2026-02"),
        ("/archive/2026/03/01/export.csv", "2026-03-01"),
        ("/archive/2026-03-01/export.csv", "2026-03-01"),
        # The file's own name goes before its folders; of several dates, the latest.
        ("/archive/2026-03-01/export_2025-01-02.csv", "2025-01-02"),
        ("/export/export_2025-01-01_2025-12-31.csv", "2025-12-31"),
        # Either reading of 03-04 may be meant: the later one makes nothing older than it is.
        ("/export/export_03-04-2026.csv", "2026-04-03"),
        ("/export/export_04-03-2026.csv", "2026-04-03"),
    ],
)
def test_dates_in_names_and_paths(path: str, told: str) -> None:
    assert named_date(path.encode()) == told


@pytest.mark.parametrize(
    "path",
    [
        "/export/export.csv",
        "/export/export_2026.csv",
        "/export/export_2026-13-01.csv",
        "/export/export_2026-02-30.csv",
        "/export/1984-03-07.csv",
        "/export/190484.csv",
        "/export/2026030112.csv",
        "/export/784509900012345.csv",
        "/export/marshal.csv",
        "/export/grammar2026x.csv",
        "/export/12026-03-01.csv",
    ],
)
def test_what_bears_no_date(path: str) -> None:
    assert named_date(path.encode()) is None


def test_beside_a_name_that_may_be_a_persons_no_day_is_told() -> None:
    assert named_date(b"/export/zorblat_kelmar_2019-03-07.pdf") == "2019-03"
    assert named_date(b"/zorblat kelmar 07-05-2019/export.pdf") == "2019-07"


@given(st.binary(max_size=80))
def test_any_path_bears_a_date_or_none(path: bytes) -> None:
    told = named_date(path)
    assert told is None or re.fullmatch(r"20\d\d-\d\d(-\d\d)?", told)
