"""Each posture is what its name says, seen by clients that share no code with the scanner."""

from __future__ import annotations

import hashlib
import os
import re
import socket
import ssl
import struct
import time
import warnings
from pathlib import Path
from typing import Final, NamedTuple

import paramiko
import pytest

from tests.servers import (
    POSTURES,
    Certificate,
    CertificateKind,
    Openssh,
    Posture,
    Pureftpd,
    Server,
    Tls,
    Vsftpd,
    empty,
    make_certificate,
    plant,
)
from tests.servers.dialogue import Dialogue, permissive_context
from tests.servers.fixtures import StartServer
from tests.servers.postures import SshOptions
from tests.servers.process import RootRequiredError, ServerStartError
from tests.servers.tree import CSV_PATH, CSV_TEXT, LATIN1_NAME, SPACED_NAME

GUEST: Final = "guest@example.invalid"
FTP_POSTURES: Final = tuple(
    name for name, posture in POSTURES.items() if not isinstance(posture.options, SshOptions)
)
TLS_POSTURES: Final = tuple(
    name for name in FTP_POSTURES if re.search("tls|implicit|expired|signed|wrong", name)
)


class Clear(NamedTuple):
    """Replies on an unprotected connection: to AUTH TLS, to USER and PASS of anonymous, to LIST."""

    auth: int
    login: tuple[int, ...]
    listing: int | None = None


OPEN: Final = (331, 230)
CLEAR: Final = {
    "vsftpd-plain": Clear(530, OPEN, 226),
    "vsftpd-no-anonymous": Clear(530, (331, 530)),
    "vsftpd-tls-optional": Clear(234, OPEN, 226),
    "vsftpd-tls-without-anonymous": Clear(234, OPEN, 226),
    "vsftpd-tls-required": Clear(234, (530,)),
    "vsftpd-tls-only-users": Clear(234, (331, 530)),
    "proftpd-plain": Clear(500, OPEN, 226),
    "proftpd-no-anonymous": Clear(500, (331, 530)),
    "proftpd-tls-off": Clear(234, OPEN, 226),
    "proftpd-tls-on": Clear(234, (550,)),
    "proftpd-tls-ctrl": Clear(234, (550,)),
    "proftpd-tls-auth": Clear(234, (550,)),
    "proftpd-tls-auth+data": Clear(234, (550,)),
    "proftpd-tls-data": Clear(234, OPEN, 522),
    "pureftpd-plain": Clear(500, (230,), 226),
    "pureftpd-tls-1": Clear(234, (230,), 226),
    "pureftpd-tls-2": Clear(234, (421,)),
    "pureftpd-tls-3": Clear(234, (421,)),
    "vsftpd-no-listing": Clear(530, OPEN, 550),
    # Denied listings of this server look like those of an empty directory.
    "proftpd-only-mlsd": Clear(500, OPEN, 226),
    "proftpd-no-listing": Clear(500, OPEN, 226),
    "inetutils-plain": Clear(502, OPEN, 226),
    "inetutils-no-anonymous": Clear(502, (331, 530)),
    "inetutils-only-anonymous": Clear(502, OPEN, 226),
    "pyftpdlib-plain": Clear(500, OPEN, 226),
    "pyftpdlib-no-anonymous": Clear(500, (331, 530)),
    "pyftpdlib-tls-optional": Clear(234, OPEN, 226),
    "pyftpdlib-tls-control": Clear(234, (550,)),
    "pyftpdlib-tls-required": Clear(234, (550,)),
    "aioftp-plain": Clear(502, (230,), 226),
    "aioftp-no-anonymous": Clear(502, (530,)),
}


@pytest.mark.parametrize(("name", "expected"), CLEAR.items(), ids=CLEAR)
def test_a_clear_connection_is_answered_as_the_posture_says(
    name: str, expected: Clear, start_server: StartServer
) -> None:
    server = start_server(name)
    with Dialogue(server) as client:
        assert client.ask("AUTH TLS").code == expected.auth
    with Dialogue(server) as client:
        commands = ["USER anonymous", f"PASS {GUEST}"][: len(expected.login)]
        assert tuple(client.codes(*commands)) == expected.login
        if expected.listing is not None:
            assert client.transfer("LIST").final.code == expected.listing


