"""The guide's example of a new check is followed to the letter, so that it stays true."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from scanner.checks import open_zone
from scanner.checks.base import evaluate
from scanner.model.case import Case
from scanner.model.finding import FailureResult
from scanner.model.observation import Reply
from tests.checks import cases, test_open_zone

GUIDE = Path(__file__).parents[1] / "CONTRIBUTING.md"


def test_the_example_of_a_new_facet_works_as_written() -> None:
    functions, facet, test = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    module: dict[str, Any] = {**vars(open_zone), "Reply": Reply}
    exec(functions, module)
    (added,) = eval(f"({facet})", module)
    check = replace(open_zone.CHECK, facets=(*open_zone.CHECK.facets, added))

    def result(_failure: object, judged: Case) -> FailureResult:
        return evaluate(check, judged)

    tests: dict[str, Any] = {**vars(test_open_zone), "reply": cases.reply, "result": result}
    exec(test, tests)
    run: Callable[[], None] = tests["test_a_version_in_the_greeting_is_a_lead"]
    run()
    silent = evaluate(check, cases.case(cases.enforced_ftp(greeting=cases.NOTHING)))
    assert {f.verdict for f in silent.findings if f.facet == added.id} == {"unknown"}
