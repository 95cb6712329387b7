"""TinySSH 20230101: one kind of key, no passwords, started for each connection."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.servers import process
from tests.servers.accounts import test_users, write_accounts
from tests.servers.dropbear import authoriser
from tests.servers.ground import Ground, ground
from tests.servers.handle import LogFormat, Server
from tests.servers.sftp_program import REQUEST, logged_sftp_server, sftp_log
from tests.servers.ssh_keys import KeyPair, make_key
from tests.servers.tree import Tree, plant

_LOOP: Final = Path(__file__).with_name("accept_loop.py")
# Where every parent of a user's keys is closed to others, as the program demands.
_ROOT_OWNED: Final = Path("/run")
_LOG_FORMAT: Final = LogFormat(
    command=REQUEST,
    failed_login=re.compile(r"warning: auth: unable to authorize"),
    connection=re.compile(r"info: connection from "),
    login=re.compile(r"info: auth: \S+: .* accepted"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tinysshd:
    """The switches of one posture. Public keys are the only way in."""

    post_quantum: bool = True
    extra: tuple[str, ...] = ()
    """Further arguments of the command line."""


@contextmanager
def running(options: Tinysshd, *, contents: Callable[[Path], Tree] = plant) -> Iterator[Server]:
    """Run tinysshd behind a free loopback port; users start in the folder that is served.

    Every user shares that home, as with Dropbear: a key that ``authorise`` lets in enters as
    any user.
    """
    with ground(contents, within=_ROOT_OWNED) as base:
        users = test_users()
        accounts = write_accounts(base, users, home=base.served)
        host_key = _host_key(base)
        client_key = make_key(base.prefix, base.folder, "ed25519", name="client")
        authorise = authoriser(base.served)
        authorise("transfer", client_key.public_line)
        program = [str(base.prefix.program("tinysshd")), "-v", *options.extra]
        program += [] if options.post_quantum else ["-P"]
        program += ["-x", f"sftp={logged_sftp_server(base, accounts)}", str(host_key.private)]

        def prepare(port: int) -> process.Launch:
            loop = [sys.executable, "-P", str(_LOOP), process.HOST, str(port)]
            environment = accounts.environment
            return process.Launch(command=[*loop, *program], environment=environment)

        log = base.folder / "console.log"
        with process.running(prepare, log) as child:
            yield Server(
                product="tinyssh",
                protocol="sftp",
                process=child,
                tree=base.tree,
                logs=(log, sftp_log(base)),
                log_format=_LOG_FORMAT,
                users=users,
                host_keys=(host_key,),
                client_key=client_key,
                authorise=authorise,
            )


def _host_key(base: Ground) -> KeyPair:
    """Make the key by the program's own tools; its private half is a folder."""
    folder = base.folder / "host-key"
    make = [str(base.prefix.program("tinysshd-makekey")), "-q", str(folder)]
    subprocess.run(make, check=True, capture_output=True)
    show = [str(base.prefix.program("tinysshd-printkey")), str(folder)]
    shown = subprocess.run(show, check=True, capture_output=True, text=True).stdout
    line = next(line for line in shown.splitlines() if line.startswith("ssh-ed25519 "))
    return KeyPair(kind="ed25519", private=folder, public_line=" ".join(line.split()[:2]))
