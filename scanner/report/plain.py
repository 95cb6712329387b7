"""Facts of the model turned into what JSON can hold. Keys are the model's field names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType
from typing import Any

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


_AS_THEY_ARE = frozenset({NoneType, bool, int, float, str})
"""The types of most of what a document holds."""


def plain(value: object) -> Any:
    """Return ``value`` as dictionaries, lists, strings, numbers, booleans and ``None``.

    A fact that was not observed becomes ``{"unobserved": reason, "detail": clause}``; permission
    bits (a field called ``mode``) become octal text. Raises ``TypeError`` for foreign types.
    """
    if type(value) in _AS_THEY_ARE:
        return value
    if isinstance(value, Observed):
        return plain(value.value)
    if isinstance(value, Unobserved):
        return unobserved(value)
    if is_dataclass(value) and not isinstance(value, type):
        return record(value)
    return _plain_builtin(value)


def _plain_builtin(value: object) -> Any:
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    message = f"no JSON form for {type(value).__name__}"
    raise TypeError(message)


def unobserved(missing: Unobserved) -> dict[str, str]:
    """Return why a fact is not known."""
    return {"unobserved": missing.reason.value, "detail": missing.detail}


def record(value: Any, *, without: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return a dataclass instance as a dictionary of its fields, some left out."""
    names = _names(value.__class__, without)
    return {name: _member(name, getattr(value, name)) for name in names}


@cache
def _names(kind: type[Any], without: frozenset[str]) -> tuple[str, ...]:
    """Return what is told of a class's instances."""
    told = (item.name for item in fields(kind) if item.name not in without)
    return (*told, *_DERIVED.get(kind, ()))


def _member(name: str, value: object) -> Any:
    return octal(value) if name == "mode" and isinstance(value, int) else plain(value)


def octal(mode: int) -> str:
    """Return permission bits as four octal digits, such as ``0644``."""
    return f"{mode & 0o7777:04o}"
