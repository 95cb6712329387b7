"""Held-out health messages, and packed files. Written without sight of the detectors."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from random import Random
from typing import Final

from bench.heldout_people import Person, digits, people, person
from bench.heldout_records import RECORDS
from bench.heldout_tables import TABLES, Made


def pid(one: Person, signs: str = "|^~\\&") -> str:
    """Return a PID segment with the separators of a message."""
    bar, hat = signs[0], signs[1]
    cells = ["PID", "1", "", hat.join((one.record, "", "", "CHV", "PI")), "",
             hat.join((one.surname.upper(), one.first)), "", f"{one.born:%Y%m%d}", one.sex, "", "",
             hat.join((one.street, "", one.town, "", one.postcode)), "", one.phone]  # fmt: skip
    return bar.join(cells)


def admissions(chance: Random) -> Made:
    one = person(chance, "fr")
    text = (
        "MSH|^~\\&|GAM|CHV|DPI|CHV|20240115083000||ADT^A01^ADT_A01|"
        f"{digits(chance, 6)}|P|2.5|||||FRA|8859/1\rEVN||20240115083000\r{pid(one)}\r"
        "PV1|1|I|CARD^101^1|||||||||||||||||24000123\r"
    )
    return text.encode("latin-1"), "hl7-patient"


def results(chance: Random) -> Made:
    one = person(chance, "it")
    text = (
        f"MSH|^~\\&|LIS|LAB|HIS|OSP|202401151200||ORU^R01|{digits(chance, 5)}|P|2.3.1\n{pid(one)}\n"
        "ORC|RE|4711\nOBR|1|4711||GLU^Glucosio\n"
        f"OBX|1|NM|2345-7^Glucose^LN||{chance.randrange(60, 300)}|mg/dl|70-110|H|||F\n"
        "ZLR|1|conservato\n"
    )
    return text.encode(), "hl7-patient"


def odd_separators(chance: Random) -> Made:
    signs = chance.choice(("#^~\\&", "|*~\\&", "$@~\\&"))
    one = person(chance, "gb")
    bar, hat = signs[0], signs[1]
    head = bar.join((f"MSH{signs}", "PAS", "THB", "EPR", "THB", "20240102", "",
                     f"ADT{hat}A08", "77", "P", "2.4"))  # fmt: skip
    return f"{head}\r\n{pid(one, signs)}\r\n".encode(), "hl7-patient"


def hl7_batch(chance: Random) -> Made:
    lines = ["FHS|^~\\&|LIS|LAB|||20240115", "BHS|^~\\&|LIS|LAB|||20240115"]
    for n, one in enumerate(people(chance, "nl", 3, 12)):
        lines += [f"MSH|^~\\&|LIS|LAB|HIS|ZH|20240115||ORU^R01|{n}|P|2.4", pid(one),
                  "OBR|1|||CRP", f"OBX|1|NM|CRP||{chance.randrange(1, 90)}|mg/l"]  # fmt: skip
    lines += ["BTS|9", "FTS|1"]
    return "\r".join(lines).encode(), "hl7-patient"


def hl7_framed(chance: Random) -> Made:
    parts = [
        f"\x0bMSH|^~\\&|A|B|C|D|20240101||SIU^S12|{n}|P|2.5\rSCH|1\r{pid(one)}\rAIG|1||Dr\r\x1c\r"
        for n, one in enumerate(people(chance, "de", 2, 6))
    ]
    return "".join(parts).encode(), "hl7-patient"


def hprim(chance: Random) -> Made:
    lines = ["H|~^\\&|RES0115.HPR||LABO^Laboratoire du Lavoir||ORU|||CHV||P|H2.1^C|20240115"]
    for n, one in enumerate(people(chance, "fr", 1, 6), 1):
        lines += [
            (
                f"P|{n}|{one.record}||{digits(chance, 7)}|{one.surname.upper()}^{one.first}||"
                f"{one.born:%Y%m%d}|{one.sex}||{one.street}^^{one.town}^^{one.postcode}"
            ),
            "OBR|1|||GLY^Glycémie",
            f"OBX|1|NM|GLY^Glycémie||{chance.randrange(4, 12)}|mmol",
        ]
    lines.append("L|1||3|9")
    return "\r\n".join(lines).encode("latin-1"), "hprim-patient"


def hprim_doctors(chance: Random) -> Made:
    one = person(chance, "fr")
    text = "\r\n".join((
        one.record, one.surname.upper(), one.first.upper(), one.street, "",
        f"{one.postcode} {one.town.upper()}", f"{one.born:%d/%m/%Y}", one.number, digits(chance, 8),
        "15/01/2024", "LABO01      LABORATOIRE DU LAVOIR", "MED77       DR ORVAULT", "",
        "Hématologie", "Hémoglobine : 13,2 g/dl", "****FIN****", "****FINFICHIER****", "",
    ))  # fmt: skip
    return text.encode("latin-1"), "hprim-patient"


def cda(chance: Random) -> Made:
    one = person(chance, "it")
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<?xml-stylesheet type="text/xsl" href="r.xsl"?>\n'
        '<ClinicalDocument xmlns="urn:hl7-org:v3"><typeId root="2.16.840.1.113883.1.3" '
        'extension="POCD_HD000040"/><title>Referto</title><recordTarget><patientRole>'
        f'<id root="2.16.840.1.113883.2.9.4.3.2" extension="{one.number}"/><patient><name>'
        f"<family>{one.surname}</family><given>{one.first}</given></name>"
        f'<birthTime value="{one.born:%Y%m%d}"/></patient></patientRole></recordTarget>'
        "<component/></ClinicalDocument>"
    )
    return text.encode(), "cda-patient"


def fhir_patient(one: Person) -> dict[str, object]:
    """Return a resource."""
    return {
        "resourceType": "Patient",
        "id": one.record,
        "gender": "female",
        "identifier": [{"system": "urn:oid:1.2.250.1.213.1.4.8", "value": one.number}],
        "name": [{"use": "official", "family": one.surname, "given": [one.first]}],
        "birthDate": f"{one.born}",
        "telecom": [{"system": "phone", "value": one.phone}],
    }


def fhir_bundle(chance: Random) -> Made:
    entries = [{"fullUrl": f"urn:uuid:{n}", "resource": fhir_patient(one)}
               for n, one in enumerate(people(chance, "fi", 1, 9))]  # fmt: skip
    bundle = {"resourceType": "Bundle", "type": "searchset", "entry": entries}
    return json.dumps(bundle, indent=chance.choice((None, 2))).encode(), "fhir-patient"


def fhir_lines(chance: Random) -> Made:
    lines = [json.dumps(fhir_patient(one)) for one in people(chance, "nl", 2)]
    return "\n".join(lines).encode(), "fhir-patient"


def fhir_xml(chance: Random) -> Made:
    one = person(chance, "dk")
    text = (
        f'<Patient xmlns="http://hl7.org/fhir"><id value="{one.record}"/><name><family value='
        f'"{one.surname}"/><given value="{one.first}"/></name><birthDate value="{one.born}"/>'
        "</Patient>"
    )
    return text.encode(), "fhir-patient"


def genome(chance: Random) -> Made:
    names = "\t".join(one.record for one in people(chance, "se", 1, 4))
    lines = ["##fileformat=VCFv4.1", "##reference=GRCh37",
             f"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{names}"]  # fmt: skip
    calls = "\t".join("0/1:35" for _ in names.split("\t"))
    place = 10_000
    for _ in range(300):
        place += chance.randrange(1, 900)
        lines.append(f"1\t{place}\t.\tA\t{chance.choice('CGT')}\t99\tPASS\tDP=35\tGT:DP\t{calls}")
    return "\n".join(lines).encode(), "genome"


def genotype_table(chance: Random) -> Made:
    lines = ["# This data file generated at home", "# rsid\tchromosome\tposition\tgenotype"]
    lines += [f"rs{chance.randrange(10**4, 10**8)}\t{n % 22 + 1}\t{chance.randrange(10**5, 10**8)}"
              f"\t{chance.choice('ACGT')}{chance.choice('ACGT')}" for n in range(400)]  # fmt: skip
    return "\n".join(lines).encode(), "genome"


def xdt(chance: Random) -> Made:
    """German practices' and laboratories' records: length, field number, value (GDT, LDT)."""
    fields = [("8000", "6310")]
    for one in people(chance, "de", 1, 8):
        fields += [
            ("3000", one.record),
            ("3101", one.surname),
            ("3102", one.first),
            ("3103", f"{one.born:%d%m%Y}"),
            ("3110", "2"),
            ("8410", "GLU"),
            ("8420", "98"),
        ]
    lines = [f"{len(code) + len(value) + 5:03}{code}{value}\r\n" for code, value in fields]
    return "".join(lines).encode("cp850"), "surname|full-name|hl7-patient birth-date|hl7-patient"


def astm(chance: Random) -> Made:
    """Analysers' records (ASTM E1394)."""
    lines = ["H|\\^&|||cobas||||||TSREQ|P|1|20240115"]
    for n, one in enumerate(people(chance, "pl", 1, 9), 1):
        lines += [f"P|{n}||{one.record}||{one.surname}^{one.first}||{one.born:%Y%m%d}|{one.sex}",
                  f"O|1|{digits(chance, 8)}||^^^GLU|R", "R|1|^^^GLU|5.4|mmol/L||N||F"]  # fmt: skip
    lines.append("L|1|N")
    return "\r".join(lines).encode(), "hl7-patient|hprim-patient|surname"


