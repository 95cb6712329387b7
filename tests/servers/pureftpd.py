"""Pure-FTPd 1.0.50 in the postures that a scan has to tell apart."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from tests.servers import process
from tests.servers.accounts import test_users, write_accounts
from tests.servers.certificates import Certificate, make_certificate
from tests.servers.ground import ground
from tests.servers.handle import LogFormat, Server
from tests.servers.syslog_file import syslog_to
from tests.servers.tls import MODERN, Tls, openssl_configuration
from tests.servers.tree import Tree, plant

_LOG_FORMAT: Final = LogFormat(
    command=re.compile(r"\[DEBUG\] Command \[(\w*)\] \[(.*)\]$", re.MULTILINE),
    failed_login=re.compile(r"Authentication failed for user"),
    connection=re.compile(r"\[INFO\] New connection from"),
    login=re.compile(r"\[INFO\] (?:Anonymous user logged in|\S+ is now logged in)"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pureftpd:
    """The switches of one posture; the defaults are the program's own."""

    anonymous: bool = True
    local_users: bool = False
    uploads: bool = False
    """Whether anonymous may store files; off here, though on is the program's default."""
    tls_level: Literal[0, 1, 2, 3] = 0
    """0 none, 1 optional, 2 required on the control connection, 3 on the data one too."""
    tls: Tls = MODERN
    passive_address: str | None = None
    extra: tuple[str, ...] = ()
    """Further arguments of the command line."""
    place: process.Place = process.ANYWHERE
    dated: bool = False
    """Whether lines of syslog begin with date, host and program."""


@contextmanager
def running(options: Pureftpd, *, contents: Callable[[Path], Tree] = plant) -> Iterator[Server]:
    """Run Pure-FTPd on a free loopback port, serving a folder that ``contents`` filled."""
    with ground(contents) as base:
        users = test_users() if options.local_users else ()
        accounts = write_accounts(base, users, home=base.served)
        log = base.folder / "syslog.log"
        environment = syslog_to(log, accounts.environment, header=options.dated)
        certificate: Certificate | None = None
        if options.tls_level:
            certificate = make_certificate(base.folder / "tls", options.tls.certificate)
            environment |= openssl_configuration(options.tls, base.folder / "openssl.cnf")

        def prepare(port: int) -> process.Launch:
            arguments = _arguments(options, port, base.folder, certificate)
            return process.Launch(
                command=[str(base.prefix.program("pure-ftpd")), *arguments],
                environment=environment,
            )

        with process.running(prepare, base.folder / "console.log", options.place) as child:
            yield Server(
                product="pureftpd",
                protocol="ftp",
                process=child,
                tree=base.tree,
                logs=(log,),
                log_format=_LOG_FORMAT,
                users=users,
                certificate=certificate,
            )


def _arguments(
    options: Pureftpd, port: int, folder: Path, certificate: Certificate | None
) -> list[str]:
    words = ["-S", f"{options.place.address},{port}", "-g", str(folder / "pid"), "-4", "-H", "-A"]
    words += ["-u", "1", "-d", "-f", "ftp", "-l", "unix", "-Y", str(options.tls_level)]
    if certificate is not None:
        words += ["-2", str(certificate.combined)]
        words += ["-J", options.tls.ciphers] if options.tls.ciphers else []
    if not options.anonymous:
        words.append("-E")
    if not options.uploads:
        words.append("-i")
    if options.passive_address is not None:
        words += ["-P", options.passive_address]
    return [*words, *options.extra]