class Protected(NamedTuple):
    """Replies after a TLS login: to PROT C, to LIST in clear, to LIST with PROT P with and
    without resuming the control session, to CCC."""

    prot_clear: int
    clear_list: int
    resumed: int
    fresh: int
    ccc: int


PROTECTED: Final = {
    "vsftpd-tls-optional": Protected(200, 226, 226, 522, 500),
    "vsftpd-tls-no-reuse": Protected(200, 226, 226, 226, 500),
    "vsftpd-tls-required": Protected(200, 522, 226, 522, 500),
    "proftpd-tls-off": Protected(200, 226, 226, 425, 200),
    "proftpd-tls-on": Protected(534, 522, 226, 425, 534),
    "proftpd-tls-ctrl": Protected(200, 226, 226, 425, 534),
    "proftpd-tls-auth": Protected(200, 226, 226, 425, 200),
    "proftpd-tls-data": Protected(534, 522, 226, 425, 200),
    "proftpd-tls-auth+data": Protected(534, 522, 226, 425, 200),
    "proftpd-tls-no-reuse": Protected(534, 522, 226, 226, 534),
    "pureftpd-tls-1": Protected(200, 226, 226, 226, 200),
    "pureftpd-tls-2": Protected(200, 226, 226, 226, 200),
    "pureftpd-tls-3": Protected(200, 521, 226, 226, 200),
    "pyftpdlib-tls-optional": Protected(200, 226, 226, 226, 500),
    "pyftpdlib-tls-control": Protected(200, 226, 226, 226, 500),
}


@pytest.mark.parametrize(("name", "expected"), PROTECTED.items(), ids=PROTECTED)
def test_a_protected_login_is_held_to_what_the_posture_says(
    name: str, expected: Protected, start_server: StartServer
) -> None:
    server = start_server(name)
    with _protected(server) as client:
        prot_clear = client.codes("PBSZ 0", "PROT C")[1]
        clear_list = client.transfer("LIST").final.code
        client.protect()
        resumed = client.transfer("LIST")
        ccc = client.ask("CCC").code
    with _protected(server) as client:
        client.protect()
        fresh = client.transfer("LIST", reuse=False)
    seen = Protected(prot_clear, clear_list, resumed.final.code, fresh.final.code, ccc)
    assert seen == expected
    assert b"export" in resumed.data


def test_a_port_for_clear_data_may_be_refused_altogether(start_server: StartServer) -> None:
    with _protected(start_server("pyftpdlib-tls-required")) as client:
        assert client.codes("PBSZ 0", "PROT C", "EPSV", "PASV") == [200, 200, 550, 550]
        client.protect()
        assert b"export" in client.transfer("LIST", reuse=False).data


def _protected(server: Server) -> Dialogue:
    client = Dialogue(server)
    if server.protocol == "ftp":
        assert client.upgrade().code == 234
    assert client.log_in() == 230
    return client


@pytest.mark.parametrize(
    "server", ["vsftpd-implicit", "proftpd-implicit", "aioftp-implicit"], indirect=True
)
def test_implicit_tls_protects_from_the_first_byte(server: Server) -> None:
    assert server.protocol == "ftps"
    with Dialogue(server) as client:
        assert client.greeting.code == 220
        assert client.tls.version() == "TLSv1.3"
        assert client.log_in() == 230
        client.protect()
        assert b"export" in client.transfer("LIST").data


@pytest.mark.parametrize("server", ["vsftpd-tls-without-anonymous"], indirect=True)
def test_anonymous_may_be_let_in_only_without_protection(server: Server) -> None:
    with Dialogue(server) as client:
        client.upgrade()
        assert client.log_in() == 530


