"""Which SSH algorithms are broken, and which are only weak. Data, with the reason beside it.

Broken ones decide ``plaintext-transport``; weak ones are leads.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

BROKEN: tuple[tuple[str, str, str], ...] = (
    ("kex", "diffie-hellman-group1-*", "1024-bit Oakley group 1 (RFC 9142: MUST NOT)"),
    ("kex", "rsa1024-sha1", "1024-bit RSA key transport (RFC 9142: MUST NOT)"),
    ("host_key", "ssh-dss*", "1024-bit DSA"),
    ("cipher", "none", "no encryption"),
    ("cipher", "arcfour*", "RC4 (RFC 8758)"),
    ("mac", "none", "no integrity"),
)
"""Kind, pattern and reason."""

WEAK: tuple[tuple[str, str, str], ...] = (
    ("kex", "diffie-hellman-group14-sha1", "SHA-1 in the key exchange"),
    ("kex", "diffie-hellman-group-exchange-sha1", "SHA-1 in the key exchange"),
    ("host_key", "ssh-rsa", "SHA-1 signatures (RFC 8332)"),
    ("cipher", "*-cbc", "CBC mode"),
    ("cipher", "*-cbc@*", "CBC mode"),
    ("mac", "hmac-sha1*", "SHA-1"),
    ("mac", "hmac-md5*", "MD5"),
    ("mac", "hmac-ripemd160*", "RIPEMD-160"),
    ("mac", "umac-64*", "64-bit tag"),
)

SMALLEST_RSA = 2048
"""Bits under which an RSA host key is broken."""

STRICT_KEX = "kex-strict-s-v00@openssh.com"
"""The server's mark of strict key exchange, the mend of CVE-2023-48795."""


def matches(
    rules: tuple[tuple[str, str, str], ...], kind: str, names: tuple[str, ...]
) -> list[str]:
    """Return "name: reason" for every offered name that a rule of this kind covers."""
    return [
        f"{name}: {why}"
        for name in names
        for ruled, pattern, why in rules
        if ruled == kind and fnmatchcase(name, pattern)
    ]
