"""Lists of checksums in the shapes that tools write, and signatures by their structure."""

from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.content.checksums import (
    Checksum,
    checksums_of,
    is_checksum_list,
    is_sidecar,
    is_signature,
    signature_kind,
)

DATA = b"id;exam\n1;x\n"
SHA256 = hashlib.sha256(DATA).hexdigest()
MD5 = hashlib.md5(DATA, usedforsecurity=False).hexdigest()
EXPECTED = Checksum(b"export.csv", "sha256", SHA256)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (b"SHA256SUMS", f"{SHA256}  export.csv\n"),
        (b"SHA256SUMS", f"{SHA256} *export.csv\r\n"),
        (b"SHA256SUMS", f"\ufeff{SHA256.upper()}\texport.csv"),
        (b"CHECKSUMS", f"# made by hand\n\nSHA256 (export.csv) = {SHA256}\n"),
        (b"export.csv.sha256", f"SHA256(export.csv)= {SHA256}\n"),
        (b"export.csv.sha256", f"SHA2-256(export.csv)= {SHA256}\n"),
        (b"export.csv.sha256", SHA256),
        (b"manifest-sha256.txt", f"{SHA256}  export.csv\n"),
    ],
)
def test_a_checksum_is_read_in_every_shape_that_tools_write(name: bytes, text: str) -> None:
    assert is_checksum_list(name)
    assert checksums_of(name, text.encode()) == (EXPECTED,)


def test_the_algorithm_follows_from_the_length_and_from_the_name_of_the_list() -> None:
    digest = hashlib.blake2b(DATA).hexdigest()
    assert checksums_of(b"B2SUMS", f"{digest}  a".encode())[0].algorithm == "blake2b"
    assert checksums_of(b"SHA512SUMS", f"{digest}  a".encode())[0].algorithm == "sha512"
    weak = checksums_of(b"export.md5", MD5.encode())
    assert (weak[0].algorithm, weak[0].weak, EXPECTED.weak) == ("md5", True, False)


def test_an_escaped_name_is_read_as_coreutils_writes_it() -> None:
    text = f"\\{SHA256}  a\\\\b\\nc\n".encode()
    assert checksums_of(b"SHA256SUMS", text)[0].name == b"a\\b\nc"


@pytest.mark.parametrize(
    "text", [b"", b"hello", b"abc  export.csv", b"0" * 33 + b"  x", b"\xff\xfe\x00", b"0" * 5000]
)
def test_what_is_no_checksum_is_passed_over(text: bytes) -> None:
    assert checksums_of(b"SHA256SUMS", text) == ()


def test_a_long_list_is_read_no_further_than_its_bound() -> None:
    text = b"".join(f"{SHA256}  {n}\n".encode() for n in range(10_050))
    assert len(checksums_of(b"SHA256SUMS", text)) == 10_000


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_any_bytes_are_read_without_a_fault(name: bytes, data: bytes) -> None:
    checksums_of(name, data)
    assert signature_kind(data) in {"openpgp", "cms", ""}
    assert is_sidecar(name) in {True, False}


@pytest.mark.parametrize(
    "name",
    [
        *(b"SHA256SUMS", b"Sha256Sum.txt", b"b2sums", b"manifest-sha256.txt", b"a.SHA512", b"a.b2"),
        *(b"a.md5sum", b"a.csv.ASC", b"a.p7s", b"a.sign", b"BagIt.txt"),
    ],
)
def test_a_list_a_signature_and_a_bag_are_sidecars_in_any_case(name: bytes) -> None:
    assert is_sidecar(name)


@pytest.mark.parametrize("name", [b"export.csv", b"sha256", b".sha256", b"patients-sum.csv"])
def test_an_export_is_no_sidecar(name: bytes) -> None:
    assert not is_sidecar(name)


SIGNATURE_V4 = bytes.fromhex("88 75 04 00 16 08 00 1d 16 21 04") + bytes(30)
SIGNATURE_NEW = bytes.fromhex("c2 c0 5c 04 00 01 08 00 06 05 02") + bytes(30)
ARMOURED = (
    b"-----BEGIN PGP SIGNATURE-----\n\n"
    + base64.b64encode(SIGNATURE_V4)
    + b"\n=abcd\n-----END PGP SIGNATURE-----\n"
)
CMS = bytes.fromhex("308203e406092a864886f70d010702a0820 3d5".replace(" ", "")) + bytes(30)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (SIGNATURE_V4, "openpgp"),
        (SIGNATURE_NEW, "openpgp"),
        (ARMOURED, "openpgp"),
        (ARMOURED.replace(b"\n", b"\r\n"), "openpgp"),
        (CMS, "cms"),
        (b"-----BEGIN PGP SIGNATURE-----\n\nnothing\n", ""),
        (b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQ==\n", ""),
        (bytes.fromhex("99010d04") + bytes(20), ""),  # a public key
        (b"plain text", ""),
        (b"", ""),
    ],
)
def test_a_detached_signature_is_known_by_its_structure(data: bytes, kind: str) -> None:
    assert is_signature(b"export.csv.asc")
    assert signature_kind(data) == kind
