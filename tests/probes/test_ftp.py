from __future__ import annotations

import asyncio
import base64
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import TypeVar

import pytest

from scanner.clients.dialer import Dialer
from scanner.clients.effort import EffortMeter
from scanner.clients.faults import Fault
from scanner.clients.ftp_session import NotFtp
from scanner.clients.ftp_verbs import READ_ONLY_VERBS
from scanner.model.address import Admitted
from scanner.model.attempts import AttemptKind
from scanner.model.listing import Outcome
from scanner.model.observation import ClearLogin, DataProtection, FtpFacts
from scanner.model.peer import PeerTrust
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.secret import SecretRef, SecretScheme
from scanner.model.target import Account, Allow, Limits, Target, TlsTrust
from scanner.model.view import CredentialStatus, View
from scanner.probes.context import EvidenceLog, ProbeContext
from scanner.probes.ftp import _worst, observe_ftp
from tests.hostile import (
    Behaviour,
    FtpScript,
    Session,
    close_at_once,
    drip,
    endless_line,
    endless_listing,
    endless_reply,
    ftp,
    garbage,
    http,
    injects_after_auth,
    lists,
    password_for_ever,
    recorder,
    says,
    server_context,
    serving,
    silent,
    stalls_after_auth,
)
from tests.probes.memory_tree import MemoryLedger, MemorySecrets, a_context
from tests.servers import Proftpd, Tls, Vsftpd, make_certificate
from tests.servers.certificates import CertificateKind
from tests.servers.fixtures import StartServer
from tests.servers.handle import Server
from tests.servers.tls import LEGACY_1_0, TlsVersion

T = TypeVar("T")

SECRET = SecretRef(SecretScheme.ENV, "LAB_PASSWORD")
QUICK = Limits(timeout_seconds=0.4, asset_seconds=20.0)


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Visit:
    """One observation and everything around it."""

    facts: FtpFacts
    context: ProbeContext
    meter: EffortMeter

    @property
    def ledger(self) -> MemoryLedger:
        assert isinstance(self.context.attempts, MemoryLedger)
        return self.context.attempts


async def look(
    port: int, target: Target | None = None, *, implicit: bool = False, **changes: object
) -> Visit:
    context = a_context(
        target or Target(host="localhost", asset="lab"),
        clock=now,
        evidence=EvidenceLog("t", "internal", now),
        **changes,
    )
    meter = EffortMeter()
    dialer = Dialer(
        Admitted(ip_address("127.0.0.1"), port, "localhost"),
        meter,
        connect_seconds=context.target.limits.timeout_seconds,
    )
    facts = await observe_ftp(dialer, context, implicit=implicit)
    return Visit(facts, context, meter)


async def look_at(server: Server, **changes: object) -> Visit:
    """Look as a team would that declares its CA, and its account where there is one."""
    target = Target(
        host="localhost",
        asset="lab",
        accounts=(Account(username="transfer", password=SECRET),) if server.users else (),
        tls=TlsTrust(ca=server.certificate.authority if server.certificate else None),
    )
    known = {}
    if server.users:
        known[str(SECRET)] = server.user("transfer").password.encode()
    changes.setdefault("secrets", MemorySecrets(known))
    target = replace(target, **changes.pop("target", {}))  # type: ignore[arg-type]
    return await look(server.port, target, implicit=server.protocol == "ftps", **changes)


def seen(reading: Reading[T]) -> T:
    assert isinstance(reading, Observed), reading
    return reading.value


def reason(reading: Reading[T]) -> Reason:
    assert isinstance(reading, Unobserved), reading
    return reading.reason


def view_of(facts: FtpFacts) -> View:
    return seen(facts.anonymous_view)


# Anonymous access, on real servers.


@pytest.mark.parametrize("posture", ["vsftpd-plain", "proftpd-plain", "pureftpd-plain"])
async def test_anonymous_without_tls_is_let_in_in_clear(
    start_server: StartServer, posture: str
) -> None:
    server = start_server(posture)
    facts = (await look_at(server)).facts
    assert not seen(facts.auth_tls).offered
    assert seen(facts.clear_anonymous).step is ClearLogin.ACCEPTED
    (attempt,) = seen(facts.anonymous).tries
    assert (attempt.username, attempt.encrypted, attempt.accepted) == ("anonymous", False, True)
    assert view_of(facts).root is Outcome.LISTED
    assert view_of(facts).walk.complete
    assert reason(facts.tls) is Reason.NOT_OFFERED
    assert reason(facts.legacy_tls) is Reason.NOT_OFFERED
    for unseen in (facts.data, facts.ccc, facts.session_reused):
        assert reason(unseen) is Reason.NOT_OFFERED


