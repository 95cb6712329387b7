"""ProFTPD 1.3.8, as an FTP server with or without TLS and as an SFTP server (mod_sftp)."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from tests.servers import process
from tests.servers.accounts import (
    USERS_GROUP,
    User,
    password_hash,
    test_users,
    write_accounts,
)
from tests.servers.certificates import Certificate, make_certificate
from tests.servers.ground import Ground, ground
from tests.servers.handle import LogFormat, Protocol, Server
from tests.servers.ssh_keys import KeyKind, KeyPair, make_host_keys, make_key
from tests.servers.tls import Tls, TlsVersion
from tests.servers.tree import FTP_UID, Tree, plant

_VERSIONS: Final[tuple[TlsVersion, ...]] = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_FAILED_LOGIN: Final = re.compile(r"Login failed|Login refused|no such user", re.IGNORECASE)
# A session opens once an implicit handshake is done.
_CONNECTION: Final = re.compile(r"session opened\.|implicit SSL/TLS negotiation failed")
_FTP_LOG: Final = LogFormat(
    command=re.compile(r"^command=(.+)$", re.MULTILINE),
    failed_login=_FAILED_LOGIN,
    connection=_CONNECTION,
    login=re.compile(r"Login successful\."),
)
# mod_sftp also logs SSH messages, and the FTP commands that it thinks a request amounts to. An
# extended request goes by the name of its extension, as sftp-server logs it.
_SFTP_LOG: Final = LogFormat(
    command=re.compile(
        r"^command=(?:EXTENDED ([^@\s]+).*"
        r"|((?:INIT|OPEN|CLOSE|READ|WRITE|L?STAT|FSTAT|F?SETSTAT|OPENDIR|READDIR|REMOVE"
        r"|MKDIR|RMDIR|REALPATH|RENAME|READLINK|SYMLINK|LINK|UN?BLOCK|LOCK|EXTENDED)\b.*))$",
        re.MULTILINE,
    ),
    failed_login=_FAILED_LOGIN,
    connection=_CONNECTION,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proftpd:
    """The switches of one FTP posture."""

    anonymous: bool = True
    local_users: bool = False
    writable: bool = False
    """Whether anonymous may store below ``incoming``."""
    anonymous_denied: tuple[str, ...] = ()
    """Commands, or groups of them, that anonymous may not use."""
    tls: Tls | None = None
    tls_required: Literal["off", "on", "ctrl", "auth", "data", "auth+data"] = "off"
    implicit: bool = False
    require_session_reuse: bool = True
    passive_address: str | None = None
    extra: tuple[str, ...] = ()
    """Further lines of the configuration file."""
    time_zone: str = "UTC"
    place: process.Place = process.ANYWHERE


@dataclass(frozen=True, slots=True, kw_only=True)
class ProftpdSftp:
    """The switches of one mod_sftp posture; an empty list leaves the module's default."""

    host_key_kinds: tuple[KeyKind, ...] = ("ed25519", "ecdsa", "rsa")
    methods: str = "publickey password"
    key_exchanges: str = ""
    ciphers: str = ""
    digests: str = ""
    extra: tuple[str, ...] = ()
    time_zone: str = "UTC"
    place: process.Place = process.ANYWHERE


