"""asyncssh's own server: a further implementation of SSH, with algorithms that others dropped."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.servers import process
from tests.servers.accounts import User, test_users
from tests.servers.ground import ground
from tests.servers.handle import LogFormat, Server
from tests.servers.python_program import launch
from tests.servers.ssh_keys import KeyKind, make_certificate, make_host_keys, make_key
from tests.servers.tree import Tree, plant

LOG_FORMAT: Final = LogFormat(
    command=re.compile(r"^request: (\S+) (.*)$", re.MULTILINE),
    failed_login=re.compile(r"^login: refused", re.MULTILINE),
    connection=re.compile(r"^connection$", re.MULTILINE),
    login=re.compile(r"^login: accepted$", re.MULTILINE),
)
"""Of the programs that log by themselves, a line for each thing that happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asyncssh:
    """The switches of one posture; an empty list leaves the library's default."""

    passwords: bool = True
    blank_user: bool = False
    host_key_kinds: tuple[KeyKind, ...] = ("ed25519", "ecdsa", "rsa")
    host_certificates: bool = False
    key_exchanges: str = ""
    ciphers: str = ""
    macs: str = ""
    compressions: str = ""
    signatures: str = ""
    banner: str = ""


@contextmanager
def running(options: Asyncssh, *, contents: Callable[[Path], Tree] = plant) -> Iterator[Server]:
    """Run asyncssh on a free loopback port, serving a folder that ``contents`` filled."""
    with ground(contents) as base:
        blank = (User("blank", 60003, ""),) if options.blank_user else ()
        users = test_users() + blank
        log = base.folder / "asyncssh.log"
        host_keys = make_host_keys(base.prefix, base.folder, options.host_key_kinds)
        client_key = make_key(base.prefix, base.folder, "ed25519", name="client")
        authority = None
        shown = [(str(key.private), "") for key in host_keys]
        if options.host_certificates:
            authority = make_key(base.prefix, base.folder, "ed25519", name="authority")
            shown = [
                (
                    str(key.private),
                    str(make_certificate(base.prefix, authority, key, ("127.0.0.1",), host=True)),
                )
                for key in host_keys
            ]
        authorise = authoriser(base.folder / "keys")
        authorise("transfer", client_key.public_line)
        settings = {
            "served": str(base.served),
            "log": str(log),
            "keys": str(base.folder / "keys"),
            "users": {user.name: user.password for user in users},
            "passwords": options.passwords,
            "banner": options.banner,
            "host_keys": shown,
            "algorithms": {
                "kex_algs": options.key_exchanges,
                "encryption_algs": options.ciphers,
                "mac_algs": options.macs,
                "compression_algs": options.compressions,
                "signature_algs": options.signatures,
            },
        }

        def prepare(port: int) -> process.Launch:
            return launch("asyncssh_program.py", port, settings, base.folder)

        with process.running(prepare, base.folder / "console.log") as child:
            yield Server(
                product="asyncssh",
                protocol="sftp",
                process=child,
                tree=base.tree,
                logs=(log,),
                log_format=LOG_FORMAT,
                users=users,
                host_keys=host_keys,
                client_key=client_key,
                authority=authority,
                authorise=authorise,
            )


def authoriser(folder: Path) -> Callable[[str, str], None]:
    """Return what lets a key in, by a line in the file of its user below ``folder``."""
    folder.mkdir(mode=0o755)

    def authorise(user: str, public_line: str) -> None:
        with (folder / user).open("a", encoding="ascii") as keys:
            keys.write(public_line + "\n")

    return authorise
