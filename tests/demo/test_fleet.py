"""The fleet as independent clients see it: ftplib, ssl and paramiko, never our own."""

from __future__ import annotations

import asyncio
import ftplib
import io
import json
import socket
import ssl
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import asyncssh
import paramiko
import pytest

from scanner.demo.defects import Defects
from scanner.demo.fleet import GUARDED, HARDENED, REPLICA, SLOPPY, DemoHost, Fleet, demo_fleet
from scanner.dossier import check_papers
from scanner.targets import load_targets

TODAY = date(2030, 6, 15)
T = TypeVar("T")


@pytest.fixture
async def fleet(tmp_path: Path) -> AsyncIterator[Fleet]:
    async with demo_fleet(tmp_path / "fleet", today=TODAY) as running:
        yield running


def target_of(fleet: Fleet, asset: str) -> dict[str, Any]:
    document = json.loads(fleet.targets.read_text())
    return next(target for target in document["targets"] if target["asset"] == asset)


def secret_of(fleet: Fleet, asset: str, key: str) -> Path:
    reference = str(target_of(fleet, asset)["accounts"][0][key])
    return fleet.folder / reference.removeprefix("file:")


def ftp_to(host: DemoHost) -> ftplib.FTP:
    client = ftplib.FTP(timeout=10)
    client.connect(host.address, host.port("ftp"))
    return client


def retrieved(client: ftplib.FTP, path: str) -> bytes:
    data = io.BytesIO()
    client.retrbinary(f"RETR {path}", data.write)
    return data.getvalue()


class ImplicitFtps(ftplib.FTP_TLS):
    """``ftplib`` with TLS from the first byte."""

    def connect_implicit(self, address: str, port: int) -> None:
        sock = socket.create_connection((address, port), 10)
        self.sock = self.context.wrap_socket(sock, server_hostname=address)
        self.host, self.port, self.timeout, self.af = address, port, 10, sock.family
        self.file = self.sock.makefile("r", encoding=self.encoding)
        self.welcome = self.getresp()


async def apart(work: Callable[[], T]) -> T:
    """Run a blocking client while the fleet serves."""
    return await asyncio.to_thread(work)


# What each host shows


async def test_anybody_reads_the_replica_in_clear(fleet: Fleet) -> None:
    def visit() -> tuple[list[str], bytes, str]:
        with closing(ftp_to(fleet.host(REPLICA))) as client:
            client.login("anonymous", "demonstration@example.invalid")
            names = [name for name, _ in client.mlsd("/exchange/mig-7")]
            data = retrieved(client, "/exchange/mig-7/export_patients.csv")
            with pytest.raises(ftplib.error_perm) as refused:
                client.sendcmd("AUTH TLS")
            return names, data, str(refused.value)

    names, data, refusal = await apart(visit)
    assert sorted(names) == ["export_examens.csv", "export_patients.csv", "resultats.hl7"]
    assert data.startswith(b"nir;nom;prenom;date_naissance;telephone;medecin;commentaire1;")
    assert refusal.startswith("502")


async def test_the_replica_asks_for_a_password_in_clear_and_knows_its_account(
    fleet: Fleet,
) -> None:
    password = secret_of(fleet, REPLICA, "password").read_text()

    def visit() -> tuple[str, str]:
        with closing(ftp_to(fleet.host(REPLICA))) as client:
            asked = client.sendcmd("USER nobody-of-that-name")
            with pytest.raises(ftplib.error_perm):
                client.sendcmd("PASS wrong")
        with closing(ftp_to(fleet.host(REPLICA))) as client:
            return asked, client.login("transfert", password)

    asked, entered = await apart(visit)
    assert (asked[:3], entered[:3]) == ("331", "230")


async def test_nothing_can_be_written_by_ftp(fleet: Fleet) -> None:
    host = fleet.host(REPLICA)
    before = sorted(host.root.rglob("*"))

    def visit() -> list[str]:
        replies = []
        with closing(ftp_to(host)) as client:
            client.login("ftp", "x")
            for command in ("MKD /pub/x", "DELE /pub/README.txt", "RNFR /pub", "STOR /pub/y"):
                with pytest.raises(ftplib.error_perm) as refused:
                    client.sendcmd(command)
                replies.append(str(refused.value)[:3])
        return replies

    assert await apart(visit) == ["550"] * 4
    assert sorted(host.root.rglob("*")) == before


async def test_ftp_names_cannot_leave_the_tree(fleet: Fleet) -> None:
    def visit() -> str:
        with closing(ftp_to(fleet.host(REPLICA))) as client:
            client.login("anonymous", "x")
            with pytest.raises(ftplib.error_perm) as refused:
                retrieved(client, "/../../targets.json")
            return str(refused.value)

    assert (await apart(visit)).startswith("550")


