"""SSHFP records beside host keys (RFC 4255; numbers of RFC 6594, 7479 and 8709)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from scanner.model.frozen import dataclass
from scanner.model.ssh import SshfpRecord
from scanner.wire.ssh import SshSyntaxError
from scanner.wire.ssh_keys import key_type, plain_key

SHA1, SHA256 = 1, 2
_ALGORITHMS = {
    "ssh-rsa": 1,
    "ssh-dss": 2,
    "ecdsa-sha2-nistp256": 3,
    "ecdsa-sha2-nistp384": 3,
    "ecdsa-sha2-nistp521": 3,
    "ssh-ed25519": 4,
    "ssh-ed448": 6,
}
NAMES = {1: "RSA", 2: "DSA", 3: "ECDSA", 4: "Ed25519", 6: "Ed448"}
"""What the algorithm numbers are called."""


@dataclass(frozen=True, slots=True)
class Published:
    """A record as it was published: algorithm, kind of hash, and the hash."""

    algorithm: int
    hash_type: int
    fingerprint: bytes


def compare(published: Iterable[Published], blobs: Iterable[bytes]) -> tuple[SshfpRecord, ...]:
    """Return each record with what it says of the host keys that were seen.

    A certificate counts as the key inside. A hash of an unknown kind says nothing.
    """
    seen: dict[int, set[bytes]] = {}
    for blob in blobs:
        try:
            key = plain_key(blob)
        except SshSyntaxError:
            continue
        if (number := _ALGORITHMS.get(key_type(key))) is not None:
            seen.setdefault(number, set()).add(key)
    return tuple(_compared(record, seen.get(record.algorithm, set())) for record in published)


def _compared(record: Published, keys: set[bytes]) -> SshfpRecord:
    hashes = {hashed for key in keys if (hashed := _hashed(record.hash_type, key)) is not None}
    matches = record.fingerprint in hashes
    return SshfpRecord(
        algorithm=record.algorithm,
        hash_type=record.hash_type,
        matches=matches,
        contradicts=bool(hashes) and not matches,
    )


def _hashed(kind: int, key: bytes) -> bytes | None:
    if kind == SHA1:
        # The record's own hash: what it proves is for the judge to say.
        return hashlib.sha1(key, usedforsecurity=False).digest()
    return hashlib.sha256(key).digest() if kind == SHA256 else None
