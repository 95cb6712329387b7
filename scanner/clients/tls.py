"""TLS on the client's side: contexts to look with, contexts to send secrets in, and trust."""

from __future__ import annotations

import base64
import ssl
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from scanner.clients.faults import Fault
from scanner.model.frozen import dataclass
from scanner.model.observation import CertificateFacts
from scanner.model.peer import PeerTrust
from scanner.model.reading import Reason
from scanner.model.target import TlsTrust
from scanner.model.text import neutralise
from scanner.wire.certificate_claims import lifetime_fault, matches_name

_OUT_OF_LIFETIME = frozenset({9, 10})  # X509_V_ERR_CERT_NOT_YET_VALID, _HAS_EXPIRED
_REVOKED = 23
_LEGACY_SERVER_CONNECT = 0x4  # ssl.OP_LEGACY_SERVER_CONNECT, which Python names from 3.12 on


def looking_context() -> ssl.SSLContext:
    """Return a context that takes whatever a server has, down to TLS 1.0, and verifies nothing.

    Nothing secret is sent in such a session.
    """
    context = _bare_context()
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.options |= _LEGACY_SERVER_CONNECT
    context.set_ciphers("ALL:!aNULL:!eNULL:@SECLEVEL=0")
    return context


@cache
def shared_looking_context() -> ssl.SSLContext:
    """Return the one looking context of this process, for whoever changes nothing about it.

    Making a context takes as long as a handshake, and each holds some 40 KB.
    """
    return looking_context()


def strict_context() -> ssl.SSLContext:
    """Return a context fit for secrets: TLS 1.2 or newer, at the library's own level."""
    context = _bare_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def require_chain(context: ssl.SSLContext, trust: TlsTrust) -> None:
    """Make handshakes fail unless the chain ends in a certificate of the declared PEM file, or
    in one that this machine trusts. Without declared authorities nothing is required.

    Names are not looked at here: ``judge_peer`` does. Raises ``Fault`` (unreadable) where the
    file cannot be used.
    """
    if not trust.authorities:
        return
    if trust.ca is None:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    else:
        _trust_file(context, trust.ca)
    context.verify_mode = ssl.CERT_REQUIRED


def _trust_file(context: ssl.SSLContext, authority: Path) -> None:
    try:
        context.load_verify_locations(cafile=str(authority))
    except (OSError, ssl.SSLError):
        raise Fault(Reason.UNREADABLE, "the declared CA file cannot be read") from None
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN


def _bare_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@dataclass(frozen=True, slots=True)
class ChainFault:
    """Why a chain did not verify."""

    trust: PeerTrust
    detail: str


def chain_fault(error: ssl.SSLCertVerificationError) -> ChainFault:
    """Return what OpenSSL's refusal of a chain means."""
    detail = neutralise(error.verify_message or "not verified", 120)
    if error.verify_code in _OUT_OF_LIFETIME:
        return ChainFault(PeerTrust.EXPIRED, detail)
    if error.verify_code == _REVOKED:
        return ChainFault(PeerTrust.REVOKED, detail)
    return ChainFault(PeerTrust.UNTRUSTED, detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What to judge a peer by. ``chain`` says why its chain failed, ``None`` if it held or no
    CA is declared. ``name`` is what the certificate is to be for.
    """

    declared: TlsTrust
    name: str
    now: datetime
    first_use_allowed: bool = False
    chain: ChainFault | None = None


def judge_peer(facts: CertificateFacts, by: Verification) -> tuple[PeerTrust, str]:
    """Return whether the peer is who the team says, and one clause of why not.

    Where pins are declared they alone decide: a pinned key is the server's own, whatever its
    certificate says of names and dates (the clause still tells). Otherwise the chain, the
    lifetime and the name decide, in that order. With nothing declared a peer is never verified.
    """
    flaws = _flaws(facts, by)
    shown = "; ".join(detail for _, detail in flaws)
    if by.declared.pins:
        if pin_of(facts) in {_canonical(pin) for pin in by.declared.pins}:
            return PeerTrust.PINNED, shown
        return PeerTrust.UNTRUSTED, "no declared pin matches its key"
    if not by.declared.declared and by.first_use_allowed:
        return PeerTrust.FIRST_USE, shown
    if by.chain is not None:
        flaws = [(by.chain.trust, by.chain.detail), *flaws]
    return flaws[0] if flaws else _unflawed(by.declared)


def _unflawed(declared: TlsTrust) -> tuple[PeerTrust, str]:
    if declared.declared:
        return PeerTrust.VERIFIED, ""
    return PeerTrust.UNVERIFIED, "neither a CA nor a pin is declared"


def _flaws(facts: CertificateFacts, by: Verification) -> list[tuple[PeerTrust, str]]:
    flaws: list[tuple[PeerTrust, str]] = []
    if late := lifetime_fault(facts, by.now):
        flaws.append((PeerTrust.EXPIRED, late))
    if not matches_name(facts, by.name):
        flaws.append((PeerTrust.MISMATCHED, f"not for {neutralise(by.name, 100)}"))
    return flaws


def pin_of(facts: CertificateFacts) -> str:
    """Return the pin of a certificate's key: ``sha256:`` and base64, nothing if unknown."""
    if not facts.spki_sha256:
        return ""
    return "sha256:" + base64.b64encode(bytes.fromhex(facts.spki_sha256)).decode("ascii")


def _canonical(pin: str) -> str:
    scheme, _, digest = pin.partition(":")
    return f"{scheme.lower()}:{digest.rstrip('=')}{'=' * (-len(digest.rstrip('=')) % 4)}"


def session_facts(tls: ssl.SSLObject) -> tuple[str, str]:
    """Return protocol version and cipher suite of an open session."""
    cipher: tuple[Any, ...] | None = tls.cipher()
    return tls.version() or "", str(cipher[0]) if cipher else ""