@pytest.mark.parametrize("reuse", [True, False])
@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
@pytest.mark.parametrize("make", [Vsftpd, Proftpd])
async def test_anonymous_files_are_seen_over_tls(
    start_server: StartServer,
    make: type[Vsftpd | Proftpd],
    version: TlsVersion,
    *,
    reuse: bool,
) -> None:
    tls = Tls(oldest=version, newest=version)
    facts = (await look_at(start_server(make(tls=tls, require_session_reuse=reuse)))).facts
    assert seen(facts.tls).version == version
    assert seen(facts.tls).trust is PeerTrust.VERIFIED
    assert [attempt.encrypted for attempt in seen(facts.anonymous).tries] == [False, True]
    assert view_of(facts).encrypted
    assert view_of(facts).root is Outcome.LISTED
    assert view_of(facts).walk.complete
    assert view_of(facts).walk.eligible >= 4
    assert seen(facts.session_reused) is True


@pytest.mark.parametrize("level", [1, 2, 3])
async def test_pureftpd_levels_are_told_apart(start_server: StartServer, level: int) -> None:
    facts = (await look_at(start_server(f"pureftpd-tls-{level}"))).facts
    refused = level > 1
    step = ClearLogin.REFUSED if refused else ClearLogin.ACCEPTED
    assert seen(facts.clear_anonymous).step is step
    assert seen(facts.clear_named).step is (ClearLogin.REFUSED if refused else ClearLogin.ASKED)
    assert seen(facts.data).clear_accepted is (level < 3)
    assert seen(facts.ccc).code == 200
    assert view_of(facts).encrypted
    assert seen(facts.session_reused) is False


@pytest.mark.parametrize("posture", ["vsftpd-implicit", "proftpd-implicit"])
async def test_implicit_tls_is_looked_at_from_the_first_byte(
    start_server: StartServer, posture: str
) -> None:
    facts = (await look_at(start_server(posture))).facts
    assert seen(facts.auth_tls).mechanism == "implicit"
    assert seen(facts.clear_named).step is ClearLogin.REFUSED
    assert seen(facts.clear_anonymous).step is ClearLogin.REFUSED
    (attempt,) = seen(facts.anonymous).tries
    assert (attempt.encrypted, attempt.accepted) == (True, True)
    assert view_of(facts).root is Outcome.LISTED
    assert seen(facts.data).clear_accepted is False
    assert len(seen(facts.legacy_tls)) == 4


async def test_a_server_that_speaks_clear_where_tls_was_declared_is_looked_at_in_clear(
    start_server: StartServer,
) -> None:
    server = start_server("vsftpd-plain")
    facts = (await look(server.port, implicit=True)).facts
    assert seen(facts.auth_tls).mechanism == ""
    assert seen(facts.clear_anonymous).step is ClearLogin.ACCEPTED


@pytest.mark.parametrize("posture", ["vsftpd-no-anonymous", "proftpd-no-anonymous"])
async def test_both_anonymous_names_are_tried_once_and_paid_for(
    start_server: StartServer, posture: str
) -> None:
    server = start_server(posture)
    visit = await look_at(server)
    tries = seen(visit.facts.anonymous).tries
    assert [(attempt.username, attempt.accepted) for attempt in tries] == [
        ("anonymous", False),
        ("ftp", False),
    ]
    assert seen(visit.facts.clear_anonymous).step is ClearLogin.ASKED
    assert reason(visit.facts.anonymous_view) is Reason.NO_LOGIN
    assert [attempt.kind for attempt in visit.ledger.failed] == [AttemptKind.ANONYMOUS] * 2
    assert visit.meter.logins_failed == 2
    server.settle()
    assert server.failed_logins() == 2


async def test_a_login_that_is_let_in_costs_no_attempt(start_server: StartServer) -> None:
    visit = await look_at(start_server("vsftpd-tls-optional"))
    assert (visit.ledger.open, visit.ledger.failed) == ([], [])
    assert visit.ledger.kinds[0] is AttemptKind.ACCOUNT


