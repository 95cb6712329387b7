"""What nmap's scripts and sslyze report of one FTP server, as names and values of one vocabulary.

A fact has the same name whoever reports it; ``bench.our_facts`` says where our document holds it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

Value = str | int | bool | frozenset[str]


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that a peer reports."""

    peer: str
    name: str
    value: Value


# --- nmap --------------------------------------------------------------------------------


Pairs = Iterator[tuple[str, Value]]
Readers = Mapping[str, Callable[[ET.Element], Pairs]]


def nmap_facts(path: Path, readers: Readers | None = None) -> Iterator[Fact]:
    """Read nmap's XML with a reader for each script, by default those of FTP.

    Raises ValueError for a script that has none.
    """
    known = _SCRIPTS if readers is None else readers
    for script in ET.parse(path).getroot().iter("script"):
        name = script.get("id", "")
        if name not in known:
            raise ValueError(f"nothing reads the nmap script {name}")
        for fact, value in known[name](script):
            yield Fact(f"nmap {name}", fact, value)


def _anonymous(script: ET.Element) -> Pairs:
    text = script.get("output", "")
    code = re.search(r"Anonymous FTP login allowed \(FTP code (\d+)\)", text)
    if code is None:
        return
    yield "anonymous login", int(code[1])
    lines = re.findall(r"^[-dlbcps][-rwxsStT]{9}.*$", text, re.MULTILINE)
    if lines:
        yield "entries in the root", len(lines)
    yield "entries marked writable", sum("[NSE: writeable]" in line for line in lines)


def _system(script: ET.Element) -> Pairs:
    text = script.get("output", "")
    if (system := re.search(r"SYST: (.+)", text)) is not None:
        yield "SYST", system[1].strip()
    if "STAT:" in text:
        said = text.partition("STAT:")[2].splitlines()
        yield "STAT", " / ".join(line.strip() for line in said if line.strip())


def _bounce(script: ET.Element) -> Pairs:
    yield "bounce", script.get("output", "").strip()


def _banner(script: ET.Element) -> Pairs:
    yield "greeting", script.get("output", "").strip()


def _certificate(script: ET.Element) -> Pairs:
    pem = _text(script, "pem")
    der = ssl.PEM_cert_to_DER_cert(pem)
    yield "certificate sha256", hashlib.sha256(der).hexdigest()  # printed as MD5, SHA-1 and PEM
    yield "certificate subject", _text(_table(script, "subject"), "commonName")
    yield "certificate issuer", _text(_table(script, "issuer"), "commonName")
    yield "certificate key type", _text(_table(script, "pubkey"), "type")
    yield "certificate key bits", int(_text(_table(script, "pubkey"), "bits"))
    yield "certificate signature", _text(script, "sig_algo").lower()
    for end in ("notBefore", "notAfter"):
        moment = datetime.fromisoformat(_text(_table(script, "validity"), end))
        yield f"certificate {end}", moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    names = re.search(r"Subject Alternative Name: (.+)", script.get("output", ""))
    if names is not None:
        listed = re.findall(r"(?:DNS|IP Address):([^,\s]+)", names[1])
        yield "certificate names", frozenset(listed)


def _ciphers(script: ET.Element) -> Pairs:
    for version in script.findall("table"):
        name = version.get("key", "")
        suites = [elements(one) for one in _table(version, "ciphers").findall("table")]
        # nmap's own way to write the suites of TLS 1.3.
        named = (one["name"].replace("TLS_AKE_WITH_", "TLS_") for one in suites)
        yield f"suites {name}", frozenset(named)
        exchanged = (one.get("kex_info", "") for one in suites)
        groups = frozenset(one for one in exchanged if one and not one.startswith("rsa"))
        if groups:
            yield f"groups seen {name}", groups
        compressors = version.find("table[@key='compressors']")
        if compressors is not None:
            yield "compression", {one.text for one in compressors} != {"NULL"}
        if preference := elements(version).get("cipher preference"):
            yield f"order {name}", preference
        for warning in version.findall("table[@key='warnings']/elem"):
            yield f"warning {name}", warning.text or ""
    if least := elements(script).get("least strength"):
        yield "least strength", least


def elements(parent: ET.Element) -> dict[str, str]:
    """Return the text of each named element of a script or table."""
    return {one.get("key", ""): one.text or "" for one in parent.findall("elem")}


def _text(parent: ET.Element, key: str) -> str:
    return elements(parent)[key]


def _table(parent: ET.Element, key: str) -> ET.Element:
    found = parent.find(f"table[@key='{key}']")
    assert found is not None, key
    return found


