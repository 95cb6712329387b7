"""What a certificate claims, held against the moment and the name (RFC 5280, RFC 6125)."""

from __future__ import annotations

from datetime import datetime
from ipaddress import ip_address

from scanner.model.observation import CertificateFacts


def lifetime_fault(facts: CertificateFacts, now: datetime) -> str:
    """Return in one clause why the certificate is out of its lifetime, or nothing."""
    if now < datetime.fromisoformat(facts.not_before):
        return f"not valid before {facts.not_before}"
    if now > datetime.fromisoformat(facts.not_after):
        return f"expired at {facts.not_after}"
    return ""


def matches_name(facts: CertificateFacts, name: str) -> bool:
    """Whether the certificate is for ``name``, a DNS name or an address.

    A wildcard stands for exactly one whole left-most label (RFC 6125 section 6.4.3).
    """
    wanted = _address(name)
    if wanted is not None:
        return any(_address(listed) == wanted for listed in facts.names)
    plain = name.rstrip(".").lower()
    return any(_matches(listed.rstrip(".").lower(), plain) for listed in facts.names)


def _matches(listed: str, name: str) -> bool:
    if not listed.startswith("*."):
        return bool(name) and listed == name
    label, dot, parent = name.partition(".")
    return bool(label) and bool(dot) and "." in parent and listed[2:] == parent


def _address(text: str) -> str | None:
    try:
        return str(ip_address(text))
    except ValueError:
        return None
