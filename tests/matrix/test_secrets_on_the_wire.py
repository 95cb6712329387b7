"""A supplied secret crosses the network inside protection, to a proven peer, or not at all.

The peers here take any password, and record in clear and inside TLS apart what reaches them.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from scanner.api import RunRequest, ScanDocument, run, scan_host
from scanner.model.peer import PeerTrust
from scanner.model.reading import Reason
from scanner.model.view import AccountView, CredentialStatus
from tests.clients.ssh_lab import PASSWORD as HOUSE_PASSWORD
from tests.clients.ssh_lab import Heard, recording_server
from tests.hostile import (
    Behaviour,
    Connection,
    Endpoint,
    FtpScript,
    Session,
    ftp,
    injects_after_auth,
    passive_elsewhere,
    recorder,
    server_context,
    serving,
    stalls_after_auth,
)
from tests.matrix import lab
from tests.servers import Certificate, CertificateKind, make_certificate

SECRET: Final = b"Hush-4f1d9c"
VARIABLE: Final = "WIRE_PASSWORD"
NO_PIN: Final = "sha256:" + "q" * 42 + "o="


@pytest.fixture(autouse=True)
def _supplied_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, SECRET.decode("ascii"))


async def _scan(tmp_path: Path, port: int, protocol: str, **more: Any) -> ScanDocument:
    accounts = [{"username": "transfer", "password": f"env:{VARIABLE}"}]
    entry = lab.at(port, protocol, **{"accounts": accounts, "timeout_seconds": 2, **more})
    return await scan_host(
        "127.0.0.1",
        targets=lab.write_targets(tmp_path, entry),
        history=lab.history_in(tmp_path / "state"),
    )


def _account(document: ScanDocument) -> AccountView:
    facts = lab.endpoint_of(document).facts
    assert facts is not None
    (account,) = facts.accounts
    return account


def _in_clear(endpoint: Endpoint) -> bool:
    return any(SECRET in bytes(connection.clear) for connection in endpoint.connections)


def _protected(endpoint: Endpoint) -> int:
    line = b"PASS " + SECRET + b"\r\n"
    return sum(bytes(connection.protected).count(line) for connection in endpoint.connections)


Trust = Callable[[Certificate], Mapping[str, Any]]


def _none(_certificate: Certificate) -> Mapping[str, Any]:
    return {}


def _ca(certificate: Certificate) -> Mapping[str, Any]:
    return {"ca": str(certificate.authority)}


def _pin(certificate: Certificate) -> Mapping[str, Any]:
    return {"pins": [lab.pin(certificate)]}


def _other_pin(_certificate: Certificate) -> Mapping[str, Any]:
    return {"pins": [NO_PIN]}


def _other_name(certificate: Certificate) -> Mapping[str, Any]:
    return {"ca": str(certificate.authority), "server_name": "other.example.invalid"}


def _pin_beside_ca(certificate: Certificate) -> Mapping[str, Any]:
    return {**_ca(certificate), **_other_pin(certificate)}


PROVEN: Final[list[tuple[CertificateKind, Trust]]] = [
    ("valid", _ca),
    ("valid", _pin),
    ("wrong-name", _other_name),
    ("self-signed", _pin),
]
UNPROVEN: Final[list[tuple[CertificateKind, Trust]]] = [
    ("valid", _none),
    ("self-signed", _ca),
    ("wrong-name", _ca),
    ("valid", _other_name),
    ("expired", _ca),
    ("not-yet-valid", _ca),
    ("valid", _other_pin),
    ("valid", _pin_beside_ca),
]


def _named(cases: list[tuple[CertificateKind, Trust]]) -> list[str]:
    return [f"{kind}-with{trust.__name__}" for kind, trust in cases]


@asynccontextmanager
async def _recording(context: ssl.SSLContext, protocol: str) -> AsyncIterator[Endpoint]:
    """Serve the recording server: AUTH TLS, or TLS from the first byte."""
    behaviour = recorder(context) if protocol == "ftp" else recorder()
    implicit = context if protocol == "ftps" else None
    async with serving(behaviour, context=implicit) as endpoint:
        yield endpoint


@pytest.mark.parametrize("protocol", ["ftp", "ftps"])
@pytest.mark.parametrize(("kind", "trust"), PROVEN, ids=_named(PROVEN))
async def test_a_password_is_sent_to_a_proven_peer_inside_tls(
    kind: CertificateKind, trust: Trust, protocol: str, tmp_path: Path
) -> None:
    certificate = make_certificate(tmp_path / "tls", kind)
    async with _recording(server_context(certificate), protocol) as endpoint:
        document = await _scan(tmp_path, endpoint.port, protocol, tls=trust(certificate))
    assert _account(document).status is CredentialStatus.ACCEPTED
    assert _protected(endpoint) >= 1
    assert not _in_clear(endpoint)


@pytest.mark.parametrize("protocol", ["ftp", "ftps"])
@pytest.mark.parametrize(("kind", "trust"), UNPROVEN, ids=_named(UNPROVEN))
async def test_a_password_is_not_sent_to_an_unproven_peer(
    kind: CertificateKind, trust: Trust, protocol: str, tmp_path: Path
) -> None:
    certificate = make_certificate(tmp_path / "tls", kind)
    async with _recording(server_context(certificate), protocol) as endpoint:
        document = await _scan(tmp_path, endpoint.port, protocol, tls=trust(certificate))
    _assert_kept(document, endpoint, Reason.UNVERIFIED_PEER)
    # Nor is it told whose login was supplied.
    assert not any(b"USER transfer" in peer.received for peer in endpoint.connections)


def _assert_kept(document: ScanDocument, endpoint: Endpoint, *reasons: Reason) -> None:
    assert endpoint.connections
    assert all(SECRET not in connection.received for connection in endpoint.connections)
    account = _account(document)
    assert account.status is CredentialStatus.NOT_SENT
    assert lab.seen(account.view) in reasons
    assert document.exit_code in {1, 3}


async def test_a_first_used_peer_is_sent_a_password_only_where_that_is_allowed(
    tmp_path: Path,
) -> None:
    context = server_context(make_certificate(tmp_path / "tls", "self-signed"))
    async with _recording(context, "ftp") as endpoint:
        allow = {"trust_on_first_use": True}
        document = await _scan(tmp_path, endpoint.port, "ftp", allow=allow)
    assert lab.seen(lab.ftp_of(document).tls).trust is PeerTrust.FIRST_USE
    assert _protected(endpoint) >= 1
    assert not _in_clear(endpoint)


async def test_a_password_is_not_sent_where_auth_tls_is_refused(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path / "tls")
    async with serving(recorder()) as endpoint:
        document = await _scan(tmp_path, endpoint.port, "ftp", tls=_ca(certificate))
    _assert_kept(document, endpoint, Reason.UNVERIFIED_PEER)


async def test_a_password_is_not_sent_where_tls_was_offered_and_then_no_more(
    tmp_path: Path,
) -> None:
    certificate = make_certificate(tmp_path / "tls")
    context = server_context(certificate)
    turns = iter([recorder(context)])

    async def behave(session: Session) -> None:
        await next(turns, recorder())(session)

    async with serving(behave) as endpoint:
        document = await _scan(tmp_path, endpoint.port, "ftp", tls=_ca(certificate))
    _assert_kept(document, endpoint, Reason.TLS_FAILED)


async def test_a_password_is_not_sent_where_the_certificate_changed_midway(tmp_path: Path) -> None:
    proven = make_certificate(tmp_path / "proven")
    other = make_certificate(tmp_path / "other", "self-signed")
    turns = iter([recorder(server_context(proven))])

    async def behave(session: Session) -> None:
        await next(turns, recorder(server_context(other)))(session)

    async with serving(behave) as endpoint:
        document = await _scan(tmp_path, endpoint.port, "ftp", tls=_ca(proven))
    assert lab.seen(lab.ftp_of(document).tls).trust is PeerTrust.VERIFIED
    _assert_kept(document, endpoint, Reason.UNVERIFIED_PEER)


def _only_old(certificate: Certificate) -> ssl.SSLContext:
    context = server_context(certificate)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1 is deprecated"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


async def test_a_password_is_not_sent_inside_tls_before_1_2(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path / "tls")
    async with _recording(_only_old(certificate), "ftp") as endpoint:
        document = await _scan(tmp_path, endpoint.port, "ftp", tls=_pin(certificate))
    assert lab.seen(lab.ftp_of(document).tls).version == "TLSv1.1"
    # Servers answer a hello that is too new with an alert, or with a reset.
    _assert_kept(document, endpoint, Reason.TLS_FAILED, Reason.CONNECTION_LOST)


def _agrees_and_stays_in_clear() -> Behaviour:
    """Answer AUTH with 234 and go on in clear, greeting every line as if logged in."""

    async def behave(session: Session) -> None:
        await session.send(b"220 ready\r\n")
        while True:
            line = await session.line()
            auth = line.upper().startswith(b"AUTH")
            await session.send(b"234 go ahead\r\n" if auth else b"331 password please\r\n")

    return behave


AFTER_234: Final[dict[str, Callable[[], Behaviour]]] = {
    "silence": stalls_after_auth,
    "clear replies": _agrees_and_stays_in_clear,
    "234 in clear and a prompt": lambda: ftp(
        FtpScript(replies={"AUTH": b"234 go ahead\r\n331 password please\r\n230 welcome\r\n"})
    ),
}


@pytest.mark.parametrize("behaviour", AFTER_234.values(), ids=AFTER_234)
async def test_a_password_is_not_sent_where_no_tls_follows_the_234(
    behaviour: Callable[[], Behaviour], tmp_path: Path
) -> None:
    certificate = make_certificate(tmp_path / "tls")
    terms = {"tls": _ca(certificate), "timeout_seconds": 0.5}
    async with serving(behaviour()) as endpoint:
        document = await _scan(tmp_path, endpoint.port, "ftp", **terms)
    reasons = (Reason.TLS_FAILED, Reason.TIMEOUT, Reason.CONNECTION_LOST, Reason.PROTOCOL_ERROR)
    _assert_kept(document, endpoint, *reasons)


async def test_replies_injected_behind_the_234_draw_no_password_into_the_clear(
    tmp_path: Path,
) -> None:
    certificate = make_certificate(tmp_path / "tls")
    injected = b"331 password please\r\n230 logged in\r\n"
    behaviour = injects_after_auth(server_context(certificate), injected)
    async with serving(behaviour) as endpoint:
        document = await _scan(tmp_path, endpoint.port, "ftp", tls=_ca(certificate))
    assert not _in_clear(endpoint)
    # The proven peer gets it once it asks inside TLS, and not because of what came before.
    assert _account(document).status is CredentialStatus.ACCEPTED
    for connection in endpoint.connections:
        _assert_asked_inside(connection)


def _assert_asked_inside(connection: Connection) -> None:
    lines = bytes(connection.protected).splitlines()
    sent = [index for index, line in enumerate(lines) if line == b"PASS " + SECRET]
    assert all(lines[index - 1] == b"USER transfer" for index in sent)


async def test_a_trap_for_data_connections_hears_nothing(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path / "tls")
    context = server_context(certificate)
    async with serving(recorder(), host="127.66.66.66") as trap:
        script = FtpScript(tls=context, passive_host="127.66.66.66", passive_port=trap.port)
        async with serving(ftp(script)) as endpoint:
            await _scan(tmp_path, endpoint.port, "ftp", tls=_ca(certificate))
        async with serving(passive_elsewhere("127.66.66.66", trap.port)) as plain:
            await _scan(tmp_path, plain.port, "ftp", tls=_ca(certificate))
    assert trap.connections == []
    assert _protected(endpoint) >= 1


# --- SSH -------------------------------------------------------------------------------


async def _scan_ssh(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **more: Any
) -> tuple[ScanDocument, Heard]:
    """Scan a recording server; ``{host}`` and ``{key}`` in ``known`` name it and its key."""
    known = more.pop("known", ())
    monkeypatch.setenv(VARIABLE, HOUSE_PASSWORD)
    async with recording_server() as (port, heard, key):
        public = key.export_public_key().decode("ascii").strip()
        if known:
            path = tmp_path / "known_hosts"
            lines = [line.format(host=f"[127.0.0.1]:{port}", key=public) for line in known]
            path.write_text("\n".join(lines) + "\n", encoding="ascii")
            more["known_hosts"] = str(path)
        if more.pop("pinned", False):
            more["host_keys"] = [key.get_fingerprint()]
        document = await _scan(tmp_path, port, "sftp", **more)
    return document, heard


OTHER_KEY: Final = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
)
TRUSTED_HOSTS: Final[dict[str, dict[str, Any]]] = {
    "pinned": {"pinned": True},
    "known": {"known": ["{host} {key}"]},
    "first use allowed": {"allow": {"trust_on_first_use": True}},
}
DOUBTED_HOSTS: Final[dict[str, dict[str, Any]]] = {
    "unknown": {},
    "known under another name": {"known": ["[127.0.0.2]:22 {key}"]},
    "changed": {"known": ["{host} " + OTHER_KEY]},
    "changed, although first use is allowed": {
        "known": ["{host} " + OTHER_KEY],
        "allow": {"trust_on_first_use": True},
    },
    "revoked": {"known": ["{host} {key}", "@revoked {host} {key}"]},
    "revoked, although pinned": {"pinned": True, "known": ["@revoked * {key}"]},
    "another pin": {"host_keys": ["SHA256:" + "q" * 42 + "o"]},
}


@pytest.mark.parametrize("terms", TRUSTED_HOSTS.values(), ids=TRUSTED_HOSTS)
async def test_a_password_is_sent_to_a_host_whose_key_is_trusted(
    terms: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _document, heard = await _scan_ssh(tmp_path, monkeypatch, **terms)
    assert heard.passwords == [HOUSE_PASSWORD]
    assert "transfer" in heard.users


@pytest.mark.parametrize("terms", DOUBTED_HOSTS.values(), ids=DOUBTED_HOSTS)
async def test_neither_password_nor_user_is_told_to_a_host_in_doubt(
    terms: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document, heard = await _scan_ssh(tmp_path, monkeypatch, **terms)
    assert heard.passwords == []
    assert heard.keys == []
    assert all(user.startswith("zz-") for user in heard.users)
    account = _account(document)
    assert account.status is CredentialStatus.NOT_SENT
    assert lab.seen(account.view) is Reason.UNVERIFIED_PEER
    assert document.exit_code in {1, 3}


# --- at rest ---------------------------------------------------------------------------


class Parrot(Session):
    """Puts what came with PASS into its replies, as some servers do."""

    heard = b""

    async def line(self) -> bytes:
        line = await super().line()
        if line.startswith(b"PASS "):
            self.heard = line.removeprefix(b"PASS ")
        return line

    async def send(self, data: bytes) -> None:
        await super().send(data.replace(b"<heard>", self.heard))


async def test_a_secret_lies_in_nothing_that_a_run_writes(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path / "tls")
    script = FtpScript(
        tls=server_context(certificate),
        replies={"PASS": b"230-you said <heard>\r\n230 <heard> is your password\r\n"},
        final=b"226 all sent, <heard>\r\n",
    )

    async def quoting(session: Session) -> None:
        await ftp(script)(Parrot(session.connection, session.reader, session.writer))

    state, reports = tmp_path / "state", tmp_path / "reports"
    async with serving(quoting) as endpoint:
        accounts = [{"username": "transfer", "password": f"env:{VARIABLE}"}]
        entry = lab.at(
            endpoint.port, "ftp", accounts=accounts, timeout_seconds=2, tls=_ca(certificate)
        )
        request = RunRequest(
            targets=lab.write_targets(tmp_path, entry),
            reports=reports,
            history=lab.history_in(state),
        )
        await run(request, lambda _progress: None)
    assert _protected(endpoint) >= 1
    written = [path for folder in (state, reports) for path in folder.rglob("*") if path.is_file()]
    assert {"report.json", "observations.ndjson", lab.HISTORY} <= {path.name for path in written}
    assert any(b"*** is your password" in path.read_bytes() for path in written)
    assert [path.name for path in written if SECRET in path.read_bytes()] == []