@pytest.mark.parametrize(
    "name",
    [
        "vsftpd-no-anonymous",
        "proftpd-no-anonymous",
        "pureftpd-no-anonymous",
        "inetutils-no-anonymous",
        "pyftpdlib-no-anonymous",
        "proftpd-tls-off",
    ],
)
def test_local_users_enter_with_their_password(name: str, start_server: StartServer) -> None:
    server = start_server(name)
    for user in server.users:
        with Dialogue(server) as client:
            assert client.log_in(user.name, user.password) == 230
            assert b"export" in client.transfer("NLST").data


def test_aioftp_lets_a_local_user_in_with_the_password_alone(start_server: StartServer) -> None:
    server = start_server("aioftp-no-anonymous")
    with Dialogue(server) as client:
        assert client.log_in("transfer", "not-the-password") == 530
        assert client.log_in("transfer", server.user("transfer").password) == 230
        assert b"export" in client.transfer("LIST").data  # it has no NLST
    server.settle()
    assert server.failed_logins() == 1


@pytest.mark.parametrize(
    "name",
    [
        "vsftpd-no-anonymous",
        "proftpd-no-anonymous",
        "inetutils-no-anonymous",
        "pyftpdlib-no-anonymous",
    ],
)
def test_refused_logins_are_counted(name: str, start_server: StartServer) -> None:
    server = start_server(name)
    with Dialogue(server) as client:
        assert client.log_in("transfer", "not-the-password") == 530
        assert client.log_in("nobody-known", "not-the-password") == 530
        assert client.log_in("transfer", server.user("transfer").password) == 230
    server.settle()
    assert server.failed_logins() == 2


def test_pureftpd_counts_a_refused_login_that_it_answers_late(start_server: StartServer) -> None:
    server = start_server("pureftpd-no-anonymous")
    with Dialogue(server) as client:
        assert client.log_in("transfer", "not-the-password") == 530
    server.settle()
    assert server.failed_logins() == 1


VERSIONS: Final = {
    "vsftpd-tls-1.0": {"TLSv1"},
    "vsftpd-tls-1.2": {"TLSv1.2"},
    "vsftpd-tls-1.3": {"TLSv1.3"},
    "vsftpd-tls-optional": {"TLSv1.2", "TLSv1.3"},
    "proftpd-tls-1.0": {"TLSv1"},
    "proftpd-tls-1.2": {"TLSv1.2"},
    "proftpd-tls-1.3": {"TLSv1.3"},
    "proftpd-tls-off": {"TLSv1.2", "TLSv1.3"},
    "pureftpd-tls-1": {"TLSv1.2", "TLSv1.3"},
    "pyftpdlib-tls-optional": {"TLSv1.2", "TLSv1.3"},
}


@pytest.mark.parametrize(("name", "expected"), VERSIONS.items(), ids=VERSIONS)
def test_exactly_the_named_tls_versions_are_spoken(
    name: str, expected: set[str], start_server: StartServer
) -> None:
    server = start_server(name)
    spoken = set()
    for version in ("TLSv1", "TLSv1_1", "TLSv1_2", "TLSv1_3"):
        with Dialogue(server, _only(version)) as client:
            try:
                client.upgrade()
            except (ssl.SSLError, ConnectionError):
                continue
            spoken.add(client.tls.version())
    assert spoken == expected


def _only(version: str) -> ssl.SSLContext:
    context = permissive_context()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
    return context


@pytest.mark.parametrize("name", TLS_POSTURES)
def test_the_handle_knows_the_certificate_that_is_shown(
    name: str, start_server: StartServer
) -> None:
    server = start_server(name)
    with Dialogue(server) as client:
        if server.protocol == "ftp":
            client.upgrade()
        shown = client.tls.getpeercert(binary_form=True)
    assert shown is not None
    assert server.certificate is not None
    assert hashlib.sha256(shown).hexdigest() == server.certificate.sha256


VERIFICATION: Final[dict[CertificateKind, int]] = {
    "valid": 0,
    "expired": 10,
    "not-yet-valid": 9,
    "self-signed": 18,
    "wrong-name": 64,  # asked for by address
}


