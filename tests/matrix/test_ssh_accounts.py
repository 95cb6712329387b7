"""Keys, certificates and several factors on real OpenSSH: each secret once, and told right."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from scanner.api import ScanDocument
from scanner.model.reading import Reason
from scanner.model.view import AccountView, CredentialStatus
from tests.matrix import lab
from tests.servers import Openssh, Server
from tests.servers.fixtures import StartServer
from tests.servers.packages import Prefix
from tests.servers.ssh_certificates import EXPIRED, certify
from tests.servers.ssh_keys import KeyKind, KeyPair, make_key

ACCEPTED, PARTIAL = CredentialStatus.ACCEPTED, CredentialStatus.PARTIAL
REFUSED, NOT_SENT = CredentialStatus.REFUSED, CredentialStatus.NOT_SENT


class Desk:
    """An authority of users, whom a server trusts, and the key of one."""

    def __init__(self, prefix: Prefix, folder: Path, kind: KeyKind = "ed25519") -> None:
        self.prefix, self.folder = prefix, folder
        self.authority = self.make("ed25519", "user-authority")
        self.user = self.make(kind, f"user-{kind}")

    def make(self, kind: KeyKind, name: str) -> KeyPair:
        return make_key(self.prefix, self.folder, kind, name=name)

    def trusting(self, **switches: Any) -> Openssh:
        path = self.folder / "authorities"
        path.write_text(self.authority.public_line + "\n", encoding="ascii")
        return Openssh(extra=(f"TrustedUserCAKeys {path}",), **switches)

    def certificate(self, **more: Any) -> Path:
        terms = {"principals": "transfer", "host": False, **more}
        authority = terms.pop("authority", self.authority)
        return certify(self.prefix, self.folder, self.user, authority, **terms)

    def scan(self, server: Server, **account: Any) -> ScanDocument:
        account = {"username": "transfer", **account}
        entry = lab.listed(server, accounts=[account], **lab.trust_in(server))
        return lab.scan_listed(lab.write_targets(self.folder, entry), self.folder / "state")


@pytest.fixture
def desk(server_packages: Prefix, tmp_path: Path) -> Desk:
    return Desk(server_packages, tmp_path)


def account_of(document: ScanDocument) -> AccountView:
    (account,) = lab.ssh_of(document).accounts
    return account


KINDS: list[KeyKind] = ["ed25519", "ecdsa", "rsa"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_certificate_lets_in_where_its_authority_is_trusted(
    kind: KeyKind, server_packages: Prefix, start_server: StartServer, tmp_path: Path
) -> None:
    desk = Desk(server_packages, tmp_path, kind)
    server = start_server(desk.trusting(passwords=False))
    key = {"private_key": f"file:{desk.user.private}"}
    document = desk.scan(server, certificate=str(desk.certificate()), **key)
    assert account_of(document).status is ACCEPTED
    assert lab.seen(account_of(document).view).walk.entries > 0
    server.settle()
    assert server.failed_logins() == 0


def test_the_key_alone_is_refused_there(desk: Desk, start_server: StartServer) -> None:
    server = start_server(desk.trusting(passwords=False))
    document = desk.scan(server, private_key=f"file:{desk.user.private}")
    assert account_of(document).status is REFUSED


def test_a_key_with_a_passphrase_goes_with_its_certificate(
    desk: Desk, start_server: StartServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start_server(desk.trusting(passwords=False))
    path = desk.certificate()
    command = [str(desk.prefix.program("ssh-keygen")), "-q", "-p", "-P", "", "-N", "made up"]
    subprocess.run([*command, "-f", str(desk.user.private)], check=True, capture_output=True)
    monkeypatch.setenv("MADE_UP", "made up")
    key = {"private_key": f"file:{desk.user.private}", "passphrase": "env:MADE_UP"}
    assert account_of(desk.scan(server, certificate=str(path), **key)).status is ACCEPTED


@pytest.mark.parametrize(
    "made",
    [{"validity": EXPIRED}, {"principals": "somebody-else"}, {"authority": "other"}],
    ids=str,
)
def test_a_certificate_that_is_refused_is_tried_once_until_it_is_renewed(
    made: dict[str, Any], desk: Desk, start_server: StartServer
) -> None:
    if "authority" in made:
        made = {"authority": desk.make("ed25519", "other-authority")}
    server = start_server(desk.trusting(passwords=False))
    terms = {"private_key": f"file:{desk.user.private}"}
    path = desk.certificate(**made)
    assert account_of(desk.scan(server, certificate=str(path), **terms)).status is REFUSED
    server.settle()
    assert server.failed_logins() == 1
    again = account_of(desk.scan(server, certificate=str(path), **terms))
    assert (again.status, lab.seen(again.view)) == (NOT_SENT, Reason.CREDENTIAL_REFUSED)
    renewed = account_of(desk.scan(server, certificate=str(desk.certificate()), **terms))
    assert renewed.status is ACCEPTED


@pytest.mark.parametrize("content", [None, "", "nonsense", "ssh-ed25519-cert-v01@openssh.com AAAA"])
def test_a_certificate_that_is_unusable_is_told_and_nothing_is_sent(
    content: str | None, desk: Desk, start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server(desk.trusting(passwords=False))
    path = tmp_path / "broken-cert.pub"
    if content is not None:
        path.write_text(content, encoding="ascii")
    document = desk.scan(server, private_key=f"file:{desk.user.private}", certificate=str(path))
    account = account_of(document)
    assert (account.status, lab.seen(account.view)) == (NOT_SENT, Reason.CREDENTIAL_MISSING)
    assert "certificate" in account.detail
    server.settle()
    assert server.failed_logins() == 0


def test_the_certificate_of_another_key_is_not_sent(desk: Desk, start_server: StartServer) -> None:
    server = start_server(desk.trusting(passwords=False))
    path = desk.certificate()
    other = desk.make("ed25519", "another-user")
    account = account_of(
        desk.scan(server, private_key=f"file:{other.private}", certificate=str(path))
    )
    assert account.status is NOT_SENT
    assert account.detail == "the certificate is of another key than the private key"


class Factors(NamedTuple):
    supplied: tuple[str, ...]
    status: CredentialStatus
    remaining: tuple[str, ...] = ()


COMBINATIONS: list[tuple[str, Factors]] = [
    ("publickey,password", Factors(("key",), PARTIAL, ("password",))),
    ("publickey,password", Factors(("certificate",), PARTIAL, ("password",))),
    ("publickey,password", Factors(("key", "password"), ACCEPTED)),
    ("publickey,password", Factors(("certificate", "password"), ACCEPTED)),
    ("publickey,password", Factors(("password",), NOT_SENT)),
    ("password,publickey", Factors(("password",), PARTIAL, ("publickey",))),
    ("password,keyboard-interactive", Factors(("password",), PARTIAL, ("keyboard-interactive",))),
    ("publickey,keyboard-interactive", Factors(("key",), PARTIAL, ("keyboard-interactive",))),
    ("publickey,keyboard-interactive", Factors(("key", "password"), ACCEPTED)),
    ("publickey,password,keyboard-interactive", Factors(("key",), PARTIAL, ("password",))),
    (
        "publickey,password,keyboard-interactive",
        Factors(("key", "password"), PARTIAL, ("keyboard-interactive",)),
    ),
    (
        "publickey,password publickey,keyboard-interactive",
        Factors(("key",), PARTIAL, ("password", "keyboard-interactive")),
    ),
    ("keyboard-interactive", Factors(("password",), ACCEPTED)),
]


def _named(case: tuple[str, Factors]) -> str:
    return f"{case[0]} with {' and '.join(case[1].supplied)}"


@pytest.mark.parametrize("case", COMBINATIONS, ids=map(_named, COMBINATIONS))
def test_the_factors_that_remain_are_named(
    case: tuple[str, Factors],
    desk: Desk,
    start_server: StartServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    methods, expected = case
    interactive = "keyboard-interactive" in methods
    server = start_server(desk.trusting(methods=methods, keyboard_interactive=interactive))
    monkeypatch.setenv("FACTOR", server.user("transfer").password)
    key = server.client_key
    assert key is not None
    ways: dict[str, Callable[[], dict[str, str]]] = {
        "password": lambda: {"password": "env:FACTOR"},
        "key": lambda: {"private_key": f"file:{key.private}"},
        "certificate": lambda: {
            "private_key": f"file:{desk.user.private}",
            "certificate": str(desk.certificate()),
        },
    }
    supplied = {key: text for way in expected.supplied for key, text in ways[way]().items()}
    account = account_of(desk.scan(server, **supplied))
    assert (account.status, account.remaining) == (expected.status, expected.remaining)
    server.settle()
    # A first factor that is asked twice to be sure of what remains is none that failed.
    assert server.failed_logins() <= 1
