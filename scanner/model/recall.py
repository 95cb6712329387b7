"""What earlier nights tell a judge about one asset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from scanner.model.failure import CapTrigger, FailureId
from scanner.model.finding import Severity
from scanner.model.frozen import dataclass
from scanner.model.reading import Reading, Reason, Unobserved
from scanner.model.trend import ScorePoint
from scanner.model.visit import Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class PastCap:
    """A cap that has fired and was not lifted."""

    trigger: CapTrigger
    failure: FailureId
    vantage: str
    since: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSighting:
    """When files of a migration were seen: first, last, and how many that last time."""

    first_seen: str
    last_seen: str
    files: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillResult:
    """The last alarm drill: ``pass``, ``fail`` or ``unknown``, and when.

    Where several variants are on record, the worst that holds: a fail before a pass.
    """

    verdict: str
    at: str
    detail: str = ""
    variant: str = "failed-login"


@dataclass(frozen=True, slots=True, kw_only=True)
class PastHostKey:
    """An SSH host key of the last scan that saw any of its type on this port.

    ``algorithm`` is the plain key's type, also where a certificate was shown. ``fingerprint`` is
    ``SHA256:`` + base64 without padding.
    """

    vantage: str
    port: int
    algorithm: str
    fingerprint: str
    first_seen: str
    last_seen: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateMatch:
    """A deletion certificate held against what was seen, by keyed hashes of the paths it lists.

    Of ``listed`` files ``matched`` were seen by an earlier scan and ``present`` were seen by this
    one. ``sha256`` is of the certificate's file.
    """

    title: str
    sha256: str
    listed: int
    matched: int
    present: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """A slice of history. Times are RFC 3339 UTC.

    ``findings`` maps the uid of every open fail to when it was first seen; ``severities`` maps
    that of every open fail that decides its row to how bad it was. ``sightings`` maps a file's key
    to when it was first seen. ``visits`` are the last ones, one from each vantage. ``scores`` maps
    a standpoint (``scanner.model.trend``) to the scores of the last nights, the oldest first.
    """

    findings: Mapping[str, str] = field(default_factory=dict)
    severities: Mapping[str, Severity] = field(default_factory=dict)
    caps: tuple[PastCap, ...] = ()
    sightings: Mapping[str, str] = field(default_factory=dict)
    orders: Mapping[str, OrderSighting] = field(default_factory=dict)
    host_keys: tuple[PastHostKey, ...] = ()
    certificates: tuple[CertificateMatch, ...] = ()
    visits: tuple[Visit, ...] = ()
    scores: Mapping[str, tuple[ScorePoint, ...]] = field(default_factory=dict)
    drill: Reading[DrillResult] = field(
        default_factory=lambda: Unobserved(Reason.NOT_LOOKED_AT, "no alarm drill is on record")
    )