@pytest.mark.parametrize(("kind", "code"), VERIFICATION.items(), ids=VERIFICATION)
def test_a_certificate_has_the_fault_of_its_name(
    kind: CertificateKind, code: int, start_server: StartServer
) -> None:
    server = start_server(Vsftpd(tls=Tls(certificate=kind)))
    assert server.certificate is not None
    context = ssl.create_default_context(cafile=str(server.certificate.authority))
    assert _verification(server, context) == code


def _verification(server: Server, context: ssl.SSLContext) -> int:
    with socket.create_connection((server.host, server.port), timeout=5) as plain:
        plain.recv(512)
        plain.sendall(b"AUTH TLS\r\n")
        plain.recv(512)
        try:
            with context.wrap_socket(plain, server_hostname="127.0.0.1"):
                return 0
        except ssl.SSLCertVerificationError as refused:
            return refused.verify_code


def test_a_small_key_is_shown_where_the_server_is_told_to_accept_it(
    start_server: StartServer,
) -> None:
    options = Vsftpd(tls=Tls(certificate="small-key", ciphers="ALL:@SECLEVEL=0"))
    with Dialogue(start_server(options)) as client:
        client.upgrade()
        shown = client.tls.getpeercert(binary_form=True)
    assert shown is not None
    assert len(shown) < 1000


def test_certificates_are_made_apart_and_their_secrets_kept(tmp_path: Path) -> None:
    first = make_certificate(tmp_path / "first")
    second = make_certificate(tmp_path / "second")
    assert isinstance(first, Certificate)
    assert first.sha256 != second.sha256
    assert first.not_before < first.not_after
    for secret in (first.key, first.combined):
        assert secret.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("vsftpd-plain", 550),
        ("vsftpd-writable", 226),
        ("proftpd-plain", 550),
        ("proftpd-writable", 226),
        ("pureftpd-plain", 550),
        ("pureftpd-uploads", 226),
        ("inetutils-plain", 226),  # it knows no rights but those of the file system
        ("pyftpdlib-plain", 550),
        ("pyftpdlib-writable", 226),
        ("aioftp-plain", 550),
    ],
)
def test_anonymous_writes_only_where_the_posture_lets_it(
    name: str, code: int, start_server: StartServer
) -> None:
    server = start_server(name)
    with Dialogue(server) as client:
        assert client.log_in() == 230
        assert client.upload("STOR incoming/new.txt", b"synthetic\n").code == code
    assert (server.root / "incoming/new.txt").exists() == (code == 226)


@pytest.mark.parametrize("server", ["vsftpd-nat", "proftpd-nat", "pureftpd-nat"], indirect=True)
def test_a_server_behind_nat_announces_the_address_it_was_told(server: Server) -> None:
    with Dialogue(server) as client:
        client.log_in()
        assert "(127,66,66,66," in client.ask("PASV").lines[0]


@pytest.mark.parametrize("server", ["vsftpd-no-epsv"], indirect=True)
def test_a_denied_command_is_refused(server: Server) -> None:
    with Dialogue(server) as client:
        client.log_in()
        assert client.codes("EPSV", "PASV") == [550, 227]


def test_listing_may_be_denied_by_one_command_and_had_by_another(
    start_server: StartServer,
) -> None:
    with Dialogue(start_server("proftpd-only-mlsd")) as client:
        client.log_in()
        assert client.transfer("LIST").data == b""
        assert b"export" in client.transfer("MLSD").data


def test_a_denied_listing_may_be_had_on_the_control_connection(start_server: StartServer) -> None:
    with Dialogue(start_server("proftpd-no-listing")) as client:
        client.log_in()
        assert client.transfer("MLSD").final.code == 550
        assert "export" in "".join(client.ask("STAT /").lines)


def test_a_denied_file_is_listed_and_not_handed_out(start_server: StartServer) -> None:
    with Dialogue(start_server("vsftpd-denied-files")) as client:
        client.log_in()
        assert b"members.csv" in client.transfer("LIST export").data
        assert client.transfer(f"RETR {CSV_PATH}").final.code == 550


