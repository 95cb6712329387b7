"""Checks JSON against a schema of this package and says in plain words what is wrong.

jsonschema judges (draft 2020-12), and ``schema_words`` tells its faults. A keyword for which there
are no words is refused when a schema is compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from scanner.intake.placed_json import DEEPEST, Json
from scanner.intake.problem import Place, Problem
from scanner.intake.schema_words import TOLD, TYPES, Fault, told

if TYPE_CHECKING:
    from jsonschema import FormatChecker
    from jsonschema.protocols import Validator

Format = Callable[[str], str | None]
"""Says what is wrong with a text, beginning with a verb ("is not ..."), or ``None``."""

_Schema = Mapping[str, Any]

_MOST_FAULTS = 100_000
_NOTES = frozenset(
    {"$schema", "$id", "$defs", "$comment", "title", "description", "default", "examples"}
)
_WORDINGS = frozenset({"x-says", "x-mend", "writeOnly"})
_STRUCTURE = frozenset({"$ref", "properties", "patternProperties", "items"})
_KEYWORDS = _NOTES | _WORDINGS | _STRUCTURE | TOLD


@dataclass(frozen=True, slots=True)
class Checker:
    """A compiled schema."""

    validator: Validator
    quoting: bool

    def problems(self, value: Json) -> tuple[Problem, ...]:
        """Return everything that is wrong with ``value``, each part judged on its own.

        The order is not promised: ``PlacedJson.report`` puts problems in the order of their lines.
        After 100,000 faults the rest is not looked for.
        """
        try:
            errors = list(islice(self.validator.iter_errors(value), _MOST_FAULTS))
        except RecursionError:
            return (Problem((), f"is nested more than {DEEPEST} levels deep; flatten it"),)
        parts: dict[Place, dict[str, Fault]] = {}
        for error in errors:
            fault = Fault.of(error, quoting=self.quoting)
            parts.setdefault(fault.place, {}).setdefault(str(error.validator), fault)
        return tuple(problem for faults in parts.values() for problem in told(faults))

    def of_entries(self, key: str) -> Checker:
        """Return what checks one entry of a document's list, by itself."""
        schema: Any = self.validator.schema
        entry = schema["properties"][key]["items"]
        return Checker(self.validator.evolve(schema=entry), self.quoting)


def compiled(schema: _Schema, formats: Mapping[str, Format], *, quoting: bool = True) -> Checker:
    """Compile a schema; ``formats`` gives a meaning to its ``format`` names.

    Without ``quoting`` no fault repeats a value, only keys and places. References lead to
    ``#/$defs/``, and not in a circle.

    Raises ``ValueError`` for a keyword or type that there are no words for, and
    ``KeyError`` for a format or reference that nothing stands behind.
    """
    judge = _judge()
    plain = _plain(schema, schema, formats)
    return Checker(judge(plain, format_checker=_format_checker(formats)), quoting)


@cache
def _judge() -> type[Validator]:
    """Return the validator of draft 2020-12 with a ``uniqueItems`` that is quick and exact.

    The library's own compares every two entries of a list as soon as their types differ, which
    takes minutes where one number slipped into a long list of names; and it doesn't say which entry
    is repeated. Only texts are compared here: the lists of the schemas hold nothing else.
    """
    # A scan of one host reads no paper, and starts sooner without this library.
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - see above
    from jsonschema.exceptions import ValidationError  # noqa: PLC0415 - see above
    from jsonschema.validators import extend  # noqa: PLC0415 - see above

    def unique(_validator: Validator, wanted: Any, value: Any, _schema: _Schema) -> Iterator[Any]:
        for index in _repeated(value) if wanted and isinstance(value, list) else ():
            yield ValidationError("repeated", path=(index,), instance=value[index])

    # The library leaves this function without types.
    judge: type[Validator] = extend(Draft202012Validator, {"uniqueItems": unique})  # type: ignore[no-untyped-call]
    return judge


def _repeated(value: list[Any]) -> Iterator[int]:
    first: dict[str, int] = {}
    for index, part in enumerate(value):
        if isinstance(part, str) and first.setdefault(part, index) != index:
            yield index


class _MisformattedError(Exception):
    """Carries what a format says through the library."""


def _format_checker(formats: Mapping[str, Format]) -> FormatChecker:
    from jsonschema import FormatChecker  # noqa: PLC0415 - see _judge

    checker = FormatChecker(formats=())
    for name, fault_of in formats.items():
        checker.checks(name, raises=_MisformattedError)(_raising(fault_of))
    return checker


def _raising(fault_of: Format) -> Callable[[object], bool]:
    def check(value: object) -> bool:
        fault = fault_of(value) if isinstance(value, str) else None
        if fault is not None:
            raise _MisformattedError(fault)
        return True

    return check


def _plain(schema: _Schema, root: _Schema, formats: Mapping[str, Format]) -> dict[str, Any]:
    """Return a schema with its references followed and its notes left out: judged thrice as fast.

    Refuses what there are no words for.
    """
    _refuse_unknown(schema, formats)
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/$defs/")
        return _plain(root["$defs"][name], root, formats)
    plain = {keyword: value for keyword, value in schema.items() if keyword not in _NOTES}
    for keyword, value in plain.items():
        if keyword in {"properties", "patternProperties"}:
            plain[keyword] = {key: _plain(part, root, formats) for key, part in value.items()}
        elif keyword in {"items", "additionalProperties"} and isinstance(value, dict):
            plain[keyword] = _plain(value, root, formats)
    return plain


def _refuse_unknown(schema: _Schema, formats: Mapping[str, Format]) -> None:
    unknown = sorted(set(schema) - _KEYWORDS)
    if unknown:
        raise ValueError(f"schema keyword {unknown[0]} is not supported")
    if "$ref" in schema and set(schema) - _NOTES != {"$ref"}:
        raise ValueError("a schema reference stands beside other keywords")
    if schema.get("type", "object") not in tuple(TYPES):
        raise ValueError(f"schema type {schema['type']} is not supported")
    if "format" in schema and schema["format"] not in formats:
        raise KeyError(schema["format"])
