"""Formats told by a marker: age, openssl enc, KeePass, LUKS. Each must have a sealed body."""

from __future__ import annotations

import re

from scanner.content.ranges import Asking
from scanner.content.scene import Scene
from scanner.content.sealed import body_is_sealed
from scanner.model.content import ContentFacts, ContentState

_AGE = b"age-encryption.org/v1\n"
_AGE_MAC = re.compile(rb"\n--- [A-Za-z0-9+/]{43}\n")
_AGE_ARMOR = b"-----BEGIN AGE ENCRYPTED FILE-----"
_OPENSSL = b"Salted__"
_OPENSSL_BASE64 = b"U2FsdGVkX1"
_KEEPASS = (b"\x03\xd9\xa2\x9a\x67\xfb\x4b\xb5", b"\x03\xd9\xa2\x9a\x65\xfb\x4b\xb5")
_LUKS = b"LUKS\xba\xbe"


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
    if scene.source.size <= start:
        return ContentFacts(format=name, state=ContentState.MALFORMED)
    return (yield from scene.beyond(start))


def _marker(head: bytes) -> tuple[str, int, bool] | None:
    """Return format, where the body starts, and whether the body must look sealed."""
    if head.startswith(_AGE):
        mac = _AGE_MAC.search(head)
        return "age", mac.end() if mac else len(_AGE), True
    if head.startswith(_AGE_ARMOR):
        return "age-armor", len(_AGE_ARMOR) + 1, True
    if head.startswith(_OPENSSL):
        return "openssl-enc", len(_OPENSSL), True
    if head.startswith(_OPENSSL_BASE64):
        return "openssl-enc-base64", len(_OPENSSL_BASE64), True
    if head.startswith(_KEEPASS):
        # The outer header in clear is short fields; the random database follows it.
        return "keepass", min(len(head) // 2, 512), True
    if head.startswith(_LUKS):
        # A volume may be sparse: its body proves nothing either way.
        return "luks", len(_LUKS), False
    return None
