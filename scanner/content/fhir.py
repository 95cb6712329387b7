"""FHIR resources in clear, in JSON, a line each or in XML: patients, and who refers to them."""

from __future__ import annotations

from typing import Final

from scanner.content.nir import count_in_text
from scanner.content.patterns import Pattern
from scanner.content.text import Sections
from scanner.content.xmls import is_xml
from scanner.model.content import ContentFacts, ContentState, DataClass, DataKind

_MOST: Final = 20_000
_JSON_TYPE: Final = Pattern(r'"resourceType"\s{0,8}:\s{0,8}"([A-Za-z]{1,64})"')
_JSON_NAME: Final = Pattern(
    r'"(?:family|given|birthDate)"\s{0,8}:\s{0,8}(?:\[\s{0,64})?"[^"]{1,200}"'
)
_JSON_REFERENCE: Final = Pattern(
    r'"reference"\s{0,8}:\s{0,8}"(?:[^"]{0,200}/)?Patient/([^"/]{1,64})"'
)
_XML_NAMESPACE: Final = 'xmlns="http://hl7.org/fhir"'
_XML_TYPE: Final = Pattern(r"<([A-Z][A-Za-z]{1,63})[\s>]")
_XML_NAME: Final = Pattern(r'<(?:family|given|birthDate)\s{1,8}value="[^"]{1,200}"')
_XML_REFERENCE: Final = Pattern(r'<reference\s{1,8}value="(?:[^"]{0,200}/)?Patient/([^"/]{1,64})"')


def read_fhir(sections: Sections) -> ContentFacts | None:
    """Return facts of FHIR text, or None where it is none.

    Patients are those with a name or a birth; without them, references to patients beside other
    resources are pseudonymised health data.
    """
    first = sections.parts[0]
    if first.lstrip()[:1] in {"{", "["} and '"resourceType"' in first[:65_536]:
        found = _Found(_JSON_TYPE, _JSON_NAME, _JSON_REFERENCE)
    elif is_xml(first) and _XML_NAMESPACE in first[:65_536]:
        found = _Found(_XML_TYPE, _XML_NAME, _XML_REFERENCE)
    else:
        return None
    for part in sections.parts:
        found.read(part)
    return found.facts(sections)


class _Found:
    """What the parts of one file hold."""

    def __init__(self, kind: Pattern, name: Pattern, reference: Pattern) -> None:
        self._patterns = (kind, name, reference)
        self._patients = 0
        self._professionals = 0
        self._names = 0
        self._nirs = 0
        self._referred: set[str] = set()
        self._references = 0

    def read(self, part: str) -> None:
        kind, name, reference = self._patterns
        kinds = [found for _, found in kind.spans(part, _MOST)]
        self._patients += kinds.count("Patient")
        self._professionals += kinds.count("Practitioner")
        self._names += sum(1 for _ in name.spans(part, _MOST))
        self._nirs += count_in_text(part)
        for _, who in reference.spans(part, _MOST):
            self._references += 1
            self._referred.add(who or "")

    def facts(self, sections: Sections) -> ContentFacts:
        kinds = []
        persons: int | None = None
        if self._patients and self._names:
            kinds.append(_kind("fhir-patient", DataClass.HEALTH, self._patients))
            persons = sections.scaled(self._patients)
        elif self._references:
            kinds.append(_kind("pseudonymised-health", DataClass.HEALTH, self._references))
            persons = sections.scaled(len(self._referred))
        elif self._professionals and self._names:
            kinds.append(_kind("full-name", DataClass.PERSONAL, self._professionals))
            persons = sections.scaled(self._professionals)
        if self._nirs:
            kinds.append(_kind("nir", DataClass.PERSONAL, self._nirs))
        return ContentFacts(format="fhir", state=ContentState.CLEAR, kinds=tuple(kinds),
                            persons=persons)  # fmt: skip


def _kind(kind: str, data_class: DataClass, count: int) -> DataKind:
    return DataKind(kind=kind, data_class=data_class, count=count)
