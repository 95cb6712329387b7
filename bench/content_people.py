"""Files with personal data for the content benchmark: all invented, new for each seed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Final

from bench.content_layouts import LAYOUTS
from bench.content_samples import Sample, Somebody, digits, somebody
from scanner.demo.generator import Person, hl7_messages, invent_people
from tests.content.health_samples import cda, fhir_bundle, fhir_lines, hprim_medecins, hprim_sante
from tests.content.test_national_ids import HEADERS, MAKERS, card, iban

_NAMES: Final = {
    "fr": "Nom;Prénom;Date de naissance;Courriel;Téléphone",
    "en": "last_name;firstName;Date of birth;E-mail;Phone number",
    "de": "Nachname;Vorname;Geburtsdatum;E-Mail-Adresse;Telefonnummer",
    "es": "Apellidos;Nombre;Fecha de nacimiento;Correo electrónico;Teléfono",
    "it": "Cognome;Nome;Data di nascita;Email;Cellulare",
    "nl": "Achternaam;Voornaam;Geboortedatum;E-mailadres;Telefoonnummer",
    "pt": "Apelido;Nome próprio;Data de nascimento;E-mail;Telemóvel",
    "pl": "Nazwisko;Imię;Data urodzenia;Adres email;Numer telefonu",
    "sv": "Efternamn;Förnamn;Födelsedatum;E-post;Mobilnummer",
    "da": "Efternavn;Fornavn;Fødselsdato;E-mail;Tlf.",
}
_ICD: Final = ("E11.9", "C50.4", "I10", "J45.0", "F32.1", "K35.8", "G40", "B20", "Z21", "N18.5")
_COMMENTS: Final = (
    "patient suivi pour un diabete, dernier dosage stable selon le service",
    "grossesse de dix semaines signalee au laboratoire par le service",
    "traitement par chimiotherapie commence la semaine passee, a surveiller",
)
_Maker = Callable[[Random, list[Somebody]], bytes]
_HEALTH: Final[dict[str, tuple[Callable[[Sequence[Person], Random], bytes], str]]] = {
    "hl7v2": (lambda people, _: hl7_messages(people), "hl7-patient"),
    "hprim-sante": (lambda people, _: hprim_sante(people), "hprim-patient"),
    "hprim-medecins": (
        lambda people, chance: hprim_medecins(people, mark=chance.random() < 0.5),
        "hprim-patient",
    ),
    "cda": (lambda people, _: cda(people[0]), "cda-patient"),
    "fhir": (
        lambda people, chance: fhir_bundle(people) if chance.random() < 0.5 else fhir_lines(people),
        "fhir-patient",
    ),
}


def personal_samples(chance: Random, each: int) -> Iterator[Sample]:
    """Yield ``each`` files of every family."""
    for family, (make, kind) in _HEALTH.items():
        for _ in range(each):
            count = chance.randrange(1, 60)
            people = invent_people(count, seed=chance.randrange(1 << 30))
            yield Sample(family=family, data=make(people, chance), holds=frozenset({kind}))
    for family, (maker, holds) in {**_TABLES, **LAYOUTS}.items():
        for _ in range(each):
            crowd = [somebody(chance) for _ in range(chance.randrange(8, 400))]
            yield Sample(family=family, data=maker(chance, crowd), holds=frozenset(holds.split()))
    for language, header in _NAMES.items():
        for _ in range(each):
            yield _in_language(chance, language, header)
    yield from _numbers(chance, each)


def _in_language(chance: Random, language: str, header: str) -> Sample:
    crowd = [somebody(chance) for _ in range(chance.randrange(8, 300))]
    rows = [(one.surname, one.first, _day(one, language), one.email, one.phone) for one in crowd]
    text = _table(header.split(";"), rows, chance.choice(";,\t|"))
    encoding = chance.choice(("utf-8", "utf-8-sig", "utf-16", "cp1252"))
    data = text.encode(encoding if language != "pl" or encoding != "cp1252" else "utf-8")
    return Sample(
        family=f"table-{language}",
        data=data,
        holds=frozenset({"surname", "first-name", "birth-date", "email", "phone"}),
    )


def _numbers(chance: Random, each: int) -> Iterator[Sample]:
    for kind, make in MAKERS.items():
        for _ in range(each):
            count = chance.randrange(5, 200)
            header = HEADERS.get(kind, "value")
            rows = [(str(at), make(chance)) for at in range(count)]
            yield Sample(
                family="national-ids",
                holds=frozenset({kind}),
                data=_table(("row", header), rows).encode(),
            )


def _day(one: Somebody, language: str) -> str:
    if language in {"fr", "es", "it", "pt"}:
        return f"{one.born:%d/%m/%Y}"
    return f"{one.born:%d.%m.%Y}" if language in {"de", "pl"} else one.born.isoformat()


def _table(header: Sequence[str] | None, rows: Sequence[Sequence[str]], by: str = ";") -> str:
    lines = [by.join(header)] if header else []
    return "\n".join([*lines, *(by.join(row) for row in rows)]) + "\n"


def _headerless(chance: Random, crowd: list[Somebody]) -> bytes:
    by = chance.choice(";,\t")
    return _table(
        None,
        [(one.surname, one.first, one.born.isoformat(), str(at)) for at, one in enumerate(crowd)],
        by,
    ).encode()


def _nir_column(chance: Random, crowd: list[Somebody]) -> bytes:
    header = chance.choice((None, ("ref", "valeur"), ("id", "numero_secu")))
    return _table(header, [(f"r{at}", one.nir) for at, one in enumerate(crowd)]).encode()


def _nir_prose(_: Random, crowd: list[Somebody]) -> bytes:
    return "\n".join(f"Le dossier {one.nir} est clos depuis hier." for one in crowd).encode()


def _dump(_: Random, crowd: list[Somebody]) -> bytes:
    filler = "".join(f"INSERT INTO `log` VALUES ({at},'page {at}');\n" for at in range(300))
    rows = ",\n".join(
        "({},'{}','{}','{}')".format(at, one.surname.replace("'", "''"), one.first, one.born)
        for at, one in enumerate(crowd)
    )
    made = "CREATE TABLE `client` (\n `id` int,\n `nom` text,\n `prenom` text,\n"
    made += " `naissance` date\n);\n"
    return f"{filler}{made}INSERT INTO `client` VALUES {rows};\n".encode()


def _objects(crowd: list[Somebody]) -> list[dict[str, str]]:
    return [
        {"lastName": one.surname, "firstName": one.first, "birthDate": str(one.born)}
        for one in crowd
    ]


def _json(chance: Random, crowd: list[Somebody]) -> bytes:
    if chance.random() < 0.5:
        return json.dumps(_objects(crowd)).encode()
    return "\n".join(json.dumps(record) for record in _objects(crowd)).encode()


def _xml(_: Random, crowd: list[Somebody]) -> bytes:
    people = "".join(
        f"<p><lastName>{one.surname}</lastName><firstName>{one.first}</firstName>"
        f"<birthDate>{one.born}</birthDate></p>"
        for one in crowd
    )
    return f"<?xml version='1.0'?><all>{people}</all>".encode()


def _cards(chance: Random, crowd: list[Somebody]) -> bytes:
    return _table(("order", "pan"), [(str(at), card(chance)) for at in range(len(crowd))]).encode()


def _accounts(chance: Random, crowd: list[Somebody]) -> bytes:
    return _table(("nom", "rib"), [(one.surname, iban(chance)) for one in crowd]).encode()


def _logins(chance: Random, crowd: list[Somebody]) -> bytes:
    rows = [(one.email.split("@")[0], f"{one.first}{digits(chance, 3)}!") for one in crowd]
    return _table(("login", chance.choice(("password", "mdp", "Passwort"))), rows).encode()


def _hashes(chance: Random, crowd: list[Somebody]) -> bytes:
    rows = [(one.email, chance.randbytes(chance.choice((16, 20, 32))).hex()) for one in crowd]
    fixed = len(rows[0][1])
    return _table(
        ("user", "password"), [(who, told[:fixed].ljust(fixed, "0")) for who, told in rows]
    ).encode()


def _pseudonyms(chance: Random, crowd: list[Somebody]) -> bytes:
    rows = [(f"P{at:05}", chance.choice(_ICD)) for at in range(len(crowd))]
    return _table(("patient_id", chance.choice(("diagnosis", "x"))), rows).encode()


def _comments(chance: Random, crowd: list[Somebody]) -> bytes:
    rows = [(one.surname, one.first, chance.choice(_COMMENTS)) for one in crowd]
    return _table(("nom", "prenom", "commentaire"), rows).encode("cp850")


def _coded(chance: Random, crowd: list[Somebody]) -> bytes:
    rows = [(one.surname, one.first, chance.choice(_ICD)) for one in crowd]
    return _table(("nom", "prenom", "c"), rows).encode()


_TABLES: Final[dict[str, tuple[_Maker, str]]] = {
    "headerless": (_headerless, "full-name birth-date"),
    "nir-column": (_nir_column, "nir"),
    "nir-prose": (_nir_prose, "nir"),
    "sql-dump": (_dump, "surname first-name birth-date"),
    "json": (_json, "surname first-name birth-date"),
    "xml": (_xml, "surname first-name birth-date"),
    "cards": (_cards, "card"),
    "accounts": (_accounts, "surname iban"),
    "credentials": (_logins, "credentials"),
    "hashes": (_hashes, "hashed-credentials"),
    "pseudonymised": (_pseudonyms, "pseudonymised-health"),
    "comments": (_comments, "surname first-name health-words"),
    "coded": (_coded, "surname first-name diagnosis"),
}