async def test_ftps_is_verified_by_the_given_authority_and_needs_a_login(fleet: Fleet) -> None:
    host = fleet.host(GUARDED)
    password = secret_of(fleet, GUARDED, "password").read_text()
    context = ssl.create_default_context(cafile=str(fleet.folder / "pki/ca.pem"))

    def visit() -> tuple[str, list[str], str]:
        with closing(ImplicitFtps(context=context)) as client:
            client.connect_implicit(host.address, host.port("ftps"))
            client.sendcmd("USER anonymous")
            with pytest.raises(ftplib.error_perm) as refused:
                client.sendcmd("PASS x@example.invalid")
        with closing(ImplicitFtps(context=context)) as client:
            client.connect_implicit(host.address, host.port("ftps"))
            client.sendcmd("USER echange")
            client.sendcmd(f"PASS {password}")
            with pytest.raises(ftplib.error_perm) as unprotected:
                client.prot_c()
            client.prot_p()
            names = [name for name, _ in client.mlsd("/exchange/envoi")]
            return str(refused.value), names, str(unprotected.value)

    refused, names, unprotected = await apart(visit)
    assert refused.startswith("530")
    assert names == ["export.csv.age"]
    assert unprotected.startswith("502")


async def test_the_hardened_server_takes_its_key_and_nothing_else(fleet: Fleet) -> None:
    host = fleet.host(HARDENED)
    key = secret_of(fleet, HARDENED, "private_key")

    def visit() -> tuple[list[str], list[str], list[str]]:
        with closing(paramiko.Transport((host.address, host.port("sftp")))) as transport:
            transport.start_client(timeout=10)
            with pytest.raises(paramiko.BadAuthenticationType) as refused:
                transport.auth_none("nobody-of-that-name")
        with closing(paramiko.Transport((host.address, host.port("sftp")))) as transport:
            private = paramiko.Ed25519Key.from_private_key_file(str(key))
            transport.connect(username="migration", pkey=private)
            client = paramiko.SFTPClient.from_transport(transport)
            assert client is not None
            names = client.listdir("/exchange/outbox")
            return refused.value.allowed_types, sorted(names), client.listdir("/exchange/mig-9")

    methods, names, emptied = await apart(visit)
    assert methods == ["publickey"]
    assert names == [
        "export.csv.age",
        "export.csv.age.sha256",
        "results.hl7.pgp",
        "results.hl7.pgp.sha256",
    ]
    assert emptied == []


async def test_the_replica_serves_the_same_tree_by_sftp(fleet: Fleet) -> None:
    host = fleet.host(REPLICA)
    password = secret_of(fleet, REPLICA, "password").read_text()

    def visit() -> tuple[bytes, int | None, list[str]]:
        with closing(paramiko.Transport((host.address, host.port("sftp")))) as transport:
            transport.connect(username="transfert", password=password)
            client = paramiko.SFTPClient.from_transport(transport)
            assert client is not None
            with client.open("/exchange/mig-7/export_patients.csv") as file:
                data = file.read()
            refused = []
            attempts: dict[str, Callable[[], object]] = {
                "write": lambda: client.open("/pub/new", "w"),
                "mkdir": lambda: client.mkdir("/pub/new"),
                "remove": lambda: client.remove("/pub/README.txt"),
                "chmod": lambda: client.chmod("/pub", 0o777),
                "rename": lambda: client.rename("/pub", "/bup"),
                "symlink": lambda: client.symlink("/etc", "/pub/etc"),
            }
            for name, attempt in attempts.items():
                with pytest.raises(PermissionError):
                    attempt()
                refused.append(name)
            return data, client.stat("/exchange").st_mode, refused

    data, mode, refused = await apart(visit)
    assert data == (host.root / "exchange/mig-7/export_patients.csv").read_bytes()
    assert stat.S_IMODE(mode or 0) == 0o750
    assert len(refused) == 6


async def test_the_sloppy_server_lets_anybody_in_by_outdated_algorithms(fleet: Fleet) -> None:
    host = fleet.host(SLOPPY)
    async with asyncssh.connect(
        host.address,
        host.port("sftp"),
        username="nobody-of-that-name",
        known_hosts=None,
        client_keys=None,
        agent_path=None,
        config=[],
        kex_algs=["diffie-hellman-group1-sha1"],
        encryption_algs=["3des-cbc"],
        mac_algs=["hmac-md5"],
        server_host_key_algs=["ssh-dss"],
    ) as connection:
        key = connection.get_server_host_key()
        assert key is not None
        assert key.get_algorithm() == "ssh-dss"
        async with connection.start_sftp_client() as client:
            names = await client.listdir("/results")
    assert "day.hl7" in names


# The papers


