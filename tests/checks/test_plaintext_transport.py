from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from scanner.model.failure import CapTrigger, FailureId
from scanner.model.finding import Severity, Source, Verdict
from scanner.model.observation import (
    AuthTls,
    ClearLadder,
    ClearLogin,
    DataProtection,
    FtpFacts,
)
from scanner.model.peer import PeerTrust
from scanner.model.reading import Observed, Reason, Unobserved
from scanner.model.ssh import SshFacts
from scanner.model.target import Areas, TlsTrust
from tests.checks.cases import (
    accepted_anonymous,
    case,
    certificate,
    enforced_ftp,
    finding,
    host_key,
    kexinit,
    modern_ssh,
    offers,
    plain_ftp,
    reply,
    result,
    target,
    tls,
    view,
    walk,
)

ROW = FailureId.PLAINTEXT_TRANSPORT
ASKED = Observed(ClearLadder(step=ClearLogin.ASKED, replies=(reply(331),)))
LET_IN = Observed(ClearLadder(step=ClearLogin.ACCEPTED, replies=(reply(331), reply(230))))
CLEAR_DATA = Observed(
    DataProtection(clear_accepted=True, replies=(reply(200), reply(150), reply(226)))
)


def test_tls_required_of_everybody_passes() -> None:
    row = result(ROW, case(enforced_ftp()))
    assert (row.verdict, row.source) == (Verdict.PASS, Source.NETWORK)


def test_ftp_without_any_tls_fails_whoever_may_log_in() -> None:
    row = result(ROW, case(plain_ftp()))
    assert (row.verdict, row.severity) == (Verdict.FAIL, Severity.HIGH)
    refused = ClearLadder(step=ClearLogin.REFUSED, replies=(reply(530),))
    assert result(ROW, case(plain_ftp(clear_named=Observed(refused)))).verdict is Verdict.FAIL


def test_a_named_user_asked_for_a_password_in_clear_fails_and_caps() -> None:
    row = result(ROW, case(enforced_ftp(clear_named=ASKED)))
    assert (row.verdict, row.severity) == (Verdict.FAIL, Severity.HIGH)
    assert finding(row, "named-login-in-clear").caps == (CapTrigger.PASSWORD_IN_CLEAR,)


@pytest.mark.parametrize(
    ("change", "facet", "severity"),
    [
        ({"data": CLEAR_DATA}, "data-in-clear", Severity.MEDIUM),
        ({"ccc": Observed(reply(200))}, "ccc-accepted", Severity.MEDIUM),
        ({"legacy_tls": offers("tls1.0-1.1")}, "legacy-tls", Severity.MEDIUM),
        ({"legacy_tls": offers("sslv3")}, "legacy-tls", Severity.HIGH),
        ({"legacy_tls": offers("broken-suites", "tls1.0-1.1")}, "legacy-tls", Severity.HIGH),
        ({"clear_anonymous": LET_IN}, "anonymous-login-in-clear", Severity.MEDIUM),
    ],
)
def test_each_weakness_of_tls_fails(change: dict[str, Any], facet: str, severity: Severity) -> None:
    row = result(ROW, case(enforced_ftp(**change)))
    assert row.verdict is Verdict.FAIL
    assert finding(row, facet).severity is severity


@pytest.mark.parametrize("name", ["data", "ccc", "legacy_tls", "clear_named", "clear_anonymous"])
def test_what_was_not_seen_of_the_enforcement_keeps_the_row_unknown(name: str) -> None:
    change: dict[str, Any] = {name: Unobserved(Reason.NO_LOGIN)}
    row = result(ROW, case(enforced_ftp(**change)))
    assert (row.verdict, row.reason) == (Verdict.UNKNOWN, "no-login")


def test_anonymous_in_clear_in_a_declared_public_area_is_a_lead() -> None:
    facts = enforced_ftp(
        clear_anonymous=LET_IN,
        anonymous=accepted_anonymous(),
        anonymous_view=Observed(view(walk=walk(entries=1))),
    )
    row = result(ROW, case(facts, target=target(areas=Areas(public=("/pub",)))))
    assert row.verdict is Verdict.PASS
    assert finding(row, "anonymous-login-in-clear").severity is Severity.LOW


def test_triple_des_alone_is_a_lead() -> None:
    row = result(ROW, case(enforced_ftp(legacy_tls=offers("3des"))))
    assert row.verdict is Verdict.PASS
    assert finding(row, "legacy-tls").is_lead


@pytest.mark.parametrize("trust", [PeerTrust.EXPIRED, PeerTrust.MISMATCHED, PeerTrust.UNTRUSTED])
def test_a_bad_certificate_decides_only_where_trust_was_declared(trust: PeerTrust) -> None:
    facts = enforced_ftp(tls=tls(trust))
    assert result(ROW, case(facts)).verdict is Verdict.PASS
    declared = target(tls=TlsTrust(pins=("sha256:x",)))
    row = result(ROW, case(facts, target=declared))
    assert (row.verdict, row.severity) == (Verdict.FAIL, Severity.MEDIUM)


def test_implicit_tls_is_not_asked_about_logins_in_clear() -> None:
    implicit = Observed(AuthTls(mechanism="implicit"))
    row = result(ROW, case(enforced_ftp(auth_tls=implicit, clear_named=ASKED)))
    assert row.verdict is Verdict.PASS
    assert "named-login-in-clear" not in {item.facet for item in row.findings}


