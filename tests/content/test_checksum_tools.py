"""Checksums and signatures as the programs write them that people run."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.content.checksums import Checksum, checksums_of, is_checksum_list, signature_kind
from tests.content.programs import run
from tests.content.test_checksums import DATA, EXPECTED
from tests.content.test_tools import gpg


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "export.csv").write_bytes(DATA)
    return tmp_path


@pytest.mark.parametrize(
    "words",
    [
        ("sha256sum", "export.csv"),
        ("sha256sum", "--binary", "export.csv"),
        ("sha256sum", "--tag", "export.csv"),
        ("openssl", "dgst", "-sha256", "export.csv"),
    ],
)
def test_a_list_of_each_program_is_read(folder: Path, words: tuple[str, ...]) -> None:
    assert checksums_of(b"SHA256SUMS", run(folder, *words)) == (EXPECTED,)


@pytest.mark.parametrize(
    ("program", "name", "algorithm"),
    [
        ("md5sum", b"MD5SUMS", "md5"),
        ("sha1sum", b"SHA1SUMS", "sha1"),
        ("sha512sum", b"SHA512SUMS", "sha512"),
        ("b2sum", b"B2SUMS", "blake2b"),
    ],
)
def test_each_algorithm_is_told(folder: Path, program: str, name: bytes, algorithm: str) -> None:
    assert is_checksum_list(name)
    (checksum,) = checksums_of(name, run(folder, program, "export.csv"))
    assert checksum == Checksum(b"export.csv", algorithm, checksum.digest)


@pytest.mark.parametrize("armour", [(), ("--armor",)])
def test_a_detached_signature_of_gpg_is_known_and_a_signed_message_is_none(
    folder: Path, armour: tuple[str, ...]
) -> None:
    assert signature_kind(gpg(folder, *armour, "--detach-sign", stdin=DATA)) == "openpgp"
    assert signature_kind(gpg(folder, *armour, "--sign", stdin=DATA)) == ""


@pytest.mark.parametrize("form", ["DER", "PEM"])
def test_a_detached_signature_of_openssl_is_known(folder: Path, form: str) -> None:
    made = ("-keyout", "key.pem", "-out", "certificate.pem", "-subj", "/CN=test", "-days", "2")
    run(folder, "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *made)
    signer = ("-signer", "certificate.pem", "-inkey", "key.pem", "-outform", form)
    data = run(folder, "openssl", "cms", "-sign", "-binary", "-in", "export.csv", *signer)
    assert signature_kind(data) == "cms"
