from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.model.tls_survey import (
    SuiteOrder,
    TlsGroup,
    TlsSurvey,
    TlsVersionSurvey,
)
from scanner.wire.tls_flight import Answer, FlightReader, Refused, Taken
from scanner.wire.tls_hello import FALLBACK, SSL_3_0, TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3, Hello
from scanner.wire.tls_messages import HelloError
from scanner.wire.tls_suites import suite_name
from scanner.wire.tls_survey import Survey
from tests.wire.tls_bytes import RANDOM, REFUSAL, ScriptedTls, read_hello

MODERN = {TLS_1_3: (0x1301, 0x1303), TLS_1_2: (0xC02F, 0x009E, 0x0033)}
BROKEN = {
    SSL_3_0: (0x0004, 0x0005, 0x000A, 0x0009, 0x0003),
    TLS_1_0: (0x0005, 0x0018, 0x0034, 0x0001, 0x0008, 0x002F),
    TLS_1_2: (0xC011, 0xC007, 0x003B, 0x0017, 0xC018, 0x0015),
}


def conduct(server: ScriptedTls, rounds: int = 150) -> TlsSurvey:
    survey = Survey(rounds)
    while (hello := survey.next_hello()) is not None:
        survey.answer(answered(server, hello))
    return survey.facts()


def answered(server: ScriptedTls, hello: Hello) -> Answer | None:
    reader = FlightReader(hello)
    try:
        reader.feed(server.answer(hello.encode(server_name="", random=RANDOM)))
    except HelloError:
        return None
    return reader.closed()


def found(survey: TlsSurvey) -> dict[str, TlsVersionSurvey]:
    return {version.version: version for version in survey.versions}


def suites(survey: TlsSurvey) -> dict[str, set[str]]:
    return {
        version.version: {suite.name for suite in version.suites}
        for version in survey.versions
        if version.suites
    }


def configured(server: ScriptedTls) -> dict[str, set[str]]:
    names = {SSL_3_0: "SSLv3", TLS_1_0: "TLSv1.0", TLS_1_1: "TLSv1.1"}
    names |= {TLS_1_2: "TLSv1.2", TLS_1_3: "TLSv1.3"}
    return {
        names[version]: {suite_name(suite) for suite in chosen}
        for version, chosen in server.suites.items()
    }


@pytest.mark.parametrize("own_order", [True, False])
@pytest.mark.parametrize("chosen", [MODERN, BROKEN], ids=["modern", "broken"])
def test_what_was_configured_is_found(
    chosen: dict[int, tuple[int, ...]], *, own_order: bool
) -> None:
    server = ScriptedTls(suites=chosen, own_order=own_order)
    survey = conduct(server)
    assert suites(survey) == configured(server)
    assert survey.complete
    order = SuiteOrder.SERVER if own_order else SuiteOrder.CLIENT
    assert {each.order for each in survey.versions if len(each.suites) > 1} == {order}


@pytest.mark.parametrize("knows", [True, False])
def test_a_second_try_with_an_older_version_is_made_once(*, knows: bool) -> None:
    server = ScriptedTls(suites=MODERN)
    survey, tries = Survey(150), []
    while (hello := survey.next_hello()) is not None:
        if FALLBACK in hello.suites:
            tries.append(hello.version)
            if knows:
                survey.answer(Refused("alert: inappropriate fallback"))
                continue
        survey.answer(answered(server, hello))
    assert tries == [TLS_1_2]
    assert survey.facts().fallback_refused is knows
    assert survey.facts().complete


def test_with_one_version_there_is_no_second_try() -> None:
    assert conduct(ScriptedTls(suites={TLS_1_2: MODERN[TLS_1_2]})).fallback_refused is None


def test_broken_suites_keep_their_flaws() -> None:
    survey = conduct(ScriptedTls(suites=BROKEN))
    flaws = {suite.name: suite.flaws for version in survey.versions for suite in version.suites}
    assert flaws["TLS_RSA_WITH_RC4_128_MD5"][0] == "rc4"
    assert flaws["TLS_RSA_EXPORT_WITH_RC4_40_MD5"][0] == "export"
    assert flaws["TLS_DH_anon_WITH_RC4_128_MD5"][0] == "anonymous"
    assert flaws["TLS_RSA_WITH_NULL_MD5"][0] == "null"


def test_a_server_that_takes_nothing_is_refused_throughout() -> None:
    survey = conduct(ScriptedTls(suites={}))
    assert survey.complete
    assert {version.detail for version in survey.versions} == {"alert: handshake failure"}
    assert survey.rounds == 6  # TLS 1.3 is offered once more with a key share


