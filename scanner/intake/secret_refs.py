"""References to secrets as text. The secrets themselves are resolved elsewhere."""

from __future__ import annotations

import re

from scanner.errors import InputError
from scanner.model.late import late
from scanner.model.secret import SecretRef, SecretScheme

_FORMS = "env:NAME, file:PATH, cred:NAME or keyring:SERVICE/NAME"
_NAMES: dict[str, re.Pattern[str]] = {
    SecretScheme.ENV: late(r"[A-Za-z_][A-Za-z0-9_]{0,254}"),
    SecretScheme.FILE: late(r"[^\x00]{1,4096}"),
    SecretScheme.CRED: late(r"(?!\.\.?$)[A-Za-z0-9._@-]{1,255}"),
    SecretScheme.KEYRING: late(r"[^\x00]{1,255}/[^\x00/]{1,255}"),
}
_WANTED = {
    SecretScheme.ENV: "the name of an environment variable: letters, digits and _",
    SecretScheme.FILE: "a path",
    SecretScheme.CRED: "a credential's name: letters, digits and . _ @ -",
    SecretScheme.KEYRING: "a service and a name, as in keyring:transfers/migration",
}


def parse_ref(text: str) -> SecretRef:
    """Return the reference that ``text`` is.

    Raises ``InputError`` with one clause that never repeats the text: it may be the secret.
    """
    head, colon, name = text.partition(":")
    if not colon or head not in _NAMES:
        raise InputError(
            f"is not a reference to a secret; write {_FORMS}, and keep the secret out of this file"
        )
    scheme = SecretScheme(head)
    if not _NAMES[scheme].fullmatch(name):
        raise InputError(f"is not a usable reference; after {head}: give {_WANTED[scheme]}")
    return SecretRef(scheme, name)
