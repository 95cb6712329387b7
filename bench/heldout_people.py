"""Persons who do not exist, for the held-out files. Written without sight of the detectors.

Surnames are put together from syllables, in the manner of thirteen countries; numbers carry right
check digits by the countries' own rules but are drawn where no one is registered if there is such
a place (communes that do not exist, temporary numbers).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Final

_FIRST: Final = {
    "fr": "Maëlle Thibault Solène Gaspard Odile Yannick Clémence Rémi Josiane Fabrice Inès Léon",
    "de": "Heike Jürgen Annegret Torsten Friederike Uwe Svenja Lothar Mechthild Jannis Elke Kai",
    "es": "Rocío Íñigo Amparo Gonzalo Itziar Julián Nuria Ramiro Belén Álvaro Pilar Nicolás",
    "it": "Ornella Gaetano Ilaria Corrado Rosanna Ettore Ginevra Silvano Loredana Nicolò Pina Ugo",
    "nl": "Marijke Joost Fenna Sjoerd Anouk Wouter Geertje Bram Lieke Ruben Truus Daan",
    "pl": "Grażyna Zbigniew Kinga Mirosław Jadwiga Bartosz Urszula Łukasz Halina Jerzy Ola Jan",
    "se": "Gunilla Håkan Ebba Torbjörn Siv Rasmus Linnea Göran Åsa Melker Elin Nils",
    "dk": "Birthe Søren Lærke Preben Maja Jørgen Inger Troels Kirsten Mads Freja Bent",
    "no": "Ragnhild Øyvind Solveig Sindre Aud Håvard Tuva Bjørn Turid Eirik Liv Odd",
    "pt": "Conceição Joaquim Inês Duarte Fátima Gonçalo Leonor Rui Graça Tomé Lurdes Abel",
    "ro": "Smaranda Răzvan Lăcrămioara Dorel Ioana Cătălin Veronica Ștefan Ilinca Sorin Ana Ion",
    "fi": "Päivi Jouni Aino Väinö Marjatta Teemu Sirkka Eero Helmi Tapio Outi Aki",
    "gb": "Maureen Nigel Poppy Alastair Beryl Duncan Imogen Clive Gemma Rhys Tracy Ian",
}
_SURNAME: Final = {
    "fr": (
        "Bour Chav Mal Vau Lher Gran Pou Des Cha",
        "de er ari ou an el",
        "let teau min vier dey",
    ),
    "de": ("Kram Wohl Brei Stein Hart Lücken Schwab Oster", "en er el ber", "mann bach meier ing"),
    "es": ("Bar Que Zal Mon Car Orte Val Her", "ra du ba te ven", "nzo llas guren dillo dez"),
    "it": ("Pan Bor Tra Mon Sca Gal Cec Vol", "ze ti va ri la", "nelli rotti schi ni etto"),
    "nl": ("Hoog Brou Wes Zan Dijk Ver Lam Kui", "e er en", "veld kamp stra ma huizen"),
    "pl": ("Wróbl Kacz Szym Ole Brze Gaw Zien", "e a o i", "wski cki niak czyk wicz"),
    "se": ("Lind Berg Sjö Ek Häll Strand Åker", "en a e", "gren qvist ström lund mark"),
    "dk": ("Kjær Ravn Toft Holm Østerg Brand", "e a el", "gaard bjerg sen strup lund"),
    "no": ("Hauk Sol Brek Øver Strøm Tveit", "e a en", "stad vik berg land seth"),
    "pt": ("Cor Mon Fer Qui Bar Car Sei", "te ra ve ta rei", "lho roso nha gões xas"),
    "ro": ("Măr Dum Pop Stoi Ung Cos Vlăd", "i e u o", "nescu șanu teanu reanu rescu"),
    "fi": ("Koski Halo Rau Vir Kor Leh Mä", "ta pe ne ti la", "nen mäki salo nainen vuori"),
    "gb": ("Hath Whit Ash Brom Cran Thorn Pem", "er en ing", "ley worth ton field shaw"),
}
_TOWN: Final = {
    "fr": "Vaubrey Saint-Orlin Montchay", "de": "Brückenau Niederwald Sankt-Ohl",
    "es": "Villarrobla Montesa", "it": "Borgovalle Castelriva", "nl": "Oudeveen Zwaandam",
    "pl": "Brzozowice Zalesin", "se": "Björkefors Sundvik", "dk": "Nørrelund Vesterby",
    "no": "Fjellvik Nordstrand", "pt": "Vila Moura Alta", "ro": "Câmpenița Valea-Lungă",
    "fi": "Koivuranta Järvelä", "gb": "Thornbeck Ashwell",
}  # fmt: skip
_STREET: Final = {
    "fr": "rue du Lavoir", "de": "Lindenstraße", "es": "C/ del Pozo", "it": "Via dei Tigli",
    "nl": "Kerkstraat", "pl": "ul. Polna", "se": "Storgatan", "dk": "Møllevej", "no": "Skoleveien",
    "pt": "Rua do Carmo", "ro": "Str. Teiului", "fi": "Koivukatu", "gb": "Mill Lane",
}  # fmt: skip
_PHONE: Final = {
    "fr": "06########", "de": "0171 #######", "es": "6########", "it": "+39 34########",
    "nl": "06-########", "pl": "+48 6## ### ###", "se": "070-### ## ##", "dk": "## ## ## ##",
    "no": "+47 9## ## ###", "pt": "91#######", "ro": "07########", "fi": "040 ### ####",
    "gb": "07700 900###",
}  # fmt: skip
_POSTCODE: Final = {
    "nl": "#### AB", "pl": "##-###", "se": "### ##", "dk": "####", "no": "####", "pt": "####-###",
    "ro": "######", "gb": "TH# #QX",
}  # fmt: skip


def plain(text: str) -> str:
    """Return ``text`` in small letters of ASCII."""
    apart = unicodedata.normalize("NFD", text.lower().replace("ß", "ss").replace("ø", "o"))
    apart = apart.replace("æ", "ae").replace("ł", "l").replace("œ", "oe")
    return "".join(sign for sign in apart if sign.isascii() and (sign.isalnum() or sign in ".-"))


@dataclass(frozen=True, slots=True)
class Person:
    """An invented person. ``number`` is the national number of ``country``."""

    country: str
    surname: str
    first: str
    female: bool
    born: date
    number: str
    phone: str
    email: str
    street: str
    postcode: str
    town: str
    record: str = field(default="")

    @property
    def sex(self) -> str:
        """One letter, as English and French files have it."""
        return "F" if self.female else "M"


def digits(chance: Random, count: int) -> str:
    """Return ``count`` digits."""
    return "".join(chance.choice("0123456789") for _ in range(count))


def pattern(chance: Random, text: str) -> str:
    """Return ``text`` with a digit for each ``#``; the first is never 0."""
    filled = str(chance.randrange(2, 10)).join(text.split("#", 1)) if "#" in text else text
    return "".join(chance.choice("0123456789") if sign == "#" else sign for sign in filled)


