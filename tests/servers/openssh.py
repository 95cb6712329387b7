"""OpenSSH 9.2 as an SFTP server in the postures that a scan has to tell apart."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.servers import process
from tests.servers.accounts import Accounts, User, users_with, write_accounts
from tests.servers.ground import Ground, ground
from tests.servers.handle import LogFormat, Server
from tests.servers.sftp_program import REQUEST, logged_sftp_server, sftp_log
from tests.servers.ssh_keys import (
    KeyKind,
    KeyPair,
    make_certificate,
    make_host_keys,
    make_key,
)
from tests.servers.syslog_file import syslog_to
from tests.servers.syslog_socket import SyslogSocket
from tests.servers.tree import Tree, plant

# Where every parent is owned by root and closed to others, as ChrootDirectory demands.
_ROOT_OWNED: Final = Path("/run")
_PRIVILEGE_SEPARATION: Final = Path("/run/sshd")

_LOG_FORMAT: Final = LogFormat(
    command=REQUEST,
    failed_login=re.compile(r"\bFailed (?!none\b)\S+ for "),
    connection=re.compile(r"^Connection from ", re.MULTILINE),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Openssh:
    """The switches of one posture; an empty list leaves the program's default."""

    passwords: bool = True
    keys: bool = True
    keyboard_interactive: bool = False
    blank_user: bool = False
    """Adds the user ``blank``, who may enter without any authentication."""
    methods: str = ""
    """AuthenticationMethods, such as ``publickey,password``."""
    chrooted: bool = False
    """Confines users to the served folder, by internal-sftp alone."""
    home: str = ""
    """Where users start, below the served folder."""
    subsystem: bool = True
    """Whether there is SFTP at all."""
    host_key_kinds: tuple[KeyKind, ...] = ("ed25519", "ecdsa", "rsa")
    key_exchanges: str = ""
    ciphers: str = ""
    macs: str = ""
    host_key_algorithms: str = ""
    max_auth_tries: int = 6
    host_certificates: bool = False
    """Has every host key signed by an authority, for 127.0.0.1 and localhost."""
    user_certificates: bool = False
    """Lets in whose key an authority signed, and no other key."""
    groups: tuple[int, ...] = ()
    """Sizes in bits of the primes for group exchange, of those that the package brings."""
    banner: str = ""
    """What is shown before a login."""
    extra: tuple[str, ...] = ()
    """Further lines of the configuration file."""
    place: process.Place = process.ANYWHERE
    password: str = ""
    """Of every user; a fresh one for each unless it is told."""
    key_owner: str = "host"
    """Servers with the same owner of their host keys show the same ones."""
    syslog: bool = False
    """Logs through syslog into a file, with dates, instead of without to the console."""


@contextmanager
def running(options: Openssh, *, contents: Callable[[Path], Tree] = plant) -> Iterator[Server]:
    """Run sshd on a free loopback port, serving a folder that ``contents`` filled.

    Users start in the served folder: it is their home, and their root where chrooted.
    """
    with ground(contents, within=_ROOT_OWNED) as base:
        _PRIVILEGE_SEPARATION.mkdir(mode=0o755, exist_ok=True)  # its place is compiled in
        users = _users(options)
        home = (Path("/") if options.chrooted else base.served) / options.home
        accounts = write_accounts(base, users, home=home, pam_service=_pam_service(options))
        host_keys = make_host_keys(
            base.prefix, base.folder, options.host_key_kinds, owner=options.key_owner
        )
        client_key = make_key(base.prefix, base.folder, "ed25519", name="client")
        authorise = _authoriser(base.folder / "keys")
        if not options.user_certificates:
            authorise("transfer", client_key.public_line)
        signed = _signed(options, base, host_keys, client_key)
        with _sftp_command(options, base, accounts) as (subsystem, flush):

            def prepare(port: int) -> process.Launch:
                lines = _configuration(options, port, base.folder, host_keys)
                lines += [*signed.lines, *_files(options, base)]
                lines += [f"Subsystem sftp {subsystem}"] if options.subsystem else []
                lines += options.extra
                path = base.configuration("sshd_config", lines)
                console = [] if options.syslog else ["-e"]
                return process.Launch(
                    command=[str(base.prefix.program("sshd")), "-D", *console, "-f", path],
                    environment=_environment(options, accounts, base),
                )

            log = base.folder / "sshd.log"
            with process.running(prepare, log, options.place) as child:
                yield Server(
                    product="openssh",
                    protocol="sftp",
                    process=child,
                    tree=base.tree,
                    logs=(log, sftp_log(base), _syslog(base)),
                    log_format=_LOG_FORMAT,
                    users=users,
                    host_keys=host_keys,
                    client_key=client_key,
                    authority=signed.authority,
                    client_certificate=signed.client_certificate,
                    authorise=authorise,
                    flush=flush,
                )


