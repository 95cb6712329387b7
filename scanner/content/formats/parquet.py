"""Parquet modular encryption: a sealed footer, or columns sealed one by one."""

from __future__ import annotations

from typing import Final

from scanner.content.cursor import Cursor, EndError
from scanner.content.ranges import Asking
from scanner.content.scene import Scene
from scanner.content.sealed import WINDOW, is_plain
from scanner.content.verdict import (
    clear_unread,
    encrypted,
    malformed,
    opaque,
    partial,
)
from scanner.model.content import ContentFacts, Note

_MOST_FOOTER: Final = 524_288
_MOST_DEPTH: Final = 24
_STRUCT: Final = 12
_LISTS: Final = frozenset({9, 10})
_MOST_FIELDS: Final = 250_000
_CHUNK: Final = (4, 1)  # the columns of the row groups


class TooManyError(EndError):
    """The footer has more fields than are looked at."""


def recognise_parquet(scene: Scene) -> Asking[ContentFacts | None]:
    """Return facts of a Parquet file: ``partial`` where some column chunks are in clear."""
    if not scene.head.startswith((b"PAR1", b"PARE")):
        return None
    size = scene.source.size
    tail = yield from scene.source.read(max(size - 8, 0), 8)
    length = int.from_bytes(tail[:4], "little")
    if tail[4:] != scene.head[:4] or length + 12 > size:
        return malformed("parquet", Note.CUT_OFF)
    if tail[4:] == b"PARE":
        return (yield from _sealed_footer(scene, size - 8 - length))
    footer = yield from scene.source.read(size - 8 - length, min(length, _MOST_FOOTER))
    try:
        sealed, chunks, algorithm = _chunks(footer)
    except TooManyError:
        return opaque("parquet", Note.TOO_MANY)
    except EndError:
        cut = len(footer) < length
        return opaque("parquet", Note.OUT_OF_REACH) if cut else malformed("parquet")
    return _by_chunks(sealed if algorithm else 0, chunks)


def _by_chunks(sealed: int, chunks: int) -> ContentFacts:
    if not sealed:
        return clear_unread("parquet")
    return encrypted("parquet") if sealed == chunks else partial("parquet")


def _sealed_footer(scene: Scene, end: int) -> Asking[ContentFacts]:
    """Look at the columns: beside a sealed footer, some may still be in clear."""
    for part in (0, 1, 2):
        window = yield from scene.source.read(4 + (end - 4) * part // 3, min(WINDOW, end // 3))
        if is_plain(window):
            return partial("parquet")
    return encrypted("parquet")


class _Walk:
    """Walks a thrift structure in its compact form, and counts column chunks."""

    def __init__(self, data: bytes) -> None:
        self._cursor = Cursor(data)
        self._left = _MOST_FIELDS
        self.chunks = 0
        self.sealed = 0
        self.algorithm = False

    def structure(self, path: tuple[int, ...]) -> None:
        """Walk a structure; ``path`` are the field numbers that lead to it."""
        number = 0
        self.chunks += path == _CHUNK
        while header := self._cursor.byte():
            delta, kind = header >> 4, header & 15
            number = number + delta if delta else _zigzag(self._cursor.varint())
            self._spend(path)
            self.algorithm |= path == () and number == 8
            self.sealed += path == _CHUNK and number == 8
            self._value(kind, (*path, number))

    def _spend(self, path: tuple[int, ...]) -> None:
        self._left -= 1
        if self._left < 0:
            raise TooManyError
        if len(path) > _MOST_DEPTH:
            raise EndError

    def _value(self, kind: int, path: tuple[int, ...]) -> None:
        if kind in {1, 2}:
            return
        if kind == 3:
            self._cursor.take(1)
        elif kind in {4, 5, 6}:
            self._cursor.varint()
        elif kind == 7:
            self._cursor.take(8)
        elif kind == 8:
            self._cursor.take(self._cursor.varint())
        elif kind == _STRUCT:
            self.structure(path)
        else:
            self._many(kind, path)

    def _many(self, kind: int, path: tuple[int, ...]) -> None:
        if kind == 11:
            count = self._cursor.varint()
            kinds = self._cursor.byte() if count else 0
            pair = (kinds >> 4, kinds & 15)
        elif kind in _LISTS:
            header = self._cursor.byte()
            count = header >> 4 if header >> 4 < 15 else self._cursor.varint()
            pair = (header & 15, 0)
        else:
            raise EndError
        for _ in range(count):
            self._spend(path)
            for each in pair:
                if each in {1, 2}:
                    self._cursor.take(1)
                elif each:
                    self._value(each, path)


def _zigzag(number: int) -> int:
    return number >> 1 ^ -(number & 1)


def _chunks(footer: bytes) -> tuple[int, int, bool]:
    """Return how many column chunks are sealed, how many there are, and whether any may be."""
    walk = _Walk(footer)
    walk.structure(())
    return walk.sealed, walk.chunks, walk.algorithm
