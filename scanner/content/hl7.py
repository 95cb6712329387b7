"""HL7 version 2 messages in clear: patients by their PID segments."""

from __future__ import annotations

import re
from typing import Final

from scanner.content.nir import is_nir
from scanner.content.text import Sections
from scanner.model.content import ContentFacts, ContentState, DataClass, DataKind

_START: Final = re.compile(r"[\x0b\s]{0,4}(?:(?:FHS|BHS)\|[^\r\n]{0,2000}[\r\n]{1,2}){0,2}MSH\|")
_LINE: Final = re.compile(r"[\r\n]+")


def read_hl7(sections: Sections) -> ContentFacts | None:
    """Return facts of HL7 v2 text, or None where it is none."""
    if not _START.match(sections.parts[0]):
        return None
    patients, nirs = 0, 0
    for part in sections.parts:
        for line in _LINE.split(part):
            fields = line[:4000].split("|")
            if fields[0] != "PID" or not any(fields[3:9]):
                continue
            patients += 1
            nirs += any(is_nir(piece) for field in fields[2:20] for piece in field.split("^")[:12])
    kinds = []
    if patients:
        kinds.append(DataKind(kind="hl7-patient", data_class=DataClass.HEALTH, count=patients))
    if nirs:
        kinds.append(DataKind(kind="nir", data_class=DataClass.PERSONAL, count=nirs,
                              valid_share=round(nirs / patients, 3)))  # fmt: skip
    return ContentFacts(format="hl7v2", state=ContentState.CLEAR, kinds=tuple(kinds))
