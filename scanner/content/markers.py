"""Formats told by a marker: age, openssl enc, KeePass, LUKS. Each must have a sealed body."""

from __future__ import annotations

import re

from scanner.content.ranges import Asking
from scanner.content.scene import Scene
from scanner.content.sealed import body_is_sealed
from scanner.model.content import ContentFacts, ContentState

_AGE = b"age-encryption.org/v1\n"
_AGE_MAC = re.compile(rb"\n--- [A-Za-z0-9+/]{43}\n")
_KEEPASS = (b"\x03\xd9\xa2\x9a\x67\xfb\x4b\xb5", b"\x03\xd9\xa2\x9a\x65\xfb\x4b\xb5")
# A salt of eight bytes and one block of sixteen: no format here has less behind its marker.
_LEAST_BODY = 24
_PLAIN_MARKERS = (
    (b"-----BEGIN AGE ENCRYPTED FILE-----", "age-armor", 35, True),
    (b"Salted__", "openssl-enc", 8, True),
    (b"U2FsdGVkX1", "openssl-enc-base64", 10, True),
    # A volume may be sparse: its body proves nothing either way.
    (b"LUKS\xba\xbe", "luks", 6, False),
)


def recognise_marker(scene: Scene) -> Asking[ContentFacts | None]:
    """Return facts of a file that starts with a known marker of encryption.

    A marker before a body that is plain text is refused: the rest is judged for what it is.
    """
    found = _marker(scene.head)
    if found is None:
        return None
    name, start, checked = found
    if scene.source.size < start + _LEAST_BODY:
        return ContentFacts(format=name, state=ContentState.MALFORMED)
    if not checked or (yield from body_is_sealed(scene.source, start)):
        return ContentFacts(format=name, state=ContentState.ENCRYPTED)
    return (yield from scene.beyond(start))


def _marker(head: bytes) -> tuple[str, int, bool] | None:
    """Return format, where the body starts, and whether the body must look sealed."""
    if head.startswith(_AGE):
        # The header's closing line is part of the format: without it this is no age file.
        mac = _AGE_MAC.search(head)
        return ("age", mac.end(), True) if mac else None
    if head.startswith(_KEEPASS):
        # The outer header in clear is short fields; the random database follows it.
        return "keepass", min(len(head) // 2, 512), True
    for magic, name, skip, checked in _PLAIN_MARKERS:
        if head.startswith(magic):
            return name, skip, checked
    return None