@pytest.mark.parametrize(
    "name",
    ["vsftpd-plain", "proftpd-plain", "pureftpd-plain", "inetutils-plain", "pyftpdlib-plain"],
)
def test_every_command_of_a_session_is_in_the_log(name: str, start_server: StartServer) -> None:
    server = start_server(name)
    with Dialogue(server) as client:
        client.codes("USER anonymous", f"PASS {GUEST}", "SITE HELP", "NONSENSE now")
        client.transfer("LIST -a")
    server.settle()
    assert server.commands()[0].upper() == "USER ANONYMOUS"
    assert server.verbs() == ["USER", "PASS", "SITE", "NONSENSE", "EPSV", "LIST"]
    assert "SITE HELP" in [line.upper() for line in server.commands()]


@pytest.mark.parametrize(
    "name", ["vsftpd-tls-optional", "proftpd-tls-on", "pureftpd-tls-2", "pyftpdlib-tls-optional"]
)
def test_commands_inside_tls_are_in_the_log_and_passwords_are_not(
    name: str, start_server: StartServer
) -> None:
    server = start_server(name)
    password = server.user("transfer").password
    with Dialogue(server) as client:
        client.upgrade()
        assert client.log_in("transfer", password) == 230
        client.protect()
        client.transfer("LIST")
    server.settle()
    assert server.verbs() == ["AUTH", "USER", "PASS", "PBSZ", "PROT", "EPSV", "LIST"]
    assert password not in server.log_text()


def test_every_command_that_aioftp_receives_is_in_its_log(start_server: StartServer) -> None:
    server = start_server("aioftp-plain")
    with Dialogue(server) as client:
        client.codes("USER anonymous", "NONSENSE now")
        client.transfer("LIST")
    server.settle()
    assert server.commands() == ["USER anonymous", "NONSENSE now", "EPSV", "LIST"]


@pytest.mark.parametrize(
    "name", ["vsftpd-plain", "proftpd-plain", "pureftpd-plain", "inetutils-plain"]
)
def test_the_planted_tree_is_served(name: str, start_server: StartServer) -> None:
    server = start_server(name)
    with Dialogue(server) as client:
        client.log_in()
        client.ask("TYPE I")
        names = client.transfer("NLST").data
        assert client.transfer(f"RETR {CSV_PATH}").data == CSV_TEXT.encode()
    assert LATIN1_NAME in names
    assert SPACED_NAME.encode() in names
    assert names.count(b"\n") >= 7


def test_a_planted_tree_holds_what_a_walk_can_stumble_over(tmp_path: Path) -> None:
    tree = plant(tmp_path)
    assert tree.hidden == {b".hidden-notes"}
    assert LATIN1_NAME in tree.visible
    assert (tmp_path / "loop/loop/loop/export").is_dir()
    assert not (tmp_path / "dangling").exists()
    assert (tmp_path / "nested/one/back").resolve() == tmp_path
    assert empty(tmp_path).root == tmp_path


class Methods(NamedTuple):
    user: str
    offered: set[str]


NO_METHOD_NEEDED: Final[set[str]] = set()
METHODS: Final = {
    "openssh-keys": Methods("transfer", {"publickey"}),
    "openssh-password": Methods("transfer", {"publickey", "password"}),
    "openssh-keyboard-interactive": Methods(
        "transfer", {"publickey", "password", "keyboard-interactive"}
    ),
    "openssh-two-factors": Methods("transfer", {"publickey"}),
    "openssh-chrooted": Methods("transfer", {"publickey", "password"}),
    "openssh-blank": Methods("blank", NO_METHOD_NEEDED),
    "dropbear-keys": Methods("transfer", {"publickey"}),
    "dropbear-password": Methods("transfer", {"publickey", "password"}),
    "dropbear-blank": Methods("blank", NO_METHOD_NEEDED),
    "proftpd-sftp": Methods("transfer", {"publickey", "password"}),
}


