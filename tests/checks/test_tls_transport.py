from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from scanner.model.failure import FailureId
from scanner.model.finding import Confidence, Severity, Verdict
from scanner.model.observation import (
    CertificateFacts,
    FtpFacts,
)
from scanner.model.reading import Observed, Reason, Unobserved
from scanner.model.target import TlsTrust
from scanner.model.tls_survey import (
    TlsFlight,
    TlsGroup,
    TlsSuite,
    TlsSurvey,
    TlsVersionSurvey,
)
from tests.checks.cases import (
    case,
    certificate,
    enforced_ftp,
    finding,
    flight,
    plain_ftp,
    result,
    target,
    tls,
)

ROW = FailureId.PLAINTEXT_TRANSPORT
LOOKED = ("secure-renegotiation", "tls-compression", "client-certificate", "weak-key-exchange")
SOUND = TlsSuite(name="TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384")


def with_leaf(leaf: CertificateFacts) -> FtpFacts:
    return enforced_ftp(tls=Observed(replace(tls().value, certificate=leaf)))


def survey(*suites: TlsSuite, cut: str = "", groups: tuple[TlsGroup, ...] = ()) -> TlsSurvey:
    version = TlsVersionSurvey(version="TLSv1.2", suites=suites, groups=groups, complete=not cut)
    return TlsSurvey(versions=(version,), rounds=2, cut=cut)


ENUMERATES = target(tls=TlsTrust(rounds=80))


@pytest.mark.parametrize(
    ("changes", "severity", "lead"),
    [
        ({"key_type": "rsa", "key_bits": 1024}, Severity.MEDIUM, False),
        ({"key_type": "rsa", "key_bits": 2047}, Severity.MEDIUM, False),
        ({"key_type": "dsa", "key_bits": 3072}, Severity.MEDIUM, False),
        ({"key_type": "ecdsa", "key_bits": 192}, Severity.MEDIUM, True),
        ({"signature": "sha1"}, Severity.MEDIUM, True),
        ({"signature": "md5"}, Severity.MEDIUM, True),
    ],
)
def test_a_weak_certificate_fails_where_its_key_can_be_broken(
    changes: dict[str, object], severity: Severity, *, lead: bool
) -> None:
    leaf = replace(certificate(), **changes)  # type: ignore[arg-type]
    row = result(ROW, case(with_leaf(leaf)))
    found = finding(row, "certificate-strength")
    assert (found.verdict, found.severity, found.is_lead) == (Verdict.FAIL, severity, lead)
    assert row.verdict is (Verdict.PASS if lead else Verdict.FAIL)


@pytest.mark.parametrize(
    "changes",
    [
        {"key_type": "rsa", "key_bits": 2048},
        {"key_type": "ecdsa", "key_bits": 224},
        {"key_type": "ed25519", "key_bits": 256},
        {"signature": "sha1", "self_signed": True},
    ],
)
def test_a_strong_certificate_passes(changes: dict[str, object]) -> None:
    leaf = replace(certificate(), **{"key_type": "rsa", "key_bits": 4096, **changes})  # type: ignore[arg-type]
    row = result(ROW, case(with_leaf(leaf)))
    assert finding(row, "certificate-strength").verdict is Verdict.PASS


def test_a_key_of_unknown_kind_is_not_strong() -> None:
    row = result(ROW, case(with_leaf(replace(certificate(), key_type="unknown", key_bits=None))))
    assert finding(row, "certificate-strength").verdict is Verdict.UNKNOWN
    assert row.verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("day", "verdict"),
    [(1, Verdict.PASS), (17, Verdict.FAIL), (30, Verdict.FAIL)],
)
def test_a_certificate_that_ends_soon_is_told_for_information(day: int, verdict: Verdict) -> None:
    leaf = replace(certificate(), not_after="2026-03-25T00:00:00Z")
    judged = replace(case(with_leaf(leaf)), now=datetime(2026, 3, day, tzinfo=UTC))
    found = finding(result(ROW, judged), "certificate-expiry")
    assert found.verdict is verdict
    assert found.severity is Severity.INFO


