"""Whose keys an account accepts, asked of real servers: no private key is in play."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scanner.api.host import scan_host
from scanner.model.case import Case
from scanner.model.failure import CapTrigger, FailureId
from scanner.model.finding import Confidence, Finding, Verdict
from scanner.model.login_keys import KeyAnswers
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.ssh import SshFacts
from scanner.model.target import Account, Limits, Target
from scanner.probes.context import ProbeContext
from scanner.probes.sftp import observe_sftp
from tests.checks.cases import NOW as JUDGED_AT
from tests.checks.cases import endpoint, finding, result, seen
from tests.clients.ssh_lab import a_dialer
from tests.hostile import ssh_wire as wire
from tests.hostile.endpoint import Behaviour, Session, serving
from tests.hostile.ssh_peer import FINGERPRINT, Peer, reach
from tests.hostile.ssh_wire import Reader, message, string
from tests.probes.memory_tree import MemoryLedger, a_context
from tests.servers import Dropbear, Openssh
from tests.servers.fixtures import StartServer
from tests.servers.handle import Server
from tests.servers.packages import Prefix
from tests.servers.ssh_keys import KeyKind, make_key

QUICK = Limits(timeout_seconds=3.0)
QUERYING = [pytest.param(Openssh(), id="openssh"), pytest.param(Dropbear(), id="dropbear")]


class People:
    """Public keys of synthetic people; their private halves are never handed to the scanner."""

    def __init__(self, prefix: Prefix, folder: Path) -> None:
        self._prefix = prefix
        self._private = folder / "private"
        self._public = folder / "public"
        self._private.mkdir()
        self._public.mkdir()

    def key(self, name: str, kind: KeyKind = "ed25519") -> str:
        """Return the public line of this key, and lay its ``.pub`` file down."""
        line = make_key(self._prefix, self._private, kind, name=name).public_line
        self.file(name).write_text(f"{line} {name}@example.org\n", encoding="ascii")
        return line

    def file(self, name: str) -> Path:
        return self._public / f"{name}.pub"

    def account(self, **people: tuple[str, ...]) -> Account:
        """Return the account ``transfer`` with the keys of these people."""
        listed = {person: tuple(map(self.file, names)) for person, names in people.items()}
        return Account(username="transfer", holders=("Team A",), public_keys=listed)


@pytest.fixture
def people(server_packages: Prefix, tmp_path: Path) -> People:
    return People(server_packages, tmp_path)


def target_of(account: Account, *pins: str) -> Target:
    return Target(
        host="127.0.0.1", asset="files", limits=QUICK, host_keys=pins, accounts=(account,)
    )


def pinned(server: Server, account: Account) -> Target:
    return target_of(account, *(key.fingerprint for key in server.host_keys))


async def look(port: int, target: Target, **changes: Any) -> tuple[SshFacts, ProbeContext]:
    context = a_context(target, **changes)
    return await observe_sftp(a_dialer(port), context), context


def answers(facts: SshFacts) -> KeyAnswers:
    (asked,) = facts.account_keys
    assert isinstance(asked.answers, Observed), asked.answers
    return asked.answers.value


def accepted(facts: SshFacts) -> list[Reading[bool]]:
    return [query.accepted for query in answers(facts).queries]


def ruled(target: Target, facts: SshFacts) -> Finding:
    judged = Case(target=target, observations=(seen(endpoint(facts)),), now=JUDGED_AT)
    return finding(result(FailureId.SHARED_ACCOUNT, judged), "two-people-accepted")


YES, NO = Observed(value=True), Observed(value=False)


@pytest.mark.parametrize("options", QUERYING)
async def test_two_people_on_one_account_are_proved_without_a_private_key(
    options: Openssh | Dropbear, start_server: StartServer, people: People
) -> None:
    server = start_server(options)
    server.authorise("transfer", people.key("ada"))
    server.authorise("transfer", people.key("bob", "rsa-2048"))
    target = pinned(server, people.account(ada=("ada",), bob=("bob",)))
    ledger = MemoryLedger()

    facts, context = await look(server.port, target, attempts=ledger)
    server.settle()

    assert accepted(facts) == [YES, YES]
    assert answers(facts).stranger_refused == YES
    found = ruled(target, facts)
    assert (found.verdict, found.confidence) == (Verdict.FAIL, Confidence.PROOF)
    assert found.caps == (CapTrigger.SHARED_ACCOUNT,)
    assert len(ledger.failed) == 2  # the strange key, and the decoy user's request
    assert server.failed_logins() <= 2
    assert "ada" not in repr(context.evidence.all()) + repr(facts)


async def test_openssh_logs_no_login_and_one_refused_key(
    start_server: StartServer, people: People
) -> None:
    server = start_server(Openssh())
    server.authorise("transfer", people.key("ada"))
    server.authorise("transfer", people.key("bob"))

    await look(server.port, pinned(server, people.account(ada=("ada",), bob=("bob",))))
    server.settle()

    log = server.log_text()
    assert log.count("Postponed publickey for transfer") == 2
    assert log.count("Failed publickey for transfer") == 1
    assert "Accepted publickey" not in log


@pytest.mark.parametrize("options", QUERYING)
async def test_the_keys_of_an_account_are_asked_over_one_connection(
    options: Openssh | Dropbear, start_server: StartServer, people: People
) -> None:
    server = start_server(options)
    server.authorise("transfer", people.key("ada"))
    server.authorise("transfer", people.key("bob"))
    bare = target_of(Account(username="transfer"), *pinned(server, Account(username="x")).host_keys)
    await look(server.port, bare)
    server.settle()
    without = server.accepted_connections()

    await look(server.port, pinned(server, people.account(ada=("ada",), bob=("bob",))))
    server.settle()

    # The one connection replaces that which asks what the account is offered; a decoy that has
    # to wait for the keys takes one more.
    assert server.accepted_connections() - without <= without + 1


@pytest.mark.parametrize("options", QUERYING)
async def test_one_person_with_two_keys_is_no_sharing(
    options: Openssh | Dropbear, start_server: StartServer, people: People
) -> None:
    server = start_server(options)
    server.authorise("transfer", people.key("ada-desk"))
    server.authorise("transfer", people.key("ada-lap"))
    people.key("bob")
    target = pinned(server, people.account(ada=("ada-desk", "ada-lap"), bob=("bob",)))

    facts, _ = await look(server.port, target)

    assert answers(facts).stranger_refused == YES
    by_holder = {query.holder for query in answers(facts).queries if query.accepted == YES}
    assert len(by_holder) == 1
    assert NO in accepted(facts)
    assert ruled(target, facts).verdict is Verdict.PASS


async def test_a_lone_person_needs_no_strange_key(
    start_server: StartServer, people: People
) -> None:
    server = start_server(Openssh())
    server.authorise("transfer", people.key("ada"))
    target = pinned(server, people.account(ada=("ada",)))

    facts, _ = await look(server.port, target)

    assert accepted(facts) == [YES]
    assert "Failed publickey" not in server.log_text()
    assert ruled(target, facts).verdict is Verdict.PASS


async def test_a_host_key_that_nobody_declared_makes_a_strong_sign_and_no_proof(
    start_server: StartServer, people: People
) -> None:
    server = start_server(Openssh())
    server.authorise("transfer", people.key("ada"))
    server.authorise("transfer", people.key("bob"))
    target = target_of(people.account(ada=("ada",), bob=("bob",)))

    facts, context = await look(server.port, target)

    assert not answers(facts).verified
    (told,) = [one.data for one in context.evidence.all() if one.kind == "ssh-key-queries"]
    assert told["host_key_verified"] is False
    found = ruled(target, facts)
    assert (found.verdict, found.reason) == (Verdict.UNKNOWN, "suspected")
    assert found.caps == ()


async def test_a_host_that_is_not_the_declared_one_is_told_no_name(
    start_server: StartServer, people: People
) -> None:
    server = start_server(Openssh())
    people.key("ada"), people.key("bob")
    target = target_of(people.account(ada=("ada",), bob=("bob",)), FINGERPRINT)

    facts, _ = await look(server.port, target)

    (asked,) = facts.account_keys
    assert isinstance(asked.answers, Unobserved)
    assert asked.answers.reason is Reason.UNVERIFIED_PEER
    assert "transfer" not in server.log_text().replace("transfer-", "")
    assert ruled(target, facts).verdict is Verdict.UNKNOWN


async def test_refused_keys_stay_within_the_budget_and_within_strict_servers(
    start_server: StartServer, people: People
) -> None:
    server = start_server(Openssh(max_auth_tries=3))
    for number in range(6):
        people.key(f"p{number}")
    target = pinned(server, people.account(**{f"p{n}": (f"p{n}",) for n in range(6)}))
    ledger = MemoryLedger()

    facts, _ = await look(server.port, target, attempts=ledger)
    server.settle()

    reasons = [each.reason for each in accepted(facts) if isinstance(each, Unobserved)]
    assert accepted(facts).count(NO) == 3
    assert set(reasons) == {Reason.ATTEMPT_BUDGET}
    assert len(ledger.failed) == 4
    assert server.log_text().count("Failed publickey for transfer") == 4
    assert "maximum authentication attempts exceeded" not in server.log_text()
    assert ruled(target, facts).verdict is Verdict.UNKNOWN


async def test_a_refused_key_is_not_shown_again_in_the_same_week(
    start_server: StartServer, people: People
) -> None:
    server = start_server(Openssh())
    server.authorise("transfer", people.key("ada"))
    people.key("bob")
    target = pinned(server, people.account(ada=("ada",), bob=("bob",)))
    first = MemoryLedger()
    await look(server.port, target, attempts=first)
    server.settle()
    told = server.log_text().count("Failed publickey")

    facts, context = await look(server.port, target, attempts=MemoryLedger(refused=first.refused))
    server.settle()

    assert server.log_text().count("Failed publickey") == told == 2
    assert [query.earlier for query in answers(facts).queries] == [False, True]
    assert "earlier this week" in ruled(target, facts).summary

    later = context.clock().replace(day=context.clock().day + 7)
    again, _ = await look(
        server.port,
        target,
        attempts=MemoryLedger(refused=first.refused),
        clock=lambda: later,
    )
    assert [query.earlier for query in answers(again).queries] == [False, False]


async def test_a_server_without_public_keys_is_asked_for_none(
    start_server: StartServer, people: People
) -> None:
    server = start_server(Openssh(keys=False))
    people.key("ada"), people.key("bob")
    target = pinned(server, people.account(ada=("ada",), bob=("bob",)))

    facts, _ = await look(server.port, target)

    assert {each.reason for each in accepted(facts) if isinstance(each, Unobserved)} == {
        Reason.NOT_OFFERED
    }
    assert "Failed publickey" not in server.log_text()
    assert ruled(target, facts).verdict is Verdict.UNKNOWN


async def test_a_file_that_is_no_key_is_unknown_and_never_a_pass(
    start_server: StartServer, people: People
) -> None:
    server = start_server(Openssh())
    server.authorise("transfer", people.key("ada"))
    people.file("bob").write_text("no key at all\n", encoding="ascii")
    target = pinned(server, people.account(ada=("ada",), bob=("bob",)))

    facts, _ = await look(server.port, target)

    found = ruled(target, facts)
    assert (found.verdict, found.reason) == (Verdict.UNKNOWN, str(Reason.UNREADABLE))


async def test_two_nights_with_one_history_prove_it_twice_and_cost_one_refused_key(
    start_server: StartServer, people: People, tmp_path: Path
) -> None:
    server = start_server(Openssh())
    server.authorise("transfer", people.key("ada"))
    server.authorise("transfer", people.key("bob"))
    keys = {name: [str(people.file(name))] for name in ("ada", "bob")}
    document = {
        "version": 1,
        "authorisation": {"reference": "KEYS-1", "scope": ["127.0.0.0/8"]},
        "targets": [
            {
                "host": "127.0.0.1",
                "asset": "files",
                "endpoints": [{"port": server.port, "protocol": "sftp"}],
                "host_keys": [key.fingerprint for key in server.host_keys],
                "accounts": [{"username": "transfer", "holders": ["ada"], "public_keys": keys}],
            }
        ],
    }
    path = tmp_path / "targets.json"
    path.write_text(json.dumps(document), encoding="utf-8")

    for _ in range(2):
        told = await scan_host("127.0.0.1", targets=path, history=tmp_path / "history")
        (report,) = told.hosts
        row = next(row for row in report.failures if row.id is FailureId.SHARED_ACCOUNT)
        assert (row.verdict, row.confidence) == (Verdict.FAIL, Confidence.PROOF)
        assert CapTrigger.SHARED_ACCOUNT in {cap.trigger for cap in report.assessment.caps}
        assert "bob" not in json.dumps(told.as_dict())
    server.settle()

    assert server.log_text().count("Failed publickey for transfer") == 1
    assert server.log_text().count("Postponed publickey for transfer") == 4


# --- servers that lie -----------------------------------------------------------------


Answer = Callable[[bytes, bytes], bytes | None]


def answers_keys(answer: Answer) -> Behaviour:
    """Refuse ``none`` politely; say this to whoever shows a key, nothing where it is ``None``."""

    async def behave(session: Session) -> None:
        peer: Peer = await reach(session, "service")
        while True:
            asked = Reader((await peer.expect(wire.USERAUTH_REQUEST))[1:])
            asked.string(), asked.string()
            if asked.string() != b"publickey":
                await peer.send(message(wire.USERAUTH_FAILURE, string(b"publickey"), b"\0"))
                continue
            asked.take(1)
            said = answer(asked.string(), asked.string())
            if said is not None:
                await peer.send(said)

    return behave


def accepts(algorithm: bytes, blob: bytes) -> bytes:
    return bytes([60]) + string(algorithm) + string(blob)


LIES: dict[str, tuple[Answer, Reason]] = {
    "accepts-every-key": (accepts, Reason.PROTOCOL_ERROR),
    "names-another-key": (lambda algorithm, _: accepts(algorithm, b"x"), Reason.PROTOCOL_ERROR),
    "cut-short": (lambda *_: bytes([60, 0, 0]), Reason.PROTOCOL_ERROR),
    "another-message": (lambda *_: bytes([99]), Reason.PROTOCOL_ERROR),
    "lets-in": (lambda *_: bytes([52]), Reason.PROTOCOL_ERROR),
    "never-answers": (lambda *_: None, Reason.TIMEOUT),
    "has-had-enough": (
        lambda *_: message(1, bytes(4), string(b"Too many connections"), string(b"")),
        Reason.THROTTLED,
    ),
}


@pytest.mark.parametrize("lie", LIES)
async def test_a_server_whose_word_proves_nothing_is_unknown(lie: str, people: People) -> None:
    answer, reason = LIES[lie]
    people.key("ada"), people.key("bob")
    account = people.account(ada=("ada",), bob=("bob",))
    target = replace(target_of(account, FINGERPRINT), limits=Limits(timeout_seconds=0.5))
    ledger = MemoryLedger()

    async with serving(answers_keys(answer)) as hostile, asyncio.timeout(20):
        facts, _ = await look(hostile.port, target, attempts=ledger)

    assert {each.reason for each in accepted(facts) if isinstance(each, Unobserved)} == {reason}
    assert YES not in accepted(facts)
    assert ruled(target, facts).verdict is Verdict.UNKNOWN
    assert len(ledger.failed) <= 2


async def test_many_accounts_on_a_mute_server_are_not_waited_for_one_by_one(
    people: People,
) -> None:
    people.key("ada"), people.key("bob")
    one = people.account(ada=("ada",), bob=("bob",))
    many = tuple(replace(one, username=f"u{number}") for number in range(8))
    target = replace(target_of(one, FINGERPRINT), accounts=many, limits=Limits(timeout_seconds=0.5))

    async with serving(answers_keys(lambda *_: None)) as hostile, asyncio.timeout(30):
        facts, _ = await look(hostile.port, target)
        shown = sum(b"publickey" in each.protected for each in hostile.connections)

    reasons = {a.answers.reason for a in facts.account_keys if isinstance(a.answers, Unobserved)}
    assert reasons == {Reason.TIMEOUT}
    assert shown == 1
