"""Checks JSON against a schema of this package and says in plain words what is wrong.

A general validator costs most of a second to import and names faults in its own terms, so the
keywords that the package's own schemas use are compiled to closures here. Every other keyword is
refused when a schema is compiled, and the tests hold the verdicts against a general validator's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from scanner.intake.placed_json import Json
from scanner.intake.problem import Place, Problem, shown

Format = Callable[[str], str | None]
"""Says what is wrong with a text, beginning with a verb ("is not ..."), or ``None``."""

_Schema = Mapping[str, Any]
_Out = list[Problem]
_Check = Callable[[Any, Place, _Out], None]

_ANNOTATIONS = frozenset(
    {"$schema", "$id", "$defs", "$comment", "title", "description", "default", "examples"}
    | {"x-says", "x-mend", "writeOnly"}
)
_KEYWORDS = _ANNOTATIONS | {
    "$ref", "type", "properties", "patternProperties", "additionalProperties", "required",
    "items", "minItems", "maxItems", "uniqueItems", "enum", "const", "minimum", "maximum",
    "exclusiveMinimum", "minLength", "maxLength", "pattern", "format", "minProperties",
}  # fmt: skip
_TYPES = {
    "object": "an object",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}


@dataclass(frozen=True, slots=True)
class Checker:
    """A compiled schema."""

    check: _Check

    def problems(self, value: Json) -> tuple[Problem, ...]:
        """Return everything that is wrong with ``value``, each part judged on its own."""
        found: _Out = []
        self.check(value, (), found)
        return tuple(found)


def compiled(schema: _Schema, formats: Mapping[str, Format], *, quoting: bool = True) -> Checker:
    """Compile a schema; ``formats`` gives a meaning to its ``format`` names.

    Without ``quoting`` no fault repeats a value, only keys and places.

    Raises ``ValueError`` for a keyword, format or type that this module does not know.
    """
    return Checker(_Compiler(schema, formats, quoting=quoting).node(schema))


class _Compiler:
    def __init__(self, root: _Schema, formats: Mapping[str, Format], *, quoting: bool) -> None:
        self._root = root
        self._quoting = quoting
        self._formats = formats
        self._known: dict[str, _Check] = {}

    def node(self, schema: _Schema) -> _Check:
        """Return the check of one schema node."""
        unknown = sorted(set(schema) - _KEYWORDS)
        if unknown:
            raise ValueError(f"schema keyword {unknown[0]} is not supported")
        if "$ref" in schema:
            if set(schema) - _ANNOTATIONS != {"$ref"}:
                raise ValueError("a schema reference stands beside other keywords")
            return self._reference(schema["$ref"])
        words = _Words(schema, quoting=self._quoting)
        if "enum" in schema or "const" in schema:
            return _choice(tuple(schema.get("enum", [schema.get("const")])), words)
        if "type" not in schema:
            return _anything
        return self._typed(schema, words)

    def _typed(self, schema: _Schema, words: _Words) -> _Check:
        kind = schema["type"]
        if kind == "object":
            return self._object(schema, words)
        if kind == "array":
            return self._array(schema, words)
        if kind == "string":
            return self._string(schema, words)
        if kind in {"integer", "number"}:
            return _number(schema, words)
        if kind == "boolean":
            return _boolean(words)
        raise ValueError(f"schema type {kind} is not supported")

    def _reference(self, target: str) -> _Check:
        name = target.removeprefix("#/$defs/")
        if name not in self._known:
            self._known[name] = self.node(self._root["$defs"][name])
        return self._known[name]

    def _object(self, schema: _Schema, words: _Words) -> _Check:
        members = {key: self.node(part) for key, part in schema.get("properties", {}).items()}
        rest = schema.get("additionalProperties", True)
        each = self.node(rest) if isinstance(rest, dict) else None
        free = tuple(re.compile(pattern) for pattern in schema.get("patternProperties", {}))
        required = tuple(schema.get("required", ()))
        least = schema.get("minProperties", 0)

        def check(value: Any, place: Place, out: _Out) -> None:
            if not isinstance(value, dict):
                out.append(words.wrong_type(value, place))
                return
            out.extend(
                Problem(place, f"'{key}' is missing; add it")
                for key in required
                if key not in value
            )
            if len(value) < least:
                out.append(words.problem(place, "says nothing", "fill it or remove it"))
            for key, part in value.items():
                member = members.get(key)
                if member is not None:
                    member(part, (*place, key), out)
                elif any(pattern.search(key) for pattern in free):
                    continue
                elif each is not None:
                    each(part, (*place, key), out)
                elif rest is False:
                    out.append(_unknown_key(key, tuple(members), place))

        return check

    def _array(self, schema: _Schema, words: _Words) -> _Check:
        item = self.node(schema.get("items", {}))
        least, most = schema.get("minItems", 0), schema.get("maxItems")
        unique = schema.get("uniqueItems", False)

        def check(value: Any, place: Place, out: _Out) -> None:
            if not isinstance(value, list):
                out.append(words.wrong_type(value, place))
                return
            if len(value) < least:
                out.append(words.problem(place, "is an empty list", "give at least one entry"))
            if most is not None and len(value) > most:
                message = f"has {len(value)} entries, more than {most}"
                out.append(words.problem(place, message, "shorten it"))
            if unique:
                out.extend(_repeated(value, place, words))
            for index, part in enumerate(value):
                item(part, (*place, index), out)

        return check

    def _string(self, schema: _Schema, words: _Words) -> _Check:
        least, most = schema.get("minLength", 0), schema.get("maxLength")
        pattern = re.compile(schema["pattern"]) if "pattern" in schema else None
        form = self._formats[schema["format"]] if "format" in schema else None

        def check(value: Any, place: Place, out: _Out) -> None:
            if not isinstance(value, str):
                out.append(words.wrong_type(value, place))
            elif len(value) < least:
                out.append(words.problem(place, "is empty", "fill it or remove it"))
            elif most is not None and len(value) > most:
                message = f"has {len(value)} characters, more than {most}"
                out.append(words.problem(place, message, "shorten it"))
            elif form is not None and (fault := form(value)):
                out.append(words.about(value, place, fault))
            elif pattern is not None and not pattern.search(value):
                out.append(words.about(value, place, words.says))

        return check


class _Words:
    """How the faults of one schema node are told."""

    def __init__(self, schema: _Schema, *, quoting: bool) -> None:
        self.says: str = schema.get("x-says", "is not well-formed")
        self._mend: str | None = schema.get("x-mend")
        self._secret: bool = schema.get("writeOnly", False)
        self._quoting = quoting
        self._kind = _TYPES.get(schema.get("type", ""), "")

    def wrong_type(self, value: object, place: Place) -> Problem:
        return self.about(value, place, f"is not {self._kind}", f"give {self._kind}")

    def about(self, value: object, place: Place, fault: str, mend: str = "") -> Problem:
        """A fault that shows the value, unless the value may be a secret."""
        return self.problem(place, f"{self.named(value)} {fault}", mend)

    def named(self, value: object) -> str:
        """The value, or what stands for one that must not be shown."""
        if self._secret:
            return "this value (not shown)"
        return shown(value) if self._quoting else "this value"

    def problem(self, place: Place, fault: str, mend: str) -> Problem:
        mend = self._mend or mend
        return Problem(place, f"{fault}; {mend}" if mend and ";" not in fault else fault)


def _anything(_value: Any, _place: Place, _out: _Out) -> None:
    return


def _choice(choices: tuple[Any, ...], words: _Words) -> _Check:
    listed = ", ".join(str(choice) for choice in choices)
    fault = f"is not {listed}" if len(choices) == 1 else f"is none of {listed}"

    def check(value: Any, place: Place, out: _Out) -> None:
        if isinstance(value, bool) or value not in choices:
            out.append(words.about(value, place, fault, _nearest(value, choices)))

    return check


def _nearest(value: Any, choices: tuple[Any, ...]) -> str:
    texts = [choice for choice in choices if isinstance(choice, str)]
    near = get_close_matches(value.lower(), texts, 1) if isinstance(value, str) else []
    return f"did you mean '{near[0]}'?" if near else "give one of these"


def _boolean(words: _Words) -> _Check:
    def check(value: Any, place: Place, out: _Out) -> None:
        if not isinstance(value, bool):
            out.append(words.wrong_type(value, place))

    return check


def _number(schema: _Schema, words: _Words) -> _Check:
    whole = schema["type"] == "integer"
    least, most = schema.get("minimum"), schema.get("maximum")
    above = schema.get("exclusiveMinimum")
    lowest = least if least is not None else above
    mend = f"give a number from {lowest} to {most}"

    def check(value: Any, place: Place, out: _Out) -> None:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or (whole and isinstance(value, float) and not value.is_integer()):
            out.append(words.wrong_type(value, place))
        elif least is not None and value < least:
            out.append(words.about(value, place, f"is less than {least}", mend))
        elif above is not None and value <= above:
            out.append(words.about(value, place, f"is not more than {above}", mend))
        elif most is not None and value > most:
            out.append(words.about(value, place, f"is more than {most}", mend))

    return check


def _unknown_key(key: str, known: tuple[str, ...], place: Place) -> Problem:
    near = get_close_matches(key.lower(), known, 1)
    mend = f"did you mean '{near[0]}'?" if near else f"known keys: {', '.join(known)}, x-..."
    return Problem((*place, key), f"is not a known key; {mend}", at_key=True)


def _repeated(value: list[Any], place: Place, words: _Words) -> list[Problem]:
    first: dict[str, int] = {}
    found: _Out = []
    for index, part in enumerate(value):
        if isinstance(part, str) and first.setdefault(part, index) != index:
            message = f"{words.named(part)} is listed twice; remove one"
            found.append(Problem((*place, index), message))
    return found