async def test_without_an_attempt_left_no_password_is_sent(start_server: StartServer) -> None:
    server = start_server("vsftpd-plain")
    visit = await look_at(server, attempts=MemoryLedger(most=0))
    assert reason(visit.facts.anonymous) is Reason.ATTEMPT_BUDGET
    assert reason(visit.facts.clear_anonymous) is Reason.ATTEMPT_BUDGET
    assert reason(visit.facts.anonymous_view) is Reason.ATTEMPT_BUDGET
    server.settle()
    assert "PASS" not in server.verbs()


async def test_a_second_attempt_that_is_not_left_leaves_anonymous_undecided(
    start_server: StartServer,
) -> None:
    visit = await look_at(start_server("vsftpd-no-anonymous"), attempts=MemoryLedger(most=1))
    assert seen(visit.facts.clear_anonymous).step is ClearLogin.ASKED
    assert reason(visit.facts.anonymous) is Reason.ATTEMPT_BUDGET


async def test_the_contact_is_the_anonymous_password() -> None:
    async with serving(recorder()) as endpoint:
        await look(endpoint.port, contact="scans@example.org")
    sent = [line for one in endpoint.connections for line in one.commands]
    assert {line for line in sent if line.startswith(b"PASS")} == {b"PASS scans@example.org"}


# TLS postures, on real servers.

CLEAR_AND_DATA = {
    "vsftpd-tls-optional": (ClearLogin.REFUSED, ClearLogin.ACCEPTED, True, 500),
    "vsftpd-tls-required": (ClearLogin.REFUSED, ClearLogin.REFUSED, False, 500),
    "proftpd-tls-off": (ClearLogin.ASKED, ClearLogin.ACCEPTED, True, 200),
    "proftpd-tls-on": (ClearLogin.REFUSED, ClearLogin.REFUSED, False, 534),
    "proftpd-tls-ctrl": (ClearLogin.REFUSED, ClearLogin.REFUSED, True, 534),
    "proftpd-tls-auth": (ClearLogin.REFUSED, ClearLogin.REFUSED, True, 200),
    "proftpd-tls-data": (ClearLogin.ASKED, ClearLogin.ACCEPTED, False, 200),
    "proftpd-tls-auth+data": (ClearLogin.REFUSED, ClearLogin.REFUSED, False, 200),
}


@pytest.mark.parametrize("posture", CLEAR_AND_DATA)
async def test_what_is_enforced_is_seen(start_server: StartServer, posture: str) -> None:
    facts = (await look_at(start_server(posture))).facts
    seen_here = (
        seen(facts.clear_named).step,
        seen(facts.clear_anonymous).step,
        seen(facts.data).clear_accepted,
        seen(facts.ccc).code,
    )
    assert seen_here == CLEAR_AND_DATA[posture]
    assert seen(facts.auth_tls).in_feat is True
    assert not any(offer.accepted for offer in seen(facts.legacy_tls))
    (account,) = facts.accounts
    assert account.status is CredentialStatus.ACCEPTED
    assert seen(account.view).walk.complete


async def test_where_tls_excludes_anonymous_the_clear_view_is_taken(
    start_server: StartServer,
) -> None:
    facts = (await look_at(start_server("vsftpd-tls-without-anonymous"))).facts
    assert [attempt.accepted for attempt in seen(facts.anonymous).tries] == [True, False]
    assert not view_of(facts).encrypted
    assert view_of(facts).root is Outcome.LISTED
    assert reason(facts.data) is Reason.NO_LOGIN


@pytest.mark.parametrize("make", [Vsftpd, Proftpd])
async def test_outdated_versions_and_suites_are_seen(
    start_server: StartServer, make: type[Vsftpd | Proftpd]
) -> None:
    facts = (await look_at(start_server(make(tls=LEGACY_1_0)))).facts
    offers = {offer.offer: offer for offer in seen(facts.legacy_tls)}
    assert seen(facts.tls).version == "TLSv1"
    assert (offers["tls1.0-1.1"].accepted, offers["tls1.0-1.1"].version) == (True, "TLSv1.0")
    assert offers["broken-suites"].accepted
    assert "anon" in offers["broken-suites"].selected
    assert not offers["sslv3"].accepted
    assert view_of(facts).encrypted