async def test_the_targets_file_and_its_papers_are_valid(fleet: Fleet) -> None:
    file = load_targets(fleet.targets)
    assert [target.asset for target in file.targets] == [REPLICA, GUARDED, HARDENED, SLOPPY]
    assert [fault for target in file.targets for fault in check_papers(target)] == []
    for target in file.targets:
        host = fleet.host(target.asset)
        assert [(e.protocol, e.port) for e in target.endpoints] == list(host.endpoints)


async def test_secrets_are_private_files(fleet: Fleet) -> None:
    secrets = [*(fleet.folder / "secrets").iterdir(), *(fleet.folder / "pki").glob("demo-*.pem")]
    assert len(secrets) == 5
    assert {stat.S_IMODE(path.stat().st_mode) for path in secrets} == {0o600}
    text = fleet.targets.read_text()
    assert not [path for path in secrets if path.read_text() in text]


async def test_known_hosts_pin_the_running_keys(fleet: Fleet) -> None:
    for asset in (REPLICA, HARDENED, SLOPPY):
        host = fleet.host(asset)
        key = await asyncssh.get_server_host_key(
            host.address,
            host.port("sftp"),
            config=[],
            server_host_key_algs=["ssh-ed25519", "rsa-sha2-256"],
        )
        assert key is not None
        assert key.get_fingerprint() in target_of(fleet, asset)["host_keys"]
        line = key.export_public_key().decode().strip()
        known = (fleet.folder / "keys/known_hosts").read_text()
        assert f"[{host.address}]:{host.port('sftp')} {line}" in known


# The switches


def tree_of(host: DemoHost) -> dict[str, bytes]:
    return {
        str(path.relative_to(host.root)): path.read_bytes()
        for path in host.root.rglob("*")
        if path.is_file()
    }


async def snapshot(folder: Path, defects: Defects) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Return the replica's files, and its targets entry with its papers, ports left out."""
    async with demo_fleet(folder, defects, today=TODAY) as fleet:
        target = target_of(fleet, REPLICA)
        for name in ("inventory", "warnings"):
            target[name] = (fleet.folder / str(target[name])).read_text()
        target["endpoints"] = [endpoint["protocol"] for endpoint in target["endpoints"]]
        del target["host_keys"]
        target["drill"]["test"].pop("to")  # another port each time
        return tree_of(fleet.host(REPLICA)), target


CHANGES = {
    "open_zone": (False, set()),
    "clear_storage": (True, set()),
    "plaintext_transport": (False, {"endpoints"}),
    "overdue_deletion": (False, {"migrations"}),
    "shared_account": (False, {"accounts", "inventory"}),
    "missing_supervision": (False, set()),
    "uncontrolled_migration": (True, {"migrations", "documents"}),
    "excess_extraction": (True, set()),
    "missing_contract": (False, {"contracts"}),
    "ignored_warning": (False, {"warnings"}),
}


@pytest.mark.parametrize("defect", CHANGES)
async def test_a_switch_changes_its_own_files_and_papers_only(tmp_path: Path, defect: str) -> None:
    files, target = await snapshot(tmp_path / "all", Defects())
    other_files, other_target = await snapshot(
        tmp_path / "less", replace(Defects(), **{defect: False})
    )
    in_files, in_papers = CHANGES[defect]
    assert (files != other_files) is in_files
    assert {key for key in target if target[key] != other_target.get(key)} == in_papers


async def test_without_open_zone_anonymous_users_are_refused(tmp_path: Path) -> None:
    async with demo_fleet(tmp_path / "fleet", Defects(open_zone=False)) as fleet:

        def visit() -> None:
            with closing(ftp_to(fleet.host(REPLICA))) as client, pytest.raises(ftplib.error_perm):
                client.login("anonymous", "x")

        await apart(visit)


async def test_without_clear_transport_the_replica_speaks_tls_at_once(tmp_path: Path) -> None:
    async with demo_fleet(tmp_path / "fleet", Defects(plaintext_transport=False)) as fleet:
        host = fleet.host(REPLICA)
        context = ssl.create_default_context(cafile=str(fleet.folder / "pki/ca.pem"))

        def visit() -> list[str]:
            with closing(ImplicitFtps(context=context)) as client:
                client.connect_implicit(host.address, host.port("ftps"))
                client.sendcmd("USER anonymous")
                client.sendcmd("PASS x@example.invalid")
                client.prot_p()
                return [name for name, _ in client.mlsd("/exchange/mig-7")]

        assert "export_patients.csv" in await apart(visit)


# Its life


async def test_two_fleets_run_side_by_side_and_leave_nothing_open(tmp_path: Path) -> None:
    async with demo_fleet(tmp_path / "a") as first, demo_fleet(tmp_path / "b") as second:
        ports = {
            (host.address, port)
            for fleet in (first, second)
            for host in fleet.hosts
            for _, port in host.endpoints
        }
        assert len(ports) == 10
    for address, port in ports:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((address, port), 2)
