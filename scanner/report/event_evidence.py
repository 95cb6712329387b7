"""What of the evidence may leave in an event: a list of what is allowed, nothing else.

Codes, commands, names of algorithms, facts of certificates, counts and fingerprints; no text of a
server, no name of an account, no path.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

MOST_PIECES = 6
_MOST_NAMES = 16
_MOST_NAME = 64
_ALLOWED: Mapping[str, tuple[str, ...]] = {
    "ftp-reply": ("code", "encrypted"),
    "ftp-listing": ("complete", "entries", "outcome"),
    "sftp-listing": ("complete", "directories", "entries", "sampled", "outcome"),
    "sftp-posture": ("version", "folders"),
    "ssh-auth-methods": ("methods", "none_accepted"),
    "ssh-host-key": ("algorithm", "bits", "fingerprint", "trust"),
    "ssh-kexinit": ("kex", "host_key", "ciphers_in", "macs_in"),
    "ssh-login": ("status",),
    "tls-flight": (
        "accepted",
        "version",
        "suite",
        "group",
        "group_bits",
        "compression",
        "secure_renegotiation",
    ),
    "tls-offer": ("accepted", "offer", "version"),
    "tls-session": (
        "version",
        "cipher",
        "sha256",
        "spki_sha256",
        "key_type",
        "key_bits",
        "signature",
        "not_after",
        "self_signed",
        "trust",
    ),
}


Pieces: TypeAlias = Sequence[tuple[str, dict[str, Any]]]
"""OCSF evidence with the identity of each piece, in the order of a host document."""


def pieces_of(host: Mapping[str, Any]) -> Pieces:
    """Return every piece of a host document as OCSF evidence: several rows show the same ones."""
    return [(piece["id"], {"data": _told(piece)}) for piece in host["evidence"]]


def evidences(pieces: Pieces, identities: Iterable[str]) -> list[dict[str, Any]]:
    """Return the pieces that are named, at most ``MOST_PIECES`` of them."""
    wanted = set(identities)
    return [told for identity, told in pieces if identity in wanted][:MOST_PIECES]


def _told(piece: Mapping[str, Any]) -> dict[str, Any]:
    kind, data = piece["kind"], piece["data"]
    told = {"id": piece["id"], "kind": kind, "at": piece["at"]}
    if kind == "ftp-reply":
        told["command"] = str(data.get("command", "")).partition(" ")[0][:8]
    for key in _ALLOWED.get(kind, ()):
        if key in data:
            told[key] = _bounded(data[key])
    return told


def _bounded(value: Any) -> Any:
    if isinstance(value, str):
        return value[:_MOST_NAME]
    if isinstance(value, list | tuple):
        return [str(item)[:_MOST_NAME] for item in value[:_MOST_NAMES]]
    return value