@pytest.mark.parametrize(
    ("kind", "trust"),
    [
        ("valid", PeerTrust.VERIFIED),
        ("expired", PeerTrust.EXPIRED),
        ("not-yet-valid", PeerTrust.EXPIRED),
        ("self-signed", PeerTrust.UNTRUSTED),
        ("wrong-name", PeerTrust.MISMATCHED),
    ],
)
async def test_certificates_are_judged_and_their_facts_are_always_had(
    start_server: StartServer, kind: CertificateKind, trust: PeerTrust
) -> None:
    server = start_server(Vsftpd(tls=Tls(certificate=kind), local_users=True))
    facts = (await look_at(server)).facts
    assert server.certificate is not None
    assert seen(facts.tls).trust is trust
    assert seen(facts.tls).certificate.sha256 == server.certificate.sha256
    (account,) = facts.accounts
    sent = account.status is not CredentialStatus.NOT_SENT
    assert sent is trust.may_receive_secrets
    assert view_of(facts).encrypted  # no secret is in an anonymous login


# Supplied accounts.


async def test_a_pinned_key_is_enough_and_a_wrong_one_is_not(start_server: StartServer) -> None:
    server = start_server("vsftpd-self-signed")
    server_users = start_server(Vsftpd(tls=Tls(certificate="self-signed"), local_users=True))
    assert server.certificate is not None
    digest = base64.b64encode(bytes.fromhex(server.certificate.public_key_sha256)).decode()
    for pin, status in (
        (f"sha256:{digest}", CredentialStatus.ACCEPTED),
        (f"sha256:{'A' * 43}=", CredentialStatus.NOT_SENT),
    ):
        visit = await look_at(server_users, target={"tls": TlsTrust(pins=(pin,))})
        assert visit.facts.accounts[0].status is status


@pytest.mark.parametrize("allowed", [True, False])
async def test_first_use_sends_a_secret_only_where_it_is_allowed(
    start_server: StartServer, *, allowed: bool
) -> None:
    server = start_server("vsftpd-tls-only-users")
    changes = {"tls": TlsTrust(), "allow": Allow(trust_on_first_use=allowed)}
    visit = await look_at(server, target=changes)
    trust = PeerTrust.FIRST_USE if allowed else PeerTrust.UNVERIFIED
    assert seen(visit.facts.tls).trust is trust
    status = CredentialStatus.ACCEPTED if allowed else CredentialStatus.NOT_SENT
    assert visit.facts.accounts[0].status is status


async def test_a_refused_password_is_tried_once_and_never_again(
    start_server: StartServer,
) -> None:
    server = start_server("proftpd-tls-on")
    ledger = MemoryLedger()
    wrong = {"secrets": MemorySecrets({str(SECRET): b"wrong"}), "attempts": ledger}
    first = await look_at(server, **wrong)
    again = await look_at(server, **wrong)
    assert first.facts.accounts[0].status is CredentialStatus.REFUSED
    assert reason(first.facts.accounts[0].view) is Reason.CREDENTIAL_REFUSED
    assert again.facts.accounts[0].status is CredentialStatus.NOT_SENT
    assert len(ledger.refused) == 1
    assert [attempt.kind for attempt in ledger.failed] == [AttemptKind.ACCOUNT]
    server.settle()
    assert server.failed_logins() == 1


async def test_accounts_are_left_alone_without_credentials(start_server: StartServer) -> None:
    server = start_server("vsftpd-tls-only-users")
    visit = await look_at(server, credentialed=False)
    assert visit.facts.accounts == ()
    missing = await look_at(server, secrets=MemorySecrets())
    assert missing.facts.accounts[0].status is CredentialStatus.NOT_SENT
    assert reason(missing.facts.accounts[0].view) is Reason.CREDENTIAL_MISSING


async def test_an_account_with_a_second_factor_of_ftp_is_partial(tmp_path: Path) -> None:
    made = make_certificate(tmp_path)
    script = FtpScript(replies={"PASS": b"332 account?\r\n"}, tls=server_context(made))
    async with serving(ftp(script)) as endpoint:
        visit = await look(endpoint.port, _with_account(TlsTrust(ca=made.authority)), secrets=KNOWN)
    (account,) = visit.facts.accounts
    assert (account.status, account.remaining) == (CredentialStatus.PARTIAL, ("account",))
    assert not seen(visit.facts.anonymous).accepted


@pytest.mark.parametrize(
    ("replies", "accepted", "said"),
    [
        ({"USER": b"332 account?\r\n", "ACCT": b"230 in\r\n"}, True, [332, 230]),
        ({"PASS": b"332 account?\r\n", "ACCT": b"230 in\r\n"}, True, [331, 332, 230]),
        ({"PASS": b"332 account?\r\n", "ACCT": b"202 needless\r\n"}, True, [331, 332, 202]),
        ({"PASS": b"332 account?\r\n", "ACCT": b"530 no\r\n"}, False, [331, 332, 530]),
    ],
)
async def test_a_server_that_wants_an_account_is_told_one_once(
    replies: dict[str, bytes], *, accepted: bool, said: list[int]
) -> None:
    async with serving(ftp(FtpScript(replies=replies))) as endpoint:
        facts = (await look(endpoint.port, LAB)).facts
    access = seen(facts.anonymous)
    assert access.accepted is accepted
    assert [reply.code for reply in access.tries[0].replies] == said
    accounts = [one.commands.count(b"ACCT anonymous") for one in endpoint.connections]
    assert max(accounts) == 1


