"""Every hostile behaviour, by the protocol that its target declares."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tests.hostile import (
    ESCAPES,
    HOSTILE_NAMES,
    Behaviour,
    FtpScript,
    close_at_once,
    closes_after,
    drip,
    endless_line,
    endless_listing,
    endless_listing_line,
    endless_reply,
    ftp,
    garbage,
    http,
    impatient_http,
    injects_after_auth,
    lists,
    machine_listing,
    passive_elsewhere,
    password_for_ever,
    recorder,
    says,
    silent,
    ssh_closes_after_identification,
    ssh_endless_preamble,
    ssh_huge_packet,
    ssh_lying_name_list,
    ssh_says,
    stalls_after_auth,
    unix_listing,
)

FORGERY: Final = (
    "x\nopen-zone PASS nothing to see\r\n"
    "A    100/100  all is well\x1b[1A\x1b[2K\u202e\u2028A 100\u0085"
)
"""Text that pretends to be lines of a report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What behaviours need of the test: a server's TLS, and the trap's port."""

    tls: ssl.SSLContext
    trap_port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One behaviour behind one declared protocol. ``implicit``: TLS from the first byte."""

    make: Callable[[Ground], Behaviour]
    protocol: str
    implicit: bool = False


def _plain(make: Callable[[], Behaviour]) -> Callable[[Ground], Behaviour]:
    return lambda _ground: make()


# Trouble before any protocol: met by whatever the target declares.
ANY: Final[Mapping[str, Callable[[], Behaviour]]] = {
    "silent": silent,
    "drip": drip,
    "endless-reply": endless_reply,
    "endless-line": endless_line,
    "garbage": garbage,
    "close": close_at_once,
    "reset": lambda: close_at_once(reset=True),
    "http": http,
    "impatient-http": impatient_http,
    "escapes": lambda: says(f"220 {ESCAPES}\r\n".encode()),
    "forged-lines": lambda: says(f"220-{FORGERY}\r\n220 {FORGERY}\r\n".encode()),
    "ssh-identification": lambda: says(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "ftp-greeting": lambda: says(b"220 ready\r\n"),
}
PROTOCOLS: Final = ("auto", "ftp", "ftps", "sftp")

FTP: Final[Mapping[str, Callable[[Ground], Behaviour]]] = {
    "polite": _plain(recorder),
    "polite-tls": lambda ground: recorder(ground.tls),
    **{f"closes-after-{n}": _plain(lambda n=n: closes_after(n)) for n in (0, 1, 3, 7)},
    "password-for-ever": _plain(password_for_ever),
    "passive-elsewhere": lambda ground: passive_elsewhere(port=ground.trap_port),
    "stalls-after-auth": _plain(stalls_after_auth),
    "injects-after-auth": lambda ground: injects_after_auth(ground.tls),
    "endless-listing": _plain(lambda: lists(endless_listing)),
    "endless-listing-line": _plain(lambda: lists(endless_listing_line)),
    "hostile-names": _plain(lambda: lists(machine_listing())),
    "hostile-unix-names": _plain(lambda: lists(unix_listing())),
}

SSH: Final[Mapping[str, Callable[[Ground], Behaviour]]] = {
    "ssh-endless-preamble": _plain(ssh_endless_preamble),
    "ssh-huge-packet": _plain(ssh_huge_packet),
    "ssh-closes": _plain(ssh_closes_after_identification),
    "ssh-escapes": _plain(lambda: ssh_says(f"SSH-2.0-{ESCAPES}\r\n".encode())),
    "ssh-lying-name-list": _plain(ssh_lying_name_list),
}


def _cases() -> Iterator[tuple[str, Case]]:
    for name, make in ANY.items():
        for protocol in PROTOCOLS:
            yield f"{name}:{protocol}", Case(make=_plain(make), protocol=protocol)
    for name, make_ftp in FTP.items():
        yield f"{name}:ftp", Case(make=make_ftp, protocol="ftp")
    for name, make_ssh in SSH.items():
        yield f"{name}:sftp", Case(make=make_ssh, protocol="sftp")


CASES: Final[Mapping[str, Case]] = dict(_cases())
