"""Which product answers, by what it says of itself. Information only: versions are often forged
by those who patch, and patched by those who do not say so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from scanner.model.frozen import dataclass
from scanner.model.observation import Software
from scanner.model.product import Product

_MOST_VERSION: Final = 24
_VERSION: Final = r"[ /]?v?(?P<version>[0-9]+(?:\.[0-9]+){1,3}[a-z0-9~-]{0,8})?"
"""What may stand between a name and its end; a number without a dot is no version."""


@dataclass(frozen=True, slots=True)
class _Sign:
    product: Product
    pattern: re.Pattern[str]


def _sign(product: Product, words: str) -> _Sign:
    return _Sign(product, re.compile(words + _VERSION, re.IGNORECASE))


_SIGNS: Final = (
    _sign(Product.VSFTPD, r"\bvsFTPd"),
    _sign(Product.PROFTPD, r"\bProFTPD"),
    _sign(Product.PUREFTPD, r"\bPure-FTPd"),
    _sign(Product.FILEZILLA, r"\bFileZilla Server(?: version)?"),
    _sign(Product.IIS, r"\bMicrosoft FTP Service(?: \(Version)?"),
    _sign(Product.IIS, r"\bWindows_NT\b"),
    _sign(Product.INETUTILS, r"\bFTP server \(GNU inetutils"),
    _sign(Product.INETUTILS, r"\binetutils"),
    _sign(Product.PYFTPDLIB, r"\bpyftpdlib"),
    _sign(Product.AIOFTP, r"\baioftp"),
    _sign(Product.SERV_U, r"\bServ-U(?: FTP[- ]Server)?"),
    _sign(Product.WING, r"\bWing FTP Server"),
    _sign(Product.CRUSHFTP, r"\bCrushFTP(?: Server)?"),
    _sign(Product.GLFTPD, r"\bglFTPd"),
    _sign(Product.TWISTED, r"\bTwisted"),
    _sign(Product.APACHE, r"\bApache FtpServer"),
    _sign(Product.WU_FTPD, r"\bVersion wu-"),
)
"""In this order: what names a product comes before what only hints at one."""


def identify(told: Iterable[tuple[str, Sequence[str]]]) -> Software:
    """Return the product that replies name, and its version where one of them tells it.

    ``told`` pairs a command (empty for the greeting) with the lines of its reply. Without a sign
    the product is ``unknown``. The first product named wins; later replies may still tell its
    version.
    """
    found = Product.UNKNOWN
    version, signs = "", []
    for command, lines in told:
        for line in lines:
            product, number = _read(line)
            if product is Product.UNKNOWN or found not in {Product.UNKNOWN, product}:
                continue
            found = product
            version = version or number
            signs.append(command or "greeting")
    return Software(product=found, version=version, signs=tuple(dict.fromkeys(signs)))


def _read(line: str) -> tuple[Product, str]:
    for sign in _SIGNS:
        if seen := sign.pattern.search(line):
            return sign.product, (seen["version"] or "")[:_MOST_VERSION]
    return Product.UNKNOWN, ""
