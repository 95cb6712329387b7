"""Each SSH posture is what its name says, seen by OpenSSH's client, paramiko and the bytes alone."""

from __future__ import annotations

import re
import socket
import struct
from pathlib import Path
from typing import Final, NamedTuple

import paramiko
import pytest

from tests.servers import POSTURES, Asyncssh, Paramiko, Server
from tests.servers.fixtures import StartServer
from tests.servers.openssh_client import sftp
from tests.servers.packages import unpack
from tests.servers.postures import SshOptions
from tests.servers.ssh_keys import make_key
from tests.servers.tree import CSV_PATH

SSH_POSTURES: Final = tuple(
    name for name, posture in POSTURES.items() if isinstance(posture.options, SshOptions)
)
KEY_IS_NOT_ENOUGH: Final = {
    "openssh-two-factors",
    "openssh-user-certificates",
    "openssh-password-then-prompt",
    "openssh-no-subsystem",
    "asyncssh-post-quantum",  # for which OpenSSH 9.2 is too old
    "proftpd-sftp-no-encryption",  # which OpenSSH's client refuses
}


class Lists(NamedTuple):
    """The name-lists of a KEXINIT, what comes out of the server where there are two."""

    kex: list[str]
    host_keys: list[str]
    ciphers: list[str]
    macs: list[str]
    compressions: list[str]


def offered(server: Server) -> Lists:
    """Read the server's KEXINIT (RFC 4253 section 7.1)."""
    with socket.create_connection((server.host, server.port), timeout=5) as plain:
        stream = plain.makefile("rb")
        assert stream.readline().startswith(b"SSH-2.0-")
        plain.sendall(b"SSH-2.0-test\r\n")
        (length,) = struct.unpack(">I", stream.read(4))
        payload = stream.read(length)[1:]
        stream.close()
    lists, position = [], 17
    for _ in range(8):
        (size,) = struct.unpack_from(">I", payload, position)
        lists.append(payload[position + 4 : position + 4 + size].decode("ascii").split(","))
        position += 4 + size
    return Lists(lists[0], lists[1], lists[3], lists[5], lists[7])


