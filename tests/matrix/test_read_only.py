"""What servers log of whole scans with accounts: nothing but reading, and few failing logins."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from scanner.api import ScanDocument
from scanner.api.job import Clock
from scanner.clients.ftp_verbs import READ_ONLY_VERBS
from scanner.clients.sftp import READ_ONLY_REQUESTS
from scanner.model.attempts import MOST_FAILURES
from scanner.model.view import CredentialStatus
from tests.matrix import lab
from tests.servers import Server
from tests.servers.fixtures import StartServer

REQUESTS: Final = frozenset(request.name.lower() for request in READ_ONLY_REQUESTS)
"""The allow-list of SFTP requests, as servers name them in their logs."""
CHANGES: Final = frozenset(
    [
        "write",
        "remove",
        "rename",
        "posix-rename",
        "mkdir",
        "rmdir",
        "setstat",
        "fsetstat",
        "symlink",
        "hardlink",
        "stor",
        "stou",
        "appe",
        "dele",
        "mkd",
        "xmkd",
        "rmd",
        "xrmd",
        "rnfr",
        "rnto",
        "mfmt",
        "allo",
    ]
)
"""What no scan may ever ask for, whatever the allow-lists say."""

SECRET: Final = "MATRIX_PASSWORD"
FULL: Final = (
    "vsftpd-tls-optional",
    "vsftpd-tls-only-users",
    "proftpd-tls-off",
    "proftpd-tls-on",
    "pureftpd-tls-1",
    "pyftpdlib-tls-optional",
    "pyftpdlib-tls-required",
    "aioftp-implicit",
    "proftpd-sftp",
    "openssh-password",
    "openssh-chrooted",
    "dropbear-password",
)

CLEAR: Final = (
    "vsftpd-writable",
    "proftpd-writable",
    "pureftpd-uploads",
    "inetutils-plain",
    "pyftpdlib-writable",
    "aioftp-plain",
)
"""Where nobody's password is sent, since there is no TLS to send it in."""


HARMLESS: Final = frozenset({"SITE HELP", "PORT 192,0,2,1,80,80", "EPRT |1|192.0.2.1|20560|"})
"""The one form in which these verbs may arrive."""


def _entry(server: Server, **more: Any) -> dict[str, Any]:
    accounts = [{"username": "transfer", "password": f"env:{SECRET}"}]
    return lab.listed(server, accounts=accounts, **lab.trust_in(server), **more)


def _status(document: ScanDocument) -> CredentialStatus:
    facts = lab.endpoint_of(document).facts
    assert facts is not None
    (account,) = facts.accounts
    return account.status


