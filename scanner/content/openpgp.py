"""OpenPGP messages (RFC 9580): walk the packet headers until one tells."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, replace
from typing import Final

from scanner.content.compressed import unpack
from scanner.content.ranges import Asking
from scanner.content.scene import Scene
from scanner.content.sealed import body_is_sealed, looks_random
from scanner.model.content import ContentFacts, ContentState

_ARMOR = b"-----BEGIN PGP MESSAGE-----"
_SIGNED_TEXT = b"-----BEGIN PGP SIGNED MESSAGE-----"
_LINE = re.compile(rb"[A-Za-z0-9+/]+={0,2}")
_MOST_PACKETS: Final = 64
_SESSION_KEYS = frozenset({1, 3})
_SKIPPED = frozenset({10, 21})  # marker and padding packets
_VERSIONS: Final = {1: {2, 3, 6}, 3: {4, 5, 6}, 18: {1, 2}, 20: {1}, 4: {3, 6}, 2: {3, 4, 5, 6}}


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet header. ``end`` is None where the length is partial or open-ended."""

    tag: int
    body: int
    end: int | None


def recognise_openpgp(scene: Scene) -> Asking[ContentFacts | None]:
    """Return facts of an OpenPGP message, binary or in armour, or None where it is none."""
    if scene.head.startswith(_SIGNED_TEXT):
        return (yield from scene.beyond(_after_armor_header(scene.head)))
    if scene.head.startswith(_ARMOR):
        return _armoured(scene)
    packet, keyed = _telling_packet(scene.head)
    if packet is None:
        return None
    state = _sealed_state(packet, keyed=keyed)
    if state is None:
        return _look_inside(scene, packet)
    if not (yield from body_is_sealed(scene.source, packet.body + 1)):
        return None
    return ContentFacts(format="openpgp", state=state)


def _armoured(scene: Scene) -> ContentFacts:
    """Armour says nothing by itself: signed and stored text wears the same label."""
    start = _after_armor_header(scene.head)
    dense = b""
    for line in scene.head[start:].split(b"\n"):
        if not _LINE.fullmatch(line.strip()):
            break
        dense += line.strip()
    data = base64.b64decode(dense[: len(dense) // 4 * 4])
    packet, keyed = _telling_packet(data)
    if packet is None:
        return ContentFacts(format="openpgp-armor", state=ContentState.MALFORMED)
    state = _sealed_state(packet, keyed=keyed)
    if state is None:
        facts = scene.inside(data, False)  # noqa: FBT003 - a cut of the message
        return replace(facts, format=f"openpgp-armor/{facts.format}")
    if not looks_random(data[packet.body + 1 :]):
        return ContentFacts(format="openpgp-armor", state=ContentState.MALFORMED)
    return ContentFacts(format="openpgp-armor", state=state)


def _after_armor_header(head: bytes) -> int:
    """Return where the lines after the armour header's empty line start."""
    match = re.search(rb"\r?\n[ \t]*\r?\n", head[:4096])
    return match.end() if match else len(head)


def _telling_packet(data: bytes) -> tuple[Packet | None, bool]:
    """Return the first packet that is no session key, and whether a session key came first."""
    offset, keyed = 0, False
    for _ in range(_MOST_PACKETS):
        packet = _read_packet(data, offset)
        if packet is None or not _version_fits(packet, data):
            return None, keyed
        if packet.tag not in _SESSION_KEYS | _SKIPPED:
            return packet, keyed
        if packet.end is None or packet.end - packet.body > 16_384:
            return None, keyed
        keyed |= packet.tag in _SESSION_KEYS
        offset = packet.end
    return None, keyed


def _sealed_state(packet: Packet, *, keyed: bool) -> ContentState | None:
    """Return the state of an encrypted-data packet, None for packets that hold plain content."""
    if packet.tag in {18, 20}:
        # Without a session key packet nobody could open it; gpg writes none only by mistake.
        return ContentState.ENCRYPTED if keyed else ContentState.OPAQUE
    if packet.tag == 9:
        return ContentState.WEAK if keyed else ContentState.OPAQUE
    return None


def _look_inside(scene: Scene, packet: Packet) -> ContentFacts | None:
    """Judge what a stored, compressed or signed message carries."""
    body = scene.head[packet.body : packet.end]
    if packet.tag == 8 and body:
        name = {0: "stored", 1: "deflate", 2: "zlib", 3: "bzip2"}.get(body[0])
        unpacked = unpack(body[1:], name) if name and name != "stored" else None
        facts = scene.inside(*unpacked) if unpacked and unpacked[0] else None
    elif packet.tag == 11 and body[:1] in {b"b", b"t", b"u", b"l"}:
        start = 2 + body[1] + 4
        facts = scene.inside(body[start:], packet.end is not None and packet.end <= len(scene.head))
    elif packet.tag in {4, 2} and packet.end is not None:
        facts = scene.inside(scene.head[packet.end :], False)  # noqa: FBT003 - a cut
    else:
        return None
    return facts and replace(facts, format=f"openpgp/{facts.format.removeprefix('openpgp/')}")


def _version_fits(packet: Packet, data: bytes) -> bool:
    legal = _VERSIONS.get(packet.tag)
    return legal is None or (packet.body < len(data) and data[packet.body] in legal)


def _read_packet(data: bytes, at: int) -> Packet | None:
    """Read a header, old or new style (RFC 9580 section 4.2). None where there is none."""
    head = data[at : at + 6]
    if len(head) < 2 or not head[0] & 0x80:
        return None
    if head[0] & 0x40:
        return _new_style(head, at)
    tag, kind = (head[0] >> 2) & 15, head[0] & 3
    if kind == 3:
        return Packet(tag, at + 1, None)
    width = 1 << kind
    body = at + 1 + width
    return Packet(tag, body, body + int.from_bytes(head[1 : 1 + width], "big"))


def _new_style(head: bytes, at: int) -> Packet | None:
    tag, first = head[0] & 63, head[1]
    if first < 192:
        return Packet(tag, at + 2, at + 2 + first)
    if first < 224:
        if len(head) < 3:
            return None
        return Packet(tag, at + 3, at + 3 + ((first - 192) << 8) + head[2] + 192)
    if first == 255:
        return Packet(tag, at + 6, at + 6 + int.from_bytes(head[2:6], "big"))
    return Packet(tag, at + 2, None)
