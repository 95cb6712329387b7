"""Frozen dataclasses that are built, compared and encoded in C: structs of msgspec beneath.

A scan makes some hundreds of instances for each host. The constructor that the standard decorator
writes for a frozen class sets each field through a call, which took a seventh of what probing a
host cost, and eight methods were compiled for each of 150 classes before a command began.
``fields``, ``replace`` and ``asdict`` of ``dataclasses`` work on these classes as on any other.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from msgspec import NODEFAULT, Struct, StructMeta, field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from dataclasses import dataclass, replace
    from typing import TypeVar

    _Class = TypeVar("_Class", bound=type)
else:
    # Nothing is asked of each field: a twentieth of the time, and a host's judging does it dozens
    # of times. A field that is not for the constructor stays as it is.
    from msgspec.structs import replace

    def dataclass(
        *, frozen: bool, slots: bool, kw_only: bool = False
    ) -> Callable[[_Class], _Class]:
        """Do what ``dataclasses.dataclass`` does, for classes that are frozen and have slots.

        All their fields are compared, and none is ``kw_only`` by itself. One that is not for the
        constructor (``init=False``) is filled as by default, and anew by the standard library's
        ``replace`` alone. A class that inherits from one of these is made here as well. Raises
        ``TypeError`` for any other, when it is declared.
        """
        if not (frozen and slots):
            raise TypeError("only frozen classes with slots are made here")
        bare = dataclasses.dataclass(init=False, repr=False, eq=False, match_args=False)

        def decorate(plain: _Class) -> _Class:
            if isinstance(plain, StructMeta):
                _give_back_defaults(plain)
            return _struct(bare(plain), kw_only=kw_only)

        return decorate


__all__ = ["dataclass", "replace"]

_OF_THE_PLAIN_CLASS = frozenset({"__dict__", "__weakref__", "__slots__"})


def _give_back_defaults(plain: Any) -> None:
    """Let a class that inherits have its defaults again: its statement made it a struct."""
    given = zip(
        reversed(plain.__struct_fields__), reversed(plain.__struct_defaults__), strict=False
    )
    for name, default in given:
        if name in vars(plain).get("__annotations__", ()) and default is not NODEFAULT:
            setattr(plain, name, default)


def _struct(plain: Any, *, kw_only: bool) -> Any:
    """Return the struct of the same name, fields and methods."""
    namespace = {
        name: value
        for name, value in vars(plain).items()
        if name not in _OF_THE_PLAIN_CLASS and not name.startswith("__struct_")
    }
    declared: dict[str, dataclasses.Field[Any]] = namespace["__dataclass_fields__"]
    for name in namespace.get("__annotations__", ()):
        namespace[name] = _default(declared[name])
    if "__repr__" in namespace or not all(one.repr for one in declared.values()):
        # A struct tells everything to whoever asks in Rich's way.
        namespace.setdefault("__repr__", _discreet)
        namespace.setdefault("__rich_repr__", _discreet_in_rich)
    bases = tuple(base for base in plain.__bases__ if base is not object)
    if not any(issubclass(base, Struct) for base in bases):
        bases = (Struct, *bases)
    return StructMeta(
        plain.__name__, bases, namespace, frozen=True, kw_only=kw_only, omit_defaults=True
    )


_NOTHING = (dataclasses.MISSING, dataclasses.MISSING)


def _default(one: dataclasses.Field[Any]) -> Any:
    """Return what declares the same field to msgspec."""
    standard = (one.default, one.default_factory)
    if not one.compare or one.kw_only is True or (not one.init and standard == _NOTHING):
        raise TypeError(f"{one.name}: a field of this kind is not made here")
    if one.default_factory is not dataclasses.MISSING:
        return field(default_factory=one.default_factory)
    return field(default=NODEFAULT if one.default is dataclasses.MISSING else one.default)


def _discreet(self: Any) -> str:
    """Show an instance without the fields that are not to be shown."""
    shown = (f"{one.name}={getattr(self, one.name)!r}" for one in _shown(self))
    return f"{type(self).__name__}({', '.join(shown)})"


def _discreet_in_rich(self: Any) -> Iterator[str]:
    """Show the same, as one piece."""
    yield repr(self)


def _shown(instance: Any) -> list[dataclasses.Field[Any]]:
    return [one for one in dataclasses.fields(instance) if one.repr]
