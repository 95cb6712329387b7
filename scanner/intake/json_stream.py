"""JSON read a piece at a time: what a large file says, without ever holding the file."""

from __future__ import annotations

import hashlib
import re
from codecs import getincrementaldecoder
from collections.abc import Iterator
from json import JSONDecodeError, JSONDecoder
from typing import BinaryIO

from scanner.intake.placed_json import LONGEST_NUMBER, Doubt, Json, doubts

_PIECE = 262_144
_AHEAD = 2 * LONGEST_NUMBER
"""Characters that are there before a value is read: a number that was cut short is a number too."""
_SOMETHING = re.compile(r"[^ \t\n\r]")
_HIDDEN = re.compile(r"[\x00\x7f-\x9f]")
_LONG = re.compile(rf'[^\s{{}}\[\]:,"]{{{LONGEST_NUMBER + 1}}}')


class UnusualError(Exception):
    """The document is to be read as a whole: something of it is wrong, or may be."""


class JsonStream:
    """Reads values and signs, one after the other, of a document of at most ``most`` bytes.

    Every method raises ``UnusualError`` where ``placed_json.parse`` would find a fault, and where
    it takes more than this to tell whether there is one.
    """

    def __init__(self, stream: BinaryIO, most: int) -> None:
        self._stream = stream
        self._left = most
        self._decoder = getincrementaldecoder("utf-8")()
        self._doubt = Doubt()
        self._scan = JSONDecoder(
            object_pairs_hook=self._doubt.members, parse_constant=self._doubt.constant
        ).raw_decode
        self._digest = hashlib.sha256()
        self._text = ""
        self._at = 0
        self._over = False

    @property
    def sha256(self) -> str:
        """The digest of what was read, in hexadecimal."""
        return self._digest.hexdigest()

    def peek(self) -> str:
        """Return the next character that is no space; an empty text at the end."""
        while True:
            found = _SOMETHING.search(self._text, self._at)
            self._at = found.start() if found else len(self._text)
            if found or not self._more():
                return found[0] if found else ""

    def take(self, sign: str) -> None:
        """Step over one sign, which has to be the next."""
        if self.peek() != sign:
            raise UnusualError
        self._at += 1

    def value(self) -> Json:
        """Read one value."""
        self.peek()
        if len(self._text) - self._at < _AHEAD:
            self._more()
        while True:
            try:
                value, end = self._scan(self._text, self._at)
                break
            except JSONDecodeError:
                if not self._more():
                    raise UnusualError from None
            except (RecursionError, ValueError):
                raise UnusualError from None
        self._distrust(end)
        self._at = end
        found: Json = value
        return found

    def values(self) -> Iterator[Json]:
        """Read a list, value by value."""
        self.take("[")
        while self.peek() != "]":
            yield self.value()
            if self.peek() != "]":
                self.take(",")
                if self.peek() == "]":
                    raise UnusualError
        self.take("]")

    def _distrust(self, end: int) -> None:
        """See that a value that ends here is one that nobody doubts."""
        start = self._at
        escaped = self._text.find("\\", start, end) >= 0
        if (
            self._doubt.raised
            or (escaped and any(doubts(self._text[start:end])))
            or (end - start > LONGEST_NUMBER and _LONG.search(self._text, start, end))
        ):
            raise UnusualError

    def _more(self) -> bool:
        """Read on; tell whether there was more. Of a value that is long, ever more at once."""
        if self._over:
            return False
        piece = self._stream.read(max(_PIECE, len(self._text) - self._at))
        self._left -= len(piece)
        self._digest.update(piece)
        self._over = not piece
        try:
            text = self._decoder.decode(piece, final=self._over)
        except UnicodeDecodeError:
            raise UnusualError from None
        if self._left < 0 or _HIDDEN.search(text):
            raise UnusualError
        self._text = self._text[self._at :] + text
        self._at = 0
        return not self._over