LISTED = b"type=file;size=4;modify=20240101000000; a.txt\r\n"
KNOWN = MemorySecrets({str(SECRET): b"sesame-sesame"})


def _with_account(tls: TlsTrust, **changes: object) -> Target:
    target = Target(
        host="localhost",
        asset="lab",
        tls=tls,
        accounts=(Account(username="transfer", password=SECRET),),
        limits=QUICK,
    )
    return replace(target, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["self-signed", "expired", "wrong-name", "valid"])
async def test_a_supplied_secret_never_travels_in_clear_nor_to_a_stranger(
    tmp_path: Path, kind: CertificateKind
) -> None:
    made = make_certificate(tmp_path, kind)
    trust = TlsTrust(ca=made.authority)
    async with serving(recorder(server_context(made))) as endpoint:
        await look(endpoint.port, _with_account(trust), secrets=KNOWN)
    clear = b"".join(bytes(one.clear) for one in endpoint.connections)
    protected = b"".join(bytes(one.protected) for one in endpoint.connections)
    assert b"sesame" not in clear
    assert b"USER transfer" not in clear
    assert (b"sesame" in protected) is (kind == "valid")


async def test_a_server_without_tls_gets_no_supplied_secret() -> None:
    async with serving(recorder()) as endpoint:
        visit = await look(endpoint.port, _with_account(TlsTrust()), secrets=KNOWN)
    assert visit.facts.accounts[0].status is CredentialStatus.NOT_SENT
    assert all(b"sesame" not in one.received for one in endpoint.connections)


async def test_evidence_quotes_replies_and_no_password(start_server: StartServer) -> None:
    server = start_server("vsftpd-tls-optional")
    visit = await look_at(server, contact="scans@example.org")
    log = visit.context.evidence.all()
    text = str(log)
    assert server.user("transfer").password not in text
    assert "scans@example.org" not in text
    kinds = {"ftp-reply", "tls-session", "tls-offer", "tls-flight", "ftp-listing"}
    assert kinds | {"ftp-injection"} == {one.kind for one in log}
    ids = {one.id for one in log}
    for reading in (visit.facts.anonymous, visit.facts.data, visit.facts.anonymous_view):
        assert isinstance(reading, Observed)
        assert reading.evidence
        assert set(reading.evidence) <= ids


@pytest.mark.parametrize(
    "posture", ["vsftpd-tls-optional", "proftpd-tls-off", "pureftpd-tls-1", "vsftpd-writable"]
)
async def test_servers_see_nothing_but_reading_commands(
    start_server: StartServer, posture: str
) -> None:
    server = start_server(posture)
    visit = await look_at(server)
    server.settle()
    assert set(server.verbs()) <= READ_ONLY_VERBS
    assert set(visit.meter.verbs) <= READ_ONLY_VERBS
    assert not server.failed_logins()


async def test_a_foreign_passive_address_is_an_observation(start_server: StartServer) -> None:
    facts = (await look_at(start_server("vsftpd-nat"))).facts
    assert seen(facts.passive).announced == "127.66.66.66"
    assert seen(facts.passive).foreign
    assert view_of(facts).root is Outcome.LISTED


# Servers that are none, or misbehave.


@pytest.mark.parametrize(
    ("greeting", "name"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "ssh"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "http"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "tls"),
        (b"220 mail.example.org ESMTP\r\n", "smtp"),
    ],
)
async def test_another_service_is_told_to_the_caller(greeting: bytes, name: str) -> None:
    async with serving(says(greeting)) as endpoint:
        with pytest.raises(NotFtp) as caught:
            await look(endpoint.port, replace(LAB, limits=QUICK))
    assert (caught.value.seen, caught.value.reason) == (name, Reason.OTHER_SERVICE)


async def test_a_closed_port_is_told_to_the_caller() -> None:
    async with serving(silent()) as endpoint:
        port = endpoint.port
    with pytest.raises(Fault) as caught:
        await look(port)
    assert caught.value.reason is Reason.CLOSED


