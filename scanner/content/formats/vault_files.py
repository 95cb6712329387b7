"""Files of encrypted trees that say so themselves: Borg, CryFS, and what configures others."""

from __future__ import annotations

import json
from typing import Final

from scanner.content.ranges import Asking
from scanner.content.scene import Scene
from scanner.content.sealed import body_is_sealed, looks_random
from scanner.content.verdict import clear, encrypted, keyless, malformed, opaque
from scanner.model.content import ContentFacts, Note
from scanner.model.late import late

_BORG: Final = b"BORG_SEG"
_BORG_PUTS: Final = {0: 49, 3: 57}
# Plain text, and text that is only authenticated (borg/crypto/key.py).
_BORG_PLAIN: Final = frozenset({2, 6, 7})
_BORG_SEALED: Final = frozenset({0, 1, 3, 4, 5, 0x10, 0x20, 0x30, 0x40})
_BORG_CONFIG: Final = late(rb"\[repository\]\nversion = \d\n")
_CRYFS_BLOCK: Final = b"cryfs;block;0\x00"
_CRYFS_CONFIG: Final = b"cryfs.config;1;scrypt\x00"
_GOCRYPTFS: Final = b"\x00\x02"
_MOST_JSON: Final = 16_384


def recognise_vault_file(scene: Scene) -> Asking[ContentFacts | None]:
    """Return facts of a file whose own bytes say that it belongs to an encrypted tree.

    The data of other trees (restic, Cryptomator) are random bytes: their place decides.
    """
    head = scene.head
    if head.startswith(_BORG):
        return _borg(head, scene.source.size)
    if head.startswith((_CRYFS_BLOCK, _CRYFS_CONFIG)):
        block = head.startswith(_CRYFS_BLOCK)
        name = "cryfs" if block else "cryfs-config"
        start = len(_CRYFS_BLOCK if block else _CRYFS_CONFIG)
        sealed = yield from body_is_sealed(scene.source, start + (0 if block else 128))
        return encrypted(name) if sealed else malformed(name, Note.SPOOFED)
    if _BORG_CONFIG.match(head):
        return clear("borg-config")
    if head.startswith(_GOCRYPTFS) and len(head) >= 50 and looks_random(head[2:4098]):
        # Two bytes are no proof: where it lies decides.
        return opaque("gocryptfs")
    return _configuration(head) if head.startswith(b"{") else None


def _borg(head: bytes, size: int) -> ContentFacts:
    """Judge a segment by the key type before the data of its first entries that hold any."""
    at = len(_BORG)
    for _ in range(64):
        if at == size:
            return clear("borg")  # nothing but marks of finished transactions
        length, tag = int.from_bytes(head[at + 4 : at + 8], "little"), head[at + 8 : at + 9]
        if len(tag) < 1 or length < 9:
            break
        start = _BORG_PUTS.get(tag[0])
        if start is not None:
            start += at - len(_BORG)
            return _borg_entry(head[start : at + length])
        at += length
    return opaque("borg", Note.CUT_OFF)


def _borg_entry(data: bytes) -> ContentFacts:
    if not data:
        return opaque("borg", Note.CUT_OFF)
    if data[0] in _BORG_PLAIN:
        return keyless("borg", Note.CLEAR_KEY)
    if data[0] not in _BORG_SEALED:
        return opaque("borg")
    return encrypted("borg") if looks_random(data[1:4097]) else malformed("borg", Note.SPOOFED)


def _configuration(head: bytes) -> ContentFacts | None:
    """Know the files that configure gocryptfs, Cryptomator and restic: they guard their keys."""
    try:
        told = json.loads(head[: _MOST_JSON + 1])
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict):
        return None
    if "EncryptedKey" in told and "ScryptObject" in told:
        return clear("gocryptfs-config")
    if "scryptSalt" in told and "primaryMasterKey" in told:
        return clear("cryptomator-key")
    is_restic = told.get("kdf") == "scrypt" and "salt" in told and "data" in told
    return clear("restic-key") if is_restic else None
