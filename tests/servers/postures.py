"""Every posture by name, so that a test can ask for one or walk through all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final, assert_never

from tests.servers import (
    aioftp,
    asyncssh,
    dropbear,
    inetutils,
    openssh,
    paramiko,
    proftpd,
    pureftpd,
    pyftpdlib,
    tinysshd,
    vsftpd,
)
from tests.servers.aioftp import Aioftp
from tests.servers.asyncssh import Asyncssh
from tests.servers.dropbear import Dropbear
from tests.servers.handle import Server
from tests.servers.inetutils import Inetutils
from tests.servers.openssh import Openssh
from tests.servers.paramiko import Paramiko
from tests.servers.proftpd import Proftpd, ProftpdSftp
from tests.servers.pureftpd import Pureftpd
from tests.servers.pyftpdlib import Pyftpdlib
from tests.servers.tinysshd import Tinysshd
from tests.servers.tls import LEGACY_1_0, MODERN, ONLY_1_2, ONLY_1_3, Tls
from tests.servers.tree import Tree, plant
from tests.servers.vsftpd import Vsftpd

FtpOptions = Vsftpd | Proftpd | Pureftpd | Inetutils | Pyftpdlib | Aioftp
SshOptions = ProftpdSftp | Openssh | Dropbear | Asyncssh | Paramiko | Tinysshd
Options = FtpOptions | SshOptions


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


def running(
    options: Options, *, contents: Callable[[Path], Tree] = plant
) -> AbstractContextManager[Server]:
    """Run the product that these options belong to."""
    if isinstance(options, SshOptions):
        return _running_ssh(options, contents)
    return _running_ftp(options, contents)


def _running_ftp(
    options: FtpOptions, contents: Callable[[Path], Tree]
) -> AbstractContextManager[Server]:
    match options:
        case Vsftpd():
            return vsftpd.running(options, contents=contents)
        case Proftpd():
            return proftpd.running(options, contents=contents)
        case Pureftpd():
            return pureftpd.running(options, contents=contents)
        case Inetutils():
            return inetutils.running(options, contents=contents)
        case Pyftpdlib():
            return pyftpdlib.running(options, contents=contents)
        case Aioftp():
            return aioftp.running(options, contents=contents)
    assert_never(options)


def _running_ssh(
    options: SshOptions, contents: Callable[[Path], Tree]
) -> AbstractContextManager[Server]:
    match options:
        case ProftpdSftp():
            return proftpd.running(options, contents=contents)
        case Openssh():
            return openssh.running(options, contents=contents)
        case Dropbear():
            return dropbear.running(options, contents=contents)
        case Asyncssh():
            return asyncssh.running(options, contents=contents)
        case Paramiko():
            return paramiko.running(options, contents=contents)
        case Tinysshd():
            return tinysshd.running(options, contents=contents)
    assert_never(options)


_EXPIRED: Final = Tls(certificate="expired")
_SELF_SIGNED: Final = Tls(certificate="self-signed")
_WRONG_NAME: Final = Tls(certificate="wrong-name")

_GROUP_EXCHANGE: Final = "diffie-hellman-group-exchange-sha256"

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
    "proftpd-sftp-keys": ProftpdSftp(methods="publickey"),
    "proftpd-sftp-compression": ProftpdSftp(extra=("SFTPCompression on",)),
    "proftpd-sftp-legacy": ProftpdSftp(
        host_key_kinds=("rsa-1024", "dsa"),
        key_exchanges="diffie-hellman-group1-sha1 rsa1024-sha1",
        ciphers="arcfour256 arcfour128 blowfish-cbc cast128-cbc 3des-cbc",
        digests="hmac-md5 hmac-md5-96 hmac-ripemd160 hmac-sha1-96",
    ),
    "proftpd-sftp-no-encryption": ProftpdSftp(ciphers="none", digests="none"),
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
    "openssh-host-certificates": Openssh(host_certificates=True),
    "openssh-user-certificates": Openssh(user_certificates=True, passwords=False),
    "openssh-password-then-prompt": Openssh(
        keyboard_interactive=True, methods="password,keyboard-interactive"
    ),
    "openssh-group-exchange": Openssh(key_exchanges=_GROUP_EXCHANGE),
    "openssh-small-groups": Openssh(key_exchanges=_GROUP_EXCHANGE, groups=(2048,)),
    "openssh-large-groups": Openssh(key_exchanges=_GROUP_EXCHANGE, groups=(8192,)),
    "openssh-banner": Openssh(banner="Authorised staff alone.\nAll is logged."),
    "openssh-post-quantum": Openssh(key_exchanges="sntrup761x25519-sha512@openssh.com"),
    "openssh-no-post-quantum": Openssh(key_exchanges="-sntrup761x25519-sha512*"),
    "openssh-one-key": Openssh(host_key_kinds=("ed25519",)),
    "openssh-rsa-1024": Openssh(host_key_kinds=("rsa-1024",), extra=("RequiredRSASize 1024",)),
    "openssh-rsa-2048": Openssh(host_key_kinds=("rsa-2048",)),
    "openssh-rsa-4096": Openssh(host_key_kinds=("rsa-4096",)),
    "openssh-allow-users": Openssh(extra=("AllowUsers transfer",)),
    "openssh-no-subsystem": Openssh(subsystem=False, extra=("ForceCommand internal-sftp",)),
    "openssh-no-forwarding": Openssh(extra=("DisableForwarding yes",)),
    "dropbear-password": Dropbear(),
    "dropbear-keys": Dropbear(passwords=False),
    "dropbear-blank": Dropbear(blank_user=True),
    "dropbear-banner": Dropbear(banner="Authorised staff alone."),
    "dropbear-old-keys": Dropbear(host_key_kinds=("rsa-1024", "dsa")),
    "asyncssh-password": Asyncssh(),
    "asyncssh-keys": Asyncssh(passwords=False),
    "asyncssh-blank": Asyncssh(blank_user=True),
    "asyncssh-host-certificates": Asyncssh(host_certificates=True),
    "asyncssh-zlib": Asyncssh(compressions="zlib,none"),
    "asyncssh-legacy": Asyncssh(
        host_key_kinds=("rsa-1024",),
        key_exchanges="rsa1024-sha1,diffie-hellman-group1-sha1",
        ciphers="arcfour,arcfour128,blowfish-cbc,cast128-cbc,3des-cbc",
        macs="hmac-md5,hmac-md5-96",
        signatures="ssh-rsa",
    ),
    "asyncssh-post-quantum": Asyncssh(key_exchanges="mlkem768x25519-sha256"),
    "paramiko-password": Paramiko(),
    "paramiko-keys": Paramiko(passwords=False),
    "paramiko-blank": Paramiko(blank_user=True),
    "paramiko-banner": Paramiko(banner="Authorised staff alone."),
    "tinysshd-keys": Tinysshd(),
    "tinysshd-no-post-quantum": Tinysshd(post_quantum=False),
}

POSTURES: Final[Mapping[str, Posture]] = MappingProxyType(
    {name: Posture(name, options) for name, options in _TABLE.items()}
)
"""In the order of the products. ``POSTURES["vsftpd-plain"].running()`` starts one."""