LAB = Target(host="localhost", asset="lab")


@pytest.mark.parametrize("implicit", [False, True])
@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        (silent(), Reason.TIMEOUT),
        (drip(), Reason.TIMEOUT),
        (close_at_once(), Reason.CONNECTION_LOST),
        (endless_reply(), Reason.PROTOCOL_ERROR),
    ],
    ids=["silent", "drip", "closes", "endless reply"],
)
async def test_a_server_that_never_greets_is_unobserved_throughout(
    behaviour: Behaviour, expected: Reason, *, implicit: bool
) -> None:
    async with serving(behaviour) as endpoint, asyncio.timeout(10):
        facts = (await look(endpoint.port, replace(LAB, limits=QUICK), implicit=implicit)).facts
    allowed = {expected, Reason.TLS_FAILED, Reason.CONNECTION_LOST} if implicit else {expected}
    for reading in (facts.greeting, facts.tls, facts.anonymous, facts.data, facts.clear_named):
        assert reason(reading) in allowed


@pytest.mark.parametrize("implicit", [False, True])
async def test_a_web_server_on_the_port_is_named(*, implicit: bool) -> None:
    async with serving(http()) as endpoint, asyncio.timeout(10):
        with pytest.raises(NotFtp) as caught:
            await look(endpoint.port, replace(LAB, limits=QUICK), implicit=implicit)
    assert caught.value.seen == "http"


async def test_a_greeting_line_without_end_is_unobserved() -> None:
    async with serving(endless_line()) as endpoint, asyncio.timeout(10):
        facts = (await look(endpoint.port, replace(LAB, limits=QUICK))).facts
    assert reason(facts.greeting) is Reason.PROTOCOL_ERROR
    assert reason(facts.anonymous) is Reason.PROTOCOL_ERROR


async def test_garbage_is_another_service() -> None:
    async with serving(garbage()) as endpoint:
        with pytest.raises(NotFtp):
            await look(endpoint.port, replace(LAB, limits=QUICK))


@pytest.mark.parametrize(
    "script",
    [
        FtpScript(greeting=b"421 too many connections\r\n"),
        FtpScript(greeting=b"530 Sorry, the maximum number of clients is connected\r\n"),
        FtpScript(replies={"AUTH": b"421 service not available\r\n"}),
        FtpScript(replies={"USER": b"421 too many users\r\n"}),
        FtpScript(replies={"PASS": b"530 too many failures, you are banned\r\n"}),
    ],
    ids=["greeting 421", "greeting 530", "AUTH", "USER", "PASS"],
)
async def test_a_server_that_wants_no_more_is_asked_no_more(script: FtpScript) -> None:
    async with serving(ftp(script)) as endpoint:
        facts = (await look(endpoint.port, replace(LAB, limits=QUICK))).facts
        connections = len(endpoint.connections)
    assert isinstance(facts.greeting, Observed)
    assert reason(facts.anonymous) is Reason.THROTTLED
    assert reason(facts.anonymous_view) is Reason.THROTTLED
    assert reason(facts.data) is Reason.THROTTLED
    assert connections <= 3


async def test_a_server_that_asks_for_passwords_for_ever_gets_one() -> None:
    async with serving(password_for_ever()) as endpoint:
        facts = (await look(endpoint.port, replace(LAB, limits=QUICK))).facts
        verbs = [verb for one in endpoint.connections for verb in one.verbs]
    assert reason(facts.anonymous) is Reason.PROTOCOL_ERROR
    assert verbs.count("PASS") == 1


async def test_a_name_asked_for_in_clear_stops_before_the_password() -> None:
    async with serving(recorder()) as endpoint:
        facts = (await look(endpoint.port)).facts
        named = [one for one in endpoint.connections if b"USER zz-" in one.received]
    assert seen(facts.clear_named).step is ClearLogin.ASKED
    (only,) = named
    assert only.verbs == ["FEAT", "AUTH", "AUTH", "SYST", "HELP", "USER", "QUIT"]
    assert re.fullmatch(rb"USER zz-[0-9a-f]{8}", only.commands[-2])


async def test_a_name_is_asked_for_on_its_own_connection_where_there_is_tls(
    tmp_path: Path,
) -> None:
    async with serving(recorder(server_context(make_certificate(tmp_path)))) as endpoint:
        facts = (await look(endpoint.port)).facts
        named = [one for one in endpoint.connections if b"USER zz-" in one.received]
    assert seen(facts.clear_named).step is ClearLogin.ASKED
    assert named[0].verbs == ["USER", "QUIT"]


