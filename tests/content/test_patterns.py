"""Patterns are compiled late, so that a fault in one of them would show late."""

from __future__ import annotations

import importlib
import pkgutil
from itertools import chain

import pytest

import scanner.content
import scanner.content.formats
from scanner.content.patterns import Pattern

MODULES = sorted(
    module.name
    for module in chain(
        pkgutil.iter_modules(scanner.content.__path__, "scanner.content."),
        pkgutil.iter_modules(scanner.content.formats.__path__, "scanner.content.formats."),
    )
)


def patterns() -> list[tuple[str, Pattern]]:
    return [
        (f"{name.removeprefix('scanner.content.')}.{key}", value)
        for name in MODULES
        for key, value in vars(importlib.import_module(name)).items()
        if isinstance(value, Pattern)
    ]


@pytest.mark.parametrize("pattern", [pytest.param(one, id=name) for name, one in patterns()])
def test_every_pattern_can_be_compiled(pattern: Pattern) -> None:
    assert not pattern.is_in("")
    assert pattern.count_cells([]) in {0, 1}


def test_a_pattern_is_compiled_at_its_first_use() -> None:
    broken = Pattern("(")

    with pytest.raises(Exception, match=r"\("):
        broken.is_in("text")
