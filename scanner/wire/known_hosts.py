"""OpenSSH's known_hosts format, and what it says of a host key (sshd(8), SSH_KNOWN_HOSTS)."""

from __future__ import annotations

import base64
import binascii
import fnmatch
import hashlib
import hmac
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from scanner.model.peer import PeerTrust
from scanner.wire.ssh_keys import fingerprint, key_type

DEFAULT_PORT = 22


@dataclass(frozen=True, slots=True)
class KnownHost:
    """One line. ``marker`` is empty, ``@revoked`` or ``@cert-authority``."""

    marker: str
    patterns: tuple[str, ...]
    blob: bytes

    def names(self, candidate: str) -> bool:
        """Whether the line is about ``candidate``: a name, an address or ``[host]:port``."""
        matched = False
        for pattern in self.patterns:
            bare = pattern.removeprefix("!")
            if _pattern_matches(bare, candidate):
                if bare != pattern:
                    return False
                matched = True
        return matched


@dataclass(frozen=True, slots=True)
class KnownHosts:
    """A whole file. ``unparsed`` counts lines that are neither entry, comment nor blank."""

    entries: tuple[KnownHost, ...] = ()
    unparsed: int = 0


@dataclass(frozen=True, slots=True)
class KeyTrust:
    """Whether a host key is the host's own, and why."""

    trust: PeerTrust
    detail: str = ""


def read_known_hosts(data: bytes) -> KnownHosts:
    """Parse a known_hosts file. Never raises: a line that makes no sense is counted."""
    entries: list[KnownHost] = []
    unparsed = 0
    for line in data.decode("utf-8", "replace").splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        entry = _entry(words)
        if entry is None:
            unparsed += 1
        else:
            entries.append(entry)
    return KnownHosts(tuple(entries), unparsed)


def _entry(words: list[str]) -> KnownHost | None:
    marker = words.pop(0) if words[0].startswith("@") else ""
    if marker not in {"", "@revoked", "@cert-authority"} or len(words) < 3:
        return None
    hosts, algorithm, encoded = words[:3]
    try:
        blob = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None
    if key_type(blob) != algorithm:
        return None
    return KnownHost(marker, tuple(part for part in hosts.split(",") if part), blob)


def candidate_names(names: Iterable[str], port: int) -> tuple[str, ...]:
    """Return how known_hosts may write a host: bare on port 22, else ``[name]:port``."""
    lowered = dict.fromkeys(name.lower() for name in names)
    if port == DEFAULT_PORT:
        return tuple(lowered)
    return tuple(f"[{name}]:{port}" for name in lowered)


@dataclass(frozen=True, slots=True)
class HostKeyPolicy:
    """Everything that the team says of one host's keys. ``pins`` are SHA256 fingerprints.

    ``candidates`` are the host's names as ``candidate_names`` returns them.
    """

    candidates: tuple[str, ...]
    pins: Collection[str] = ()
    known: KnownHosts = KnownHosts()
    trust_on_first_use: bool = False

    @property
    def declared(self) -> bool:
        """Whether the team named any key of this host."""
        return bool(self.pins) or bool(self._about_host("", "@cert-authority"))

    def judge(self, blob: bytes) -> KeyTrust:
        """Say what is known of the key in ``blob``. A revocation rules over everything."""
        if any(entry.blob == blob for entry in self._about_host("@revoked")):
            return KeyTrust(PeerTrust.REVOKED, "known_hosts revokes this key")
        if fingerprint(blob) in {pin.rstrip("=") for pin in self.pins}:
            return KeyTrust(PeerTrust.PINNED)
        known = self._about_host("")
        if any(entry.blob == blob for entry in known):
            return KeyTrust(PeerTrust.VERIFIED)
        same_type = [entry for entry in known if key_type(entry.blob) == key_type(blob)]
        if same_type:
            return KeyTrust(PeerTrust.MISMATCHED, "known_hosts holds another key of this type")
        return self._unlisted()

    def judge_all(self, blobs: Sequence[bytes]) -> tuple[KeyTrust, ...]:
        """Judge all keys of one host: where pins are given and none of them is there, the
        keys are not merely unlisted but somebody else's.
        """
        judged = tuple(self.judge(blob) for blob in blobs)
        if not self.pins or any(each.trust.may_receive_secrets for each in judged):
            return judged
        return tuple(
            KeyTrust(PeerTrust.MISMATCHED, "no key of this host is pinned")
            if each.trust is PeerTrust.UNVERIFIED
            else each
            for each in judged
        )

    def _unlisted(self) -> KeyTrust:
        if self.declared:
            return KeyTrust(PeerTrust.UNVERIFIED, "only other keys of this host are declared")
        if self.trust_on_first_use:
            return KeyTrust(PeerTrust.FIRST_USE, "trust on first use is allowed")
        return KeyTrust(PeerTrust.UNVERIFIED, "no key of this host is declared")

    def _about_host(self, *markers: str) -> list[KnownHost]:
        return [
            entry
            for entry in self.known.entries
            if entry.marker in markers and any(entry.names(name) for name in self.candidates)
        ]


def _pattern_matches(pattern: str, candidate: str) -> bool:
    if pattern.startswith("|1|"):
        return _hash_matches(pattern, candidate)
    # Only * and ? are wild here: brackets belong to [host]:port.
    literal = re.sub(r"\[", "[[]", pattern.lower())
    return re.match(fnmatch.translate(literal), candidate) is not None


def _hash_matches(pattern: str, candidate: str) -> bool:
    parts = pattern.split("|")
    if len(parts) != 4:
        return False
    try:
        salt, wanted = (base64.b64decode(part, validate=True) for part in parts[2:])
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(hmac.new(salt, candidate.encode(), hashlib.sha1).digest(), wanted)
