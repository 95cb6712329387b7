"""JSON (RFC 8259) whose every part is known by its line, so that a fault can be found."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from json import JSONDecodeError
from typing import NoReturn, TypeAlias

from scanner.errors import InputError
from scanner.intake.problem import Place, Problem, dotted
from scanner.intake.syntax import told
from scanner.model.text import neutralise

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
"""Anything that a JSON document can say."""

DEEPEST = 64
"""No paper of this package nests deeper. Where the parser gives up, the line is named at which
this depth was passed."""

_MOST_PROBLEMS = 1_000
LONGEST_NUMBER = 1_000
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+')
_CONSTANTS = ("NaN", "Infinity", "-Infinity")


@dataclass(frozen=True, slots=True)
class Mark:
    """Where one value begins, and where the key before it does (offsets into the text)."""

    place: Place
    key_at: int
    value_at: int
    token: str


@dataclass(frozen=True, slots=True)
class PlacedJson:
    """A document, its value, and the way back from a part to its line."""

    name: str
    text: str
    value: Json

    def report(self, problems: Iterable[Problem]) -> tuple[str, ...]:
        """Return the problems as ``name:line: place: message``, in the order of the lines."""
        return report(self.name, self.text, tuple(problems))


def parse(name: str, content: bytes) -> PlacedJson:
    """Read a JSON document that is UTF-8 without a byte order mark.

    Raises ``InputError`` with one line per fault, each naming line and mend: broken syntax,
    repeated keys, numbers JSON does not have, control characters, deep nesting.
    """
    text = decode(name, content)
    doubtful = Doubt()
    try:
        value: Json = json.loads(
            text, object_pairs_hook=doubtful.members, parse_constant=doubtful.constant
        )
    except JSONDecodeError as error:
        raise InputError(f"{name}:{told(error)}") from None
    except RecursionError:
        raise InputError(_too_deep(name, text)) from None
    except ValueError:
        _refuse(name, text)
    if doubtful.raised or "\\" in text:
        problems = tuple(doubts(text))
        if problems:
            raise InputError(*report(name, text, problems))
    return PlacedJson(name, text, value)


def decode(name: str, content: bytes) -> str:
    """Return UTF-8 text; raise ``InputError`` where it is anything else, or empty."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(f"{name}: is UTF-16; save it as UTF-8")
    if content.startswith(b"\xef\xbb\xbf"):
        raise InputError(f"{name}: begins with a byte order mark; save it as UTF-8 without BOM")
    if not content.strip():
        raise InputError(f"{name}: is empty; `scan template targets` prints one to start from")
    if b"\x00" in content:
        line = content.count(b"\n", 0, content.index(b"\x00")) + 1
        raise InputError(f"{name}:{line}: holds a NUL byte; save it as plain UTF-8 text")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(f"{name}:{line}: is not UTF-8; save the file as UTF-8") from None


