"""What every conversation through asyncssh starts from: nothing of the operator's own.

No configuration file, key, agent, Kerberos ticket or environment of the account that runs the
scan is read or used.
"""

from __future__ import annotations

import getpass
import os
import re
import warnings
from collections.abc import Callable, Sequence

import asyncssh
from cryptography.utils import CryptographyDeprecationWarning

from scanner.clients.faults import Fault, fault_of
from scanner.model.reading import Reason
from scanner.model.text import neutralise
from scanner.wire.ssh import OWN_IDENTIFICATION

EVERY_KEX = "*25519*,*nistp*,curve*,ecdh-*,diffie-hellman-group1*,rsa*"
"""The good key exchanges first, then every old one that can be spoken; group exchange is not. The
library has each prime that a server names checked, and one of 8,192 bits takes a minute in which
nothing else runs.
"""

FOREIGN_ERRORS = (
    asyncssh.Error,
    OSError,
    EOFError,
    ValueError,
    LookupError,
    ArithmeticError,
    AssertionError,
)
"""What asyncssh lets out when a server misbehaves."""

_FAULTS: tuple[tuple[type[BaseException], Reason, str], ...] = (
    (
        asyncssh.HostKeyNotVerifiable,
        Reason.UNVERIFIED_PEER,
        "the host key is not one to trust",
    ),
    (asyncssh.PermissionDenied, Reason.CREDENTIAL_REFUSED, "the server refused the credential"),
    (asyncssh.ConnectionLost, Reason.CONNECTION_LOST, "closed by the server"),
    (asyncssh.ChannelOpenError, Reason.NOT_OFFERED, ""),
)
_NOTHING_SHARED = re.compile(r"No matching ([a-z ]+) algorithm found")
_MOST_BANNER = 2_000
_THROTTLED = ("maxstartups", "not allowed at this time", "too many connections")
_METHODS = ("publickey", "password", "keyboard-interactive")


def ssh_fault(error: BaseException) -> Fault:
    """Return the fault that an exception out of asyncssh stands for."""
    text = neutralise(str(error), 160)
    if any(words in text.lower() for words in _THROTTLED):
        return Fault(Reason.THROTTLED, text)
    if isinstance(error, (Fault, OSError, EOFError)):
        return fault_of(error)
    if found := _NOTHING_SHARED.match(text):
        return Fault(Reason.PROTOCOL_ERROR, f"no {found[1]} that is spoken here is offered")
    for kind, reason, detail in _FAULTS:
        if isinstance(error, kind):
            return Fault(reason, detail or text)
    if isinstance(error, FOREIGN_ERRORS):
        return Fault(Reason.PROTOCOL_ERROR, text)
    raise error


def plain_options(
    factory: Callable[[], asyncssh.SSHClient], *, username: str, algorithms: Sequence[str]
) -> asyncssh.SSHClientConnectionOptions:
    """Return options in which every default that touches the operator's own is switched off.

    Old algorithms stand behind the good ones: a server that has only those must still be read.
    """
    _name_the_account()
    # That they are old is what a scan reports; the library need not warn the reader as well.
    warnings.filterwarnings("ignore", category=CryptographyDeprecationWarning, module="asyncssh")
    return asyncssh.SSHClientConnectionOptions(
        client_factory=factory,
        config=None,
        username=username,
        client_keys=None,
        client_certs=(),
        client_host_keysign=False,
        client_host_keys=None,
        client_username="scanner",
        agent_path=None,
        agent_forwarding=False,
        pkcs11_provider=None,
        gss_host=None,
        gss_kex=False,
        gss_auth=False,
        host_based_auth=False,
        x509_trusted_certs=None,
        x509_trusted_cert_paths=[],
        x11_forwarding=False,
        proxy_command=None,
        tunnel=None,
        local_addr=None,
        canonicalize_hostname=False,
        env=None,
        send_env=None,
        request_pty=False,
        command=None,
        known_hosts=([], [], []),
        host_key_alias=None,
        preferred_auth=list(_METHODS),
        public_key_auth=True,
        password_auth=True,
        kbdint_auth=True,
        kex_algs=EVERY_KEX,
        encryption_algs="+*",
        mac_algs="+*",
        signature_algs="+*",
        compression_algs=None,
        server_host_key_algs=list(algorithms),
        client_version=OWN_IDENTIFICATION,
        utf8_decode_errors="backslashreplace",
        connect_timeout=None,
        login_timeout=0,
        keepalive_interval=0,
    )


class Listener(asyncssh.SSHClient):
    """Keeps the banner, neutralised and bounded."""

    def __init__(self) -> None:
        self.banner = ""

    def auth_banner_received(self, msg: str, lang: str) -> None:
        """Keep what is shown before a login (RFC 4252 section 5.4)."""
        del lang
        self.banner = neutralise((self.banner + msg)[:_MOST_BANNER], _MOST_BANNER)


def _name_the_account() -> None:
    """Give the account a name where it has none, as in a container under a number of its own.

    asyncssh asks for the name even where it is told which one to use.
    """
    try:
        getpass.getuser()
    except (KeyError, OSError):
        os.environ["LOGNAME"] = "scanner"