@pytest.mark.parametrize(("name", "expected"), METHODS.items(), ids=METHODS)
def test_the_ssh_methods_are_those_of_the_posture(
    name: str, expected: Methods, start_server: StartServer
) -> None:
    with _transport(start_server(name)) as transport:
        assert _offered(transport, expected.user) == expected.offered


def _offered(transport: paramiko.Transport, user: str) -> set[str]:
    try:
        transport.auth_none(user)
    except paramiko.BadAuthenticationType as refused:
        return set(refused.allowed_types)
    return NO_METHOD_NEEDED


def _transport(server: Server) -> paramiko.Transport:
    transport = paramiko.Transport((server.host, server.port))
    transport.start_client(timeout=10)
    return transport


@pytest.mark.parametrize("name", [name for name in METHODS if not name.endswith("-blank")])
def test_the_handle_knows_the_host_key_and_lets_its_client_key_in(
    name: str, start_server: StartServer
) -> None:
    server = start_server(name)
    with _transport(server) as transport:
        shown = transport.get_remote_server_key()
        assert shown.asbytes() in {key.blob for key in server.host_keys}
        assert shown.fingerprint in {key.fingerprint for key in server.host_keys}
        left = transport.auth_publickey("transfer", _client_key(server))
        assert left == (["password"] if name == "openssh-two-factors" else [])


def _client_key(server: Server) -> paramiko.PKey:
    assert server.client_key is not None
    return paramiko.Ed25519Key.from_private_key_file(str(server.client_key.private))


def test_two_factors_let_in_only_together(start_server: StartServer) -> None:
    server = start_server("openssh-two-factors")
    with _transport(server) as transport:
        transport.auth_publickey("transfer", _client_key(server))
        assert not transport.is_authenticated()
        transport.auth_password("transfer", server.user("transfer").password)
        assert transport.is_authenticated()


@pytest.mark.parametrize("name", ["openssh-password", "dropbear-password", "proftpd-sftp"])
def test_a_key_authorised_while_the_server_runs_is_let_in(
    name: str, start_server: StartServer
) -> None:
    server = start_server(name)
    key = paramiko.ECDSAKey.generate()
    with _transport(server) as transport, pytest.raises(paramiko.AuthenticationException):
        transport.auth_publickey("partner", key)
    server.authorise("partner", f"{key.get_name()} {key.get_base64()}")
    with _transport(server) as transport:
        assert transport.auth_publickey("partner", key) == []


SFTP_SERVERS: Final = (
    "openssh-password",
    "openssh-chrooted",
    "openssh-keyboard-interactive",
    "dropbear-password",
    "proftpd-sftp",
)


@pytest.mark.parametrize("name", SFTP_SERVERS)
def test_sftp_requests_and_refused_logins_are_in_the_log(
    name: str, start_server: StartServer
) -> None:
    server = start_server(name)
    with _transport(server) as transport, pytest.raises(paramiko.AuthenticationException):
        transport.auth_password("transfer", "not-the-password", fallback=False)
    with _transport(server) as transport:
        transport.auth_password("transfer", server.user("transfer").password, fallback=False)
        sftp = paramiko.SFTPClient.from_transport(transport)
        assert sftp is not None
        assert sftp.listdir("export") == ["members.csv"]
        with sftp.open(CSV_PATH) as file:
            assert file.read(9) == b"member_id"
    server.settle()
    assert server.failed_logins() == 1
    requests = [verb for verb in server.verbs() if verb not in {"init", "realpath", "stat"}]
    listing = ["opendir", "readdir", "readdir", "close"]
    assert requests == [*listing, "open", "read", "close"]


def test_the_chrooted_user_sees_the_served_folder_as_root(start_server: StartServer) -> None:
    server = start_server("openssh-chrooted")
    with _transport(server) as transport:
        transport.auth_password("transfer", server.user("transfer").password)
        sftp = paramiko.SFTPClient.from_transport(transport)
        assert sftp is not None
        assert sftp.normalize(".") == "/"
        assert sftp.stat("/export/members.csv").st_size == len(CSV_TEXT)


