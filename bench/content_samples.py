"""One sample of the content benchmark, and the invented people that fill it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from scanner.content.nir import nir_key
from scanner.model.content import ContentState

SURNAMES = [
    "Almeida",
    "Andersen",
    "Bakker",
    "Bernal",
    "Bianchi",
    "Brandt",
    "Carvalho",
    "Castro",
    "Dubreuil",
    "Eklund",
    "Esposito",
    "Fabre",
    "Ferrari",
    "Garnier",
    "Haugen",
    "Holm",
    "Jansen",
    "Jimenez",
    "Kaminski",
    "Keller",
    "Kowal",
    "Lambert",
    "Lindqvist",
    "Maier",
    "Marques",
    "Meunier",
    "Moreno",
    "Nowicka",
    "Olsen",
    "Perrin",
    "Peeters",
    "Rinaldi",
    "Roux",
    "Schreiber",
    "Silva",
    "Svensson",
    "Taylor",
    "Visser",
    "Weber",
    "Zielinski",
    "O'Neill",
    "Saint-Clair",
]
FIRST_NAMES = [
    "Anna",
    "Bruno",
    "Carla",
    "Daan",
    "Elena",
    "Felix",
    "Greta",
    "Hugo",
    "Ines",
    "Jonas",
    "Karin",
    "Lars",
    "Marie",
    "Nils",
    "Olga",
    "Paul",
    "Rosa",
    "Sofia",
    "Tomas",
    "Ute",
    "Vera",
    "Wim",
    "Yara",
    "Zoe",
    "Jean-Luc",
    "Chiara",
    "Ewa",
    "Mads",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Bytes and the truth about them. ``holds``: every kind of data that is really in there."""

    family: str
    data: bytes
    states: frozenset[ContentState] = frozenset({ContentState.CLEAR})
    holds: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Somebody:
    """A person who does not exist."""

    surname: str
    first: str
    born: date
    nir: str
    phone: str
    email: str


def somebody(chance: Random) -> Somebody:
    """Return a person with a NIR of a provisional kind, which nobody carries for long."""
    surname, first = chance.choice(SURNAMES), chance.choice(FIRST_NAMES)
    born = date(1932, 1, 1) + timedelta(days=chance.randrange(27_000))
    plain = f"{first}.{surname}".lower().replace("'", "")
    phone = f"0{chance.randrange(6, 8)} 39 98 {chance.randrange(100):02} {chance.randrange(100):02}"
    return Somebody(surname, first, born, nir(chance, born.year), phone,
                    f"{plain}{chance.randrange(99)}@example.org")  # fmt: skip


def nir(chance: Random, year: int) -> str:
    """Return a NIR with a right key; Corsica and every legal month are among them."""
    months = (*range(1, 14), *range(20, 43), *range(50, 100))
    department = chance.choice(("2A", "2B", "19", "75", "97", "99"))
    thirteen = (
        f"{chance.choice('3478')}{year % 100:02}{chance.choice(months):02}{department}"
        f"{chance.randrange(1, 990):03}{chance.randrange(1, 1000):03}"
    )
    return f"{thirteen}{nir_key(thirteen):02}"


def digits(chance: Random, count: int) -> str:
    """Return ``count`` digits of no meaning."""
    return "".join(chance.choice("0123456789") for _ in range(count))