@pytest.mark.parametrize(
    ("facet", "changes", "severity", "lead"),
    [
        ("secure-renegotiation", {"secure_renegotiation": False}, Severity.MEDIUM, True),
        ("tls-compression", {"compression": "deflate"}, Severity.LOW, True),
        ("weak-key-exchange", {"group": TlsGroup(name="dh", bits=768)}, Severity.HIGH, False),
        ("weak-key-exchange", {"group": TlsGroup(name="rsa", bits=512)}, Severity.HIGH, False),
        ("weak-key-exchange", {"group": TlsGroup(name="dh", bits=1024)}, Severity.MEDIUM, False),
        ("weak-key-exchange", {"group": TlsGroup(name="dh", bits=1536)}, Severity.MEDIUM, True),
        (
            "weak-key-exchange",
            {"group": TlsGroup(name="sect163k1", bits=163)},
            Severity.MEDIUM,
            True,
        ),
        ("weak-key-exchange", {"group": None}, Severity.LOW, True),
    ],
)
def test_a_flight_tells_what_is_weak(
    facet: str, changes: dict[str, object], severity: Severity, *, lead: bool
) -> None:
    row = result(ROW, case(enforced_ftp(tls_flight=flight(**changes))))
    found = finding(row, facet)
    assert (found.verdict, found.severity, found.is_lead) == (Verdict.FAIL, severity, lead)
    assert row.verdict is (Verdict.PASS if lead else Verdict.FAIL)


@pytest.mark.parametrize("group", [TlsGroup(name="dh", bits=2048), TlsGroup(name="0x0A0A")])
def test_a_strong_or_unregistered_group_is_named(group: TlsGroup) -> None:
    row = result(ROW, case(enforced_ftp(tls_flight=flight(group=group))))
    found = finding(row, "weak-key-exchange")
    assert found.verdict is Verdict.PASS
    assert group.name in found.summary or "2048 bits" in found.summary


def test_a_server_of_tls_1_3_alone_has_none_of_the_old_habits() -> None:
    refused = Observed(TlsFlight(accepted=False, detail="alert: protocol version"))
    row = result(ROW, case(enforced_ftp(tls_flight=refused)))
    verdicts = {found.facet: found.verdict for found in row.findings if found.facet in LOOKED}
    assert verdicts == dict.fromkeys(set(LOOKED) - {"client-certificate"}, Verdict.PASS)
    assert row.verdict is Verdict.PASS


def test_a_refusal_by_a_server_of_tls_1_2_shows_nothing() -> None:
    refused = Observed(TlsFlight(accepted=False, detail="alert: handshake failure"))
    older = Observed(replace(tls().value, version="TLSv1.2"))
    row = result(ROW, case(enforced_ftp(tls_flight=refused, tls=older)))
    assert {finding(row, name).verdict for name in LOOKED} == {Verdict.UNKNOWN}
    assert row.verdict is Verdict.PASS


def test_a_flight_that_broke_off_leaves_what_comes_late_unknown() -> None:
    broken = flight(whole=False, group=None, client_certificate=None)
    row = result(ROW, case(enforced_ftp(tls_flight=broken)))
    assert finding(row, "secure-renegotiation").verdict is Verdict.PASS
    for late in ("client-certificate", "weak-key-exchange"):
        assert finding(row, late).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(("asked", "word"), [(True, "is asked"), (False, "is not asked")])
def test_a_client_certificate_is_told_either_way(*, asked: bool, word: str) -> None:
    row = result(ROW, case(enforced_ftp(tls_flight=flight(client_certificate=asked))))
    found = finding(row, "client-certificate")
    assert found.verdict is Verdict.PASS
    assert word in found.summary


