"""What a scan tells whoever waits for its exit code: 0, 1 and 3."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.command.console import Console
from tests.command.papers import entry, entry_of, secret, written
from tests.servers.fixtures import StartServer


def test_a_server_without_findings_whose_every_answer_was_seen_is_0(
    console: Console, start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server("openssh-password")
    account = {
        "username": "transfer",
        "password": secret(tmp_path, "password", server.user("transfer").password),
    }
    written(tmp_path, entry_of(server, "strict", accounts=[account]))
    # The planted export lies in clear, which is critical to nobody but its account's holder.
    told = console.scan("run", "targets.json", "--fail-on", "critical")
    assert told.returncode == 0, told.stdout + told.stderr
    assert "incomplete" not in told.stderr


def test_a_hardened_server_seen_by_nobody_in_particular_is_0(
    console: Console, start_server: StartServer
) -> None:
    server = start_server("openssh-keys")
    told = console.scan("host", f"127.0.0.1:{server.port}")
    assert (told.returncode, told.stderr) == (0, "")


def test_the_threshold_decides_between_0_and_1(console: Console, start_server: StartServer) -> None:
    server = start_server("vsftpd-no-anonymous")
    place = f"127.0.0.1:{server.port}"
    assert console.scan("host", place, "--fail-on", "critical").returncode == 0
    assert console.scan("host", place).returncode == 1
    assert console.scan("host", place, "--fail-on", "info").returncode == 1


@pytest.mark.parametrize("command", ["host", "run"])
def test_an_open_zone_is_1(
    console: Console, start_server: StartServer, tmp_path: Path, command: str
) -> None:
    server = start_server("vsftpd-plain")
    targets = written(tmp_path, entry_of(server, "open"))
    words = {"host": ("127.0.0.1", "--targets", targets), "run": (targets,)}
    told = console.scan(command, *words[command])
    assert told.returncode == 1
    assert "Traceback" not in told.stderr


def test_findings_go_before_what_stayed_undone(
    console: Console, start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server("vsftpd-plain")
    written(tmp_path, entry_of(server, "open"), entry(1, "closed"))
    told = console.scan("run", "targets.json")
    assert told.returncode == 1
    assert "scan: incomplete: closed: " in told.stderr


def test_a_declared_port_that_is_closed_is_3(console: Console, tmp_path: Path) -> None:
    written(tmp_path, entry(1, "closed"))
    told = console.scan("run", "targets.json")
    assert told.returncode == 3
    assert "scan: incomplete: closed: " in told.stderr


def test_a_declared_port_that_speaks_something_else_is_3(
    console: Console, start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server("openssh-keys")
    written(tmp_path, entry(server.port, "confused", "ftp"))
    assert console.scan("run", "targets.json").returncode == 3


def test_default_ports_that_nobody_declared_leave_nothing_undone(
    console: Console, start_server: StartServer, tmp_path: Path
) -> None:
    """On 127.9.8.7 nothing listens on 21, 990 and 22: the asset was not reached at all."""
    written(tmp_path, {"host": "127.9.8.7", "asset": "nobody"})
    assert console.scan("run", "targets.json").returncode == 3


@pytest.mark.parametrize("posture", ["openssh-password", "vsftpd-tls-only-users"])
def test_a_supplied_password_that_is_wrong_is_3(
    console: Console, start_server: StartServer, tmp_path: Path, posture: str
) -> None:
    server = start_server(posture)
    account = {"username": "transfer", "password": secret(tmp_path, "password", "wrong-1942")}
    written(tmp_path, entry_of(server, "strict", accounts=[account]))
    told = console.scan("run", "targets.json", "--fail-on", "critical")
    assert told.returncode == 3
    assert "scan: incomplete: strict: " in told.stderr
    assert "wrong-1942" not in told.stdout + told.stderr
    server.settle()
    assert 0 < server.failed_logins() <= 4


def test_a_wrong_password_is_not_hidden_by_a_right_one(
    console: Console, start_server: StartServer, tmp_path: Path
) -> None:
    """What one account sees fails below the threshold; the other could not look at all."""
    server = start_server("openssh-password")
    right = secret(tmp_path, "right", server.user("transfer").password)
    wrong = secret(tmp_path, "wrong", "wrong-1942")
    accounts = [
        {"username": "transfer", "password": right},
        {"username": "partner", "password": wrong},
    ]
    written(tmp_path, entry_of(server, "strict", accounts=accounts))
    told = console.scan("run", "targets.json", "--fail-on", "critical")
    assert told.returncode == 3
    assert "partner" in told.stderr


def test_a_silent_port_is_3(console: Console, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        written(tmp_path, entry(port, "mute", timeout_seconds=0.3))
        told = console.scan("run", "targets.json")
    assert told.returncode == 3
    assert "scan: incomplete: mute: " in told.stderr
