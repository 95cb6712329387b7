"""Which product answers, by what it says of itself. Information only: versions are often forged
by those who patch, and patched by those who do not say so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from scanner.model.observation import Software
from scanner.model.product import Product

_MOST_VERSION: Final = 24
_VERSION: Final = r"[ /]?v?(?P<version>[0-9]+(?:\.[0-9]+){1,3}[a-z0-9~-]{0,8})?"
"""What may stand between a name and its end; a number without a dot is no version."""


_SIGNS: Final = (
    (Product.VSFTPD, r"\bvsFTPd"),
    (Product.PROFTPD, r"\bProFTPD"),
    (Product.PUREFTPD, r"\bPure-FTPd"),
    (Product.FILEZILLA, r"\bFileZilla Server(?: version)?"),
    (Product.IIS, r"\bMicrosoft FTP Service(?: \(Version)?"),
    (Product.IIS, r"\bWindows_NT\b"),
    (Product.INETUTILS, r"\bFTP server \(GNU inetutils"),
    (Product.INETUTILS, r"\binetutils"),
    (Product.PYFTPDLIB, r"\bpyftpdlib"),
    (Product.AIOFTP, r"\baioftp"),
    (Product.SERV_U, r"\bServ-U(?: FTP[- ]Server)?"),
    (Product.WING, r"\bWing FTP Server"),
    (Product.CRUSHFTP, r"\bCrushFTP(?: Server)?"),
    (Product.GLFTPD, r"\bglFTPd"),
    (Product.TWISTED, r"\bTwisted"),
    (Product.APACHE, r"\bApache FtpServer"),
    (Product.WU_FTPD, r"\bVersion wu-"),
)
"""In this order: what names a product comes before what only hints at one."""
_ANY: Final = re.compile("|".join(words for _, words in _SIGNS), re.IGNORECASE)
"""A quick look: most lines name no product, and most products are never met."""


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
    if not _ANY.search(line):
        return Product.UNKNOWN, ""
    for product, words in _SIGNS:
        if seen := re.search(words + _VERSION, line, re.IGNORECASE):
            return product, (seen["version"] or "")[:_MOST_VERSION]
    return Product.UNKNOWN, ""
