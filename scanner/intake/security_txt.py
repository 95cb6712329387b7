"""A ``security.txt`` (RFC 9116) that an operator hands over: is there a contact, until when?"""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

from scanner.errors import InputError
from scanner.intake.files import read_bounded, shown_path
from scanner.intake.formats import parse_moment
from scanner.model.dossier import SecurityTxt

LARGEST_SECURITY_TXT = 65_536
"""Bytes of a security.txt at most."""

_FIELD = re.compile(r"([A-Za-z-]{1,64}):[ \t]*(\S.{0,2000}?)[ \t]*")


def read_security_txt(path: Path) -> SecurityTxt:
    """Read the fields ``Contact`` and ``Expires``; everything else is passed over.

    Raises ``InputError``, one line, for what is no text.
    """
    content = read_bounded(path, LARGEST_SECURITY_TXT)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{shown_path(path)}: is not UTF-8; save the file as UTF-8") from None
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        match = _FIELD.fullmatch(line)
        if match:
            found.setdefault(match[1].lower(), []).append(match[2])
    expiries = found.get("expires", [])
    expires = _moment(expiries[0]) if len(expiries) == 1 else None
    return SecurityTxt(contacts=len(found.get("contact", [])), expires=expires)


def _moment(text: str) -> datetime | None:
    try:
        return parse_moment(text)
    except ValueError:
        return None
