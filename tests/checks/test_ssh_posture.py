from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from scanner.model.dossier import Dossier
from scanner.model.failure import FailureId
from scanner.model.finding import FailureResult, Finding, Severity, Verdict
from scanner.model.policies import MOZILLA_MODERN
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.secret import SecretRef, SecretScheme
from scanner.model.ssh import (
    AccountMethods,
    AuthMethods,
    GroupExchange,
    HostCertificate,
    SshExtension,
    SshFacts,
)
from scanner.model.target import Account
from tests.checks.cases import NOTHING, case, finding, host_key, kexinit, modern_ssh, result, target

ROW = FailureId.PLAINTEXT_TRANSPORT
CHACHA = "chacha20-poly1305@openssh.com"
ETM = "hmac-sha2-256-etm@openssh.com"
KEY = SecretRef(SecretScheme.ENV, "KEY")
PASSWORD = SecretRef(SecretScheme.ENV, "PASSWORD")


def judged(facts: SshFacts, **changes: Any) -> FailureResult:
    return result(ROW, case(facts, **changes))


def asked(row: FailureResult, facet: str) -> Finding | None:
    return next((item for item in row.findings if item.facet == facet), None)


def offering(**lists: Any) -> SshFacts:
    return modern_ssh(kexinit=Observed(kexinit(**lists)))


@pytest.mark.parametrize(
    ("lists", "told"),
    [
        ({"ciphers_in": (CHACHA,)}, [CHACHA]),
        ({"ciphers_out": (CHACHA, "aes256-ctr")}, [CHACHA]),
        ({"ciphers_in": ("aes128-cbc",)}, ["aes128-cbc", ETM]),
        ({"ciphers_in": ("aes128-cbc",), "macs_in": ("hmac-sha2-256",)}, None),
        # CBC one way and encrypt-then-MAC the other way do not meet.
        ({"ciphers_in": ("aes128-cbc",), "macs_in": ("hmac-sha2-512",), "macs_out": (ETM,)}, None),
        ({"ciphers_in": ("aes256-ctr",)}, None),
    ],
)
@pytest.mark.parametrize("strict", ["", "kex-strict-s-v00@openssh.com", "kex-strict-s"])
def test_terrapin_needs_certain_algorithms_and_no_strict_key_exchange(
    lists: dict[str, tuple[str, ...]], told: list[str] | None, strict: str
) -> None:
    kex = ("mlkem768x25519-sha256", *([strict] if strict else []))
    row = judged(offering(kex=kex, **lists))
    lead = finding(row, "ssh-terrapin")
    if told is None or strict:
        assert lead.verdict is Verdict.PASS
    else:
        assert (lead.verdict, lead.severity) == (Verdict.FAIL, Severity.LOW)
        assert all(name in lead.summary for name in told)
        assert "aes256-ctr" not in lead.summary
    assert row.verdict is Verdict.PASS


def test_no_version_decides_terrapin() -> None:
    old = replace(offering(), identification=Observed("SSH-2.0-OpenSSH_6.6"))
    assert finding(judged(old), "ssh-terrapin").verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("kex", "verdict"),
    [
        (("curve25519-sha256", "ecdh-sha2-nistp256"), Verdict.FAIL),
        (("curve25519-sha256", "sntrup761x25519-sha512@openssh.com"), Verdict.PASS),
        (("mlkem1024nistp384-sha384",), Verdict.PASS),
        (("x25519-kyber-512r3-sha256-d00@amazon.com",), Verdict.PASS),
    ],
)
def test_a_key_exchange_that_a_quantum_computer_breaks_is_told(
    kex: tuple[str, ...], verdict: Verdict
) -> None:
    row = judged(offering(kex=kex))
    lead = finding(row, "ssh-post-quantum")
    assert lead.verdict is verdict
    assert lead.severity is Severity.INFO
    assert row.verdict is Verdict.PASS


def answer(given: int | None) -> GroupExchange:
    return GroupExchange(smallest_asked=1024, preferred=1024, largest_asked=8192, given=given)


def groups(*given: int | None) -> SshFacts:
    return modern_ssh(group_exchange=Observed(tuple(answer(bits) for bits in given)))


