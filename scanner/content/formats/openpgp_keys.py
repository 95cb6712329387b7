"""OpenPGP keys: public ones are nobody's secret, secret ones are guarded or lie in clear."""

from __future__ import annotations

from typing import Final

from scanner.content.formats.openpgp_packets import Packet, read_packet, version_fits
from scanner.model.content import ContentFacts, ContentState, DataClass, DataKind

_MOST_PACKETS: Final = 256
_SECRET: Final = frozenset({5, 7})
_ALLOWED: Final = frozenset({2, 5, 6, 7, 10, 12, 13, 14, 17, 21})
_INTEGERS: Final = {1: 2, 2: 2, 3: 2, 16: 3, 17: 4}
_ELLIPTIC: Final = frozenset({18, 19, 22})
_FIXED: Final = {25: 32, 26: 56, 27: 32, 28: 57}
_ALGORITHMS: Final = tuple(bytes([n]) for n in (*_INTEGERS, *_ELLIPTIC, *_FIXED))
_MOST_HEAD: Final = 65_536
_GNU_DUMMY: Final = 101


def key_facts(head: bytes) -> ContentFacts | None:
    """Return facts of a key, or a ring of keys; None where it is none."""
    secrets: list[bool] = []
    at, seen = 0, 0
    for _ in range(_MOST_PACKETS):
        packet = read_packet(head, at)
        if packet is None or packet.tag not in _ALLOWED or packet.end is None:
            break
        if not version_fits(packet, head) or not _algorithm_fits(head, packet):
            break
        if packet.end > len(head) and len(head) < _MOST_HEAD:
            break
        if packet.tag in _SECRET:
            guarded = _is_guarded(head, packet)
            if guarded is not None:
                secrets.append(guarded)
        seen, at = seen + 1, packet.end
    if not seen or (at < len(head) and seen < 2):
        return None
    return _facts(secrets)


def _algorithm_fits(head: bytes, packet: Packet) -> bool:
    """Whether a key's algorithm is a known one, in the packets that name one."""
    if packet.tag not in {5, 6, 7, 14}:
        return True
    at = packet.body + (7 if head[packet.body] == 3 else 5)
    return head[at : at + 1] in _ALGORITHMS


def _facts(secrets: list[bool]) -> ContentFacts:
    if not secrets:
        return ContentFacts(format="openpgp-public-key", state=ContentState.CLEAR)
    name = "openpgp-secret-key"
    if all(secrets):
        return ContentFacts(format=name, state=ContentState.ENCRYPTED)
    kind = DataKind(kind=name, data_class=DataClass.SECRET, count=secrets.count(False))
    state = ContentState.PARTIAL if any(secrets) else ContentState.CLEAR
    return ContentFacts(format=name, state=state, kinds=(kind,))


def _is_guarded(head: bytes, packet: Packet) -> bool | None:
    """Whether a passphrase guards a secret key packet; None where it holds no secret."""
    body = head[packet.body : packet.end]
    usage_at = _public_length(body)
    if usage_at is None or usage_at + 1 >= len(body):
        return True  # of a kind not known here: nothing says that it lies in clear
    if body[usage_at] in {254, 255} and body[usage_at + 2 : usage_at + 3] == bytes([_GNU_DUMMY]):
        return None
    return body[usage_at] != 0


def _public_length(body: bytes) -> int | None:
    """Return the length of the public part (section 5.5.2), where the secret part starts."""
    if len(body) < 10:
        return None
    version, algorithm = body[0], body[5]
    if version in {5, 6}:
        return 10 + int.from_bytes(body[6:10], "big")
    return _after_integers(body, 8, 2) if version == 3 else _after_material(body, algorithm)


def _after_material(body: bytes, algorithm: int) -> int | None:
    """Return where the public numbers of a version 4 key end."""
    if algorithm in _INTEGERS:
        return _after_integers(body, 6, _INTEGERS[algorithm])
    if algorithm in _FIXED:
        return 6 + _FIXED[algorithm]
    if algorithm not in _ELLIPTIC:
        return None
    at = _after_integers(body, 7 + body[6], 1)
    if at is not None and algorithm == 18 and at < len(body):
        at += 1 + body[at]
    return at


def _after_integers(body: bytes, at: int, count: int) -> int | None:
    for _ in range(count):
        if at + 2 > len(body):
            return None
        at += 2 + (int.from_bytes(body[at : at + 2], "big") + 7) // 8
    return at
