from __future__ import annotations

from tools.checks_page import PAGE, page


def test_the_page_of_checks_is_in_step_with_the_checks() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run make docs"