def edifact(chance: Random) -> Made:
    """Laboratory results in the Netherlands and Denmark (MEDRPT)."""
    lines = ["UNA:+.? '", "UNB+UNOA:1+LAB001+GP77+240115:0830+1'"]
    for n, one in enumerate(people(chance, "dk", 1, 7), 1):
        lines += [f"UNH+{n}+MEDRPT:1:901:UN'", (f"PNA+PAT+{one.number.replace('-', '')}:::CPR++"
                  f"{one.surname.upper()}+{one.first.upper()}'"), f"DTM+329:{one.born:%Y%m%d}:102'",
                  "INV+MQ+GLU'", "RSL+NV+5.4+:::MMOL/L'", f"UNT+6+{n}'"]  # fmt: skip
    return "\n".join(lines).encode("latin-1"), "hl7-patient|surname|cpr-number"


def _any(chance: Random) -> Made:
    """Return one of the plain files that carry many persons."""
    names = ("table french extract", "table swedish members", "table italian insured",
             "record mysqldump", "record json array", "record xml elements")  # fmt: skip
    return {**TABLES, **RECORDS}[chance.choice(names)](chance)


def gzipped(chance: Random) -> Made:
    data, holds = _any(chance)
    return gzip.compress(data), holds


def zipped(chance: Random) -> Made:
    data, holds = _any(chance)
    room = io.BytesIO()
    with zipfile.ZipFile(room, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("LISEZMOI.txt", "Fichiers du mois.\r\n")
        archive.writestr("export/data.txt", data)
    return room.getvalue(), holds


def tarred(chance: Random) -> Made:
    data, holds = _any(chance)
    room = io.BytesIO()
    with tarfile.open(fileobj=room, mode="w:gz") as archive:
        member = tarfile.TarInfo("var/backup/data")
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    return room.getvalue(), holds


HEALTH: Final[dict[str, Callable[[Random], Made]]] = {
    f"health {make.__name__.replace('_', ' ')}": make
    for make in (
        admissions, results, odd_separators, hl7_batch, hl7_framed, hprim, hprim_doctors, cda,
        fhir_bundle, fhir_lines, fhir_xml, genome, genotype_table, xdt, astm, edifact,
    )
}  # fmt: skip
PACKED: Final[dict[str, Callable[[Random], Made]]] = {
    f"packed {make.__name__}": make for make in (gzipped, zipped, tarred)
}
