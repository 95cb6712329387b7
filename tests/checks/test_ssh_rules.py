from __future__ import annotations

import subprocess
from fnmatch import fnmatchcase

import paramiko
import pytest
from asyncssh.compression import get_compression_algs
from asyncssh.encryption import get_encryption_algs
from asyncssh.kex import get_kex_algs
from asyncssh.mac import get_mac_algs
from asyncssh.public_key import get_certificate_algs, get_public_key_algs

from scanner.checks.ssh_rule_table import VERSION, Standing
from scanner.checks.ssh_rules import (
    KINDS,
    MARKS,
    STRICT_KEX,
    offered,
    post_quantum,
    rule_for,
    standing_at,
    unknown,
)
from scanner.clients.ssh import read_hello
from scanner.model.failure import FailureId
from scanner.model.finding import Severity, Verdict
from scanner.model.policies import BUILT_IN, MODERN
from scanner.model.reading import Observed
from tests.checks.cases import case, finding, kexinit, modern_ssh, result
from tests.clients.ssh_lab import a_dialer
from tests.servers.fixtures import StartServer
from tests.servers.postures import POSTURES

ROW = FailureId.PLAINTEXT_TRANSPORT

ROWS = [(kind, row) for kind, rows in KINDS.items() for row in rows]

BROKEN = {
    "kex": {
        "diffie-hellman-group1-sha1",
        "rsa1024-sha1",
        "gss-group1-sha1-toWM5Slw5Ew8Mqkay+al2g==",
    },
    "host_key": {"ssh-dss", "ssh-dss-cert-v01@openssh.com", "x509v3-sign-dss", "x509v3-ssh-dss"},
    "cipher": {"none", "arcfour", "arcfour128", "arcfour256"},
    "mac": {"none"},
}
WEAK = {
    "kex": {
        "diffie-hellman-group14-sha1",
        "diffie-hellman-group-exchange-sha1",
        "gss-gex-sha1-x",
        "gss-group14-sha1-x",
        "ecdh-sha2-nistk163",
    },
    "host_key": {"ssh-rsa", "ssh-rsa-cert-v01@openssh.com", "x509v3-sign-rsa"},
    "cipher": {"3des-cbc", "aes256-cbc", "rijndael-cbc@lysator.liu.se", "blowfish-ctr", "des-cbc"},
    "mac": {
        "hmac-sha1",
        "hmac-sha1-96-etm@openssh.com",
        "hmac-md5",
        "hmac-ripemd160@openssh.com",
        "umac-64-etm@openssh.com",
        "hmac-sha2-256-96",
    },
    "compression": {"zlib"},
}


@pytest.mark.parametrize(
    ("kind", "name", "standing"),
    [
        (kind, name, standing)
        for standing, kinds in ((Standing.BROKEN, BROKEN), (Standing.WEAK, WEAK))
        for kind, names in kinds.items()
        for name in sorted(names)
    ],
)
def test_what_is_broken_or_weak_is_called_so(kind: str, name: str, standing: Standing) -> None:
    rule = rule_for(kind, name)
    assert rule is not None
    assert rule.standing is standing


def test_only_the_list_of_the_design_is_broken() -> None:
    broken = {(kind, row[0]) for kind, row in ROWS if row[1] is Standing.BROKEN}
    assert broken == {
        ("kex", "diffie-hellman-group1-*"),
        ("kex", "gss-group1-sha1-*"),
        ("kex", "rsa1024-sha1"),
        ("host_key", "ssh-dss*"),
        ("host_key", "x509v3-*-dss*"),
        ("host_key", "spki-sign-dss"),
        ("host_key", "pgp-sign-dss"),
        ("cipher", "none"),
        ("cipher", "arcfour*"),
        ("mac", "none"),
    }


def test_every_row_says_since_when_by_which_document_and_why_and_stands_once() -> None:
    for _, (name, _standing, since, source, why) in ROWS:
        assert name
        assert since.isdigit()
        assert 1995 <= int(since) <= int(VERSION[:4])
        assert source
        assert why
    names = [(kind, row[0]) for kind, row in ROWS]
    assert len(names) == len(set(names))


def test_no_pattern_of_a_bad_standing_hides_a_good_name() -> None:
    """An exact name goes before patterns; among patterns none covers another's row."""
    for rows in KINDS.values():
        patterns = [row for row in rows if set("*[") & set(row[0])]
        for row in rows:
            plain = row[0].replace("*", "x").replace("[5678]", "5").replace("[01]", "1")
            fitting = {p[1] for p in patterns if fnmatchcase(plain, p[0])} | {row[1]}
            if row in patterns:
                assert len(fitting) == 1, row[0]


def test_an_exact_name_goes_before_a_pattern() -> None:
    rule = rule_for("cipher", "3des-cbc")
    assert rule is not None
    assert rule.source == "NIST SP 800-131A"


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_name_nobody_knows_is_not_good(kind: str) -> None:
    assert rule_for(kind, "zz-2099@example.org") is None


