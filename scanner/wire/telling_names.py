"""What the names of files and folders say of how a migration is run. Names are weak: leads."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from scanner.model.late import late
from scanner.model.mask import is_ordinary
from scanner.model.text import words

_LETTERS = late(r"[^\W\d_]+")
_VERSION = late(r"(?:v|ver|version|rev)[ ._-]?\d{1,3}")
_ENDS = words(
    "final finale finales finals def definitif definitive definitivo last latest bis ter copie "
    "copy copia kopie corrige corrected bon ok new nouveau"
)
_MAYBE = late(rb"(?i)v(?:er(?:sion)?)?[ ._-]?\d|rev[ ._-]?\d|\(\d|(?:cop|kop)[iy]")
"""A quick look that lets every draft through: a tree holds many names."""
_SURELY = late(r"\(\d{1,2}\)$|(?:^|[ _-])(?:copy of|copie de|kopie von|copia de)[ _-]")
_LEFT = words(
    "test tests essai essais prueba pruebas prova teste tmp temp temporaire temporary old ancien "
    "anciens vieux alt viejo vecchio bak backup sauvegarde poubelle trash"
)
_CUSTOMER = words(
    "labo labos laboratoire laboratoires laboratory laboratorio labor lab clinique clinic klinik "
    "clinica hopital hospital krankenhaus ospedale chu chru chr ehpad pharmacie pharmacy apotheke "
    "cabinet client clients customer kunde cliente praxis"
)
_TICKET = late(
    r"(?:^|[^a-z0-9])(?:ticket|tkt|chg|change|inc|incident|req|ritm|task|case|demande|cmd)"
    r"[ ._#-]?\d{2,10}(?:[^a-z0-9]|$)"
)


def looks_like_a_draft(name: bytes) -> bool:
    """Whether a file's name counts versions by hand, such as ``export_v2_final.csv``."""
    if not _MAYBE.search(name):
        return False
    stem = _plain(name).rpartition(".")[0] or _plain(name)
    words = set(_LETTERS.findall(stem))
    return bool(_SURELY.search(stem)) or bool(_VERSION.search(stem) and words & _ENDS)


def looks_left_over(name: bytes) -> bool:
    """Whether a name says test, temporary or old."""
    return bool(set(_LETTERS.findall(_plain(name))) & _LEFT)


def looks_like_a_customer(name: bytes, controllers: Iterable[str] = ()) -> bool:
    """Whether a folder bears a customer's name: a declared controller's, or a word for a
    laboratory, a practice or a customer with a name or number of its own.
    """
    text = _plain(name)
    squeezed = _squeezed(text)
    if any(key and key == squeezed for key in map(_squeezed, map(_folded, controllers))):
        return True
    if not set(_LETTERS.findall(text)) & _CUSTOMER:
        return False
    return not is_ordinary(text) or any(char.isdigit() for char in text)


def bears_ticket(path: bytes, order_id: str) -> bool:
    """Whether a path bears its order's number, or that of a ticket.

    ``MIG-7`` stands in ``mig_7_export`` and in ``mig7``, and not in ``mig-71``.
    """
    text = _plain(path)
    own = _number(order_id)
    return bool(own and own.search(text)) or bool(_TICKET.search(text))


@lru_cache(maxsize=256)
def _number(order_id: str) -> re.Pattern[str] | None:
    """Return what finds an order's number in one part of a path, up to three marks in between.

    ``None`` for a number of one character: that stands in every path.
    """
    wanted = _squeezed(_folded(order_id))
    if len(wanted) < 2:
        return None
    ends = r"(?!\d)" if wanted[-1].isdigit() else ""
    return re.compile(r"(?:_|[^\w/]){0,3}".join(map(re.escape, wanted)) + ends)


def _plain(raw: bytes) -> str:
    if raw.isascii():
        return raw.decode("ascii").lower()
    return _folded(raw.decode("utf-8", "replace"))


def _folded(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(char for char in decomposed if not unicodedata.combining(char)).casefold()


def _squeezed(text: str) -> str:
    return "".join(char for char in text if char.isalnum())
