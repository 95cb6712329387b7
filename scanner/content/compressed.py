"""Compressed streams: unpacked a little, with a cap, and judged by what is inside."""

from __future__ import annotations

import bz2
import lzma
import zlib
from dataclasses import replace
from typing import Final, Protocol

from scanner.content.ranges import Asking
from scanner.content.scene import Scene
from scanner.model.content import ContentFacts, ContentState

MOST_OUTPUT: Final = 262_144
_MOST_INPUT: Final = 196_608
_XZ_MEMORY: Final = 134_217_728
_MOST_STREAMS: Final = 16
_MAGICS: Final = (
    (b"\x1f\x8b\x08", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
)


class _Decompressor(Protocol):
    """The part of bz2, lzma and zlib objects that is used here."""

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        """Return at most ``max_length`` bytes."""
        ...

    @property
    def eof(self) -> bool:
        """Whether the stream came to its end."""
        ...

    @property
    def unused_data(self) -> bytes:
        """What follows the stream, such as another one."""
        ...


def recognise_compressed(scene: Scene) -> Asking[ContentFacts | None]:
    """Return facts of a gzip, bzip2 or xz stream. The format names both: ``gzip/csv``."""
    name = next((name for magic, name in _MAGICS if scene.head.startswith(magic)), None)
    if name is None:
        return None
    more = yield from scene.source.read(len(scene.head), _MOST_INPUT - len(scene.head))
    unpacked = unpack(scene.head + more, name)
    if unpacked is None:
        return ContentFacts(format=name, state=ContentState.MALFORMED)
    data, complete = unpacked
    if not data and not complete:
        return ContentFacts(format=name, state=ContentState.OPAQUE)
    facts = scene.inside(data, complete and scene.source.complete)
    return replace(facts, format=f"{name}/{facts.format}")


def unpack(data: bytes, name: str) -> tuple[bytes, bool] | None:
    """Return at most 256 KiB of output and whether that is all; None where it is no stream.

    ``name`` is ``gzip``, ``bzip2``, ``xz``, ``zlib`` or ``deflate``.
    """
    output = b""
    try:
        for _ in range(_MOST_STREAMS):
            machine = _decompressor(name)
            output += machine.decompress(data, MOST_OUTPUT - len(output))
            data = machine.unused_data
            if not machine.eof or not data.strip(b"\x00") or len(output) >= MOST_OUTPUT:
                return output, machine.eof and not data.strip(b"\x00")
    except (OSError, ValueError, EOFError, zlib.error, lzma.LZMAError):
        # Rubbish after a whole stream is not part of it, but it is not judged either.
        return (output, False) if output else None
    return output, False


def _decompressor(name: str) -> _Decompressor:
    if name == "bzip2":
        return bz2.BZ2Decompressor()
    if name == "xz":
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)
    window = {"gzip": 31, "zlib": 15, "deflate": -15}[name]
    return zlib.decompressobj(window)
