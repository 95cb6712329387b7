"""Host keys of real OpenSSH: in certificates, on several hosts, from one night to the next, and
beside what DNS publishes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scanner.api import RunResult, assess
from scanner.model.failure import FailureId
from scanner.model.finding import Verdict
from scanner.model.peer import PeerTrust
from scanner.model.view import CredentialStatus
from tests.matrix import lab
from tests.servers import Openssh, Server
from tests.servers.dnsmasq import dnsmasq, sshfp
from tests.servers.fixtures import StartServer
from tests.servers.openssh import running
from tests.servers.packages import Prefix
from tests.servers.process import Place, free_port
from tests.servers.ssh_certificates import EXPIRED, certify
from tests.servers.ssh_keys import KeyPair, make_host_keys, make_key

FILES, ARCHIVE = "files.example.invalid", "archive.example.invalid"
TWO = "127.0.0.2"
CERTIFICATE = "ssh-ed25519-cert-v01@openssh.com"
SECRET = "HOST_KEY_PASSWORD"
TRANSPORT = FailureId.PLAINTEXT_TRANSPORT


@dataclass
class Desk:
    prefix: Prefix
    folder: Path
    authority: KeyPair
    host: KeyPair

    def certified(self, *, only: bool = False, **made: Any) -> Openssh:
        """Return a server that shows a certificate of its key, or nothing else."""
        terms = {"principals": "127.0.0.1", **made}
        path = certify(self.prefix, self.folder, self.host, self.authority, **terms)
        algorithms = CERTIFICATE if only else ""
        return Openssh(
            host_key_kinds=("ed25519",),
            host_key_algorithms=algorithms,
            extra=(f"HostCertificate {path}",),
        )

    def known_hosts(self, *lines: str) -> str:
        path = self.folder / "known_hosts"
        words = {"ca": self.authority.public_line, "key": self.host.public_line}
        path.write_text("".join(line.format(**words) + "\n" for line in lines))
        return str(path)


@pytest.fixture
def desk(server_packages: Prefix, tmp_path: Path) -> Desk:
    (host,) = make_host_keys(server_packages, tmp_path, ("ed25519",))
    authority = make_key(server_packages, tmp_path, "ed25519", name="host-authority")
    return Desk(server_packages, tmp_path, authority, host)


def scan(server: Server, desk: Desk, monkeypatch: pytest.MonkeyPatch, **more: Any) -> Any:
    monkeypatch.setenv(SECRET, server.user("transfer").password)
    accounts = [{"username": "transfer", "password": f"env:{SECRET}"}]
    entry = lab.listed(server, accounts=accounts, **more)
    return lab.scan_listed(lab.write_targets(desk.folder, entry), desk.folder / "state")


@pytest.mark.parametrize("only", ["", "only"])
def test_a_host_certificate_of_a_listed_authority_is_verified_and_logged_in_to(
    only: str, desk: Desk, start_server: StartServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start_server(desk.certified(only=bool(only)))
    known = desk.known_hosts("@cert-authority 127.0.0.* {ca}")
    document = scan(server, desk, monkeypatch, known_hosts=known)
    facts = lab.ssh_of(document)
    keys = {key.algorithm: key for key in lab.seen(facts.host_keys)}
    assert set(keys) == ({CERTIFICATE} if only else {CERTIFICATE, "ssh-ed25519"})
    assert {key.trust for key in keys.values()} == {PeerTrust.VERIFIED}
    assert {key.fingerprint for key in keys.values()} == {desk.host.fingerprint}
    shown = keys[CERTIFICATE].certificate
    assert shown is not None
    assert (shown.principals, shown.authority) == (("127.0.0.1",), desk.authority.fingerprint)
    (account,) = facts.accounts
    assert account.status is CredentialStatus.ACCEPTED
    told = {each.facet: each.verdict for each in lab.findings(document, TRANSPORT)}
    assert told["ssh-host-key"] is Verdict.PASS


DOUBTED: dict[str, tuple[dict[str, Any], tuple[str, ...], PeerTrust]] = {
    "expired": ({"validity": EXPIRED}, ("@cert-authority * {ca}",), PeerTrust.EXPIRED),
    "another name": ({"principals": FILES}, ("@cert-authority * {ca}",), PeerTrust.MISMATCHED),
    "authority revoked": ({}, ("@cert-authority * {ca}", "@revoked * {ca}"), PeerTrust.REVOKED),
    "key revoked": ({}, ("@cert-authority * {ca}", "@revoked * {key}"), PeerTrust.REVOKED),
    "another authority": ({}, ("@cert-authority * {key}",), PeerTrust.UNTRUSTED),
}


@pytest.mark.parametrize("only", ["", "only"])
@pytest.mark.parametrize("case", DOUBTED)
def test_a_host_certificate_in_doubt_is_told_and_sent_nothing(
    case: str, only: str, desk: Desk, start_server: StartServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, lines, trust = DOUBTED[case]
    server = start_server(desk.certified(only=bool(only), **made))
    document = scan(server, desk, monkeypatch, known_hosts=desk.known_hosts(*lines))
    facts = lab.ssh_of(document)
    keys = {key.algorithm: key for key in lab.seen(facts.host_keys)}
    assert keys[CERTIFICATE].trust is trust
    (account,) = facts.accounts
    assert account.status is CredentialStatus.NOT_SENT
    told = {each.facet: each.verdict for each in lab.findings(document, TRANSPORT)}
    assert told["ssh-host-key"] is Verdict.FAIL
    server.settle()
    log = "".join(path.read_text() for path in server.logs if path.exists())
    assert "zz-" in log  # the decoy
    assert "for transfer" not in log
    assert "user transfer" not in log


# --- several hosts ---------------------------------------------------------------------


def _named(port: int, host: str, **more: Any) -> dict[str, Any]:
    return lab.at(port, "sftp", **{"host": host, "asset": host.partition(".")[0], **more})


def _run(folder: Path, *targets: dict[str, Any], night: int = 0, archive: str = TWO) -> RunResult:
    path = lab.write_targets(folder, *targets, scope=lab.LOOPBACK)
    names = lab.Names(files=["127.0.0.1"], archive=[archive])
    moment = datetime.now(UTC).replace(microsecond=0) + timedelta(days=night)
    return lab.run_listed(path, folder / "state", clock=lambda: moment, resolver=names)


def test_cloned_machines_are_told_by_the_key_inside_a_certificate(
    desk: Desk, start_server: StartServer
) -> None:
    one = start_server(desk.certified(only=True))
    place = Place(address=TWO, port=one.port)
    start_server(Openssh(host_key_kinds=("ed25519",), place=place))
    document = lab.report_in(_run(desk.folder, _named(one.port, FILES), _named(one.port, ARCHIVE)))
    (fact,) = document["fleet"]
    assert (fact["kind"], fact["keys"]) == ("shared-key", [desk.host.fingerprint])
    assert fact["addresses"] == ["127.0.0.1", TWO]


# --- from night to night ---------------------------------------------------------------


@pytest.fixture
def ssh_servers() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def _changed(result: RunResult) -> list[dict[str, Any]]:
    (host,) = lab.report_in(result)["hosts"]
    found = [finding for row in host["failures"] for finding in row["findings"]]
    return [each for each in found if each["facet"] == "ssh-key-changed"]


def test_a_host_key_that_changed_since_the_last_night_is_told(tmp_path: Path) -> None:
    place = Place(port=free_port())
    target = _named(place.port or 0, FILES)
    with running(Openssh(host_key_kinds=("ed25519",), place=place)) as server:
        old = server.host_keys[0].fingerprint
        first = _run(tmp_path, target)
        assert _changed(first) == []
    with running(Openssh(host_key_kinds=("ed25519", "rsa"), place=place)):
        (same,) = _changed(_run(tmp_path, target, night=1))
        assert same["verdict"] == "pass"  # a key of a new type is no change
    other = Openssh(host_key_kinds=("ed25519", "rsa"), place=place, key_owner="another")
    with running(other) as server:
        new = server.host_keys[0].fingerprint
        changed = _run(tmp_path, target, night=2)
        again = _run(tmp_path, target, night=3)
        listed = {"host_keys": [key.fingerprint for key in server.host_keys]}
    (found,) = _changed(changed)
    assert (found["verdict"], found["severity"], found["confidence"]) == ("fail", "medium", "weak")
    seen_last = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%d")
    for told in ("ssh-ed25519", "ssh-rsa", old, new, f"last seen {seen_last}"):
        assert told in found["summary"]
    (kept,) = _changed(again)
    assert kept["verdict"] == "pass"
    # Judged again from what was saved, it is the same.
    before = (changed.folder / "report.json").read_bytes()
    assess(changed.folder)
    assert (changed.folder / "report.json").read_bytes() == before
    with running(Openssh(host_key_kinds=("ed25519",), place=place)) as server:
        listed = {"host_keys": [server.host_keys[0].fingerprint]}
        (meant,) = _changed(_run(tmp_path, {**target, **listed}, night=4))
    assert meant["verdict"] == "pass"
    assert "the team lists the new one" in meant["summary"]


# --- DNS -------------------------------------------------------------------------------


def _sshfp(result: RunResult) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    (host,) = lab.report_in(result)["hosts"]
    (endpoint,) = host["endpoints"]
    found = [finding for row in host["failures"] for finding in row["findings"]]
    return endpoint, [each for each in found if each["facet"] == "ssh-sshfp"]


def _accounts(server: Server, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    monkeypatch.setenv(SECRET, server.user("transfer").password)
    return [{"username": "transfer", "password": f"env:{SECRET}"}]


@pytest.mark.parametrize("published", ["own", "other", "none"])
def test_what_dns_publishes_is_compared_and_trusts_nobody(
    published: str,
    desk: Desk,
    start_server: StartServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = start_server(Openssh(host_key_kinds=("ed25519",)))
    blob = {"own": desk.host.blob, "other": desk.authority.blob}.get(published)
    records = [] if blob is None else [(FILES, sshfp(blob, 4)), (FILES, sshfp(blob, 4, 1))]
    accounts = _accounts(server, monkeypatch)
    with dnsmasq(records, desk.folder) as names:
        resolver = f"127.0.0.1:{names.port}"
        target = _named(server.port, FILES, resolver=resolver, accounts=accounts)
        endpoint, found = _sshfp(_run(desk.folder, target))
    own = published == "own"
    expected = [] if blob is None else [(own, not own)] * 2
    told = endpoint["sshfp"]["records"]
    assert [(each["matches"], each["contradicts"]) for each in told] == expected
    assert not endpoint["sshfp"]["authenticated"]
    verdicts = {"own": ["pass"], "other": ["fail"], "none": []}[published]
    assert [each["verdict"] for each in found] == verdicts
    assert all(each["severity"] in {"info", "low"} for each in found)
    (account,) = endpoint["accounts"]
    assert account["status"] == "not-sent"


def test_without_a_resolver_nobody_is_asked(
    desk: Desk, start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server(Openssh(host_key_kinds=("ed25519",)))
    with dnsmasq([(FILES, sshfp(desk.host.blob, 4))], tmp_path, "--log-queries") as names:
        endpoint, found = _sshfp(_run(tmp_path, _named(server.port, FILES)))
        address = lab.at(server.port, "sftp", resolver=f"127.0.0.1:{names.port}")
        other, _ = _sshfp(_run(tmp_path, address))
    assert endpoint["sshfp"]["unobserved"] == other["sshfp"]["unobserved"] == "not-looked-at"
    assert found == []
    assert "query" not in (tmp_path / "dnsmasq.log").read_text()


def test_a_resolver_that_is_not_there_costs_the_scan_nothing_else(
    start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server(Openssh(host_key_kinds=("ed25519",)))
    target = _named(server.port, FILES, resolver=f"127.0.0.1:{free_port()}", timeout_seconds=2)
    endpoint, found = _sshfp(_run(tmp_path, target))
    assert endpoint["sshfp"]["unobserved"] in {"closed", "timeout", "unreachable"}
    assert [each["verdict"] for each in found] == ["unknown"]
    assert endpoint["methods"]["methods"] == ["publickey", "password"]