@pytest.mark.parametrize("name", [name for name in SSH_POSTURES if name not in KEY_IS_NOT_ENOUGH])
def test_openssh_knows_the_host_and_lists_by_the_handles_key(
    name: str, start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server(name)
    done = sftp(server, tmp_path, "ls -1 export", f"get {CSV_PATH} {tmp_path / 'fetched'}")
    assert "export/members.csv" in done.stdout, done.stderr
    assert (tmp_path / "fetched").read_bytes() == (server.root / CSV_PATH).read_bytes()


@pytest.mark.parametrize("name", ["openssh-password", "tinysshd-keys", "asyncssh-password"])
def test_openssh_refuses_a_host_key_that_is_not_the_handles(
    name: str, start_server: StartServer, tmp_path: Path
) -> None:
    server, other = start_server(name), "HOST ssh-ed25519 " + "A" * 68
    assert "Host key verification failed" in sftp(server, tmp_path, "pwd", known=other).stderr


GEX: Final = "diffie-hellman-group-exchange-sha256"
STRICT: Final = "kex-strict-s-v00@openssh.com"
SNTRUP: Final = "sntrup761x25519-sha512@openssh.com"
EXACT: Final = {
    "openssh-group-exchange": {"kex": [GEX, STRICT]},
    "openssh-post-quantum": {"kex": [SNTRUP, STRICT]},
    "openssh-one-key": {"host_keys": ["ssh-ed25519"]},
    "openssh-rsa-1024": {"host_keys": ["rsa-sha2-512", "rsa-sha2-256"]},
    "dropbear-old-keys": {"host_keys": ["rsa-sha2-256", "ssh-rsa", "ssh-dss"]},
    "proftpd-sftp-compression": {"compressions": ["zlib", "none"]},
    "proftpd-sftp-no-encryption": {"ciphers": ["none"], "macs": ["none"]},
    "proftpd-sftp-legacy": {
        "kex": ["diffie-hellman-group1-sha1", "rsa1024-sha1", "ext-info-s", STRICT],
        "host_keys": ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa", "ssh-dss"],
        "ciphers": ["arcfour256", "arcfour128", "blowfish-cbc", "cast128-cbc", "3des-cbc"],
        "macs": ["hmac-md5", "hmac-md5-96", "hmac-ripemd160", "hmac-sha1-96"],
    },
    "asyncssh-zlib": {"compressions": ["zlib", "none"]},
    "asyncssh-legacy": {
        "kex": ["rsa1024-sha1", "diffie-hellman-group1-sha1", "ext-info-s", STRICT],
        "ciphers": ["arcfour", "arcfour128", "blowfish-cbc", "cast128-cbc", "3des-cbc"],
        "macs": ["hmac-md5", "hmac-md5-96"],
    },
    "asyncssh-post-quantum": {"kex": ["mlkem768x25519-sha256", "ext-info-s", STRICT]},
    "paramiko-password": {"compressions": ["none"]},
    "tinysshd-keys": {
        "kex": ["curve25519-sha256", "curve25519-sha256@libssh.org", SNTRUP],
        "host_keys": ["ssh-ed25519"],
        "ciphers": ["chacha20-poly1305@openssh.com"],
        "compressions": ["none"],
    },
    "tinysshd-no-post-quantum": {"kex": ["curve25519-sha256", "curve25519-sha256@libssh.org"]},
}


@pytest.mark.parametrize(("name", "lists"), EXACT.items(), ids=EXACT)
def test_exactly_the_algorithms_of_the_posture_are_offered(
    name: str, lists: dict[str, list[str]], start_server: StartServer
) -> None:
    seen = offered(start_server(name))
    assert {kind: getattr(seen, kind) for kind in lists} == lists


def test_post_quantum_key_exchange_may_be_left_out(start_server: StartServer) -> None:
    assert SNTRUP in offered(start_server("openssh-password")).kex
    assert not [
        name for name in offered(start_server("openssh-no-post-quantum")).kex if "761" in name
    ]


@pytest.mark.parametrize(
    ("name", "bits"),
    [
        ("openssh-rsa-1024", 1024),
        ("openssh-rsa-2048", 2048),
        ("openssh-rsa-4096", 4096),
        ("openssh-host-certificates", None),
    ],
)
def test_the_rsa_key_has_the_size_of_the_posture(
    name: str, bits: int | None, start_server: StartServer
) -> None:
    (key,) = (key for key in start_server(name).host_keys if key.algorithm == "ssh-rsa")
    shown = paramiko.RSAKey.from_private_key_file(str(key.private))
    assert shown.get_bits() == (bits or 3072)


@pytest.mark.parametrize(
    ("name", "bits"),
    [("openssh-small-groups", {2048}), ("openssh-large-groups", {8192})],
)
def test_group_exchange_names_primes_of_the_posture(
    name: str, bits: set[int], start_server: StartServer, tmp_path: Path
) -> None:
    done = sftp(start_server(name), tmp_path, "pwd")
    assert {int(size) for size in re.findall(r"bits set: \d+/(\d+)", done.stderr)} == bits


@pytest.mark.parametrize("name", ["openssh-host-certificates", "asyncssh-host-certificates"])
def test_a_host_is_known_by_the_authority_that_signed_its_key(
    name: str, start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server(name)
    assert server.authority is not None
    line = f"@cert-authority HOST {server.authority.public_line}"
    assert "export" in sftp(server, tmp_path, "ls -1", known=line).stdout
    strangers = f"@cert-authority HOST {server.host_keys[0].public_line}"
    refused = sftp(server, tmp_path, "ls -1", known=strangers)
    assert "Host key verification failed" in refused.stderr


def test_a_user_is_known_by_the_authority_that_signed_the_key(
    start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server("openssh-user-certificates")
    by_certificate = {"CertificateFile": server.client_certificate}
    assert "export" in sftp(server, tmp_path, "ls -1", options=by_certificate).stdout
    # The file beside the key would be read as well.
    assert server.client_certificate is not None
    server.client_certificate.unlink()
    assert "Permission denied (publickey)" in sftp(server, tmp_path, "ls -1").stderr


class Methods(NamedTuple):
    user: str
    offered: set[str]


IN_AT_ONCE: Final[set[str]] = set()
BOTH: Final = {"publickey", "password"}
METHODS: Final = {
    "openssh-host-certificates": Methods("transfer", BOTH),
    "openssh-user-certificates": Methods("transfer", {"publickey"}),
    "openssh-password-then-prompt": Methods("transfer", {"password"}),
    "openssh-group-exchange": Methods("transfer", BOTH),
    "openssh-banner": Methods("transfer", BOTH),
    "openssh-allow-users": Methods("partner", BOTH),
    "proftpd-sftp-keys": Methods("transfer", {"publickey"}),
    "proftpd-sftp-compression": Methods("transfer", BOTH),
    "dropbear-banner": Methods("transfer", BOTH),
    "asyncssh-password": Methods("transfer", BOTH),
    "asyncssh-keys": Methods("transfer", {"publickey"}),
    "asyncssh-blank": Methods("blank", IN_AT_ONCE),
    "paramiko-password": Methods("transfer", BOTH),
    "paramiko-keys": Methods("transfer", {"publickey"}),
    "paramiko-blank": Methods("blank", IN_AT_ONCE),
}


def _transport(server: Server) -> paramiko.Transport:
    transport = paramiko.Transport((server.host, server.port))
    transport.start_client(timeout=10)
    return transport


def _offered(transport: paramiko.Transport, user: str) -> set[str]:
    try:
        transport.auth_none(user)
    except paramiko.BadAuthenticationType as refused:
        return set(refused.allowed_types)
    return IN_AT_ONCE


@pytest.mark.parametrize(("name", "expected"), METHODS.items(), ids=METHODS)
def test_the_methods_are_those_of_the_posture(
    name: str, expected: Methods, start_server: StartServer
) -> None:
    with _transport(start_server(name)) as transport:
        assert _offered(transport, expected.user) == expected.offered


@pytest.mark.parametrize("name", ["tinysshd-keys", "tinysshd-no-post-quantum"])
def test_tinyssh_takes_keys_alone(name: str, start_server: StartServer, tmp_path: Path) -> None:
    server = start_server(name)
    done = sftp(server, tmp_path, "pwd", options={"PreferredAuthentications": "password"})
    assert "Authentications that can continue: publickey\n" in done.stderr


def test_a_password_and_then_a_prompt_let_in_together(start_server: StartServer) -> None:
    server = start_server("openssh-password-then-prompt")
    password = server.user("transfer").password
    with _transport(server) as transport:
        left = transport.auth_password("transfer", password, fallback=False)
        assert left == ["keyboard-interactive"]
        assert not transport.is_authenticated()
        transport.auth_interactive(
            "transfer", lambda _title, _instructions, asked: [password] * len(asked)
        )
        assert transport.is_authenticated()


@pytest.mark.parametrize("name", ["openssh-banner", "dropbear-banner", "paramiko-banner"])
def test_the_banner_is_shown_before_a_login(name: str, start_server: StartServer) -> None:
    with _transport(start_server(name)) as transport:
        with pytest.raises(paramiko.BadAuthenticationType):
            transport.auth_none("transfer")
        assert b"Authorised staff alone." in (transport.get_banner() or b"")


def test_only_the_listed_users_may_enter(start_server: StartServer) -> None:
    server = start_server("openssh-allow-users")
    with _transport(server) as transport, pytest.raises(paramiko.AuthenticationException):
        transport.auth_password("partner", server.user("partner").password, fallback=False)
    with _transport(server) as transport:
        assert transport.auth_password("transfer", server.user("transfer").password) == []


def test_a_login_without_the_subsystem_has_no_sftp(start_server: StartServer) -> None:
    server = start_server("openssh-no-subsystem")
    with _transport(server) as transport:
        transport.auth_password("transfer", server.user("transfer").password)
        assert transport.is_authenticated()
        with pytest.raises(paramiko.SSHException):
            paramiko.SFTPClient.from_transport(transport)


@pytest.mark.parametrize(
    ("name", "forwards"), [("openssh-password", True), ("openssh-no-forwarding", False)]
)
def test_connections_are_forwarded_only_where_the_posture_lets_it(
    name: str, start_server: StartServer, *, forwards: bool
) -> None:
    server = start_server(name)
    with _transport(server) as transport:
        transport.auth_password("transfer", server.user("transfer").password)
        ends = ((server.host, server.port), ("127.0.0.1", 0))
        if forwards:
            channel = transport.open_channel("direct-tcpip", *ends)
            assert channel.recv(4) == b"SSH-"
        else:
            with pytest.raises(paramiko.ChannelException, match="prohibited"):
                transport.open_channel("direct-tcpip", *ends)


@pytest.mark.parametrize("name", ["asyncssh-zlib", "proftpd-sftp-compression"])
def test_compression_starts_before_the_login(name: str, start_server: StartServer) -> None:
    server = start_server(name)
    with paramiko.Transport((server.host, server.port)) as transport:
        transport.use_compression()
        transport.start_client(timeout=10)
        assert vars(transport)["remote_compression"] == "zlib"
        assert transport.auth_password("transfer", server.user("transfer").password) == []


@pytest.mark.parametrize("options", [Asyncssh(), Paramiko()])
def test_the_programs_log_what_came(
    options: Asyncssh | Paramiko, start_server: StartServer
) -> None:
    server = start_server(options)
    with _transport(server) as transport, pytest.raises(paramiko.AuthenticationException):
        transport.auth_password("transfer", "not-the-password", fallback=False)
    with _transport(server) as transport:
        transport.auth_password("transfer", server.user("transfer").password, fallback=False)
        client = paramiko.SFTPClient.from_transport(transport)
        assert client is not None
        assert client.listdir("export") == ["members.csv"]
        with client.open(CSV_PATH) as file:
            assert file.read(9) == b"member_id"
    server.settle()
    assert server.failed_logins() == 1
    assert server.accepted_connections() == 2
    assert server.accepted_logins() == 1
    assert server.verbs() == ["opendir", "open"]


def test_ml_kem_is_agreed_on_with_a_client_that_has_it(start_server: StartServer) -> None:
    server = start_server("asyncssh-post-quantum")
    with _transport(server) as transport:
        assert transport.auth_password("transfer", server.user("transfer").password) == []


@pytest.mark.parametrize("name", ["asyncssh-password", "paramiko-password", "tinysshd-keys"])
def test_a_key_authorised_while_the_server_runs_is_let_in(
    name: str, start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server(name)
    key = make_key(unpack(), tmp_path, "ed25519", name="stranger")
    with_it = {"IdentityFile": key.private}
    assert "Permission denied" in sftp(server, tmp_path, "ls -1", options=with_it).stderr
    server.authorise("transfer", key.public_line)
    assert "export" in sftp(server, tmp_path, "ls -1", options=with_it).stdout
    server.settle()
    assert server.accepted_connections() == 2
    assert server.accepted_logins() == 1
