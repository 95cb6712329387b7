"""vsftpd 3.0.3 in the postures that a scan has to tell apart."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from tests.servers import process
from tests.servers.accounts import users_with, write_accounts
from tests.servers.certificates import Certificate, make_certificate
from tests.servers.ground import ground
from tests.servers.handle import LogFormat, Server
from tests.servers.tls import Tls, openssl_configuration
from tests.servers.tree import Tree, plant

_LOG_FORMAT: Final = LogFormat(
    command=re.compile(r'FTP command: Client "[^"]*", "(.*)"$', re.MULTILINE),
    failed_login=re.compile(r"FAIL LOGIN"),
    connection=re.compile(r"\] CONNECT: Client"),
    login=re.compile(r"OK LOGIN"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vsftpd:
    """The switches of one posture; the defaults are the program's own, with anonymous on."""

    anonymous: bool = True
    local_users: bool = False
    writable: bool = False
    tls: Tls | None = None
    tls_required: Literal["nobody", "local users", "everybody"] = "local users"
    """``local users`` is what the program does once TLS is enabled."""
    anonymous_tls: bool = True
    """Off is the program's default: then anonymous over TLS is refused."""
    implicit: bool = False
    require_session_reuse: bool = True
    passive_address: str | None = None
    denied_commands: tuple[str, ...] = ()
    refusal_delay: bool = False
    """On is the program's default: a refused password is answered after a second or more."""
    extra: tuple[str, ...] = ()
    """Further lines of the configuration file."""
    place: process.Place = process.ANYWHERE
    password: str = ""
    """Of every user; a fresh one for each unless it is told."""


@contextmanager
def running(options: Vsftpd, *, contents: Callable[[Path], Tree] = plant) -> Iterator[Server]:
    """Run vsftpd on a free loopback port, serving a folder that ``contents`` filled."""
    with ground(contents) as base:
        users = users_with(options.password) if options.local_users else ()
        accounts = write_accounts(base, users, home=base.served, pam_service="vsftpd")
        environment = dict(accounts.environment)
        certificate: Certificate | None = None
        if options.tls is not None:
            certificate = make_certificate(
                base.folder / "tls", options.tls.certificate, owner=options.tls.owner
            )
            environment |= openssl_configuration(options.tls, base.folder / "openssl.cnf")

        def prepare(port: int) -> process.Launch:
            lines = _configuration(options, port, base.folder, certificate)
            path = base.configuration("vsftpd.conf", lines)
            return process.Launch(
                command=[str(base.prefix.program("vsftpd")), path], environment=environment
            )

        with process.running(prepare, base.folder / "console.log", options.place) as child:
            yield Server(
                product="vsftpd",
                protocol="ftps" if options.implicit else "ftp",
                process=child,
                tree=base.tree,
                logs=(base.folder / "vsftpd.log",),
                log_format=_LOG_FORMAT,
                users=users,
                certificate=certificate,
            )


def _configuration(
    options: Vsftpd, port: int, folder: Path, certificate: Certificate | None
) -> list[str]:
    jail = folder / "jail"
    jail.mkdir(exist_ok=True)
    settings: dict[str, object] = {
        "listen": not options.place.is_ipv6,
        "listen_ipv6": options.place.is_ipv6,
        "listen_address6" if options.place.is_ipv6 else "listen_address": options.place.address,
        "listen_port": port,
        "background": False,
        "seccomp_sandbox": False,
        "secure_chroot_dir": jail,
        "anonymous_enable": options.anonymous,
        "ftp_username": "ftp",
        "anon_root": folder / "served",
        "local_enable": options.local_users,
        "local_root": folder / "served",
        "chroot_local_user": True,
        "allow_writeable_chroot": True,
        "pam_service_name": "vsftpd",
        "write_enable": options.writable,
        "anon_upload_enable": options.writable,
        "anon_mkdir_write_enable": options.writable,
        "anon_other_write_enable": options.writable,
        "xferlog_enable": True,
        "log_ftp_protocol": True,
        "vsftpd_log_file": folder / "vsftpd.log",
        "delay_failed_login": int(options.refusal_delay),
    }
    if options.passive_address is not None:
        settings["pasv_address"] = options.passive_address
    if options.denied_commands:
        settings["cmds_denied"] = ",".join(options.denied_commands)
    if certificate is not None:
        settings |= _tls_settings(options, certificate)
    return [f"{name}={_word(value)}" for name, value in settings.items()] + list(options.extra)


def _tls_settings(options: Vsftpd, certificate: Certificate) -> dict[str, object]:
    local = options.tls_required != "nobody"
    everybody = options.tls_required == "everybody"
    ciphers = options.tls.ciphers if options.tls is not None else ""
    return {
        "ssl_enable": True,
        "rsa_cert_file": certificate.certificate,
        "rsa_private_key_file": certificate.key,
        "allow_anon_ssl": options.anonymous_tls,
        "force_local_logins_ssl": local,
        "force_local_data_ssl": local,
        "force_anon_logins_ssl": everybody,
        "force_anon_data_ssl": everybody,
        "implicit_ssl": options.implicit,
        "require_ssl_reuse": options.require_session_reuse,
        "ssl_ciphers": ciphers or "HIGH",
    }


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "YES" if value else "NO"
    return str(value)
