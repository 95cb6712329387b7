from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from scanner.model.observation import CertificateFacts
from scanner.wire.certificate_claims import lifetime_fault, matches_name
from scanner.wire.x509 import (
    MOST_NAMES,
    CertificateUnreadable,
    certificate_facts,
    is_in_order,
)
from tests.servers import make_certificate

START = datetime(2026, 1, 1, tzinfo=UTC)
END = datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)


def der(
    names: list[x509.GeneralName] | None = None,
    *,
    subject: str = "ftp.example.org",
    issuer: str = "Example authority",
    key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | None = None,
    signer: ec.EllipticCurvePrivateKey | None = None,
    extension: x509.ExtensionType | None = None,
) -> bytes:
    key = key or ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(START)
        .not_valid_after(END)
    )
    if names is not None:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    if extension is not None:
        builder = builder.add_extension(extension, critical=False)
    signing = signer or key
    digest = hashes.SHA256() if isinstance(signing, ec.EllipticCurvePrivateKey) else None
    return builder.sign(signing, digest).public_bytes(Encoding.DER)


def facts(names: list[str]) -> CertificateFacts:
    return replace(certificate_facts(DER), names=tuple(names))


DER = der([x509.DNSName("ftp.example.org"), x509.IPAddress(ip_address("192.0.2.7"))])


def test_facts_are_those_of_the_certificate() -> None:
    seen = certificate_facts(DER)
    assert (seen.subject, seen.issuer) == ("CN=ftp.example.org", "CN=Example authority")
    assert seen.names == ("ftp.example.org", "192.0.2.7")
    assert (seen.not_before, seen.not_after) == ("2026-01-01T00:00:00Z", "2026-12-31T23:59:59Z")
    assert (seen.key_type, seen.key_bits, seen.signature) == ("ecdsa", 256, "sha256")
    assert not seen.self_signed
    assert seen.sha256 == hashlib.sha256(DER).hexdigest()


def test_what_beside_names_and_dates_a_certificate_says() -> None:
    plain = certificate_facts(DER)
    assert (plain.serial, plain.must_staple, plain.timestamps) == ("7", False, 0)
    staple = x509.TLSFeature([x509.TLSFeatureType.status_request])
    assert certificate_facts(der(extension=staple)).must_staple


def test_a_chain_is_in_order_where_each_was_issued_by_the_next() -> None:
    leaf = der(subject="ftp", issuer="middle")
    middle, root = der(subject="middle", issuer="root"), der(subject="root", issuer="root")
    assert is_in_order((leaf, middle, root)) is True
    assert is_in_order((leaf, root, middle)) is False
    assert is_in_order((leaf,)) is True
    assert is_in_order((leaf, b"no certificate")) is None


def test_hashes_agree_with_an_independent_reading(tmp_path: Path) -> None:
    made = make_certificate(tmp_path)
    pem = x509.load_pem_x509_certificate(made.certificate.read_bytes())
    seen = certificate_facts(pem.public_bytes(Encoding.DER))
    assert (seen.sha256, seen.spki_sha256) == (made.sha256, made.public_key_sha256)
    assert (seen.key_type, seen.key_bits) == ("rsa", 2048)


def test_a_certificate_by_its_own_key_is_self_signed() -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    seen = certificate_facts(der(subject="x", issuer="x", key=key))
    assert seen.self_signed
    assert seen.key_type == "ed25519"


def test_the_same_name_is_not_the_same_key() -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    assert not certificate_facts(der(subject="x", issuer="x", signer=other)).self_signed


def test_without_alternative_names_the_common_name_is_no_name() -> None:
    seen = certificate_facts(der())
    assert seen.names == ()
    assert not matches_name(seen, "ftp.example.org")


def test_names_are_neutral_and_bounded() -> None:
    seen = certificate_facts(der([x509.DNSName(f"h{n}.example.org") for n in range(200)]))
    assert len(seen.names) == MOST_NAMES
    assert "\x1b" not in certificate_facts(der(subject="\x1b[31m")).subject


@pytest.mark.parametrize(
    ("listed", "name"),
    [
        ("ftp.example.org", "ftp.example.org"),
        ("FTP.example.org", "ftp.EXAMPLE.org"),
        ("ftp.example.org", "ftp.example.org."),
        ("*.example.org", "ftp.example.org"),
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8::1", "2001:0db8::0001"),
    ],
)
def test_names_that_match(listed: str, name: str) -> None:
    assert matches_name(facts(["other.example.net", listed]), name)


@pytest.mark.parametrize(
    ("listed", "name"),
    [
        ("example.org", "ftp.example.org"),
        ("*.example.org", "example.org"),
        ("*.example.org", "a.b.example.org"),
        ("*.org", "example.org"),
        ("f*.example.org", "ftp.example.org"),
        ("*", "localhost"),
        ("*.0.2.7", "192.0.2.7"),
        ("192.0.2.7", "192.0.2.70"),
        ("", ""),
    ],
)
def test_names_that_do_not_match(listed: str, name: str) -> None:
    assert not matches_name(facts([listed]), name)


def test_a_lifetime_has_two_ends() -> None:
    seen = certificate_facts(DER)
    assert lifetime_fault(seen, START) == ""
    assert lifetime_fault(seen, END) == ""
    assert lifetime_fault(seen, START - timedelta(seconds=1)).startswith("not valid before 2026")
    assert lifetime_fault(seen, END + timedelta(seconds=1)) == "expired at 2026-12-31T23:59:59Z"


@given(st.binary(max_size=300))
def test_any_bytes_are_facts_or_unreadable(data: bytes) -> None:
    with pytest.raises(CertificateUnreadable):
        certificate_facts(data)


@given(st.integers(0, len(DER) - 1), st.integers(0, 255))
def test_a_damaged_certificate_is_facts_or_unreadable(place: int, value: int) -> None:
    damaged = DER[:place] + bytes([value]) + DER[place + 1 :]
    try:
        seen = certificate_facts(damaged)
    except CertificateUnreadable:
        return
    assert seen.sha256 == hashlib.sha256(damaged).hexdigest()
