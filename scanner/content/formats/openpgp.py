"""OpenPGP messages (RFC 9580): walk the packet headers until one tells."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from typing import Final

from scanner.content.formats.compressed import unpack
from scanner.content.formats.openpgp_keys import key_facts
from scanner.content.formats.openpgp_packets import Packet, body_of, read_packet, version_fits
from scanner.content.ranges import Asking
from scanner.content.scene import Scene
from scanner.content.sealed import body_is_sealed, looks_random, stays_base64
from scanner.content.verdict import clear
from scanner.model.content import ContentFacts, ContentState, Note
from scanner.model.late import late

_ARMOR: Final = late(
    rb"\s{0,64}-----BEGIN PGP (MESSAGE(?:, PART \d{1,4}(?:/\d{1,4})?)?|PRIVATE KEY BLOCK|"
    rb"PUBLIC KEY BLOCK|SIGNATURE)-----"
)
_END: Final = late(rb"-----END PGP [A-Z0-9 ,/]{1,40}-----")
_SIGNED_TEXT: Final = b"-----BEGIN PGP SIGNED MESSAGE-----"
_LINE: Final = late(rb"[A-Za-z0-9+/]+={0,2}")
_MOST_PACKETS: Final = 64
_SESSION_KEYS: Final = frozenset({1, 3})
_OLD: Final = (b"\x01", b"\x02", b"\x03", b"\x04")  # IDEA, triple DES, CAST5, Blowfish
_SKIPPED: Final = frozenset({4, 10, 21})  # one-pass signatures, markers, padding
_KEYS: Final = frozenset({5, 6, 7, 14})


def recognise_openpgp(scene: Scene) -> Asking[ContentFacts | None]:
    """Return facts of an OpenPGP message, key or signature, binary or in armour; else None."""
    if scene.head.startswith(_SIGNED_TEXT):
        return (yield from scene.beyond(_after_armor_header(scene.head)))
    if match := _ARMOR.match(scene.head):
        return (yield from _armoured(scene, match.end()))
    packet, keyed = _telling_packet(scene.head)
    if packet is None:
        return None
    state = _sealed_state(packet, keyed=keyed)
    if state is None:
        return _look_inside(scene, packet)
    if not keyed or not (yield from body_is_sealed(scene.source, packet.body + 1)):
        return None
    state = _lowered(state, scene.head)
    return ContentFacts(format="openpgp", state=state, notes=_notes(state))


def _armoured(scene: Scene, label_end: int) -> Asking[ContentFacts]:
    """Armour says nothing by itself: signed and stored text wears the same label."""
    start = _after_armor_header(scene.head, label_end)
    dense, end = _dense(scene.head, start)
    data = base64.b64decode(dense[: len(dense) // 4 * 4])
    packet, keyed = _telling_packet(data)
    if packet is None:
        return ContentFacts(format="openpgp-armor", state=ContentState.MALFORMED)
    state = _sealed_state(packet, keyed=keyed)
    if state is None:
        facts = scene.inside(data, False)  # noqa: FBT003 - a cut of the message
        return replace(facts, format=f"openpgp-armor/{facts.format}")
    sealed = looks_random(data[packet.body + 1 :])
    if sealed and end >= len(scene.head) - 128:
        sealed = yield from stays_base64(scene.source, len(scene.head))
    if not sealed:
        return ContentFacts(
            format="openpgp-armor", state=ContentState.MALFORMED, notes=(Note.SPOOFED,)
        )
    state = _lowered(state, data)
    return _with_rest(scene, end, ContentFacts(format="openpgp-armor", state=state,
                                               notes=_notes(state)))  # fmt: skip


def _dense(head: bytes, start: int) -> tuple[bytes, int]:
    """Return the base64 of the armour's lines, and where they end."""
    lines: list[bytes] = []
    at = start
    for line in head[start:].split(b"\n"):
        if not _LINE.fullmatch(line.strip()):
            break
        lines.append(line.strip())
        at += len(line) + 1
    return b"".join(lines), min(at, len(head))


def _with_rest(scene: Scene, end: int, facts: ContentFacts) -> ContentFacts:
    """Judge what follows the end of the armour: plain text there makes it ``partial``."""
    match = _END.search(scene.head, end)
    rest = scene.head[match.end() :].strip() if match else b""
    if len(rest) < 64 or rest.startswith(b"-----BEGIN PGP MESSAGE"):
        return facts
    after = scene.inside(rest, scene.source.size <= len(scene.head))
    if not after.readable:
        return facts
    return replace(facts, state=ContentState.PARTIAL, kinds=after.kinds, unread=after.unread)


