"""Files that look most like personal data and are none: organisations, experiments, programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Final

from bench.content_samples import SURNAMES, digits

_FORMS: Final = ("SARL", "GmbH", "Ltd", "Inc", "S.p.A.", "B.V.", "AB", "Lda")
_HOUSES: Final = ("Mairie de", "Ecole", "Hotel", "Pharmacie", "Hospital", "Gemeente", "Szpital")


def _lines(chance: Random, header: str, make: Callable[[int], str]) -> str:
    return "\n".join([header, *(make(at) for at in range(chance.randrange(10, 400)))]) + "\n"


def _phone(chance: Random) -> str:
    return f"01 {digits(chance, 2)} {digits(chance, 2)} {digits(chance, 2)} {digits(chance, 2)}"


def _companies(chance: Random) -> str:
    return _lines(
        chance,
        "name;address;phone;email",
        lambda at: (
            f"{chance.choice(SURNAMES)} {chance.choice(_FORMS)};{at} High Street;{_phone(chance)};"
            f"info@c{at}.example.org"
        ),
    )


def _houses(chance: Random) -> str:
    return _lines(
        chance,
        "nom;adresse;code_postal;telephone",
        lambda at: (
            f"{chance.choice(_HOUSES)} {chance.choice(SURNAMES)};{at} rue Haute;"
            f"{digits(chance, 5)};{_phone(chance)}"
        ),
    )


def _experiment(chance: Random) -> str:
    return _lines(
        chance, "subject;condition;rt", lambda at: f"{at};{chance.choice('ab')};{digits(chance, 3)}"
    )


def _clock(chance: Random) -> str:
    start = chance.randrange(1_400_000_000, 1_800_000_000)
    return _lines(chance, "id;ts;value", lambda at: f"{at};{start + at * 300};{digits(chance, 2)}")


def _processes(chance: Random) -> str:
    return _lines(chance, "pid;user;result", lambda at: f"{at};daemon;{chance.choice('01')}")


def _shelves(chance: Random) -> str:
    return _lines(
        chance, "id;place;qty", lambda at: f"{at};{chance.choice('ABCDE')}{digits(chance, 2)};1"
    )


def _schema(chance: Random) -> str:
    kind = chance.choice(("string", "varchar", "text"))
    names = ("lastName", "firstName", "birthDate", "email", "phone")
    return json.dumps({"title": "person", "properties": dict.fromkeys(names, kind)}, indent=1)


def _template(chance: Random) -> str:
    user, secret = chance.choice((("$USER", "$PASS"), ("{{ user }}", "{{ vault }}"), ("", "")))
    return f"host: 10.0.0.{digits(chance, 1)}\nusername: {user}\npassword: {secret}\n" * 3


def _program(chance: Random) -> str:
    number = digits(chance, 3)
    return (
        f"def login_{number}(user: str, password: str) -> int:\n    first = last = {number}\n"
        "    name = user.name\n    password = ask(user)\n    surname = name\n    return first\n"
    ) * 5


LOOKALIKES: Final[dict[str, Callable[[Random], str]]] = {
    "companies": _companies,
    "houses": _houses,
    "experiment": _experiment,
    "clock": _clock,
    "processes": _processes,
    "shelves": _shelves,
    "schema": _schema,
    "template": _template,
    "program": _program,
}
"""What makes each family."""
