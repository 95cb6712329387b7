"""Files with personal data whose layout is the difficulty: nested, cut by windows, or no table."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Final

from bench.content_samples import Somebody, digits, somebody

_LEAST_LONG: Final = 4000


def _nested(one: Somebody) -> dict[str, object]:
    names = {"lastName": one.surname, "firstName": one.first, "birthDate": str(one.born)}
    return {"id": 1, "identity": names, "visits": [{"day": "2020-01-01", "code": "A"}]}


def _json_nested(chance: Random, crowd: list[Somebody]) -> bytes:
    people = [_nested(one) for one in crowd]
    by_key = {f"p{at}": each for at, each in enumerate(people)}
    document = chance.choice((people, {"status": "ok", "page": {"items": people}}, by_key))
    return json.dumps(document, indent=chance.choice((None, 1))).encode()


def _long(chance: Random) -> list[Somebody]:
    return [somebody(chance) for _ in range(_LEAST_LONG)]


def _json_long(chance: Random, _: list[Somebody]) -> bytes:
    return json.dumps({"people": [_nested(one) for one in _long(chance)]}).encode()


def _quoted(text: str) -> str:
    return text.replace("'", "''")


def _sql_long(chance: Random, _: list[Somebody]) -> bytes:
    filler = "INSERT INTO `log` VALUES (1,'page');\n" * 4000
    rows = ",".join(f"({at},'{_quoted(one.surname)} {one.first}','{one.born}')"
                    for at, one in enumerate(_long(chance)))  # fmt: skip
    return f"{filler}INSERT INTO `client` VALUES {rows};\n".encode()


def _sql_microsoft(_: Random, crowd: list[Somebody]) -> bytes:
    return "".join(
        f"INSERT [dbo].[Client] ([Id], [LastName], [FirstName], [BirthDate]) VALUES "
        f"({at}, N'{_quoted(one.surname)}', N'{one.first}', CAST(N'{one.born}' AS Date))\nGO\n"
        for at, one in enumerate(crowd)
    ).encode("utf-16")


def _sql_oracle(_: Random, crowd: list[Somebody]) -> bytes:
    return "".join(
        f"Insert into CLIENT (NOM,PRENOM,NAISSANCE) values ('{_quoted(one.surname)}',"
        f"'{one.first}',to_date('{one.born}','YYYY-MM-DD'));\n"
        for one in crowd
    ).encode("cp1252")


def _form(chance: Random, crowd: list[Somebody]) -> bytes:
    labels = chance.choice(
        (
            ("Nom", "Prénom", "Né(e) le"),
            ("Last name", "First name", "Date of birth"),
            ("Nachname", "Vorname", "Geburtsdatum"),
            ("Achternaam", "Voornaam", "Geboortedatum"),
            ("Nazwisko", "Imię", "Data urodzenia"),
        )
    )
    return "".join(
        f"{labels[0]} : {one.surname}\n{labels[1]} : {one.first}\n"
        f"{labels[2]} : {one.born:%d/%m/%Y}\n\n"
        for one in crowd[: chance.randrange(1, 8)]
    ).encode()


def _vcards(_: Random, crowd: list[Somebody]) -> bytes:
    return "".join(
        f"BEGIN:VCARD\r\nVERSION:3.0\r\nN:{one.surname};{one.first};;;\r\n"
        f"FN:{one.first} {one.surname}\r\nTEL;TYPE=CELL:{one.phone}\r\nEMAIL:{one.email}\r\n"
        f"END:VCARD\r\n"
        for one in crowd
    ).encode()


def _directory(_: Random, crowd: list[Somebody]) -> bytes:
    return "\n".join(
        f"dn: uid={one.email},dc=example\nsn: {one.surname}\ngivenName: {one.first}\n"
        f"mail: {one.email}\n"
        for one in crowd
    ).encode()


def _settings(chance: Random, _: list[Somebody]) -> bytes:
    secret = f"{chance.choice(('Zw', 'kL', 'pX'))}{digits(chance, 4)}-{chance.choice('abcd')}q"
    return chance.choice(
        (
            f"[db]\nhost=10.0.0.1\nuser=app\npassword={secret}\n",
            f"db:\n  username: app\n  password: '{secret}'\n",
            f"DB_USER=app\nDB_PASSWORD={secret}\n",
            f"# where\nurl = postgres://app:{secret}@db.example.org/app\n",
            f"machine example.org login app password {secret}\n",
        )
    ).encode()


_NAMED: Final = "surname first-name birth-date"
LAYOUTS: Final[dict[str, tuple[Callable[[Random, list[Somebody]], bytes], str]]] = {
    "json-nested": (_json_nested, _NAMED),
    "json-long": (_json_long, _NAMED),
    "sql-dump-long": (_sql_long, "full-name birth-date"),
    "sql-dump-microsoft": (_sql_microsoft, _NAMED),
    "sql-dump-oracle": (_sql_oracle, _NAMED),
    "form": (_form, _NAMED),
    "vcards": (_vcards, "full-name phone email"),
    "directory": (_directory, "surname first-name email"),
    "settings": (_settings, "credentials"),
}
"""What makes each family, and the kinds it holds."""
