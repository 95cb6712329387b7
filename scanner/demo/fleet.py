"""The demonstration fleet: four hosts on loopback, their papers, started and stopped together."""

from __future__ import annotations

import logging
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import asyncssh
from cryptography.utils import CryptographyDeprecationWarning

from scanner.demo.credentials import Authority, new_password, write_secret
from scanner.demo.defects import Defects
from scanner.demo.folders import (
    guarded_layout,
    hardened_layout,
    lay_down,
    replica_layout,
    sloppy_layout,
)
from scanner.demo.ftp_server import ftp_server
from scanner.demo.papers import HOLDER, OTHER_HOLDER, Papers, ServedHost
from scanner.demo.pipeline import Pipeline, pipeline
from scanner.demo.sftp_server import OUTDATED, SshLogins, sftp_server

REPLICA: Final = "demo-replica"
GUARDED: Final = "demo-ftps"
HARDENED: Final = "demo-hardened"
SLOPPY: Final = "demo-sloppy"
# One address for each host: on loopback an address is what makes an asset.
ADDRESSES: Final = {
    REPLICA: "127.0.0.11",
    GUARDED: "127.0.0.12",
    HARDENED: "127.0.0.13",
    SLOPPY: "127.0.0.14",
}
_LAST_CHANGED: Final = timedelta(days=180)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoHost:
    """A running server: where it is, and the folder it serves."""

    asset: str
    address: str
    endpoints: tuple[tuple[str, int], ...]
    root: Path

    def port(self, protocol: str) -> int:
        """Return the port of ``ftp``, ``ftps`` or ``sftp``; KeyError where it is not served."""
        return dict(self.endpoints)[protocol]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """A running fleet. ``targets`` is its targets file, complete with papers and secrets."""

    folder: Path
    targets: Path
    hosts: tuple[DemoHost, ...]

    def host(self, asset: str) -> DemoHost:
        """Return one host by its asset name; KeyError where there is none."""
        return {host.asset: host for host in self.hosts}[asset]


@asynccontextmanager
async def demo_fleet(
    folder: Path, defects: Defects | None = None, *, today: date | None = None
) -> AsyncIterator[Fleet]:
    """Start the fleet on free loopback ports, everything it needs below ``folder``.

    ``folder`` must be empty or missing. ``defects`` are the replica's (all of them by default);
    ``today`` dates the papers. Needs neither root nor packages, but Linux: other systems have no
    127.0.0.11. Raises ``OSError`` where the folder or an address cannot be used.
    """
    folder = _prepared(folder)
    day = today or datetime.now(UTC).date()
    async with AsyncExitStack() as stack:
        stack.enter_context(_quiet())
        build = _Build(folder, defects or Defects(), day, Authority.create(), stack)
        served = [
            await build.replica(),
            await build.guarded(),
            await build.hardened(),
            await build.sloppy(),
        ]
        write_secret(folder / "pki" / "ca.pem", build.authority.pem()).chmod(0o644)
        targets = Papers(folder, day).targets(served)
        hosts = tuple(
            DemoHost(asset=host.asset, address=host.address, endpoints=host.endpoints,
                     root=build.root(host.asset))
            for host in served
        )  # fmt: skip
        yield Fleet(folder=folder, targets=targets, hosts=hosts)