def _after_armor_header(head: bytes, start: int = 0) -> int:
    """Return where the lines after the armour header's empty line start."""
    match = re.search(rb"\r?\n[ \t]*\r?\n", head[start : start + 4096])
    return start + match.end() if match else len(head)


def _lowered(state: ContentState, data: bytes) -> ContentState:
    old = state is ContentState.ENCRYPTED and _has_old_cipher(data)
    return ContentState.WEAK if old else state


def _has_old_cipher(data: bytes) -> bool:
    """Whether all session keys come of passphrases, for ciphers of 64-bit blocks."""
    offset, old = 0, False
    for _ in range(_MOST_PACKETS):
        packet = read_packet(data, offset)
        if packet is None or packet.end is None or packet.tag not in {3, 10, 21}:
            return old and packet is not None and packet.tag not in _SESSION_KEYS
        if packet.tag == 3:
            old = data[packet.body] == 4 and data[packet.body + 1 : packet.body + 2] in _OLD
            if not old:
                return False
        offset = packet.end
    return False


def _telling_packet(data: bytes) -> tuple[Packet | None, bool]:
    """Return the first packet that is no session key, and whether a session key came first."""
    offset, keyed = 0, False
    for _ in range(_MOST_PACKETS):
        packet = read_packet(data, offset)
        if packet is None or not version_fits(packet, data):
            return None, keyed
        alone = packet.end is None or packet.end >= len(data)
        if packet.tag not in _SESSION_KEYS | _SKIPPED | {2} or (packet.tag == 2 and alone):
            return packet, keyed
        if packet.end is None or packet.end - packet.body > 16_384:
            return None, keyed
        keyed |= packet.tag in _SESSION_KEYS
        offset = packet.end
    return None, keyed


def _sealed_state(packet: Packet, *, keyed: bool) -> ContentState | None:
    """Return the state of an encrypted-data packet, None for packets that hold plain content."""
    if packet.tag in {18, 20}:
        # Without a session key packet nobody could open it: random bytes rather than a message.
        return ContentState.ENCRYPTED if keyed else ContentState.OPAQUE
    if packet.tag == 9:
        return ContentState.WEAK if keyed else ContentState.OPAQUE
    return None


def _notes(state: ContentState) -> tuple[Note, ...]:
    return (Note.OLD_CIPHER,) if state is ContentState.WEAK else ()


def _look_inside(scene: Scene, packet: Packet) -> ContentFacts | None:
    """Judge what a stored, compressed or signed message carries."""
    if packet.tag in _KEYS:
        return key_facts(scene.head)
    body, whole = body_of(scene.head, packet)
    facts: ContentFacts | None = None
    if packet.tag == 8 and body:
        facts = _compressed(scene, body)
    elif (
        packet.tag == 11
        and _ends_well(scene, packet)
        and body[:1] in {b"b", b"t", b"u", b"l", b"m"}
        and len(body) > 1
    ):
        start = 2 + body[1] + 4
        facts = scene.inside(body[start:], whole)
    elif packet.tag == 2 and packet.end is not None:
        return clear("openpgp-signature") if packet.end >= scene.source.size else None
    return facts and replace(facts, format=f"openpgp/{facts.format.removeprefix('openpgp/')}")


def _ends_well(scene: Scene, packet: Packet) -> bool:
    """Whether what follows a packet is its signature, or nothing, or not here."""
    if packet.end is None or packet.end >= min(len(scene.head), scene.source.size):
        return packet.end is None or packet.end <= scene.source.size or not scene.source.complete
    following = read_packet(scene.head, packet.end)
    return following is not None and following.tag == 2 and version_fits(following, scene.head)


def _compressed(scene: Scene, body: bytes) -> ContentFacts | None:
    name = {1: "deflate", 2: "zlib", 3: "bzip2"}.get(body[0])
    unpacked = (body[1:], False) if body[0] == 0 else unpack(body[1:], name) if name else None
    facts = scene.inside(*unpacked) if unpacked and unpacked[0] else None
    # Packets have to come out: one byte for the kind of compression is no proof.
    return facts if facts and facts.format.startswith("openpgp") else None
