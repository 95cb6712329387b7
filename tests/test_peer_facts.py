"""The readers and the mapping behind ``make bench-peers``; the peers themselves run only there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bench.our_facts import PLACES, compared, only_ours
from bench.peer_facts import Fact, nmap_facts, sslyze_facts
from tools.recorded import FOLDER

# As nmap 7.93 writes it, shortened.
NMAP = """<?xml version="1.0"?>
<nmaprun><host><ports><port protocol="tcp" portid="2121"><state state="open"/>
<script id="ftp-anon" output="Anonymous FTP login allowed (FTP code 230)&#xa;\
-rw-r--r--    1 0        0               7 Nov 26 02:34 a.txt&#xa;\
drwxrwxrwx    2 0        0            4096 Nov 26 02:34 incoming [NSE: writeable]"/>
<script id="ssl-enum-ciphers" output=""><table key="TLSv1.3"><table key="ciphers">
<table><elem key="name">TLS_AKE_WITH_AES_128_GCM_SHA256</elem>
<elem key="kex_info">secp256r1</elem><elem key="strength">A</elem></table></table>
<elem key="cipher preference">client</elem></table><elem key="least strength">A</elem></script>
</port></ports></host></nmaprun>
"""


@pytest.fixture
def endpoint() -> dict[str, Any]:
    document = json.loads((FOLDER / "vsftpd-tls-optional.json").read_text(encoding="utf-8"))
    seen = document["hosts"][0]["endpoints"][0]
    assert isinstance(seen, dict)
    return seen


def test_what_nmap_writes_is_read_into_facts(tmp_path: Path) -> None:
    output = tmp_path / "nmap.xml"
    output.write_text(NMAP, encoding="utf-8")
    assert list(nmap_facts(output)) == [
        Fact("nmap ftp-anon", "anonymous login", 230),
        Fact("nmap ftp-anon", "entries in the root", 2),
        Fact("nmap ftp-anon", "entries marked writable", 1),
        Fact("nmap ssl-enum-ciphers", "suites TLSv1.3", frozenset({"TLS_AES_128_GCM_SHA256"})),
        Fact("nmap ssl-enum-ciphers", "groups seen TLSv1.3", frozenset({"secp256r1"})),
        Fact("nmap ssl-enum-ciphers", "order TLSv1.3", "client"),
        Fact("nmap ssl-enum-ciphers", "least strength", "A"),
    ]


def test_a_script_that_nobody_reads_is_refused(tmp_path: Path) -> None:
    output = tmp_path / "nmap.xml"
    output.write_text(NMAP.replace("ftp-anon", "ftp-new"), encoding="utf-8")
    with pytest.raises(ValueError, match="ftp-new"):
        list(nmap_facts(output))


def test_sslyze_tells_nothing_of_a_server_without_tls(tmp_path: Path) -> None:
    output = tmp_path / "sslyze.json"
    server = {"connectivity_status": "ERROR", "connectivity_result": None}
    output.write_text(json.dumps({"server_scan_results": [server]}), encoding="utf-8")
    assert list(sslyze_facts(output)) == []


@pytest.mark.parametrize(
    ("name", "theirs", "verdict"),
    [
        ("anonymous login", 230, "agree"),
        ("anonymous login", 331, "disagree"),
        ("entries in the root", 9, "agree"),
        ("entries in the root", 18, "disagree"),
        ("greeting", "220 (vsFTPd 3.0.3)", "agree"),
        ("greeting", "220 ProFTPD Server", "disagree"),
        ("certificate key bits", 2048, "agree"),
        ("certificate key bits", 1024, "disagree"),
        ("certificate names", frozenset({"localhost", "127.0.0.1"}), "agree"),
        ("certificate signature", "ecdsa-with-sha256", "agree"),
        ("least strength", "A", "agree"),
        ("least strength", "F", "disagree"),
        ("certificate serial of tomorrow", "1", "missing"),
        ("early data", False, "left out"),
    ],
)
def test_a_peers_fact_is_looked_up_in_our_document(
    endpoint: dict[str, Any], name: str, theirs: Any, verdict: str
) -> None:
    assert compared(name, theirs, endpoint).verdict == verdict


def test_what_was_not_observed_is_missing(endpoint: dict[str, Any]) -> None:
    endpoint["greeting"] = {"unobserved": "timeout", "detail": ""}
    assert compared("greeting", "220 (vsFTPd 3.0.3)", endpoint).verdict == "missing"


def test_what_only_we_see_leaves_out_what_a_peer_led_to(endpoint: dict[str, Any]) -> None:
    alone = dict(only_ours(endpoint, {"tls", "greeting"}))
    assert {"features", "ccc", "data"} <= set(alone)
    assert not {"tls", "greeting", "port", "verbs"} & set(alone)


def test_a_fact_that_is_left_out_has_its_reason() -> None:
    assert [name for name, place in PLACES.items() if not (place.paths or place.why)] == []
