"""Payment cards (ISO/IEC 7812) and bank accounts (IBAN, ISO 13616)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from scanner.content.patterns import Pattern
from scanner.model.frozen import dataclass
from scanner.model.late import late

_CARD = late(r"\d(?:[ -]?\d){12,18}", re.ASCII)
# Neither digits after a decimal point nor a part of something longer.
_CARD_IN_TEXT = late(r"(?<![\w.,-])\d(?:[ -]?\d){12,18}(?![\w-])", re.ASCII)
_ISSUED = late(
    r"""4\d{12}(?:\d{3}){0,2}                                    # Visa
      | (?:5[1-5]\d{2}|222[1-9]|22[3-9]\d|2[3-6]\d{2}|27[01]\d|2720)\d{12}   # Mastercard
      | 3[47]\d{13}                                              # American Express
      | (?:6011|65\d{2}|64[4-9]\d)\d{12}                         # Discover
      | 3(?:0[0-5]|[68]\d)\d{11}                                 # Diners Club
      | 35(?:2[89]|[3-8]\d)\d{12}                                # JCB
    """,
    re.VERBOSE | re.ASCII,
)
_IBAN = late(r"[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}", re.ASCII)
_JOINTS = str.maketrans("", "", " -")
_DIGITS = Pattern(r"\d(?:[ -]?\d){12}")
_CARD_WORDS = late(
    r"\b(?:cards?|cartes?|visa|mastercard|amex|cvv|cvc|(?:kredit)?karten?|tarjetas?|carta|cartao"
    r"|karta|kort)\b",
    re.IGNORECASE,
)
_LEAST: Final = 3
_CARD_SHARE: Final = 0.8
_IBAN_SHARE: Final = 0.5
_MOST_CELLS: Final = 500
_GLANCE: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentColumn:
    """A column of card numbers or accounts (``card`` or ``iban``), and how many are valid."""

    kind: str
    count: int
    valid_share: float


def payments(cells: Sequence[str]) -> PaymentColumn | None:
    """Return what a column holds: cards from four fifths valid on, IBANs from half."""
    sample = cells[:_MOST_CELLS]
    if len(sample) < _LEAST:
        return None
    for kind, is_one, share in (("card", is_card, _CARD_SHARE), ("iban", is_iban, _IBAN_SHARE)):
        if not any(is_one(cell) for cell in sample[:_GLANCE]):
            continue
        valid = [cell for cell in sample if is_one(cell)]
        if len(set(valid)) >= _LEAST and len(valid) >= share * len(sample):
            return PaymentColumn(kind=kind, count=len(valid), valid_share=len(valid) / len(sample))
    return None


def is_card(text: str) -> bool:
    """Whether a cell is a card number: an issuer's range, its length, and the Luhn digit."""
    if not 13 <= len(text) <= 30 or not _CARD.fullmatch(text):
        return False
    digits = text.translate(_JOINTS)
    return bool(_ISSUED.fullmatch(digits)) and passes_luhn(digits)


def is_iban(text: str) -> bool:
    """Whether a cell is a valid IBAN, of a country that has them."""
    if not 15 <= len(text) <= 42 or not _IBAN.fullmatch(text):
        return False
    from stdnum import iban  # noqa: PLC0415 - most files have nothing of the shape

    return iban.is_valid(text)


def passes_luhn(digits: str) -> bool:
    """Whether the last of these digits is their Luhn check digit."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def count_cards(text: str, most: int = 1000) -> int:
    """Return how many cards stand in running text that speaks of cards; 0 under three."""
    if not _DIGITS.is_in(text) or not _CARD_WORDS.search(text):
        return 0
    found = set()
    for match in _CARD_IN_TEXT.finditer(text):
        if is_card(match.group()):
            found.add(match.group())
        if len(found) >= most:
            break
    return len(found) if len(found) >= _LEAST else 0
