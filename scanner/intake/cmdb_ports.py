"""What the ports and protocols of an export's row come to, as endpoints."""

from __future__ import annotations

import re

from scanner.errors import InputError
from scanner.intake.problem import shown

_PROTOCOLS = {
    "ftp": "ftp",
    "ftpes": "ftp",
    "ftp es": "ftp",
    "ftp tls": "ftp",
    "ftps explicit": "ftp",
    "ftps": "ftps",
    "ftps implicit": "ftps",
    "sftp": "sftp",
    "ssh": "sftp",
    "scp": "sftp",
    "ssh sftp": "sftp",
    "auto": "auto",
}
_USUAL = {21: "ftp", 990: "ftps", 22: "sftp"}
_PORTS = {name: port for port, name in _USUAL.items()}
_PORT = re.compile(r"([0-9]{1,5})(?:/tcp)?")
_BETWEEN = re.compile(r"[,;|\s]+")
_BETWEEN_WORDS = re.compile(r"\s*[,;|+]\s*")

Endpoints = dict[int, str]
"""The protocol of each port."""


def endpoints_of(ports: str, protocols: str) -> Endpoints:
    """Return the endpoints that two cells name; none where both are empty.

    Raises ``InputError`` with one clause that names the mend.
    """
    numbers = [_port(word) for word in _BETWEEN.split(ports) if word]
    names = [_protocol(word) for word in _BETWEEN_WORDS.split(protocols) if word]
    if not numbers:
        return dict(_by_name(name) for name in names)
    if len(names) > 1 and len(names) != len(numbers):
        told = f"{len(numbers)} ports and {len(names)} protocols"
        raise InputError(f"names {told}; give one protocol, or one for each port")
    pairs = zip(numbers, names * len(numbers) if len(names) < 2 else names, strict=False)
    return {port: _fitting(port, name) for port, name in pairs} if names else _bare(numbers)


def _port(word: str) -> int:
    found = _PORT.fullmatch(word)
    number = int(found[1]) if found else 0
    if not 0 < number < 65536:
        raise InputError(f"has the port {shown(word)}; write a number from 1 to 65535")
    return number


def _protocol(word: str) -> str:
    name = _PROTOCOLS.get(re.sub(r"[\s_/()-]+", " ", word.strip().lower()).strip())
    if name is None:
        raise InputError(f"has the protocol {shown(word)}; write ftp, ftps, sftp or auto")
    return name


def _by_name(name: str) -> tuple[int, str]:
    if name not in _PORTS:
        raise InputError("has the protocol auto and no port; give the port")
    return _PORTS[name], name


def _fitting(port: int, name: str) -> str:
    """Return the protocol of a port. FTPS may mean either kind: 21 is never the implicit one."""
    if name != "ftps" or port == _PORTS["ftps"]:
        return name
    return "ftp" if port == _PORTS["ftp"] else "auto"


def _bare(numbers: list[int]) -> Endpoints:
    return {port: _USUAL.get(port, "auto") for port in numbers}
