"""Files about nobody for the content benchmark, chosen to resemble files about somebody."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from random import Random
from typing import Final

from bench.content_lookalikes import LOOKALIKES
from bench.content_samples import Sample, digits

_TOWNS: Final = [
    "Lyon",
    "Nantes",
    "Turin",
    "Porto",
    "Aarhus",
    "Malmo",
    "Gdansk",
    "Utrecht",
    "Bremen",
    "Leeds",
    "Vigo",
    "Gent",
]
_GOODS: Final = [
    "Bolt",
    "Lamp",
    "Chair",
    "Table",
    "Valve",
    "Shelf",
    "Cable",
    "Panel",
    "Frame",
    "Hinge",
    "Motor",
    "Brush",
]
_WORDS: Final = [
    "the",
    "file",
    "moved",
    "to",
    "another",
    "server",
    "and",
    "its",
    "owner",
    "was",
    "told",
    "of",
    "the",
    "result",
    "in",
    "time",
    "while",
    "no",
    "answer",
    "came",
    "back",
    "until",
    "the",
    "next",
    "release",
    "of",
    "the",
    "treatment",
    "module",
    "for",
    "cards",
    "and",
    "codes",
]


def nobodys_samples(chance: Random, count: int) -> Iterator[Sample]:
    """Yield ``count`` files that hold nothing about a person."""
    makers = list(_MAKERS.items())
    for number in range(count):
        family, make = makers[number % len(makers)]
        yield Sample(family=family, data=make(chance).encode())


def _rows(chance: Random, header: str, make: Callable[[int], str]) -> str:
    count = chance.randrange(10, 600)
    lines = [header] if header else []
    return "\n".join([*lines, *(make(at) for at in range(count))]) + "\n"


def _recent(chance: Random) -> str:
    return str(date(2021, 1, 1) + timedelta(days=chance.randrange(1900)))


def _orders(chance: Random) -> str:
    return _rows(
        chance,
        "order_id;order_date;product;amount",
        lambda at: f"{at};{_recent(chance)};{chance.choice(_GOODS)};{chance.random() * 900:.2f}",
    )


def _decimals(chance: Random) -> str:
    return _rows(
        chance,
        "x,y,z",
        lambda _: ",".join(
            f"{chance.choice(('', '-'))}{chance.randrange(9)}.{digits(chance, 15)}"
            for _ in range(3)
        ),
    )


def _invoices(chance: Random) -> str:
    return _rows(
        chance,
        "invoice;total",
        lambda _: (
            f"{digits(chance, 3)}-{digits(chance, 2)}-{digits(chance, 4)};{digits(chance, 4)}"
        ),
    )


def _articles(chance: Random) -> str:
    return _rows(
        chance,
        "ean;name;price",
        lambda _: f"{digits(chance, 13)};{chance.choice(_GOODS)};{digits(chance, 3)}",
    )


def _long_ids(chance: Random) -> str:
    length = chance.choice((9, 10, 11, 13, 15, 16))
    return _rows(chance, "reference;state", lambda _: f"{digits(chance, length)};ok")


def _towns(chance: Random) -> str:
    return _rows(
        chance,
        "ville;code_postal;ouverture",
        lambda _: f"{chance.choice(_TOWNS)};{digits(chance, 5)};{_recent(chance)}",
    )


def _bare_goods(chance: Random) -> str:
    return _rows(chance, "", lambda at: f"{chance.choice(_GOODS)};{_recent(chance)};{at}")


def _named_goods(chance: Random) -> str:
    return _rows(
        chance,
        "name;sku;stock",
        lambda at: f"{chance.choice(_GOODS)} {chance.choice(_TOWNS)};S{at:05};{at % 50}",
    )


def _seats(chance: Random) -> str:
    return _rows(
        chance,
        "seat;row;price",
        lambda at: f"{chance.choice('ABCDE')}{at % 90 + 10};{at};{digits(chance, 2)}",
    )


def _log(chance: Random) -> str:
    return _rows(
        chance,
        "",
        lambda at: f"{_recent(chance)} 10:{at % 60:02}:00 INFO worker[{at}] {_sentence(chance)}",
    )


def _code(chance: Random) -> str:
    return _rows(
        chance,
        "import sys",
        lambda at: (
            f"def {chance.choice(_WORDS)}_{at}(name, value=None):\n    return name, value, {at}"
        ),
    )


def _sentence(chance: Random) -> str:
    return " ".join(chance.choice(_WORDS) for _ in range(12))


def _prose(chance: Random) -> str:
    return _rows(chance, "", lambda _: _sentence(chance).capitalize() + ".")


def _contacts(chance: Random) -> str:
    return _rows(chance, "", lambda at: f"Write to desk{at}@example.org: {_sentence(chance)}.")


def _config(chance: Random) -> str:
    return json.dumps(
        {
            "servers": [
                {"name": f"s{at}", "port": at, "timeout": digits(chance, 4)}
                for at in range(chance.randrange(5, 200))
            ]
        },
        indent=1,
    )


def _catalogue(chance: Random) -> str:
    parts = "".join(
        f"<part sku='{digits(chance, 6)}'><name>{chance.choice(_GOODS)}</name>"
        f"<released>{_recent(chance)}</released></part>"
        for _ in range(chance.randrange(5, 200))
    )
    return f"<?xml version='1.0'?><parts>{parts}</parts>"


def _dump(chance: Random) -> str:
    return _rows(
        chance,
        "CREATE TABLE stock (id int, name text, qty int);",
        lambda at: (
            f"INSERT INTO stock VALUES ({at},'{chance.choice(_GOODS)}',{digits(chance, 3)});"
        ),
    )


def _measures(chance: Random) -> str:
    return _rows(
        chance,
        "analyse;resultat;unite;automate",
        lambda at: f"glycemie;{chance.random() * 9:.1f};mmol;A{at % 7}",
    )


_MAKERS: Final[dict[str, Callable[[Random], str]]] = {
    "orders": _orders,
    "decimals": _decimals,
    "invoices": _invoices,
    "articles": _articles,
    "long-ids": _long_ids,
    "towns": _towns,
    "bare-goods": _bare_goods,
    "named-goods": _named_goods,
    "seats": _seats,
    "log": _log,
    "code": _code,
    "prose": _prose,
    "contacts": _contacts,
    "config": _config,
    "catalogue": _catalogue,
    "dump": _dump,
    "measures": _measures,
    **LOOKALIKES,
}
