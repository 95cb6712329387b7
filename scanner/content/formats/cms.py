"""CMS and S/MIME (RFC 5652, 8551): the content type tells, in DER, BER, PEM or MIME."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from typing import Final

from scanner.content.formats.compressed import unpack
from scanner.content.formats.der import Element, children, read_element
from scanner.content.ranges import Asking
from scanner.content.scene import Scene
from scanner.content.sealed import body_is_sealed, stays_base64
from scanner.model.content import ContentFacts, ContentState, Note
from scanner.model.late import late

_PKCS7: Final = bytes.fromhex("2a864886f70d0107")
_SMIME_CT: Final = bytes.fromhex("2a864886f70d01091001")
_TYPES: Final = {
    _PKCS7 + b"\x01": "data",
    _PKCS7 + b"\x02": "signed",
    _PKCS7 + b"\x03": "enveloped",
    _PKCS7 + b"\x04": "enveloped",
    _PKCS7 + b"\x05": "digested",
    _PKCS7 + b"\x06": "encrypted",
    _SMIME_CT + b"\x17": "enveloped",
    _SMIME_CT + b"\x09": "compressed",
    _SMIME_CT + b"\x02": "authenticated",
}
_SEALED: Final = frozenset({"enveloped", "encrypted"})
_OLD_CIPHERS: Final = tuple(
    bytes.fromhex(text)
    for text in (
        "2b0e0302",  # DES, in all its modes
        "2a864886f70d0302",  # RC2
        "2a864886f70d0304",  # RC4
        "2a864886f70d0307",  # triple DES
        "2a864886f70d0309",  # RC5
        "2a864886f70d010c01",  # PKCS 12: RC4, triple DES, RC2
        "2a864886f70d0105",  # PKCS 5: the old ones with DES and RC2, and PBES2 by its own
    )
)
_PBES2: Final = bytes.fromhex("2a864886f70d01050d")
_PEM: Final = late(rb"\s{0,64}-----BEGIN (?:CMS|PKCS7|PKCS #7 SIGNED DATA)-----\r?\n")
_MIME: Final = late(
    rb"^content-type:[ \t]*(application/(?:x-)?pkcs7-mime|multipart/encrypted)",
    re.IGNORECASE | re.MULTILINE,
)
_MOST_HEADERS: Final = 8192
_MOST_CHUNKS: Final = 4096


def recognise_cms(scene: Scene) -> Asking[ContentFacts | None]:
    """Return facts of a CMS message. What is only signed, digested or compressed is clear."""
    if match := _PEM.match(scene.head):
        return (yield from _decoded(scene, match.end(), "cms-pem"))
    if (mail := _mail(scene.head)) is not None:
        return (yield from _message(scene, mail))
    found = _content_info(scene.head)
    if found is None:
        return None
    kind, content = found
    if kind not in _SEALED:
        return _clear(scene, kind, content)
    return (yield from _sealed(scene, content))


def _content_info(head: bytes) -> tuple[str, Element] | None:
    """Return the content type and the element that is tagged [0], the content."""
    outer = read_element(head, 0)
    if outer is None or outer.tag != 0x30:
        return None
    parts = children(head, outer, 2)
    if len(parts) < 2 or parts[0].tag != 0x06 or parts[1].tag != 0xA0:
        return None
    kind = _TYPES.get(head[parts[0].start : parts[0].end])
    inner = children(head, parts[1], 1)
    return (kind, inner[0]) if kind and inner else None


def _sealed(scene: Scene, content: Element) -> Asking[ContentFacts]:
    """Find the algorithm and the ciphertext of an EnvelopedData or its like."""
    head = scene.head
    info = next((part for part in children(head, content) if _is_content_info(head, part)), None)
    if info is None:
        # More recipients than the head holds: the cipher stands behind them.
        return ContentFacts(format="cms", state=ContentState.OPAQUE, notes=(Note.OUT_OF_REACH,))
    parts = children(head, info, 3)
    algorithm = children(head, parts[1], 2)
    oid = head[algorithm[0].start : algorithm[0].end]
    if len(parts) < 3 or parts[2].tag not in {0x80, 0xA0}:
        return ContentFacts(format="cms", state=ContentState.OPAQUE, notes=(Note.OUT_OF_REACH,))
    start = parts[2].start
    if parts[2].tag == 0xA0 and (chunk := read_element(head, start)):
        start = chunk.start
    if not (yield from body_is_sealed(scene.source.until(parts[2].end), start)):
        return ContentFacts(format="cms", state=ContentState.MALFORMED, notes=(Note.SPOOFED,))
    old = oid.startswith(_OLD_CIPHERS) and oid != _PBES2
    state = ContentState.WEAK if old else ContentState.ENCRYPTED
    return ContentFacts(format="cms", state=state, notes=(Note.OLD_CIPHER,) if old else ())


def _is_content_info(head: bytes, part: Element) -> bool:
    """Whether an element is an EncryptedContentInfo: a type, an algorithm, the ciphertext."""
    if part.tag != 0x30:
        return False
    parts = children(head, part, 2)
    return (
        len(parts) == 2
        and parts[0].tag == 0x06
        and parts[1].tag == 0x30
        and bool(names := children(head, parts[1], 1))
        and names[0].tag == 0x06
    )


def _clear(scene: Scene, kind: str, content: Element) -> ContentFacts:
    """Look into content that is signed, digested, compressed, or nothing at all."""
    head = scene.head
    if kind == "data":
        data = _octets(head, content)
    else:
        data = b""
        for part in children(head, content):
            inner = children(head, part, 3) if part.tag == 0x30 else []
            tagged = next((one for one in inner[1:] if one.tag == 0xA0), None)
            if tagged and inner[0].tag == 0x06:
                held = children(head, tagged, 1)
                data = _octets(head, held[0]) if held else b""
                break
    if kind == "compressed":
        unpacked = unpack(data, "zlib")
        data = unpacked[0] if unpacked else b""
    if not data:
        # A signature that stands apart from what it signs, or a bag of certificates.
        return ContentFacts(format="cms", state=ContentState.CLEAR)
    facts = scene.inside(data, False)  # noqa: FBT003 - a cut of the message
    return replace(facts, format=f"cms/{facts.format}")


def _octets(head: bytes, element: Element) -> bytes:
    """Return an OCTET STRING, in one piece or in many, as far as it is here."""
    if element.tag == 0x04:
        return head[element.start : element.end]
    if element.tag != 0x24:
        return b""
    chunks = children(head, element, _MOST_CHUNKS)
    return b"".join(head[chunk.start : chunk.end] for chunk in chunks if chunk.tag == 0x04)


def _mail(head: bytes) -> re.Match[bytes] | None:
    top = re.split(rb"\r?\n\r?\n", head[:_MOST_HEADERS], maxsplit=1)[0]
    if not re.match(rb"[A-Za-z-]{2,40}:[ \t]", top):
        return None
    return _MIME.search(top)


def _message(scene: Scene, header: re.Match[bytes]) -> Asking[ContentFacts | None]:
    """Judge a mail that is one CMS message, or PGP/MIME (RFC 3156)."""
    if header[1].lower() == b"multipart/encrypted":
        at = scene.head.find(b"-----BEGIN PGP MESSAGE-----")
        if at < 0:
            return None
        facts = scene.inside(scene.head[at:], False)  # noqa: FBT003 - a cut of the message
        return replace(facts, format=f"pgp-mime/{facts.format}")
    blank = re.search(rb"\r?\n\r?\n", scene.head)
    return (yield from _decoded(scene, blank.end(), "smime")) if blank else None


def _decoded(scene: Scene, start: int, name: str) -> Asking[ContentFacts]:
    """Judge base64 within a label or a mail."""
    text = re.split(rb"-----|\r?\n\r?\n", scene.head[start:], maxsplit=1)[0]
    dense = b"".join(text.split())
    if not dense or not re.fullmatch(rb"[A-Za-z0-9+/]*={0,2}", dense):
        return ContentFacts(format=name, state=ContentState.MALFORMED)
    ends = start + len(text) < len(scene.head) - 128
    if not ends and not (yield from stays_base64(scene.source, len(scene.head))):
        return ContentFacts(format=name, state=ContentState.MALFORMED, notes=(Note.SPOOFED,))
    data = base64.b64decode(dense[: len(dense) // 4 * 4])
    facts = scene.inside(data, False)  # noqa: FBT003 - a cut of the message
    return replace(facts, format=f"{name}/{facts.format}")
