"""The plain words for each fault that jsonschema finds, and the mend that goes with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from scanner.intake.problem import Place, Problem, shown

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

_Schema = Mapping[str, Any]

TYPES = {
    "object": "an object",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
}
"""What each ``type`` of the schemas is called."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault as the library found it: ``bound`` is what the keyword of ``schema`` demands."""

    place: Place
    value: Any
    bound: Any
    schema: _Schema
    cause: str
    quoting: bool

    @classmethod
    def of(cls, error: ValidationError, *, quoting: bool) -> Fault:
        """Return what the words need of one of the library's errors."""
        schema = error.schema if isinstance(error.schema, Mapping) else {}
        place = tuple(error.absolute_path)
        cause = str(error.cause or "")
        return cls(place, error.instance, error.validator_value, schema, cause, quoting)

    def about(self, fault: str, mend: str = "") -> Problem:
        """Return the problem with the value in front, unless it may be a secret."""
        return self.problem(f"{self.named()} {fault}", mend)

    def named(self) -> str:
        """Return the value, or what stands for one that must not be shown."""
        if self.schema.get("writeOnly", False):
            return "this value (not shown)"
        return shown(self.value) if self.quoting else "this value"

    def problem(self, fault: str, mend: str) -> Problem:
        """Return the problem with the schema's mend, or else this one, unless it has its own."""
        mend = self.schema.get("x-mend", mend)
        return Problem(self.place, f"{fault}; {mend}" if mend and ";" not in fault else fault)


def told(faults: Mapping[str, Fault]) -> Iterator[Problem]:
    """Tell the faults of one part: all of a collection's, and the first of a single value's."""
    for keyword, tell in _OF_COLLECTIONS.items():
        if keyword in faults:
            yield from tell(faults[keyword])
    single = next((keyword for keyword in _OF_VALUES if keyword in faults), None)
    if single is not None:
        yield _OF_VALUES[single](faults[single])


def _missing(fault: Fault) -> Iterator[Problem]:
    for key in fault.bound:
        if key not in fault.value:
            yield Problem(fault.place, f"'{key}' is missing; add it")


def _says_nothing(fault: Fault) -> Iterator[Problem]:
    yield fault.problem("says nothing", "fill it or remove it")


def _unknown_keys(fault: Fault) -> Iterator[Problem]:
    known = tuple(fault.schema.get("properties", ()))
    free = tuple(fault.schema.get("patternProperties", ()))
    for key in fault.value:
        if key not in known and not any(re.search(pattern, key) for pattern in free):
            yield _unknown_key(key, known, fault.place)


def _unknown_key(key: str, known: tuple[str, ...], place: Place) -> Problem:
    near = get_close_matches(key.lower(), known, 1)
    mend = f"did you mean '{near[0]}'?" if near else f"known keys: {', '.join(known)}, x-..."
    return Problem((*place, key), f"is not a known key; {mend}", at_key=True)


def _too_few(fault: Fault) -> Iterator[Problem]:
    yield fault.problem("is an empty list", "give at least one entry")


def _too_many(fault: Fault) -> Iterator[Problem]:
    yield fault.problem(f"has {len(fault.value)} entries, more than {fault.bound}", "shorten it")


def _listed_twice(fault: Fault) -> Iterator[Problem]:
    yield Problem(fault.place, f"{fault.named()} is listed twice; remove one")


def _wrong_type(fault: Fault) -> Problem:
    kind = TYPES[fault.bound]
    return fault.about(f"is not {kind}", f"give {kind}")


def _none_of(fault: Fault) -> Problem:
    choices = fault.bound if isinstance(fault.bound, list) else [fault.bound]
    listed = ", ".join(str(choice) for choice in choices)
    verb = "is not" if len(choices) == 1 else "is none of"
    return fault.about(f"{verb} {listed}", _nearest(fault.value, choices))


def _nearest(value: Any, choices: list[Any]) -> str:
    texts = [choice for choice in choices if isinstance(choice, str)]
    near = get_close_matches(value.lower(), texts, 1) if isinstance(value, str) else []
    return f"did you mean '{near[0]}'?" if near else "give one of these"


def _empty(fault: Fault) -> Problem:
    return fault.problem("is empty", "fill it or remove it")


def _too_long(fault: Fault) -> Problem:
    return fault.problem(
        f"has {len(fault.value)} characters, more than {fault.bound}", "shorten it"
    )


def _misformatted(fault: Fault) -> Problem:
    return fault.about(fault.cause)


def _unmatched(fault: Fault) -> Problem:
    return fault.about(fault.schema.get("x-says", "is not well-formed"))


def _less(fault: Fault) -> Problem:
    return fault.about(f"is less than {fault.bound}", _span(fault.schema))


def _not_more(fault: Fault) -> Problem:
    return fault.about(f"is not more than {fault.bound}", _span(fault.schema))


def _more(fault: Fault) -> Problem:
    return fault.about(f"is more than {fault.bound}", _span(fault.schema))


def _span(schema: _Schema) -> str:
    lowest = schema.get("minimum", schema.get("exclusiveMinimum"))
    return f"give a number from {lowest} to {schema.get('maximum')}"


_OF_COLLECTIONS: Mapping[str, Callable[[Fault], Iterator[Problem]]] = MappingProxyType(
    {
        "required": _missing,
        "minProperties": _says_nothing,
        "additionalProperties": _unknown_keys,
        "minItems": _too_few,
        "maxItems": _too_many,
        "uniqueItems": _listed_twice,
    }
)
_OF_VALUES: Mapping[str, Callable[[Fault], Problem]] = MappingProxyType(
    {
        "type": _wrong_type,
        "enum": _none_of,
        "const": _none_of,
        "minLength": _empty,
        "maxLength": _too_long,
        "format": _misformatted,
        "pattern": _unmatched,
        "minimum": _less,
        "exclusiveMinimum": _not_more,
        "maximum": _more,
    }
)
TOLD = frozenset(_OF_COLLECTIONS) | frozenset(_OF_VALUES)
"""The keywords whose faults there are words for."""
