"""The public keys that a target lists for people, read from the team's own files."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from pathlib import Path

from scanner.model.frozen import dataclass
from scanner.model.mask import Mask
from scanner.model.reading import Reason, Unobserved
from scanner.model.target import Account
from scanner.wire.key_lines import KeyLine, read_key_lines
from scanner.wire.ssh_keys import HOST_KEY_TYPES, fingerprint, is_certificate
from scanner.wire.ssh_seed_key import public_blob

_LARGEST_FILE = 65_536
_RSA = HOST_KEY_TYPES["ssh-rsa"]


@dataclass(frozen=True, slots=True)
class PersonKey:
    """A person's key; ``line`` says why it cannot be shown where its file is of no use."""

    holder: str
    line: KeyLine | Unobserved


def holder_mark(mask: Mask, person: str) -> str:
    """Return the keyed hash of a person, without regard to case and spacing."""
    return mask(b"holder", " ".join(person.split()).casefold().encode())


def keys_of(account: Account, mask: Mask) -> list[PersonKey]:
    """Return the keys of an account's people, each person's first key before anyone's second."""
    each = [list(_of_person(mask, *entry)) for entry in account.public_keys.items()]
    return [key for row in zip_longest(*each) for key in row if key is not None]


def holders_of(accounts: Iterable[Account], mask: Mask) -> dict[str, str]:
    """Return whose each declared key is, by its fingerprint, over all accounts."""
    return {
        key.line.fingerprint: key.holder
        for account in accounts
        for key in keys_of(account, mask)
        if isinstance(key.line, KeyLine)
    }


def _of_person(mask: Mask, person: str, paths: Iterable[Path]) -> Iterator[PersonKey]:
    holder = holder_mark(mask, person)
    for path in paths:
        for line in _lines(path):
            yield PersonKey(holder, line)


def _lines(path: Path) -> list[KeyLine | Unobserved]:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_FILE)
    except OSError:
        return [Unobserved(Reason.UNREADABLE, "a listed public key cannot be read")]
    found = read_key_lines(content).keys
    if not found:
        return [Unobserved(Reason.UNREADABLE, "a listed public key file holds no public key")]
    return [_plain(line) for line in found]


def _plain(line: KeyLine) -> KeyLine | Unobserved:
    if is_certificate(line.blob):
        return Unobserved(Reason.UNREADABLE, "a certificate is listed in place of its plain key")
    return line


def strange_key() -> KeyLine:
    """Return a fresh public key whose private half is gone: nobody can have authorised it."""
    blob = public_blob(secrets.token_bytes(32))
    return KeyLine("ssh-ed25519", blob, fingerprint(blob))


def signature_algorithm(line: KeyLine, accepted: Iterable[str] | None) -> str:
    """Return the algorithm to name for a key (RFC 8332), of those that the server accepts.

    ``accepted`` is the server's ``server-sig-algs``; without it, as old servers are, the type of
    the key itself. Empty where the server takes none that fits.
    """
    names = _RSA if line.algorithm == "ssh-rsa" else (line.algorithm,)
    if accepted is None:
        return line.algorithm
    known = set(accepted)
    return next((name for name in names if name in known), "")


def refusal_mark(mask: Mask, place: str, username: str, week: str, line: KeyLine | None) -> str:
    """Return what a key's refusal by one account of one place is remembered under, for a week.

    Without a ``line``: that of our own strange keys.
    """
    shown = b"" if line is None else hashlib.sha256(line.blob).digest()
    return mask(b"key-query", place.encode(), username.encode(), week.encode(), shown)
