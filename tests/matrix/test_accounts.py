"""The postures again, with accounts that the team supplies in a targets file.

As before the values follow from each server's configuration and from the rules of judging.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from scanner.api import ScanDocument
from scanner.model.failure import FailureId
from scanner.model.finding import Confidence, Finding, Severity, Source, Verdict
from scanner.model.peer import PeerTrust
from scanner.model.reading import Observed, Reason
from scanner.model.view import AccountView, CredentialStatus
from tests.matrix import lab
from tests.servers import Openssh, Server, Tls, Vsftpd, plant
from tests.servers.fixtures import StartServer
from tests.servers.tree import Tree

TRANSPORT: Final = (FailureId.OPEN_ZONE, FailureId.PLAINTEXT_TRANSPORT)
PASSWORD: Final = "TRANSFER_PASSWORD"
_TRANSFER_UID: Final = 60001
_MEMBERS_GID: Final = 60000


def guarded(root: Path) -> Tree:
    """Plant the tree, with an export that only ``transfer`` may read."""
    tree = plant(root)
    os.chown(root / "export", _TRANSFER_UID, _MEMBERS_GID)
    (root / "export").chmod(0o700)
    return tree


class Row(NamedTuple):
    """What a posture must yield when ``transfer`` is supplied and the server is trusted.

    Facets are separated by blanks; all that are not named have passed.
    """

    open_zone: str
    transport: str
    fails: str = ""
    leads: str = ""
    status: str = "accepted"
    storage: str = "fail"
    """The export holds synthetic members in clear: whoever gets in sees them."""
    with_key: bool = False
    """Whether a private key is supplied, too."""
    with_password: bool = True
    unknown: str = ""


READ: Final = "anonymous-read"
NAMED: Final = "named-login-in-clear"
ANON: Final = "anonymous-login-in-clear"
DATA: Final = "data-in-clear"
CCC: Final = "ccc-accepted"
CLAIMS: Final = "anonymous-writable"
REUSE: Final = "data-session-reuse"
# Anonymous may not enter the guarded export: what may be written there nobody knows. Where the
# server claims nothing elsewhere either, the lead stays open.
CUT: Final = "anonymous-writable"
WEAK: Final = "ssh-weak-algorithms ssh-policy ssh-signature-algorithms"
CLASSIC: Final = f"{WEAK} ssh-post-quantum"
"""Of servers without a post-quantum key exchange."""
SEES_ALL: Final = "sftp-confinement sftp-world-writable"
"""Of a login that sees the whole system, and a home that all may read."""
BROKEN: Final = "ssh-broken-algorithms"

POSTURES: Final = {
    # Without TLS there is nowhere to send a password to.
    "vsftpd-no-anonymous": Row(
        "pass", "fail", f"tls-not-offered {NAMED}", status="not-sent", storage="unknown"
    ),
    "proftpd-no-anonymous": Row(
        "pass", "fail", f"tls-not-offered {NAMED}", status="not-sent", storage="unknown"
    ),
    # Local users are held to TLS on both channels, anonymous is not: the worst rules.
    "vsftpd-tls-optional": Row("fail", "fail", f"{READ} {ANON} {DATA}", unknown=CUT),
    "vsftpd-tls-required": Row("fail", "pass", READ, unknown=CUT),
    # What nobody in particular could not see: local users cannot leave TLS on the data channel.
    "vsftpd-tls-only-users": Row("pass", "pass"),
    "proftpd-tls-off": Row("fail", "fail", f"{READ} {NAMED} {ANON} {DATA} {CCC}", CLAIMS),
    "proftpd-tls-on": Row("fail", "pass", READ, CLAIMS),
    "proftpd-tls-ctrl": Row("fail", "fail", f"{READ} {DATA}", CLAIMS),
    "proftpd-tls-auth": Row("fail", "fail", f"{READ} {DATA} {CCC}", CLAIMS),
    "proftpd-tls-data": Row("fail", "fail", f"{READ} {NAMED} {ANON} {CCC}", CLAIMS),
    "proftpd-tls-auth+data": Row("fail", "fail", f"{READ} {CCC}", CLAIMS),
    "pureftpd-tls-1": Row(
        "fail", "fail", f"{READ} {NAMED} {ANON} {DATA} {CCC}", REUSE, unknown=CUT
    ),
    "pureftpd-tls-2": Row("fail", "fail", f"{READ} {DATA} {CCC}", REUSE, unknown=CUT),
    "pureftpd-tls-3": Row("fail", "fail", f"{READ} {CCC}", REUSE, unknown=CUT),
    "proftpd-sftp": Row("pass", "fail", BROKEN, f"{CLASSIC} ssh-group-exchange"),
    "openssh-keys": Row(
        "pass", "pass", leads=f"{WEAK} {SEES_ALL}", with_key=True, with_password=False
    ),
    "openssh-password": Row("pass", "pass", leads=f"{WEAK} {SEES_ALL}"),
    "openssh-keyboard-interactive": Row("pass", "pass", leads=f"{WEAK} {SEES_ALL}"),
    "openssh-blank": Row("pass", "pass", leads=f"{WEAK} {SEES_ALL}"),
    "openssh-two-factors": Row("pass", "pass", leads=f"{WEAK} {SEES_ALL}", with_key=True),
    "openssh-chrooted": Row("pass", "pass", leads=WEAK),
    "openssh-legacy": Row("pass", "fail", BROKEN, f"{CLASSIC} {SEES_ALL}"),
    "dropbear-password": Row("pass", "pass", leads=f"{CLASSIC} {SEES_ALL}"),
    "dropbear-keys": Row(
        "pass", "pass", leads=f"{CLASSIC} {SEES_ALL}", with_key=True, with_password=False
    ),
}

Supplied = Callable[..., ScanDocument]


@pytest.fixture
def supplied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Supplied:
    """Return a function that scans a server with the account ``transfer`` in a targets file."""

    def scan(
        server: Server, *, password: bool = True, key: bool = False, **more: Any
    ) -> ScanDocument:
        monkeypatch.setenv(PASSWORD, server.user("transfer").password)
        account = {"username": "transfer"}
        if password:
            account["password"] = f"env:{PASSWORD}"
        if key:
            assert server.client_key is not None
            account["private_key"] = f"file:{server.client_key.private}"
        entry = lab.listed(server, accounts=[account], **more)
        return lab.scan_listed(lab.write_targets(tmp_path, entry), tmp_path / "state")

    return scan


def place_of(server: Server, name: str) -> str:
    """Return the path under which ``transfer`` sees a folder of the served tree."""
    jailed = server.product in {"vsftpd", "proftpd", "pureftpd"}
    return f"/{name}" if jailed else str(server.root / name)


@pytest.mark.parametrize(("name", "expected"), POSTURES.items(), ids=POSTURES)
def test_a_supplied_account_shows_what_its_posture_lets_it_see(
    name: str, expected: Row, start_server: StartServer, supplied: Supplied
) -> None:
    server = start_server(name, contents=guarded)
    home = "/export" if name == "openssh-chrooted" else place_of(server, "export")
    document = supplied(
        server,
        password=expected.with_password,
        key=expected.with_key,
        areas={"private": [home]},
        **lab.trust_in(server),
    )
    found = lab.findings(document, *TRANSPORT)
    zone, transport = (lab.row(document, failure) for failure in TRANSPORT)
    assert (zone.verdict, transport.verdict) == (expected.open_zone, expected.transport)
    assert lab.facets(found, Verdict.FAIL) == set(expected.fails.split())
    assert lab.facets(found, Verdict.FAIL, lead=True) == set(expected.leads.split())
    assert lab.facets(found, Verdict.UNKNOWN) == set(expected.unknown.split())
    assert lab.row(document, FailureId.CLEAR_STORAGE).verdict == expected.storage
    assert _account(document).status == expected.status
    if expected.status == CredentialStatus.ACCEPTED:
        _assert_the_private_area_was_seen(document, home)


def _assert_the_private_area_was_seen(document: ScanDocument, home: str) -> None:
    view = _account(document).view
    assert isinstance(view, Observed)
    assert view.value.encrypted
    (area,) = view.value.walk.areas
    assert (area.path, area.mode, lab.seen(area.outcome)) == (home, 0o700, "listed")
    assert "world-readable-area" in lab.facets(
        lab.findings(document, FailureId.OPEN_ZONE), Verdict.PASS
    )
    (line,) = lab.report_of(document).credentials
    assert (line.username, line.status, line.skipped) == ("transfer", "accepted", ())


def _account(document: ScanDocument) -> AccountView:
    facts = lab.endpoint_of(document).facts
    assert facts is not None
    (account,) = facts.accounts
    return account


READABLE: Final = ("vsftpd-tls-only-users", "proftpd-tls-on", "openssh-password", "proftpd-sftp")


@pytest.mark.parametrize("name", READABLE)
def test_a_private_area_that_all_may_read_is_an_open_zone(
    name: str, start_server: StartServer, supplied: Supplied
) -> None:
    server = start_server(name)
    areas = {"private": [place_of(server, "export")]}
    document = supplied(server, areas=areas, **lab.trust_in(server))
    finding = _finding(document, FailureId.OPEN_ZONE, "world-readable-area")
    assert (finding.verdict, finding.confidence) == (Verdict.FAIL, Confidence.PROOF)
    assert (finding.source, finding.severity) == (Source.ACCOUNT, Severity.HIGH)
    assert "mode 0755" in finding.summary
    assert lab.row(document, FailureId.OPEN_ZONE).verdict is Verdict.FAIL


@pytest.mark.parametrize(("closed", "verdict"), [(False, "fail"), (True, "pass")])
def test_an_account_may_not_list_the_area_of_another(
    closed: bool,  # noqa: FBT001 - a case, not a switch
    verdict: str,
    start_server: StartServer,
    supplied: Supplied,
) -> None:
    server = start_server(Openssh(), contents=guarded)
    other = server.root.parent / "other-customer"
    other.mkdir(mode=0o700 if closed else 0o711)
    if not closed:
        other.chmod(0o755)
    areas = {"private": [str(server.root), str(other)]}
    document = supplied(server, areas=areas, **lab.trust_in(server))
    assert _finding(document, FailureId.OPEN_ZONE, "neighbour-area").verdict == verdict


def _finding(document: ScanDocument, failure: FailureId, facet: str) -> Finding:
    (found,) = (f for f in lab.row(document, failure).findings if f.facet == facet)
    return found


def test_a_public_area_without_personal_data_may_be_open_to_anonymous(
    start_server: StartServer, tmp_path: Path
) -> None:
    def leaflets(root: Path) -> Tree:
        (root / "public").mkdir()
        (root / "public/opening-hours.txt").write_text("Open from nine to five.\n")
        return Tree(root)

    server = start_server("vsftpd-tls-optional", contents=leaflets)
    entry = lab.listed(server, areas={"public": ["/public"]}, **lab.trust_in(server))
    document = lab.scan_listed(lab.write_targets(tmp_path, entry), tmp_path / "state")
    zone = lab.row(document, FailureId.OPEN_ZONE)
    assert (zone.verdict, zone.source) == (Verdict.PASS, Source.OPERATOR)
    clear = _finding(document, FailureId.PLAINTEXT_TRANSPORT, ANON)
    assert (clear.verdict, clear.severity) == (Verdict.FAIL, Severity.LOW)
    assert lab.report_of(document).assessment.caps == ()


class Peer(NamedTuple):
    """How a certificate is judged, and what became of the account."""

    trust: PeerTrust
    status: str
    verdict: str


def _ca(server: Server) -> dict[str, Any]:
    assert server.certificate is not None
    return {"ca": str(server.certificate.authority)}


def _pin(server: Server) -> dict[str, Any]:
    assert server.certificate is not None
    return {"pins": [lab.pin(server.certificate)]}


def _wrong_pin(_server: Server) -> dict[str, Any]:
    return {"pins": ["sha256:" + "q" * 42 + "o="]}


def _nothing(_server: Server) -> dict[str, Any]:
    return {}


def _other_name(server: Server) -> dict[str, Any]:
    return {**_ca(server), "server_name": "other.example.invalid"}


CERTIFICATES: Final[list[tuple[Any, Callable[[Server], Mapping[str, Any]], Peer]]] = [
    ("valid", _ca, Peer(PeerTrust.VERIFIED, "accepted", "pass")),
    ("valid", _pin, Peer(PeerTrust.PINNED, "accepted", "pass")),
    ("valid", _wrong_pin, Peer(PeerTrust.UNTRUSTED, "not-sent", "fail")),
    ("valid", _nothing, Peer(PeerTrust.UNVERIFIED, "not-sent", "lead")),
    ("valid", _other_name, Peer(PeerTrust.MISMATCHED, "not-sent", "fail")),
    ("expired", _ca, Peer(PeerTrust.EXPIRED, "not-sent", "fail")),
    ("expired", _nothing, Peer(PeerTrust.EXPIRED, "not-sent", "lead")),
    ("not-yet-valid", _ca, Peer(PeerTrust.EXPIRED, "not-sent", "fail")),
    ("self-signed", _ca, Peer(PeerTrust.UNTRUSTED, "not-sent", "fail")),
    ("self-signed", _pin, Peer(PeerTrust.PINNED, "accepted", "pass")),
    ("wrong-name", _ca, Peer(PeerTrust.MISMATCHED, "not-sent", "fail")),
    ("wrong-name", _other_name, Peer(PeerTrust.VERIFIED, "accepted", "pass")),
    # A pin says whose the key is, whatever the name; but a date that is past stays wrong.
    ("wrong-name", _pin, Peer(PeerTrust.PINNED, "accepted", "pass")),
    ("expired", _pin, Peer(PeerTrust.PINNED, "accepted", "fail")),
]


@pytest.mark.parametrize(
    ("kind", "declared", "expected"),
    CERTIFICATES,
    ids=[f"{kind}-with{declared.__name__}" for kind, declared, _ in CERTIFICATES],
)
def test_a_certificate_is_judged_by_what_the_team_declares(
    kind: Any,
    declared: Callable[[Server], Mapping[str, Any]],
    expected: Peer,
    start_server: StartServer,
    supplied: Supplied,
) -> None:
    options = Vsftpd(anonymous=False, local_users=True, tls=Tls(certificate=kind))
    server = start_server(options)
    document = supplied(server, tls=declared(server))
    finding = _finding(document, FailureId.PLAINTEXT_TRANSPORT, "certificate-trust")
    assert lab.seen(lab.ftp_of(document).tls).trust is expected.trust
    assert _account(document).status == expected.status
    lead = finding.verdict is Verdict.FAIL and finding.is_lead
    assert ("lead" if lead else finding.verdict) == expected.verdict
    if expected.status == "not-sent":
        assert lab.seen(_account(document).view) is Reason.UNVERIFIED_PEER
        assert lab.row(document, FailureId.CLEAR_STORAGE).verdict is Verdict.UNKNOWN


def _known_hosts(folder: Path, server: Server, *lines: str) -> dict[str, Any]:
    path = folder / "known_hosts"
    prefix = f"[{server.host}]:{server.port}"
    path.write_text("".join(line.format(host=prefix) + "\n" for line in lines), encoding="ascii")
    return {"known_hosts": str(path)}


def _unknown_host(_folder: Path, _server: Server) -> dict[str, Any]:
    return {}


def _pinned_host(_folder: Path, server: Server) -> dict[str, Any]:
    return {"host_keys": [server.host_keys[0].fingerprint]}


def _other_pin(_folder: Path, _server: Server) -> dict[str, Any]:
    return {"host_keys": ["SHA256:" + "q" * 42 + "o"]}


def _verified_host(folder: Path, server: Server) -> dict[str, Any]:
    return _known_hosts(folder, server, *("{host} " + k.public_line for k in server.host_keys))


def _changed_host(folder: Path, server: Server) -> dict[str, Any]:
    assert server.client_key is not None  # an ed25519 key, and not the host's
    return _known_hosts(folder, server, "{host} " + server.client_key.public_line)


def _revoked_host(folder: Path, server: Server) -> dict[str, Any]:
    lines = [
        f"{mark}{{host}} {key.public_line}"
        for key in server.host_keys
        for mark in ("", "@revoked ")
    ]
    return _known_hosts(folder, server, *lines)


def _first_use(_folder: Path, _server: Server) -> dict[str, Any]:
    return {"allow": {"trust_on_first_use": True}}


HOSTS: Final[list[tuple[Callable[[Path, Server], dict[str, Any]], Peer]]] = [
    (_pinned_host, Peer(PeerTrust.PINNED, "accepted", "pass")),
    (_verified_host, Peer(PeerTrust.VERIFIED, "accepted", "pass")),
    (_unknown_host, Peer(PeerTrust.UNVERIFIED, "not-sent", "")),
    (_other_pin, Peer(PeerTrust.MISMATCHED, "not-sent", "fail")),
    (_changed_host, Peer(PeerTrust.MISMATCHED, "not-sent", "fail")),
    (_revoked_host, Peer(PeerTrust.REVOKED, "not-sent", "fail")),
    (_first_use, Peer(PeerTrust.FIRST_USE, "accepted", "")),
]


@pytest.mark.parametrize("name", ["openssh-password", "dropbear-password", "proftpd-sftp"])
@pytest.mark.parametrize("case", HOSTS, ids=[declared.__name__ for declared, _ in HOSTS])
def test_a_host_key_is_judged_by_what_the_team_declares(
    name: str,
    case: tuple[Callable[[Path, Server], dict[str, Any]], Peer],
    start_server: StartServer,
    supplied: Supplied,
    tmp_path: Path,
) -> None:
    declared, expected = case
    server = start_server(name)
    document = supplied(server, **declared(tmp_path, server))
    trusts = {key.algorithm: key.trust for key in lab.seen(lab.ssh_of(document).host_keys)}
    assert trusts["ssh-ed25519"] is expected.trust
    assert _account(document).status == expected.status
    row = lab.row(document, FailureId.PLAINTEXT_TRANSPORT)
    verdicts = [str(f.verdict) for f in row.findings if f.facet == "ssh-host-key"]
    assert verdicts == ([expected.verdict] if expected.verdict else [])


def test_a_key_alone_opens_one_of_two_doors(start_server: StartServer, supplied: Supplied) -> None:
    server = start_server("openssh-two-factors")
    document = supplied(server, password=False, key=True, **lab.trust_in(server))
    account = _account(document)
    assert account.status is CredentialStatus.PARTIAL
    assert account.remaining == ("password",)
    assert lab.row(document, FailureId.CLEAR_STORAGE).verdict is Verdict.UNKNOWN


def test_a_password_is_not_sent_where_only_keys_are_taken(
    start_server: StartServer, supplied: Supplied
) -> None:
    server = start_server("openssh-keys")
    document = supplied(server, **lab.trust_in(server))
    assert _account(document).status is CredentialStatus.NOT_SENT
    server.settle()
    assert server.failed_logins() == 0
