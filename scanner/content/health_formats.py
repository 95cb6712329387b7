"""The health formats that are text, in the order in which they are tried. Add a reader here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from scanner.content.cda import read_cda
from scanner.content.fhir import read_fhir
from scanner.content.genome import read_genome
from scanner.content.hl7 import read_hl7
from scanner.content.hprim import read_hprim_medecins, read_hprim_sante
from scanner.content.text import Sections
from scanner.model.content import ContentFacts

HEALTH_READERS: Final[tuple[Callable[[Sections], ContentFacts | None], ...]] = (
    read_hl7,
    read_hprim_sante,
    read_cda,
    read_fhir,
    read_genome,
    read_hprim_medecins,
)
"""Each returns facts where the text is of its format, else None."""