def test_the_legacy_server_offers_old_algorithms_only(start_server: StartServer) -> None:
    server = start_server("openssh-legacy")
    key_exchanges, host_keys, ciphers, macs = _offered_algorithms(server)
    assert key_exchanges == [
        "diffie-hellman-group1-sha1",
        "diffie-hellman-group14-sha1",
        "kex-strict-s-v00@openssh.com",
    ]
    assert host_keys == ["ssh-rsa", "ssh-dss"]
    assert ciphers == ["3des-cbc", "aes128-cbc"]
    assert macs == ["hmac-md5", "hmac-sha1-96"]
    assert [key.algorithm for key in server.host_keys] == ["ssh-rsa", "ssh-dss"]


def _offered_algorithms(server: Server) -> list[list[str]]:
    """Read KEXINIT (RFC 4253 section 7.1): key exchanges, host keys, ciphers and MACs to us."""
    with socket.create_connection((server.host, server.port), timeout=5) as plain:
        stream = plain.makefile("rb")
        assert stream.readline().startswith(b"SSH-2.0-")
        plain.sendall(b"SSH-2.0-test\r\n")
        (length,) = struct.unpack(">I", stream.read(4))
        payload = stream.read(length)[1:]
        stream.close()
    lists, position = [], 17
    for _ in range(6):
        (size,) = struct.unpack_from(">I", payload, position)
        lists.append(payload[position + 4 : position + 4 + size].decode("ascii").split(","))
        position += 4 + size
    return [lists[0], lists[1], lists[3], lists[5]]


@pytest.mark.parametrize("posture", POSTURES.values(), ids=POSTURES)
def test_a_stopped_server_leaves_no_process_and_no_folder(posture: Posture) -> None:
    with (
        posture.running() as server,
        socket.create_connection((server.host, server.port), timeout=5) as client,
    ):
        client.sendall(b"\r\n")
        if server.protocol == "ftp":
            assert client.recv(64)
        workspace = server.root.parent
        processes = {server.process.pid, *server.process.sessions()}
        assert workspace.is_dir()
    assert not workspace.exists()
    deadline = time.monotonic() + _DYING
    while (left := {pid for pid in processes if _alive(pid)}) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not left
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((server.host, server.port), timeout=5)


_DYING = 5.0
"""Seconds that the kernel may take to carry out a kill on a busy machine."""


def _alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="latin-1")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def test_settling_gives_up_while_a_client_is_still_there(start_server: StartServer) -> None:
    server = start_server("vsftpd-plain")
    with Dialogue(server) as client:
        client.log_in()
        with pytest.raises(TimeoutError):
            server.settle(0.05)
    server.settle()
    assert server.process.sessions() == ()


def test_several_servers_run_beside_one_another(start_server: StartServer) -> None:
    servers = [start_server("vsftpd-plain") for _ in range(3)]
    assert len({server.port for server in servers}) == 3
    with Dialogue(servers[1]) as client:
        client.log_in()
    for server in servers:
        server.settle()
    assert [server.verbs() for server in servers] == [[], ["USER", "PASS"], []]


def test_a_server_that_refuses_its_configuration_says_so(start_server: StartServer) -> None:
    with pytest.raises(ServerStartError, match="no_such_setting"):
        start_server(Vsftpd(extra=("no_such_setting=YES",)))


@pytest.mark.parametrize("options", [Vsftpd(), Pureftpd(), Openssh()])
def test_starting_without_root_is_refused_in_words(
    options: Vsftpd | Pureftpd | Openssh,
    start_server: StartServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(RootRequiredError, match="root"):
        start_server(options)


def test_only_ssh_servers_take_keys(start_server: StartServer) -> None:
    server = start_server("vsftpd-plain")
    with pytest.raises(TypeError, match="transfer"):
        server.authorise("transfer", "ssh-ed25519 AAAA")
