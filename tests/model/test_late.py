from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import scanner
from scanner.model.late import late

ROOT = Path(scanner.__file__).parent


def test_a_late_pattern_answers_as_one_that_was_compiled() -> None:
    written, words = r"(\w)(\d)", "a1 b2"
    pattern, compiled = late(written, re.ASCII), re.compile(written, re.ASCII)

    assert pattern.findall(words) == compiled.findall(words)
    assert pattern.sub("-", words) == compiled.sub("-", words)
    assert pattern.split(words) == compiled.split(words)
    assert [one[0] for one in pattern.finditer(words)] == ["a1", "b2"]
    found = pattern.search(words, 1)
    assert found is not None
    assert found[0] == "b2"
    assert pattern.match(words) is not None
    assert pattern.fullmatch(words) is None
    assert (pattern.pattern, pattern.flags) == (compiled.pattern, compiled.flags)


def test_a_late_pattern_is_compiled_once_and_at_its_first_use(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compiled = list[str]()
    compile_it = re.compile

    def counted(written: str, flags: int = 0) -> re.Pattern[str]:
        compiled.append(written)
        return compile_it(written, flags)

    monkeypatch.setattr(re, "compile", counted)
    pattern = late("a+")
    assert compiled == []
    assert pattern.search("aa")
    assert pattern.match("aa")
    assert compiled == ["a+"]


def test_a_late_pattern_knows_nothing_that_a_pattern_does_not() -> None:
    with pytest.raises(AttributeError, match="no_such_thing"):
        _ = late("a").no_such_thing  # type: ignore[attr-defined]


def modules() -> Iterator[str]:
    for path in sorted(ROOT.rglob("*.py")):
        if "scanner.model.late import late" in path.read_text("utf-8"):
            yield ".".join(("scanner", *path.relative_to(ROOT).with_suffix("").parts))


@pytest.mark.parametrize("name", list(modules()))
def test_every_late_pattern_of_a_module_can_be_compiled(name: str) -> None:
    for value in vars(import_module(name)).values():
        if type(value) is type(late("")):
            assert value.pattern is not None
