"""The pages that tell of the matrix are those that its documents make."""

from __future__ import annotations

import re

import pytest

from tests.servers import POSTURES
from tools import budget_page, postures_page
from tools.postures_page import cell
from tools.recorded import groups


def test_the_page_of_postures_is_in_step_with_the_documents() -> None:
    assert postures_page.PAGE.read_text(encoding="utf-8") == postures_page.page(), "run make docs"


def test_the_page_of_budgets_is_in_step_with_the_documents() -> None:
    assert budget_page.PAGE.read_text(encoding="utf-8") == budget_page.page(), "run make docs"


def test_every_posture_has_its_row_on_both_pages() -> None:
    for page in (postures_page.page(), budget_page.page()):
        rows = re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE)
        assert set(POSTURES) <= set(rows)


def test_every_row_of_a_table_has_as_many_cells_as_its_head() -> None:
    for page in (postures_page.page(), budget_page.page()):
        for block in re.findall(r"(?:^\|.*\|\n)+", page, re.MULTILINE):
            assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}) == 1


def _finding(verdict: str, severity: str = "high", **more: str) -> dict[str, str]:
    said = {"verdict": verdict, "severity": severity, "confidence": "proof", "summary": ""}
    return said | more


@pytest.mark.parametrize(
    ("findings", "word"),
    [
        ([], ""),
        ([_finding("pass", "info")], "pass"),
        ([_finding("fail")], "**fail**"),
        ([_finding("fail", "low")], "lead"),
        ([_finding("fail", confidence="weak")], "lead"),
        ([_finding("unknown", "info")], "unknown"),
        ([_finding("unknown", "medium", summary="suspected: a file")], "suspected"),
        ([_finding("pass", "info"), _finding("fail")], "**fail**"),
        ([_finding("pass", "info"), _finding("unknown", "info")], "unknown"),
    ],
)
def test_a_cell_says_the_worst_that_was_found(findings: list[dict[str, str]], word: str) -> None:
    assert cell(findings) == word


def test_a_product_that_speaks_two_families_has_two_tables() -> None:
    assert {"ProFTPD, FTP and FTPS", "ProFTPD, SFTP"} <= set(groups())
