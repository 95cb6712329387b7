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
    r"(?m)^[A-Za-z0-9._@+-]{1,64}:(?:\$(?:1|2[abxy]?|5|6|7|y|gy|apr1|argon2[id]{1,2}|scrypt"
    r"|pbkdf2[a-z0-9-]{0,12})\$[^\s:]{15,200}|\{(?:S?SHA(?:256|512)?|S?MD5)\}[A-Za-z0-9+/]{20,120}={0,2})"
)
# What programs are given: a constant of PHP, an option of curl, lftp, sshpass and wget.
_GIVEN: Final = Pattern(
    r"define\(\s{0,4}['\"]\w{0,40}PASS(?:WORD|WD)?['\"]\s{0,4},\s{0,4}['\"]([^'\"\n]{4,64})['\"]"
    r"|\bcurl\b[^\n]{0,200}?\s(?:-u|--user)[\s=]{0,2}['\"]?[\w.@-]{1,64}:([^\s'\"]{4,64})"
    r"|\blftp\b[^\n]{0,100}?\s-u\s?['\"]?[\w.@-]{1,64},([^\s'\"]{4,64})"
    r"|(?m:^user\s{1,4}[\w.@-]{1,64}\s{1,4}(\S{4,64})\r?$)"
    r"|\bmysql(?:dump)?\b[^\n]{0,200}?\s-p([^\s'\"]{4,64})"
    r"|\bsshpass\s{1,4}-p\s{0,4}['\"]?([^\s'\"]{4,64})"
    r"|\bwget\b[^\n]{0,200}?\s--password[\s=]['\"]?([^\s'\"]{4,64})"
)
_GIVEN_BY: Final = ("define(", "curl", "lftp", "sshpass", "wget", "mysql", "\nuser ")
_STANDS_FOR_ONE: Final = ("$", "<", "{", "%", "*", "`")
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
        if any(word in part for word in _GIVEN_BY):
            clear += sum(map(_is_literal, _GIVEN.spans(part)))
        if ":$" in part or ":{" in part:
            hashed += sum(1 for _ in _HASHED.places(part))
        if "@" in part:
            clear += _combined(part)
    found = (("credentials", clear), ("hashed-credentials", hashed))
    return [DataKind(kind=kind, data_class=DataClass.SECRET, count=count)
            for kind, count in found if count]  # fmt: skip


def _is_literal(match: tuple[str | None, ...]) -> bool:
    """Whether what a program is given is written out, and is no word that stands for it."""
    secret = next((group for group in match[1:] if group), "")
    varied = any(not char.isalpha() for char in secret)
    return varied and not secret.startswith(_STANDS_FOR_ONE) and secret.lower() not in _NO_SECRETS


def _combined(part: str) -> int:
    """Return how many lines are an address and a password; few, or plain numbers, are not."""
    secrets = [secret or "" for _, secret in _COMBINED.spans(part)]
    mixed = sum(any(map(str.isdigit, each)) and any(map(str.isalpha, each)) for each in secrets)
    return len(secrets) if mixed >= _LEAST_COMBINED and mixed * 2 >= len(secrets) else 0
