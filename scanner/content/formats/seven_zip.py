"""7z archives: AES for each folder, or for the very header; clear folders are looked into."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

from scanner.content.cursor import EndError
from scanner.content.formats.compressed import (
    LZMA2,
    MOST_BZIP2,
    lzma_filter,
    unpack,
    unpack_raw,
)
from scanner.content.formats.seven_zip_header import (
    Coder,
    Folder,
    Header,
    TooManyError,
    read_header,
)
from scanner.content.joint import Inner, join
from scanner.content.ranges import Asking
from scanner.content.scene import Scene
from scanner.content.sealed import WINDOW, is_plain
from scanner.content.verdict import clear, clear_unread, encrypted, malformed, opaque
from scanner.model.content import ContentFacts, Note

_MAGIC: Final = b"7z\xbc\xaf\x27\x1c"
_START: Final = 32
_MOST_HEADER: Final = 524_288
_MOST_UNPACKED_HEADER: Final = 4_194_304
_MOST_ENCODED: Final = 4
_MOST_FOLDERS: Final = 32
_MOST_MEMBERS: Final = 32
_FOLDER_BYTES: Final = 65_536
_BZIP2: Final = b"\x04\x02\x02"
_STREAMS: Final = {
    b"\x04\x01\x08": "deflate",
    _BZIP2: "bzip2",
    b"\x04\xf7\x11\x01": "zstd",
}
_LZMA: Final = b"\x03\x01\x01"
_LZMA2: Final = b"\x21"
_COPY: Final = b"\x00"
# Filters of machine code leave everything else as it is, but for the delta filter.
_FILTERS: Final = (b"\x03\x03", b"\x04", b"\x05", b"\x06", b"\x07", b"\x08", b"\x09", b"\x0a")


def recognise_seven_zip(scene: Scene) -> Asking[ContentFacts | None]:
    """Return facts of a 7z archive: what its header says of AES, then a look into the rest."""
    if not scene.head.startswith(_MAGIC):
        return None
    return (yield from _seven_zip(scene))


def _seven_zip(scene: Scene) -> Asking[ContentFacts]:
    if len(scene.head) < _START:
        return malformed("7z", Note.CUT_OFF)
    offset, size = struct.unpack_from("<QQ", scene.head, 12)
    if _START + offset + size > scene.source.size:
        # Cut, or the first of several volumes: the header is elsewhere.
        return opaque("7z", Note.CUT_OFF)
    raw = yield from scene.source.read(_START + offset, min(size, _MOST_HEADER))
    try:
        if size:
            return (yield from _by_header(scene, raw))
        return clear("7z")
    except TooManyError:
        return opaque("7z", Note.TOO_MANY)
    except EndError:
        return opaque("7z", Note.OUT_OF_REACH) if len(raw) < size else malformed("7z")


def _by_header(scene: Scene, raw: bytes) -> Asking[ContentFacts]:
    """Unpack the header as often as it is packed; AES on it hides even the names."""
    header = read_header(raw)
    for _ in range(_MOST_ENCODED):
        if not header.encoded:
            return (yield from _archive(scene, header))
        if len(header.folders) != 1:
            break
        folder = header.folders[0]
        if folder.locked:
            window = yield from scene.source.read(_START + folder.offset, WINDOW)
            if is_plain(window):
                break
            return encrypted("7z", Note.NAMES_HIDDEN)
        packed = yield from scene.source.read(
            _START + folder.offset, min(folder.packed, _MOST_HEADER)
        )
        plain = _unpacked(folder.coders, packed, min(folder.unpacked, _MOST_UNPACKED_HEADER))
        if plain is None:
            break
        header = read_header(plain)
    return malformed("7z")


def _archive(scene: Scene, header: Header) -> Asking[ContentFacts]:
    """Judge an archive folder by folder."""
    names = iter(header.names)
    seen: list[Inner] = []
    count = sum(len(folder.sizes) for folder in header.folders)
    for number, folder in enumerate(header.folders):
        own = [next(names, b"") for _ in folder.sizes[: _MOST_MEMBERS * 2]]
        for _ in folder.sizes[_MOST_MEMBERS * 2 :]:
            next(names, None)
        if folder.locked:
            spoofed = yield from _is_spoofed(scene, folder) if number < 4 else _false()
            if spoofed:
                return malformed("7z", Note.SPOOFED)
            facts = encrypted("7z")
            seen += [Inner(b"", facts)] * len(folder.sizes)
        elif number < _MOST_FOLDERS:
            seen += yield from _folder(scene, folder, own)
    if not count:
        return clear("7z")
    if all(folder.locked for folder in header.folders):
        return encrypted("7z")
    return join("7z", seen, count)


def _false() -> Asking[bool]:
    yield from ()
    return False


def _is_spoofed(scene: Scene, folder: Folder) -> Asking[bool]:
    window = yield from scene.source.read(_START + folder.offset, min(folder.packed, WINDOW))
    return is_plain(window)


def _folder(scene: Scene, folder: Folder, names: Sequence[bytes]) -> Asking[list[Inner]]:
    """Look into the first files of a folder that is not locked."""
    is_bzip2 = any(coder.method == _BZIP2 for coder in folder.coders)
    most = min(folder.packed, MOST_BZIP2 if is_bzip2 else _FOLDER_BYTES)
    packed = yield from scene.source.read(_START + folder.offset, most)
    data = _unpacked(folder.coders, packed, None)
    if data is None:
        # What no coder here unpacks is readable all the same, by whoever has one.
        return [Inner(name, clear_unread("unknown")) for name in names]
    found: list[Inner] = []
    at = 0
    for size, name in zip(folder.sizes[:_MOST_MEMBERS], names, strict=False):
        if at >= len(data) and size:
            break
        piece = data[at : at + size]
        found.append(Inner(name, scene.inside(piece, len(piece) == size)))
        at += size
    return found


def _unpacked(coders: Sequence[Coder], packed: bytes, most: int | None) -> bytes | None:
    """Unpack what one coder packed; None where there are others than those known here.

    ``most`` of None means a sample of 256 KiB at most.
    """
    real = [coder for coder in coders if coder.method not in _FILTERS
            and not coder.method.startswith(b"\x03\x03")]  # fmt: skip
    if len(real) != 1:
        return None
    coder = real[0]
    if coder.method == _COPY:
        return packed
    if coder.method in _STREAMS:
        unpacked = unpack(packed, _STREAMS[coder.method])
        return unpacked[0] if unpacked else None
    if coder.method == _LZMA2:
        return unpack_raw(packed, LZMA2, most)
    fields = lzma_filter(coder.properties) if coder.method == _LZMA else None
    return unpack_raw(packed, fields, most) if fields else None
