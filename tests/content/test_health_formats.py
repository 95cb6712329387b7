"""Health formats: whose data, how many of them, and what only looks like one."""

from __future__ import annotations

import json

import pytest

from scanner.demo.generator import hl7_messages, invent_people
from scanner.model.content import ContentFacts, ContentState, DataClass
from tests.content.driving import facts_of, kinds
from tests.content.health_samples import (
    cda,
    dicom,
    fhir_bundle,
    fhir_lines,
    fhir_xml,
    genotypes,
    hprim_medecins,
    hprim_sante,
    vcf,
)

PEOPLE = invent_people(40, seed=3)
PERSON = PEOPLE[0]


def told(facts: ContentFacts) -> dict[str, int]:
    return {kind.kind: kind.count for kind in facts.kinds}


def test_hl7_messages_of_one_patient_are_one_person() -> None:
    twice = hl7_messages(PEOPLE) + hl7_messages(PEOPLE)
    assert told(facts_of(twice)) == {"hl7-patient": 80, "nir": 80}
    assert facts_of(twice).persons == 40


def test_hl7_may_be_framed_batched_or_have_its_own_separator() -> None:
    plain = hl7_messages(PEOPLE)
    batch = b"FHS|^~\\&|LABO\rBHS|^~\\&|LABO\r" + plain
    assert told(facts_of(b"\x0b" + plain + b"\x1c\r")) == {"hl7-patient": 40, "nir": 40}
    assert told(facts_of(batch)) == {"hl7-patient": 40, "nir": 40}
    odd = plain.replace(b"|", b"$")
    assert told(facts_of(odd)) == {"hl7-patient": 40, "nir": 40}


def test_hl7_without_names_is_pseudonymised() -> None:
    data = b"MSH|^~\\&|A|B|C|D|2020||ORU^R01|1|P|2.5\rPID|1||A17^^^X||||\rOBX|1|NM|GLY||5.1\r"
    facts = facts_of(data)
    assert (told(facts), facts.persons) == ({"pseudonymised-health": 1}, 1)


@pytest.mark.parametrize("delimiters", ["~^\\&", "\\^&~", "^~\\&"])
def test_hprim_sante_is_read_in_every_order_of_delimiters(delimiters: str) -> None:
    facts = facts_of(hprim_sante(PEOPLE, delimiters))
    assert (facts.format, facts.state) == ("hprim-sante", ContentState.CLEAR)
    assert (told(facts), facts.persons) == ({"hprim-patient": 40, "nir": 40}, 40)


@pytest.mark.parametrize("count", [1, 40])
def test_hprim_medecins_is_read_by_the_place_of_its_lines(count: int) -> None:
    facts = facts_of(hprim_medecins(PEOPLE[:count]))
    assert (facts.format, facts.persons) == ("hprim-medecins", count)
    assert told(facts) == {"hprim-patient": count, "nir": count}
    assert told(facts_of(hprim_medecins(PEOPLE[:1], mark=False))) == {"hprim-patient": 1, "nir": 1}


def test_a_letter_is_no_hprim() -> None:
    letter = b"Note\nJean\nPaul\n\n\n\nhello\n\n\n\n\n\n\n****FIN****\n"
    assert facts_of(letter).kinds == ()
    lines = "\n".join(f"line {number}" for number in range(40)).encode()
    assert facts_of(lines).kinds == ()


def test_a_cda_document_has_one_patient_and_its_author_is_none() -> None:
    facts = facts_of(cda(PERSON))
    assert (facts.format, facts.persons) == ("cda", 1)
    assert told(facts) == {"cda-patient": 1, "nir": 1}
    assert told(facts_of(cda(PERSON, named=False))) == {"pseudonymised-health": 1}


