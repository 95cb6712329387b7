"""Where our report document holds what peers report, and how the two are compared.

``PLACES`` is the whole mapping: a new fact of a peer, or a new place of ours, is one line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from bench.peer_facts import Value

Endpoint = Mapping[str, Any]
MISSING: Final = object()
"""What a ``read`` returns that finds nothing of its own."""


@dataclass(frozen=True, slots=True)
class Place:
    """``paths`` are tried in turn, with keys apart by dots; ``read`` makes ours comparable.

    ``agree`` is given the peer's value and ours. ``why`` is what is known of a difference; of a
    fact without paths it says why it is left out.
    """

    paths: tuple[str, ...] = ()
    read: Callable[[Any], Any] = lambda found: found
    agree: Callable[[Any, Any], bool] = lambda theirs, ours: theirs == ours
    why: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What our document says of a fact: a value and where it lies, or that there is none."""

    verdict: Literal["agree", "disagree", "missing", "left out"]
    ours: str
    place: str
    why: str


# --- how ours is read, and compared ------------------------------------------------------


def _first_line(reply: Mapping[str, Any]) -> str:
    return f"{reply['code']} {(reply['text'] or [''])[0]}"


def _said(reply: Any) -> str:
    return reply if isinstance(reply, str) else " ".join(reply["text"])


def _codes(found: Mapping[str, Any]) -> frozenset[int]:
    return frozenset(one["replies"][-1]["code"] for one in found["tries"] if one["accepted"])


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


def _same_words(theirs: str, ours: str) -> bool:
    """Whether one begins as the other does: nmap cuts what is long."""
    mine, yours = _words(ours), [w for w in _words(theirs) if w not in {"x0d", "x0a"}]
    shorter = min(len(mine), len(yours), 4)
    return bool(shorter) and mine[:shorter] == yours[:shorter]


def _holds(theirs: Any, ours: Any) -> bool:
    return theirs in ours


def _at_least(theirs: int, ours: int) -> bool:
    return ours >= theirs


def _within(theirs: frozenset[str], ours: frozenset[str]) -> bool:
    return {_group(one) for one in theirs} <= {_group(one) for one in ours}


def _group(name: str) -> str:
    """Bring names of groups to one form: ``dh 2048``, ``secp256r1``, ``x25519``."""
    alike = {"prime256v1": "secp256r1", "ecdh_x25519": "x25519", "ecdh_x448": "x448"}
    low = name.lower()
    return alike.get(low, re.sub(r"^(?:ffdhe|dhe?)[ -]?(\d+).*$", r"dh \1", low))


def _common_name(subject: str) -> str:
    return subject.removeprefix("CN=")


def _version(name: str) -> Callable[[Mapping[str, Any]], Any]:
    def read(survey: Mapping[str, Any]) -> Any:
        plain = _plain_version(name)
        found = [one for one in survey["versions"] if _plain_version(one["version"]) == plain]
        return found[0] if found else MISSING

    return read


def _plain_version(name: str) -> str:
    return name.lower().replace("tls1", "tlsv1").removesuffix(".0").replace(" ", "")


def _suites(name: str) -> Callable[[Mapping[str, Any]], Any]:
    def read(survey: Mapping[str, Any]) -> Any:
        found = _version(name)(survey)
        if found is MISSING:
            return found
        return frozenset(suite["name"] for suite in found["suites"])

    return read


def _groups(name: str) -> Callable[[Mapping[str, Any]], Any]:
    def read(survey: Mapping[str, Any]) -> Any:
        versions = survey["versions"]
        if name:
            versions = [_version(name)(survey)]
        return frozenset(
            f"dh {group['bits']}" if group["name"] == "dh" else group["name"]
            for one in versions
            if one is not MISSING
            for group in one["groups"]
        )

    return read


def _order(name: str) -> Callable[[Mapping[str, Any]], Any]:
    def read(survey: Mapping[str, Any]) -> Any:
        found = _version(name)(survey)
        return found if found is MISSING else found["order"]

    return read


def _bounced(theirs: str, ours: Any) -> bool:
    return ("working" in theirs) == bool(ours)


def _supported(theirs: Any, ours: bool) -> bool:  # noqa: FBT001 - the fact itself
    """sslyze says in words how far resumption goes."""
    return ("NOT_SUPPORTED" not in str(theirs)) == ours


def _legacy(theirs: str, ours: list[Mapping[str, Any]]) -> bool:
    """nmap's letter from C on is what broken offers that are accepted amount to."""
    return (theirs > "B") == any(one["accepted"] for one in ours)


_SURVEY: Final = ("tls_survey",)
_CERTIFICATE: Final = "tls.certificate"
_NO_ROW: Final = "not asked: no row of the nine is decided by it"
_VERSIONS: Final = ("SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")

