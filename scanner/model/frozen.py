"""Frozen dataclasses that compile their methods when the first of them is called.

The standard decorator writes and compiles eight methods for each class when a module is loaded.
The model has some 150 classes, and one scan makes instances of a third of them: compiling was a
third of the time that a scan of one host took.
The classes of the model are made here, and those of other modules that nearly every scan loads.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

__all__ = ["dataclass"]

_Class = TypeVar("_Class", bound=type)

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(
        *, frozen: bool, slots: bool, kw_only: bool = False
    ) -> Callable[[_Class], _Class]:
        """Do what ``dataclasses.dataclass`` does, for classes that are frozen and have slots.

        Their fields have no ``InitVar``. The signature of a class is known from its first
        instance on. A class that inherits from one of these is made here as well.
        """
        if not (frozen and slots):
            raise TypeError("only frozen classes with slots are made here")
        bare = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True, kw_only=kw_only)

        def decorate(plain: _Class) -> _Class:
            made = bare(plain)
            for name in _COMPILED:
                if name not in vars(plain):
                    setattr(made, name, _stand_in(made, name))
            for name, method in _SHARED.items():
                setattr(made, name, method)
            return made

        return decorate


_COMPILED = ("__init__", "__repr__", "__eq__", "__hash__")


def _stand_in(owner: type[Any], name: str) -> Callable[..., Any]:
    def method(*arguments: Any, **named: Any) -> Any:
        written = _written(owner, name)
        setattr(owner, name, written)
        return written(*arguments, **named)

    return method


def _written(owner: type[Any], name: str) -> Any:
    """Return the method that the standard decorator writes for a class of these fields."""
    if name == "__init__":
        return _init(owner)
    twin = dataclasses.make_dataclass(
        owner.__name__,
        [(one.name, one.type, _again(one)) for one in dataclasses.fields(owner)],
        init=False,
        repr=name == "__repr__",
        eq=name in {"__eq__", "__hash__"},
        frozen=name == "__hash__",
    )
    return vars(twin)[name]


def _init(owner: type[Any]) -> Any:
    """Return what fills the slots. Nearly every class of a scan needs it: the standard decorator
    takes several times as long to write it, and what it writes takes longer to run.
    """
    known: dict[str, Any] = {"_MADE": object()}
    by_place, by_name = ["self"], list[str]()
    lines: list[str] = []
    for one in dataclasses.fields(owner):
        name, standard = one.name, _standard(one, known)
        if one.init:
            (by_name if one.kw_only else by_place).append(_parameter(one))
        elif not standard:
            continue  # left to __post_init__
        known[f"_set_{name}"] = getattr(owner, name).__set__
        made = standard if not one.init else f"{standard} if {name} is _MADE else {name}"
        lines.append(f"_set_{name}(self, {made if standard else name})")
    if hasattr(owner, "__post_init__"):
        lines.append("self.__post_init__()")
    parameters = ", ".join([*by_place, *(["*", *by_name] if by_name else [])])
    body = "\n    ".join(lines or ["pass"])
    exec(f"def __init__({parameters}):\n    {body}\n", known)  # noqa: S102 - of our own fields
    written = known["__init__"]
    written.__qualname__ = f"{owner.__qualname__}.__init__"
    return written


def _parameter(one: dataclasses.Field[Any]) -> str:
    if one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING:
        return one.name
    return f"{one.name}=_MADE"


def _standard(one: dataclasses.Field[Any], known: dict[str, Any]) -> str:
    """Return what a field is filled with where nothing is given; empty: something has to be."""
    if one.default_factory is not dataclasses.MISSING:
        known[f"_make_{one.name}"] = one.default_factory
        return f"_make_{one.name}()"
    if one.default is dataclasses.MISSING:
        return ""
    known[f"_default_{one.name}"] = one.default
    return f"_default_{one.name}"


def _again(one: dataclasses.Field[Any]) -> Any:
    """Return what declares the same field a second time: one field serves one class."""
    told = ("default", "default_factory", "init", "repr", "hash", "compare", "kw_only")
    return dataclasses.field(**{name: getattr(one, name) for name in told})


def _refuse_change(_self: object, name: str, _value: object) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_removal(_self: object, name: str) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, one.name) for one in dataclasses.fields(self)]


def _restore(self: Any, state: Sequence[Any]) -> None:
    for one, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, one.name, value)


_SHARED = {
    "__setattr__": _refuse_change,
    "__delattr__": _refuse_removal,
    "__getstate__": _state,
    "__setstate__": _restore,
}
