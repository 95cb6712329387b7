"""The peer that hostile servers are built on speaks SSH, as clients of others find."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import asyncssh
import paramiko
import pytest

from tests.hostile import ssh_wire as wire
from tests.hostile.endpoint import Endpoint, serving
from tests.hostile.sftp import READDIR, SftpScript, once, sftp
from tests.hostile.ssh import PRIME, group, large_prime, point, public_value
from tests.hostile.ssh_peer import FINGERPRINT, HOST_KEY_BLOB, STAGES, reach
from tests.servers.packages import Prefix

LISTING = SftpScript(answers=lambda: {READDIR: once(b"a.csv", b"b.csv")})


def _paramiko(endpoint: Endpoint) -> list[str]:
    with paramiko.Transport((endpoint.host, endpoint.port)) as transport:
        transport.start_client(timeout=5)
        assert transport.get_remote_server_key().asbytes() == HOST_KEY_BLOB
        transport.auth_password("anybody", "any password")
        client = paramiko.SFTPClient.from_transport(transport)
        assert client is not None
        return client.listdir(".")


async def test_paramiko_lists_files_through_it() -> None:
    async with serving(sftp(LISTING)) as endpoint:
        assert await asyncio.to_thread(_paramiko, endpoint) == ["a.csv", "b.csv"]
        assert b"any password" in endpoint.only.protected
        assert b"any password" not in endpoint.only.clear


async def test_asyncssh_lists_files_through_it() -> None:
    async with (
        serving(sftp(LISTING)) as endpoint,
        asyncssh.connect(
            endpoint.host,
            endpoint.port,
            known_hosts=None,
            username="anybody",
            password="any password",
            client_keys=None,
            config=None,
        ) as connection,
        connection.start_sftp_client() as client,
    ):
        shown = connection.get_server_host_key()
        assert shown is not None
        assert shown.get_fingerprint() == FINGERPRINT
        assert await client.listdir(".") == ["a.csv", "b.csv"]


@pytest.mark.parametrize("exchange", ["group14", "nistp256", "named-group", "large-group"])
async def test_openssh_finishes_its_honest_exchanges(
    exchange: str, server_packages: Prefix, tmp_path: Path
) -> None:
    honest = {
        "group14": public_value(None),
        "nistp256": point(None, b"ecdh-sha2-nistp256"),
        "named-group": group(PRIME),
        "large-group": group(large_prime(), 5),
    }
    async with serving(honest[exchange]) as endpoint:
        told = await asyncio.to_thread(_ssh, server_packages, endpoint, tmp_path)
    assert f"Server host key: ssh-ed25519 {FINGERPRINT}" in told
    assert "SSH2_MSG_SERVICE_ACCEPT received" in told


def _ssh(prefix: Prefix, endpoint: Endpoint, folder: Path) -> str:
    switches = {
        "UserKnownHostsFile": folder / "known",
        "GlobalKnownHostsFile": "/dev/null",
        "StrictHostKeyChecking": "no",
        "BatchMode": "yes",
        "IdentityFile": "none",
    }
    command = [str(prefix.program("ssh")), "-v", "-F", "none", "-p", str(endpoint.port)]
    command += [word for pair in switches.items() for word in ("-o", "{}={}".format(*pair))]
    done = subprocess.run(
        [*command, f"anybody@{endpoint.host}"],
        env={"LD_LIBRARY_PATH": ":".join(map(str, prefix.library_folders)), "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    return done.stderr


async def test_a_stage_is_reached_and_not_passed() -> None:
    reached: list[str] = []

    async def stop_behind(stage: str) -> None:
        async with serving(lambda session: _note(session, stage)) as endpoint:
            with pytest.raises((asyncssh.Error, OSError)):
                await asyncssh.connect(
                    endpoint.host,
                    endpoint.port,
                    known_hosts=None,
                    username="anybody",
                    password="any password",
                    client_keys=None,
                    config=None,
                    login_timeout=2,
                )

    async def _note(session: object, stage: str) -> None:
        await reach(session, stage)  # type: ignore[arg-type]  # a session, as serving hands it
        reached.append(stage)

    for stage in STAGES[:-1]:
        await stop_behind(stage)
    assert reached == list(STAGES[:-1])


def test_numbers_of_any_sign_are_written_as_the_protocol_says() -> None:
    """The examples of RFC 4251 section 5."""
    assert wire.mpint(0) == bytes(4)
    assert wire.mpint(0x9A378F9B2E332A7) == bytes.fromhex("0000000809a378f9b2e332a7")
    assert wire.mpint(0x80) == bytes.fromhex("000000020080")
    assert wire.mpint(-0x1234) == bytes.fromhex("00000002edcc")
    assert wire.mpint(-0xDEADBEEF) == bytes.fromhex("00000005ff21524111")
