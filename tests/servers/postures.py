"""Every posture by name, so that a test can ask for one or walk through all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final, assert_never

from tests.servers import (
    aioftp,
    dropbear,
    inetutils,
    openssh,
    proftpd,
    pureftpd,
    pyftpdlib,
    vsftpd,
)
from tests.servers.aioftp import Aioftp
from tests.servers.dropbear import Dropbear
from tests.servers.handle import Server
from tests.servers.inetutils import Inetutils
from tests.servers.openssh import Openssh
from tests.servers.proftpd import Proftpd, ProftpdSftp
from tests.servers.pureftpd import Pureftpd
from tests.servers.pyftpdlib import Pyftpdlib
from tests.servers.tls import LEGACY_1_0, MODERN, ONLY_1_2, ONLY_1_3, Tls
from tests.servers.tree import Tree, plant
from tests.servers.vsftpd import Vsftpd

Options = (
    Vsftpd | Proftpd | ProftpdSftp | Pureftpd | Inetutils | Pyftpdlib | Aioftp | Openssh | Dropbear
)


@dataclass(frozen=True, slots=True)
class Posture:
    """A named configuration of one product."""

    name: str
    options: Options

    def running(
        self, *, contents: Callable[[Path], Tree] = plant
    ) -> AbstractContextManager[Server]:
        """Return a context that starts the server and, at its end, stops it."""
        return running(self.options, contents=contents)


@contextmanager
def running(options: Options, *, contents: Callable[[Path], Tree] = plant) -> Iterator[Server]:
    """Run the product that these options belong to."""
    match options:
        case Vsftpd():
            context = vsftpd.running(options, contents=contents)
        case Proftpd() | ProftpdSftp():
            context = proftpd.running(options, contents=contents)
        case Pureftpd():
            context = pureftpd.running(options, contents=contents)
        case Inetutils():
            context = inetutils.running(options, contents=contents)
        case Pyftpdlib():
            context = pyftpdlib.running(options, contents=contents)
        case Aioftp():
            context = aioftp.running(options, contents=contents)
        case Openssh():
            context = openssh.running(options, contents=contents)
        case Dropbear():
            context = dropbear.running(options, contents=contents)
        case _:
            assert_never(options)
    with context as server:
        yield server


_EXPIRED: Final = Tls(certificate="expired")
_SELF_SIGNED: Final = Tls(certificate="self-signed")
_WRONG_NAME: Final = Tls(certificate="wrong-name")

_TABLE: Final[Mapping[str, Options]] = {
    "vsftpd-plain": Vsftpd(),
    "vsftpd-no-anonymous": Vsftpd(anonymous=False, local_users=True),
    "vsftpd-writable": Vsftpd(writable=True),
    "vsftpd-tls-optional": Vsftpd(tls=MODERN, local_users=True),
    "vsftpd-tls-without-anonymous": Vsftpd(tls=MODERN, anonymous_tls=False),
    "vsftpd-tls-no-reuse": Vsftpd(tls=MODERN, require_session_reuse=False),
    "vsftpd-tls-required": Vsftpd(tls=MODERN, tls_required="everybody", local_users=True),
    "vsftpd-tls-only-users": Vsftpd(tls=MODERN, anonymous=False, local_users=True),
    "vsftpd-implicit": Vsftpd(tls=MODERN, implicit=True, tls_required="everybody"),
    "vsftpd-tls-1.2": Vsftpd(tls=ONLY_1_2),
    "vsftpd-tls-1.3": Vsftpd(tls=ONLY_1_3),
    "vsftpd-tls-1.0": Vsftpd(tls=LEGACY_1_0),
    "vsftpd-expired": Vsftpd(tls=_EXPIRED),
    "vsftpd-self-signed": Vsftpd(tls=_SELF_SIGNED),
    "vsftpd-wrong-name": Vsftpd(tls=_WRONG_NAME),
    "vsftpd-no-epsv": Vsftpd(denied_commands=("EPSV",)),
    "vsftpd-nat": Vsftpd(passive_address="127.66.66.66"),
    "vsftpd-no-listing": Vsftpd(extra=("dirlist_enable=NO",)),
    "vsftpd-denied-files": Vsftpd(extra=("deny_file={*.csv}", "hide_ids=YES")),
    "proftpd-plain": Proftpd(),
    "proftpd-no-anonymous": Proftpd(anonymous=False, local_users=True),
    "proftpd-writable": Proftpd(writable=True),
    "proftpd-tls-off": Proftpd(tls=MODERN, tls_required="off", local_users=True),
    "proftpd-tls-on": Proftpd(tls=MODERN, tls_required="on", local_users=True),
    "proftpd-tls-ctrl": Proftpd(tls=MODERN, tls_required="ctrl", local_users=True),
    "proftpd-tls-auth": Proftpd(tls=MODERN, tls_required="auth", local_users=True),
    "proftpd-tls-data": Proftpd(tls=MODERN, tls_required="data", local_users=True),
    "proftpd-tls-auth+data": Proftpd(tls=MODERN, tls_required="auth+data", local_users=True),
    "proftpd-implicit": Proftpd(tls=MODERN, tls_required="on", implicit=True),
    "proftpd-tls-1.2": Proftpd(tls=ONLY_1_2),
    "proftpd-tls-1.3": Proftpd(tls=ONLY_1_3),
    "proftpd-tls-1.0": Proftpd(tls=LEGACY_1_0),
    "proftpd-tls-no-reuse": Proftpd(tls=MODERN, tls_required="on", require_session_reuse=False),
    "proftpd-only-mlsd": Proftpd(anonymous_denied=("LIST",)),
    "proftpd-no-listing": Proftpd(anonymous_denied=("LIST NLST MLSD",)),
    "proftpd-nat": Proftpd(passive_address="127.66.66.66"),
    "proftpd-sftp": ProftpdSftp(),
    "pureftpd-plain": Pureftpd(),
    "pureftpd-no-anonymous": Pureftpd(anonymous=False, local_users=True),
    "pureftpd-uploads": Pureftpd(uploads=True),
    "pureftpd-nat": Pureftpd(passive_address="127.66.66.66"),
    "pureftpd-tls-1": Pureftpd(tls_level=1, local_users=True),
    "pureftpd-tls-2": Pureftpd(tls_level=2, local_users=True),
    "pureftpd-tls-3": Pureftpd(tls_level=3, local_users=True),
    "inetutils-plain": Inetutils(local_users=True),
    "inetutils-no-anonymous": Inetutils(anonymous=False, local_users=True),
    "inetutils-only-anonymous": Inetutils(only_anonymous=True),
    "pyftpdlib-plain": Pyftpdlib(),
    "pyftpdlib-no-anonymous": Pyftpdlib(anonymous=False, local_users=True),
    "pyftpdlib-writable": Pyftpdlib(writable=True),
    "pyftpdlib-tls-optional": Pyftpdlib(tls=MODERN, local_users=True),
    "pyftpdlib-tls-control": Pyftpdlib(tls=MODERN, tls_control_required=True, local_users=True),
    "pyftpdlib-tls-required": Pyftpdlib(
        tls=MODERN, tls_control_required=True, tls_data_required=True, local_users=True
    ),
    "aioftp-plain": Aioftp(),
    "aioftp-no-anonymous": Aioftp(anonymous=False, local_users=True),
    "aioftp-implicit": Aioftp(tls=MODERN, local_users=True),
    "openssh-keys": Openssh(passwords=False),
    "openssh-password": Openssh(),
    "openssh-keyboard-interactive": Openssh(keyboard_interactive=True),
    "openssh-blank": Openssh(blank_user=True),
    "openssh-two-factors": Openssh(methods="publickey,password"),
    "openssh-chrooted": Openssh(chrooted=True),
    "openssh-legacy": Openssh(
        host_key_kinds=("rsa-1024", "dsa"),
        host_key_algorithms="ssh-rsa,ssh-dss",
        key_exchanges="diffie-hellman-group1-sha1,diffie-hellman-group14-sha1",
        ciphers="3des-cbc,aes128-cbc",
        macs="hmac-md5,hmac-sha1-96",
        extra=("RequiredRSASize 1024",),
    ),
    "dropbear-password": Dropbear(),
    "dropbear-keys": Dropbear(passwords=False),
    "dropbear-blank": Dropbear(blank_user=True),
}

POSTURES: Final[Mapping[str, Posture]] = MappingProxyType(
    {name: Posture(name, options) for name, options in _TABLE.items()}
)
"""In the order of the products. ``POSTURES["vsftpd-plain"].running()`` starts one."""