def test_a_version_that_answers_with_an_older_one_is_refused() -> None:
    survey = found(conduct(ScriptedTls(suites={TLS_1_0: (0x0005,)})))
    assert survey["TLSv1.2"].complete
    assert survey["TLSv1.2"].detail == "chose TLSv1.0 instead"
    assert [suite.name for suite in survey["TLSv1.0"].suites] == ["TLS_RSA_WITH_RC4_128_SHA"]


def test_groups_are_struck_out_one_by_one() -> None:
    server = ScriptedTls(suites=MODERN, groups=(0x0018, 0x001D, 0x0016), prime=1024)
    versions = found(conduct(server))
    assert {group.name for group in versions["TLSv1.3"].groups} == {"secp384r1", "x25519"}
    assert set(versions["TLSv1.2"].groups) == {
        TlsGroup(name="secp384r1", bits=384),
        TlsGroup(name="x25519", bits=256),
        TlsGroup(name="secp256k1", bits=256),
        TlsGroup(name="dh", bits=1024),
    }


def test_a_curve_that_was_not_offered_ends_the_asking() -> None:
    class Stubborn(ScriptedTls):
        def answer(self, hello: bytes) -> bytes:
            answer = super().answer(hello)
            return answer.replace(b"\x03\x00\x1d\x41", b"\x03\x00\x17\x41")

    versions = found(conduct(Stubborn(suites={TLS_1_2: (0xC02F,)}, groups=tuple(range(1, 31)))))
    assert versions["TLSv1.2"].complete


def test_a_server_that_cannot_retry_is_offered_a_share() -> None:
    class Rigid(ScriptedTls):
        def answer(self, hello: bytes) -> bytes:
            shared = read_hello(hello).extensions.get(51, b"\0\0\0")
            return REFUSAL if shared == b"\0\0" else super().answer(hello)

    versions = found(conduct(Rigid(suites={TLS_1_3: (0x1302, 0x1301)})))
    assert len(versions["TLSv1.3"].suites) == 2
    assert versions["TLSv1.3"].complete


@pytest.mark.parametrize("rounds", [1, 4, 5, 6, 9, 12])
def test_the_budget_is_kept_and_what_was_found_is_kept_too(rounds: int) -> None:
    server = ScriptedTls(suites={TLS_1_2: (0xC02F, 0xC030, 0x009E, 0x009F, 0x0033, 0x0039)})
    survey = conduct(server, rounds)
    assert survey.rounds == rounds
    assert not survey.complete
    assert survey.cut == f"the {rounds} rounds of the budget are spent"
    assert not found(survey)["TLSv1.2"].complete
    assert suites(survey).get("TLSv1.2", set()) <= configured(server)["TLSv1.2"]


def test_a_round_without_an_answer_leaves_its_version_incomplete() -> None:
    server = ScriptedTls(suites={**MODERN, TLS_1_0: (0x0005,)})
    survey = Survey(150)
    while (hello := survey.next_hello()) is not None:
        silent = hello.version == TLS_1_2
        survey.answer(None if silent else answered(server, hello))
    versions = found(survey.facts())
    assert not versions["TLSv1.2"].complete
    assert versions["TLSv1.3"].complete
    assert not survey.facts().complete
    assert survey.facts("421 too many").cut == "421 too many"


ANSWERS = st.one_of(
    st.none(),
    st.just(Refused("alert: internal error")),
    st.builds(
        Taken,
        version=st.sampled_from([SSL_3_0, TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3]),
        suite=st.integers(0, 5),
        group=st.sampled_from([None, TlsGroup(name="x", bits=1)]),
        group_number=st.sampled_from([None, 0x001D, 0x0017, 7]),
    ),
)


@given(st.lists(ANSWERS, max_size=400), st.integers(1, 200))
def test_whatever_is_answered_a_survey_ends_within_its_rounds(
    answers: list[Answer | None], rounds: int
) -> None:
    survey, asked = Survey(rounds), 0
    for answer in answers:
        hello = survey.next_hello()
        if hello is None:
            break
        asked += 1
        if isinstance(answer, Taken):
            picked = hello.suites[answer.suite % len(hello.suites)]
            answer = Taken(  # noqa: PLW2901 - a server only picks what was offered
                version=min(answer.version, hello.version),
                suite=picked,
                group=answer.group,
                group_number=answer.group_number,
            )
        survey.answer(answer)
    facts = survey.facts()
    assert facts.rounds == asked <= rounds
    for version in facts.versions:
        assert len(set(version.suites)) == len(version.suites)
        assert len(set(version.groups)) == len(version.groups)
