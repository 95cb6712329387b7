"""Facts of the model turned into what JSON can hold. Keys are the model's field names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from types import NoneType
from typing import Any

import msgspec

from scanner.model.content import ContentFacts
from scanner.model.observation import (
    AnonymousAccess,
    AuthTls,
)
from scanner.model.reading import Observed, Unobserved
from scanner.model.tls_survey import (
    TlsSurvey,
)
from scanner.model.view import Walk

_DERIVED: dict[type, tuple[str, ...]] = {
    AnonymousAccess: ("accepted",),
    AuthTls: ("offered",),
    ContentFacts: ("readable",),
    TlsSurvey: ("complete",),
    Walk: ("complete",),
}
"""Properties that a reader wants beside the fields they follow from."""


_Form = Callable[[Any], Any]


def plain(value: Any) -> Any:
    """Return ``value`` as dictionaries, lists, strings, numbers, booleans and ``None``.

    A fact that was not observed becomes ``{"unobserved": reason, "detail": clause}``; permission
    bits (a field called ``mode``) become octal text. Raises ``TypeError`` for foreign types.
    """
    kind = type(value)
    form = _FORMS.get(kind)
    if form is None:
        form = _FORMS[kind] = _form(kind)
    return form(value)


_FORMS: dict[type[Any], _Form] = {}
"""What was found out about each class: classes are few, values many."""


def _form(kind: type[Any]) -> _Form:
    """Return what turns instances of a class into plain values."""
    if kind in _AS_THEY_ARE:
        return _itself
    if issubclass(kind, Observed):
        return _observed
    if issubclass(kind, Unobserved):
        return unobserved
    if issubclass(kind, msgspec.Struct):
        return record
    return _builtin(kind)


def _builtin(kind: type[Any]) -> _Form:
    if issubclass(kind, Enum):
        return _word
    if issubclass(kind, bool | int | float | str):
        return _itself
    if issubclass(kind, Mapping):
        return _mapping
    if issubclass(kind, tuple | list):
        return _list
    message = f"no JSON form for {kind.__name__}"
    raise TypeError(message)


_AS_THEY_ARE = frozenset({NoneType, bool, int, float, str})
"""The types of most of what a document holds."""


def _itself(value: Any) -> Any:
    return value


def _observed(reading: Any) -> Any:
    return plain(reading.value)


def _word(value: Any) -> Any:
    return value.value


def _mapping(value: Any) -> Any:
    return {str(key): plain(item) for key, item in value.items()}


def _list(value: Any) -> Any:
    return [plain(item) for item in value]


def unobserved(missing: Unobserved) -> dict[str, str]:
    """Return why a fact is not known."""
    return {"unobserved": missing.reason.value, "detail": missing.detail}


def record(value: Any, *, without: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return an instance of the model as a dictionary of its fields, some left out."""
    told = msgspec.structs.asdict(value)
    for name in without:
        told.pop(name, None)
    for name, member in told.items():
        # Most members are plain already; asking for their form costs more than this look.
        if member.__class__ not in _AS_THEY_ARE:
            told[name] = plain(member)
    if told.get("mode").__class__ is int:
        told["mode"] = octal(told["mode"])
    for name in _DERIVED.get(value.__class__, ()):
        told[name] = getattr(value, name)
    return told


def flat(value: Any, lists: tuple[str, ...]) -> dict[str, Any]:
    """Return what ``record`` does, in half its time, of an instance of the model that holds no
    other, no reading and no permission bits. ``lists`` are its tuples.
    """
    told = msgspec.structs.asdict(value)
    for name in lists:
        told[name] = list(told[name])
    return told


def octal(mode: int) -> str:
    """Return permission bits as four octal digits, such as ``0644``."""
    return f"{mode & 0o7777:04o}"