class Doubt:
    """Notices, at the speed of the C parser, that a slower look is needed."""

    def __init__(self) -> None:
        self.raised = False

    def members(self, pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        """Return an object; one that has a key twice is doubtful."""
        found = dict(pairs)
        self.raised = self.raised or len(found) != len(pairs)
        return found

    def constant(self, _: str) -> None:
        """Take in a number that JSON does not have."""
        self.raised = True


def marks(text: str) -> Iterator[Mark]:
    """Yield every value of a syntactically valid document with its place, without recursion."""
    place: list[str | int] = []
    inside: list[str] = []
    key_at = 0
    awaits_key = False
    for match in _TOKEN.finditer(text):
        piece, at = match[0], match.start()
        if piece == ":":
            continue
        if piece == ",":
            awaits_key = _next_member(inside, place)
        elif piece in "}]":
            if not inside:
                return
            inside.pop()
            place.pop()
            awaits_key = False
        elif awaits_key:
            place[-1], key_at, awaits_key = json.loads(piece), at, False
        else:
            in_object = bool(inside) and inside[-1] == "{"
            yield Mark(tuple(place), key_at if in_object else at, at, piece)
            if piece in "{[":
                inside.append(piece)
                place.append("" if piece == "{" else 0)
                awaits_key = piece == "{"


def _next_member(inside: Sequence[str], place: list[str | int]) -> bool:
    """Step to the next list item; tell whether a key is awaited instead."""
    if not inside or inside[-1] == "{":
        return bool(inside)
    last = place[-1]
    place[-1] = last + 1 if isinstance(last, int) else 0
    return False


def report(name: str, text: str, problems: Sequence[Problem]) -> tuple[str, ...]:
    """Return ``name:line: place: message`` for each problem, in the order of the lines."""
    offsets = _offsets(text, problems)
    order = sorted(zip(offsets, problems, strict=True), key=lambda pair: pair[0])
    lines: list[str] = []
    line, counted = 1, 0
    for at, problem in order[:_MOST_PROBLEMS]:
        line += text.count("\n", counted, at)
        counted = at
        where = dotted(problem.place)
        lines.append(f"{name}:{line}: {where}{': ' if where else ''}{problem.message}")
    if len(order) > _MOST_PROBLEMS:
        lines.append(f"{name}: and {len(order) - _MOST_PROBLEMS} more problems")
    return tuple(dict.fromkeys(lines))


def _offsets(text: str, problems: Sequence[Problem]) -> list[int]:
    """Return where each problem stands; one whose place is absent stands at its parent's."""
    wanted = {
        problem.place[:size] for problem in problems for size in range(len(problem.place) + 1)
    }
    found: dict[Place, Mark] = {}
    for mark in marks(text):
        if mark.place in wanted:
            found.setdefault(mark.place, mark)
    return [_offset(problem, found) for problem in problems]


def _offset(problem: Problem, found: dict[Place, Mark]) -> int:
    for size in range(len(problem.place), -1, -1):
        mark = found.get(problem.place[:size])
        if mark is not None:
            return mark.key_at if problem.at_key else mark.value_at
    return 0


def doubts(text: str) -> Iterator[Problem]:
    """Yield what is wrong with JSON that is well-formed: repeated keys, unusable values."""
    first: dict[Place, int] = {}
    repeated: set[Place] = set()
    for mark in marks(text):
        yield from _token_doubts(mark)
        known = first.setdefault(mark.place, mark.key_at)
        if known == mark.key_at or _below(mark.place, repeated):
            continue
        repeated.add(mark.place)
        line = text.count("\n", 0, known) + 1
        again = text.count("\n", 0, mark.key_at) + 1
        yield Problem(
            mark.place,
            f"is given twice, on lines {line} and {again}; keep one",
            at_key=True,
        )


def _below(place: Place, repeated: set[Place]) -> bool:
    return any(place[:size] in repeated for size in range(1, len(place) + 1))


def _token_doubts(mark: Mark) -> Iterator[Problem]:
    if mark.token in _CONSTANTS:
        yield Problem(mark.place, f"{mark.token} is not JSON; give a number")
    elif len(mark.token) > LONGEST_NUMBER and mark.token[0] != '"':
        yield Problem(mark.place, "is a number of too many digits; give a smaller one")
    if mark.token[0] == '"' and "\\" in mark.token and _unprintable(json.loads(mark.token)):
        yield Problem(mark.place, "holds a control character; remove it")
    if mark.place and isinstance(mark.place[-1], str) and _unprintable(mark.place[-1]):
        yield Problem(mark.place, "is a key with a control character; remove it", at_key=True)


def _unprintable(text: str) -> bool:
    return any(unicodedata.category(char) in {"Cc", "Cs"} for char in text)


def _too_deep(name: str, text: str) -> str:
    for mark in marks(text):
        if len(mark.place) >= DEEPEST and mark.token[0] in "{[":
            line = text.count("\n", 0, mark.value_at) + 1
            return f"{name}:{line}: is nested more than {DEEPEST} levels deep; flatten it"
    return f"{name}: is nested too deeply; flatten it"


def _refuse(name: str, text: str) -> NoReturn:
    problems = [problem for mark in marks(text) for problem in _token_doubts(mark)]
    lines = report(name, text, problems)
    raise InputError(*lines or (f"{neutralise(name)}: cannot be read as JSON",))
