"""Documents and media: formats whose inside these rules do not read, and harmless ones."""

from __future__ import annotations

import re
from typing import Final

from scanner.content.ranges import Asking
from scanner.content.scene import Scene
from scanner.model.content import ContentFacts, ContentState

_ENCRYPT: Final = re.compile(rb"/Encrypt\s{0,20}(?:\d{1,10}\s{1,20}\d{1,5}\s{1,20}R|<<)")
_TAIL: Final = 65_536
_MEDIA: Final = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"\x7fELF", "elf"),
)
_UNREAD: Final = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (b"SQLite format 3\x00", "sqlite"),
    (b"PAR1", "parquet"),
    (b"Rar!\x1a\x07", "rar"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
)


def recognise_document(scene: Scene) -> Asking[ContentFacts | None]:
    """Return facts of a PDF, of media, or of a container that is known but not looked into.

    A PDF is ``opaque`` in both cases: encrypted, because the empty password may open it;
    unencrypted, because its text is not read here.
    """
    if scene.head[:1024].find(b"%PDF-") >= 0:
        tail = yield from scene.source.read(max(scene.source.size - _TAIL, 0), _TAIL)
        locked = _ENCRYPT.search(tail) or _ENCRYPT.search(scene.head)
        return ContentFacts(format="pdf-locked" if locked else "pdf", state=ContentState.OPAQUE)
    for magic, name in _MEDIA:
        if scene.head.startswith(magic):
            return ContentFacts(format=name, state=ContentState.CLEAR)
    for magic, name in _UNREAD:
        if scene.head.startswith(magic):
            return ContentFacts(format=name, state=ContentState.OPAQUE)
    return None
