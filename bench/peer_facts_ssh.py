"""What ssh-audit and nmap's scripts report of one SSH server, as names and values.

Lists are told twice: one fact for each algorithm, and one for the whole list in its order.
``bench.our_facts_ssh`` says where our document holds each.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

from bench.peer_facts import Fact, Pairs, Readers, elements, nmap_facts

_SEPARATOR: Final = ", "
_FALLBACK: Final = re.compile(r"using a (\d+)-bit modulus, though modern clients")
_RSA: Final = frozenset({"ssh-rsa", "rsa-sha2-256", "rsa-sha2-512"})


def host_key_type(algorithm: str) -> str:
    """Return the type of the key that signs for a host key algorithm (RFC 8332 section 3)."""
    return "ssh-rsa" if algorithm in _RSA else algorithm


def _list(name: str, algorithms: Iterable[str]) -> Pairs:
    kept = list(algorithms)
    for algorithm in kept:
        yield f"{name} algorithm", algorithm
    yield f"{name} order", _SEPARATOR.join(kept)


# --- ssh-audit ---------------------------------------------------------------------------


def ssh_audit_facts(server: Mapping[str, Any]) -> Iterator[Fact]:
    """Read what ``ssh-audit -j`` prints of one server; nothing where it met no SSH."""
    if "kex" not in server:
        return
    for name, value in _ssh_audit(server):
        yield Fact("ssh-audit", name, value)


def _ssh_audit(server: Mapping[str, Any]) -> Pairs:
    yield from _banner(server["banner"])
    yield from _list("kex", (one["algorithm"] for one in server["kex"]))
    yield from _list("host key", (one["algorithm"] for one in server["key"]))
    # It keeps the lists of what comes out of the server, and no others.
    yield from _list("cipher out", (one["algorithm"] for one in server["enc"]))
    yield from _list("MAC out", (one["algorithm"] for one in server["mac"]))
    yield from _list("compression out", server["compression"])
    yield from _groups(server["kex"])
    yield from _keys(server)
    yield from _opinions(server)


def _banner(banner: Mapping[str, Any]) -> Pairs:
    yield "identification", banner["raw"]
    yield "protocol version", banner["protocol"]
    yield "software", banner["software"]
    yield "comments", banner["comments"] or ""


def _groups(kex: Iterable[Mapping[str, Any]]) -> Pairs:
    for one in kex:
        if "keysize" in one:
            yield "group exchange modulus", one["keysize"]
        for note in one["notes"].get("info", ()):
            if (found := _FALLBACK.search(note)) is not None:
                yield "group exchange modulus for old clients", int(found[1])


def _keys(server: Mapping[str, Any]) -> Pairs:
    sized = {
        f"{host_key_type(one['algorithm'])} {one['keysize']}": None
        for one in server["key"]
        if "keysize" in one
    }
    for told in sized:  # one key signs by several names
        yield "host key bits", told
    for one in server["key"]:
        if "ca_algorithm" in one:
            yield "host certificate authority", one["ca_algorithm"]
            yield "host certificate authority bits", one["casize"]
    for one in server["fingerprints"]:
        hashed = "" if one["hash_alg"] == "SHA256" else f" {one['hash_alg']}"
        yield f"host key{hashed} fingerprint", f"{one['hostkey']} {one['hash_alg']}:{one['hash']}"


def _opinions(server: Mapping[str, Any]) -> Pairs:
    for family in ("kex", "key", "enc", "mac"):
        for one in server[family]:
            for level in ("fail", "warn"):
                for note in one["notes"].get(level, ()):
                    yield f"{level} note", f"{one['algorithm']}: {note}"
    for level, actions in server["recommendations"].items():
        for action, families in actions.items():
            for family, named in families.items():
                for one in named:
                    yield "recommendation", f"{level}: {action} {family} {one['name']}"
    for note in server["additional_notes"]:
        yield "additional note", note


# --- nmap --------------------------------------------------------------------------------


def nmap_ssh_facts(path: Path) -> Iterator[Fact]:
    """Read the XML of nmap's SSH scripts. Raises ValueError for another script."""
    return nmap_facts(path, _SCRIPTS)


_LISTS: Final = {
    "kex_algorithms": ("kex",),
    "server_host_key_algorithms": ("host key",),
    "encryption_algorithms": ("cipher in", "cipher out"),  # it merges what is alike
    "mac_algorithms": ("MAC in", "MAC out"),
    "compression_algorithms": ("compression in", "compression out"),
    "encryption_algorithms_client_to_server": ("cipher in",),
    "encryption_algorithms_server_to_client": ("cipher out",),
    "mac_algorithms_client_to_server": ("MAC in",),
    "mac_algorithms_server_to_client": ("MAC out",),
    "compression_algorithms_client_to_server": ("compression in",),
    "compression_algorithms_server_to_client": ("compression out",),
}


def _algorithms(script: ET.Element) -> Pairs:
    for table in script.findall("table"):
        told = [one.text or "" for one in table.findall("elem")]
        for name in _LISTS[table.get("key", "")]:
            yield from _list(name, told)


def _host_keys(script: ET.Element) -> Pairs:
    for table in script.findall("table"):
        told = elements(table)
        if "key" not in told:
            continue  # which hosts share a key, and what a known_hosts file says
        digest = hashlib.sha256(base64.b64decode(told["key"])).digest()
        printed = base64.b64encode(digest).decode("ascii").rstrip("=")
        yield "host key fingerprint", f"{told['type']} SHA256:{printed}"
        yield "host key bits", f"{told['type']} {told['bits']}"
        pairs = ":".join(re.findall("..", told["fingerprint"]))
        yield "host key MD5 fingerprint", f"{told['type']} MD5:{pairs}"


def _methods(script: ET.Element) -> Pairs:
    table = script.find("table[@key='Supported authentication methods']")
    if table is not None:
        yield "login methods", frozenset(one.text or "" for one in table.findall("elem"))


_SCRIPTS: Final[Readers] = {
    "ssh2-enum-algos": _algorithms,
    "ssh-hostkey": _host_keys,
    "ssh-auth-methods": _methods,
}