@pytest.mark.parametrize(
    ("given", "verdict", "severity", "whole"),
    [
        ((4096, 1024), Verdict.FAIL, Severity.MEDIUM, Verdict.FAIL),
        ((768,), Verdict.FAIL, Severity.MEDIUM, Verdict.FAIL),
        ((1025,), Verdict.FAIL, Severity.LOW, Verdict.PASS),
        ((2047, 3072), Verdict.FAIL, Severity.LOW, Verdict.PASS),
        ((2048,), Verdict.FAIL, Severity.INFO, Verdict.PASS),
        ((3072, 8192), Verdict.PASS, Severity.INFO, Verdict.PASS),
        ((None, 3072), Verdict.PASS, Severity.INFO, Verdict.PASS),
        ((None,), Verdict.PASS, Severity.INFO, Verdict.PASS),
    ],
)
def test_a_group_exchange_is_worth_its_smallest_group(
    given: tuple[int | None, ...], verdict: Verdict, severity: Severity, whole: Verdict
) -> None:
    row = judged(groups(*given))
    lead = finding(row, "ssh-group-exchange")
    assert (lead.verdict, lead.severity) == (verdict, severity)
    assert row.verdict is whole


@pytest.mark.parametrize("way", ["compression_in", "compression_out"])
def test_compression_before_a_login_is_told(way: str) -> None:
    lead = finding(judged(offering(**{way: ("none", "zlib")})), "ssh-early-compression")
    assert (lead.verdict, lead.severity) == (Verdict.FAIL, Severity.LOW)
    later = finding(judged(offering(**{way: ("zlib@openssh.com",)})), "ssh-early-compression")
    assert later.verdict is Verdict.PASS


def test_directions_that_differ_are_told_with_what_only_one_has() -> None:
    lead = finding(judged(offering(ciphers_in=("aes256-ctr",))), "ssh-directions")
    assert (lead.verdict, lead.severity) == (Verdict.FAIL, Severity.INFO)
    assert "in only: aes256-ctr; out only: aes256-gcm@openssh.com" in lead.summary
    same = offering(macs_in=("a", "b"), macs_out=("b", "a"))
    assert finding(judged(same), "ssh-directions").verdict is Verdict.PASS


CERTIFICATE = HostCertificate(
    serial=1,
    key_id="files",
    principals=("files.example.org",),
    valid_after="2026-01-01T00:00:00Z",
    valid_before="2027-01-01T00:00:00Z",
    authority="SHA256:ca",
    authority_algorithm="ssh-ed25519",
)


def certified(**changes: Any) -> SshFacts:
    shown = host_key(certificate=replace(CERTIFICATE, **changes))
    return modern_ssh(host_keys=Observed((host_key(), shown)))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, ""),
        ({"principals": ("*.example.org",)}, ""),
        ({"valid_after": "", "valid_before": ""}, ""),
        ({"for_hosts": False}, "one of a user"),
        ({"valid_after": "2026-12-01T00:00:00Z"}, "not valid before 2026-12-01"),
        ({"valid_before": "2026-11-22T03:00:00Z"}, "expired on 2026-11-22"),
        ({"principals": ()}, "names no host"),
        ({"principals": ("other.example.org",)}, "does not name files.example.org"),
    ],
)
def test_a_host_certificate_that_clients_must_refuse_is_told(
    changes: dict[str, Any], told: str
) -> None:
    row = judged(certified(**changes))
    lead = finding(row, "ssh-host-certificate")
    assert lead.verdict is (Verdict.FAIL if told else Verdict.PASS)
    assert told in lead.summary
    assert row.verdict is Verdict.PASS


def extensions(*entries: tuple[str, str]) -> SshFacts:
    return modern_ssh(
        extensions=Observed(tuple(SshExtension(name=name, value=value) for name, value in entries))
    )


