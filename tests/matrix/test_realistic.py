"""What security teams meet: each case with its verdicts, its score and its letter.

The numbers are added up here from the rules (weights, credits, caps of ``docs/score.md``), never
taken over from a scan. W is the weight of what applies, 100 unless something is declared away.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from scanner.api import RunResult
from scanner.model.failure import CapTrigger, FailureId
from tests.matrix import lab
from tests.matrix.test_states import ALIAS, full_backlog, relayed
from tests.servers import MODERN, Proftpd, Server, Tree, Vsftpd, empty
from tests.servers.fixtures import StartServer
from tests.servers.process import Place

NOW: Final = datetime.now(UTC)
"""Certificates of the servers are made now, so that the nights begin now."""

VARIABLE: Final = "REALISTIC_PASSWORD"
FILES, ARCHIVE = "files.example.invalid", "archive.example.invalid"
TWO: Final = "127.0.0.2"
LOCKED: Final = Vsftpd(anonymous=False, local_users=True, tls=MODERN)
"""Named users alone, inside TLS alone, on both channels."""

ZONE, STORAGE, TRANSPORT, DELETION, ACCOUNTS, SUPERVISION, MIGRATIONS, EXCESS, CONTRACT = FailureId


def day(days: int) -> str:
    """Return the date that many days from now."""
    return (NOW + timedelta(days=days)).date().isoformat()


# What a row earns: its weight, times 1 if observed, 0.9 on the operator's word, 0.6 on paper.
HOLDERS = 12 * 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the report says of one asset."""

    verdicts: Mapping[FailureId, str]
    score: float
    best_case: float
    coverage: float
    grade: str
    caps: frozenset[CapTrigger] = frozenset()


def outcome(host: Mapping[str, Any]) -> Outcome:
    rows = {FailureId(row["id"]): row["verdict"] for row in host["failures"]}
    return Outcome(
        verdicts={failure: said for failure, said in rows.items() if said != "unknown"},
        score=host["score"],
        best_case=host["best_case"],
        coverage=host["coverage"],
        grade=host["grade"],
        caps=frozenset(CapTrigger(cap["trigger"]) for cap in host["caps"]),
    )