@pytest.mark.parametrize("reason", [Reason.TIMEOUT, Reason.THROTTLED, Reason.NOT_LOOKED_AT])
def test_what_was_not_seen_of_leads_turns_no_row_unknown(reason: Reason) -> None:
    facts = enforced_ftp(tls_flight=Unobserved(reason), tls_survey=Unobserved(reason))
    row = result(ROW, case(facts, target=ENUMERATES))
    assert {finding(row, name).verdict for name in LOOKED} == {Verdict.UNKNOWN}
    assert row.verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("suites", "severity", "confidence"),
    [
        ((SOUND, TlsSuite(name="A", flaws=("rc4",))), Severity.HIGH, Verdict.FAIL),
        ((SOUND, TlsSuite(name="A", flaws=("null",))), Severity.HIGH, Verdict.FAIL),
        ((SOUND, TlsSuite(name="A", flaws=("anonymous", "cbc-sha1"))), Severity.HIGH, Verdict.FAIL),
        ((SOUND, TlsSuite(name="A", flaws=("export", "des"))), Severity.HIGH, Verdict.FAIL),
        ((TlsSuite(name="A", flaws=("3des",)),), Severity.MEDIUM, Verdict.FAIL),
        ((SOUND, TlsSuite(name="A", flaws=("3des",))), Severity.LOW, Verdict.PASS),
        ((SOUND, TlsSuite(name="A", flaws=("cbc-sha1",))), Severity.LOW, Verdict.PASS),
        ((SOUND, TlsSuite(name="A", flaws=("no-forward-secrecy",))), Severity.LOW, Verdict.PASS),
    ],
)
def test_suites_are_judged_by_the_worst_that_is_accepted(
    suites: tuple[TlsSuite, ...], severity: Severity, confidence: Verdict
) -> None:
    facts = enforced_ftp(tls_survey=Observed(survey(*suites)))
    row = result(ROW, case(facts, target=ENUMERATES))
    found = finding(row, "weak-suites")
    assert (found.verdict, found.severity) == (Verdict.FAIL, severity)
    assert found.confidence is Confidence.PROOF
    assert row.verdict is confidence


def test_a_survey_that_was_cut_passes_nothing_but_fails_what_it_saw() -> None:
    cut = enforced_ftp(tls_survey=Observed(survey(SOUND, cut="421 too many")))
    found = finding(result(ROW, case(cut, target=ENUMERATES)), "weak-suites")
    assert found.verdict is Verdict.UNKNOWN
    assert "421 too many" in found.summary
    weak = survey(SOUND, TlsSuite(name="A", flaws=("rc4",)), cut="421 too many")
    row = result(ROW, case(enforced_ftp(tls_survey=Observed(weak)), target=ENUMERATES))
    assert row.verdict is Verdict.FAIL


def test_a_whole_survey_of_sound_suites_passes() -> None:
    facts = enforced_ftp(tls_survey=Observed(survey(SOUND)))
    assert (
        finding(result(ROW, case(facts, target=ENUMERATES)), "weak-suites").verdict is Verdict.PASS
    )


def test_suites_are_no_question_where_nobody_enumerates_or_no_tls_is_had() -> None:
    for judged in (case(enforced_ftp()), case(plain_ftp(), target=ENUMERATES)):
        assert "weak-suites" not in {f.facet for f in result(ROW, judged).findings}


def test_a_group_that_only_the_survey_saw_counts() -> None:
    weak = survey(SOUND, groups=(TlsGroup(name="x448", bits=448), TlsGroup(name="dh", bits=1024)))
    row = result(ROW, case(enforced_ftp(tls_survey=Observed(weak)), target=ENUMERATES))
    assert "1024" in finding(row, "weak-key-exchange").summary
    assert row.verdict is Verdict.FAIL


def test_every_remedy_names_the_products() -> None:
    row = result(ROW, case(enforced_ftp()))
    for found in row.findings:
        if found.facet in {*LOOKED, "certificate-strength", "certificate-expiry"}:
            assert all(word in found.remedy for word in ("vsftpd", "ProFTPD", "FileZilla Server"))
            assert not found.required