@pytest.mark.parametrize(
    ("entries", "verdict", "severity"),
    [
        ([("server-sig-algs", "ssh-ed25519,rsa-sha2-512")], Verdict.PASS, Severity.INFO),
        ([("server-sig-algs", "rsa-sha2-512,ssh-rsa")], Verdict.FAIL, Severity.LOW),
        ([("server-sig-algs", "ssh-dss")], Verdict.FAIL, Severity.LOW),
        ([("ping@openssh.com", "0")], Verdict.FAIL, Severity.INFO),
        ([], Verdict.FAIL, Severity.INFO),
    ],
)
def test_the_signatures_that_user_keys_are_asked_for(
    entries: list[tuple[str, str]], verdict: Verdict, severity: Severity
) -> None:
    lead = finding(judged(extensions(*entries)), "ssh-signature-algorithms")
    assert (lead.verdict, lead.severity) == (verdict, severity)


def offered(*methods: str) -> AuthMethods:
    return AuthMethods(none_accepted=False, methods=methods)


WITH_KEY = Account(username="a", private_key=KEY)
WITH_PASSWORD = Account(username="b", password=PASSWORD)
BOTH = Account(username="c", private_key=KEY, password=PASSWORD)


@pytest.mark.parametrize(
    ("accounts", "methods", "verdict"),
    [
        ((WITH_KEY,), ("publickey", "password"), Verdict.FAIL),
        ((WITH_KEY,), ("publickey",), Verdict.PASS),
        ((WITH_KEY, WITH_PASSWORD), ("publickey", "password"), None),
        ((WITH_KEY, BOTH), ("publickey", "password"), None),
        ((), ("publickey", "password"), None),
    ],
)
def test_a_password_is_told_where_every_account_has_a_key(
    accounts: tuple[Account, ...], methods: tuple[str, ...], verdict: Verdict | None
) -> None:
    row = judged(modern_ssh(methods=Observed(offered(*methods))), target=target(accounts=accounts))
    lead = asked(row, "ssh-password-offered")
    assert (lead.verdict if lead else None) is verdict
    assert row.verdict is Verdict.PASS


def test_a_policy_without_passwords_asks_for_them_too() -> None:
    facts = modern_ssh(methods=Observed(offered("publickey", "password")))
    row = judged(facts, dossier=Dossier(policy=Observed(MOZILLA_MODERN)))
    assert finding(row, "ssh-password-offered").is_lead


def named(*methods: Reading[AuthMethods]) -> SshFacts:
    return modern_ssh(
        methods=Observed(offered("publickey")),
        account_methods=tuple(
            AccountMethods(username=f"u{index}", methods=seen) for index, seen in enumerate(methods)
        ),
    )


def test_accounts_that_are_offered_other_methods_can_be_told_apart() -> None:
    row = judged(named(Observed(offered("publickey")), Observed(offered("password"))))
    lead = finding(row, "ssh-account-names")
    assert (lead.verdict, lead.severity) == (Verdict.FAIL, Severity.INFO)
    assert "1 of 2 listed accounts are offered password" in lead.summary
    assert "u1" not in lead.summary


def test_accounts_that_are_offered_the_same_are_a_pass_and_unseen_ones_no_question() -> None:
    same = judged(named(Observed(offered("publickey"))))
    assert finding(same, "ssh-account-names").verdict is Verdict.PASS
    assert asked(judged(named(NOTHING)), "ssh-account-names") is None
    assert asked(judged(modern_ssh()), "ssh-account-names") is None


LEADS = {
    "ssh-terrapin",
    "ssh-post-quantum",
    "ssh-unknown-algorithms",
    "ssh-group-exchange",
    "ssh-early-compression",
    "ssh-directions",
    "ssh-signature-algorithms",
}


@pytest.mark.parametrize("reason", [Reason.NOT_LOOKED_AT, Reason.NOT_OFFERED])
def test_what_was_not_asked_is_no_open_question(reason: Reason) -> None:
    nothing = Unobserved(reason)
    facts = modern_ssh(kexinit=nothing, group_exchange=nothing, extensions=nothing)
    row = judged(facts)
    assert LEADS & {item.facet for item in row.findings} == set()


def test_what_was_asked_in_vain_stays_open_and_keeps_no_row_from_passing() -> None:
    row = judged(modern_ssh(group_exchange=NOTHING, extensions=NOTHING))
    for facet in ("ssh-group-exchange", "ssh-signature-algorithms"):
        assert finding(row, facet).verdict is Verdict.UNKNOWN
    assert row.verdict is Verdict.PASS
