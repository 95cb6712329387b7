"""The ftpd of GNU inetutils 2.4, which inetd starts for each connection."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.servers import process
from tests.servers.accounts import test_users, write_accounts
from tests.servers.ground import ground
from tests.servers.handle import LogFormat, Server
from tests.servers.syslog_file import syslog_to
from tests.servers.tree import Tree, plant

_LOOP: Final = Path(__file__).with_name("accept_loop.py")
_LOG_FORMAT: Final = LogFormat(
    command=re.compile(r"^command: (.+)$", re.MULTILINE),
    failed_login=re.compile(r"FTP LOGIN FAILED FROM|ANONYMOUS FTP LOGIN REFUSED"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inetutils:
    """The switches of one posture. Anonymous is let in wherever the user ``ftp`` exists.

    It has no TLS, and listens on no port of its own: an accept loop stands before it.
    """

    anonymous: bool = True
    local_users: bool = False
    only_anonymous: bool = False
    """Refuse everybody else by name (``-A``)."""
    extra: tuple[str, ...] = ()
    """Further arguments of the command line."""


@contextmanager
def running(options: Inetutils, *, contents: Callable[[Path], Tree] = plant) -> Iterator[Server]:
    """Run ftpd behind a free loopback port, serving a folder that ``contents`` filled."""
    with ground(contents) as base:
        users = test_users() if options.local_users else ()
        accounts = write_accounts(base, users, home=base.served, anonymous=options.anonymous)
        log = base.folder / "syslog.log"
        environment = syslog_to(log, accounts.environment)
        program = str(base.prefix.program("ftpd"))
        switches = ["-l", "-d", *(["-A"] if options.only_anonymous else []), *options.extra]

        def prepare(port: int) -> process.Launch:
            loop = [sys.executable, "-P", str(_LOOP), process.HOST, str(port)]
            return process.Launch(command=[*loop, program, *switches], environment=environment)

        with process.running(prepare, base.folder / "console.log") as child:
            yield Server(
                product="inetutils",
                protocol="ftp",
                process=child,
                tree=base.tree,
                logs=(log,),
                log_format=_LOG_FORMAT,
                users=users,
            )
