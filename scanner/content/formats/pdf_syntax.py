"""The objects of PDF (ISO 32000-2 section 7.3), as far as they say how a file is encrypted."""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from scanner.content.cursor import EndError
from scanner.model.frozen import dataclass
from scanner.model.late import late

_MOST_TOKENS: Final = 20_000
_MOST_DEPTH: Final = 24
_TOKEN: Final = late(
    rb"(?:[\x00\t\n\x0c\r ]|%[^\r\n]*)*"
    rb"(<<|>>|\[|\]|/[^\x00\t\n\x0c\r ()<>\[\]{}/%]*|<[0-9A-Fa-f\x00\t\n\x0c\r ]*>|\(|"
    rb"[^\x00\t\n\x0c\r ()<>\[\]{}/%]+)"
)
_REFERENCE: Final = late(rb"[\x00\t\n\x0c\r ]+(\d{1,5})[\x00\t\n\x0c\r ]+R(?![A-Za-z0-9])")
_ESCAPES: Final = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_IN_STRING: Final = late(rb"[()\\]")
_OCTAL: Final = late(rb"[0-7]{1,3}")


@dataclass(frozen=True, slots=True)
class Reference:
    """An indirect reference to an object."""

    number: int


@dataclass(frozen=True, slots=True)
class Name:
    """A name, without its slash."""

    text: bytes


Value: TypeAlias = "bytes | int | float | bool | Name | Reference | list[Value] | Dictionary | None"
Dictionary: TypeAlias = dict[bytes, "Value"]


class Parser:
    """Reads objects from the left. Raises ``EndError`` for what is none."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self._data = data
        self.at = at
        self._left = _MOST_TOKENS

    def value(self, depth: int = 0) -> Value:
        """Read one object."""
        token = self._token()
        if depth > _MOST_DEPTH:
            raise EndError
        if token == b"<<":
            return self._dictionary(depth)
        if token == b"[":
            return self._array(depth)
        return self._scalar(token)

    def _scalar(self, token: bytes) -> Value:
        if token == b"(":
            return self._string()
        if token.startswith(b"/"):
            return Name(_unescaped(token[1:]))
        if token.startswith(b"<"):
            digits = re.sub(rb"\s|\x00", b"", token[1:-1])
            return bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode("ascii"))
        return self._word(token)

    def _word(self, token: bytes) -> Value:
        if re.fullmatch(rb"\d{1,10}", token) and (match := _REFERENCE.match(self._data, self.at)):
            self.at = match.end()
            return Reference(int(token))
        if re.fullmatch(rb"[+-]?\d{1,12}", token):
            return int(token)
        if re.fullmatch(rb"[+-]?\d{0,12}\.\d{0,12}", token):
            return float(token + b"0")
        return {b"true": True, b"false": False}.get(token)

    def _token(self) -> bytes:
        self._left -= 1
        match = _TOKEN.match(self._data, self.at)
        if match is None or self._left < 0:
            raise EndError
        self.at = match.end()
        return match[1]

    def _dictionary(self, depth: int) -> Dictionary:
        found: Dictionary = {}
        while (key := self._token()) != b">>":
            if not key.startswith(b"/"):
                raise EndError
            found[_unescaped(key[1:])] = self.value(depth + 1)
        return found

    def _array(self, depth: int) -> list[Value]:
        found: list[Value] = []
        while True:
            before = self.at
            if self._token() == b"]":
                return found
            self.at = before
            found.append(self.value(depth + 1))

    def _string(self) -> bytes:
        """Read a string to its closing bracket; brackets in pairs belong to it."""
        parts: list[bytes] = []
        open_brackets = 1
        for _ in range(_MOST_TOKENS):
            match = _IN_STRING.search(self._data, self.at)
            if match is None:
                raise EndError
            parts.append(self._data[self.at : match.start()])
            self.at = match.end()
            if match[0] == b"\\":
                parts.append(self._escape())
                continue
            open_brackets += 1 if match[0] == b"(" else -1
            if not open_brackets:
                return b"".join(parts)
            parts.append(match[0])
        raise EndError

    def _escape(self) -> bytes:
        if octal := _OCTAL.match(self._data, self.at):
            self.at = octal.end()
            return bytes([int(octal[0], 8) & 0xFF])
        char = self._data[self.at : self.at + 1]
        self.at += 2 if self._data[self.at : self.at + 2] == b"\r\n" else 1
        return b"" if char in {b"\r", b"\n"} else _ESCAPES.get(char, char)


def _unescaped(name: bytes) -> bytes:
    return re.sub(rb"#([0-9A-Fa-f]{2})", lambda match: bytes([int(match[1], 16)]), name)
