"""Formats told by a marker: age, openssl enc, KeePass and others. Each needs a sealed body."""

from __future__ import annotations

import base64
import re
from typing import Final

from scanner.content.ranges import Asking
from scanner.content.scene import Scene
from scanner.content.sealed import body_is_sealed, looks_random, stays_base64
from scanner.model.content import ContentFacts, ContentState, Note
from scanner.model.frozen import dataclass
from scanner.model.late import late

_AGE: Final = b"age-encryption.org/v1\n"
_AGE_MAC: Final = late(rb"\n--- [A-Za-z0-9+/]{43}\n")
_AGE_ARMOR: Final = late(rb"\s{0,64}-----BEGIN AGE ENCRYPTED FILE-----\r?\n")
_AGE_END: Final = b"-----END AGE ENCRYPTED FILE-----"
_KEEPASS: Final = (b"\x03\xd9\xa2\x9a\x67\xfb\x4b\xb5", b"\x03\xd9\xa2\x9a\x65\xfb\x4b\xb5")
_OLD_MCRYPT: Final = frozenset(
    [
        "des",
        "tripledes",
        "arcfour",
        "rc2",
        "wake",
        "cast-128",
        "gost",
        "blowfish",
        "blowfish-compat",
        "enigma",
        "xtea",
    ]
)
# A salt of eight bytes and one block of sixteen: no format here has less behind its marker.
_LEAST_BODY: Final = 24


@dataclass(frozen=True, slots=True)
class _Marker:
    """A format, where its sealed body starts, and how little of a body it can have."""

    name: str
    start: int
    least: int = _LEAST_BODY
    state: ContentState = ContentState.ENCRYPTED


_PLAIN_MARKERS: Final = (
    (b"Salted__", _Marker("openssl-enc", 8)),
    (b"U2FsdGVkX1", _Marker("openssl-enc-base64", 10)),
    (b"\x00GITCRYPT\x00", _Marker("git-crypt", 10, 12)),
    (b"RCLONE\x00\x00", _Marker("rclone-crypt", 8)),
    # Version 0, log N, r, p, then 32 bytes of salt.
    (b"scrypt\x00", _Marker("scrypt", 16, 64)),
    (b"XBCRYP0", _Marker("xtrabackup", 64)),
    (b"$APICRYPT", _Marker("apicrypt", 16)),
)


def recognise_marker(scene: Scene) -> Asking[ContentFacts | None]:
    """Return facts of a file that starts with a known marker of encryption.

    A marker before a body that is plain text is refused: the rest is judged for what it is.
    """
    if armor := _AGE_ARMOR.match(scene.head):
        return (yield from _age_armor(scene, armor.end()))
    found = _marker(scene.head)
    if found is None:
        return None
    if scene.source.size < found.start + found.least:
        return ContentFacts(format=found.name, state=ContentState.MALFORMED, notes=(Note.CUT_OFF,))
    if (yield from body_is_sealed(scene.source, found.start)):
        notes = (Note.OLD_CIPHER,) if found.state is ContentState.WEAK else ()
        return ContentFacts(format=found.name, state=found.state, notes=notes)
    return (yield from scene.beyond(found.start))


def _marker(head: bytes) -> _Marker | None:
    if head.startswith(_AGE):
        # The header's closing line is part of the format: without it this is no age file.
        mac = _AGE_MAC.search(head)
        return _Marker("age", mac.end()) if mac else None
    if head.startswith(_KEEPASS):
        # The outer header in clear is short fields; the random database follows it.
        return _Marker("keepass", min(len(head) // 2, 512))
    if head.startswith(b"AES") and len(head) > 4 and head[3] <= 3:
        return _Marker("aes-crypt", _after_extensions(head))
    if head.startswith(b"\x00m\x03"):
        return _mcrypt(head)
    return next((marker for magic, marker in _PLAIN_MARKERS if head.startswith(magic)), None)


def _after_extensions(head: bytes) -> int:
    """Return where the initialisation vector of an AES Crypt file stands.

    Since version 2, extensions in clear come first: two bytes of length each, until a zero.
    """
    at = 5
    while head[3] >= 2 and at + 2 <= len(head):
        length = int.from_bytes(head[at : at + 2], "big")
        at += 2 + length
        if length == 0:
            break
    return at + (4 if head[3] == 3 else 0)


def _mcrypt(head: bytes) -> _Marker | None:
    """Read the header of mcrypt: flags, cipher, key size, mode, key mode, salt, checksum."""
    cipher, _, rest = head[4:128].partition(b"\x00")
    mode, _, after = rest[2:].partition(b"\x00")
    if not (cipher and mode and cipher.replace(b"-", b"").isalnum()):
        return None
    key_mode = after.partition(b"\x00")[0]
    start = 4 + len(cipher) + 1 + 2 + len(mode) + 1 + len(key_mode) + 1
    if head[3] & 64:
        # Salt: its length in the low bits of one byte, then itself.
        start += 1
    at = head.find(b"\x00", start + 16, start + 64)
    old = cipher.decode("ascii").lower() in _OLD_MCRYPT
    state = ContentState.WEAK if old else ContentState.ENCRYPTED
    return _Marker("mcrypt", at + 1 if at >= 0 else start, 16, state)


def _age_armor(scene: Scene, start: int) -> Asking[ContentFacts]:
    """Judge armour by the header within; its later windows must be base64 too."""
    text = scene.head[start:].split(_AGE_END)[0]
    dense = b"".join(text.split())
    malformed = ContentFacts(
        format="age-armor", state=ContentState.MALFORMED, notes=(Note.SPOOFED,)
    )
    if not re.fullmatch(rb"[A-Za-z0-9+/]*={0,2}", dense):
        return (yield from scene.beyond(start))
    data = base64.b64decode(dense[: len(dense) // 4 * 4])
    mac = _AGE_MAC.search(data) if data.startswith(_AGE) else None
    if mac is None or not looks_random(data[mac.end() :]):
        return malformed
    if not (yield from stays_base64(scene.source, len(scene.head))):
        return malformed
    return ContentFacts(format="age-armor", state=ContentState.ENCRYPTED)
