"""Logins and passwords in running text: in addresses, in lines of their own, or as hashes."""

from __future__ import annotations

from typing import Final

from scanner.content.patterns import Pattern
from scanner.content.text import Sections
from scanner.model.content import DataClass, DataKind

_ADDRESS: Final = Pattern(
    r"[a-z][a-z0-9+.-]{1,20}://[^\s:/@\"'<>${}%*]{1,64}:([^\s:/@\"'<>${}*]{4,64})@[A-Za-z0-9.-]{1,100}"
)
_NETRC: Final = Pattern(
    r"machine\s{1,8}\S{1,100}\s{1,8}login\s{1,8}\S{1,64}\s{1,8}password\s{1,8}\S{1,64}"
)
# The scheme of crypt(3) and its relatives, after the login that shadow and htpasswd put before it.
_HASHED: Final = Pattern(
    r"(?m)^[A-Za-z0-9._@+-]{1,64}:\$(?:1|2[abxy]?|5|6|7|y|gy|apr1|argon2[id]{1,2}|scrypt"
    r"|pbkdf2[a-z0-9-]{0,12})\$[^\s:]{15,200}"
)
_COMBINED: Final = Pattern(r"(?m)^[^\s:;|,@]{1,64}@[A-Za-z0-9.-]{1,100}[:;|]([^\s:;|]{4,64})\r?$")
_NO_SECRETS: Final = frozenset({"password", "pass", "passwd", "pwd", "secret", "xxxx", "token"})
_LEAST_COMBINED: Final = 5


def credentials_in(sections: Sections) -> list[DataKind]:
    """Return ``credentials`` and ``hashed-credentials`` of running text, with their counts."""
    clear = hashed = 0
    for part in sections.parts:
        if "://" in part:
            clear += sum(
                (secret or "").lower() not in _NO_SECRETS for _, secret in _ADDRESS.spans(part)
            )
        if "machine" in part:
            clear += sum(1 for _ in _NETRC.spans(part))
        if ":$" in part:
            hashed += sum(1 for _ in _HASHED.places(part))
        if "@" in part:
            clear += _combined(part)
    found = (("credentials", clear), ("hashed-credentials", hashed))
    return [DataKind(kind=kind, data_class=DataClass.SECRET, count=count)
            for kind, count in found if count]  # fmt: skip


def _combined(part: str) -> int:
    """Return how many lines are an address and a password; few, or plain numbers, are not."""
    secrets = [secret or "" for _, secret in _COMBINED.spans(part)]
    mixed = sum(any(map(str.isdigit, each)) and any(map(str.isalpha, each)) for each in secrets)
    return len(secrets) if mixed >= _LEAST_COMBINED and mixed * 2 >= len(secrets) else 0
