"""One server under two names, in one run: two assets, for their papers differ, and one fact."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest

from scanner.api import RunResult, assess
from scanner.model.attempts import MOST_FAILURES
from scanner.schemas.catalogue import load_schema
from tests.matrix import lab
from tests.servers import MODERN, Openssh, Server, Tls, Vsftpd
from tests.servers.fixtures import StartServer
from tests.servers.process import Place

FILES, ARCHIVE = "files.example.invalid", "archive.example.invalid"
TWO: Final = "127.0.0.2"


def _named(server: Server, host: str, **more: Any) -> dict[str, Any]:
    asset = host.partition(".")[0]
    return lab.at(server.port, server.protocol, **{"host": host, "asset": asset, **more})


def _run(folder: Path, *targets: dict[str, Any], archive: str = "127.0.0.1") -> RunResult:
    path = lab.write_targets(folder, *targets, scope=lab.LOOPBACK)
    names = lab.Names(files=["127.0.0.1"], archive=[archive])
    return lab.run_listed(path, folder / "state", resolver=names)


def _aliases(document: dict[str, Any]) -> dict[str, list[str]]:
    return {host["asset"]: host["aliases"] for host in document["hosts"]}


@pytest.mark.parametrize(
    ("posture", "keys"), [("vsftpd-plain", 0), ("vsftpd-tls-optional", 1), ("openssh-keys", 3)]
)
def test_one_server_under_two_names_is_told_once(
    posture: str, keys: int, start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server(posture)
    result = _run(tmp_path, _named(server, FILES), _named(server, ARCHIVE))
    document = lab.report_in(result)
    jsonschema.validate(document, load_schema("report"))
    assert _aliases(document) == {"files": [ARCHIVE], "archive": [FILES]}
    (fact,) = document["fleet"]
    told = {name: fact[name] for name in ("kind", "assets", "names", "address", "ports")}
    assert told == {
        "kind": "same-server",
        "assets": ["archive", "files"],
        "names": [ARCHIVE, FILES],
        "address": "127.0.0.1",
        "ports": [server.port],
    }
    assert len(fact["keys"]) == keys
    if server.host_keys:
        assert set(fact["keys"]) == {key.fingerprint for key in server.host_keys}
    elif server.certificate is not None:
        assert fact["keys"] == [lab.pin(server.certificate)]
    before = (result.folder / "report.json").read_bytes()
    assess(result.folder)
    assert (result.folder / "report.json").read_bytes() == before


def test_one_host_key_at_two_addresses_is_a_lead_and_no_alias(
    start_server: StartServer, tmp_path: Path
) -> None:
    one = start_server(Openssh(host_key_kinds=("ed25519",)))
    place = Place(address=TWO, port=one.port)
    start_server(Openssh(host_key_kinds=("ed25519",), place=place))
    result = _run(tmp_path, _named(one, FILES), _named(one, ARCHIVE), archive=TWO)
    document = lab.report_in(result)
    assert _aliases(document) == {"files": [], "archive": []}
    (fact,) = document["fleet"]
    assert (fact["kind"], fact["keys"]) == ("shared-key", [one.host_keys[0].fingerprint])
    assert (fact["assets"], fact["addresses"]) == (["archive", "files"], ["127.0.0.1", TWO])


def test_two_servers_share_nothing(start_server: StartServer, tmp_path: Path) -> None:
    one = start_server(Vsftpd(tls=MODERN))
    tls = Tls(owner="another")
    start_server(Vsftpd(tls=tls, place=Place(address=TWO, port=one.port)))
    result = _run(tmp_path, _named(one, FILES), _named(one, ARCHIVE), archive=TWO)
    document = lab.report_in(result)
    assert _aliases(document) == {"files": [], "archive": []}
    assert document["fleet"] == []


def test_two_names_of_one_address_have_four_failing_logins_between_them(
    start_server: StartServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start_server(Vsftpd(anonymous=False, local_users=True, tls=MODERN))
    assert server.certificate is not None
    tls = {"ca": str(server.certificate.authority), "server_name": "localhost"}
    entries = []
    for host in (FILES, ARCHIVE):
        accounts = []
        for number in range(3):
            name = f"WRONG_{host[0]}{number}".upper()
            monkeypatch.setenv(name, f"not-the-password-{name}")
            accounts.append({"username": f"user{number}", "password": f"env:{name}"})
        entries.append(_named(server, host, accounts=accounts, tls=tls))
    document = lab.report_in(_run(tmp_path, *entries))
    server.settle()
    assert server.failed_logins() == MOST_FAILURES
    # Three accounts of the name that came first, its anonymous login, and nobody else's.
    told = [
        (account["status"], account["view"].get("unobserved"))
        for host in document["hosts"]
        for endpoint in host["endpoints"]
        for account in endpoint["accounts"]
    ]
    refused, unsent = ("refused", "credential-refused"), ("not-sent", "attempt-budget")
    assert sorted(told) == sorted([refused] * 3 + [unsent] * 3)
    spent = sum(e["logins_failed"] for host in document["hosts"] for e in host["endpoints"])
    assert spent == MOST_FAILURES
