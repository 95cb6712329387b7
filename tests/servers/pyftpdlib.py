"""pyftpdlib 2, a server in Python, with and without TLS."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.servers import process
from tests.servers.accounts import test_users
from tests.servers.certificates import make_certificate
from tests.servers.ground import ground
from tests.servers.handle import LogFormat, Server
from tests.servers.python_program import launch
from tests.servers.tls import Tls
from tests.servers.tree import Tree, plant

_LOG_FORMAT: Final = LogFormat(
    command=re.compile(r"\[[^\]]*\] <- (.+)$", re.MULTILINE),
    failed_login=re.compile(r"USER '[^']*' failed login"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pyftpdlib:
    """The switches of one posture; the defaults are the library's own, with anonymous on."""

    anonymous: bool = True
    local_users: bool = False
    writable: bool = False
    """Whether anonymous may do everything everywhere."""
    tls: Tls | None = None
    tls_control_required: bool = False
    tls_data_required: bool = False
    passive_address: str | None = None


@contextmanager
def running(options: Pyftpdlib, *, contents: Callable[[Path], Tree] = plant) -> Iterator[Server]:
    """Run pyftpdlib on a free loopback port, serving a folder that ``contents`` filled."""
    with ground(contents) as base:
        users = test_users() if options.local_users else ()
        log = base.folder / "pyftpdlib.log"
        kind = options.tls.certificate if options.tls is not None else None
        certificate = make_certificate(base.folder / "tls", kind) if kind is not None else None
        settings = {
            "served": str(base.served),
            "log": str(log),
            "anonymous": options.anonymous,
            "writable": options.writable,
            "users": {user.name: user.password for user in users},
            "certificate": str(certificate.combined) if certificate is not None else "",
            "tls_control_required": options.tls_control_required,
            "tls_data_required": options.tls_data_required,
            "passive_address": options.passive_address,
        }

        def prepare(port: int) -> process.Launch:
            return launch("pyftpdlib_program.py", port, settings, base.folder)

        with process.running(prepare, base.folder / "console.log") as child:
            yield Server(
                product="pyftpdlib",
                protocol="ftp",
                process=child,
                tree=base.tree,
                logs=(log,),
                log_format=_LOG_FORMAT,
                users=users,
                certificate=certificate,
            )
