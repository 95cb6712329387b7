"""Synthetic exports: people who cannot exist, and the files a migration would leave behind.

Names are strung from syllables. Phone numbers come from the French block kept for fiction
(06 39 98 xx xx). Every NIR has a right control key, so that a detector must accept it, and three
marks that no person's number carries together: a provisional sex digit (7 or 8), a month code of
50 or more (used only where the month of birth is not known) and the place 99 000, "born abroad,
country 000", a country that is in no list.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

EXPORT_FIELDS: Final = (
    "nir",
    "nom",
    "prenom",
    "date_naissance",
    "telephone",
    "medecin",
    "commentaire1",
    "commentaire2",
    "login",
    "mdp",
)
ORDERED_EXPORT_FIELDS: Final = EXPORT_FIELDS[:4]
EXAM_FIELDS: Final = ("exam_code", "exam_date", "automate", "lot", "commentaire")
ORDERED_EXAM_FIELDS: Final = EXAM_FIELDS[:2]

_SYLLABLES: Final = [
    "ba",
    "bel",
    "cor",
    "dan",
    "fi",
    "gor",
    "hal",
    "ju",
    "kel",
    "lo",
    "mar",
    "nu",
    "ost",
    "pe",
    "quin",
    "ro",
    "sil",
    "tu",
    "vel",
    "zan",
]
_COMMENTS: Final = (
    "suivi grossesse, resultats transmis au cabinet",
    "patient sous traitement VIH, rappeler avant envoi",
    "antecedents de cancer, prelevement a jeun",
    "diabete de type deux, controle dans trois mois",
    "ne pas laisser de message sur le repondeur",
    "resultat a remettre en main propre au patient",
)
_EXAMS: Final = ("NFS", "GLY", "TSH", "CRP", "HBA1C", "CHOL")
_BASE64: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An invented patient of an invented laboratory."""

    nir: str
    surname: str
    first_name: str
    born: date
    phone: str
    doctor: str
    comments: tuple[str, str]
    login: str
    password: str

    def cells(self) -> Mapping[str, str]:
        """Return the person under the names of ``EXPORT_FIELDS``."""
        values = (
            self.nir,
            self.surname,
            self.first_name,
            self.born.isoformat(),
            self.phone,
            self.doctor,
            *self.comments,
            self.login,
            self.password,
        )
        return dict(zip(EXPORT_FIELDS, values, strict=True))


def impossible_nir(number: int, year: int) -> str:
    """Return a NIR with a right key that can be nobody's. ``number`` is below 99,900."""
    sex, month, order = 7 + number % 2, 50 + number // 1_998 % 50, 1 + number // 2 % 999
    thirteen = f"{sex}{year % 100:02d}{month:02d}99000{order:03d}"
    return f"{thirteen}{97 - int(thirteen) % 97:02d}"


def invent_people(count: int, seed: int = 1) -> tuple[Person, ...]:
    """Return ``count`` invented people, the same ones for the same seed."""
    chance = random.Random(seed)  # noqa: S311 - invented data, not a secret
    return tuple(_person(chance, number) for number in range(count))


def _person(chance: random.Random, number: int) -> Person:
    born = date(1930, 1, 1) + timedelta(days=chance.randrange(28_000))
    surname, first = _name(chance).upper(), _name(chance).capitalize()
    return Person(
        nir=impossible_nir(number, born.year),
        surname=surname,
        first_name=first,
        born=born,
        phone=f"06 39 98 {chance.randrange(100):02d} {chance.randrange(100):02d}",
        doctor=f"Dr {_name(chance).capitalize()}",
        comments=(chance.choice(_COMMENTS), chance.choice(_COMMENTS)),
        login=f"{first.lower()}.{surname.lower()}",
        password=f"{_name(chance)}{chance.randrange(1000, 9999)}",
    )


def _name(chance: random.Random) -> str:
    return "".join(chance.choice(_SYLLABLES) for _ in range(chance.randint(2, 3)))