@pytest.mark.parametrize("name", FULL)
def test_a_whole_scan_only_reads(
    name: str, start_server: StartServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start_server(name)
    monkeypatch.setenv(SECRET, server.user("transfer").password)
    before = _everything_in(server.root)
    document = lab.scan_listed(lab.write_targets(tmp_path, _entry(server)), tmp_path / "state")
    assert _status(document) is CredentialStatus.ACCEPTED
    server.settle()
    verbs = set(server.verbs())
    if server.protocol == "sftp":
        assert {"opendir", "readdir", "read"} <= verbs <= REQUESTS
        assert _open_modes(server) <= {"READ"}
    else:
        assert {"PASS", "RETR", "QUIT"} <= verbs <= READ_ONLY_VERBS
        told = {" ".join(line.split()) for line in server.commands()}
        assert {line for line in told if line.startswith(("SITE", "PORT", "EPRT"))} <= HARMLESS
    assert not {verb.lower() for verb in verbs} & CHANGES
    assert _everything_in(server.root) == before


@pytest.mark.parametrize("name", CLEAR)
def test_a_scan_by_nobody_in_particular_only_reads(
    name: str, start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server(name)
    before = _everything_in(server.root)
    lab.scan_ad_hoc(server, tmp_path / "state")
    server.settle()
    verbs = set(server.verbs())
    assert {"USER", "CWD", "RETR", "QUIT"} <= verbs <= READ_ONLY_VERBS
    assert not {verb.lower() for verb in verbs} & CHANGES
    assert _everything_in(server.root) == before


def _open_modes(server: Server) -> set[str]:
    """Return how files were opened, where sftp-server tells: ``open "NAME" flags READ``."""
    return set(re.findall(r'open "[^"]*" flags (\S+)', server.log_text()))


def _everything_in(root: Path) -> dict[Path, tuple[int, int, float]]:
    found = (path for path in root.rglob("*") if not path.is_symlink())
    status = {path: path.stat() for path in found if path.parent.name != "dev"}
    return {path: (told.st_mode, told.st_size, told.st_mtime) for path, told in status.items()}


def test_sftp_files_are_opened_for_reading(
    start_server: StartServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start_server("openssh-password")
    monkeypatch.setenv(SECRET, server.user("transfer").password)
    lab.scan_listed(lab.write_targets(tmp_path, _entry(server)), tmp_path / "state")
    server.settle()
    assert _open_modes(server) == {"READ"}


def _refused_over_ftp(server: Server) -> int:
    return server.failed_logins()


def _refused_over_ssh(server: Server) -> int:
    """Count refused passwords and the users of whom only the methods were asked."""
    log = server.log_text()
    decoys = set(re.findall(r"\bzz-[0-9a-f]{8}\b", log))
    nameless = log.count("Login attempt for nonexistent user")  # as Dropbear has it
    return len(decoys) + nameless + len(re.findall(REFUSED_PASSWORD, log))


REFUSED_PASSWORD: Final = (
    r"Failed password for transfer |Bad password attempt for 'transfer'"
    r"|USER transfer \(Login failed\)"
)
FAILING: Final[dict[str, Callable[[Server], int]]] = {
    "vsftpd-tls-only-users": _refused_over_ftp,
    "vsftpd-no-anonymous": _refused_over_ftp,
    "proftpd-no-anonymous": _refused_over_ftp,
    "inetutils-no-anonymous": _refused_over_ftp,
    "pyftpdlib-no-anonymous": _refused_over_ftp,
    "proftpd-sftp": _refused_over_ssh,
    "openssh-password": _refused_over_ssh,
    "dropbear-password": _refused_over_ssh,
}


@pytest.mark.parametrize(("name", "failed"), FAILING.items(), ids=FAILING)
def test_five_scans_cost_an_address_four_failing_logins_in_all(
    name: str,
    failed: Callable[[Server], int],
    start_server: StartServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = start_server(name)
    targets = lab.write_targets(tmp_path, _entry(server))
    counted = 0
    for number in range(5):
        monkeypatch.setenv(SECRET, f"never-right-{number}")
        document = lab.scan_listed(targets, tmp_path / "state")
        counted += lab.endpoint_of(document).effort.logins_failed
    server.settle()
    assert failed(server) == counted == MOST_FAILURES
    assert document.exit_code == (1 if "no-anonymous" in name else 3)


def test_the_budget_comes_back_after_a_day(
    start_server: StartServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start_server("vsftpd-tls-only-users")
    targets = lab.write_targets(tmp_path, _entry(server))
    failed = []
    for hours in (0, 1, 23, 25):
        monkeypatch.setenv(SECRET, f"never-right-{hours}")
        lab.scan_listed(targets, tmp_path / "state", _later(hours))
        server.settle()
        failed.append(server.failed_logins())
    # A refused account and two anonymous names; then what is left; then nothing; a day later anew.
    assert failed == [3, 4, 4, 7]


def _later(hours: int) -> Clock:
    start = datetime.now(UTC)
    return lambda: start + timedelta(hours=hours)


@pytest.mark.parametrize("name", ["vsftpd-tls-only-users", "openssh-password"])
def test_a_refused_password_is_tried_once_over_nights_and_hosts_until_it_changes(
    name: str, start_server: StartServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    servers = [start_server(name) for _ in range(2)]
    targets = lab.write_targets(tmp_path, *(_entry(server) for server in servers))
    tried = []
    for night, secret in enumerate(["expired", "expired", "mistyped", "mistyped"]):
        monkeypatch.setenv(SECRET, secret)
        result = lab.run_listed(targets, tmp_path / "state", _later(25 * night))
        assert result.hosts == 2
        tried.append(sum(_refused_to_transfer(server) for server in servers))
    assert tried == [1, 1, 2, 2]


def _refused_to_transfer(server: Server) -> int:
    """Count the refused passwords of ``transfer`` alone, not those of anonymous or decoys."""
    server.settle()
    refused = r"\[transfer\] FAIL LOGIN|Failed password for transfer "
    return len(re.findall(refused, server.log_text()))


def test_a_changed_password_that_is_right_is_accepted_on_every_host(
    start_server: StartServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start_server("openssh-password")
    targets = lab.write_targets(tmp_path, _entry(server))
    statuses = []
    for secret in ("expired", "expired", server.user("transfer").password):
        monkeypatch.setenv(SECRET, secret)
        statuses.append(_status(lab.scan_listed(targets, tmp_path / "state")))
    assert statuses == ["refused", "not-sent", "accepted"]
