"""More held-out files about nobody. Written without sight of the detectors."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import Final

from bench.heldout_people import digits
from bench.heldout_tables import table


def device_list(chance: Random) -> bytes:
    rows = [(f"PC-{n:04}", f"10.4.{n % 8}.{chance.randrange(2, 250)}", "Windows 11",
             ":".join(f"{chance.randrange(256):02x}" for _ in range(6)),
             date(2019, 1, 1) + timedelta(chance.randrange(1500))) for n in range(60)]  # fmt: skip
    return table("name|address|system|mac|purchased", rows).encode()


def shops(chance: Random) -> bytes:
    rows = [
        (
            n,
            f"Filiale {chance.choice(('Nord', 'Süd', 'Mitte', 'Hafen'))} {n}",
            f"Lindenstraße {n}",
            f"{chance.randrange(10000, 99999)}",
            "Brückenau",
            f"0361 {digits(chance, 6)}",
            f"filiale{n}@kette.example",
        )
        for n in range(1, 50)
    ]
    return table("Nr|Name|Straße|PLZ|Ort|Telefon|E-Mail", rows).encode("latin-1")


def hospital_wards(chance: Random) -> bytes:
    rows = [
        (f"{n:04}", name, f"PAV{n % 5}", chance.randrange(8, 30), f"04 00 00 {n:02} 00")
        for n, name in enumerate(
            (
                "Cardiologie",
                "Pneumologie",
                "Urgences",
                "Oncologie",
                "Pédiatrie",
                "Maternité",
                "Dialyse",
                "Psychiatrie",
            )
            * 3
        )
    ]
    return table("Code UF|Nom|Pavillon|Lits|Téléphone", rows).encode("cp1252")


def activity(chance: Random) -> bytes:
    rows = [(f"2023-{n % 12 + 1:02}", chance.choice(("I10", "E11", "J45", "C50")),
             chance.choice("MF"), f"{chance.randrange(0, 90, 10)}-", chance.randrange(5, 400))
            for n in range(120)]  # fmt: skip
    return table("mois|diag_principal|sexe|classe_age|nb_sejours", rows).encode()


def horses(chance: Random) -> bytes:
    names = ("Bella", "Max", "Luna", "Rocky", "Emma", "Felix")
    rows = [(chance.choice(names), "Warmblut", date(2004, 1, 1) + timedelta(chance.randrange(6000)),
             digits(chance, 15)) for _ in range(40)]  # fmt: skip
    return table("Tier|Rasse|Geburtsdatum|Chip-Nr.", rows).encode()


def manifest(chance: Random) -> bytes:
    lines = [f"{chance.randbytes(32).hex()}  export/{n:04}/part-{n}.csv" for n in range(100)]
    return "\n".join(lines).encode()


def password_policy(_chance: Random) -> bytes:
    return (
        b"[policy]\npassword_min_length = 12\npassword_expires_days = 90\npassword_history = 5\n"
        b"login_attempts = 3\nlogin_timeout = 30\nuser_directory = /srv/users\n"
        b"password_file = /etc/app/secret\nrequire_password = true\n"
    )


def documentation(_chance: Random) -> bytes:
    return (
        b"# Import of patients\n\nThe file has the columns `surname`, `forename`, `dob`, `nhs_no`."
        b"\n\n    curl -u USER:PASSWORD https://api.example/v1/patients\n\n"
        b"Set `password: <secret>` and `user: <name>` in the settings. Patients with diabetes or "
        b"asthma are exported by night.\n"
    )


def schema(_chance: Random) -> bytes:
    return (
        b"CREATE TABLE patients (\n  id int NOT NULL,\n  surname varchar(80),\n  forename text"
        b",\n  dob date,\n  nhs_number char(10),\n  password_hash varchar(200)\n);\n"
        b"CREATE INDEX by_name ON patients (surname, forename);\n"
        b"INSERT INTO wards (id, name) VALUES (1, 'Cardiology'), (2, 'Oncology');\n"
    )


def xml_catalogue(chance: Random) -> bytes:
    rows = "".join(f"<article><nom>Gants {n}</nom><ref>{digits(chance, 13)}</ref><prix>{n}.20"
                   "</prix></article>" for n in range(60))  # fmt: skip
    return f'<?xml version="1.0"?><catalogue>{rows}</catalogue>'.encode()


def acknowledgement(chance: Random) -> bytes:
    return (
        f"MSH|^~\\&|HIS|CHV|LIS|LAB|20240115||ACK^R01|{digits(chance, 5)}|P|2.5\r"
        f"MSA|AA|{digits(chance, 5)}\r"
    ).encode()


def fhir_codes(chance: Random) -> bytes:
    rows = ",".join(f'{{"code":"{chance.choice("ABC")}{n}","display":"Asthma {n}"}}'
                    for n in range(40))  # fmt: skip
    return f'{{"resourceType":"CodeSystem","status":"active","concept":[{rows}]}}'.encode()


def sites_vcf(chance: Random) -> bytes:
    lines = ["##fileformat=VCFv4.2", "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"]
    lines += [f"1\t{1000 + 7 * n}\trs{digits(chance, 6)}\tA\tG\t.\tPASS\tAF=0.1" for n in range(99)]
    return "\n".join(lines).encode()


def film_list(chance: Random) -> bytes:
    first = ("Der Wald", "Stille Nächte", "Am Fluss", "Das Haus", "Rote Steine")
    rows = [(chance.choice(first), chance.randrange(1950, 2024), f"{chance.randrange(80, 160)} min",
             "Drama") for _ in range(50)]  # fmt: skip
    return table("Titel|Jahr|Länge|Genre", rows).encode()


MORE_NOBODY: Final[dict[str, Callable[[Random], bytes]]] = {
    make.__name__.replace("_", " "): make
    for make in (
        device_list, shops, hospital_wards, activity, horses, manifest, password_policy,
        documentation, schema, xml_catalogue, acknowledgement, fhir_codes, sites_vcf, film_list,
    )
}  # fmt: skip
