from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import asyncssh
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.model.peer import PeerTrust
from scanner.wire.known_hosts import HostKeyPolicy, candidate_names, read_known_hosts
from scanner.wire.ssh_keys import fingerprint


def new_key(kind: str = "ssh-ed25519") -> tuple[bytes, str]:
    key = asyncssh.generate_private_key(kind)
    return bytes(key.public_data), key.export_public_key().decode().strip()


CERTIFICATE = b"ssh-ed25519-cert-v01@openssh.com"
OWN, OWN_LINE = new_key()
OTHER, OTHER_LINE = new_key()
ECDSA, ECDSA_LINE = new_key("ecdsa-sha2-nistp256")


def trust(
    file: str, *, name: str = "sftp.example.org", port: int = 22, blob: bytes = OWN
) -> PeerTrust:
    policy = HostKeyPolicy(
        candidate_names((name, "192.0.2.1"), port), known=read_known_hosts(file.encode())
    )
    return policy.judge(blob).trust


def hashed(name: str) -> str:
    salt = b"0123456789abcdefghij"
    digest = hmac.new(salt, name.encode(), hashlib.sha1).digest()
    return f"|1|{base64.b64encode(salt).decode()}|{base64.b64encode(digest).decode()}"


@pytest.mark.parametrize(
    "hosts",
    [
        "sftp.example.org",
        "SFTP.example.org,other",
        "192.0.2.1",
        "*.example.org",
        "sftp.ex?mple.org",
        "*.example.org,!ftp.example.org",
        hashed("sftp.example.org"),
        hashed("192.0.2.1"),
    ],
)
def test_a_listed_key_is_verified(hosts: str) -> None:
    assert trust(f"# comment\n\n{hosts} {OWN_LINE} a comment\n") is PeerTrust.VERIFIED


@pytest.mark.parametrize(
    "hosts",
    [
        "ftp.example.org",
        "*.example.org,!sftp.example.org",
        "[sftp.example.org]:2222",
        hashed("ftp.example.org"),
        "|1|broken",
        "|1|!!|!!",
    ],
)
def test_a_line_about_another_host_verifies_nothing(hosts: str) -> None:
    assert trust(f"{hosts} {OWN_LINE}") is PeerTrust.UNVERIFIED


@pytest.mark.parametrize(
    "hosts", ["[sftp.example.org]:2222", hashed("[sftp.example.org]:2222"), "[*]:2222"]
)
def test_another_port_is_written_in_brackets(hosts: str) -> None:
    assert trust(f"{hosts} {OWN_LINE}", port=2222) is PeerTrust.VERIFIED
    assert trust(f"{hosts} {OWN_LINE}", port=2200) is PeerTrust.UNVERIFIED


def test_another_key_of_the_same_type_is_a_mismatch() -> None:
    assert trust(f"sftp.example.org {OTHER_LINE}") is PeerTrust.MISMATCHED


def test_a_key_of_another_type_only_leaves_it_unverified() -> None:
    assert trust(f"sftp.example.org {ECDSA_LINE}") is PeerTrust.UNVERIFIED


def test_a_revocation_rules_over_everything() -> None:
    file = f"sftp.example.org {OWN_LINE}\n@revoked * {OWN_LINE}"
    policy = HostKeyPolicy(
        ("sftp.example.org",), pins=(fingerprint(OWN),), known=read_known_hosts(file.encode())
    )

    assert policy.judge(OWN).trust is PeerTrust.REVOKED


def test_a_certificate_authority_verifies_no_plain_key_and_forbids_first_use() -> None:
    file = read_known_hosts(f"@cert-authority *.example.org {OWN_LINE}".encode())
    policy = HostKeyPolicy(("sftp.example.org",), known=file, trust_on_first_use=True)

    assert policy.judge(OWN).trust is PeerTrust.UNVERIFIED


def test_a_pin_is_the_fingerprint_with_or_without_padding() -> None:
    for pin in (fingerprint(OWN), fingerprint(OWN) + "="):
        assert HostKeyPolicy((), pins=(pin,)).judge(OWN).trust is PeerTrust.PINNED


def test_keys_of_a_host_none_of_which_is_pinned_are_somebody_elses() -> None:
    policy = HostKeyPolicy((), pins=(fingerprint(OWN),))

    assert [each.trust for each in policy.judge_all((OTHER, ECDSA))] == [PeerTrust.MISMATCHED] * 2
    assert [each.trust for each in policy.judge_all((OWN, ECDSA))] == [
        PeerTrust.PINNED,
        PeerTrust.UNVERIFIED,
    ]


