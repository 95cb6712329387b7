from __future__ import annotations

import asyncssh
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.wire.ssh import SshSyntaxError
from scanner.wire.ssh_keys import fingerprint, key_type, read_key


@pytest.mark.parametrize(
    ("algorithm", "options", "bits"),
    [
        ("ssh-ed25519", {}, 256),
        ("ssh-ed448", {}, 456),
        ("ecdsa-sha2-nistp256", {}, 256),
        ("ecdsa-sha2-nistp384", {}, 384),
        ("ecdsa-sha2-nistp521", {}, 521),
        ("ssh-rsa", {"key_size": 1024}, 1024),
        ("ssh-rsa", {"key_size": 2048}, 2048),
    ],
)
def test_type_bits_and_fingerprint_agree_with_another_implementation(
    algorithm: str, options: dict[str, int], bits: int
) -> None:
    key = asyncssh.generate_private_key(algorithm, **options)  # type: ignore[arg-type]

    facts = read_key(bytes(key.public_data))

    assert (facts.algorithm, facts.bits) == (algorithm, bits)
    assert facts.fingerprint == key.get_fingerprint()


def test_the_bits_of_a_dsa_key_are_those_of_its_prime() -> None:
    prime = (1 << 1023).to_bytes(129, "big")
    blob = b"".join(len(part).to_bytes(4, "big") + part for part in (b"ssh-dss", prime, b"\x02"))

    assert read_key(blob).bits == 1024


def test_a_certificate_has_the_bits_of_its_key() -> None:
    authority = asyncssh.generate_private_key("ssh-ed25519")
    key = asyncssh.generate_private_key("ssh-rsa", key_size=2048)
    certificate = authority.generate_host_certificate(key, "host")

    facts = read_key(certificate.public_data)

    assert facts.algorithm == "ssh-rsa-cert-v01@openssh.com"
    assert facts.bits == 2048


def test_an_unknown_type_keeps_its_name() -> None:
    facts = read_key(b"\x00\x00\x00\x05new-1rest")

    assert (facts.algorithm, facts.bits) == ("new-1", None)
    assert facts.fingerprint.startswith("SHA256:")
    assert not facts.fingerprint.endswith("=")


@pytest.mark.parametrize(
    "blob", [b"", b"\x00\x00\x00\x00", b"\x00\x00\x00\x07ssh-rsa", b"\xff\xff\xff\xff"]
)
def test_a_blob_that_is_cut_short_is_refused(blob: bytes) -> None:
    with pytest.raises(SshSyntaxError):
        read_key(blob)


@given(st.binary(max_size=200))
def test_any_blob_ends_in_facts_or_in_the_readers_own_error(blob: bytes) -> None:
    try:
        assert read_key(blob).fingerprint == fingerprint(blob)
    except SshSyntaxError:
        assert len(key_type(blob)) <= 80
