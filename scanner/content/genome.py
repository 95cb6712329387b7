"""Genetic data in clear: VCF with samples, and the tables of direct-to-consumer tests.

A genotype is about a person whatever the sample is called (GDPR art. 4(13)). A VCF without sample
columns lists variants of nobody. vCards share the extension, and nothing else.
"""

from __future__ import annotations

from typing import Final

from scanner.content.patterns import Pattern
from scanner.content.text import Sections
from scanner.model.content import ContentFacts, ContentState, DataClass, DataKind

_FIXED_COLUMNS: Final = 9  # CHROM to FORMAT
_ARRAY_LINE: Final = Pattern(
    r"(?m)^\"?rs\d{1,12}\"?[\t,]\"?(?:\d{1,2}|X|Y|MT)\"?[\t,]\"?\d{1,10}\"?[\t,]\"?[ACGTDI-]{1,2}\"?\r?$"
)
_LEAST_LINES: Final = 20


def read_genome(sections: Sections) -> ContentFacts | None:
    """Return facts of genotypes, or None where there are none."""
    first = sections.parts[0]
    if first.startswith("##fileformat=VCF"):
        return _facts("vcf", _samples(first))
    if first.startswith(("#", "rsid", '"rs', "rs", "RSID")):
        lines = sum(1 for _ in _ARRAY_LINE.places(first, _LEAST_LINES))
        if lines >= _LEAST_LINES:
            return _facts("genotypes", 1)
    return None


def _samples(text: str) -> int:
    """Return how many sample columns the header line names."""
    start = text.find("\n#CHROM\t")
    if start < 0:
        return 0
    columns = text[start + 1 :].split("\n", 1)[0].rstrip("\r").split("\t")
    return max(len(columns) - _FIXED_COLUMNS, 0)


def _facts(name: str, persons: int) -> ContentFacts:
    kinds = (DataKind(kind="genome", data_class=DataClass.HEALTH, count=persons),)
    return ContentFacts(format=name, state=ContentState.CLEAR, kinds=kinds if persons else (),
                        persons=persons or None)  # fmt: skip
