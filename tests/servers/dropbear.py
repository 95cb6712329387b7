"""Dropbear 2022.83 with OpenSSH's sftp-server behind it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.servers import process
from tests.servers.accounts import User, test_users, write_accounts
from tests.servers.ground import Ground, ground
from tests.servers.handle import LogFormat, Server
from tests.servers.packages import Prefix
from tests.servers.sftp_program import REQUEST, logged_sftp_server, sftp_log
from tests.servers.ssh_keys import KeyKind, KeyPair, make_host_keys, make_key
from tests.servers.tree import Tree, plant

_LOG_FORMAT: Final = LogFormat(
    command=REQUEST,
    failed_login=re.compile(r"Bad password attempt|Login attempt for nonexistent user"),
    connection=re.compile(r"Child connection from "),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropbear:
    """The switches of one posture. Public keys are always accepted."""

    passwords: bool = True
    blank_user: bool = False
    """Adds the user ``blank``, who may enter without any authentication."""
    host_key_kinds: tuple[KeyKind, ...] = ("ed25519", "ecdsa", "rsa")
    banner: str = ""
    """What is shown before a login."""
    extra: tuple[str, ...] = ()
    """Further arguments of the command line."""


@contextmanager
def running(options: Dropbear, *, contents: Callable[[Path], Tree] = plant) -> Iterator[Server]:
    """Run dropbear on a free loopback port; users start in the folder that is served.

    Every user shares that home, hence its ``.ssh/authorized_keys``, as the program finds
    keys nowhere else: a key that ``authorise`` lets in enters as any user.
    """
    with ground(contents) as base:
        blank = (User("blank", 60003, ""),) if options.blank_user else ()
        users = test_users() + blank
        accounts = write_accounts(base, users, home=base.served)
        host_keys = make_host_keys(base.prefix, base.folder, options.host_key_kinds)
        client_key = make_key(base.prefix, base.folder, "ed25519", name="client")
        authorise = authoriser(base.served)
        authorise("transfer", client_key.public_line)
        arguments = _arguments(options, base, host_keys)
        arguments += ["-c", logged_sftp_server(base, accounts), *options.extra]

        def prepare(port: int) -> process.Launch:
            return process.Launch(
                command=[*arguments, "-p", f"{process.HOST}:{port}"],
                environment=accounts.environment,
            )

        log = base.folder / "dropbear.log"
        with process.running(prepare, log) as child:
            yield Server(
                product="dropbear",
                protocol="sftp",
                process=child,
                tree=base.tree,
                logs=(log, sftp_log(base)),
                log_format=_LOG_FORMAT,
                users=users,
                host_keys=host_keys,
                client_key=client_key,
                authorise=authorise,
            )


def _arguments(options: Dropbear, base: Ground, host_keys: Sequence[KeyPair]) -> list[str]:
    words = [str(base.prefix.program("dropbear")), "-F", "-E", "-P", str(base.folder / "pid")]
    for key in host_keys:
        words += ["-r", str(_converted(base.prefix, key))]
    words += [] if options.passwords else ["-s"]
    words += ["-B"] if options.blank_user else []
    words += ["-b", base.configuration("banner", [options.banner])] if options.banner else []
    return words


def _converted(prefix: Prefix, key: KeyPair) -> Path:
    target = key.private.with_suffix(".dropbear")
    program = str(prefix.program("dropbearconvert"))
    libraries = ":".join(map(str, prefix.library_folders))
    source = _as_pem(prefix, key) if key.kind == "dsa" else key.private
    subprocess.run(
        [program, "openssh", "dropbear", str(source), str(target)],
        env={"LD_LIBRARY_PATH": libraries},
        check=True,
        capture_output=True,
    )
    return target


def _as_pem(prefix: Prefix, key: KeyPair) -> Path:
    """Return a copy of the key in the only form in which a DSA key is converted."""
    copy = Path(shutil.copy(key.private, key.private.with_suffix(".pem")))
    program = str(prefix.program("ssh-keygen"))
    command = [program, "-q", "-p", "-P", "", "-N", "", "-m", "PEM", "-f", str(copy)]
    subprocess.run(command, check=True, capture_output=True)
    return copy


def authoriser(home: Path) -> Callable[[str, str], None]:
    """Return what lets a key in, by a line of the one file in the home that users share."""
    folder = home / ".ssh"
    folder.mkdir(mode=0o755)  # owned by root, which the program accepts for every user
    keys = folder / "authorized_keys"
    keys.touch(mode=0o644)

    def authorise(user: str, public_line: str) -> None:
        with keys.open("a", encoding="ascii") as lines:
            lines.write(public_line + "\n")

    return authorise
