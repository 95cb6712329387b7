"""Health files of invented people, in every format that is recognised."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence

from scanner.demo.generator import Person


def hprim_sante(people: Sequence[Person], delimiters: str = "~^\\&") -> bytes:
    lines = [f"H|{delimiters}|labo.hpr||LABO^DEMO||ORU|||||||P|H2.1|20200101"]
    for number, person in enumerate(people, 1):
        lines += [
            (
                f"P|{number}|P{number}||{person.nir}|{person.surname}~{person.first_name}||"
                f"{person.born:%Y%m%d}|U"
            ),
            f"OBR|1||E{number}|GLY^Glycemie",
            "OBX|1|NM|GLY||5.1|mmol/L|||||F",
        ]
    return "\r\n".join([*lines, f"L|1||{len(people)}|{len(lines)}", ""]).encode("latin-1")


def hprim_medecins(people: Sequence[Person], *, mark: bool = True) -> bytes:
    texts = []
    for number, person in enumerate(people, 1):
        lines = [
            f"DOSSIER{number}",
            person.surname,
            person.first_name,
            "1 rue de nulle part",
            "",
            "00000 NULLEVILLE",
            f"{person.born:%d/%m/%Y}",
            person.nir,
            f"REF{number}",
            "01/02/2020",
            "LABO DEMO",
            "DR DEMO",
            "Glycemie a jeun : 5,1 mmol/L",
        ]
        texts.append("\r\n".join(lines + (["****FIN****"] if mark else [])))
    return ("\r\n".join(texts) + "\r\n").encode("cp850")


def cda(person: Person, *, named: bool = True) -> bytes:
    name = f"<name><family>{person.surname}</family><given>{person.first_name}</given></name>"
    birth = f'<birthTime value="{person.born:%Y%m%d}"/>'
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<ClinicalDocument xmlns="urn:hl7-org:v3"><title>Compte rendu</title>'
        '<recordTarget><patientRole><id extension="'
        f'{person.nir if named else "A17"}" root="1.2.250.1.213.1.4.8"/>'
        f"<patient>{name + birth if named else ''}</patient></patientRole></recordTarget>"
        "<author><assignedAuthor><assignedPerson><name><family>DEMO</family></name>"
        "</assignedPerson></assignedAuthor></author>"
        "<component><section><text>rien a signaler</text></section></component>"
        "</ClinicalDocument>\n"
    ).encode()


def fhir_patient(person: Person, number: int) -> dict[str, object]:
    return {
        "resourceType": "Patient",
        "id": f"p{number}",
        "identifier": [{"system": "urn:oid:1.2.250.1.213.1.4.8", "value": person.nir}],
        "name": [{"family": person.surname, "given": [person.first_name]}],
        "birthDate": person.born.isoformat(),
    }


def fhir_observation(number: int) -> dict[str, object]:
    return {
        "resourceType": "Observation",
        "code": {"coding": [{"system": "http://loinc.org", "code": "2345-7"}]},
        "subject": {"reference": f"Patient/p{number}"},
        "valueQuantity": {"value": 5.1, "unit": "mmol/L"},
    }


def fhir_bundle(
    people: Sequence[Person], *, patients: bool = True, indent: int | None = 2
) -> bytes:
    entries: list[dict[str, object]] = []
    for number, person in enumerate(people):
        if patients:
            entries.append({"resource": fhir_patient(person, number)})
        entries.append({"resource": fhir_observation(number)})
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    return json.dumps(bundle, indent=indent).encode()


def fhir_lines(people: Sequence[Person]) -> bytes:
    lines = [json.dumps(fhir_patient(person, number)) for number, person in enumerate(people)]
    return ("\n".join(lines) + "\n").encode()


def fhir_xml(person: Person) -> bytes:
    return (
        '<?xml version="1.0"?><Patient xmlns="http://hl7.org/fhir"><name>'
        f'<family value="{person.surname}"/><given value="{person.first_name}"/></name>'
        f'<birthDate value="{person.born}"/></Patient>'
    ).encode()


def dicom(name: str, number: str, birth: str = "", *, syntax: str = "1.2.840.10008.1.2.1") -> bytes:
    """A file with a patient module and no image, in one of three transfer syntaxes."""
    order = ">" if syntax.endswith(".1.2.2") else "<"
    explicit = syntax != "1.2.840.10008.1.2"
    sequence = struct.pack(order + "HH", 0x0008, 0x1115)
    sequence += struct.pack("2sH", b"SQ", 0) if explicit else b""
    sequence += struct.pack(order + "I", 0xFFFFFFFF)
    sequence += struct.pack(order + "HHI", 0xFFFE, 0xE0DD, 0)
    body = (
        sequence
        + _element(order, 0x0010, 0x0010, b"PN", name, explicit=explicit)
        + _element(order, 0x0010, 0x0020, b"LO", number, explicit=explicit)
        + _element(order, 0x0010, 0x0030, b"DA", birth, explicit=explicit)
        + _element(order, 0x0028, 0x0004, b"CS", "MONOCHROME2", explicit=explicit)
    )
    header = _element("<", 0x0002, 0x0010, b"UI", syntax, explicit=True)
    return bytes(128) + b"DICM" + header + body + bytes(64)


def _element(
    order: str, group: int, element: int, kind: bytes, text: str, *, explicit: bool
) -> bytes:
    value = text.encode() + (b" " if len(text) % 2 else b"")
    head = struct.pack(order + "HH", group, element)
    if explicit:
        return head + kind + struct.pack(order + "H", len(value)) + value
    return head + struct.pack(order + "I", len(value)) + value


def vcf(samples: Sequence[str]) -> bytes:
    columns = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO"]
    if samples:
        columns += ["FORMAT", *samples]
    lines = ["##fileformat=VCFv4.2", "##source=demo", "\t".join(columns)]
    for position in range(1000, 1200):
        cells = ["1", str(position), f"rs{position}", "A", "G", "50", "PASS", "."]
        lines.append("\t".join(cells + (["GT", *["0/1" for _ in samples]] if samples else [])))
    return ("\n".join(lines) + "\n").encode()


def genotypes(count: int) -> bytes:
    lines = ["# rsid\tchromosome\tposition\tgenotype"]
    lines += [f"rs{number}\t{number % 22 + 1}\t{number * 97}\tAG" for number in range(1, count + 1)]
    return ("\r\n".join(lines) + "\r\n").encode()


def vcards(people: Sequence[Person]) -> bytes:
    cards = [
        f"BEGIN:VCARD\r\nVERSION:3.0\r\nN:{person.surname};{person.first_name};;;\r\n"
        f"FN:{person.first_name} {person.surname.capitalize()}\r\nTEL;TYPE=CELL:{person.phone}\r\n"
        f"EMAIL:{person.login}@example.org\r\nEND:VCARD\r\n"
        for person in people
    ]
    return "".join(cards).encode()
