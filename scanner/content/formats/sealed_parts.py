"""Texts of which parts are sealed: SOPS, XML Encryption, Ansible vaults within YAML."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from scanner.content.ranges import Asking
from scanner.content.scene import Scene
from scanner.content.sealed import decoded_base64, is_base64, looks_random
from scanner.content.verdict import encrypted, malformed, opaque, weak
from scanner.model.content import ContentFacts, ContentState, Note
from scanner.model.late import late

_INLINE: Final = late(rb"!vault \|\s{1,40}\$ANSIBLE_VAULT;1\.[012];AES256[^\n]{0,100}\n[0-9a-f\s]+")
_SOPS_VALUE: Final = late(
    rb"ENC\[AES256_GCM,data:([A-Za-z0-9+/=]{0,65536}),iv:[A-Za-z0-9+/=]{24,64},"
    rb"tag:[A-Za-z0-9+/=]{20,32},type:[a-z]{3,7}\]"
)
_SOPS_END: Final = late(rb"^[ \t]*\"?sops\"?[ \t]*[:=]|^\[sops\]|^sops_\w+=", re.MULTILINE)
_SOPS_MAC: Final = late(rb"mac\"?\s{0,4}[:=]\s{0,4}\"?ENC\[AES256_GCM")
_LEAF: Final = late(
    rb"^[ \t]*(?:- )?\"?[\w.\-]{1,200}\"?[ \t]*[:=][ \t]*(?![\[{|>&\s])[\"']?"
    rb"([^\s\"'#][^\r\n]{0,2000})",
    re.MULTILINE,
)
_XML_SEALED: Final = late(rb"<((?:[\w.-]{1,40}:)?EncryptedData)\b")
_XML_SPACE: Final = b"http://www.w3.org/2001/04/xmlenc#"
_XML_METHOD: Final = late(
    rb"EncryptionMethod\s[^>]{0,200}Algorithm\s{0,4}=\s{0,4}[\"']([^\"']{1,200})"
)
_XML_VALUE: Final = late(rb"CipherValue(?:\s[^>]{0,200})?>([^<]*)")
_XML_TOP: Final = late(rb"\s{0,64}(?:<\?xml[^>]{0,200}\?>)?(?:\s|<!--[^>]{0,2000}-->){0,64}")
_MOST_PARTS: Final = 1000
_EMPTY: Final = frozenset({b"", b"null", b"true", b"false", b"{}", b"[]"})


def recognise_sealed_parts(scene: Scene) -> Asking[ContentFacts | None]:
    """Return facts of a text that holds sealed parts: ``encrypted`` where nothing else is there.

    What stands beside them is judged for what it is.
    """
    head = scene.head
    if b"ENC[AES256_GCM" in head:
        return (yield from _sops(scene))
    if b"EncryptedData" in head and _XML_SPACE in head:
        return _xml(scene)
    if b"!vault |" in head and (rest := _INLINE.subn(b"", head, _MOST_PARTS))[1]:
        return _beside(scene, "yaml-vault", rest[0])
    return None


def _sops(scene: Scene) -> Asking[ContentFacts | None]:
    """Judge a file of SOPS: values are sealed one by one, names never; a MAC ends it."""
    tail = yield from scene.source.read(max(scene.source.size - 16_384, 0), 16_384)
    head = scene.head
    if not _SOPS_MAC.search(tail):
        return None
    end = _SOPS_END.search(head)
    body = head[: end.start()] if end else head
    values = [decoded_base64(match[1]) for match in _SOPS_VALUE.finditer(body)]
    if not values or not looks_random(b"".join(values)[:4096]):
        return malformed("sops", Note.SPOOFED)
    rest = _SOPS_VALUE.sub(b"", body)
    if any(match[1].strip(b"\"', ") not in _EMPTY for match in _LEAF.finditer(rest)):
        return _beside(scene, "sops", rest)
    return encrypted("sops") if scene.source.size <= len(head) else opaque("sops", Note.TOO_MANY)


def _xml(scene: Scene) -> ContentFacts | None:
    """Judge XML Encryption: the whole document, or elements of it."""
    match = _XML_SEALED.search(scene.head)
    if match is None:
        return None
    values = b"".join(_XML_VALUE.findall(scene.head))
    if not (looks_random(decoded_base64(b"".join(values.split()))[:4096]) or is_base64(values)):
        return malformed("xmlenc", Note.SPOOFED)
    start = _XML_TOP.match(scene.head)
    if start is not None and start.end() == match.start():
        method = _XML_METHOD.search(scene.head)
        old = method is not None and b"des" in method[1].lower()
        return weak("xmlenc") if old else encrypted("xmlenc")
    end = scene.head.rfind(b"</" + match[1])
    rest = scene.head[: match.start()] + (scene.head[end:] if end > 0 else b"")
    return _beside(scene, "xmlenc", rest.replace(match[1], b""))


def _beside(scene: Scene, name: str, rest: bytes) -> ContentFacts:
    """Return facts of a text with sealed parts, by what stands beside them."""
    facts = scene.inside(rest, False)  # noqa: FBT003 - a cut of the text
    state = ContentState.PARTIAL
    return replace(facts, format=name, state=state, columns=(), rows=None, unread=True)
