"""The registered groups for key exchange by number (RFC 8422, 7919, 8446), with their size."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from scanner.model.tls_survey import (
    TlsGroup,
)

_CURVES: Final = (
    *(("sect163k1", 163), ("sect163r1", 163), ("sect163r2", 163), ("sect193r1", 193)),
    *(("sect193r2", 193), ("sect233k1", 233), ("sect233r1", 233), ("sect239k1", 239)),
    *(("sect283k1", 283), ("sect283r1", 283), ("sect409k1", 409), ("sect409r1", 409)),
    *(("sect571k1", 571), ("sect571r1", 571), ("secp160k1", 160), ("secp160r1", 160)),
    *(("secp160r2", 160), ("secp192k1", 192), ("secp192r1", 192), ("secp224k1", 224)),
    *(("secp224r1", 224), ("secp256k1", 256), ("secp256r1", 256), ("secp384r1", 384)),
    *(("secp521r1", 521), ("brainpoolP256r1", 256), ("brainpoolP384r1", 384)),
    *(("brainpoolP512r1", 512), ("x25519", 256), ("x448", 448)),
)
"""Numbers 1 to 30, in the order of the registry."""

_NEW: Final = {
    0x001F: ("brainpoolP256r1tls13", 256),
    0x0020: ("brainpoolP384r1tls13", 384),
    0x0021: ("brainpoolP512r1tls13", 512),
    0x0029: ("curveSM2", 256),
    0x0100: ("ffdhe2048", 2048),
    0x0101: ("ffdhe3072", 3072),
    0x0102: ("ffdhe4096", 4096),
    0x0103: ("ffdhe6144", 6144),
    0x0104: ("ffdhe8192", 8192),
    0x0200: ("MLKEM512", 512),
    0x0201: ("MLKEM768", 768),
    0x0202: ("MLKEM1024", 1024),
    0x11EB: ("SecP256r1MLKEM768", 256),
    0x11EC: ("X25519MLKEM768", 256),
    0x11ED: ("SecP384r1MLKEM1024", 384),
}

GROUPS: Final[Mapping[int, tuple[str, int]]] = MappingProxyType(
    {**dict(enumerate(_CURVES, start=1)), **_NEW}
)
"""Name and bits: of the curve, of the prime, of a hybrid's curve, of a lattice's parameter set."""

USUAL: Final = (0x001D, 0x0017, 0x0018, 0x0019)
"""x25519, secp256r1, secp384r1 and secp521r1: what a client of today offers."""

CURVES: Final = (*USUAL, *(number for number in range(30, 0, -1) if number not in USUAL))
"""What can be asked of ECDHE up to TLS 1.2, the usual ones first."""

OF_1_3: Final = (*USUAL, 0x001E, *_NEW)
"""What can be asked of TLS 1.3."""


def group_of(number: int) -> TlsGroup:
    """Return the facts of a group; of an unregistered one its number, its size unknown."""
    name, bits = GROUPS.get(number, (f"0x{number:04X}", None))
    return TlsGroup(name=name, bits=bits)
