"""What is weak in a cipher suite, read from its registered name, and what it exchanges keys by."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from scanner.wire.tls_suites import SUITES, suite_name


class Exchange(StrEnum):
    """How a suite up to TLS 1.2 agrees on a key; the parameters follow in ServerKeyExchange."""

    ECDHE = "ecdhe"
    DHE = "dhe"
    EXPORT_RSA = "export-rsa"
    OTHER = "other"


_WORDS: Final = (
    ("null", ("_NULL",)),
    ("anonymous", ("_anon_",)),
    ("export", ("_EXPORT_",)),
    ("rc4", ("_RC4_",)),
    ("rc2", ("_RC2_",)),
    ("3des", ("_3DES_",)),
    ("des", ("_DES_", "_DES40_")),
    ("idea", ("_IDEA_",)),
)
_STATIC: Final = ("TLS_RSA_", "TLS_DH_RSA_", "TLS_DH_DSS_", "TLS_ECDH_RSA_", "TLS_ECDH_ECDSA_")
_ALSO_STATIC: Final = ("TLS_PSK_WITH", "TLS_KRB5_", "TLS_RSA_PSK_", "TLS_RSA_EXPORT_")


def flaws(suite: int) -> tuple[str, ...]:
    """Return what is weak in a suite, worst first; nothing where nothing is.

    ``null``, ``anonymous``, ``export``, ``rc4``, ``rc2``, ``3des``, ``des``, ``idea``, ``md5``,
    ``cbc-sha1`` and ``no-forward-secrecy``.
    """
    name = suite_name(suite)
    found = [flaw for flaw, words in _WORDS if any(word in name for word in words)]
    found += ["md5"] if name.endswith("_MD5") else []
    found += ["cbc-sha1"] if "_CBC_" in name and name.endswith("_SHA") else []
    static = name.startswith((*_STATIC, *_ALSO_STATIC))
    return (*found, "no-forward-secrecy") if static else tuple(found)


def exchange(suite: int) -> Exchange:
    """Return how a suite up to TLS 1.2 exchanges keys, ephemerally and in clear sight."""
    name = suite_name(suite)
    if name.startswith(("TLS_ECDHE_", "TLS_ECDH_anon_")):
        return Exchange.ECDHE
    if name.startswith(("TLS_DHE_", "TLS_DH_anon_", "TLS_PSK_DHE_")):
        return Exchange.DHE
    return Exchange.EXPORT_RSA if name.startswith("TLS_RSA_EXPORT_") else Exchange.OTHER


def hints(suite: int) -> bool:
    """Whether a ServerKeyExchange begins with a hint for a shared key (RFC 4279, 5489)."""
    name = suite_name(suite)
    return name.startswith(("TLS_DHE_PSK_", "TLS_ECDHE_PSK_", "TLS_PSK_DHE_"))


def suites_of(version: int) -> tuple[int, ...]:
    """Return every suite that a version may choose, the sound ones first."""
    if version >= 0x0304:
        return tuple(suite for suite, name in SUITES.items() if _is_1_3(name))
    kept = [suite for suite, name in SUITES.items() if suite and not _is_1_3(name)]
    if version < 0x0303:
        kept = [suite for suite in kept if not _needs_1_2(suite_name(suite))]
    if version == 0x0300:
        kept = [suite for suite in kept if exchange(suite) is not Exchange.ECDHE]
    return tuple(sorted(kept, key=lambda suite: (bool(flaws(suite)), -suite)))


def _is_1_3(name: str) -> bool:
    return "_WITH_" not in name


def _needs_1_2(name: str) -> bool:
    """AEAD suites and those whose MAC is of SHA-2 (RFC 5246, 5288, 5289)."""
    return name.endswith(("_SHA256", "_SHA384", "_CCM", "_CCM_8"))
