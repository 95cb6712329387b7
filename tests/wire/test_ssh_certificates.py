from __future__ import annotations

import base64
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.model.peer import PeerTrust
from scanner.wire.known_hosts import HostKeyPolicy, candidate_names, read_known_hosts
from scanner.wire.ssh import SshSyntaxError
from scanner.wire.ssh_certificates import read_certificate
from scanner.wire.ssh_keys import fingerprint, is_certificate, plain_key, read_key
from tests.servers.packages import Prefix
from tests.servers.ssh_certificates import EXPIRED, NOT_YET, VALID, certify
from tests.servers.ssh_keys import KeyKind, KeyPair, make_key

NAME = "sftp.example.org"


class Desk:
    """Makes keys and certificates, and judges them by a known_hosts file."""

    def __init__(self, prefix: Prefix, folder: Path) -> None:
        self.prefix, self.folder = prefix, folder
        self.authority = self.key("ed25519", "authority")
        self.other = self.key("ed25519", "other-authority")
        self.host = self.key("ed25519", "host")

    def key(self, kind: KeyKind, name: str) -> KeyPair:
        return make_key(self.prefix, self.folder, kind, name=name)

    def certificate(self, **more: Any) -> bytes:
        terms = {"authority": self.authority, "principals": NAME, **more}
        path = certify(self.prefix, self.folder, self.host, **terms)
        return base64.b64decode(path.read_text().split()[1])

    def policy(self, *lines: str, port: int = 22, pins: tuple[str, ...] = ()) -> HostKeyPolicy:
        words = {
            "ca": self.authority.public_line,
            "other": self.other.public_line,
            "key": self.host.public_line,
        }
        file = "\n".join(line.format(**words) for line in lines)
        return HostKeyPolicy(
            candidate_names((NAME, "192.0.2.1"), port),
            pins=pins,
            known=read_known_hosts(file.encode()),
            trust_on_first_use=True,
            names=(NAME,),
            now=datetime.now(UTC),
        )


@pytest.fixture
def desk(server_packages: Prefix, tmp_path: Path) -> Desk:
    return Desk(server_packages, tmp_path)


