"""Keys beside what they open: by what a file holds, and by what it is called."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from scanner.model.content import ContentFacts, ContentState, Note
from scanner.model.late import late
from scanner.model.text import words

_LOCKED: Final = frozenset({ContentState.ENCRYPTED, ContentState.WEAK, ContentState.PARTIAL})
_OPENS: Final[Mapping[str, frozenset[str]]] = {
    "age-secret-key": frozenset({"age", "age-armor", "sops"}),
    "openpgp-secret-key": frozenset({"openpgp", "openpgp-armor", "pgp-mime", "sops"}),
    # An RSA or Ed25519 key of SSH opens age files, one of X.509 opens CMS.
    "private-key": frozenset({"age", "age-armor", "cms", "smime", "jwe", "xmlenc"}),
    "rclone-config": frozenset({"rclone-crypt"}),
    "git-crypt-key": frozenset({"git-crypt"}),
    "symmetric-key": frozenset({"fernet", "xtrabackup", "openssl-enc", "parquet", "jwe"}),
}
_BY_PASSPHRASE: Final = words(
    "age age-armor openpgp openpgp-armor pgp-mime openssl-enc openssl-enc-base64 zip 7z rar pdf "
    "ooxml xls doc ppt opendocument iwork access keepass ansible-vault aes-crypt scrypt mcrypt "
    "luks bitlocker dmg sqlite private-key rclone-crypt zed ccrypt"
)
_MOST_PASSPHRASE: Final = 4096  # a longer text is about passwords, rather than one
_PASSPHRASE_NAME: Final = late(
    rb"(?:.*[-_. ])?(?:pass(?:phrases?|words?|wd|wort)|mdp|mot[-_. ]?de[-_. ]?passe|"
    rb"vault[-_. ]?pass(?:word)?|kennwort|contrasena|wachtwoord)(?:[-_. ].*)?"
)
_KEY_NAME: Final = late(rb".*\.(?:keyx?|keyfile|agekey)|(?:key|keys|keyfile)(?:\.txt)?")


def opened_by(files: Mapping[bytes, ContentFacts]) -> dict[bytes, ContentFacts]:
    """Return those files of one place that another file there opens, now ``keyless``.

    Keys of ``files`` are names without their directories' part, or paths within one archive.
    A key counts where it was read and lies in clear; a passphrase file also needs its name.
    """
    opens: set[str] = set()
    for name, facts in files.items():
        opens |= _opens(name, facts)
    if not opens:
        return {}
    return {
        name: replace(facts, state=ContentState.KEYLESS, unread=True,
                      notes=(*facts.notes, Note.KEY_BESIDE))
        for name, facts in files.items()
        if facts.state in _LOCKED and families(facts.format) & opens
    }  # fmt: skip


def families(name: str) -> set[str]:
    """Return the formats within a format's name: ``zip/age`` is a ``zip`` that holds ``age``."""
    return set(name.split("/"))


def _opens(name: bytes, facts: ContentFacts) -> set[str]:
    if facts.state is not ContentState.CLEAR:
        return set()
    found: set[str] = set()
    for kind in facts.kinds:
        found |= _OPENS.get(kind.kind, frozenset())
    base = re.split(rb"[/\\]", name)[-1].lower()
    if facts.bytes_read <= _MOST_PASSPHRASE and families(facts.format) & {
        "text",
        "base64",
        "csv",
        "symmetric-key",
    }:
        if _PASSPHRASE_NAME.fullmatch(base) and not base.endswith((b".csv", b".sql")):
            found |= _BY_PASSPHRASE
        elif _KEY_NAME.fullmatch(base):
            found |= _OPENS["symmetric-key"] | _BY_PASSPHRASE
    return found
