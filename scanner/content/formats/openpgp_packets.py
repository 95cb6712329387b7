"""OpenPGP packet headers, old and new style (RFC 9580 section 4.2)."""

from __future__ import annotations

from typing import Final

from scanner.model.frozen import dataclass

_VERSIONS: Final = {1: {2, 3, 6}, 3: {4, 5, 6}, 18: {1, 2}, 20: {1}, 4: {3, 6}, 2: {3, 4, 5, 6},
                    5: {3, 4, 5, 6}, 6: {3, 4, 5, 6}, 7: {3, 4, 5, 6},
                    14: {3, 4, 5, 6}}  # fmt: skip

_MOST_PARTS: Final = 4096


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet header. ``end`` is None where the length is partial or open-ended.

    ``chunk`` is the length of the first part where the body comes in parts.
    """

    tag: int
    body: int
    end: int | None
    chunk: int | None = None


def version_fits(packet: Packet, data: bytes) -> bool:
    """Whether the packet's first octet is a version that its tag can have."""
    legal = _VERSIONS.get(packet.tag)
    return legal is None or (packet.body < len(data) and data[packet.body] in legal)


def read_packet(data: bytes, at: int) -> Packet | None:
    """Read the header at ``at``. None where there is none."""
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
    return Packet(tag, at + 2, None, chunk=1 << (first & 31))


def body_of(data: bytes, packet: Packet) -> tuple[bytes, bool]:
    """Return a packet's body, its parts joined, as far as it is here; and whether that is all."""
    if packet.chunk is None:
        whole = packet.end is not None and packet.end <= len(data)
        return data[packet.body : packet.end], whole
    parts: list[bytes] = []
    at, length, last = packet.body, packet.chunk, False
    for _ in range(_MOST_PARTS):
        parts.append(data[at : at + length])
        at += length
        if last or at >= len(data):
            break
        # Each part is preceded by a length of its own, as a packet is; only the last is no power.
        following = read_packet(b"\xcb" + data[at : at + 5], 0)
        if following is None:
            break
        last = following.chunk is None
        length = following.chunk or (following.end or following.body) - following.body
        at += following.body - 1
    return b"".join(parts), last and at <= len(data)
