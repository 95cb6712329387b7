"""CDA documents (HL7 Clinical Document Architecture) in clear: patients by ``recordTarget``."""

from __future__ import annotations

from scanner.content.patients import Patients
from scanner.content.text import Sections
from scanner.content.xmls import Tag, is_xml, root_of, tags_of
from scanner.model.content import ContentFacts

_MOST_TARGETS = 1000


def read_cda(sections: Sections) -> ContentFacts | None:
    """Return facts of a CDA document, or None where it is none.

    A patient is named where the target has a family or given name, or a birth time.
    """
    first = sections.parts[0]
    if not is_xml(first) or root_of(first) != "ClinicalDocument":
        return None
    patients = Patients("cda")
    for part in sections.parts:
        target: list[Tag] | None = None
        count = 0
        for tag in tags_of(part):
            if tag.name == "recordTarget":
                if tag.closing and target is not None and count < _MOST_TARGETS:
                    _add(patients, target)
                    count += 1
                target = None if tag.closing else []
            elif target is not None:
                target.append(tag)
        if target:
            _add(patients, target)  # the sample ends inside
    return patients.facts("cda", sections)


def _add(patients: Patients, target: list[Tag]) -> None:
    names = [
        tag.before.strip() for tag in target if tag.closing and tag.name in {"family", "given"}
    ]
    births = [tag.cells().get("value", "") for tag in target if tag.name == "birthTime"]
    numbers = tuple(tag.cells().get("extension", "") for tag in target if tag.name == "id")
    named = any(names) or any(births)
    if named or any(numbers):
        patients.add((*names, *births, *numbers), named=named, cells=numbers)
