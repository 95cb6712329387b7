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
from rich.pretty import pretty_repr

import scanner.model
from scanner.model.frozen import dataclass as ours
from scanner.model.frozen import replace
from scanner.model.reading import Observed

MODEL = Path(scanner.model.__file__).parent


def made_by(decorator: Callable[..., Any]) -> type[Any]:
    class Sample:
        """A sample."""

        host: str
        port: int = 21
        names: tuple[str, ...] = dataclasses.field(default_factory=tuple)
        secret: str = dataclasses.field(default="", repr=False)

        def __post_init__(self) -> None:
            if self.port < 0:
                raise ValueError("no port")

        @property
        def label(self) -> str:
            return f"{self.host}:{self.port}"

    return decorator(frozen=True, slots=True)(Sample)  # type: ignore[no-any-return]  # of any kind


BOTH = pytest.mark.parametrize("decorator", [ours, dataclasses.dataclass], ids=["ours", "standard"])


@BOTH
def test_instances_are_built_compared_and_shown_alike(decorator: Callable[..., Any]) -> None:
    sample = made_by(decorator)
    one = sample("a", names=("x",), secret="s")

    assert (one.host, one.port, one.names, one.label) == ("a", 21, ("x",), "a:21")
    assert one == sample("a", 21, ("x",), "s")
    assert one != sample("a", 21, ("x",), "another")
    assert one != sample("b")
    assert one != "a"
    assert hash(one) == hash(sample("a", 21, ("x",), "s"))
    assert repr(one).endswith("Sample(host='a', port=21, names=('x',))")
    assert "secret" not in pretty_repr(one)
    assert dataclasses.replace(one, host="b").label == "b:21"
    assert dataclasses.asdict(one)["names"] == ("x",)
    assert [each.name for each in dataclasses.fields(one)] == ["host", "port", "names", "secret"]
    assert not hasattr(one, "__dict__")
    assert sample.__match_args__ == ("host", "port", "names", "secret")
    with pytest.raises(ValueError, match="no port"):
        sample("a", -1)


@BOTH
def test_an_instance_cannot_be_changed_but_copied(decorator: Callable[..., Any]) -> None:
    one = made_by(decorator)("a")

    with pytest.raises(AttributeError):
        one.host = "b"
    with pytest.raises(AttributeError):
        del one.host
    assert one.host == "a"
    assert copy.deepcopy(one) == one
    assert copy.copy(one) == one


@BOTH
def test_arguments_that_do_not_fit_are_named(decorator: Callable[..., Any]) -> None:
    with pytest.raises(TypeError, match=r"(?i)missing .*required .*argument.* 'host'"):
        made_by(decorator)()
    with pytest.raises(TypeError, match=r"(?i)unexpected keyword argument 'nobody'"):
        made_by(decorator)(host="a", nobody=1)


@BOTH
def test_what_is_not_given_is_filled_in(decorator: Callable[..., Any]) -> None:
    class Sample:
        many: list[int] = dataclasses.field(default_factory=list)
        first: int

    sample = decorator(frozen=True, slots=True, kw_only=True)(Sample)
    one, other = sample(first=1), sample(first=2, many=[3])

    assert (one.many, other.many) == ([], [3])
    assert one.many is not sample(first=1).many
    with pytest.raises(TypeError):
        sample(1)


@BOTH
def test_a_class_can_inherit(decorator: Callable[..., Any]) -> None:
    class Wider(made_by(decorator)):  # type: ignore[misc]  # a class that is made here
        more: int = 1
        seen: list[int] = dataclasses.field(default_factory=list)

    wider = decorator(frozen=True, slots=True)(Wider)
    one = wider("a", 22, more=5)

    assert (one.host, one.port, one.more, one.seen, one.label) == ("a", 22, 5, [], "a:22")
    assert wider("a").more == 1
    assert wider("a").seen is not wider("a").seen
    assert "secret" not in repr(one)


def test_own_methods_stay() -> None:
    @ours(frozen=True, slots=True, kw_only=True)
    class Hidden:
        """Shows nothing."""

        value: str

        def __repr__(self) -> str:
            return "Hidden"

    assert repr(Hidden(value="a")) == "Hidden"
    assert "value" not in pretty_repr(Hidden(value="a"))
    with pytest.raises(TypeError):
        Hidden("a")  # type: ignore[call-arg]  # what is tested


def test_an_instance_of_the_model_can_be_pickled() -> None:
    assert pickle.loads(pickle.dumps(Observed(3, ("e",)))) == Observed(3, ("e",))


@BOTH
def test_what_is_not_for_the_constructor_is_not_carried_over(
    decorator: Callable[..., Any],
) -> None:
    class Sample:
        host: str
        found: dict[str, int] = dataclasses.field(default_factory=dict, init=False, repr=False)

    one = decorator(frozen=True, slots=True)(Sample)("a")
    one.found["x"] = 1

    assert dataclasses.replace(one, host="b").found == {}
    assert one.found == {"x": 1}
    assert "found" not in repr(one)


@pytest.mark.parametrize("told", [{"init": False}, {"compare": False}, {"kw_only": True}])
def test_other_kinds_of_fields_are_refused_when_a_class_is_declared(told: dict[str, bool]) -> None:
    class Sample:
        odd: int = dataclasses.field(**told)  # type: ignore[call-overload]  # any kind

    with pytest.raises(TypeError, match="odd: a field of this kind"):
        ours(frozen=True, slots=True)(Sample)


@pytest.mark.parametrize(
    "flags", [{"frozen": False, "slots": True}, {"frozen": True, "slots": False}]
)
def test_other_kinds_of_classes_are_not_made(flags: dict[str, bool]) -> None:
    with pytest.raises(TypeError, match="frozen classes with slots"):
        ours(**flags)


MODULES = sorted(path for path in MODEL.glob("*.py") if path.stem != "frozen")


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_the_model_makes_all_its_frozen_classes_here(module: Path) -> None:
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


def test_ours_are_changed_as_the_standard_library_changes_them() -> None:
    one = made_by(ours)(host="a", port=2, names=("x",), secret="s")
    assert replace(one, host="b") == dataclasses.replace(one, host="b")
    assert replace(one, host="b").label == "b:2"
    assert one.host == "a"
    with pytest.raises(TypeError):
        replace(one, nothing=1)
    with pytest.raises(ValueError, match="no port"):
        replace(one, port=-1)