PLACES: Final[Mapping[str, Place]] = {
    # FTP
    "greeting": Place(("greeting",), _first_line, _same_words),
    "anonymous login": Place(("anonymous",), _codes, _holds),
    "entries in the root": Place(("anonymous_view.walk.entries",), agree=_at_least),
    "entries marked writable": Place(
        ("anonymous_view.walk.writable_claims", "anonymous_view.walk.signs"), agree=_at_least
    ),
    "SYST": Place(("syst", "system", "software.syst"), _said, _same_words),
    "STAT": Place(("stat", "status", "software.stat"), _said, _same_words),
    "bounce": Place(("bounce.accepted", "bounce"), agree=_bounced),
    # Certificate
    "certificate subject": Place((f"{_CERTIFICATE}.subject",), _common_name),
    "certificate issuer": Place((f"{_CERTIFICATE}.issuer",), _common_name),
    "certificate names": Place((f"{_CERTIFICATE}.names",), frozenset),
    "certificate key type": Place((f"{_CERTIFICATE}.key_type",)),
    "certificate key bits": Place((f"{_CERTIFICATE}.key_bits",)),
    "certificate signature": Place((f"{_CERTIFICATE}.signature",), agree=lambda t, o: o in t),
    "certificate notBefore": Place((f"{_CERTIFICATE}.not_before",)),
    "certificate notAfter": Place((f"{_CERTIFICATE}.not_after",)),
    "certificate sha256": Place((f"{_CERTIFICATE}.sha256",)),
    "certificate key sha256": Place((f"{_CERTIFICATE}.spki_sha256",)),
    "certificate serial": Place((f"{_CERTIFICATE}.serial",), lambda serial: str(int(serial, 16))),
    "certificate trusted by the given authority": Place(
        ("tls.trust",),
        lambda trust: trust == "verified",
        why="sslyze holds certificates to the rules of public ones (an authority key identifier, "
        "for one), which those of the tests do not follow",
    ),
    "chain length": Place(("tls_flight.chain", "tls.chain")),
    "chain in order": Place(("tls_flight.chain_in_order",)),
    "certificate must staple": Place((f"{_CERTIFICATE}.must_staple",)),
    "certificate timestamps": Place((f"{_CERTIFICATE}.timestamps",)),
    "OCSP response stapled": Place(("tls_flight.stapled",)),
    # TLS
    **{f"suites {name}": Place(_SURVEY, _suites(name)) for name in _VERSIONS},
    "suites SSLv2": Place(why="SSL 2 has a hello of its own, which no server here can answer"),
    **{f"groups seen {name}": Place(_SURVEY, _groups(name), _within) for name in _VERSIONS},
    "groups": Place(_SURVEY, _groups(""), _within),
    **{f"order {name}": Place(_SURVEY, _order(name)) for name in _VERSIONS},
    **{
        f"warning {name}": Place(why="an opinion on groups and keys that are told")
        for name in _VERSIONS
    },
    "least strength": Place(("legacy_tls",), agree=_legacy),
    "compression": Place(
        ("tls_flight.compression",), lambda name: name not in {"", "null", "none", "NULL"}
    ),
    "secure renegotiation": Place(("tls_flight.secure_renegotiation",)),
    "client certificate wanted": Place(("tls_flight.client_certificate",)),
    "resumption by ticket": Place(("tls_flight.session_ticket",), agree=_supported),
    "resumption by id": Place(why="asked of data channels, where it decides: session_reused"),
    "early data": Place(why="told inside TLS 1.3 alone, and Python's TLS library keeps it"),
    "fallback SCSV": Place(("tls_survey.fallback_refused",)),
    "extended master secret": Place(("tls_flight.extended_master_secret",)),
    "renegotiation by the client": Place(why="asking is an attempt at a denial of service"),
}
"""By the name of the fact. What is not here is missing, as is a fact whose paths lead nowhere."""

NO_FACTS: Final = frozenset(
    [
        *("port", "protocol", "vantage", "address", "declared", "state", "reason", "detail"),
        *("fault", "connections", "logins", "logins_failed", "bytes", "verbs", "accounts"),
    ]
)
"""Keys of an endpoint that tell of the scan, not of the server."""


def compared(
    name: str, theirs: Value, endpoint: Endpoint, places: Mapping[str, Place] = PLACES
) -> Answer:
    """Return what our document says of a fact that a peer reports."""
    place = places.get(name)
    if place is None:
        return Answer("missing", "", "", "no place is known for it")
    if not place.paths:
        return Answer("left out", "", "", place.why)
    for path in place.paths:
        found = _at(endpoint, path)
        if found is MISSING:
            continue
        ours = place.read(found)
        if ours is MISSING:
            continue
        same = place.agree(theirs, ours)
        return Answer("agree" if same else "disagree", shown(ours), path, place.why)
    return Answer("missing", "", "", "")


def _at(endpoint: Endpoint, path: str) -> Any:
    found: Any = endpoint
    for key in path.split("."):
        if not isinstance(found, Mapping) or key not in found:
            return MISSING
        found = found[key]
    unseen = found is None or (isinstance(found, Mapping) and "unobserved" in found)
    return MISSING if unseen else found


def only_ours(endpoint: Endpoint, used: set[str]) -> Iterator[tuple[str, str]]:
    """Yield the observed facts of an endpoint that no peer's fact led to, with what they say."""
    for key, value in endpoint.items():
        if key in NO_FACTS or key in used or value == [] or _at(endpoint, key) is MISSING:
            continue
        yield key, shown(value)


def shown(value: Any) -> str:
    """Return a value in a few words."""
    if isinstance(value, frozenset | set):
        listed = sorted(map(str, value))
        many = f"{len(listed)}: " if len(listed) > 3 else ""
        return f"{many}{', '.join(listed) or 'none'}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
