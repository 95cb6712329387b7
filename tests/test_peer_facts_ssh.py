"""The readers and the mapping behind the SSH half of ``make bench-peers``; peers run only there."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest

from bench.our_facts import compared
from bench.our_facts_ssh import SSH_PLACES
from bench.peer_facts import Fact
from bench.peer_facts_ssh import nmap_ssh_facts, ssh_audit_facts

BLOB = base64.b64encode(b"a key of nobody").decode("ascii")
PRINT = base64.b64encode(hashlib.sha256(b"a key of nobody").digest()).decode("ascii").rstrip("=")

# As ssh-audit 3.9 prints it, with names and numbers of our own.
AUDIT: dict[str, Any] = {
    "banner": {
        "raw": "SSH-2.0-Synth_1.0 of the tests",
        "protocol": "2.0",
        "software": "Synth_1.0",
        "comments": "of the tests",
    },
    "target": "127.0.0.1:2222",
    "compression": ["none"],
    "kex": [
        {
            "algorithm": "diffie-hellman-group-exchange-sha256",
            "keysize": 3072,
            "notes": {
                "info": [
                    "can only use a 2048-bit modulus",
                    "using a 2048-bit modulus, though modern clients will use 3072",
                ]
            },
        },
        {"algorithm": "curve25519-sha256", "notes": {"warn": ["somebody's opinion"]}},
    ],
    "key": [
        {"algorithm": "rsa-sha2-512", "keysize": 2048, "notes": {}},
        {"algorithm": "rsa-sha2-256", "keysize": 2048, "notes": {}},
        {
            "algorithm": "ssh-ed25519-cert-v01@openssh.com",
            "ca_algorithm": "ssh-ed25519",
            "casize": 256,
            "notes": {},
        },
    ],
    "enc": [{"algorithm": "3des-cbc", "notes": {"fail": ["broken"]}}],
    "mac": [{"algorithm": "hmac-sha2-256", "notes": {}}],
    "fingerprints": [
        {"hostkey": "ssh-rsa", "hash_alg": "SHA256", "hash": PRINT},
        {"hostkey": "ssh-rsa", "hash_alg": "MD5", "hash": "00:11"},
    ],
    "cves": [],
    "recommendations": {"critical": {"del": {"enc": [{"name": "3des-cbc", "notes": ""}]}}},
    "additional_notes": ["mind the gap"],
}

# As nmap 7.93 writes it, shortened.
NMAP = f"""<?xml version="1.0"?>
<nmaprun><host><ports><port protocol="tcp" portid="2222"><state state="open"/>
<script id="ssh2-enum-algos" output=""><table key="kex_algorithms"><elem>curve25519-sha256</elem>
<elem>ext-info-s</elem></table><table key="encryption_algorithms"><elem>aes128-ctr</elem></table>
<table key="mac_algorithms_client_to_server"><elem>hmac-sha1</elem></table>
<table key="mac_algorithms_server_to_client"><elem>hmac-sha2-256</elem></table></script>
<script id="ssh-hostkey" output=""><table><elem key="fingerprint">0011</elem>
<elem key="bits">2048</elem><elem key="type">ssh-rsa</elem><elem key="key">{BLOB}</elem></table>
</script><script id="ssh-auth-methods" output=""><table key="Supported authentication methods">
<elem>publickey</elem><elem>password</elem></table></script></port></ports></host></nmaprun>
"""


@pytest.fixture
def endpoint() -> dict[str, Any]:
    return {
        "identification": "SSH-2.0-Synth_1.0 of the tests",
        "kexinit": {
            "kex": ["diffie-hellman-group-exchange-sha256", "curve25519-sha256"],
            "host_key": ["rsa-sha2-512", "rsa-sha2-256", "ssh-ed25519-cert-v01@openssh.com"],
            "ciphers_in": ["aes128-ctr"],
            "ciphers_out": ["3des-cbc"],
            "macs_in": ["hmac-sha1"],
            "macs_out": ["hmac-sha2-256"],
            "compression_in": ["none"],
            "compression_out": ["none"],
        },
        "host_keys": [
            {
                "algorithm": "ssh-rsa",
                "bits": 2048,
                "fingerprint": f"SHA256:{PRINT}",
                "certificate": {"authority_algorithm": "ssh-ed25519"},
            }
        ],
        "group_exchange": [
            {"smallest_asked": 1024, "preferred": 1024, "largest_asked": 1024, "given": None},
            {"smallest_asked": 1024, "preferred": 2048, "largest_asked": 8192, "given": 3072},
        ],
        "methods": {"none_accepted": False, "methods": ["password", "publickey"], "banner": ""},
    }


def test_what_ssh_audit_prints_is_read_into_facts() -> None:
    told = list(ssh_audit_facts(AUDIT))
    assert {fact.peer for fact in told} == {"ssh-audit"}
    assert [(fact.name, fact.value) for fact in told] == [
        ("identification", "SSH-2.0-Synth_1.0 of the tests"),
        ("protocol version", "2.0"),
        ("software", "Synth_1.0"),
        ("comments", "of the tests"),
        ("kex algorithm", "diffie-hellman-group-exchange-sha256"),
        ("kex algorithm", "curve25519-sha256"),
        ("kex order", "diffie-hellman-group-exchange-sha256, curve25519-sha256"),
        ("host key algorithm", "rsa-sha2-512"),
        ("host key algorithm", "rsa-sha2-256"),
        ("host key algorithm", "ssh-ed25519-cert-v01@openssh.com"),
        ("host key order", "rsa-sha2-512, rsa-sha2-256, ssh-ed25519-cert-v01@openssh.com"),
        ("cipher out algorithm", "3des-cbc"),
        ("cipher out order", "3des-cbc"),
        ("MAC out algorithm", "hmac-sha2-256"),
        ("MAC out order", "hmac-sha2-256"),
        ("compression out algorithm", "none"),
        ("compression out order", "none"),
        ("group exchange modulus", 3072),
        ("group exchange modulus for old clients", 2048),
        ("host key bits", "ssh-rsa 2048"),
        ("host certificate authority", "ssh-ed25519"),
        ("host certificate authority bits", 256),
        ("host key fingerprint", f"ssh-rsa SHA256:{PRINT}"),
        ("host key MD5 fingerprint", "ssh-rsa MD5:00:11"),
        ("warn note", "curve25519-sha256: somebody's opinion"),
        ("fail note", "3des-cbc: broken"),
        ("recommendation", "critical: del enc 3des-cbc"),
        ("additional note", "mind the gap"),
    ]


def test_ssh_audit_tells_nothing_of_a_server_that_it_did_not_meet() -> None:
    assert list(ssh_audit_facts({"banner": AUDIT["banner"], "target": "127.0.0.1:1"})) == []


def test_what_nmap_writes_is_read_into_facts(tmp_path: Path) -> None:
    output = tmp_path / "nmap.xml"
    output.write_text(NMAP, encoding="utf-8")
    enumerated, shown = "nmap ssh2-enum-algos", "nmap ssh-hostkey"
    assert list(nmap_ssh_facts(output)) == [
        Fact(enumerated, "kex algorithm", "curve25519-sha256"),
        Fact(enumerated, "kex algorithm", "ext-info-s"),
        Fact(enumerated, "kex order", "curve25519-sha256, ext-info-s"),
        Fact(enumerated, "cipher in algorithm", "aes128-ctr"),
        Fact(enumerated, "cipher in order", "aes128-ctr"),
        Fact(enumerated, "cipher out algorithm", "aes128-ctr"),
        Fact(enumerated, "cipher out order", "aes128-ctr"),
        Fact(enumerated, "MAC in algorithm", "hmac-sha1"),
        Fact(enumerated, "MAC in order", "hmac-sha1"),
        Fact(enumerated, "MAC out algorithm", "hmac-sha2-256"),
        Fact(enumerated, "MAC out order", "hmac-sha2-256"),
        Fact(shown, "host key fingerprint", f"ssh-rsa SHA256:{PRINT}"),
        Fact(shown, "host key bits", "ssh-rsa 2048"),
        Fact(shown, "host key MD5 fingerprint", "ssh-rsa MD5:00:11"),
        Fact("nmap ssh-auth-methods", "login methods", frozenset({"publickey", "password"})),
    ]


def test_a_script_for_ftp_is_refused(tmp_path: Path) -> None:
    output = tmp_path / "nmap.xml"
    output.write_text(NMAP.replace("ssh-hostkey", "ftp-anon"), encoding="utf-8")
    with pytest.raises(ValueError, match="ftp-anon"):
        list(nmap_ssh_facts(output))


def test_what_ssh_audit_says_of_this_server_agrees_or_is_left_out(
    endpoint: dict[str, Any],
) -> None:
    answers = {
        fact.name: compared(fact.name, fact.value, endpoint, SSH_PLACES).verdict
        for fact in ssh_audit_facts(AUDIT)
    }
    left = {"host key MD5 fingerprint", "warn note", "fail note", "recommendation"}
    assert {name for name, verdict in answers.items() if verdict == "left out"} == {
        *left,
        "additional note",
    }
    # No request of ours was for old clients, and no field of ours holds an authority's size.
    assert answers["group exchange modulus for old clients"] == "disagree"
    assert answers["host certificate authority bits"] == "missing"
    assert sum(verdict == "agree" for verdict in answers.values()) == len(answers) - 7


@pytest.mark.parametrize(
    ("name", "theirs", "verdict"),
    [
        ("kex algorithm", "ext-info-s", "disagree"),
        ("kex order", "curve25519-sha256, diffie-hellman-group-exchange-sha256", "disagree"),
        ("cipher in algorithm", "aes128-ctr", "agree"),
        ("MAC in order", "hmac-sha2-256", "disagree"),
        ("software", "Other_1.0", "disagree"),
        ("group exchange modulus", 2048, "disagree"),
        ("host key bits", "ssh-rsa 3072", "disagree"),
        ("host key fingerprint", "ssh-rsa SHA256:other", "disagree"),
        ("host certificate authority", "ssh-rsa", "disagree"),
        ("login methods", frozenset({"password", "publickey"}), "agree"),
        ("login methods", frozenset({"password"}), "disagree"),
        ("a fact of tomorrow", 1, "missing"),
    ],
)
def test_a_peers_fact_is_looked_up_in_our_document(
    endpoint: dict[str, Any], name: str, theirs: Any, verdict: str
) -> None:
    assert compared(name, theirs, endpoint, SSH_PLACES).verdict == verdict


@pytest.mark.parametrize("unseen", [None, {"unobserved": "not-looked-at", "detail": ""}])
def test_sizes_that_nobody_asked_for_are_missing(endpoint: dict[str, Any], unseen: Any) -> None:
    endpoint["group_exchange"] = unseen
    assert compared("group exchange modulus", 3072, endpoint, SSH_PLACES).verdict == "missing"
    del endpoint["group_exchange"]
    assert compared("group exchange modulus", 3072, endpoint, SSH_PLACES).verdict == "missing"


def test_a_host_without_a_certificate_tells_no_authority(endpoint: dict[str, Any]) -> None:
    endpoint["host_keys"][0]["certificate"] = None
    answer = compared("host certificate authority", "ssh-ed25519", endpoint, SSH_PLACES)
    assert answer.verdict == "missing"


def test_a_fact_that_is_left_out_has_its_reason() -> None:
    assert [name for name, place in SSH_PLACES.items() if not (place.paths or place.why)] == []
