"""Looks SSH algorithms up in the rule table: broken, weak, good, or unknown to it.

Broken ones decide ``plaintext-transport``; weak and unknown ones are leads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from types import MappingProxyType
from typing import Final

from scanner.checks.ssh_rule_table import (
    CIPHER,
    COMPRESSION,
    HOST_KEY,
    KEX,
    MAC,
    VERSION,
    Row,
    Standing,
)
from scanner.model.frozen import dataclass
from scanner.model.ssh import KexInit

TABLE: Final = f"SSH rule table {VERSION}"
"""How the table is named in findings and explanations."""

KINDS: Final[Mapping[str, tuple[Row, ...]]] = MappingProxyType(
    {"kex": KEX, "host_key": HOST_KEY, "cipher": CIPHER, "mac": MAC, "compression": COMPRESSION}
)
"""The rows of each kind of algorithm."""

SMALLEST_RSA: Final = 2048
"""Bits under which an RSA host key is broken."""

STRICT_KEX: Final = frozenset({"kex-strict-s-v00@openssh.com", "kex-strict-s"})
"""The server's marks of strict key exchange, the mend of CVE-2023-48795."""

MARKS: Final = STRICT_KEX | {"ext-info-s", "ext-info-c", "kexguess2@matt.ucc.asn.au"}
"""What stands among the key exchange methods and is none."""

_POST_QUANTUM: Final = ("*mlkem*", "*sntrup*", "*kyber*", "*frodokem*", "*firesaber*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What the table says of one algorithm. ``since`` is a year, ``source`` a document."""

    standing: Standing
    since: str
    source: str
    why: str


def rule_for(kind: str, name: str) -> Rule | None:
    """Return what the table says, or ``None`` where it does not know the name.

    ``kind`` is a key of ``KINDS``; anything else raises ``KeyError``.
    """
    exact, patterns = _index(kind)
    found = exact.get(name)
    if found is not None:
        return found
    return next((rule for pattern, rule in patterns if fnmatchcase(name, pattern)), None)


@cache
def _index(kind: str) -> tuple[Mapping[str, Rule], tuple[tuple[str, Rule], ...]]:
    every = [
        (name, Rule(standing=standing, since=since, source=source, why=why))
        for name, standing, since, source, why in KINDS[kind]
    ]
    patterns = tuple((name, rule) for name, rule in every if set("*?[") & set(name))
    return dict(every), patterns


def offered(kexinit: KexInit) -> Iterator[tuple[str, str]]:
    """Yield each kind and name that is offered, in either direction, once."""
    both = {
        "kex": kexinit.kex,
        "host_key": kexinit.host_key,
        "cipher": kexinit.ciphers_in + kexinit.ciphers_out,
        "mac": kexinit.macs_in + kexinit.macs_out,
        "compression": kexinit.compression_in + kexinit.compression_out,
    }
    for kind, names in both.items():
        for name in dict.fromkeys(names):
            yield kind, name


def standing_at(standing: Standing, kexinit: KexInit) -> list[str]:
    """Return "name: reason (source)" for every offer of this standing.

    Compression has a facet of its own and is left out.
    """
    told = []
    for kind, name in offered(kexinit):
        rule = rule_for(kind, name) if kind != "compression" else None
        if rule is not None and rule.standing is standing:
            told.append(f"{name}: {rule.why} ({rule.source})")
    return told


def unknown(kexinit: KexInit) -> list[str]:
    """Return every offered name, of any kind, that the table does not know."""
    return [name for kind, name in offered(kexinit) if name and rule_for(kind, name) is None]


def post_quantum(kexinit: KexInit) -> list[str]:
    """Return the key exchange methods that hold against a quantum computer, as far as known."""
    return [
        name
        for name in kexinit.kex
        if rule_for("kex", name) is not None
        and any(fnmatchcase(name, pattern) for pattern in _POST_QUANTUM)
    ]