def test_a_cda_is_found_behind_a_stylesheet_prefixes_and_in_utf16() -> None:
    text = cda(PERSON).decode()
    styled = text.replace("\n<Clin", '\n<?xml-stylesheet href="a.xsl"?>\n<!-- demo -->\n<Clin')
    assert kinds(facts_of(styled.encode())) == {"cda-patient", "nir"}
    assert kinds(facts_of(text.encode("utf-16"))) == {"cda-patient", "nir"}
    prefixed = text.replace("</", "</x:").replace("<", "<x:").replace("<x:/x:", "</x:")
    assert kinds(facts_of(prefixed.replace("<x:?", "<?").encode())) == {"cda-patient", "nir"}


@pytest.mark.parametrize("indent", [None, 2])
def test_a_fhir_bundle_names_its_patients(indent: int | None) -> None:
    facts = facts_of(fhir_bundle(PEOPLE, indent=indent))
    assert (facts.format, facts.persons) == ("fhir", 40)
    assert told(facts) == {"fhir-patient": 40, "nir": 40}


def test_fhir_comes_a_line_each_and_in_xml() -> None:
    assert told(facts_of(fhir_lines(PEOPLE))) == {"fhir-patient": 40, "nir": 40}
    assert told(facts_of(fhir_xml(PERSON))) == {"fhir-patient": 1}


def test_fhir_that_only_refers_to_patients_is_pseudonymised() -> None:
    facts = facts_of(fhir_bundle(PEOPLE, patients=False))
    assert (told(facts), facts.persons) == ({"pseudonymised-health": 40}, 40)


def test_fhir_definitions_are_about_nobody() -> None:
    words = {"resourceType": "ValueSet", "name": "Patient", "title": "kinds of Patient"}
    facts = facts_of(json.dumps(words).encode())
    assert (facts.format, facts.kinds, facts.persons) == ("fhir", (), None)


@pytest.mark.parametrize(
    "syntax", ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"]
)
def test_a_dicom_file_names_its_patient_in_every_byte_order(syntax: str) -> None:
    name = f"{PERSON.surname}^{PERSON.first_name}"
    facts = facts_of(dicom(name, "A17", "19500101", syntax=syntax))
    assert (facts.format, facts.state, facts.persons) == ("dicom", ContentState.CLEAR, 1)
    assert told(facts) == {"dicom-patient": 1}


def test_an_anonymised_dicom_file_is_pseudonymised_and_an_empty_one_is_nobodys() -> None:
    assert told(facts_of(dicom("ANONYMOUS", "A17"))) == {"pseudonymised-health": 1}
    assert facts_of(dicom("", "")).kinds == ()


def test_a_vcf_is_genetic_data_of_its_samples_only() -> None:
    facts = facts_of(vcf(["NA1", "NA2", "NA3"]))
    assert (facts.format, told(facts), facts.persons) == ("vcf", {"genome": 3}, 3)
    assert [kind.data_class for kind in facts.kinds] == [DataClass.HEALTH]
    assert facts_of(vcf([])).kinds == ()


def test_genotypes_of_a_test_at_home_are_genetic_data() -> None:
    assert told(facts_of(genotypes(500))) == {"genome": 1}
    assert facts_of(b"# rsid\tchromosome\tposition\tgenotype\n").kinds == ()


def test_persons_are_estimated_over_the_whole_of_a_big_file() -> None:
    many = invent_people(6000, seed=8)
    facts = facts_of(hl7_messages(many))
    assert facts.bytes_read < 300_000
    assert facts.persons == pytest.approx(6000, rel=0.1)


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "cp850", "utf-8", "utf-16", "utf-32"])
def test_accents_are_read_in_the_encodings_of_old_systems(encoding: str) -> None:
    rows = "".join(f"{p.surname};{p.first_name}élise;{p.phone}\n" for p in PEOPLE)
    facts = facts_of(("Nom;Prénom;Téléphone\n" + rows).encode(encoding))
    assert [column.name for column in facts.columns] == ["surname", "first-name", "phone"]