def person(chance: Random, country: str) -> Person:
    """Return somebody of a country, between 4 and 95 years old."""
    first = chance.choice(_FIRST[country].split())
    surname = "".join(chance.choice(part.split()) for part in _SURNAME[country])
    born = date(1931, 1, 1) + timedelta(days=chance.randrange(33_000))
    female = chance.random() < 0.5
    years = ("", "", chance.randrange(1950, 2005))
    mail = f"{plain(first[:1])}.{plain(surname)}{chance.choice(years)}"
    host = chance.choice(("mail.example", "poste.example.net", "example.com"))
    return Person(
        country, surname, first, female, born, NUMBERS[country](chance, born, female=female),
        pattern(chance, _PHONE[country]), f"{mail}@{host}",
        f"{_STREET[country]} {chance.randrange(1, 180)}",
        pattern(chance, _POSTCODE.get(country, "#####")), chance.choice(_TOWN[country].split()),
        digits(chance, 8),
    )  # fmt: skip


def people(chance: Random, country: str, least: int = 8, most: int = 60) -> list[Person]:
    """Return a file's worth of persons."""
    return [person(chance, country) for _ in range(chance.randrange(least, most))]


def nir(chance: Random, born: date, *, female: bool) -> str:
    """France: a commune that does not exist; the key is 97 minus the rest."""
    body = (f"{2 if female else 1}{born:%y%m}{chance.choice(('75', '69', '33', '59'))}"
            f"{chance.randrange(901, 989)}{chance.randrange(1, 999):03}")  # fmt: skip
    return f"{body}{97 - int(body) % 97:02}"


def tax_id(chance: Random, _born: date, *, female: bool) -> str:  # noqa: ARG001 - as others
    """Germany: ten digits of which one stands twice and one is missing, and ISO 7064 mod 11,10."""
    pool = chance.sample("0123456789", 9)
    body = [*pool, pool[chance.randrange(1, 9)]]
    chance.shuffle(body)
    while body[0] == "0":
        chance.shuffle(body)
    product = 10
    for sign in body:
        total = (int(sign) + product) % 10 or 10
        product = total * 2 % 11
    return "".join(body) + str((11 - product) % 10)


def dni(chance: Random, _born: date, *, female: bool) -> str:  # noqa: ARG001 - as others
    """Spain."""
    number = chance.randrange(1_000_000, 99_999_999)
    return f"{number:08}{'TRWAGMYFPDXBNJZSQVHLCKE'[number % 23]}"


def fiscal_code(chance: Random, born: date, *, female: bool) -> str:
    """Italy: letters as drawn, a foreign place of birth."""
    letters = "".join(chance.choice("BCDFGLMNPRSTVZ") for _ in range(6))
    body = (f"{letters}{born:%y}{'ABCDEHLMPRST'[born.month - 1]}{born.day + 40 * female:02}"
            f"Z{chance.randrange(100, 160)}")  # fmt: skip
    odd = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24,
           23)  # fmt: skip
    total = 0
    for place, sign in enumerate(body):
        value = int(sign) if sign.isdigit() else ord(sign) - 65
        total += value if place % 2 else odd[value]
    return body + chr(65 + total % 26)


