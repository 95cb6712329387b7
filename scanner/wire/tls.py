"""Offers of old or broken TLS parameters, each of which decides something when it is taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from scanner.model.observation import (
    TlsOffer,
)
from scanner.model.tls_survey import (
    TlsFlight,
)
from scanner.wire.tls_flaws import flaws
from scanner.wire.tls_flight import Answer, Refused, Taken
from scanner.wire.tls_groups import CURVES, USUAL
from scanner.wire.tls_hello import (
    DEFLATE,
    NO_COMPRESSION,
    SSL_3_0,
    TLS_1_1,
    TLS_1_2,
    VERSIONS,
    Hello,
)
from scanner.wire.tls_suites import SUITES, suite_name

_BREAKS: Final = frozenset({"null", "anonymous", "export", "rc4", "rc2", "des"})
_SHARED: Final = ("_PSK_", "_KRB5_", "_SRP_")
"""Of no use without a secret that was shared beforehand."""


def _open_to_all(*wanted: str) -> tuple[int, ...]:
    """Return the suites with one of these flaws that need no secret beforehand."""
    return tuple(
        suite
        for suite, name in SUITES.items()
        if suite and set(wanted) & set(flaws(suite)) and not any(word in name for word in _SHARED)
    )


_BROKEN: Final = _open_to_all(*_BREAKS)
_TRIPLE_DES: Final = tuple(suite for suite in _open_to_all("3des") if suite not in _BROKEN)
_OLD: Final = (
    *(0xC014, 0xC013, 0xC00A, 0xC009),  # AES in CBC with SHA-1: ECDHE,
    *(0x0039, 0x0033, 0x0038, 0x0032),  # DHE
    *(0x0035, 0x002F, 0x0041, 0x0084),  # and static RSA, there Camellia too
    *_TRIPLE_DES,
    *(0x0005, 0x0004),  # RC4
)
_DHE_FIRST: Final = (0x0039, 0x0033)
"""Where the client's order decides, a flight then shows the prime, which curves seldom beat."""
_SOUND: Final = (
    *(0x009F, 0x009E, 0xCCAA, 0x006B, 0x0067, 0x0039, 0x0033),  # DHE with RSA
    *(0x00A3, 0x00A2, 0x006A, 0x0040, 0x0038, 0x0032),  # and with DSA
    *(0xC030, 0xC02F, 0xCCA8, 0xC02C, 0xC02B, 0xCCA9),  # ECDHE
    *(0xC028, 0xC027, 0xC024, 0xC023, 0xC014, 0xC013, 0xC00A, 0xC009),
    *(0x009D, 0x009C, 0x003D, 0x003C, 0x0035, 0x002F, 0x0041, 0x0084),  # static RSA
)


@dataclass(frozen=True, slots=True)
class Offer:
    """One set of parameters to ask for. ``suites`` are in order of preference."""

    name: str
    version: int
    suites: tuple[int, ...]
    compressions: tuple[int, ...] = (NO_COMPRESSION,)

    @property
    def hello(self) -> Hello:
        """The hello that makes this offer."""
        return Hello(
            version=self.version,
            suites=self.suites,
            groups=USUAL,
            compressions=self.compressions,
        )


_COMPRESSED: Final = (DEFLATE, NO_COMPRESSION)
OFFERS: Final = (
    Offer("sslv3", SSL_3_0, (*_OLD, 0x0009, 0x0015)),
    Offer("tls1.0-1.1", TLS_1_1, tuple(dict.fromkeys((*_DHE_FIRST, *_OLD))), _COMPRESSED),
    Offer("broken-suites", TLS_1_2, _BROKEN),
    Offer("3des", TLS_1_2, _TRIPLE_DES),
)
"""What is asked for, in this order. None of them offers TLS 1.3."""

FLIGHT: Final = Hello(
    version=TLS_1_2,
    suites=(*_SOUND, *_TRIPLE_DES, 0x0005),
    groups=CURVES,
    compressions=_COMPRESSED,
)
"""What shows the flight of a server that does TLS 1.2 or older, whatever it is."""


def told_offer(offer: Offer, answer: Answer) -> TlsOffer:
    """Return the fact of an offer that was answered."""
    if isinstance(answer, Refused):
        return TlsOffer(offer=offer.name, accepted=False, selected=answer.detail)
    return TlsOffer(
        offer=offer.name,
        accepted=True,
        version=VERSIONS[answer.version],
        selected=suite_name(answer.suite),
    )


def flight_of(answer: Answer) -> TlsFlight:
    """Return the facts of a flight up to TLS 1.2."""
    if isinstance(answer, Refused):
        return TlsFlight(accepted=False, detail=answer.detail)
    return _shown(answer)


def _shown(taken: Taken) -> TlsFlight:
    from scanner.wire.x509 import is_in_order  # noqa: PLC0415 - slow to load; see there

    return TlsFlight(
        accepted=True,
        version=VERSIONS[taken.version],
        suite=suite_name(taken.suite),
        secure_renegotiation=taken.secure_renegotiation,
        compression="deflate" if taken.compression == DEFLATE else "none",
        chain=None if taken.chain is None else len(taken.chain),
        chain_in_order=None if taken.chain is None else is_in_order(taken.chain),
        group=taken.group,
        client_certificate=taken.client_certificate,
        stapled=taken.stapled,
        extended_master_secret=taken.extended_master_secret,
        session_ticket=taken.session_ticket,
        whole=taken.whole,
    )
