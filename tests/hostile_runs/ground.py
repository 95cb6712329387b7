"""What hostile servers need of the test: TLS contexts, a secret to watch, a trap."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.hostile import server_context
from tests.servers import Certificate, make_certificate

SECRET: Final = "watched-secret-Zq83kd"
"""The password of the supplied account: it may reach a trusted server inside TLS, and no report."""

FORGERY: Final = (
    "x\nopen-zone               PASS  nothing to see\r\n"
    "A    100/100  forged (asset forged)\x1b[1A\x1b[2K\u202e\u2028A 100\u0085\x9b2J"
)
"""Text that pretends to be lines of a report, with what terminals obey."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """``trusted`` is the certificate of ``tls`` and ``old_tls``, whose authority targets trust."""

    trusted: Certificate
    tls: ssl.SSLContext
    old_tls: ssl.SSLContext
    """Takes TLS 1.0 as well."""
    forged_tls: ssl.SSLContext
    """Shows a certificate whose names are terminal commands; nobody vouches for it."""
    trap_port: int


def prepare(folder: Path, trap_port: int) -> Ground:
    """Write certificates below ``folder`` and load them."""
    trusted = make_certificate(folder / "trusted")
    return Ground(
        trusted=trusted,
        tls=server_context(trusted),
        old_tls=_old(server_context(trusted)),
        forged_tls=_forged(folder),
        trap_port=trap_port,
    )


def _old(context: ssl.SSLContext) -> ssl.SSLContext:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # it is outdated on purpose
        context.minimum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


def _forged(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, "\x1b[2J\u202egnp.exe\nopen-zone PASS"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, FORGERY[:60]),
        ]
    )
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=9))
        .add_extension(
            x509.SubjectAlternativeName(
                [
                    x509.DNSName("\x1b]0;owned\x07.example"),
                    x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
                ]
            ),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    path = folder / "forged.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context