@pytest.mark.parametrize(
    "doubtful", [b"421 too many commands\r\n", b"500 what\r\n", b"503 not after AUTH\r\n", b""]
)
async def test_an_answer_owed_to_earlier_questions_is_asked_for_anew(doubtful: bytes) -> None:
    async def behave(session: Session) -> None:
        after = FtpScript(replies={"USER": doubtful}, close_after=None if doubtful else 5)
        first = len(endpoint.connections) == 1
        await ftp(after if first else FtpScript())(session)

    async with serving(behave) as endpoint:
        facts = (await look(endpoint.port)).facts
        named = [one for one in endpoint.connections if b"USER zz-" in one.received]
    assert seen(facts.clear_named).step is ClearLogin.ASKED
    assert named[-1].verbs == ["USER", "QUIT"]
    assert len(facts.clear_named.evidence) == 1
    assert isinstance(facts.anonymous, Observed)


async def test_a_name_that_is_refused_in_passing_is_not_asked_for_again() -> None:
    replies = {"USER": b"530 anonymous only\r\n", "USER anonymous": b"331 password please\r\n"}
    script = FtpScript(replies=replies)
    async with serving(ftp(script)) as endpoint:
        facts = (await look(endpoint.port)).facts
        named = [one for one in endpoint.connections if b"USER zz-" in one.received]
    assert seen(facts.clear_named).step is ClearLogin.REFUSED
    assert len(named) == 1


@pytest.mark.parametrize(
    ("in_tls", "decided"),
    [(b"331 password please\r\n", True), (b"530 no such user\r\n", False)],
)
async def test_a_refused_name_counts_where_tls_makes_the_difference(
    tmp_path: Path, in_tls: bytes, *, decided: bool
) -> None:
    script = FtpScript(
        tls=server_context(make_certificate(tmp_path)),
        in_clear={"USER": b"530 no such user\r\n"},
        in_tls={"USER": in_tls},
    )
    async with serving(ftp(script)) as endpoint:
        named = (await look(endpoint.port, LAB)).facts.clear_named
    if decided:
        assert seen(named).step is ClearLogin.REFUSED
        assert len(named.evidence) == 2
    else:
        assert reason(named) is Reason.NO_LOGIN


@pytest.mark.parametrize(
    "refusal",
    [
        b"530 Non-anonymous sessions must use encryption.\r\n",
        b"530 This FTP server is anonymous only.\r\n",
        b"534 Policy requires SSL.\r\n",
        b"503 Use AUTH first.\r\n",
        b"421-Sorry, cleartext sessions are not accepted.\r\n421 bye\r\n",
    ],
)
async def test_a_refusal_that_says_why_costs_no_second_connection(
    tmp_path: Path, refusal: bytes
) -> None:
    tls = server_context(make_certificate(tmp_path))
    script = FtpScript(tls=tls, in_clear={"USER zz-": refusal, "USER": refusal})
    async with serving(ftp(script)) as endpoint:
        facts = (await look(endpoint.port, LAB)).facts
    assert seen(facts.clear_named).step is ClearLogin.REFUSED
    named = [one for one in endpoint.connections if b"USER zz-" in one.received]
    assert len(named) == 1


async def test_a_stalled_handshake_leaves_the_other_facts() -> None:
    async with serving(stalls_after_auth()) as endpoint, asyncio.timeout(15):
        facts = (await look(endpoint.port, replace(LAB, limits=QUICK))).facts
    assert seen(facts.auth_tls).offered
    assert reason(facts.tls) is Reason.TIMEOUT
    assert reason(facts.legacy_tls) is Reason.TIMEOUT
    # Refused in clear without a word why, and nobody can see whether TLS makes the difference.
    assert reason(facts.clear_named) is Reason.TIMEOUT
    assert seen(facts.clear_anonymous).step is ClearLogin.REFUSED
    assert reason(facts.injectable) is Reason.TLS_FAILED


async def test_clear_bytes_behind_the_answer_to_auth_are_evidence(tmp_path: Path) -> None:
    tls = server_context(make_certificate(tmp_path))
    async with serving(injects_after_auth(tls)) as endpoint:
        visit = await look(endpoint.port, replace(LAB, limits=QUICK))
    kinds = [one.kind for one in visit.context.evidence.all()]
    assert "ftp-clear-bytes-before-tls" in kinds
    assert isinstance(visit.facts.tls, Observed)


