"""Make certificates for the test servers: one good one and the common bad ones."""

from __future__ import annotations

import datetime as dt
import functools
import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CertificateKind = Literal[
    "valid", "expired", "not-yet-valid", "self-signed", "wrong-name", "small-key"
]
"""``small-key`` is RSA 1024, which a server only loads at security level 0."""

NAMES: Final = ("localhost",)
ADDRESSES: Final = ("127.0.0.1",)
_WRONG_NAMES: Final = ("other.example.invalid",)
_DAY: Final = dt.timedelta(days=1)

_PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """Written files and the facts to compare a client's finding with."""

    kind: CertificateKind
    certificate: Path
    """PEM, the server's certificate alone."""
    key: Path
    """PEM, PKCS #8, no passphrase, mode 0600."""
    combined: Path
    """PEM, key and certificate in one file, mode 0600."""
    authority: Path
    """PEM of the issuer to trust; for ``self-signed`` an authority that did not sign it."""
    sha256: str
    """SHA-256 over the DER of the certificate, lower-case hexadecimal, no colons."""
    public_key_sha256: str
    """SHA-256 over the DER SubjectPublicKeyInfo, in the same form."""
    not_before: dt.datetime
    not_after: dt.datetime


def make_certificate(
    folder: Path, kind: CertificateKind = "valid", *, owner: str = ""
) -> Certificate:
    """Write a certificate of this kind, its key and its authority below ``folder``.

    Certificates of one ``owner`` have the same key.
    """
    folder.mkdir(parents=True, exist_ok=True)
    authority_key = _elliptic_key()
    authority = _authority(authority_key)
    key = _rsa_key(1024 if kind == "small-key" else 2048, owner)
    certificate = _issue(kind, key, authority, authority_key)
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    issuer = authority.public_bytes(serialization.Encoding.PEM)
    return Certificate(
        kind=kind,
        certificate=_write(folder / "certificate.pem", pem),
        key=_write(folder / "key.pem", secret, mode=0o600),
        combined=_write(folder / "combined.pem", secret + pem, mode=0o600),
        authority=_write(folder / "authority.pem", issuer),
        sha256=certificate.fingerprint(hashes.SHA256()).hex(),
        public_key_sha256=_public_key_digest(key),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
    )


def make_client_certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """Write a client's certificate for a DNS name, of the authority of the others, and its key."""
    folder.mkdir(parents=True, exist_ok=True)
    key, authority_key = ec.generate_private_key(ec.SECP256R1()), _elliptic_key()
    builder = _builder(
        _name(name), _authority(authority_key).subject, key, *_lifetime("valid")
    ).add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    builder = builder.add_extension(
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
    )
    certificate = builder.sign(authority_key, hashes.SHA256())
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return (
        _write(folder / "client.pem", certificate.public_bytes(serialization.Encoding.PEM)),
        _write(folder / "client.key", secret, mode=0o600),
    )


# Making an RSA key takes longer than starting a server, and no test needs a key of its own.
@functools.cache
def _rsa_key(bits: int, _owner: str) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@functools.cache
def _elliptic_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@functools.cache
def _authority(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = _name("Scanner test authority")
    now = _now()
    builder = _builder(name, name, key, now - 30 * _DAY, now + 365 * _DAY)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_key_usage(authority=True), critical=True)
    return builder.sign(key, hashes.SHA256())


def _issue(
    kind: CertificateKind,
    key: rsa.RSAPrivateKey,
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
) -> x509.Certificate:
    names, addresses = (_WRONG_NAMES, ()) if kind == "wrong-name" else (NAMES, ADDRESSES)
    subject = _name(names[0])
    own = kind == "self-signed"
    builder = _builder(subject, subject if own else authority.subject, key, *_lifetime(kind))
    builder = builder.add_extension(
        x509.SubjectAlternativeName(
            [
                *(x509.DNSName(name) for name in names),
                *(x509.IPAddress(ipaddress.ip_address(address)) for address in addresses),
            ]
        ),
        critical=False,
    )
    builder = builder.add_extension(
        x509.BasicConstraints(ca=False, path_length=None), critical=True
    )
    builder = builder.add_extension(
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False
    )
    return builder.sign(key if own else authority_key, hashes.SHA256())


def _lifetime(kind: CertificateKind) -> tuple[dt.datetime, dt.datetime]:
    now = _now()
    match kind:
        case "expired":
            return now - 20 * _DAY, now - 2 * _DAY
        case "not-yet-valid":
            return now + 2 * _DAY, now + 20 * _DAY
        case _:
            return now - 2 * _DAY, now + 90 * _DAY


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: _PrivateKey,
    start: dt.datetime,
    end: dt.datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=not authority,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _public_key_digest(key: rsa.RSAPrivateKey) -> str:
    digest = hashes.Hash(hashes.SHA256())
    digest.update(
        key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return digest.finalize().hex()


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(microsecond=0)


def _write(path: Path, data: bytes, *, mode: int = 0o644) -> Path:
    path.touch(mode=mode)
    path.write_bytes(data)
    return path
