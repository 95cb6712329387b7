"""Our frozen dataclasses beside those of the standard library."""

from __future__ import annotations

import ast
import copy
import dataclasses
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import scanner.model
from scanner.model.frozen import dataclass as ours
from scanner.model.reading import Observed

MODEL = Path(scanner.model.__file__).parent


def made_by(decorator: Callable[..., Any]) -> type[Any]:
    class Sample:
        """A sample."""

        host: str
        port: int = 21
        names: tuple[str, ...] = dataclasses.field(default_factory=tuple)
        secret: str = dataclasses.field(default="", repr=False, compare=False)
        label: str = dataclasses.field(init=False, default="")

        def __post_init__(self) -> None:
            object.__setattr__(self, "label", f"{self.host}:{self.port}")

    return decorator(frozen=True, slots=True)(Sample)  # type: ignore[no-any-return]  # of any kind


BOTH = pytest.mark.parametrize("decorator", [ours, dataclasses.dataclass], ids=["ours", "standard"])


@BOTH
def test_instances_are_built_compared_and_shown_alike(decorator: Callable[..., Any]) -> None:
    sample = made_by(decorator)
    one = sample("a", names=("x",), secret="s")

    assert (one.host, one.port, one.names, one.label) == ("a", 21, ("x",), "a:21")
    assert one == sample("a", 21, ("x",), "another")
    assert one != sample("b")
    assert one != "a"
    assert hash(one) == hash(sample("a", 21, ("x",), "another"))
    assert repr(one).endswith("Sample(host='a', port=21, names=('x',), label='a:21')")
    assert dataclasses.replace(one, host="b").label == "b:21"
    assert dataclasses.asdict(one)["names"] == ("x",)
    assert not hasattr(one, "__dict__")
    assert sample.__match_args__ == ("host", "port", "names", "secret")


@BOTH
@pytest.mark.parametrize("compared_first", [False, True])
def test_an_instance_cannot_be_changed_but_copied(
    decorator: Callable[..., Any], *, compared_first: bool
) -> None:
    sample = made_by(decorator)
    one = sample("a")
    assert not compared_first or one == sample("a")

    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'host'"):
        one.host = "b"
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot delete field 'host'"):
        del one.host
    assert copy.deepcopy(one) == one
    assert copy.copy(one) == one


@BOTH
def test_arguments_that_do_not_fit_are_named(decorator: Callable[..., Any]) -> None:
    with pytest.raises(TypeError, match=r"__init__\(\) missing 1 required .*'host'"):
        made_by(decorator)()
    with pytest.raises(TypeError, match="unexpected keyword argument 'nobody'"):
        made_by(decorator)(host="a", nobody=1)


@BOTH
def test_what_is_not_given_is_filled_in(decorator: Callable[..., Any]) -> None:
    class Sample:
        first: int
        many: list[int] = dataclasses.field(default_factory=list)
        own: list[int] = dataclasses.field(init=False, default_factory=list)
        late: int = dataclasses.field(init=False)

        def __post_init__(self) -> None:
            object.__setattr__(self, "late", self.first + 1)

    sample = decorator(frozen=True, slots=True, kw_only=True)(Sample)
    one, other = sample(first=1), sample(first=2, many=[3])

    assert (one.many, one.own, one.late) == ([], [], 2)
    assert (other.many, other.late) == ([3], 3)
    assert one.many is not sample(first=1).many
    assert one.own is not sample(first=1).own
    with pytest.raises(TypeError):
        sample(1)
    with pytest.raises(TypeError):
        sample(first=1, own=[])


@BOTH
def test_a_class_can_inherit(decorator: Callable[..., Any]) -> None:
    class Wider(made_by(decorator)):  # type: ignore[misc]  # a class that is made here
        more: int = 1

    one = decorator(frozen=True, slots=True)(Wider)("a", 22, more=5)

    assert (one.host, one.port, one.more, one.label) == ("a", 22, 5, "a:22")


def test_own_methods_stay() -> None:
    @ours(frozen=True, slots=True, kw_only=True)
    class Hidden:
        """Shows nothing."""

        value: str

        def __repr__(self) -> str:
            return "Hidden"

    assert repr(Hidden(value="a")) == "Hidden"
    with pytest.raises(TypeError):
        Hidden("a")  # type: ignore[call-arg]  # what is tested


def test_nothing_is_compiled_before_the_first_instance() -> None:
    sample = made_by(ours)
    before = sample.__init__
    sample("a")
    first = sample.__init__
    sample("b")

    assert before is not first
    assert sample.__init__ is first
    assert first.__code__.co_varnames[:3] == ("self", "host", "port")


def test_an_instance_of_the_model_can_be_pickled() -> None:
    assert pickle.loads(pickle.dumps(Observed(3, ("e",)))) == Observed(3, ("e",))


@pytest.mark.parametrize(
    "flags", [{"frozen": False, "slots": True}, {"frozen": True, "slots": False}]
)
def test_other_kinds_of_classes_are_not_made(flags: dict[str, bool]) -> None:
    with pytest.raises(TypeError, match="frozen classes with slots"):
        ours(**flags)


MODULES = sorted(path for path in MODEL.glob("*.py") if path.stem != "frozen")


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_the_model_compiles_no_class_while_it_loads(module: Path) -> None:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    imported = {
        name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "dataclasses"
        for name in node.names
    }
    frozen_elsewhere = [
        ast.unparse(word)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "dataclasses.dataclass"
        for word in node.keywords
        if word.arg == "frozen"
    ]
    assert "dataclass" not in imported
    assert frozen_elsewhere == []
