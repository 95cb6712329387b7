from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from scanner.model.policies import BUILT_IN
from scanner.schemas.catalogue import load_schema
from tests.cli.shell import scan
from tests.servers import Openssh, Server
from tests.servers.fixtures import StartServer

STRICT = ("--no-allow-subset", "--no-allow-larger-keys")
NARROW = Openssh(
    key_exchanges="curve25519-sha256,diffie-hellman-group16-sha512",
    ciphers="aes256-gcm@openssh.com,aes256-ctr",
    macs="hmac-sha2-512-etm@openssh.com",
    passwords=False,
)


@pytest.fixture
def history(tmp_path: Path) -> str:
    return str(tmp_path / "history.sqlite")


def place(server: Server) -> str:
    return f"127.0.0.1:{server.port}"


def made(server: Server, history: str, *options: str) -> dict[str, Any]:
    told = scan("policy", "make", place(server), "--history", history, *options)
    assert (told.returncode, told.stderr) == (0, "")
    policy: dict[str, Any] = json.loads(told.stdout)
    schema = Draft202012Validator(load_schema("policy"), format_checker=FormatChecker())
    assert [error.message for error in schema.iter_errors(policy)] == []
    return policy


def written(folder: Path, server: Server, policy: str) -> str:
    endpoint = {"port": server.port, "protocol": "sftp"}
    target = {"host": "127.0.0.1", "asset": "a", "endpoints": [endpoint], "policy": policy}
    path = folder / "targets.json"
    path.write_text(
        json.dumps(
            {
                "version": 1,
                "authorisation": {"reference": "CHG-1", "scope": ["127.0.0.0/8"]},
                "targets": [target],
            }
        )
    )
    return str(path)


def finding(server: Server, folder: Path, history: str, policy: str) -> dict[str, Any]:
    file = written(folder, server, policy)
    told = scan("host", "a", "--targets", file, "--history", history, "--format", "json")
    (host,) = json.loads(told.stdout)["hosts"]
    every = [one for row in host["failures"] for one in row["findings"]]
    (found,) = [one for one in every if one["facet"] == "ssh-policy"]
    return dict(found)


def test_a_policy_made_of_a_server_is_met_by_it_and_by_no_other_posture(
    start_server: StartServer, tmp_path: Path, history: str
) -> None:
    good = start_server(NARROW)
    policy = made(good, history, "--name", "house", *STRICT)
    assert policy["kex"] == ["curve25519-sha256", "diffie-hellman-group16-sha512"]
    assert policy["ciphers"] == ["aes256-gcm@openssh.com", "aes256-ctr"]
    assert policy["macs"] == ["hmac-sha2-512-etm@openssh.com"]
    assert policy["methods"] == ["publickey"]
    assert policy["origin"] == place(good)
    assert not policy["allow_subset"]
    (tmp_path / "policy.json").write_text(json.dumps(policy))

    same = finding(good, tmp_path, history, "file:policy.json")
    assert (same["verdict"], same["summary"]) == ("pass", "as policy house, version 1")

    other = finding(start_server("openssh-password"), tmp_path, history, "file:policy.json")
    assert (other["verdict"], other["severity"]) == ("fail", "low")
    assert "unlike policy house, version 1: " in other["summary"]
    assert "methods offers password" in other["summary"]


def test_a_policy_of_a_listed_host_needs_no_secret_of_its_accounts(
    start_server: StartServer, tmp_path: Path, history: str
) -> None:
    server = start_server(NARROW)
    file = Path(written(tmp_path, server, "modern"))
    content = json.loads(file.read_text())
    content["targets"][0]["accounts"] = [{"username": "x", "password": "env:NO_SUCH_VARIABLE"}]
    file.write_text(json.dumps(content))
    told = scan("policy", "make", "a", "--targets", str(file), "--history", history)
    assert (told.returncode, told.stderr) == (0, "")
    assert json.loads(told.stdout)["macs"] == ["hmac-sha2-512-etm@openssh.com"]


def test_a_server_that_is_not_there_gives_one_line_and_no_policy(history: str) -> None:
    told = scan("policy", "make", "127.0.0.1:1", "--history", history)
    assert (told.returncode, told.stdout) == (3, "")
    assert told.stderr == (
        "scan: 127.0.0.1:1: no SSH key exchange was seen (connection refused); no policy was made\n"
    )


@pytest.mark.parametrize("server", ["vsftpd-plain"], indirect=True)
def test_a_server_of_another_kind_gives_one_line_and_no_policy(
    server: Server, history: str
) -> None:
    told = scan("policy", "make", place(server), "--history", history)
    assert (told.returncode, told.stdout) == (3, "")
    assert len(told.stderr.splitlines()) == 1
    assert "no policy was made" in told.stderr


def test_a_foreign_host_without_leave_is_refused(history: str) -> None:
    told = scan("policy", "make", "sftp.example.org", "--history", history)
    assert (told.returncode, told.stdout) == (2, "")
    assert "nothing authorises this scan" in told.stderr


def test_a_name_that_no_policy_can_have_is_refused() -> None:
    told = scan("policy", "make", "127.0.0.1:1", "--name", "My policy")
    assert (told.returncode, told.stdout) == (2, "")
    assert "--name: use lower case" in told.stderr


def test_the_built_in_policies_are_listed_and_shown() -> None:
    told = scan("policy", "list")
    assert (told.returncode, told.stderr) == (0, "")
    assert [line.split()[0] for line in told.stdout.splitlines()] == list(BUILT_IN)
    schema = Draft202012Validator(load_schema("policy"), format_checker=FormatChecker())
    for name in BUILT_IN:
        shown = json.loads(scan("policy", "show", name).stdout)
        assert shown["name"] == name
        assert [error.message for error in schema.iter_errors(shown)] == []


def test_a_policy_that_nobody_knows_is_not_shown() -> None:
    told = scan("policy", "show", "moden")
    assert (told.returncode, told.stdout) == (2, "")
    assert "known: modern, anssi, mozilla-modern" in told.stderr


@pytest.mark.parametrize("command", ["validate", "run"])
def test_a_faulty_policy_is_told_with_its_place(command: str, tmp_path: Path, history: str) -> None:
    (tmp_path / "policy.json").write_text('{\n  "name": "x",\n  "cyphers": ["aes256-ctr"]\n}\n')
    file = tmp_path / "targets.json"
    target = {"host": "127.0.0.1", "asset": "a", "policy": "file:policy.json"}
    leave = {"reference": "CHG-1", "scope": ["127.0.0.0/8"]}
    file.write_text(json.dumps({"version": 1, "authorisation": leave, "targets": [target]}))
    places = ["--reports", str(tmp_path / "r"), "--history", history] if command == "run" else []
    told = scan(command, str(file), *places)
    assert told.returncode == 2
    said = told.stdout if command == "validate" else told.stderr
    assert "policy.json:3: cyphers: is not a known key; did you mean 'ciphers'?" in said
    assert not (tmp_path / "r").exists()
