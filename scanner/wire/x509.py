"""Certificates on bytes: DER in, facts out (RFC 5280). Slow to load: for who has met one."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from scanner.model.observation import CertificateFacts
from scanner.model.text import neutralise

MOST_NAMES = 64
_MOST_CHAIN = 16
_ODD = (
    ValueError,
    TypeError,
    OverflowError,
    UnsupportedAlgorithm,
    x509.UnsupportedGeneralNameType,
)
"""What the library raises, at whatever attribute, for a certificate that breaks a rule."""
_SHOWN = 200


class CertificateUnreadable(Exception):  # noqa: N818 - says what came
    """The bytes are no certificate that can be made sense of."""


@lru_cache(maxsize=64)
def certificate_facts(der: bytes) -> CertificateFacts:
    """Return what a leaf certificate says of itself.

    ``names`` are its subject alternative names alone (DNS names and addresses, at most
    ``MOST_NAMES``); a common name is no name any more (RFC 6125 section 6.4.4). ``signature`` is
    its hash, or the algorithm's object identifier. What cannot be read of an odd certificate is
    empty. Raises ``CertificateUnreadable``. One that a server shows again and again is read once.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # odd certificates are what is looked for
        try:
            return _facts(x509.load_der_x509_certificate(der), der)
        except (x509.InvalidVersion, *_ODD) as error:
            raise CertificateUnreadable(neutralise(str(error), 120)) from error


def is_in_order(chain: Sequence[bytes]) -> bool | None:
    """Whether each certificate was issued by the next, by their names alone (RFC 5246 section
    7.4.2); ``None`` where one of them cannot be read.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            read = [x509.load_der_x509_certificate(der) for der in chain[:_MOST_CHAIN]]
            return all(one.issuer == above.subject for one, above in pairwise(read))
        except (x509.InvalidVersion, *_ODD):
            return None


def _facts(certificate: x509.Certificate, der: bytes) -> CertificateFacts:
    kind, bits, spki = _key(certificate)
    return CertificateFacts(
        subject=_name(certificate, issuer=False),
        issuer=_name(certificate, issuer=True),
        names=_names(certificate),
        not_before=_text(certificate.not_valid_before_utc),
        not_after=_text(certificate.not_valid_after_utc),
        key_type=kind,
        key_bits=bits,
        signature=_signature(certificate),
        self_signed=_is_self_signed(certificate),
        serial=f"{certificate.serial_number:x}",
        must_staple=_must_staple(certificate),
        timestamps=_timestamps(certificate),
        sha256=hashlib.sha256(der).hexdigest(),
        spki_sha256=spki,
    )


def _text(moment: datetime) -> str:
    # isoformat, because strftime does not pad the years before 1000 that odd certificates hold.
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def _name(certificate: x509.Certificate, *, issuer: bool) -> str:
    try:
        name = certificate.issuer if issuer else certificate.subject
        return neutralise(name.rfc4514_string(), _SHOWN)
    except (ValueError, TypeError):
        return ""


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, x509.DuplicateExtension, *_ODD):
        return ()
    named = [name for name in extension.value if isinstance(name, (x509.DNSName, x509.IPAddress))]
    return tuple(neutralise(str(name.value), _SHOWN) for name in named[:MOST_NAMES])


def _must_staple(certificate: x509.Certificate) -> bool:
    """Whether it demands an OCSP response beside it (RFC 7633)."""
    try:
        features = certificate.extensions.get_extension_for_class(x509.TLSFeature).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, *_ODD):
        return False
    return x509.TLSFeatureType.status_request in features


def _timestamps(certificate: x509.Certificate) -> int:
    """Return how many certificate transparency timestamps it holds (RFC 6962 section 3.3)."""
    kind = x509.PrecertificateSignedCertificateTimestamps
    try:
        return len(list(certificate.extensions.get_extension_for_class(kind).value))
    except (x509.ExtensionNotFound, x509.DuplicateExtension, *_ODD):
        return 0


def _key(certificate: x509.Certificate) -> tuple[str, int | None, str]:
    """Return type, size in bits and the hash of the SubjectPublicKeyInfo, as far as known."""
    try:
        key = certificate.public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return "unknown", None, ""
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    kind, bits = _kind(key)
    return kind, bits, hashlib.sha256(spki).hexdigest()


def _kind(key: object) -> tuple[str, int | None]:
    match key:
        case rsa.RSAPublicKey():
            return "rsa", key.key_size
        case dsa.DSAPublicKey():
            return "dsa", key.key_size
        case ec.EllipticCurvePublicKey():
            return "ecdsa", key.key_size
        case ed25519.Ed25519PublicKey():
            return "ed25519", 256
        case ed448.Ed448PublicKey():
            return "ed448", 448
        case _:
            return "unknown", None


def _signature(certificate: x509.Certificate) -> str:
    try:
        algorithm = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return certificate.signature_algorithm_oid.dotted_string
    if algorithm is None:
        return certificate.signature_algorithm_oid.dotted_string
    return algorithm.name


def _is_self_signed(certificate: x509.Certificate) -> bool:
    try:
        if certificate.issuer != certificate.subject:
            return False
        certificate.verify_directly_issued_by(certificate)
    except Exception:  # noqa: BLE001 - any refusal of the library means "not by its own key"
        return False
    return True