_SCRIPTS: Final[Readers] = {
    "ftp-anon": _anonymous,
    "ftp-syst": _system,
    "ftp-bounce": _bounce,
    "banner": _banner,
    "ssl-cert": _certificate,
    "ssl-enum-ciphers": _ciphers,
}

# --- sslyze ------------------------------------------------------------------------------

_VERSIONS: Final = {
    "ssl_2_0": "SSLv2",
    "ssl_3_0": "SSLv3",
    "tls_1_0": "TLSv1.0",
    "tls_1_1": "TLSv1.1",
    "tls_1_2": "TLSv1.2",
    "tls_1_3": "TLSv1.3",
}
# The name of a fact, then sslyze's command and the field of its result.
_BOOLEANS: Final = {
    "compression": ("tls_compression", "supports_compression"),
    "early data": ("tls_1_3_early_data", "supports_early_data"),
    "fallback SCSV": ("tls_fallback_scsv", "supports_fallback_scsv"),
    "secure renegotiation": ("session_renegotiation", "supports_secure_renegotiation"),
    "renegotiation by the client": (
        "session_renegotiation",
        "is_vulnerable_to_client_renegotiation_dos",
    ),
    "extended master secret": ("tls_extended_master_secret", "supports_ems_extension"),
    "resumption by id": ("session_resumption", "session_id_resumption_result"),
    "resumption by ticket": ("session_resumption", "tls_ticket_resumption_result"),
}


def sslyze_facts(path: Path) -> Iterator[Fact]:
    """Read sslyze's JSON; nothing where it found no TLS to talk to."""
    (server,) = json.loads(path.read_text(encoding="utf-8"))["server_scan_results"]
    if server["connectivity_status"] != "COMPLETED":
        return
    for name, value in _sslyze(server):
        yield Fact("sslyze", name, value)


def _sslyze(server: Mapping[str, Any]) -> Pairs:
    wanted = server["connectivity_result"]["client_auth_requirement"]
    yield "client certificate wanted", wanted != "DISABLED"
    results = {
        name: one["result"]
        for name, one in server["scan_result"].items()
        if one["status"] == "COMPLETED"
    }
    for key, version in _VERSIONS.items():
        if (found := results.get(f"{key}_cipher_suites")) is not None:
            accepted = (one["cipher_suite"]["name"] for one in found["accepted_cipher_suites"])
            yield f"suites {version}", frozenset(accepted)
    if (curves := results.get("elliptic_curves")) is not None:
        names = (one["name"].lower() for one in curves["supported_curves"] or ())
        yield "groups", frozenset(names)
    for name, (command, field) in _BOOLEANS.items():
        if command in results:
            value = results[command][field]
            yield name, value if isinstance(value, bool) else value != "NOT_SUPPORTED"
    if (shown := results.get("certificate_info")) is not None:
        yield from _chain(shown["certificate_deployments"][0])


def _chain(shown: Mapping[str, Any]) -> Pairs:
    chain = shown["received_certificate_chain"]
    leaf = chain[0]
    yield "chain length", len(chain)
    yield "chain in order", bool(shown["received_chain_has_valid_order"])
    yield "certificate sha256", base64.b64decode(leaf["fingerprint_sha256"]).hex()
    yield "certificate key sha256", base64.b64decode(leaf["hpkp_pin"]).hex()
    yield "certificate serial", str(leaf["serial_number"])
    yield "certificate subject", leaf["subject"]["rfc4514_string"].removeprefix("CN=")
    yield "certificate issuer", leaf["issuer"]["rfc4514_string"].removeprefix("CN=")
    yield "certificate notBefore", leaf["not_valid_before"]
    yield "certificate notAfter", leaf["not_valid_after"]
    names = leaf["subject_alternative_name"]
    yield "certificate names", frozenset((*names["dns_names"], *names["ip_addresses"]))
    yield "certificate key bits", leaf["public_key"]["key_size"]
    yield "certificate signature", leaf["signature_algorithm_oid"]["name"].lower()
    given = [one for one in shown["path_validation_results"] if _is_given(one["trust_store"])]
    for one in given:
        yield "certificate trusted by the given authority", one["was_validation_successful"]
    yield "certificate must staple", shown["leaf_certificate_has_must_staple_extension"]
    yield "certificate timestamps", shown["leaf_certificate_signed_certificate_timestamps_count"]
    yield "OCSP response stapled", shown["ocsp_response"] is not None


def _is_given(store: Mapping[str, Any]) -> bool:
    return "supplied" in store["name"].lower()
