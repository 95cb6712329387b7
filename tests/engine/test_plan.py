from __future__ import annotations

from dataclasses import replace
from inspect import signature
from pathlib import Path

from scanner.clients.dialer import Dialer
from scanner.engine.plan import (
    FTP_CONNECTIONS,
    SSH_ACCOUNT_CONNECTIONS,
    SSH_CONNECTIONS,
    SSH_QUERY_CONNECTIONS,
    planned,
)
from scanner.model.attempts import MOST_FAILURES
from scanner.model.target import Account, Allow, Endpoint, Protocol, Target, TlsTrust
from scanner.schemas.catalogue import load_schema

ENDPOINTS = (
    Endpoint(port=21, protocol=Protocol.FTP),
    Endpoint(port=990, protocol=Protocol.FTPS),
    Endpoint(port=22, protocol=Protocol.SFTP),
)


def plan_of(
    trust: TlsTrust, endpoints: tuple[Endpoint, ...] = ENDPOINTS
) -> tuple[int, tuple[str, ...]]:
    plan = planned(Target(host="h", asset="h", endpoints=endpoints, tls=trust))
    return plan.connections, plan.notes


def test_enumerating_adds_its_rounds_to_each_ftp_endpoint_and_says_so() -> None:
    without, notes = plan_of(TlsTrust())
    assert (without, notes) == (2 * FTP_CONNECTIONS + SSH_CONNECTIONS, ())
    plan, notes = plan_of(TlsTrust(rounds=80))
    assert plan == without + 160
    assert notes == ("enumerates TLS in up to 80 connections an endpoint",)


def test_an_asset_without_ftp_has_nothing_to_enumerate() -> None:
    assert plan_of(TlsTrust(rounds=80), ENDPOINTS[2:]) == (SSH_CONNECTIONS, ())


def test_the_largest_budget_leaves_the_other_questions_their_connections() -> None:
    most = load_schema("targets")["$defs"]["tls"]["properties"]["rounds"]["maximum"]
    allowed = signature(Dialer).parameters["most_connections"].default
    assert most + FTP_CONNECTIONS < allowed


def test_every_listed_account_and_empty_password_adds_to_an_ssh_endpoint_s_budget() -> None:
    accounts = tuple(Account(username=name) for name in ("a", "b"))
    target = Target(host="h", asset="h", endpoints=ENDPOINTS[2:], accounts=accounts)
    bare = planned(target)
    assert bare.connections == SSH_CONNECTIONS + 2 * SSH_ACCOUNT_CONNECTIONS
    tried = planned(replace(target, allow=Allow(empty_password=True)))
    assert (tried.connections - bare.connections, tried.logins - bare.logins) == (2, 2)


def test_listed_public_keys_add_connections_and_the_logins_that_may_fail() -> None:
    def cost(**people: tuple[Path, ...]) -> tuple[int, int]:
        account = Account(username="lab", public_keys=people)
        plan = planned(Target(host="h", asset="h", endpoints=ENDPOINTS[2:], accounts=(account,)))
        return plan.connections, plan.logins

    connections, logins = cost()
    key = (Path("k.pub"),)
    assert cost(one=key) == (connections + SSH_QUERY_CONNECTIONS, logins + 1)
    assert cost(one=key, two=key) == (connections + SSH_QUERY_CONNECTIONS, logins + 3)
    assert cost(**dict.fromkeys("abcdefgh", key)) == (
        connections + SSH_QUERY_CONNECTIONS,
        logins + MOST_FAILURES,
    )
