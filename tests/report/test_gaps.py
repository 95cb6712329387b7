from __future__ import annotations

from dataclasses import fields, replace

from scanner.model.login_keys import AccountKeys
from scanner.model.observation import EndpointState, FtpFacts
from scanner.model.reading import Reason, Unobserved
from scanner.model.ssh import SshFacts
from scanner.report.gaps import NAMES, gap_texts
from tests.report import builders


def texts(facts: FtpFacts | SshFacts) -> list[str]:
    endpoint = replace(builders.endpoints()[0], facts=facts)
    return gap_texts([builders.look(endpoints=(endpoint,))])


def test_every_fact_of_the_model_has_a_name_for_readers() -> None:
    facts = {item.name for kind in (FtpFacts, SshFacts) for item in fields(kind)}
    assert set(NAMES) == facts - {"accounts", "account_methods", "empty_passwords", "account_keys"}


def test_facts_missed_for_one_reason_share_one_line() -> None:
    gone = Unobserved(Reason.TIMEOUT, "no answer in 10 s")
    facts = replace(
        builders.ftp_facts(), tls=gone, data=gone, anonymous_view=Unobserved(Reason.NO_LOGIN)
    )
    found = texts(replace(facts, accounts=()))
    assert found == [
        "TLS and certificate, data channel: timeout, no answer in 10 s (internet: ftp 192.0.2.1:21)",
        "what anonymous sees: no login (internet: ftp 192.0.2.1:21)",
    ]


def test_what_a_server_does_not_offer_is_no_gap() -> None:
    facts = replace(builders.ftp_facts(), ccc=Unobserved(Reason.NOT_OFFERED), accounts=())
    assert not any("CCC" in text for text in texts(facts))


def test_questions_that_nobody_asked_come_last() -> None:
    facts = FtpFacts(greeting=Unobserved(Reason.CONNECTION_LOST))
    found = texts(facts)
    assert found[0].startswith("greeting: connection lost")
    assert found[-1].startswith("FEAT, AUTH TLS")
    assert "not looked at" in found[-1]


def test_a_silent_declared_port_is_a_gap_and_a_closed_default_port_is_none() -> None:
    ftp, closed, _ = builders.endpoints()
    silent = replace(ftp, facts=None, state=EndpointState.FILTERED, reason=Reason.FILTERED)
    found = gap_texts([builders.look(endpoints=(silent, closed))])
    assert found == ["the port: filtered (internet: ftp 192.0.2.1:21)"]


def test_a_fault_of_the_scanner_is_a_gap() -> None:
    broken = replace(builders.endpoints()[2], fault="ValueError in wire.ssh")
    found = gap_texts([builders.look(endpoints=(broken,))])
    assert "the rest: own fault, ValueError in wire.ssh (internet: sftp 192.0.2.1:22)" in found


def test_addresses_out_of_scope_are_named() -> None:
    found = gap_texts([builders.look(endpoints=(), out_of_scope=("203.0.113.9",))])
    assert found == ["203.0.113.9: out of scope, not dialled (internet)"]


def test_keys_that_nobody_could_ask_about_are_a_gap() -> None:
    asked = AccountKeys(username="old", answers=Unobserved(Reason.THROTTLED, "turned away"))
    facts = replace(builders.ssh_facts(), account_keys=(asked,), account_methods=(), accounts=())
    assert texts(facts) == [
        "public keys of old: throttled, turned away (internet: ftp 192.0.2.1:21)"
    ]