def people_csv(people: Sequence[Person], fields: Sequence[str] = EXPORT_FIELDS) -> bytes:
    """Return a semicolon-separated export with these of ``EXPORT_FIELDS``, UTF-8."""
    return _csv(fields, ([person.cells()[field] for field in fields] for person in people))


def exams_csv(count: int, fields: Sequence[str] = EXAM_FIELDS, seed: int = 1) -> bytes:
    """Return examinations of nobody in particular, with these of ``EXAM_FIELDS``."""
    chance = random.Random(seed)  # noqa: S311 - invented data, not a secret
    rows = []
    for _ in range(count):
        day = date(2019, 1, 1) + timedelta(days=chance.randrange(365))
        cells = (
            chance.choice(_EXAMS),
            day.isoformat(),
            f"automate {chance.randrange(1, 9)}",
            f"L{chance.randrange(100, 999)}",
            "controle de qualite de la serie du matin",
        )
        named = dict(zip(EXAM_FIELDS, cells, strict=True))
        rows.append([named[field] for field in fields])
    return _csv(fields, rows)


def _csv(fields: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";")
    writer.writerow(fields)
    writer.writerows(rows)
    return text.getvalue().encode()


def hl7_messages(people: Sequence[Person]) -> bytes:
    """Return one HL7 v2.5 result message for each person, segments ended by CR."""
    messages = []
    for number, person in enumerate(people, 1):
        name = f"{person.surname}^{person.first_name}"
        messages += [
            f"MSH|^~\\&|LABO|DEMO|SIL|DEMO|20200101000000||ORU^R01|{number}|P|2.5",
            f"PID|1||{number}^^^DEMO^PI||{name}||{person.born:%Y%m%d}|U|||||||||||{person.nir}",
            "OBX|1|NM|GLY||5.1|mmol/L|||||F",
        ]
    return "\r".join([*messages, ""]).encode()


def age_twin(plain: bytes, seed: int = 1) -> bytes:
    """Return what an age file of ``plain`` looks like from outside: true header, random body.

    Nothing can decrypt it. The format is age v1 with one X25519 recipient: a 16-byte nonce, then
    chunks of 64 KiB with a 16-byte tag each.
    """
    chance = random.Random(seed)  # noqa: S311 - shape without content
    share, wrapped, mac = (_base64(chance, 43) for _ in range(3))
    header = f"age-encryption.org/v1\n-> X25519 {share}\n{wrapped}\n--- {mac}\n"
    tags = 16 * (len(plain) // 65_536 + 1)
    return header.encode() + chance.randbytes(16 + len(plain) + tags)


def openpgp_twin(plain: bytes, seed: int = 1) -> bytes:
    """Return what an OpenPGP file of ``plain`` looks like: a session key for an RSA key of 2048
    bits, then integrity-protected data (RFC 9580 sections 5.1.1 and 5.13.1). Random inside.
    """
    chance = random.Random(seed)  # noqa: S311 - shape without content
    session = b"\x03" + chance.randbytes(8) + b"\x01\x08\x00\x80" + chance.randbytes(255)
    body = b"\x01" + chance.randbytes(len(plain) + 40)
    return _packet(1, session) + _packet(18, body)


def _packet(tag: int, body: bytes) -> bytes:
    return bytes([0xC0 | tag, 255]) + len(body).to_bytes(4, "big") + body


def _base64(chance: random.Random, length: int) -> str:
    return "".join(chance.choice(_BASE64) for _ in range(length))


def public_files() -> dict[str, bytes]:
    """Return what a declared public mirror holds: a note, a release and its checksums."""
    note = b"Public mirror of the demonstration fleet.\nRelease notes and archives, for anybody.\n"
    release = gzip.compress(b"Release 1.0 of a program that does nothing.\n" * 40, mtime=0)
    sums = checksums({"release-1.0.txt.gz": release})
    return {"README.txt": note, "release-1.0.txt.gz": release, "SHA256SUMS": sums}


def checksums(files: Mapping[str, bytes]) -> bytes:
    """Return a ``SHA256SUMS`` file of these names and contents."""
    lines = [f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in files.items()]
    return "".join(lines).encode()
