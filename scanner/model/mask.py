"""Names kept so that nights can be compared but nobody can be read out of them."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field

from scanner.model.text import neutralise

_LONG_DIGITS = re.compile(r"\d{5,}")
_PERSON_LIKE = re.compile(
    r"[A-ZÀ-Þ][a-zß-ÿ'-]+[ _.,-]+[A-ZÀ-Þ][A-Za-zÀ-ÿ'-]+|[A-ZÀ-Þ]{2,}[ _.,-]+[A-ZÀ-Þ][a-zß-ÿ'-]+"
)
_EXTENSION = re.compile(r"[A-Za-z0-9]{1,10}")


@dataclass(frozen=True, slots=True)
class Mask:
    """Keys and masks names with one secret key of at least 16 bytes."""

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) < 16:
            message = "a masking key has at least 16 bytes"
            raise ValueError(message)

    def __call__(self, *parts: bytes) -> str:
        """Return the HMAC-SHA-256 of the length-framed parts, 32 hexadecimal digits."""
        framed = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        return hmac.new(self.secret, framed, hashlib.sha256).hexdigest()[:32]

    def directory(self, path: bytes) -> str:
        """Return a path fit to be stored: person-like and long-digit parts become ``***``."""
        text = neutralise(path, 300)
        return "/".join(_masked_part(part) for part in text.split("/"))

    def extension(self, name: bytes) -> str:
        """Return the lower-case extension without its dot, or an empty string."""
        _, dot, last = name.decode("latin-1").rpartition(".")
        return last.lower() if dot and _EXTENSION.fullmatch(last) else ""


def _masked_part(part: str) -> str:
    if _PERSON_LIKE.search(part):
        return "***"
    return _LONG_DIGITS.sub("***", part)