def _syslog(base: Ground) -> Path:
    return base.folder / "auth.log"


def _environment(options: Openssh, accounts: Accounts, base: Ground) -> dict[str, str]:
    if not options.syslog:
        return dict(accounts.environment)
    log = _syslog(base)
    log.touch()
    log.chmod(0o666)  # the session of a user writes to it as well
    return syslog_to(log, accounts.environment, header=True)


def _pam_service(options: Openssh) -> str:
    return "sshd" if options.keyboard_interactive else ""  # only PAM answers that method


def _users(options: Openssh) -> tuple[User, ...]:
    blank = (User("blank", 60003, ""),) if options.blank_user else ()
    return users_with(options.password) + blank


def _configuration(
    options: Openssh, port: int, folder: Path, host_keys: Sequence[KeyPair]
) -> list[str]:
    settings = {
        "Port": port,
        "ListenAddress": options.place.address,
        "PidFile": folder / "sshd.pid",
        "UsePAM": _word(options.keyboard_interactive),
        "StrictModes": "no",
        "AuthorizedKeysFile": folder / "keys/%u",
        "LogLevel": "DEBUG2",
        "MaxStartups": 300,
        "MaxAuthTries": options.max_auth_tries,
        "PasswordAuthentication": _word(options.passwords),
        "PubkeyAuthentication": _word(options.keys),
        "KbdInteractiveAuthentication": _word(options.keyboard_interactive),
        "PermitEmptyPasswords": _word(options.blank_user),
        "AuthenticationMethods": options.methods,
        "KexAlgorithms": options.key_exchanges,
        "Ciphers": options.ciphers,
        "MACs": options.macs,
        "HostKeyAlgorithms": options.host_key_algorithms,
    }
    lines = [f"HostKey {key.private}" for key in host_keys]
    lines += [f"{name} {value}" for name, value in settings.items() if value != ""]
    if options.chrooted:
        lines += [f"ChrootDirectory {folder / 'served'}", "DisableForwarding yes"]
        lines += ["ForceCommand internal-sftp -l DEBUG3"]
    return lines


@dataclass(frozen=True, slots=True, kw_only=True)
class _Signed:
    """What an authority signed, and the lines that make sshd show or believe it."""

    lines: Sequence[str] = ()
    authority: KeyPair | None = None
    client_certificate: Path | None = None


def _signed(
    options: Openssh, base: Ground, host_keys: Sequence[KeyPair], client_key: KeyPair
) -> _Signed:
    if not options.host_certificates and not options.user_certificates:
        return _Signed()
    authority = make_key(base.prefix, base.folder, "ed25519", name="authority")
    if options.host_certificates:
        hosts = ("127.0.0.1", "localhost")
        shown = [
            make_certificate(base.prefix, authority, key, hosts, host=True) for key in host_keys
        ]
        return _Signed(lines=[f"HostCertificate {path}" for path in shown], authority=authority)
    trusted = base.configuration("authorities", [authority.public_line])
    return _Signed(
        lines=[f"TrustedUserCAKeys {trusted}"],
        authority=authority,
        client_certificate=make_certificate(base.prefix, authority, client_key, ("transfer",)),
    )


def _files(options: Openssh, base: Ground) -> list[str]:
    """Write the files that a configuration names beside keys, and return the lines that do."""
    lines = []
    if options.banner:
        lines.append(f"Banner {base.configuration('banner', [options.banner])}")
    if options.groups:
        known = (base.prefix.root / "etc/ssh/moduli").read_text(encoding="ascii").splitlines()
        # The file tells the highest bit, which is one less than the size.
        sizes = {str(size - 1) for size in options.groups}
        kept = [line for line in known if line.split()[4:5] and line.split()[4] in sizes]
        lines.append(f"ModuliFile {base.configuration('moduli', kept)}")
    return lines


def _word(value: bool) -> str:  # noqa: FBT001 - a value to print, not a switch
    return "yes" if value else "no"


def _authoriser(folder: Path) -> Callable[[str, str], None]:
    folder.mkdir(mode=0o755)

    def authorise(user: str, public_line: str) -> None:
        with (folder / user).open("a", encoding="ascii") as keys:
            keys.write(public_line + "\n")

    return authorise


@contextmanager
def _sftp_command(
    options: Openssh, base: Ground, accounts: Accounts
) -> Iterator[tuple[str, Callable[[], None]]]:
    """Yield the subsystem to configure, and what makes all it said appear in the log."""
    if options.chrooted:
        with SyslogSocket.open(base.served / "dev", sftp_log(base)) as receiver:
            yield "internal-sftp -l DEBUG3", receiver.flush
    else:
        yield logged_sftp_server(base, accounts), lambda: None
