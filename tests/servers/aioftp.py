"""aioftp's own server: no AUTH, so in clear or in TLS from the first byte."""

from __future__ import annotations

import os
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
from tests.servers.tree import LATIN1_NAME, Tree, plant

_LOG_FORMAT: Final = LogFormat(
    command=re.compile(r"^parse_command: (\S+) (.*)$", re.MULTILINE),
    failed_login=re.compile(r"^write_line: 530 wrong password$", re.MULTILINE),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Aioftp:
    """The switches of one posture.

    Where anonymous is on, every name that is no local user's is anonymous.
    """

    anonymous: bool = True
    local_users: bool = False
    writable: bool = False
    tls: Tls | None = None
    """Implicit."""


def plant_utf8(root: Path) -> Tree:
    """Fill ``root`` as ``plant`` does, but for the name that is not UTF-8.

    Where it meets one, aioftp drops the connection amid the listing.
    """
    tree = plant(root)
    (root / os.fsdecode(LATIN1_NAME)).unlink()
    return tree


@contextmanager
def running(options: Aioftp, *, contents: Callable[[Path], Tree] = plant) -> Iterator[Server]:
    """Run aioftp on a free loopback port, serving a folder that ``contents`` filled."""
    with ground(plant_utf8 if contents is plant else contents) as base:
        users = test_users() if options.local_users else ()
        log = base.folder / "aioftp.log"
        kind = options.tls.certificate if options.tls is not None else None
        certificate = make_certificate(base.folder / "tls", kind) if kind is not None else None
        settings = {
            "served": str(base.served),
            "log": str(log),
            "anonymous": options.anonymous,
            "writable": options.writable,
            "users": {user.name: user.password for user in users},
            "certificate": str(certificate.combined) if certificate is not None else "",
        }

        def prepare(port: int) -> process.Launch:
            return launch("aioftp_program.py", port, settings, base.folder)

        with process.running(prepare, base.folder / "console.log") as child:
            yield Server(
                product="aioftp",
                protocol="ftp" if certificate is None else "ftps",
                process=child,
                tree=base.tree,
                logs=(log,),
                log_format=_LOG_FORMAT,
                users=users,
                certificate=certificate,
            )