def test_modern_ssh_passes() -> None:
    assert result(ROW, case(modern_ssh())).verdict is Verdict.PASS


@pytest.mark.parametrize(
    "facts",
    [
        modern_ssh(kexinit=Observed(kexinit(kex=("diffie-hellman-group1-sha1",)))),
        modern_ssh(kexinit=Observed(kexinit(host_key=("ssh-dss",)))),
        modern_ssh(kexinit=Observed(kexinit(ciphers_in=("arcfour256",)))),
        modern_ssh(kexinit=Observed(kexinit(ciphers_out=("none",)))),
        modern_ssh(kexinit=Observed(kexinit(macs_out=("none",)))),
        modern_ssh(host_keys=Observed((host_key(algorithm="ssh-rsa", bits=1024),))),
        modern_ssh(identification=Observed("SSH-1.99-old")),
        SshFacts(identification=Observed("SSH-1.5-ancient")),
    ],
)
def test_broken_ssh_algorithms_fail(facts: SshFacts) -> None:
    row = result(ROW, case(facts))
    assert (row.verdict, row.severity) == (Verdict.FAIL, Severity.MEDIUM)


@pytest.mark.parametrize(
    "lists",
    [
        {"kex": ("diffie-hellman-group14-sha1", "kex-strict-s-v00@openssh.com")},
        {"ciphers_in": ("aes128-cbc",)},
        {"macs_in": ("hmac-sha1",)},
    ],
)
def test_weak_ssh_algorithms_are_leads(lists: dict[str, tuple[str, ...]]) -> None:
    row = result(ROW, case(modern_ssh(kexinit=Observed(kexinit(**lists)))))
    assert row.verdict is Verdict.PASS
    weak = finding(row, "ssh-weak-algorithms")
    assert (weak.verdict, weak.severity) == (Verdict.FAIL, Severity.LOW)


def test_terrapin_is_a_lead_of_its_own() -> None:
    lists = kexinit(kex=("curve25519-sha256",), ciphers_in=("chacha20-poly1305@openssh.com",))
    row = result(ROW, case(modern_ssh(kexinit=Observed(lists))))
    assert row.verdict is Verdict.PASS
    lead = finding(row, "ssh-terrapin")
    assert (lead.verdict, lead.severity) == (Verdict.FAIL, Severity.LOW)
    assert "chacha20-poly1305@openssh.com" in lead.summary


def test_strict_key_exchange_closes_terrapin() -> None:
    lists = kexinit(ciphers_in=("chacha20-poly1305@openssh.com",))
    row = result(ROW, case(modern_ssh(kexinit=Observed(lists))))
    assert finding(row, "ssh-weak-algorithms").verdict is Verdict.PASS
    assert finding(row, "ssh-terrapin").verdict is Verdict.PASS


@pytest.mark.parametrize(
    "facts",
    [
        modern_ssh(host_keys=Unobserved(Reason.TIMEOUT)),
        modern_ssh(kexinit=Observed(kexinit(host_key=("ssh-ed25519", "rsa-sha2-512")))),
    ],
)
def test_unseen_host_keys_keep_the_row_unknown(facts: SshFacts) -> None:
    assert result(ROW, case(facts)).verdict is Verdict.UNKNOWN


def test_a_changed_host_key_fails_where_keys_are_listed() -> None:
    facts = modern_ssh(host_keys=Observed((host_key(trust=PeerTrust.MISMATCHED),)))
    row = result(ROW, case(facts, target=target(host_keys=("SHA256:y",))))
    assert row.verdict is Verdict.FAIL


def test_one_bad_endpoint_of_many_fails_the_row() -> None:
    good: FtpFacts = enforced_ftp()
    assert result(ROW, case(good, plain_ftp(), modern_ssh())).verdict is Verdict.FAIL


def test_a_large_rsa_key_with_sha1_signatures_is_a_lead() -> None:
    facts = modern_ssh(
        kexinit=Observed(kexinit(host_key=("ssh-rsa",))),
        host_keys=Observed((host_key(algorithm="ssh-rsa", bits=3072),)),
    )
    row = result(ROW, case(facts))
    assert row.verdict is Verdict.PASS
    assert finding(row, "ssh-weak-algorithms").is_lead


def test_a_pin_does_not_excuse_an_expired_certificate() -> None:
    late = replace(certificate(), not_after="2026-11-01T00:00:00Z")
    pinned = replace(tls(PeerTrust.PINNED).value, certificate=late)
    declared = target(tls=TlsTrust(pins=("sha256:x",)))
    row = result(ROW, case(enforced_ftp(tls=Observed(pinned)), target=declared))
    assert (row.verdict, row.severity) == (Verdict.FAIL, Severity.MEDIUM)
    assert "expired on 2026-11-01" in row.summary


def test_triple_des_decides_where_the_server_has_nothing_better() -> None:
    only = replace(tls().value, cipher="DES-CBC3-SHA")
    facts = enforced_ftp(legacy_tls=offers("3des"), tls=Observed(only))
    row = result(ROW, case(facts))
    assert (row.verdict, row.severity) == (Verdict.FAIL, Severity.MEDIUM)


def test_offers_that_were_not_all_made_are_no_pass() -> None:
    some = Observed(offers().value[:2])
    assert result(ROW, case(enforced_ftp(legacy_tls=some))).verdict is Verdict.UNKNOWN
