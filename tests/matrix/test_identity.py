"""Several addresses of one name: all are probed, and they have to be one server.

Names are led to loopback addresses by a resolver that the test hands in.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NoReturn

import jsonschema
import pytest

from scanner.api import ScanDocument, scan_host
from scanner.api.job import Clock, utc_now
from scanner.engine import line_up
from scanner.engine.line_up import MIXED, UNCOMPARED
from scanner.engine.scope import MOST_ADDRESSES
from scanner.model.failure import CapTrigger, FailureId
from scanner.model.finding import Verdict
from scanner.model.observation import EndpointState, FtpFacts, Observations
from scanner.model.reading import Observed, Reason, Unobserved
from scanner.model.view import AccountView, CredentialStatus
from scanner.report.text import host_text
from scanner.schemas.catalogue import load_schema
from tests.clients.ssh_lab import PASSWORD, Heard, recording_server
from tests.hostile import Endpoint, recorder, server_context, serving, silent
from tests.matrix import lab
from tests.matrix.test_states import full_backlog
from tests.servers import MODERN, Openssh, Proftpd, Server, Tls, Vsftpd, make_certificate
from tests.servers.fixtures import StartServer
from tests.servers.process import Place, free_port

NAME: Final = "files.example.invalid"
ONE, TWO, SIX = "127.0.0.1", "127.0.0.2", "::1"
SECRET: Final = b"Hush-77aa31"
VARIABLE: Final = "IDENTITY_PASSWORD"


@pytest.fixture(autouse=True)
def _supplied_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, SECRET.decode("ascii"))


Scan = Callable[..., Any]


@pytest.fixture
def scan(tmp_path: Path) -> Scan:
    """Return a coroutine function that scans ``NAME`` at the addresses it is given."""

    async def at(
        port: int, protocol: str, *addresses: str, clock: Clock = utc_now, **more: Any
    ) -> ScanDocument:
        entry = lab.at(port, protocol, **{"host": NAME, "asset": "files", **more})
        return await scan_host(
            NAME,
            targets=lab.write_targets(tmp_path, entry, scope=lab.LOOPBACK),
            history=lab.history_in(tmp_path / "state"),
            resolver=lab.Names(files=addresses or (ONE, TWO)),
            clock=clock,
        )

    return at


def _ours(**more: Any) -> dict[str, Any]:
    accounts = [{"username": "transfer", "password": f"env:{VARIABLE}"}]
    return {"accounts": accounts, "timeout_seconds": 2, **more}


def _marks(document: ScanDocument) -> set[str]:
    return {each.mark for each in lab.observations_of(document).mixed_identity}


def _accounts(document: ScanDocument) -> dict[str, AccountView]:
    seen: Observations = lab.observations_of(document)
    return {
        endpoint.address: account
        for endpoint in seen.endpoints
        if endpoint.facts is not None
        for account in endpoint.facts.accounts
    }


def _has_heard(endpoint: Endpoint) -> bool:
    return any(SECRET in connection.received for connection in endpoint.connections)


# --- every address is probed -------------------------------------------------------------


async def test_both_families_of_a_name_are_probed_and_are_one_finding(
    start_server: StartServer, scan: Scan
) -> None:
    four = start_server(Vsftpd())
    six = start_server(Vsftpd(place=Place(address=SIX, port=four.port)))
    document = await scan(four.port, "ftp", ONE, SIX)
    seen = lab.observations_of(document)
    assert seen.addresses == (ONE, SIX)
    assert [endpoint.state for endpoint in seen.endpoints] == [EndpointState.OPEN] * 2
    assert seen.mixed_identity == ()
    (finding,) = (
        each
        for each in lab.findings(document, FailureId.OPEN_ZONE)
        if each.facet == "anonymous-read"
    )
    ways = (f"ftp {ONE}:{four.port}", f"ftp [{SIX}]:{four.port}")
    assert (finding.verdict, finding.ways_in) == (Verdict.FAIL, ways)
    six.settle()
    _assert_transfers_by_epsv(six)


@pytest.mark.parametrize("tls", [None, MODERN], ids=["clear", "tls"])
async def test_a_server_is_seen_whole_over_ipv6(
    tls: Tls | None, start_server: StartServer, scan: Scan
) -> None:
    server = start_server(Proftpd(tls=tls, place=Place(address=SIX)))
    document = await scan(server.port, "ftp", SIX)
    (endpoint,) = lab.observations_of(document).endpoints
    assert isinstance(endpoint.facts, FtpFacts)
    view = endpoint.facts.anonymous_view
    assert isinstance(view, Observed)
    assert view.value.walk.entries > 5
    assert view.value.encrypted is (tls is not None)
    server.settle()
    _assert_transfers_by_epsv(server)
    assert endpoint.effort.connections >= 3


async def test_addresses_beyond_the_bound_are_told_and_keep_rows_unknown(scan: Scan) -> None:
    addresses = [f"127.88.0.{number}" for number in range(1, MOST_ADDRESSES + 7)]
    document = await scan(free_port(), "ftp", *addresses)
    seen = lab.observations_of(document)
    assert (len(seen.addresses), seen.omitted) == (MOST_ADDRESSES, 6)
    assert any("6 further addresses were not probed" in step for step in document.incomplete)
    assert "6 further addresses" in host_text(lab.report_of(document))
    assert lab.row(document, FailureId.OPEN_ZONE).verdict is Verdict.UNKNOWN
    assert document.exit_code == 3


def _assert_transfers_by_epsv(server: Server) -> None:
    """PASV (RFC 959) cannot name an IPv6 address: it is asked about and no transfer uses it."""
    verbs = server.verbs()
    transfers = [verb for verb in verbs if verb in {"LIST", "MLSD", "RETR"}]
    assert transfers
    assert verbs.count("EPSV") >= len(transfers)
    assert verbs.count("PASV") <= 2


# --- two servers behind one name ----------------------------------------------------------


async def test_two_products_behind_one_name_are_a_mixed_identity(
    start_server: StartServer, scan: Scan
) -> None:
    one = start_server(Vsftpd(tls=MODERN))
    tls = Tls(owner="another")
    start_server(Proftpd(tls=tls, place=Place(address=TWO, port=one.port), anonymous=False))
    document = await scan(one.port, "ftp")
    seen = lab.observations_of(document)
    assert _marks(document) == {"greeting", "certificate-key"}
    for difference in seen.mixed_identity:
        assert set(difference.seen) == {ONE, TWO}
        assert all(
            mark.startswith("sha256:") for marks in difference.seen.values() for mark in marks
        )
    row = lab.row(document, FailureId.OPEN_ZONE)
    assert row.verdict is Verdict.FAIL  # the worst of both
    told = host_text(lab.report_of(document))
    assert f"MIXED IDENTITY from internal: {ONE}, {TWO} differ" in told
    assert f"port {one.port}: greeting, certificate key" in " ".join(told.split())
    _assert_published(document)


def _assert_published(document: ScanDocument) -> None:
    plain = json.loads(json.dumps(document.as_dict()))
    jsonschema.validate(plain, load_schema("report"))
    (host,) = plain["hosts"]
    (look,) = host["vantages"]
    kept = {piece["id"]: piece["kind"] for piece in host["evidence"]}
    cited = [name for each in look["mixed_identity"] for name in each["evidence"]]
    assert cited
    assert {kept[name] for name in cited} == {"mixed-identity"}


async def test_one_product_with_two_keys_is_a_mixed_identity(
    start_server: StartServer, scan: Scan
) -> None:
    one = start_server(Vsftpd(tls=MODERN))
    tls = Tls(owner="another")
    start_server(Vsftpd(tls=tls, place=Place(address=TWO, port=one.port)))
    assert _marks(await scan(one.port, "ftp")) == {"certificate-key"}


async def test_a_cluster_that_shares_its_keys_is_one_server(
    start_server: StartServer, scan: Scan
) -> None:
    one = start_server(Openssh())
    start_server(Openssh(place=Place(address=TWO, port=one.port)))
    document = await scan(one.port, "sftp")
    assert _marks(document) == set()
    assert "MIXED" not in host_text(lab.report_of(document))


async def test_another_protocol_at_the_second_address_is_a_mixed_identity(
    start_server: StartServer, scan: Scan
) -> None:
    one = start_server(Vsftpd())
    start_server(Openssh(place=Place(address=TWO, port=one.port)))
    document = await scan(one.port, "auto")
    assert _marks(document) == {"protocol"}


# --- secrets ------------------------------------------------------------------------------


async def test_a_secret_is_sent_to_both_addresses_of_one_server(scan: Scan, tmp_path: Path) -> None:
    context = server_context(make_certificate(tmp_path / "tls"))
    terms = _ours(tls=_ca(tmp_path / "tls"))
    async with (
        serving(recorder(context)) as one,
        serving(recorder(context), host=TWO, port=one.port) as two,
    ):
        document = await scan(one.port, "ftp", **terms)
    assert _marks(document) == set()
    assert _has_heard(one)
    assert _has_heard(two)
    statuses = {view.status for view in _accounts(document).values()}
    assert statuses == {CredentialStatus.ACCEPTED}


def _ca(folder: Path) -> dict[str, str]:
    return {"ca": str(folder / "authority.pem"), "server_name": "localhost"}


async def test_a_certificate_that_verifies_is_not_enough_where_two_are_shown(
    scan: Scan, tmp_path: Path
) -> None:
    context = server_context(make_certificate(tmp_path / "tls"))
    other = server_context(make_certificate(tmp_path / "other", owner="another"))
    terms = _ours(tls=_ca(tmp_path / "tls"))
    async with (
        serving(recorder(context)) as one,
        serving(recorder(other), host=TWO, port=one.port) as two,
    ):
        document = await scan(one.port, "ftp", **terms)
    assert _marks(document) == {"certificate-key"}
    for endpoint in (one, two):
        assert endpoint.connections
        assert not any(b"USER transfer" in peer.received for peer in endpoint.connections)
    for view in _accounts(document).values():
        assert (view.status, view.detail) == (CredentialStatus.NOT_SENT, MIXED)
        assert lab.seen(view.view) is Reason.UNVERIFIED_PEER
    assert document.exit_code in {1, 3}
    (credential,) = lab.report_of(document).credentials
    assert credential.status == "not-sent"


async def test_of_two_servers_only_the_pinned_one_is_sent_a_secret(
    scan: Scan, tmp_path: Path
) -> None:
    ours = make_certificate(tmp_path / "tls")
    other = make_certificate(tmp_path / "other", owner="another")
    terms = _ours(tls={**_ca(tmp_path / "tls"), "pins": [lab.pin(ours)]})
    async with (
        serving(recorder(server_context(ours))) as one,
        serving(recorder(server_context(other)), host=TWO, port=one.port) as two,
    ):
        document = await scan(one.port, "ftp", **terms)
    views = _accounts(document)
    assert views[ONE].status is CredentialStatus.ACCEPTED
    assert views[TWO].status is CredentialStatus.NOT_SENT
    assert lab.seen(views[TWO].view) is Reason.UNVERIFIED_PEER
    assert _has_heard(one)
    assert not _has_heard(two)


async def test_an_address_that_could_not_be_compared_is_sent_no_secret(
    scan: Scan, tmp_path: Path
) -> None:
    """The second address is silent at first, and then shows whatever it likes."""
    context = server_context(make_certificate(tmp_path / "tls"))
    other = server_context(make_certificate(tmp_path / "other", owner="another"))
    turns = iter([silent()])

    async def late(session: Any) -> None:
        await next(turns, recorder(other))(session)

    terms = _ours(tls=_ca(tmp_path / "tls"), timeout_seconds=0.5)
    async with (
        serving(recorder(context)) as one,
        serving(late, host=TWO, port=one.port) as two,
    ):
        document = await scan(one.port, "ftp", **terms)
    views = _accounts(document)
    assert views[ONE].status is CredentialStatus.ACCEPTED
    assert (views[TWO].status, views[TWO].detail) == (CredentialStatus.NOT_SENT, UNCOMPARED)
    assert not _has_heard(two)
    assert _marks(document) == {"certificate-key"}  # it is told all the same


async def test_a_second_address_that_is_closed_keeps_nothing_from_the_first(
    scan: Scan, tmp_path: Path
) -> None:
    context = server_context(make_certificate(tmp_path / "tls"))
    async with serving(recorder(context)) as one:
        document = await scan(one.port, "ftp", **_ours(tls=_ca(tmp_path / "tls")))
    assert _marks(document) == set()
    assert _accounts(document)[ONE].status is CredentialStatus.ACCEPTED
    states = [each.state for each in lab.observations_of(document).endpoints]
    assert states == [EndpointState.OPEN, EndpointState.CLOSED]
    assert lab.observations_of(document).endpoints[1].effort.connections == 1


async def test_a_silent_address_is_waited_for_once(scan: Scan) -> None:
    with full_backlog() as port:
        document = await scan(port, "ftp", timeout_seconds=0.5)
    efforts = [each.effort.connections for each in lab.observations_of(document).endpoints]
    assert efforts == [1, 1]


def _known(folder: Path, port: int, *keys: str) -> str:
    path = folder / "known_hosts"
    path.write_text("".join(f"[{NAME}]:{port} {key}\n" for key in keys), encoding="ascii")
    return str(path)


@pytest.mark.parametrize("pinned", [False, True], ids=["known", "pinned"])
async def test_host_keys_known_by_name_are_not_enough_where_two_are_shown(
    pinned: bool,  # noqa: FBT001 - a case, not a switch
    scan: Scan,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(VARIABLE, PASSWORD)
    async with recording_server() as (port, one, key):  # noqa: SIM117 - the port comes first
        async with recording_server(place=(TWO, port)) as (_, two, other):
            keys = [each.export_public_key().decode().strip() for each in (key, other)]
            terms = _ours(known_hosts=_known(tmp_path, port, *keys))
            if pinned:
                terms["host_keys"] = [key.get_fingerprint()]
            document = await scan(port, "sftp", **terms)
    assert _marks(document) == {"host-key ssh-ed25519"}
    views = _accounts(document)
    assert (one.passwords == [PASSWORD]) is pinned
    _assert_heard_nothing(two)
    assert (views[TWO].status, views[TWO].detail) == (CredentialStatus.NOT_SENT, MIXED)
    assert (views[ONE].status is CredentialStatus.NOT_SENT) is not pinned


def _assert_heard_nothing(heard: Heard) -> None:
    assert (heard.passwords, heard.keys) == ([], [])
    assert all(user.startswith("zz-") for user in heard.users)


async def test_two_sshd_with_keys_of_their_own_are_told_apart(
    start_server: StartServer, scan: Scan
) -> None:
    one = start_server(Openssh())
    two = start_server(Openssh(key_owner="another", place=Place(address=TWO, port=one.port)))
    keys = [key.fingerprint for key in one.host_keys]
    document = await scan(one.port, "sftp", **_ours(host_keys=keys))
    wanted = {"ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"}
    assert _marks(document) == {f"host-key {algorithm}" for algorithm in wanted}
    two.settle()
    assert two.failed_logins() == 0
    assert _accounts(document)[TWO].status is CredentialStatus.NOT_SENT
    assert _accounts(document)[ONE].status is CredentialStatus.REFUSED  # not its password


async def test_a_fault_of_our_own_in_the_line_up_sends_no_secret_and_is_told(
    scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> NoReturn:
        raise ZeroDivisionError

    monkeypatch.setattr(line_up, "take_identity", broken)
    context = server_context(make_certificate(tmp_path / "tls"))
    async with serving(recorder(context)) as one:
        document = await scan(one.port, "ftp", **_ours(tls=_ca(tmp_path / "tls")))
    assert not _has_heard(one)
    assert _accounts(document)[ONE].detail == UNCOMPARED
    faults = {each.fault for each in lab.observations_of(document).endpoints}
    assert faults == {"ZeroDivisionError in the line-up"}
    assert document.exit_code == 70


# --- nothing is closed --------------------------------------------------------------------


async def test_nothing_is_closed_while_two_servers_answer_to_one_name(
    start_server: StartServer, scan: Scan
) -> None:
    """Night 1: open to all. Night 2: closed, on two different servers. Night 3: on one."""
    nights = [datetime(2026, 11, day, 3, 0, tzinfo=UTC) for day in (20, 21, 22)]
    is_open = start_server(Vsftpd())
    first = await scan(is_open.port, "ftp", ONE, clock=lambda: nights[0])
    assert lab.row(first, FailureId.OPEN_ZONE).verdict is Verdict.FAIL
    locked = Vsftpd(anonymous=False, local_users=True, tls=MODERN)
    one = start_server(locked)
    other = Tls(owner="another")
    start_server(
        Proftpd(
            anonymous=False,
            local_users=True,
            tls=other,
            tls_required="auth+data",
            place=Place(address=TWO, port=one.port),
        )
    )
    second = await scan(one.port, "ftp", ONE, TWO, clock=lambda: nights[1])
    assert _marks(second) == {"greeting", "certificate-key"}
    assert lab.row(second, FailureId.OPEN_ZONE).verdict is Verdict.PASS
    assert second.header.delta.resolved == 0
    caps = {cap.trigger: cap.stale for cap in lab.report_of(second).assessment.caps}
    assert caps[CapTrigger.OPEN_LISTING] is caps[CapTrigger.OPEN_PERSONAL_DATA] is True
    assert str(lab.report_of(second).assessment.grade) == "F"
    third = await scan(one.port, "ftp", ONE, clock=lambda: nights[2])
    assert _marks(third) == set()
    assert third.header.delta.resolved > 0
    lifted = {cap.trigger for cap in lab.report_of(third).assessment.caps}
    assert not lifted & {CapTrigger.OPEN_LISTING, CapTrigger.OPEN_PERSONAL_DATA}


async def test_a_name_without_addresses_is_unreached(scan: Scan, tmp_path: Path) -> None:
    entry = lab.at(free_port(), "ftp", host=NAME)
    document = await scan_host(
        NAME,
        targets=lab.write_targets(tmp_path, entry, scope=lab.LOOPBACK),
        history=lab.history_in(tmp_path / "state"),
        resolver=lab.Names(),
    )
    unreached = lab.observations_of(document).unreached
    assert isinstance(unreached, Unobserved)
    assert unreached.reason is Reason.NAME_NOT_RESOLVED


# --- what it costs ------------------------------------------------------------------------

LINE_UP: Final = {"ftp": 1, "sftp": 3}
"""Greeting and certificate in one connection; SSH shows one kind of host key in each."""


@pytest.mark.parametrize("protocol", LINE_UP)
async def test_the_line_up_costs_what_is_documented_and_only_where_it_is_needed(
    protocol: str, start_server: StartServer, scan: Scan
) -> None:
    make = Vsftpd if protocol == "ftp" else Openssh
    one = start_server(make())
    start_server(make(place=Place(address=TWO, port=one.port)))
    alone = await scan(one.port, protocol, ONE)
    both = await scan(one.port, protocol, ONE, TWO)
    (usual,) = _connections(alone)
    assert _connections(both) == [usual + LINE_UP[protocol]] * 2


def _connections(document: ScanDocument) -> list[int]:
    return [each.effort.connections for each in lab.observations_of(document).endpoints]
