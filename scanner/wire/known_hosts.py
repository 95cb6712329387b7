"""OpenSSH's known_hosts format, and what it says of a host key (sshd(8), SSH_KNOWN_HOSTS)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from scanner.model.frozen import dataclass
from scanner.model.peer import PeerTrust
from scanner.wire.patterns import wildcard_match
from scanner.wire.ssh import SshSyntaxError
from scanner.wire.ssh_certificates import Certificate, fault_of, read_certificate
from scanner.wire.ssh_keys import fingerprint, is_certificate, key_type, plain_key

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

    ``candidates`` are the host's names as ``candidate_names`` returns them. ``names`` are those
    without a port: lines for them count too where none is for the port, as with ssh(1), and a
    certificate must name one of them. Without ``now`` no certificate is verified.
    """

    candidates: tuple[str, ...]
    pins: Collection[str] = ()
    known: KnownHosts = KnownHosts()
    trust_on_first_use: bool = False
    names: tuple[str, ...] = ()
    now: datetime | None = None

    @property
    def declared(self) -> bool:
        """Whether the team named any key of this host, or an authority for it."""
        return bool(self.pins or self._lines("") or self._lines("@cert-authority", wide=True))

    def judge(self, blob: bytes) -> KeyTrust:
        """Say what is known of a plain key or certificate. A revocation rules over everything.

        A pin, or a line of known_hosts, of the key inside a certificate is one of the certificate.
        """
        if not is_certificate(blob):
            return self._plain(blob)
        try:
            certificate = read_certificate(blob)
        except SshSyntaxError as error:
            return KeyTrust(PeerTrust.UNTRUSTED, f"unreadable certificate: {error}")
        return self._certified(certificate)

    def judge_all(self, blobs: Sequence[bytes]) -> tuple[KeyTrust, ...]:
        """Judge all keys of one host together.

        Where pins are given and no key is trusted, the keys are not merely unlisted but somebody
        else's. A plain key shares in what its verified or revoked certificate says of it.
        """
        judged = {blob: self.judge(blob) for blob in blobs}
        judged |= _inside(judged)
        if not self.pins or any(each.trust.may_receive_secrets for each in judged.values()):
            return tuple(judged[blob] for blob in blobs)
        return tuple(
            KeyTrust(PeerTrust.MISMATCHED, "no key of this host is pinned")
            if judged[blob].trust is PeerTrust.UNVERIFIED
            else judged[blob]
            for blob in blobs
        )

    def _plain(self, blob: bytes) -> KeyTrust:
        if any(entry.blob == blob for entry in self._lines("@revoked", wide=True)):
            return KeyTrust(PeerTrust.REVOKED, "known_hosts revokes this key")
        if fingerprint(blob) in {pin.rstrip("=") for pin in self.pins}:
            return KeyTrust(PeerTrust.PINNED)
        known = self._lines("")
        if any(entry.blob == blob for entry in known):
            return KeyTrust(PeerTrust.VERIFIED)
        if any(key_type(entry.blob) == key_type(blob) for entry in known):
            return KeyTrust(PeerTrust.MISMATCHED, "known_hosts holds another key of this type")
        if any(entry.blob == blob for entry in self._lines("", wide=True)):
            return KeyTrust(PeerTrust.VERIFIED, "known_hosts lists the key, not for this port")
        return self._unlisted()

    def _certified(self, certificate: Certificate) -> KeyTrust:
        authority = certificate.authority
        if any(entry.blob == authority for entry in self._lines("@revoked", wide=True)):
            return KeyTrust(PeerTrust.REVOKED, "known_hosts revokes the certificate's authority")
        inside = self._plain(certificate.key)
        if inside.trust in {PeerTrust.REVOKED, PeerTrust.PINNED}:
            return inside
        doubt = self._doubt(certificate)
        if doubt is None:
            return KeyTrust(PeerTrust.VERIFIED, "certified by an authority of known_hosts")
        if inside.trust is PeerTrust.VERIFIED:
            return KeyTrust(PeerTrust.VERIFIED, f"known_hosts lists the key inside; {doubt.detail}")
        return inside if inside.trust is PeerTrust.MISMATCHED else doubt

    def _doubt(self, certificate: Certificate) -> KeyTrust | None:
        """Say why a certificate proves nothing, or ``None`` where it does."""
        authorities = self._lines("@cert-authority", wide=True)
        if not authorities:
            return self._unlisted()
        if all(entry.blob != certificate.authority for entry in authorities):
            return KeyTrust(PeerTrust.UNTRUSTED, "the certificate is of another authority")
        if self.now is None:
            return KeyTrust(PeerTrust.UNTRUSTED, "no clock is there to read the certificate by")
        fault = fault_of(certificate, self.names, self.now)
        return None if fault is None else KeyTrust(*fault)

    def _unlisted(self) -> KeyTrust:
        if self.declared:
            return KeyTrust(PeerTrust.UNVERIFIED, "only other keys of this host are declared")
        if self.trust_on_first_use:
            return KeyTrust(PeerTrust.FIRST_USE, "trust on first use is allowed")
        return KeyTrust(PeerTrust.UNVERIFIED, "no key of this host is declared")

    def _lines(self, marker: str, *, wide: bool = False) -> list[KnownHost]:
        """Return the lines about this host; ``wide``: also those that name it without its port."""
        names = dict.fromkeys((*self.candidates, *(self.names if wide else ())))
        return [
            entry
            for entry in self.known.entries
            if entry.marker == marker and any(entry.names(name) for name in names)
        ]


def _inside(judged: Mapping[bytes, KeyTrust]) -> dict[bytes, KeyTrust]:
    """Return what certificates say of those of their keys that were shown without them, too."""
    found: dict[bytes, KeyTrust] = {}
    for blob, verdict in judged.items():
        try:
            key = plain_key(blob)
        except SshSyntaxError:
            continue
        plain = judged.get(key) if key != blob else None
        if plain is None or plain.trust is PeerTrust.REVOKED:
            continue
        certified = verdict.trust is PeerTrust.VERIFIED and not plain.trust.may_receive_secrets
        if certified or verdict.trust is PeerTrust.REVOKED:
            found[key] = verdict
    return found


def _pattern_matches(pattern: str, candidate: str) -> bool:
    if pattern.startswith("|1|"):
        return _hash_matches(pattern, candidate)
    return wildcard_match(pattern.lower(), candidate)


def _hash_matches(pattern: str, candidate: str) -> bool:
    parts = pattern.split("|")
    if len(parts) != 4:
        return False
    try:
        salt, wanted = (base64.b64decode(part, validate=True) for part in parts[2:])
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(hmac.new(salt, candidate.encode(), hashlib.sha1).digest(), wanted)
