"""What a TLS server shows in its first flight, and what it accepts when everything is asked."""

from __future__ import annotations

from enum import StrEnum

from scanner.model.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsGroup:
    """A group that keys are exchanged in. ``bits`` are of the curve or of the prime."""

    name: str
    bits: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFlight:
    """What a server shows before anything is encrypted, up to TLS 1.2 (RFC 5246 section 7.3).

    Where it takes nothing up to TLS 1.2, ``accepted`` is false and ``detail`` says how it
    refused. ``whole`` is false where the flight broke off: then what comes late in it may be
    missing (``None``). ``chain`` counts certificates, and ``chain_in_order`` says whether each was
    issued by the next; ``group`` is also ``None`` where the suite exchanges no key of its own.
    ``stapled``: an OCSP response came along (RFC 6066 section 8).
    """

    accepted: bool
    detail: str = ""
    version: str = ""
    suite: str = ""
    secure_renegotiation: bool = False
    compression: str = ""
    chain: int | None = None
    group: TlsGroup | None = None
    client_certificate: bool | None = None
    chain_in_order: bool | None = None
    stapled: bool | None = None
    extended_master_secret: bool = False
    session_ticket: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsSuite:
    """A cipher suite that was accepted, by its registered name, and what is weak in it."""

    name: str
    flaws: tuple[str, ...] = ()


class SuiteOrder(StrEnum):
    """Whose order of preference decides among suites."""

    SERVER = "server"
    CLIENT = "client"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsVersionSurvey:
    """Everything that one version accepts, in the order in which it was chosen.

    ``complete`` is false where the asking broke off. No suites and ``complete`` means refused;
    ``detail`` says how.
    """

    version: str
    suites: tuple[TlsSuite, ...] = ()
    groups: tuple[TlsGroup, ...] = ()
    order: SuiteOrder = SuiteOrder.UNKNOWN
    complete: bool = False
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsSurvey:
    """What every version accepts, one connection a round. ``cut`` says why rounds are missing.

    ``fallback_refused``: a hello that says it is a second try with an older version is refused
    (RFC 7507); ``None`` where no two versions are accepted, or nobody asked.
    """

    versions: tuple[TlsVersionSurvey, ...]
    rounds: int
    cut: str = ""
    fallback_refused: bool | None = None

    @property
    def complete(self) -> bool:
        """Whether every question got its answer."""
        return not self.cut and all(each.complete for each in self.versions)