async def test_an_endless_listing_is_cut_and_the_view_says_so() -> None:
    limits = Limits(timeout_seconds=2.0, asset_seconds=20.0, entries=500)
    async with serving(lists(endless_listing)) as endpoint, asyncio.timeout(20):
        facts = (await look(endpoint.port, replace(LAB, limits=limits))).facts
    assert "entries" in view_of(facts).walk.stopped
    assert view_of(facts).walk.entries <= 500


async def test_the_seconds_of_an_asset_bound_a_slow_server() -> None:
    limits = Limits(timeout_seconds=5.0, asset_seconds=0.6)
    async with serving(stalls_after_auth()) as endpoint, asyncio.timeout(5):
        facts = (await look(endpoint.port, replace(LAB, limits=limits))).facts
    assert isinstance(facts.greeting, Observed)
    assert reason(facts.tls) is Reason.TIME_BUDGET
    assert reason(facts.anonymous) is Reason.TIME_BUDGET


async def test_what_an_account_saw_outlives_a_question_that_eats_the_time(tmp_path: Path) -> None:
    made = make_certificate(tmp_path)
    script = FtpScript(tls=server_context(made), listing=lambda: (LISTED,), replies={"CCC": b""})
    limits = Limits(timeout_seconds=30.0, asset_seconds=4.0)
    target = _with_account(TlsTrust(ca=made.authority), limits=limits)
    async with serving(ftp(script)) as endpoint, asyncio.timeout(20):
        facts = (await look(endpoint.port, target, secrets=KNOWN)).facts
    assert reason(facts.ccc) is Reason.TIME_BUDGET
    (account,) = facts.accounts
    assert account.status is CredentialStatus.ACCEPTED
    assert seen(account.view).walk.entries == 1


async def test_connections_come_one_at_a_time(tmp_path: Path) -> None:
    made = make_certificate(tmp_path)
    behave = recorder(server_context(made))
    open_now = 0
    most = 0

    async def counted(session: Session) -> None:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        try:
            await behave(session)
        finally:
            open_now -= 1

    async with serving(counted) as endpoint:
        await look(endpoint.port, _with_account(TlsTrust(ca=made.authority)), secrets=KNOWN)
        assert len(endpoint.connections) > 8
    assert most == 1


async def test_331_alone_is_no_anonymous_access() -> None:
    script = FtpScript(replies={"PASS": b"530 Login incorrect, 230 is not for you\r\n"})
    async with serving(ftp(script)) as endpoint:
        facts = (await look(endpoint.port)).facts
    assert not seen(facts.anonymous).accepted
    assert seen(facts.clear_anonymous).step is ClearLogin.ASKED


async def test_an_accepted_login_whose_listing_is_refused_is_seen_as_that() -> None:
    script = FtpScript(replies={"CWD": b"550 Permission denied\r\n"})
    async with serving(ftp(script)) as endpoint:
        facts = (await look(endpoint.port)).facts
    assert seen(facts.anonymous).accepted
    assert view_of(facts).root is Outcome.DENIED
    assert view_of(facts).root_reply.startswith("550")


async def test_a_control_character_of_a_server_reaches_no_fact() -> None:
    script = FtpScript(
        greeting=b"220 \x1b[31mred\xe2\x80\xae\r\n", replies={"USER": b"530 \x07no\r\n"}
    )
    async with serving(ftp(script)) as endpoint:
        visit = await look(endpoint.port)
    text = str(visit.facts) + str(visit.context.evidence.all())
    assert "\\x1b[31mred" in text
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202e]", text)


# What several logins taught, put together.

ENFORCED = Observed(DataProtection(clear_accepted=False, replies=()))
EXPOSED = Observed(DataProtection(clear_accepted=True, replies=()))
UNANSWERED = Unobserved(Reason.TIMEOUT, "no answer in time")


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        ((ENFORCED, UNANSWERED), UNANSWERED),
        ((UNANSWERED, ENFORCED), UNANSWERED),
        ((ENFORCED, UNANSWERED, EXPOSED), EXPOSED),
        ((ENFORCED, ENFORCED), ENFORCED),
        ((UNANSWERED,), UNANSWERED),
        ((), None),
    ],
)
def test_one_logins_good_answer_hides_no_other_that_was_not_asked(
    readings: tuple[Reading[DataProtection], ...], expected: Reading[DataProtection] | None
) -> None:
    assert _worst(readings, lambda data: data.clear_accepted) == expected
