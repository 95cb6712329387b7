"""HPRIM messages in clear, the French relatives of HL7: *Santé* (segments) and *Médecins* (lines).

HPRIM Santé names its delimiters in the H segment, in one of two orders. HPRIM Médecins has no
markup: twelve lines, or thirteen, that mean by their place, then free text to ``****FIN****``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from scanner.content.patients import Patients
from scanner.content.text import Sections
from scanner.model.content import ContentFacts
from scanner.model.late import late

_SEGMENTS: Final = late(r"[\x0b\s]{0,4}H([|!:;])(?:~\^\\&|\\\^&~|~\^&\\|\^~\\&)\1?")
_LINE: Final = late(r"\r\n|[\r\n]")
_MARK: Final = late(r"\*{3,4}(LAB|FIN[A-Z]{0,8})\*{3,4}\s*")
_TOWN: Final = late(r"\d{5}\s+\D{2,60}")
_DAY: Final = late(r"\d{2}[/.-]?\d{2}[/.-]?(?:19|20)?\d{2}")
_NAME: Final = late(r"[^\W\d_][^\d|;=<>{}\t]{0,60}")
_HEADER: Final = 13
_SURNAME, _FIRST_NAME, _TOWN_AT, _BIRTH, _NIR, _EXAM_DAY = 1, 2, 5, 6, 7, 9


def read_hprim_sante(sections: Sections) -> ContentFacts | None:
    """Return facts of an HPRIM Santé file, or None where it is none. Patients are P segments."""
    start = _SEGMENTS.match(sections.parts[0])
    if start is None:
        return None
    patients = Patients("hprim")
    for part in sections.parts:
        for line in _LINE.split(part):
            fields = line[:4000].split(start[1])
            if fields[0] == "P" and any(fields[2:9]):
                fields += [""] * (9 - len(fields))
                pieces = tuple(re.split(r"[~^\\&]", "~".join(fields[2:30]), maxsplit=120))
                identity = tuple(fields[2:5]) if any(fields[2:5]) else (fields[5], fields[7])
                patients.add(identity, named=any(map(str.isalpha, fields[5])), cells=pieces)
    return patients.facts("hprim-sante", sections)


def read_hprim_medecins(sections: Sections) -> ContentFacts | None:
    """Return facts of an HPRIM Médecins file, or None where it is none.

    The first twelve lines must look the part: names, a town after its postcode, a birth and the
    day of the examination. A closing mark makes up for the town or for that day.
    """
    patients = Patients("hprim")
    for number, header in enumerate(_headers(sections)):
        if not _is_header(header, closed=_has_mark(sections)):
            if number == 0:
                return None
            continue
        identity = (header[_SURNAME], header[_FIRST_NAME], header[_BIRTH])
        patients.add(identity, named=True, cells=(header[_NIR], header[_NIR + 1]))
    facts = patients.facts("hprim-medecins", sections)
    return facts if facts.kinds else None


def _headers(sections: Sections) -> Iterator[list[str]]:
    """Yield the first lines of the file, and those after each closing mark."""
    for number, part in enumerate(sections.parts):
        # A window starts inside a message: its first header is the one after a mark.
        header: list[str] | None = [] if number == 0 else None
        for line in _lines(part):
            mark = _MARK.match(line)
            if mark is None and header is not None and len(header) < _HEADER:
                header.append(line[:200].strip())
                if len(header) == _HEADER:
                    yield header
            elif mark is not None and mark[1] != "LAB":
                header = []
        if header is not None and _EXAM_DAY < len(header) < _HEADER:
            yield header + [""] * (_HEADER - len(header))


def _lines(part: str) -> Iterator[str]:
    at = 0
    for end in _LINE.finditer(part):
        yield part[at : end.start()]
        at = end.end()
    yield part[at:]


def _has_mark(sections: Sections) -> bool:
    return any(mark in part for part in sections.parts for mark in ("****FIN", "****LAB"))


def _is_header(lines: list[str], *, closed: bool) -> bool:
    names = all(_NAME.fullmatch(lines[at]) for at in (_SURNAME, _FIRST_NAME))
    born = bool(_DAY.fullmatch(lines[_BIRTH]))
    dated = bool(_DAY.fullmatch(lines[_EXAM_DAY]))
    placed = bool(_TOWN.fullmatch(lines[_TOWN_AT]))
    if closed:
        return names and born and (dated or placed)
    return names and born and dated and placed