class Nights:
    """Runs of one targets file over one history.

    Nights are 25 hours apart: what failed in the last 24 counts against the attempts of a night.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def run(
        self,
        *targets: Mapping[str, Any],
        night: int = 0,
        addresses: Mapping[str, list[str]] | None = None,
    ) -> tuple[RunResult, dict[str, Any]]:
        """Run all targets and return the result, and the report document."""
        defaults = {"timeout_seconds": 2}
        path = lab.write_targets(self._folder, *targets, defaults=defaults, scope=lab.LOOPBACK)
        moment = NOW + timedelta(hours=25 * night)
        names = lab.Names(**(addresses or {}))
        result = lab.run_listed(path, self._folder / "state", lambda: moment, names)
        return result, lab.report_in(result)

    def one(self, target: Mapping[str, Any], *addresses: str) -> tuple[int, dict[str, Any]]:
        """Run one target and return the exit code, and what is said of it.

        ``addresses`` are those of the name ``files``.
        """
        result, document = self.run(target, addresses={"files": list(addresses)})
        (host,) = document["hosts"]
        return result.exit_code, host


@pytest.fixture
def nights(tmp_path: Path) -> Nights:
    return Nights(tmp_path)


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[dict[str, Any]]]:
    """Return a function that supplies the account ``transfer``, with one named holder."""

    def supply(password: str) -> list[dict[str, Any]]:
        monkeypatch.setenv(VARIABLE, password)
        named = {"username": "transfer", "holders": ["Exchange desk"]}
        return [{**named, "password": f"env:{VARIABLE}"}]

    return supply


def _trusted(server: Server, **more: Any) -> dict[str, Any]:
    """Return the entry of a server whose certificate the team can verify, whatever its name."""
    assert server.certificate is not None
    tls = {"ca": str(server.certificate.authority), "server_name": "localhost"}
    return lab.listed(server, tls=tls, **more)


# --- a ------------------------------------------------------------------------------------


def _iso_images(root: Path) -> Tree:
    """Two images: 16 unused sectors, then volume descriptors (ECMA-119, clause 8)."""
    (root / "pub").mkdir()
    for name in ("installer-1.iso", "installer-2.iso"):
        descriptor = b"\x01CD001\x01\x00".ljust(2048, b"\x00")
        end = b"\xffCD001\x01".ljust(2048, b"\x00")
        (root / "pub" / name).write_bytes(bytes(32_768) + descriptor + end + bytes(65_536))
    return Tree(root)


def test_a_declared_public_mirror_of_iso_images(start_server: StartServer, nights: Nights) -> None:
    """No TLS is a fail even here; that anyone reads what is declared public is none."""
    server = start_server(Vsftpd(), contents=_iso_images)
    away = [
        {
            "failure": failure,
            "reason": "a mirror holds nobody's data",
            "signed_by": "DPO",
            "until": day(200),
        }
        for failure in (DELETION, MIGRATIONS, EXCESS, CONTRACT)
    ]
    code, host = nights.one(lab.listed(server, areas={"public": ["/pub"]}, not_applicable=away))
    # W = 100 - 12 - 8 - 6 - 4 = 70. open-zone passes on the operator's word: 20 x 0.9 = 18.
    # clear-storage is seen whole by anyone: 16. plaintext-transport fails. Open: 12 + 10.
    declared_away = dict.fromkeys((DELETION, MIGRATIONS, EXCESS, CONTRACT), "not-applicable")
    assert outcome(host) == Outcome(
        verdicts={ZONE: "pass", STORAGE: "pass", TRANSPORT: "fail", **declared_away},
        score=round(100 * (18 + 16) / 70, 1),
        best_case=80.0,  # (18 + 16 + 22) / 70
        coverage=round(100 * (20 + 16 + 12) / 70, 1),
        grade="D",
    )
    assert host["breach_candidate"] is None
    assert code == 1  # clear transport is of severity high


# --- b ------------------------------------------------------------------------------------


def test_optional_tls_with_local_users_only(
    start_server: StartServer, nights: Nights, account: Callable[..., Any]
) -> None:
    options = Vsftpd(anonymous=False, local_users=True, tls=MODERN, tls_required="nobody")
    server = start_server(options, contents=empty)
    supplied = account(server.user("transfer").password)
    code, host = nights.one(_trusted(server, accounts=supplied))
    # open-zone 20, clear-storage 16 (walked whole and empty), shared-account 10.8; transport
    # fails: a password is asked for in clear, which holds the best case at C (74).
    assert outcome(host) == Outcome(
        verdicts={ZONE: "pass", STORAGE: "pass", TRANSPORT: "fail", ACCOUNTS: "pass"},
        score=20 + 16 + HOLDERS,
        best_case=74.0,
        coverage=20 + 16 + 12 + 12,
        grade="D",
        caps=frozenset({CapTrigger.PASSWORD_IN_CLEAR}),
    )
    assert host["credentials"][0]["status"] == "accepted"
    assert code == 1


# --- c ------------------------------------------------------------------------------------


def _emptied(root: Path) -> Tree:
    (root / "export").mkdir()
    return Tree(root)


PAPERS: Final[dict[str, Any]] = {
    "migrations": [
        {
            "order_id": "MIG-3",
            "controller": "Clinic of the Hill",
            "owner": "Archive move group",
            "ordered_on": day(-170),
            "paths": ["/export/*"],
            "migration_end": day(-53),
            "retention_days": 14,
        }
    ],
    "documents": [
        {
            "kind": "migration-procedure",
            "title": "How exports are moved",
            "owner": "Archive move group",
            "reviewed": day(-200),
            "expires": day(160),
        }
    ],
    "contracts": [
        {
            "controller": "Clinic of the Hill",
            "processor": "Riverside Imaging",
            "subject": "Archive of images",
            "duration": f"{day(-300)}/{day(400)}",
            "data_types": ["identity", "images"],
            "clauses": list("abcdefgh"),
            "signed": day(-300),
            "reviewed": day(-200),
            "expires": day(400),
            "owner": "Contracts desk",
        }
    ],
}


def test_tls_required_and_a_deadline_passed_with_nothing_left(
    start_server: StartServer, nights: Nights, account: Callable[..., Any]
) -> None:
    server = start_server(LOCKED, contents=_emptied)
    supplied = account(server.user("transfer").password)
    code, host = nights.one(_trusted(server, accounts=supplied, **PAPERS))
    # Observed: 20 + 16 + 12 + 12. Operator: 10.8. Paper: 8 x 0.6 and 4 x 0.6. Nobody ran a drill
    # (10), and no order lists its fields (6).
    passing = (ZONE, STORAGE, TRANSPORT, DELETION, ACCOUNTS, MIGRATIONS, CONTRACT)
    assert outcome(host) == Outcome(
        verdicts=dict.fromkeys(passing, "pass"),
        score=78.0,  # 60 + 10.8 + 4.8 + 2.4
        best_case=94.0,
        coverage=84.0,
        grade="B",
    )
    deletion = next(row for row in host["failures"] if row["id"] == DELETION)
    assert "walked whole and are empty" in deletion["summary"]
    assert code == 0


# --- d ------------------------------------------------------------------------------------


@contextmanager
def _silent_ports(count: int) -> Iterator[list[int]]:
    with ExitStack() as held:
        yield [held.enter_context(full_backlog()) for _ in range(count)]


def _with_ports(entry: dict[str, Any], ports: list[int]) -> dict[str, Any]:
    silent = [{"port": port, "protocol": "ftp"} for port in ports]
    return {**entry, "endpoints": [*entry["endpoints"], *silent], "timeout_seconds": 0.6}


def test_half_the_endpoints_silent_leaves_nothing_passed(
    start_server: StartServer, nights: Nights, account: Callable[..., Any]
) -> None:
    one, two = (start_server(LOCKED, contents=empty) for _ in range(2))
    supplied = account(one.user("transfer").password)
    entry = _trusted(one, accounts=supplied)
    entry["endpoints"].append({"port": two.port, "protocol": "ftp"})
    with _silent_ports(2) as ports:
        code, host = nights.one(_with_ports(entry, ports))
    states = [endpoint["state"] for endpoint in host["endpoints"]]
    assert sorted(states) == ["filtered", "filtered", "open", "open"]
    # What answers is sound; of the rest nothing is known, so only the inventory earns: 10.8.
    assert outcome(host) == Outcome(
        verdicts={ACCOUNTS: "pass"},
        score=HOLDERS,
        best_case=88 + HOLDERS,
        coverage=12.0,
        grade="U",
    )
    assert (host["worst"], host["best"]) == ("F", "A")
    assert code == 3


def test_half_the_endpoints_silent_hides_no_failure(
    start_server: StartServer, nights: Nights
) -> None:
    server = start_server(Vsftpd())
    with _silent_ports(1) as ports:
        code, host = nights.one(_with_ports(lab.listed(server), ports))
    # Anyone reads personal data in clear: three rows fail, and the cap to F needs no coverage.
    assert outcome(host) == Outcome(
        verdicts=dict.fromkeys((ZONE, STORAGE, TRANSPORT), "fail"),
        score=0.0,
        best_case=19.0,
        coverage=20 + 16 + 12,
        grade="F",
        caps=frozenset(
            {CapTrigger.OPEN_PERSONAL_DATA, CapTrigger.OPEN_LISTING, CapTrigger.NO_ORDER}
        ),
    )
    assert code == 1


# --- e ------------------------------------------------------------------------------------


def test_a_wrong_password_is_tried_once_on_one_host_and_never_again(
    start_server: StartServer, nights: Nights, account: Callable[..., Any]
) -> None:
    servers = [start_server(LOCKED) for _ in range(2)]
    supplied = account("a password that was never right")
    entries = [_trusted(server, accounts=supplied) for server in servers]
    for night in (0, 1, 2):
        result, document = nights.run(*entries, night=night)
        # Anonymous is refused: 20. Without a login nobody knows whether data are protected.
        for host in document["hosts"]:
            assert outcome(host) == Outcome(
                verdicts={ZONE: "pass", ACCOUNTS: "pass"},
                score=20 + HOLDERS,
                best_case=100 - 12 + HOLDERS,
                coverage=32.0,
                grade="U",
            )
        statuses = sorted(host["credentials"][0]["status"] for host in document["hosts"])
        assert statuses == (["not-sent", "refused"] if night == 0 else ["not-sent"] * 2)
        assert result.exit_code == 3
    assert sum(_refusals(server) for server in servers) == 1
    # Until it changes: the right one of the first host is tried on both.
    account(servers[0].user("transfer").password)
    nights.run(*entries, night=3)
    assert sum(_refusals(server) for server in servers) == 2


def _refusals(server: Server) -> int:
    server.settle()
    return server.log_text().count("[transfer] FAIL LOGIN")


# --- f ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("until", "code"), [(70, 0), (-2, 1)])
def test_a_declared_decoy_is_scored_apart_until_its_declaration_ends(
    until: int, code: int, start_server: StartServer, nights: Nights
) -> None:
    server = start_server(Vsftpd())
    decoy = {"owner": "Deception team", "until": day(until)}
    found, host = nights.one(lab.listed(server, decoy=decoy))
    # It is told what it is, open to all; but it alarms nobody while its owner stands for it.
    assert outcome(host) == Outcome(
        verdicts=dict.fromkeys((ZONE, STORAGE, TRANSPORT), "fail"),
        score=0.0,
        best_case=19.0,
        coverage=48.0,
        grade="F",
        caps=frozenset(
            {CapTrigger.OPEN_PERSONAL_DATA, CapTrigger.OPEN_LISTING, CapTrigger.NO_ORDER}
        ),
    )
    assert host["decoy"] == decoy
    assert (host["breach_candidate"] is None) is (code == 0)
    assert found == code


# --- g ------------------------------------------------------------------------------------


def test_two_backends_behind_one_name_are_judged_by_the_worse(
    start_server: StartServer, nights: Nights, account: Callable[..., Any]
) -> None:
    one = start_server(LOCKED, contents=empty)
    start_server(Proftpd(place=Place(address=TWO, port=one.port)))
    supplied = account(one.user("transfer").password)
    entry = _trusted(one, accounts=supplied, host=FILES, asset="files")
    code, host = nights.one(entry, "127.0.0.1", TWO)
    (look,) = host["vantages"]
    marks = {difference["mark"] for difference in look["mixed_identity"]}
    assert marks == {"greeting", "certificate-key"}
    # The second is open to all, has no TLS and asks anybody for a password; of the first nothing
    # counts but the inventory.
    assert outcome(host) == Outcome(
        verdicts={**dict.fromkeys((ZONE, STORAGE, TRANSPORT), "fail"), ACCOUNTS: "pass"},
        score=HOLDERS,
        best_case=19.0,
        coverage=60.0,
        grade="F",
        caps=frozenset(
            {
                CapTrigger.OPEN_PERSONAL_DATA,
                CapTrigger.OPEN_LISTING,
                CapTrigger.NO_ORDER,
                CapTrigger.PASSWORD_IN_CLEAR,
            }
        ),
    )
    (credential,) = host["credentials"]
    assert credential["status"] == "not-sent"
    assert "different identities" in credential["detail"]
    one.settle()
    assert "USER transfer" not in one.commands()
    assert code == 1


# --- h ------------------------------------------------------------------------------------


def test_one_server_under_two_names_is_two_assets_and_one_fact(
    start_server: StartServer, nights: Nights, account: Callable[..., Any]
) -> None:
    server = start_server(LOCKED, contents=empty)
    supplied = account(server.user("transfer").password)
    result, document = nights.run(
        _trusted(server, host=FILES, asset="files", accounts=supplied),
        _trusted(server, host=ARCHIVE, asset="archive"),
        addresses={"files": ["127.0.0.1"], "archive": ["127.0.0.1"]},
    )
    hosts = {host["asset"]: host for host in document["hosts"]}
    # Each is judged by its own papers. With the account: 20 + 16 + 12 + 10.8.
    passing = (ZONE, STORAGE, TRANSPORT, ACCOUNTS)
    assert outcome(hosts["files"]) == Outcome(
        verdicts=dict.fromkeys(passing, "pass"),
        score=48 + HOLDERS,
        best_case=88 + HOLDERS,
        coverage=60.0,
        grade="D",
    )
    # Without it only the door is seen closed: 20.
    assert outcome(hosts["archive"]) == Outcome(
        verdicts={ZONE: "pass"}, score=20.0, best_case=100.0, coverage=20.0, grade="U"
    )
    assert {name: host["aliases"] for name, host in hosts.items()} == {
        "files": [ARCHIVE],
        "archive": [FILES],
    }
    (fact,) = document["fleet"]
    assert (fact["kind"], fact["assets"]) == ("same-server", ["archive", "files"])
    assert result.exit_code == 0


# --- i ------------------------------------------------------------------------------------


async def test_undeclared_default_ports_filtered_where_another_answers(
    start_server: StartServer, nights: Nights
) -> None:
    server = start_server("openssh-keys")
    with full_backlog(ALIAS, 21), full_backlog(ALIAS, 990):
        async with relayed(server, 22):
            code, host = await asyncio.to_thread(
                nights.one, {"host": ALIAS, "timeout_seconds": 0.6}
            )
    states = {endpoint["port"]: endpoint["state"] for endpoint in host["endpoints"]}
    assert states == {21: "filtered", 990: "filtered", 22: "open"}
    # FTP is not offered from here; SSH asks for keys (20) and offers nothing broken (12).
    assert outcome(host) == Outcome(
        verdicts={ZONE: "pass", TRANSPORT: "pass"},
        score=32.0,
        best_case=100.0,
        coverage=32.0,
        grade="U",
    )
    assert code == 0