@dataclass(frozen=True, slots=True)
class _Build:
    folder: Path
    defects: Defects
    today: date
    authority: Authority
    stack: AsyncExitStack

    def root(self, asset: str) -> Path:
        return self.folder / "trees" / asset

    async def pipeline(self, asset: str, *, silent: bool) -> Pipeline:
        """Start what a host's team would be alerted by."""
        alerts = self.folder / "alerts" / f"{asset}.log"
        return await self.stack.enter_async_context(
            pipeline(ADDRESSES[asset], alerts, silent=silent)
        )

    async def replica(self) -> ServedHost:
        """FTP for anybody, and SFTP with an account that two people use, on one tree."""
        address, root = ADDRESSES[REPLICA], self.root(REPLICA)
        lay_down(replica_layout(self.defects), root, self.today - _LAST_CHANGED)
        password = new_password(self.folder / f"secrets/{REPLICA}.password")
        watch = await self.pipeline(REPLICA, silent=self.defects.missing_supervision)
        clear = self.defects.plaintext_transport
        pem = self.folder / f"pki/{REPLICA}.pem"
        ftp = await self.stack.enter_async_context(
            ftp_server(
                address,
                root,
                accounts={"transfert": password},
                anonymous=self.defects.open_zone,
                context=None if clear else self.authority.server_context(address, pem),
                failed=watch.failed_login,
            )
        )
        key = asyncssh.generate_private_key("ssh-ed25519")
        logins = SshLogins(passwords={"transfert": password}, failed=watch.failed_login)
        sftp = await self.stack.enter_async_context(
            sftp_server(address, root, logins=logins, host_keys=[key])
        )
        shared = (HOLDER, OTHER_HOLDER) if self.defects.shared_account else (HOLDER,)
        return ServedHost(
            asset=REPLICA,
            address=address,
            endpoints=(("ftp" if clear else "ftps", ftp), ("sftp", sftp)),
            account=_password_account("transfert", REPLICA),
            host_keys=(_public_line(key),),
            fingerprints=(key.get_fingerprint(),),
            public=("/pub",),
            holders=shared,
            more={**Papers(self.folder, self.today).replica(self.defects), **_drilled(watch)},
        )

    async def guarded(self) -> ServedHost:
        """FTPS with implicit TLS; every user has to log in."""
        address, root = ADDRESSES[GUARDED], self.root(GUARDED)
        lay_down(guarded_layout(), root, self.today)
        password = new_password(self.folder / f"secrets/{GUARDED}.password")
        context = self.authority.server_context(address, self.folder / f"pki/{GUARDED}.pem")
        port = await self.stack.enter_async_context(
            ftp_server(address, root, accounts={"echange": password}, context=context)
        )
        return ServedHost(
            asset=GUARDED,
            address=address,
            endpoints=(("ftps", port),),
            account=_password_account("echange", GUARDED),
        )

    async def hardened(self) -> ServedHost:
        """SFTP with modern algorithms; keys only."""
        address, root = ADDRESSES[HARDENED], self.root(HARDENED)
        lay_down(hardened_layout(), root, self.today)
        account_key = asyncssh.generate_private_key("ssh-ed25519")
        secret = f"secrets/{HARDENED}_ed25519"
        write_secret(self.folder / secret, account_key.export_private_key())
        host_key = asyncssh.generate_private_key("ssh-ed25519")
        watch = await self.pipeline(HARDENED, silent=False)
        keys = {"migration": _public_line(account_key)}
        logins = SshLogins(keys=keys, failed=watch.failed_login)
        port = await self.stack.enter_async_context(
            sftp_server(address, root, logins=logins, host_keys=[host_key])
        )
        return ServedHost(
            asset=HARDENED,
            address=address,
            endpoints=(("sftp", port),),
            account={"username": "migration", "private_key": f"file:{secret}"},
            host_keys=(_public_line(host_key),),
            fingerprints=(host_key.get_fingerprint(),),
            more={**Papers(self.folder, self.today).hardened(), **_drilled(watch)},
        )

    async def sloppy(self) -> ServedHost:
        """SFTP with outdated algorithms and short keys; anybody is let in."""
        address, root = ADDRESSES[SLOPPY], self.root(SLOPPY)
        lay_down(sloppy_layout(), root, self.today - _LAST_CHANGED)
        password = new_password(self.folder / f"secrets/{SLOPPY}.password")
        keys = [
            asyncssh.generate_private_key("ssh-rsa", key_size=1024),
            asyncssh.generate_private_key("ssh-dss"),
        ]
        logins = SshLogins(passwords={"labo": password}, anybody=True)
        port = await self.stack.enter_async_context(
            sftp_server(address, root, logins=logins, host_keys=keys, algorithms=OUTDATED)
        )
        return ServedHost(
            asset=SLOPPY,
            address=address,
            endpoints=(("sftp", port),),
            account=_password_account("labo", SLOPPY),
            host_keys=tuple(_public_line(key) for key in keys),
            fingerprints=tuple(key.get_fingerprint() for key in keys),
            private=("/results",),
        )


def _prepared(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder.resolve()


def _password_account(username: str, asset: str) -> dict[str, str]:
    return {"username": username, "password": f"file:secrets/{asset}.password"}


def _drilled(watch: Pipeline) -> dict[str, Any]:
    return {"drill": watch.drill(), "allow": {"drill": True}}


def _public_line(key: asyncssh.SSHKey) -> str:
    return key.export_public_key().decode().strip()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the servers from telling of scanners' half-made connections, and the cryptography
    library from warning of the outdated algorithms that are served on purpose.
    """
    logger = logging.getLogger("aioftp.server")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CryptographyDeprecationWarning)
            yield
    finally:
        logger.setLevel(before)
