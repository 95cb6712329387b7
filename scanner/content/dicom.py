"""DICOM files in clear: the patient module of the data set (PS3.3 C.7.1.1, PS3.10 chapter 7)."""

from __future__ import annotations

import struct
from typing import Final

from scanner.content.patients import Patients
from scanner.content.ranges import Asking
from scanner.content.scene import Scene
from scanner.model.content import ContentFacts

_PREAMBLE: Final = 128
_SYNTAX: Final = (0x0002, 0x0010)
_NAME: Final = (0x0010, 0x0010)
_NUMBER: Final = (0x0010, 0x0020)
_BIRTH: Final = (0x0010, 0x0030)
_REMOVED: Final = (0x0012, 0x0062)
_LAST: Final = 0x0012
_IMPLICIT: Final = b"1.2.840.10008.1.2"
_BIG_ENDIAN: Final = b"1.2.840.10008.1.2.2"
_LONG: Final = frozenset(
    [b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"]
)
_UNDEFINED: Final = 0xFFFFFFFF
_MOST_ELEMENTS: Final = 2000
_MOST_VALUE: Final = 512
_NOBODY: Final = frozenset(["", "anon", "anonymous", "anonymized", "anonymised", "anonyme", "none",
                            "unknown", "phantom", "test"])  # fmt: skip


def recognise_dicom(scene: Scene) -> Asking[ContentFacts | None]:
    """Return facts of a DICOM file, or None where the bytes are none."""
    yield from ()
    if scene.head[_PREAMBLE : _PREAMBLE + 4] != b"DICM":
        return None
    found = _elements(scene.head)
    patients = Patients("dicom")
    name, number, birth = (_text(found.get(tag, b"")) for tag in (_NAME, _NUMBER, _BIRTH))
    removed = _text(found.get(_REMOVED, b"")).upper() == "YES"
    named = not removed and (name.strip("^ ").lower() not in _NOBODY or bool(birth))
    if named or number:
        patients.add((name, number), named=named, cells=(number,))
    return patients.facts("dicom")


def _elements(head: bytes) -> dict[tuple[int, int], bytes]:
    """Return the elements of the file's header and of its first groups, values cut."""
    found: dict[tuple[int, int], bytes] = {}
    at = _PREAMBLE + 4
    for _ in range(_MOST_ELEMENTS):
        syntax = found.get(_SYNTAX, b"").rstrip(b"\x00 ")
        # The file's own header (group 2) is always explicit and little-endian.
        in_header = head[at : at + 2] == b"\x02\x00"
        order = ">" if syntax == _BIG_ENDIAN and not in_header else "<"
        element = _element(head, at, order, explicit=in_header or syntax != _IMPLICIT)
        if element is None or element[0][0] > _LAST:
            break
        tag, start, length = element
        if length == _UNDEFINED:
            # A sequence without length ends at its delimiter; none of these tags is inside one.
            end = head.find(struct.pack(order + "HHI", 0xFFFE, 0xE0DD, 0), start)
            if end < 0:
                break
            at = end + 8
            continue
        found.setdefault(tag, head[start : start + min(length, _MOST_VALUE)])
        at = start + length
    return found


def _element(
    head: bytes, at: int, order: str, *, explicit: bool
) -> tuple[tuple[int, int], int, int] | None:
    """Return tag, where the value starts, and its length; None at the end of the sample."""
    if at + 12 > len(head):
        return None
    group, element = struct.unpack_from(order + "HH", head, at)
    kind = head[at + 4 : at + 6]
    if not explicit or group == 0xFFFE:
        return (group, element), at + 8, struct.unpack_from(order + "I", head, at + 4)[0]
    if kind in _LONG:
        return (group, element), at + 12, struct.unpack_from(order + "I", head, at + 8)[0]
    return (group, element), at + 8, struct.unpack_from(order + "H", head, at + 6)[0]


def _text(value: bytes) -> str:
    return value.decode("latin-1").strip("\x00 ")
