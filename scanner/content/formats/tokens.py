"""Texts that are one sealed token: Ansible vaults, JWE, Fernet."""

from __future__ import annotations

import json
import re
from typing import Final

from scanner.content.ranges import Asking
from scanner.content.scene import Scene
from scanner.content.sealed import decoded_base64, looks_random, stays_base64
from scanner.content.verdict import encrypted, malformed, weak
from scanner.model.content import ContentFacts, Note
from scanner.model.late import late

_ANSIBLE: Final = late(rb"\$ANSIBLE_VAULT;1\.([012]);AES(256)?(?:;[^\r\n]{1,100})?\r?\n")
_COMPACT: Final = late(
    rb"\s{0,8}(eyJ[A-Za-z0-9_-]{10,8192})\.([A-Za-z0-9_-]{0,8192})\.([A-Za-z0-9_-]{1,64})"
    rb"\.([A-Za-z0-9_-]+)(\.[A-Za-z0-9_-]{1,128}\s{0,8})?"
)
_FERNET: Final = late(rb"\s{0,8}(gAAAAA[A-Za-z0-9_-]{90,})(={0,2})\s{0,8}")
_FERNET_LEAST: Final = 73


def recognise_token(scene: Scene) -> Asking[ContentFacts | None]:
    """Return facts of a text that is encrypted as a whole."""
    head = scene.head
    if match := _ANSIBLE.match(head):
        return (yield from _ansible(scene, match))
    if match := _COMPACT.match(head):
        return (yield from _compact(scene, match))
    if match := _FERNET.fullmatch(head):
        return (yield from _fernet(scene, match))
    is_json = b'"ciphertext"' in head[:16_384] and head.lstrip()[:1] == b"{"
    return _json_jwe(head) if is_json else None


def _ansible(scene: Scene, match: re.Match[bytes]) -> Asking[ContentFacts]:
    """The body is hex of lines of hex; version 1.0 without a number derived its key badly."""
    parts = [scene.head[match.end() :]]
    if scene.source.size > len(scene.head):
        parts.append((yield from scene.source.read(scene.source.size * 7 // 8, 4096)))
    for part in parts:
        digits = b"".join(part.split())
        if len(digits) < 64 or not re.fullmatch(rb"[0-9a-f]+", digits):
            return malformed("ansible-vault", Note.SPOOFED)
    digits = b"".join(parts[0].split())[: 2 * 4096]
    text = bytes.fromhex(digits[: len(digits) // 2 * 2].decode("ascii"))
    if not re.fullmatch(rb"[0-9a-f\n]+", text):
        return malformed("ansible-vault", Note.SPOOFED)
    return encrypted("ansible-vault") if match[2] else weak("ansible-vault")


def _compact(scene: Scene, match: re.Match[bytes]) -> Asking[ContentFacts | None]:
    """Judge a JWE in its compact form (RFC 7516 section 7.1): five parts, the header names enc."""
    header = _json_of(match[1])
    if not isinstance(header.get("enc"), str):
        return None
    whole = match[5] is not None and match.end() == len(scene.head)
    if not whole and (match[5] is not None or scene.source.size <= len(scene.head)):
        return None
    if not looks_random(decoded_base64(match[4])[:4096]):
        return malformed("jwe", Note.SPOOFED)
    if not whole:
        size = scene.source.size
        for offset in (size // 2, size - size // 8 - 4096):
            window = yield from scene.source.read(offset, 4096)
            if not re.fullmatch(rb"[A-Za-z0-9_.-]*", window):
                return malformed("jwe", Note.SPOOFED)
    return encrypted("jwe")


def _json_jwe(head: bytes) -> ContentFacts | None:
    """Judge a JWE in its JSON form (RFC 7516 section 7.2)."""
    try:
        told = json.loads(head)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict):
        return None
    texts = [told.get(name) for name in ("protected", "ciphertext", "iv", "tag")]
    known = [text.encode() for text in texts if isinstance(text, str)]
    if len(known) != 4 or not isinstance(_json_of(known[0]).get("enc"), str):
        return None
    sealed = looks_random(decoded_base64(known[1])[:4096])
    return encrypted("jwe") if sealed else malformed("jwe", Note.SPOOFED)


def _fernet(scene: Scene, match: re.Match[bytes]) -> Asking[ContentFacts | None]:
    """Judge a Fernet token: version, time, vector, whole blocks, digest."""
    if scene.source.size > len(scene.head):
        data = decoded_base64(match[1])
        sealed = yield from stays_base64(scene.source, len(scene.head))
    else:
        data = decoded_base64(match[1])
        sealed = len(data) >= _FERNET_LEAST and (len(data) - 57) % 16 == 0
    if not sealed or not looks_random(data[9:4105]):
        return None
    return encrypted("fernet")


def _json_of(text: bytes) -> dict[str, object]:
    try:
        told = json.loads(decoded_base64(text))
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
