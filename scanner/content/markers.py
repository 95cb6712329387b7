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
    if not checked or (yield from body_is_sealed(scene.source, start)):
        return ContentFacts(format=name, state=ContentState.ENCRYPTED)
    if scene.source.size <= start + 16:
        return ContentFacts(format=name, state=ContentState.MALFORMED)
    return (yield from scene.beyond(start))


def _marker(head: bytes) -> tuple[str, int, bool] | None:
    """Return format, where the body starts, and whether the body must look sealed."""
    if head.startswith(_AGE):
        # A header without its closing line is none: what follows will not look sealed.
        mac = _AGE_MAC.search(head)
        return "age", mac.end() if mac else len(_AGE), True
    if head.startswith(_KEEPASS):
        # The outer header in clear is short fields; the random database follows it.
        return "keepass", min(len(head) // 2, 512), True
    for magic, name, skip, checked in _PLAIN_MARKERS:
        if head.startswith(magic):
            return name, skip, checked
    return None
