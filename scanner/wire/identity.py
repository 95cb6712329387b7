"""By what a server is known again: marks, and where the marks of one name's addresses differ."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field

from scanner.model.frozen import dataclass
from scanner.model.late import late
from scanner.model.observation import (
    CertificateFacts,
    EndpointObservation,
    EndpointState,
    FtpFacts,
    IdentityDifference,
)
from scanner.model.reading import Observed
from scanner.model.ssh import SshFacts
from scanner.model.target import Protocol
from scanner.wire.ssh_keys import plain_type

GREETING = "greeting"
CERTIFICATE = "certificate-key"
IDENTIFICATION = "identification"
HOST_KEY = "host-key"
PROTOCOL = "protocol"
NONE = "none"
"""The mark of a server that was seen to have no certificate."""

OTHER_SERVICE = "other-service"

_PUNCTUATION = "()[]<>{},;.!?\"'="
_IPV4 = late(r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?::[0-9]+)?")
_HOST = late(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}")
_NUMBER = late(r"([0-9]+(?:\.[0-9]+)+[a-z]?[0-9]*)|[0-9]+")
_CALENDAR = late(
    r"(?:jan|febr?|apr|aug|sept?|oct|nov|dec)(?:uary|il|ust|ember|ober)?|mar(?:ch)?|may|june?|july?"
    r"|(?:mon|tues?|wed|thu(?:rs)?|fri|sat|sun)(?:day|nesday|urday)?|[ap]m|utc|gmt|cest?"
)
_TINYSSH_TAIL = late(r"(?<=^SSH-2\.0-tinyssh_)(.{1,40}) \w{8}$")
"""TinySSH ends its identification in eight other characters on every connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """Who answered on one port of one address. ``speaks`` is a protocol or ``other-service``.

    ``whole`` is false where some mark could not be read.
    """

    address: str
    port: int
    speaks: str
    marks: Mapping[str, str] = field(default_factory=dict)
    whole: bool = True


def greeting_mark(lines: Iterable[str]) -> str:
    """Return the mark of a greeting, without what varies from one connection, moment or
    machine of a cluster to the next: times, dates, addresses, host names, counters. Versions stay.
    """
    words = " ".join(lines).casefold().split()
    return digest(" ".join(filter(None, map(_steady, words))))


def _steady(word: str) -> str:
    bare = word.strip(_PUNCTUATION)
    if bare.count(":") >= 2:  # an IPv6 address, or a time of day
        return ""
    bare = bare.strip(":")
    if _CALENDAR.fullmatch(bare):
        return ""
    if _IPV4.fullmatch(bare) or _HOST.fullmatch(bare):
        return ""
    return _NUMBER.sub(lambda match: match[1] or "", word)


def digest(text: str) -> str:
    """Return the fingerprint of a text."""
    return f"sha256:{hashlib.sha256(text.encode('utf-8')).hexdigest()[:32]}"


def identification_mark(line: str) -> str:
    """Return the mark of an SSH identification string."""
    return digest(_TINYSSH_TAIL.sub(r"\1", line))


def certificate_mark(certificate: CertificateFacts) -> str:
    """Return the mark of a certificate's key, written like a pin of a targets file.

    A renewed certificate of the same key keeps it; where the key is unreadable the whole
    certificate stands in.
    """
    key = certificate.spki_sha256 or certificate.sha256
    return f"sha256:{base64.b64encode(bytes.fromhex(key)).decode('ascii')}"


def host_key_marks(fingerprints: Mapping[str, str]) -> dict[str, str]:
    """Return the marks of host keys, given the fingerprint of each algorithm.

    A certificate is marked by the key inside: one that was renewed is no other server.
    """
    marks: dict[str, str] = {}
    for algorithm, print_ in fingerprints.items():
        marks.setdefault(f"{HOST_KEY} {plain_type(algorithm)}", print_)
    return marks


def sighting_of(endpoint: EndpointObservation) -> Sighting | None:
    """Return who answered on an endpoint that was observed; ``None`` where nobody did."""
    speaks = str(endpoint.protocol)
    match endpoint.facts:
        case FtpFacts() as ftp:
            marks = _ftp_marks(ftp)
        case SshFacts() as ssh:
            marks = _ssh_marks(ssh)
        case None:
            if endpoint.state is not EndpointState.OTHER_SERVICE:
                return None
            marks, speaks = {}, OTHER_SERVICE
    return Sighting(address=endpoint.address, port=endpoint.port, speaks=speaks, marks=marks)


def _ftp_marks(facts: FtpFacts) -> dict[str, str]:
    marks: dict[str, str] = {}
    if isinstance(facts.greeting, Observed):
        marks[GREETING] = greeting_mark(facts.greeting.value.text)
    if isinstance(facts.tls, Observed):
        marks[CERTIFICATE] = certificate_mark(facts.tls.value.certificate)
    elif isinstance(facts.auth_tls, Observed) and not facts.auth_tls.value.offered:
        marks[CERTIFICATE] = NONE
    return marks


def _ssh_marks(facts: SshFacts) -> dict[str, str]:
    marks: dict[str, str] = {}
    if isinstance(facts.identification, Observed):
        marks[IDENTIFICATION] = identification_mark(facts.identification.value)
    if isinstance(facts.host_keys, Observed):
        keys = facts.host_keys.value
        marks |= host_key_marks({key.algorithm: key.fingerprint for key in keys})
    return marks


def differences(sightings: Iterable[Sighting]) -> tuple[IdentityDifference, ...]:
    """Return every mark that is not one and the same on a port, over all its sightings.

    A mark that was read at one place only proves nothing; but two servers that have no kind of
    host key in common are two.
    """
    found: list[IdentityDifference] = []
    by_port: dict[int, list[Sighting]] = {}
    for sighting in sightings:
        by_port.setdefault(sighting.port, []).append(sighting)
    for port, seen in sorted(by_port.items()):
        values = [(each.address, each.speaks) for each in seen]
        found += _difference(port, Protocol.AUTO, PROTOCOL, values)
        for protocol in Protocol:
            same = [each for each in seen if each.speaks == protocol]
            found += _of_marks(port, protocol, same)
    return tuple(found)


def _of_marks(
    port: int, protocol: Protocol, seen: Sequence[Sighting]
) -> Iterable[IdentityDifference]:
    for mark in dict.fromkeys(name for each in seen for name in each.marks):
        values = [(each.address, each.marks[mark]) for each in seen if mark in each.marks]
        yield from _difference(port, protocol, mark, values)
    keys = [(each.address, _host_keys(each)) for each in seen]
    keys = [(address, held) for address, held in keys if held]
    if any(not first[1].keys() & second[1].keys() for first in keys for second in keys):
        values = [(address, print_) for address, held in keys for print_ in held.values()]
        yield from _difference(port, protocol, HOST_KEY, values)


def _host_keys(sighting: Sighting) -> dict[str, str]:
    return {name: mark for name, mark in sighting.marks.items() if name.startswith(HOST_KEY)}


def _difference(
    port: int, protocol: Protocol, mark: str, values: Iterable[tuple[str, str]]
) -> list[IdentityDifference]:
    shown: dict[str, tuple[str, ...]] = {}
    for address, value in values:
        shown[address] = tuple(dict.fromkeys((*shown.get(address, ()), value)))
    if len({value for each in shown.values() for value in each}) < 2:
        return []
    return [IdentityDifference(port=port, protocol=protocol, mark=mark, seen=shown)]
