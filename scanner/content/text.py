"""Bytes to text: which encoding, and is it text at all?"""

from __future__ import annotations

import codecs

from scanner.model.frozen import dataclass
from scanner.model.late import late

_CONTROL = bytes([*range(9), *range(0x0E, 0x1B), *range(0x1D, 0x20), 0x7F])  # VT and FS frame HL7
_HIGH = late(rb"[\x80-\xff]")
# Accented letters inside words. What Windows has at these places of the DOS table are quotation
# marks, dashes and signs, which seldom stand there; those that do (0x92 is its apostrophe) are out.
_DOS_ACCENT = late(rb"[A-Za-z][\x81-\x84\x87-\x8c\xa1-\xa5]+[A-Za-z]")
_ANSI_ACCENT = late(rb"[A-Za-z][\xc0-\xff]+[A-Za-z]")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    # Before UTF-16: its little-endian mark is the beginning of this one's.
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True, slots=True)
class Sections:
    """Decoded parts of one file, in order. ``lengths`` are their sizes in bytes.

    ``whole``: there is one part and it is the entire file. ``size`` is the file's, in bytes, None
    where the parts are a cut of something longer.
    """

    parts: tuple[str, ...]
    lengths: tuple[int, ...]
    whole: bool
    size: int | None = None

    def scaled(self, count: int) -> int:
        """Return what a count over the parts comes to over the whole file."""
        read = sum(self.lengths)
        if self.whole or self.size is None or not read:
            return count
        return round(count * max(self.size, read) / read)


def encoding_of(head: bytes) -> str | None:
    """Return the codec that reads ``head`` as text, or None where it is not text."""
    if not head:
        return None
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name if _is_plausible(decoded(head[:4096], name)) else None
    if b"\x00" in head[:4096]:
        return _utf16(head[:4096])
    if len(head) - len(head.translate(None, _CONTROL)) > len(head) // 200:
        return None
    return _eight_bit(head)


def decoded(data: bytes, encoding: str) -> str:
    """Decode, replacing what does not fit: a window may start inside a character."""
    return data.decode(encoding, "replace").removeprefix("\ufeff")


def _eight_bit(head: bytes) -> str | None:
    try:
        # A cut last character is no fault.
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        if len(_HIGH.findall(head)) > 0.3 * len(head):
            return None
        return (
            "cp850"
            if len(_DOS_ACCENT.findall(head)) > len(_ANSI_ACCENT.findall(head))
            else "cp1252"
        )
    return "utf-8"


def _utf16(sample: bytes) -> str | None:
    for name, zeros in (("utf-16-le", sample[1::2]), ("utf-16-be", sample[0::2])):
        if zeros.count(0) >= 0.7 * len(zeros) and _is_plausible(decoded(sample, name)):
            return name
    return None


def _is_plausible(text: str) -> bool:
    bad = sum(char == "\ufffd" or (char < " " and char not in "\t\n\r\x0b\x0c") for char in text)
    return bool(text) and bad <= len(text) // 100