@contextmanager
def running(
    options: Proftpd | ProftpdSftp, *, contents: Callable[[Path], Tree] = plant
) -> Iterator[Server]:
    """Run ProFTPD on a free loopback port, serving a folder that ``contents`` filled."""
    with ground(contents) as base:
        users = _users(options)
        accounts = write_accounts(base, users, home=base.served)
        _write_auth_files(base, users)
        particular = _particular(options, base)

        def prepare(port: int) -> process.Launch:
            lines = [*_common(base, port, options.place), *particular.lines, *options.extra]
            if not any(line.startswith("TransferLog ") for line in options.extra):
                lines.append("TransferLog none")
            path = base.configuration("proftpd.conf", lines)
            return process.Launch(
                command=[str(base.prefix.program("proftpd")), "-n", "-q", "-c", path],
                environment={**accounts.environment, "TZ": options.time_zone},
            )

        with process.running(prepare, base.folder / "console.log", options.place) as child:
            yield Server(
                product="proftpd",
                protocol=particular.protocol,
                process=child,
                tree=base.tree,
                logs=tuple(
                    base.folder / name for name in ("system.log", "commands.log", "module.log")
                ),
                log_format=_SFTP_LOG if particular.protocol == "sftp" else _FTP_LOG,
                users=users,
                certificate=particular.certificate,
                host_keys=particular.host_keys,
                client_key=particular.client_key,
                authorise=_authoriser(base.folder / "keys"),
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Particular:
    lines: Sequence[str]
    protocol: Protocol
    certificate: Certificate | None = None
    host_keys: tuple[KeyPair, ...] = ()
    client_key: KeyPair | None = None


def _users(options: Proftpd | ProftpdSftp) -> tuple[User, ...]:
    if isinstance(options, Proftpd) and not options.local_users:
        return ()
    return test_users()


def _common(base: Ground, port: int, place: process.Place) -> list[str]:
    folder = base.folder
    return [
        f"ModulePath {base.prefix.proftpd_modules}",
        "ServerType standalone",
        f"DefaultAddress {place.address}",
        "SocketBindTight on",
        "DefaultServer on",
        f"Port {port}",
        f"UseIPv6 {'on' if place.is_ipv6 else 'off'}",
        "User daemon",
        "Group daemon",
        f"PidFile {folder / 'proftpd.pid'}",
        f"ScoreboardFile {folder / 'scoreboard'}",
        f"SystemLog {folder / 'system.log'}",
        "SyslogLevel info",
        'LogFormat command "command=%r"',
        f"ExtendedLog {folder / 'commands.log'} ALL command",
        "WtmpLog off",
        "DelayTable none",
        "RequireValidShell off",
        "UseReverseDNS off",
        "AuthOrder mod_auth_file.c",
        f"AuthUserFile {folder / 'auth-users'}",
        f"AuthGroupFile {folder / 'auth-groups'}",
        "DefaultRoot ~",
    ]


def _particular(options: Proftpd | ProftpdSftp, base: Ground) -> _Particular:
    if isinstance(options, ProftpdSftp):
        return _sftp(options, base)
    lines = _anonymous(options, base.served) if options.anonymous else []
    if options.passive_address is not None:
        lines.append(f"MasqueradeAddress {options.passive_address}")
    if options.tls is None:
        return _Particular(lines=lines, protocol="ftp")
    certificate = make_certificate(
        base.folder / "tls", options.tls.certificate, owner=options.tls.owner
    )
    return _Particular(
        lines=[*_tls(options, options.tls, certificate, base.folder), *lines],
        protocol="ftps" if options.implicit else "ftp",
        certificate=certificate,
    )


def _anonymous(options: Proftpd, served: Path) -> list[str]:
    incoming = ["<Directory incoming>", "<Limit STOR MKD DELE>", "AllowAll", "</Limit>"]
    return [
        f"<Anonymous {served}>",
        "User ftp",
        "Group ftp",
        "UserAlias anonymous ftp",
        "<Limit WRITE>",
        "DenyAll",
        "</Limit>",
        *([*incoming, "</Directory>"] if options.writable else []),
        *(f"<Limit {name}>\nDenyAll\n</Limit>" for name in options.anonymous_denied),
        "</Anonymous>",
    ]


def _tls(options: Proftpd, tls: Tls, certificate: Certificate, folder: Path) -> list[str]:
    first, last = _VERSIONS.index(tls.oldest), _VERSIONS.index(tls.newest)
    switches = [] if options.require_session_reuse else ["NoSessionReuseRequired"]
    switches += ["UseImplicitSSL"] if options.implicit else []
    return [
        "LoadModule mod_tls.c",
        "TLSEngine on",
        f"TLSRSACertificateFile {certificate.certificate}",
        f"TLSRSACertificateKeyFile {certificate.key}",
        f"TLSLog {folder / 'module.log'}",
        f"TLSProtocol {' '.join(_VERSIONS[first : last + 1])}",
        f"TLSRequired {options.tls_required}",
        *([f"TLSCipherSuite {tls.ciphers}"] if tls.ciphers else []),
        *([f"TLSOptions {' '.join(switches)}"] if switches else []),
    ]


def _sftp(options: ProftpdSftp, base: Ground) -> _Particular:
    prefix, folder = base.prefix, base.folder
    keys = make_host_keys(prefix, folder, options.host_key_kinds)
    client_key = make_key(prefix, folder, "ed25519", name="client")
    _authoriser(folder / "keys")("transfer", client_key.public_line)
    choices = {
        "SFTPKeyExchanges": options.key_exchanges,
        "SFTPCiphers": options.ciphers,
        "SFTPDigests": options.digests,
    }
    return _Particular(
        lines=[
            "LoadModule mod_sftp.c",
            "SFTPEngine on",
            f"SFTPLog {folder / 'module.log'}",
            *(f"SFTPHostKey {key.private}" for key in keys),
            f"SFTPAuthMethods {options.methods}",
            f"SFTPAuthorizedUserKeys file:{folder}/keys/%u",
            *(f"{name} {value}" for name, value in choices.items() if value),
        ],
        protocol="sftp",
        host_keys=keys,
        client_key=client_key,
    )


def _authoriser(folder: Path) -> Callable[[str, str], None]:
    def authorise(user: str, public_line: str) -> None:
        """Append the key in the form of RFC 4716, the only one that the module reads."""
        folder.mkdir(mode=0o755, exist_ok=True)
        wrapped = textwrap.fill(public_line.split()[1], 70)
        with (folder / user).open("a", encoding="ascii") as keys:
            keys.write(
                f"---- BEGIN SSH2 PUBLIC KEY ----\n{wrapped}\n---- END SSH2 PUBLIC KEY ----\n"
            )

    return authorise


def _write_auth_files(base: Ground, users: Sequence[User]) -> None:
    home = base.served
    lines = [f"ftp:*:{FTP_UID}:{FTP_UID}::{home}:/bin/sh"]
    lines += [
        f"{user.name}:{password_hash(user)}:{user.uid}:{USERS_GROUP}::{home}:/bin/sh"
        for user in users
    ]
    groups = [f"ftp:x:{FTP_UID}:", f"members:x:{USERS_GROUP}:"]
    for name, text in (("auth-users", lines), ("auth-groups", groups)):
        path = base.folder / name
        path.touch(mode=0o600)
        path.write_text("\n".join(text) + "\n", encoding="ascii")
