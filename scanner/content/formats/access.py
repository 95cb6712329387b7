"""Access databases: page kinds are scrambled where a password encrypts them."""

from __future__ import annotations

from typing import Final

from scanner.content.cursor import Cursor, EndError
from scanner.content.ranges import Asking
from scanner.content.scene import Scene
from scanner.content.verdict import clear_unread, encrypted, malformed, weak
from scanner.model.content import ContentFacts, Note
from scanner.model.late import late

_MAGIC: Final = late(rb"\x00\x01\x00\x00Standard (Jet|ACE) DB\x00")
_KINDS: Final = frozenset({1, 2, 3, 4, 5, 8, 9})
_INFO: Final = 0x299
_AES: Final = frozenset({0x660E, 0x660F, 0x6610})


def recognise_access(scene: Scene) -> Asking[ContentFacts | None]:
    """Return facts of an Access database. Jet's own cipher, and RC4, are ``weak``.

    A password without encryption only asks: such a database is clear.
    """
    yield from ()
    match = _MAGIC.match(scene.head)
    if match is None:
        return None
    size = 2048 if scene.head[20:21] == b"\x00" else 4096
    pages = [scene.head[at : at + 2] for at in range(size, len(scene.head) - size + 1, size)]
    used = [page for page in pages if page != b"\x00\x00"]
    if not used:
        return malformed("access", Note.CUT_OFF)
    known = sum(page[0] in _KINDS and page[1] in {0, 1} for page in used)
    if known >= 0.75 * len(used):
        return clear_unread("access")
    if known > 0.25 * len(used):
        return malformed("access")
    return encrypted("access") if match[1] == b"ACE" and _is_aes(scene.head) else weak("access")


def _is_aes(head: bytes) -> bool:
    """Read the EncryptionInfo in the first page (MS-OFFCRYPTO section 2.3.4)."""
    try:
        cursor = Cursor(head, _INFO)
        info = Cursor(cursor.take(cursor.little(2)))
        version = (info.little(2), info.little(2))
        if version == (4, 4):
            return b'cipherAlgorithm="AES"' in info.data
        info.take(16)
        return version[1] == 2 and info.little(4) in _AES
    except EndError:
        return False
