"""Real sessions of one account from two loopback sources, and the logs that servers make of them.

The scanner's own address on loopback is neither of them.
"""

from __future__ import annotations

import ftplib
import io
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from tests.servers import Server
from tests.servers.dropbear import Dropbear
from tests.servers.openssh import Openssh
from tests.servers.openssh_client import sftp
from tests.servers.packages import unpack
from tests.servers.postures import Options, running
from tests.servers.proftpd import Proftpd
from tests.servers.pureftpd import Pureftpd
from tests.servers.ssh_keys import KeyPair, make_key
from tests.servers.tree import CSV_PATH
from tests.servers.vsftpd import Vsftpd

HERE: Final = "127.0.1.1"
THERE: Final = "127.0.2.1"
LONG_ENOUGH: Final = 4.2
"""Seconds that two sessions share: logs tell whole seconds, and three have to be left."""

ACCOUNT: Final = "transfer"


@dataclass(frozen=True, slots=True)
class LoggedServer:
    """A server, and its logs: each with the format that a targets file names."""

    server: Server
    logs: dict[str, tuple[str, Path]]


@contextmanager
def vsftpd(folder: Path) -> Iterator[LoggedServer]:
    transfers = folder / "xferlog"
    extra = ("dual_log_enable=YES", f"xferlog_file={transfers}", "log_ftp_protocol=NO")
    with running(Vsftpd(local_users=True, extra=extra)) as server:
        own = server.logs[0]
        yield LoggedServer(server, {"own": ("vsftpd", own), "xferlog": ("xferlog", transfers)})


@contextmanager
def proftpd(folder: Path) -> Iterator[LoggedServer]:
    commands, transfers = folder / "extended", folder / "transfers"
    extra = (f"ExtendedLog {commands} ALL", f"TransferLog {transfers}")
    with running(Proftpd(local_users=True, extra=extra)) as server:
        logs = {"system": server.logs[0], "extended": commands, "transfers": transfers}
        yield LoggedServer(server, {name: ("proftpd", path) for name, path in logs.items()})


@contextmanager
def pureftpd(folder: Path, kind: str = "clf") -> Iterator[LoggedServer]:
    transfers = folder / "transfers"
    options = Pureftpd(local_users=True, dated=True, extra=("-O", f"{kind}:{transfers}"))
    with running(options) as server:
        logs = {"syslog": server.logs[0], kind: transfers}
        yield LoggedServer(server, {name: ("pure-ftpd", path) for name, path in logs.items()})


@contextmanager
def openssh(folder: Path) -> Iterator[LoggedServer]:
    options = Openssh(syslog=True, subsystem=False, extra=("Subsystem sftp internal-sftp -l INFO",))
    with _ssh(options, folder) as server:
        yield LoggedServer(server, {"auth": ("openssh", server.logs[-1])})


@contextmanager
def dropbear(folder: Path) -> Iterator[LoggedServer]:
    with _ssh(Dropbear(), folder) as server:
        yield LoggedServer(server, {"console": ("dropbear", server.logs[0])})


@contextmanager
def _ssh(options: Options, folder: Path) -> Iterator[Server]:
    with running(options) as server:
        server.authorise(ACCOUNT, second_key(folder).public_line)
        yield server


def second_key(folder: Path) -> KeyPair:
    """Return another person's key to the same account."""
    return make_key(unpack(), folder, "ed25519", name="second")


def sessions_at_once(logged: LoggedServer, folder: Path) -> None:
    """Let two people use the account from two sources at the same time."""
    server = logged.server
    if server.host_keys:
        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(_sftp, server, folder, HERE, None, wait=LONG_ENOUGH + 1.5)
            time.sleep(1.5)
            _sftp(server, folder, THERE, second_key(folder), wait=LONG_ENOUGH + 1)
            first.result()
    else:
        one, other = _ftp(server, HERE), _ftp(server, THERE)
        for client in (one, other):
            _download(client)
        time.sleep(LONG_ENOUGH)
        for client in (one, other):
            _download(client)
            client.quit()
    server.settle()


def sessions_in_turn(logged: LoggedServer, folder: Path) -> None:
    """Let one person use the account from one source, and then from another, with one key."""
    server = logged.server
    for source in (HERE, THERE):
        if server.host_keys:
            _sftp(server, folder, source, None, wait=LONG_ENOUGH)
        else:
            client = _ftp(server, source)
            _download(client)
            time.sleep(LONG_ENOUGH)
            _download(client)
            client.quit()
        server.settle()


def short_session(logged: LoggedServer, folder: Path) -> None:
    """Let one person do one thing, in a second of its own."""
    time.sleep(1.1)
    if logged.server.host_keys:
        _sftp(logged.server, folder, HERE, None, wait=0)
    else:
        client = _ftp(logged.server, HERE)
        _download(client)
        client.quit()
    logged.server.settle()


def anonymous_session(server: Server) -> None:
    """Let nobody in particular take a file."""
    client = _ftp(server, HERE, ("anonymous", "canary@example.invalid"))
    _download(client)
    client.quit()
    server.settle()


def _ftp(server: Server, source: str, login: tuple[str, str] | None = None) -> ftplib.FTP:
    user = login or (ACCOUNT, server.user(ACCOUNT).password)
    client = ftplib.FTP(encoding="latin-1", timeout=20)
    client.connect(server.host, server.port, source_address=(source, 0))
    client.login(*user)
    return client


def _download(client: ftplib.FTP) -> None:
    client.retrbinary(f"RETR /{CSV_PATH}", io.BytesIO().write)


def _sftp(server: Server, folder: Path, source: str, key: KeyPair | None, *, wait: float) -> None:
    own = folder / f"client-{source}"
    own.mkdir(exist_ok=True)
    chosen = server if key is None else replace(server, client_key=key)
    wanted = f"{server.root}/{CSV_PATH}"
    commands = (f"get {wanted} {own}/one", f"!sleep {wait}", f"get {wanted} {own}/two")
    done = sftp(chosen, own, *commands, options={"BindAddress": source})
    assert done.returncode == 0, done.stderr


SERVERS: Final[dict[str, Callable[[Path], AbstractContextManager[LoggedServer]]]] = {
    "vsftpd": vsftpd,
    "proftpd": proftpd,
    "pureftpd": pureftpd,
    "openssh": openssh,
    "dropbear": dropbear,
}
