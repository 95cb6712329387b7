"""HL7 version 2 messages in clear: patients by their PID segments."""

from __future__ import annotations

from typing import Final

from scanner.content.patients import Patients
from scanner.content.text import Sections
from scanner.model.content import ContentFacts
from scanner.model.late import late

_START: Final = late(
    r"[\x0b\s]{0,4}(?:(?:FHS|BHS)[^\w\s][^\r\n]{0,2000}[\r\n]{1,2}){0,2}MSH([^\w\s])"
)
_LINE: Final = late(r"[\r\n]+")


def read_hl7(sections: Sections) -> ContentFacts | None:
    """Return facts of HL7 v2 text, or None where it is none. MLLP and file headers may precede.

    A patient is named where PID-5 holds a name.
    """
    start = _START.match(sections.parts[0])
    if start is None:
        return None
    patients = Patients("hl7")
    for part in sections.parts:
        for line in _LINE.split(part):
            fields = line[:4000].split(start[1])
            if fields[0].lstrip("\x0b") == "PID" and any(fields[2:9]):
                fields += [""] * (20 - len(fields))
                pieces = tuple(piece for field in fields[2:20] for piece in field.split("^")[:12])
                identity = tuple(fields[2:5]) if any(fields[2:5]) else (fields[5], fields[7])
                patients.add(identity, named=any(map(str.isalpha, fields[5])), cells=pieces)
    return patients.facts("hl7v2", sections)
