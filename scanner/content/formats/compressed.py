"""Compressed streams: unpacked a little, with a cap, and judged by what is inside."""

from __future__ import annotations

import bz2
import lzma
import sys
import zlib
from dataclasses import replace
from typing import Final, Protocol

from scanner.content.ranges import Asking
from scanner.content.scene import Scene
from scanner.content.verdict import clear_unread
from scanner.model.content import ContentFacts, ContentState, Note

MOST_OUTPUT: Final = 262_144
_MOST_INPUT: Final = 196_608
MOST_BZIP2: Final = 786_432  # it gives nothing before the end of a block, of 900 kB unpacked
_MEMORY: Final = 134_217_728
_WINDOW_LOG: Final = 27
_MOST_STREAMS: Final = 16
_DICTIONARY: Final = 4_194_304
LZMA2: Final = {"id": lzma.FILTER_LZMA2, "dict_size": _DICTIONARY}
_BOMB_RATIO: Final = 200
_MAGICS: Final = (
    (b"\x1f\x8b\x08", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x5d\x00\x00", "lzma"),
    (b"\x78\x01", "zlib"),
    (b"\x78\x5e", "zlib"),
    (b"\x78\x9c", "zlib"),
    (b"\x78\xda", "zlib"),
    # Known, and not unpacked here.
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"\x1f\x9d", "compress"),
    (b"\x89LZO\x00\r\n\x1a\n", "lzop"),
    (b"LZIP\x01", "lzip"),
)
_FAINT: Final = frozenset({"lzma", "zlib"})
_UNREAD: Final = frozenset({"lz4", "compress", "lzop", "lzip"})


class _Decompressor(Protocol):
    """The part of bz2, lzma, zlib and zstd objects that is used here."""

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
    """Return facts of a compressed stream. The format names both: ``gzip/csv``.

    A stream that unpacks to far more than it weighs, and to nothing that is known, is
    ``malformed`` with the note ``bomb``.
    """
    name = _named(scene.head)
    if name is None:
        return None
    if name == "compress" and not (len(scene.head) > 2 and 9 <= scene.head[2] & 0x7F <= 16):
        return None
    if name in _UNREAD:
        return clear_unread(name)
    most = MOST_BZIP2 if name == "bzip2" else _MOST_INPUT
    more = yield from scene.source.read(len(scene.head), most - len(scene.head))
    packed = scene.head + more
    unpacked = unpack(packed, name)
    if unpacked is None or (name in _FAINT and len(unpacked[0]) < 16):
        # Two or three bytes are no magic: what does not unpack is something else.
        return None if name in _FAINT else ContentFacts(format=name, state=ContentState.MALFORMED)
    data, complete = unpacked
    if not data and not complete:
        return ContentFacts(format=name, state=ContentState.OPAQUE)
    facts = scene.inside(data, complete and scene.source.complete)
    facts = replace(facts, format=f"{name}/{facts.format}")
    weight = min(len(packed), scene.source.size)
    return as_bomb(facts) if is_bomb(weight, len(data), complete=complete) else facts


def is_bomb(weight: int, length: int, *, complete: bool) -> bool:
    """Whether output that hit its cap came of next to no input.

    What fitted under the cap is no bomb: it was unpacked.
    """
    return not complete and length >= MOST_OUTPUT and length > _BOMB_RATIO * min(weight, 65_536)


def as_bomb(facts: ContentFacts) -> ContentFacts:
    """Return the facts of a bomb: what was found in it stays found, else it is malformed."""
    state = facts.state if facts.kinds else ContentState.MALFORMED
    return replace(facts, state=state, notes=tuple(dict.fromkeys((*facts.notes, Note.BOMB))))


def unpack(data: bytes, name: str) -> tuple[bytes, bool] | None:
    """Return at most 256 KiB of output and whether that is all; None where it is no stream.

    ``name`` is ``gzip``, ``bzip2``, ``xz``, ``lzma``, ``zstd``, ``zlib`` or ``deflate``.
    """
    output = b""
    try:
        for _ in range(_MOST_STREAMS):
            machine = _decompressor(name)
            output += machine.decompress(data, MOST_OUTPUT - len(output))
            data = machine.unused_data
            if not machine.eof or not data.strip(b"\x00") or len(output) >= MOST_OUTPUT:
                return output, machine.eof and not data.strip(b"\x00")
    except (OSError, ValueError, EOFError, MemoryError, zlib.error, lzma.LZMAError):
        # Rubbish after a whole stream is not part of it, but it is not judged either.
        return (output, False) if output else None
    except _zstd_errors():
        return (output, False) if output else None
    return output, False


def lzma_filter(properties: bytes) -> dict[str, int] | None:
    """Return the filter that five bytes of LZMA properties tell; None where they tell none.

    No more is unpacked than the dictionary here holds: it may be smaller than the packer's.
    """
    if len(properties) != 5 or properties[0] >= 225:
        return None
    rest, lc = divmod(properties[0], 9)
    pb, lp = divmod(rest, 5)
    if lc + lp > 4:
        return None
    return {"id": lzma.FILTER_LZMA1, "dict_size": _DICTIONARY, "lc": lc, "lp": lp, "pb": pb}


def unpack_raw(data: bytes, fields: dict[str, int], most: int | None = None) -> bytes | None:
    """Return at most ``most`` bytes (256 KiB by default) of an LZMA stream without a header."""
    try:
        machine = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[fields])
        return machine.decompress(data, MOST_OUTPUT if most is None else most)
    except (ValueError, EOFError, MemoryError, lzma.LZMAError):
        return None


def _named(head: bytes) -> str | None:
    return next((name for magic, name in _MAGICS if head.startswith(magic)), None)


def _decompressor(name: str) -> _Decompressor:
    if name == "bzip2":
        return bz2.BZ2Decompressor()
    if name == "xz":
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY)
    if name == "lzma":
        return lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=_MEMORY)
    if name == "zstd":
        return _zstd_decompressor()
    window = {"gzip": 31, "zlib": 15, "deflate": -15}[name]
    return zlib.decompressobj(window)


# The library is loaded where a file needs it: most runs meet none.
if sys.version_info >= (3, 14):

    def _zstd_decompressor() -> _Decompressor:
        from compression import zstd  # noqa: PLC0415 - see above

        limit = {int(zstd.DecompressionParameter.window_log_max): _WINDOW_LOG}
        return zstd.ZstdDecompressor(options=limit)

    def _zstd_errors() -> type[Exception]:
        from compression import zstd  # noqa: PLC0415 - see above

        return zstd.ZstdError
else:

    def _zstd_decompressor() -> _Decompressor:
        from backports import zstd  # noqa: PLC0415 - see above

        limit = {int(zstd.DecompressionParameter.window_log_max): _WINDOW_LOG}
        return zstd.ZstdDecompressor(options=limit)

    def _zstd_errors() -> type[Exception]:
        from backports import zstd  # noqa: PLC0415 - see above

        return zstd.ZstdError