def test_both_directions_are_looked_at_and_each_name_is_told_once() -> None:
    lists = kexinit(ciphers_in=("aes256-ctr",), ciphers_out=("aes256-ctr", "arcfour"))
    assert [name for kind, name in offered(lists) if kind == "cipher"] == ["aes256-ctr", "arcfour"]
    assert standing_at(Standing.BROKEN, lists) == ["arcfour: RC4 (RFC 8758)"]


def test_an_unknown_algorithm_is_a_lead_in_whatever_list_it_stands() -> None:
    lists = kexinit(
        kex=("mlkem768x25519-sha256", "zz-kex"),
        host_key=("zz-key",),
        ciphers_out=("zz-cipher",),
        macs_in=("zz-mac",),
        compression_in=("zz-zip",),
    )
    assert unknown(lists) == ["zz-kex", "zz-key", "zz-cipher", "zz-mac", "zz-zip"]
    row = result(ROW, case(modern_ssh(kexinit=Observed(lists))))
    lead = finding(row, "ssh-unknown-algorithms")
    assert (lead.verdict, lead.severity) == (Verdict.FAIL, Severity.INFO)
    assert f"unknown to the SSH rule table {VERSION}: zz-kex" in lead.summary
    assert row.verdict is Verdict.PASS


def test_findings_name_the_version_of_the_table() -> None:
    row = result(ROW, case(modern_ssh()))
    for facet in ("ssh-broken-algorithms", "ssh-weak-algorithms", "ssh-unknown-algorithms"):
        assert f"SSH rule table {VERSION}" in finding(row, facet).summary
    broken = result(ROW, case(modern_ssh(kexinit=Observed(kexinit(macs_out=("none",))))))
    assert f"SSH rule table {VERSION}" in broken.summary


def test_a_method_that_looks_post_quantum_and_is_unknown_does_not_count() -> None:
    assert post_quantum(kexinit(kex=("mlkem-own@example.org",))) == []
    assert post_quantum(kexinit(kex=("sntrup761x25519-sha512@openssh.com", "ecdh-sha2-nistp256")))


def test_marks_are_known_and_no_methods() -> None:
    assert all(rule_for("kex", mark) is not None for mark in MARKS)
    assert STRICT_KEX <= MARKS


def test_the_modern_policy_allows_only_what_the_table_calls_good() -> None:
    kinds = {
        "kex": MODERN.kex,
        "host_key": MODERN.host_key,
        "cipher": MODERN.ciphers,
        "mac": MODERN.macs,
        "compression": MODERN.compression,
    }
    for kind, names in kinds.items():
        for name in names or ():
            rule = rule_for(kind, name)
            assert rule is not None, name
            assert rule.standing is Standing.GOOD, name


def test_no_policy_allows_what_is_broken_or_unknown() -> None:
    for policy in BUILT_IN.values():
        for kind, names in (
            ("kex", policy.kex),
            ("host_key", policy.host_key),
            ("cipher", policy.ciphers),
            ("mac", policy.macs),
        ):
            for name in names or ():
                rule = rule_for(kind, name)
                assert rule is not None, name
                assert rule.standing is not Standing.BROKEN, name


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("kex", "kex"),
        ("mac", "mac"),
        ("cipher", "cipher"),
        ("HostKeyAlgorithms", "host_key"),
        ("compression", "compression"),
    ],
)
def test_every_name_of_openssh_is_known(query: str, kind: str) -> None:
    done = subprocess.run(["ssh", "-Q", query], capture_output=True, text=True, check=True)
    names = done.stdout.split()
    assert names
    assert [name for name in names if rule_for(kind, name) is None] == []


def test_every_name_of_asyncssh_is_known() -> None:
    for kind, names in (
        ("kex", get_kex_algs()),
        ("cipher", get_encryption_algs()),
        ("mac", get_mac_algs()),
        ("compression", get_compression_algs()),
        ("host_key", [*get_public_key_algs(), *get_certificate_algs()]),
    ):
        told = [name.decode("ascii") for name in names]
        # On the wire the name of the mechanism follows (RFC 4462 section 2.3).
        told = [f"{name}-x" if name.startswith("gss-") else name for name in told]
        assert told
        assert [name for name in told if rule_for(kind, name) is None] == []


def test_every_name_of_paramiko_is_known() -> None:
    for kind, table in (
        ("kex", "_kex_info"),
        ("cipher", "_cipher_info"),
        ("mac", "_mac_info"),
        ("host_key", "_key_info"),
        ("compression", "_compression_info"),
    ):
        names = list(getattr(paramiko.Transport, table))
        assert names
        assert [name for name in names if rule_for(kind, name) is None] == []


@pytest.mark.parametrize(
    "name",
    [name for name in POSTURES if name.startswith(("openssh-", "dropbear-", "proftpd-sftp"))],
)
async def test_every_name_of_the_real_servers_is_known(
    name: str, start_server: StartServer
) -> None:
    reading = await read_hello(a_dialer(start_server(name).port), seconds=5)
    assert isinstance(reading, Observed)
    assert isinstance(reading.value.kexinit, Observed)
    lists = reading.value.kexinit.value
    assert lists.kex
    assert unknown(lists) == []
