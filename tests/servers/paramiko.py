"""paramiko's server, with a small SFTP server for reading behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers import process
from tests.servers.accounts import User, test_users
from tests.servers.aioftp import plant_utf8
from tests.servers.asyncssh import LOG_FORMAT, authoriser
from tests.servers.ground import ground
from tests.servers.handle import Server
from tests.servers.python_program import launch
from tests.servers.ssh_keys import KeyKind, make_host_keys, make_key
from tests.servers.tree import Tree, plant


@dataclass(frozen=True, slots=True, kw_only=True)
class Paramiko:
    """The switches of one posture. Public keys are always accepted."""

    passwords: bool = True
    blank_user: bool = False
    host_key_kinds: tuple[KeyKind, ...] = ("ed25519", "ecdsa", "rsa")
    compression: bool = False
    """Offers ``zlib``, which compresses before anybody has logged in."""
    banner: str = ""


@contextmanager
def running(options: Paramiko, *, contents: Callable[[Path], Tree] = plant) -> Iterator[Server]:
    """Run paramiko on a free loopback port, serving a folder that ``contents`` filled.

    The library cannot send names that are not UTF-8, so the planted tree has none here.
    """
    with ground(plant_utf8 if contents is plant else contents) as base:
        blank = (User("blank", 60003, ""),) if options.blank_user else ()
        users = test_users() + blank
        log = base.folder / "paramiko.log"
        host_keys = make_host_keys(base.prefix, base.folder, options.host_key_kinds)
        client_key = make_key(base.prefix, base.folder, "ed25519", name="client")
        authorise = authoriser(base.folder / "keys")
        authorise("transfer", client_key.public_line)
        settings = {
            "served": str(base.served),
            "log": str(log),
            "keys": str(base.folder / "keys"),
            "users": {user.name: user.password for user in users},
            "passwords": options.passwords,
            "banner": options.banner,
            "compression": options.compression,
            "host_keys": [(key.kind.partition("-")[0], str(key.private)) for key in host_keys],
        }

        def prepare(port: int) -> process.Launch:
            return launch("paramiko_program.py", port, settings, base.folder)

        with process.running(prepare, base.folder / "console.log") as child:
            yield Server(
                product="paramiko",
                protocol="sftp",
                process=child,
                tree=base.tree,
                logs=(log,),
                log_format=LOG_FORMAT,
                users=users,
                host_keys=host_keys,
                client_key=client_key,
                authorise=authorise,
            )
