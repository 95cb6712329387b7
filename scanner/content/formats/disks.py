"""Encrypted disks and images: LUKS, BitLocker, Apple's. Volumes may be sparse: the header tells."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import Final

from scanner.content.ranges import Asking, Source
from scanner.content.scene import Scene
from scanner.content.sealed import WINDOW, is_text
from scanner.content.verdict import malformed
from scanner.model.content import ContentFacts, ContentState, Note
from scanner.model.late import late

_LUKS: Final = b"LUKS\xba\xbe"
_BITLOCKER: Final = b"-FVE-FS-"
_TO_GO: Final = bytes.fromhex("3bd67649292ed84a8399f6a339e3d001")
_FVE_BLOCK: Final = 65_536
_LEAST_LUKS: Final = 65_536
_CLEAR_KEY: Final = 0x0000
_WEAK_LUKS: Final = late(rb"(?:des|des3_ede|cast5|blowfish|arc4)(?:-|\x00)")
_LUKS2_CIPHER: Final = late(rb'"encryption"\s{0,8}:\s{0,8}"([a-z0-9_:()-]{1,64})"')


def recognise_disk(scene: Scene) -> Asking[ContentFacts | None]:
    """Return facts of an encrypted volume; ``keyless`` where its header opens it without a secret.

    VeraCrypt has no header at all: such a file is ``opaque`` like all unknown random bytes.
    """
    facts = yield from _by_header(scene)
    if facts is None or facts.state not in {ContentState.ENCRYPTED, ContentState.WEAK}:
        return facts
    spoofed = yield from _holds_text(scene.source)
    return malformed(facts.format, Note.SPOOFED) if spoofed else facts


def _by_header(scene: Scene) -> Asking[ContentFacts | None]:
    head = scene.head
    if head.startswith(_LUKS):
        # Even a volume's header alone, with its key slots, is far bigger.
        small = scene.source.size < _LEAST_LUKS
        return malformed("luks", Note.CUT_OFF) if small else _luks(head)
    if head[3:11] == _BITLOCKER or (head[424:440] == _TO_GO and head[510:512] == b"\x55\xaa"):
        return (yield from _bitlocker(scene))
    if head.startswith(b"encrcdsa") and len(head) >= 512:
        return ContentFacts(format="dmg", state=ContentState.ENCRYPTED)
    return None


def _holds_text(source: Source) -> Asking[bool]:
    """Whether text stands where a volume's data are. What was never written may well be zeros."""
    for offset in (source.size // 2, source.size * 7 // 8):
        window = yield from source.read(offset, WINDOW)
        if not is_text(window):
            return False
    return True


def _luks(head: bytes) -> ContentFacts:
    """Read the version and the cipher (LUKS 1: offset 8; LUKS 2: JSON behind the header)."""
    version = int.from_bytes(head[6:8], "big")
    if version == 1 and len(head) >= 592:
        cipher = head[8:40].rstrip(b"\x00")
    elif version == 2 and len(head) > 4096:
        found = _LUKS2_CIPHER.search(head, 4096)
        cipher = found[1] if found else b""
    else:
        return ContentFacts(format="luks", state=ContentState.MALFORMED, notes=(Note.CUT_OFF,))
    if not re.fullmatch(rb"[a-z0-9_:()-]{2,64}", cipher):
        return ContentFacts(format="luks", state=ContentState.MALFORMED)
    if b"cipher_null" in cipher:
        return ContentFacts(format="luks", state=ContentState.KEYLESS, unread=True,
                            notes=(Note.CLEAR_KEY,))  # fmt: skip
    if _WEAK_LUKS.match(cipher + b"\x00"):
        return ContentFacts(format="luks", state=ContentState.WEAK, notes=(Note.OLD_CIPHER,))
    return ContentFacts(format="luks", state=ContentState.ENCRYPTED)


def _bitlocker(scene: Scene) -> Asking[ContentFacts]:
    """Look for a clear key among the protectors: a volume whose protection is suspended."""
    at = 440 if scene.head[424:440] == _TO_GO else 176
    if len(scene.head) < 512 or scene.head[510:512] != b"\x55\xaa":
        return ContentFacts(format="bitlocker", state=ContentState.MALFORMED)
    protectors: list[int] = []
    for (offset,) in struct.iter_unpack("<Q", scene.head[at : at + 24]):
        block = yield from scene.source.read(offset, _FVE_BLOCK)
        if block.startswith(_BITLOCKER):
            protectors = list(_protectors(block))
            break
    if _CLEAR_KEY in protectors:
        return ContentFacts(format="bitlocker", state=ContentState.KEYLESS, unread=True,
                            notes=(Note.CLEAR_KEY,))  # fmt: skip
    # Without its metadata nobody can say who holds a key.
    state = ContentState.ENCRYPTED if protectors else ContentState.OPAQUE
    notes = () if protectors else (Note.OUT_OF_REACH,)
    return ContentFacts(format="bitlocker", state=state, notes=notes)


def _protectors(block: bytes) -> Iterator[int]:
    """Yield the kind of each protector of the volume's master key."""
    if len(block) < 112:
        return
    end = 64 + int.from_bytes(block[64:68], "little")
    at = 112
    while at + 8 <= min(end, len(block)):
        size, entry, value = struct.unpack_from("<HHH", block, at)
        if size < 8:
            return
        if entry == 2 and value == 8 and size >= 36 and at + 36 <= len(block):
            yield int.from_bytes(block[at + 34 : at + 36], "little")
        at += size