def weighed(body: str, weights: Iterable[int]) -> int:
    """Return the sum of digits by weights."""
    return sum(int(sign) * weight for sign, weight in zip(body, weights, strict=False))


def bsn(chance: Random, _born: date, *, female: bool) -> str:  # noqa: ARG001 - as others
    """Netherlands: the proof by eleven."""
    while True:
        body = digits(chance, 8)
        check = weighed(body, range(9, 1, -1)) % 11
        if check < 10 and body[0] != "0":
            return body + str(check)


def pesel(chance: Random, born: date, *, female: bool) -> str:
    """Poland."""
    month = born.month + (20 if born.year >= 2000 else 0)
    sex = chance.choice("02468" if female else "13579")
    body = f"{born:%y}{month:02}{born:%d}{digits(chance, 3)}{sex}"
    return body + str(-weighed(body, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)) % 10)


def luhn(body: str) -> str:
    """Return the check digit."""
    total = 0
    for place, sign in enumerate(reversed(body)):
        value = int(sign) * (1 if place % 2 else 2)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def personnummer(chance: Random, born: date, *, female: bool) -> str:
    """Sweden: twelve digits, with its hyphen."""
    serial = f"{digits(chance, 2)}{chance.choice('02468' if female else '13579')}"
    return f"{born:%Y%m%d}-{serial}{luhn(f'{born:%y%m%d}{serial}')}"


def cpr(chance: Random, born: date, *, female: bool) -> str:
    """Denmark: with hyphen; the old check digit, as most living persons have it."""
    while True:
        serial = digits(chance, 3)
        century = "4" if born.year >= 2000 else chance.choice("0123")
        body = f"{born:%d%m%y}{century}{serial[1:]}"
        check = -weighed(body, (4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
        if check < 10 and check % 2 == (not female):
            return f"{body[:6]}-{body[6:]}{check}"


def birth_number(chance: Random, born: date, *, female: bool) -> str:
    """Norway."""
    while True:
        low, high = (500, 999) if born.year >= 2000 else (0, 499)
        serial = chance.randrange(low, high)
        body = f"{born:%d%m%y}{serial:03}"
        one = -weighed(body, (3, 7, 6, 1, 8, 9, 4, 5, 2)) % 11
        two = -weighed(f"{body}{one}", (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
        if one < 10 and two < 10 and serial % 2 == (not female):
            return f"{body}{one}{two}"


def nif(chance: Random, _born: date, *, female: bool) -> str:  # noqa: ARG001 - as others
    """Portugal."""
    body = chance.choice("12") + digits(chance, 7)
    check = 11 - weighed(body, range(9, 1, -1)) % 11
    return body + str(0 if check > 9 else check)


def cnp(chance: Random, born: date, *, female: bool) -> str:
    """Romania."""
    sex = (5 if born.year >= 2000 else 1) + female
    body = f"{sex}{born:%y%m%d}{chance.randrange(1, 46):02}{chance.randrange(1, 999):03}"
    check = weighed(body, (2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9)) % 11
    return body + str(1 if check == 10 else check)


def hetu(chance: Random, born: date, *, female: bool) -> str:
    """Finland: a high serial, seldom reached."""
    serial = chance.randrange(400, 449) * 2 + (not female)
    body = f"{born:%d%m%y}{serial}"
    return (
        f"{body[:6]}{'A' if born.year >= 2000 else '-'}{serial}"
        + ("0123456789ABCDEFHJKLMNPRSTUVWXY"[int(body) % 31])
    )


def nhs(chance: Random, _born: date, *, female: bool) -> str:  # noqa: ARG001 - as others
    """England: of the range for tests."""
    while True:
        body = f"999{digits(chance, 6)}"
        check = -weighed(body, range(10, 1, -1)) % 11
        if check < 10:
            return f"{body[:3]} {body[3:6]} {body[6:]}{check}"


def iban(chance: Random, country: str = "FR") -> str:
    """Return an IBAN with right check digits; of France and Germany."""
    body = digits(chance, 23 if country == "FR" else 18)
    moved = "".join(str(int(sign, 36)) for sign in f"{body}{country}00")
    return f"{country}{98 - int(moved) % 97:02}{body}"


def card(chance: Random) -> str:
    """Return a card number with a right check digit."""
    body = chance.choice(("4000", "5100", "4111")) + digits(chance, 11)
    return body + luhn(body)


_Numbering = Callable[..., str]
NUMBERS: Final[dict[str, _Numbering]] = {
    "fr": nir, "de": tax_id, "es": dni, "it": fiscal_code, "nl": bsn, "pl": pesel,
    "se": personnummer, "dk": cpr, "no": birth_number, "pt": nif, "ro": cnp, "fi": hetu, "gb": nhs,
}  # fmt: skip
