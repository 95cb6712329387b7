"""SQLite: a header in clear before pages that are, or are not."""

from __future__ import annotations

from typing import Final

from scanner.content.ranges import Asking
from scanner.content.scene import Scene
from scanner.content.sealed import body_is_sealed
from scanner.content.verdict import clear_unread, encrypted, malformed
from scanner.model.content import ContentFacts, Note

_MAGIC: Final = b"SQLite format 3\x00"
_PAGES: Final = frozenset({2, 5, 10, 13})
_HEADER: Final = 100


def recognise_sqlite(scene: Scene) -> Asking[ContentFacts | None]:
    """Return facts of an SQLite database: encrypted where its first page is none (section 1.6).

    SQLCipher's default leaves no header: such a file is ``opaque`` like all unknown random bytes.
    """
    head = scene.head
    if not head.startswith(_MAGIC):
        return None
    if len(head) <= _HEADER:
        return malformed("sqlite", Note.CUT_OFF)
    if head[_HEADER] in _PAGES and head[21:24] == b"\x40\x20\x20" and _is_page(head):
        return clear_unread("sqlite")
    if (yield from body_is_sealed(scene.source, _HEADER)):
        return encrypted("sqlite")
    return malformed("sqlite", Note.SPOOFED)


def _is_page(head: bytes) -> bool:
    """Whether the first page is possible: an encoding, nothing in what is reserved, few cells."""
    if head[59] > 3 or any(head[56:59]) or any(head[72:92]):
        return False
    size = int.from_bytes(head[16:18], "big")
    size = 65_536 if size == 1 else size
    cells = int.from_bytes(head[103:105], "big")
    return size >= 512 and not size & (size - 1) and 2 * cells <= size