KINDS: list[KeyKind] = ["ed25519", "ecdsa", "rsa", "dsa"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("signer", ["ed25519", "ecdsa", "rsa"])
def test_a_certificate_is_read_and_its_signature_verified(
    kind: KeyKind, signer: KeyKind, desk: Desk
) -> None:
    desk.host = desk.key(kind, f"host-{kind}")
    authority = desk.key(signer, f"authority-{signer}")
    blob = desk.certificate(authority=authority, principals=f"{NAME},*.example.net")
    read = read_certificate(blob)
    assert is_certificate(blob)
    assert read.signed
    assert (read.key, read.authority) == (desk.host.blob, authority.blob)
    assert read.principals == (NAME.encode(), b"*.example.net")
    assert (read.facts.serial, read.facts.key_id, read.facts.for_hosts) == (7, "made up", True)
    assert read.facts.authority == authority.fingerprint
    assert read.facts.authority_algorithm == authority.algorithm
    assert read.facts.valid_after < datetime.now(UTC).isoformat() < read.facts.valid_before
    assert read_key(blob).fingerprint == desk.host.fingerprint
    assert plain_key(blob) == desk.host.blob


def test_an_authority_that_signs_with_sha_1_is_not_believed(desk: Desk) -> None:
    authority = desk.key("rsa", "authority-rsa")
    path = desk.folder / "host.pub"
    path.write_text(desk.host.public_line)
    command = [str(desk.prefix.program("ssh-keygen")), "-q", "-s", str(authority.private)]
    command += ["-t", "ssh-rsa", "-I", "x", "-h", "-n", NAME, str(path)]
    subprocess.run(command, check=True, capture_output=True)
    blob = base64.b64decode((desk.folder / "host-cert.pub").read_text().split()[1])
    assert not read_certificate(blob).signed
    assert read_certificate(blob).key == desk.host.blob


def test_a_bound_that_is_none_is_told_as_none(desk: Desk) -> None:
    facts = read_certificate(desk.certificate(validity="always:forever")).facts
    assert (facts.valid_after, facts.valid_before) == ("", "")


def test_every_changed_bit_of_a_certificate_spoils_it(desk: Desk) -> None:
    blob = desk.certificate()
    policy = desk.policy("@cert-authority * {ca}")
    assert policy.judge(blob).trust is PeerTrust.VERIFIED
    for at in range(len(blob)):
        changed = blob[:at] + bytes([blob[at] ^ 1]) + blob[at + 1 :]
        assert not policy.judge(changed).trust.may_receive_secrets, at


CASES: dict[str, tuple[dict[str, Any], tuple[str, ...], PeerTrust]] = {
    "listed": ({}, ("@cert-authority *.example.org {ca}",), PeerTrust.VERIFIED),
    "by a pattern": (
        {"principals": "*.example.org"},
        ("@cert-authority * {ca}",),
        PeerTrust.VERIFIED,
    ),
    "beside an old key": (
        {},
        ("@cert-authority * {ca}", f"{NAME} {{other}}"),
        PeerTrust.VERIFIED,
    ),
    "for other hosts": ({}, ("@cert-authority *.example.net {ca}",), PeerTrust.FIRST_USE),
    "of another authority": ({}, ("@cert-authority * {other}",), PeerTrust.UNTRUSTED),
    "a key is no authority": ({}, (f"{NAME} {{ca}}",), PeerTrust.MISMATCHED),
    "expired": ({"validity": EXPIRED}, ("@cert-authority * {ca}",), PeerTrust.EXPIRED),
    "not yet valid": ({"validity": NOT_YET}, ("@cert-authority * {ca}",), PeerTrust.EXPIRED),
    "another name": (
        {"principals": "ftp.example.org"},
        ("@cert-authority * {ca}",),
        PeerTrust.MISMATCHED,
    ),
    "an address": (
        {"principals": "192.0.2.1"},
        ("@cert-authority * {ca}",),
        PeerTrust.MISMATCHED,
    ),
    "no name": ({"principals": ""}, ("@cert-authority * {ca}",), PeerTrust.MISMATCHED),
    "for users": ({"host": False}, ("@cert-authority * {ca}",), PeerTrust.UNTRUSTED),
    "a critical option": (
        {"options": ("critical:made-up@example.org",)},
        ("@cert-authority * {ca}",),
        PeerTrust.UNTRUSTED,
    ),
    "an extension": (
        {"options": ("extension:made-up@example.org",)},
        ("@cert-authority * {ca}",),
        PeerTrust.VERIFIED,
    ),
    "authority revoked": (
        {},
        ("@cert-authority * {ca}", "@revoked * {ca}"),
        PeerTrust.REVOKED,
    ),
    "key revoked": ({}, ("@cert-authority * {ca}", "@revoked * {key}"), PeerTrust.REVOKED),
    "expired, but the key is listed": (
        {"validity": EXPIRED},
        ("@cert-authority * {ca}", f"{NAME} {{key}}"),
        PeerTrust.VERIFIED,
    ),
    "nothing listed": ({}, (), PeerTrust.FIRST_USE),
}


@pytest.mark.parametrize(("made", "lines", "trust"), CASES.values(), ids=CASES)
def test_a_certificate_is_judged_by_its_authority(
    made: dict[str, Any], lines: tuple[str, ...], trust: PeerTrust, desk: Desk
) -> None:
    assert desk.policy(*lines).judge(desk.certificate(**made)).trust is trust


def test_a_pin_is_one_of_the_key_inside_and_never_of_the_authority(desk: Desk) -> None:
    blob = desk.certificate(validity=EXPIRED)
    assert desk.policy(pins=(desk.host.fingerprint,)).judge(blob).trust is PeerTrust.PINNED
    authority = desk.policy(pins=(desk.authority.fingerprint,))
    assert authority.judge_all((blob,))[0].trust is PeerTrust.MISMATCHED
    revoked = desk.policy("@revoked * {ca}", pins=(desk.host.fingerprint,))
    assert revoked.judge(blob).trust is PeerTrust.REVOKED


def test_a_plain_key_shares_in_what_its_certificate_says(desk: Desk) -> None:
    blob, plain = desk.certificate(), desk.host.blob
    stranger = desk.other.blob
    for port in (22, 2222):
        good = desk.policy("@cert-authority *.example.org {ca}", port=port)
        assert [each.trust for each in good.judge_all((stranger, plain, blob))] == [
            PeerTrust.UNVERIFIED,
            PeerTrust.VERIFIED,
            PeerTrust.VERIFIED,
        ]
    bad = desk.policy("@revoked * {ca}", pins=(desk.host.fingerprint,))
    assert {each.trust for each in bad.judge_all((plain, blob))} == {PeerTrust.REVOKED}
    late = desk.policy("@cert-authority * {ca}")
    found = late.judge_all((plain, desk.certificate(validity=EXPIRED)))
    assert [each.trust for each in found] == [PeerTrust.UNVERIFIED, PeerTrust.EXPIRED]


def test_without_a_clock_no_certificate_is_verified(desk: Desk) -> None:
    known = read_known_hosts(f"@cert-authority * {desk.authority.public_line}".encode())
    policy = HostKeyPolicy((NAME,), known=known, names=(NAME,))
    assert policy.judge(desk.certificate()).trust is PeerTrust.UNTRUSTED


def test_the_clock_that_is_handed_in_decides(desk: Desk) -> None:
    blob = desk.certificate(validity=VALID)
    for days, trust in {-2: PeerTrust.EXPIRED, 0: PeerTrust.VERIFIED, 2: PeerTrust.EXPIRED}.items():
        known = read_known_hosts(f"@cert-authority * {desk.authority.public_line}".encode())
        now = datetime.now(UTC) + timedelta(days=days)
        policy = HostKeyPolicy((NAME,), known=known, names=(NAME,), now=now)
        assert policy.judge(blob).trust is trust


def packed(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def test_a_certificate_of_too_many_names_is_refused() -> None:
    head = packed(b"ssh-ed25519-cert-v01@openssh.com", b"n", b"k" * 32) + bytes(8) + bytes(4)
    tail = bytes(16) + packed(b"", b"", b"", b"ca", b"")
    many = head + packed(b"id", packed(*[b"x"] * 257)) + tail
    few = head + packed(b"id", packed(*[b"x"] * 256)) + tail
    assert len(read_certificate(few).principals) == 256
    assert len(read_certificate(few).facts.principals) == 32
    with pytest.raises(SshSyntaxError, match="too many"):
        read_certificate(many)
    with pytest.raises(SshSyntaxError, match="too large"):
        read_certificate(head + packed(b"id", b"x" * 70_000))


TYPES = [
    f"{kind}-cert-v01@openssh.com".encode()
    for kind in ("ssh-ed25519", "ssh-rsa", "ssh-dss", "ecdsa-sha2-nistp256", "sk-ssh-ed25519")
]


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(TYPES), st.lists(st.binary(max_size=40), max_size=14), st.binary())
def test_any_bytes_are_read_or_refused(kind: bytes, parts: list[bytes], tail: bytes) -> None:
    blob = packed(kind, *parts) + tail
    try:
        read = read_certificate(blob)
    except SshSyntaxError:
        return
    assert not read.signed
    assert len(fingerprint(read.key)) == 50


SIGNATURES = st.tuples(
    st.sampled_from([b"ssh-ed25519", b"rsa-sha2-256", b"ecdsa-sha2-nistp256", b"?"]),
    st.binary(max_size=80),
)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([b"ssh-ed25519", b"ssh-rsa", b"ecdsa-sha2-nistp256", b"ssh-dss"]),
    st.lists(st.binary(max_size=80), max_size=4),
    SIGNATURES,
)
def test_any_authority_and_signature_are_refused_without_an_error(
    kind: bytes, parts: list[bytes], signature: tuple[bytes, bytes]
) -> None:
    head = packed(TYPES[0], b"n", b"k" * 32) + bytes(7) + b"\x01" + bytes(3) + b"\x02"
    middle = packed(b"id", packed(NAME.encode())) + bytes(8) + b"\xff" * 8 + packed(b"", b"", b"")
    blob = head + middle + packed(packed(kind, *parts), packed(*signature))
    assert not read_certificate(blob).signed
