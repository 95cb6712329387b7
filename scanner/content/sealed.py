"""Do bytes look like ciphertext? Only ever used to refuse a marker set before plain text."""

from __future__ import annotations

import base64
import binascii
import math
from collections import Counter

from scanner.content.ranges import Asking, Source
from scanner.model.late import late

WINDOW = 4096
_LEAST = 24
_BASE64 = late(rb"[A-Za-z0-9+/=_\-\s]*")
_TEXT = late(rb"[\t\n\r\x20-\x7e]")


def entropy(data: bytes) -> float:
    """Return bits per byte, corrected for short samples (Miller and Madow)."""
    if not data:
        return 0.0
    counts = Counter(data).values()
    raw = -sum(count / len(data) * math.log2(count / len(data)) for count in counts)
    return raw + (len(counts) - 1) / (2 * len(data) * math.log(2))


def looks_random(data: bytes) -> bool:
    """Whether bytes are spread like ciphertext, raw or in base64. Never proof of encryption."""
    if len(data) < 64:
        spread = len(set(data)) >= 0.7 * len(data)
        return (spread and len(_TEXT.findall(data)) < 0.8 * len(data)) or is_base64(data)
    floor = 7.85 if len(data) >= 1024 else 7.2 if len(data) >= 256 else 5.6
    return entropy(data) >= floor or is_base64(data)


def is_base64(data: bytes) -> bool:
    """Whether bytes are base64 (either alphabet, any line length) of something random."""
    if not data or not _BASE64.fullmatch(data):
        return False
    dense = b"".join(data.split())
    if len(dense) < 128:
        return len(dense) >= 0.9 * len(data)
    return entropy(dense) >= (5.9 if len(dense) >= 1024 else 5.3)


def body_is_sealed(source: Source, start: int) -> Asking[bool]:
    """Whether windows at the start, middle and end of the body all look random."""
    length = source.size - start
    if length <= 0:
        return False
    offsets = {start, start + length // 2, max(start, source.size - WINDOW)}
    seen = 0
    for offset in sorted(offsets):
        window = yield from source.read(offset, WINDOW)
        if len(window) >= _LEAST and not looks_random(window):
            return False
        seen += len(window) >= _LEAST
    return seen > 0


def is_text(data: bytes) -> bool:
    """Whether bytes are plainly text: nearly all printable, and no base64 of something random."""
    return (
        len(data) >= _LEAST and len(_TEXT.findall(data)) >= 0.95 * len(data) and not is_base64(data)
    )


def is_plain(data: bytes) -> bool:
    """Whether bytes are plainly text, or nearly all the same: what no cipher puts out.

    Ciphertext has a printable byte in three; base64 of it counts as sealed, not as plain.
    """
    if len(data) < _LEAST:
        return False
    printable = len(_TEXT.findall(data))
    if printable >= 0.95 * len(data):
        return not is_base64(data)
    return len(data) >= 256 and entropy(data) < 5.0


def stays_base64(source: Source, seen: int) -> Asking[bool]:
    """Whether a text of which ``seen`` bytes are judged is base64 in its middle and late, too."""
    if source.size <= seen:
        return True
    for offset in (source.size // 2, source.size - source.size // 8 - WINDOW):
        window = yield from source.read(max(offset, 0), WINDOW)
        if window and not is_base64(window.split(b"-----")[0].strip()):
            return False
    return True


def decoded_base64(text: bytes) -> bytes:
    """Decode base64 of either alphabet, as far as whole groups reach."""
    text = text.translate(bytes.maketrans(b"-_", b"+/")).rstrip(b"=")
    text = text[: len(text) // 4 * 4 + (len(text) % 4 if len(text) % 4 > 1 else 0)]
    try:
        return base64.b64decode(text + b"=" * (-len(text) % 4))
    except binascii.Error:
        return b""