def test_first_use_is_only_for_hosts_of_which_no_key_is_declared() -> None:
    other_host = read_known_hosts(f"ftp.example.org {OTHER_LINE}".encode())
    this_host = read_known_hosts(f"sftp.example.org {ECDSA_LINE}".encode())
    names = ("sftp.example.org",)

    assert (
        HostKeyPolicy(names, known=other_host, trust_on_first_use=True).judge(OWN).trust
        is PeerTrust.FIRST_USE
    )
    assert (
        HostKeyPolicy(names, known=this_host, trust_on_first_use=True).judge(OWN).trust
        is PeerTrust.UNVERIFIED
    )
    assert (
        HostKeyPolicy(names, pins=("SHA256:x",), trust_on_first_use=True).judge(OWN).trust
        is PeerTrust.UNVERIFIED
    )
    assert HostKeyPolicy(names).judge(OWN).trust is PeerTrust.UNVERIFIED


@pytest.mark.parametrize(
    "line",
    [
        "host ssh-ed25519 not-base64!",
        "host ssh-ed25519",
        pytest.param(f"@unknown host {OWN_LINE}", id="unknown marker"),
        pytest.param(f"host ssh-rsa {OWN_LINE.split()[1]}", id="key of another type"),
        "@revoked",
    ],
)
def test_lines_that_make_no_sense_are_counted(line: str) -> None:
    file = read_known_hosts(f"{line}\nsftp.example.org {OWN_LINE}\n".encode())

    assert (len(file.entries), file.unparsed) == (1, 1)


@given(st.binary(max_size=400))
def test_any_file_is_read_without_an_error(data: bytes) -> None:
    file = read_known_hosts(data)
    policy = HostKeyPolicy(("sftp.example.org",), known=file)

    assert policy.judge(OWN).trust is PeerTrust.UNVERIFIED


@given(st.text(alphabet="*?[]!.,|1a-", max_size=30))
def test_any_pattern_is_matched_without_an_error(pattern: str) -> None:
    entry_trust = trust(f"x{pattern} {OWN_LINE}") if "," not in pattern else PeerTrust.UNVERIFIED

    assert entry_trust in {PeerTrust.UNVERIFIED, PeerTrust.VERIFIED}


_PATTERNS = st.text(alphabet="*?[]!.,|1a-:", min_size=1, max_size=20)
_LINES = st.tuples(
    st.sampled_from(["", "@revoked ", "@cert-authority ", "@marker "]),
    _PATTERNS,
    st.sampled_from([OWN_LINE, OTHER_LINE, ECDSA_LINE, "ssh-ed25519 AAAA", "x"]),
)


@given(st.lists(_LINES, max_size=12), st.lists(st.binary(max_size=60), max_size=3))
def test_any_lines_judge_any_keys_without_an_error(
    lines: list[tuple[str, str, str]], strangers: list[bytes]
) -> None:
    file = "\n".join(f"{mark}{hosts} {key}" for mark, hosts, key in lines)
    certified = (len(CERTIFICATE).to_bytes(4, "big") + CERTIFICATE + each for each in strangers)
    policy = HostKeyPolicy(
        ("[a]:1", "a"),
        known=read_known_hosts(file.encode()),
        names=("a",),
        now=datetime(2026, 1, 1, tzinfo=UTC),
    )
    blobs = dict.fromkeys((OWN, *strangers, *certified))
    judged = dict(zip(blobs, policy.judge_all(tuple(blobs)), strict=True))
    revoked = any(
        entry.marker == "@revoked" and entry.blob == OWN and entry.names("a")
        for entry in policy.known.entries
    )
    assert not (revoked and judged[OWN].trust.may_receive_secrets)
    assert not any(judged[each].trust.may_receive_secrets for each in blobs if each != OWN)


def test_a_bare_name_counts_on_another_port_where_none_is_for_that_port() -> None:
    def on_another_port(file: str) -> PeerTrust:
        policy = HostKeyPolicy(("[a]:2222",), known=read_known_hosts(file.encode()), names=("a",))
        return policy.judge(OWN).trust

    assert on_another_port(f"a {OWN_LINE}") is PeerTrust.VERIFIED
    assert on_another_port(f"a {OTHER_LINE}") is PeerTrust.UNVERIFIED
    assert on_another_port(f"a {OWN_LINE}\n[a]:2222 {OTHER_LINE}") is PeerTrust.MISMATCHED
    assert on_another_port(f"@revoked a {OWN_LINE}\n[a]:2222 {OWN_LINE}") is PeerTrust.REVOKED
