"""What our own hellos find, held against what the servers were configured to accept."""

from __future__ import annotations

import asyncio
import re
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from ipaddress import ip_address
from pathlib import Path

import pytest

from scanner.clients.dialer import Dialer
from scanner.clients.effort import EffortMeter
from scanner.model.address import Admitted
from scanner.model.observation import FtpFacts
from scanner.model.peer import PeerTrust
from scanner.model.reading import Observed, Reason
from scanner.model.target import Target, TlsTrust
from scanner.model.tls_survey import (
    SuiteOrder,
    TlsFlight,
    TlsGroup,
    TlsSurvey,
    TlsVersionSurvey,
)
from scanner.probes.context import EvidenceLog
from scanner.probes.ftp_hellos import Hellos, enumerate_tls
from scanner.probes.ftp_visit import Visit
from scanner.wire.tls_hello import SSL_3_0, TLS_1_0, TLS_1_2
from tests.hostile import Behaviour, Session, serving
from tests.probes.memory_tree import a_context
from tests.probes.test_ftp import QUICK, look, look_at, now, reason, seen
from tests.servers import Proftpd, Pureftpd, Tls, Vsftpd, make_certificate
from tests.servers.fixtures import StartServer
from tests.servers.handle import Server
from tests.servers.s_server import s_server, write_oakley_2
from tests.wire.tls_bytes import DONE, ScriptedTls, certificate, record, server_hello

EVERY = TlsTrust(rounds=150)
LOOKS_AT_LEAST = ("DHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-AES128-GCM-SHA256")


async def survey_of(server: Server, trust: TlsTrust = EVERY) -> TlsSurvey:
    return seen((await look_at(server, target={"tls": trust})).facts.tls_survey)


def versions_of(survey: TlsSurvey) -> dict[str, TlsVersionSurvey]:
    assert [version.version for version in survey.versions] == [
        "SSLv3",
        "TLSv1.0",
        "TLSv1.1",
        "TLSv1.2",
        "TLSv1.3",
    ]
    return {version.version: version for version in survey.versions if version.suites}


def suites_of(version: TlsVersionSurvey) -> set[str]:
    return {suite.name for suite in version.suites}


def groups_of(version: TlsVersionSurvey) -> set[str]:
    return {group.name for group in version.groups}


# OpenSSL's own client, the second opinion.


@cache
def registered_names() -> Mapping[str, str]:
    """OpenSSL's names of its suites up to TLS 1.2, by their registered names."""
    listed = subprocess.run(
        ["openssl", "ciphers", "-stdname", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"],
        capture_output=True,
        text=True,
        check=True,
    )
    pairs = (line.split()[0:3:2] for line in listed.stdout.splitlines())
    return {name: own for name, own in pairs if "_WITH_" in name}


async def gets_in(server: Server, *arguments: str) -> bool:
    """Whether OpenSSL's client shakes hands with the server under these settings."""
    process = await asyncio.create_subprocess_exec(
        *("openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-starttls", "ftp"),
        *arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    output, _ = await process.communicate()
    return re.search(rb"Cipher is (?!\(NONE\))", output) is not None


async def test_openssl_gets_in_with_the_suites_that_were_found_and_no_others(
    start_server: StartServer,
) -> None:
    ciphers = "ECDHE+AESGCM:DHE+AESGCM:AES128-SHA:ECDHE-RSA-AES256-SHA384"
    server = start_server(Proftpd(tls=Tls(newest="TLSv1.2", ciphers=ciphers)))
    version = versions_of(await survey_of(server))["TLSv1.2"]
    assert len(version.suites) == 6
    found = [registered_names()[suite.name] for suite in version.suites]
    for own in found:
        assert await gets_in(server, "-tls1_2", "-cipher", own)
    others = ":".join(["ALL:COMPLEMENTOFALL", *(f"!{own}" for own in found), "@SECLEVEL=0"])
    assert not await gets_in(server, "-tls1_2", "-cipher", others)


async def test_openssl_gets_in_with_the_groups_and_suites_of_1_3_that_were_found(
    start_server: StartServer,
) -> None:
    server = start_server(Proftpd(tls=Tls(), extra=("TLSECDHCurve X25519:P-384",)))
    version = versions_of(await survey_of(server))["TLSv1.3"]
    assert groups_of(version) == {"x25519", "secp384r1"}
    for group in ("X25519", "P-384"):
        assert await gets_in(server, "-tls1_3", "-groups", group)
    assert not await gets_in(server, "-tls1_3", "-groups", "P-256:P-521:X448:ffdhe2048")
    for name in suites_of(version):
        assert await gets_in(server, "-tls1_3", "-ciphersuites", name)


# Real FTP servers, as they were configured.


@pytest.mark.parametrize("make", [Vsftpd, Proftpd])
async def test_two_suites_of_1_2_are_found_and_nothing_else(
    start_server: StartServer, make: type[Vsftpd | Proftpd]
) -> None:
    tls = Tls(newest="TLSv1.2", ciphers="ECDHE-RSA-AES256-GCM-SHA384:AES128-SHA")
    survey = await survey_of(start_server(make(tls=tls)))
    versions = versions_of(survey)
    assert survey.complete
    assert set(versions) == {"TLSv1.2"}
    assert suites_of(versions["TLSv1.2"]) == {
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        "TLS_RSA_WITH_AES_128_CBC_SHA",
    }
    flaws = {suite.name: suite.flaws for suite in versions["TLSv1.2"].suites}
    assert flaws["TLS_RSA_WITH_AES_128_CBC_SHA"] == ("cbc-sha1", "no-forward-secrecy")


@pytest.mark.parametrize("make", [Vsftpd, Proftpd])
async def test_old_versions_are_found_with_their_anonymous_suites(
    start_server: StartServer, make: type[Vsftpd | Proftpd]
) -> None:
    tls = Tls(oldest="TLSv1", newest="TLSv1.1", ciphers="AES128-SHA:AECDH-AES128-SHA:@SECLEVEL=0")
    facts = (await look_at(start_server(make(tls=tls)), target={"tls": EVERY})).facts
    versions = versions_of(seen(facts.tls_survey))
    expected = {"TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_ECDH_anon_WITH_AES_128_CBC_SHA"}
    assert {name: suites_of(version) for name, version in versions.items()} == {
        "TLSv1.0": expected,
        "TLSv1.1": expected,
    }
    assert seen(facts.tls_flight).version == "TLSv1.1"


async def test_suites_and_groups_of_1_3_are_chosen_by_openssl_configuration(
    start_server: StartServer,
) -> None:
    tls = Tls(
        oldest="TLSv1.3",
        ciphersuites="TLS_AES_128_CCM_SHA256:TLS_AES_128_GCM_SHA256",
        server_order=True,
    )
    survey = await survey_of(start_server(Vsftpd(tls=tls)))
    (version,) = versions_of(survey).values()
    assert version.version == "TLSv1.3"
    assert [suite.name for suite in version.suites] == [
        "TLS_AES_128_CCM_SHA256",
        "TLS_AES_128_GCM_SHA256",
    ]
    assert groups_of(version) == {"secp256r1"}  # the one curve that vsftpd 3.0.3 sets
    assert version.order is SuiteOrder.SERVER


async def test_pureftpd_has_the_suites_of_its_option(start_server: StartServer) -> None:
    tls = Tls(newest="TLSv1.2", ciphers=":".join(LOOKS_AT_LEAST))
    survey = await survey_of(start_server(Pureftpd(tls_level=1, tls=tls)))
    (version,) = versions_of(survey).values()
    assert suites_of(version) == {
        "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    }
    assert TlsGroup(name="dh", bits=2048) in version.groups


@pytest.mark.parametrize(
    ("setting", "order"), [("on", SuiteOrder.SERVER), ("off", SuiteOrder.CLIENT)]
)
async def test_who_decides_among_suites_is_seen(
    start_server: StartServer, setting: str, order: SuiteOrder
) -> None:
    tls = Tls(newest="TLSv1.2", ciphers="ECDHE+AESGCM")
    extra = (f"TLSServerCipherPreference {setting}",)
    (version,) = versions_of(await survey_of(start_server(Proftpd(tls=tls, extra=extra)))).values()
    assert version.order is order


@pytest.mark.parametrize("asked", [True, False])
async def test_a_wish_for_a_client_certificate_is_seen(
    start_server: StartServer, tmp_path: Path, *, asked: bool
) -> None:
    authority = make_certificate(tmp_path).authority
    extra = (f"TLSCACertificateFile {authority}", "TLSVerifyClient optional") if asked else ()
    facts = (await look_at(start_server(Proftpd(tls=Tls(), extra=extra)))).facts
    flight = seen(facts.tls_flight)
    assert (flight.detail, flight.whole, flight.client_certificate) == ("", True, asked)


async def test_a_small_prime_of_an_ftp_server_is_seen(
    start_server: StartServer, tmp_path: Path
) -> None:
    tls = Tls(newest="TLSv1.2", ciphers="DHE:@SECLEVEL=0")
    write_oakley_2(tmp_path).chmod(0o644)
    extra = (f"TLSDHParamFile {tmp_path / 'dh1024.pem'}",)
    facts = (await look_at(start_server(Proftpd(tls=tls, extra=extra)))).facts
    flight = seen(facts.tls_flight)
    assert flight.suite.startswith("TLS_DHE_RSA_")
    assert flight.group == TlsGroup(name="dh", bits=1024)


async def test_a_flight_costs_one_connection_and_none_where_an_old_offer_showed_it(
    start_server: StartServer,
) -> None:
    modern = await look_at(start_server(Proftpd(anonymous=False, tls=Tls())))
    flight = seen(modern.facts.tls_flight)
    assert (flight.version, flight.whole, flight.chain) == ("TLSv1.2", True, 1)
    assert (flight.secure_renegotiation, flight.compression) == (True, "none")
    assert (flight.extended_master_secret, flight.stapled) == (True, False)
    assert flight.chain_in_order
    old = Tls(oldest="TLSv1.1", newest="TLSv1.2", ciphers="HIGH:@SECLEVEL=0")
    reused = await look_at(start_server(Proftpd(anonymous=False, tls=old)))
    assert seen(reused.facts.tls_flight).version == "TLSv1.1"
    assert reused.meter.connections == modern.meter.connections - 1


async def test_a_server_of_1_3_alone_refuses_the_flight(start_server: StartServer) -> None:
    facts = (await look_at(start_server("proftpd-tls-1.3"))).facts
    flight = seen(facts.tls_flight)
    assert flight == TlsFlight(accepted=False, detail="alert: protocol version")


async def test_nothing_is_enumerated_unless_it_is_wanted(start_server: StartServer) -> None:
    facts = (await look_at(start_server("vsftpd-tls-only-users"))).facts
    assert reason(facts.tls_survey) is Reason.NOT_LOOKED_AT
    plain = (await look_at(start_server("vsftpd-plain"), target={"tls": EVERY})).facts
    assert reason(plain.tls_survey) is Reason.NOT_OFFERED
    assert reason(plain.tls_flight) is Reason.NOT_OFFERED


async def test_implicit_tls_is_enumerated_from_the_first_byte(start_server: StartServer) -> None:
    survey = await survey_of(start_server("vsftpd-implicit"))
    assert survey.complete
    assert survey.fallback_refused
    assert set(versions_of(survey)) == {"TLSv1.2", "TLSv1.3"}


async def test_a_spent_budget_keeps_what_was_found(start_server: StartServer) -> None:
    visit = await look_at(start_server("proftpd-tls-on"), target={"tls": TlsTrust(rounds=9)})
    survey = seen(visit.facts.tls_survey)
    assert (survey.rounds, survey.complete) == (9, False)
    assert "9 rounds" in survey.cut
    assert {"TLSv1.2", "TLSv1.3"} == set(versions_of(survey))
    (kept,) = [one for one in visit.context.evidence.all() if one.kind == "tls-survey"]
    assert kept.data["cut"] == survey.cut


@pytest.mark.parametrize(("variable", "trust"), [(True, "verified"), (False, "untrusted")])
async def test_the_authorities_of_this_machine_can_be_trusted(
    start_server: StartServer, monkeypatch: pytest.MonkeyPatch, *, variable: bool, trust: str
) -> None:
    server = start_server("vsftpd-tls-only-users")
    assert server.certificate is not None
    if variable:
        monkeypatch.setenv("SSL_CERT_FILE", str(server.certificate.authority))
    facts = (await look_at(server, target={"tls": TlsTrust(system_ca=True)})).facts
    assert seen(facts.tls).trust is PeerTrust(trust)
    (account,) = facts.accounts
    assert (account.status.value == "accepted") is variable


# OpenSSL's own server, for what no FTP server is made to do.


@pytest.fixture
def small_key(tmp_path: Path) -> Path:
    return write_oakley_2(tmp_path)


async def bare(port: int) -> tuple[TlsFlight, TlsSurvey]:
    """Put flight and survey to a port that speaks TLS and no FTP."""
    target = Target(host="localhost", asset="lab", limits=replace(QUICK, timeout_seconds=3.0))
    context = a_context(target, clock=now, evidence=EvidenceLog("t", "internal", now))
    dialer = Dialer(Admitted(ip_address("127.0.0.1"), port, "localhost"), EffortMeter())
    visit = Visit(dialer, context, implicit=True)
    visit.mechanism = "implicit"
    return seen(await Hellos(visit).ask_flight()), seen(await enumerate_tls(visit, 150))


async def test_a_small_prime_and_a_wanted_client_certificate_are_seen(
    tmp_path: Path, small_key: Path
) -> None:
    made = make_certificate(tmp_path)
    settings = ["-tls1_2", "-cipher", "DHE:@SECLEVEL=0", "-dhparam", str(small_key)]
    settings += ["-Verify", "1", "-CAfile", str(made.authority)]
    with s_server(made, settings, tmp_path) as child:
        flight, survey = await bare(child.port)
    assert flight.group == TlsGroup(name="dh", bits=1024)
    assert flight.client_certificate is True
    (version,) = versions_of(survey).values()
    assert version.groups == (TlsGroup(name="dh", bits=1024),)


async def test_groups_are_found_as_they_were_given(tmp_path: Path) -> None:
    made = make_certificate(tmp_path)
    settings = ["-groups", "brainpoolP256r1:secp224r1:X448:ffdhe3072"]
    settings += ["-cipher", "ECDHE:@SECLEVEL=0"]
    with s_server(made, settings, tmp_path) as child:
        _, survey = await bare(child.port)
    versions = versions_of(survey)
    assert groups_of(versions["TLSv1.2"]) == {"brainpoolP256r1", "secp224r1", "x448"}
    assert groups_of(versions["TLSv1.3"]) == {"x448", "ffdhe3072"}


async def test_null_and_anonymous_suites_are_found_where_openssl_still_has_them(
    tmp_path: Path,
) -> None:
    made = make_certificate(tmp_path)
    settings = ["-tls1_2", "-cipher", "NULL-SHA256:ADH-AES128-SHA256:@SECLEVEL=0"]
    with s_server(made, settings, tmp_path) as child:
        _, survey = await bare(child.port)
    (version,) = versions_of(survey).values()
    flaws = {suite.name: suite.flaws[0] for suite in version.suites}
    assert flaws == {
        "TLS_RSA_WITH_NULL_SHA256": "null",
        "TLS_DH_anon_WITH_AES_128_CBC_SHA256": "anonymous",
    }


# A scripted server, for what nothing here can speak: SSL 3.0, RC4, export, 3DES.

BROKEN = ScriptedTls(
    suites={
        SSL_3_0: (0x0004, 0x0005, 0x0009),
        TLS_1_0: (0x0003, 0x0008, 0x000A, 0x0017),
        TLS_1_2: (0xC011, 0x003B, 0x0018),
    }
)


def scripted(tls: ScriptedTls, *, most: int = 10_000, injected: bytes = b"") -> Behaviour:
    """Speak FTP up to AUTH TLS, answer one hello, and greet no more than ``most`` clients."""
    greeted = 0

    async def behave(session: Session) -> None:
        nonlocal greeted
        greeted += 1
        if greeted > most:
            await session.send(b"421 too many connections from you\r\n")
            return
        await session.send(b"220 ready\r\n")
        while not (await session.line()).upper().startswith(b"AUTH"):
            await session.send(b"530 TLS first\r\n")
        await session.send(b"234 go ahead\r\n" + injected)
        head = await session.reader.readexactly(5)
        if head[:1] != b"\x16":
            return  # no hello: a command that was sent in clear behind AUTH
        hello = head + await session.reader.readexactly(int.from_bytes(head[3:5], "big"))
        await session.send(tls.answer(hello))

    return behave


async def scripted_facts(behaviour: Behaviour, trust: TlsTrust = EVERY) -> FtpFacts:
    async with serving(behaviour) as endpoint:
        target = Target(host="localhost", asset="lab", tls=trust, limits=QUICK)
        return (await look(endpoint.port, target)).facts


@pytest.mark.parametrize("injected", [b"", b"500 not for you\r\n", record(22, DONE)])
async def test_what_nothing_here_speaks_any_more_is_found(injected: bytes) -> None:
    facts = await scripted_facts(scripted(BROKEN, injected=injected))
    offers = {offer.offer: offer for offer in seen(facts.legacy_tls)}
    assert (offers["sslv3"].accepted, offers["sslv3"].version) == (True, "SSLv3")
    assert offers["broken-suites"].accepted
    survey = seen(facts.tls_survey)
    assert survey.complete
    versions = versions_of(survey)
    assert {name: len(version.suites) for name, version in versions.items()} == {
        "SSLv3": 3,
        "TLSv1.0": 4,
        "TLSv1.2": 3,
    }
    flaws = {suite.flaws[0] for version in versions.values() for suite in version.suites}
    assert flaws == {"rc4", "des", "export", "3des", "null", "anonymous"}


async def test_a_server_that_has_enough_of_us_is_left_alone_and_the_rest_is_cut() -> None:
    behaviour = scripted(BROKEN, most=20)
    async with serving(behaviour) as endpoint:
        target = Target(host="localhost", asset="lab", tls=EVERY, limits=QUICK)
        facts = (await look(endpoint.port, target)).facts
    survey = seen(facts.tls_survey)
    assert "too many" in survey.cut
    assert not survey.complete
    assert versions_of(survey)
    assert len(endpoint.connections) == 21


async def test_a_server_that_answers_no_hello_is_left_alone_soon() -> None:
    async def mute(session: Session) -> None:
        await session.send(b"220 ready\r\n")
        while not (await session.line()).upper().startswith(b"AUTH"):
            await session.send(b"530 TLS first\r\n")
        await session.send(b"234 go ahead\r\n")
        await session.absorb()

    async with serving(mute) as endpoint:
        target = Target(host="localhost", asset="lab", tls=EVERY, limits=QUICK)
        facts = (await look(endpoint.port, target)).facts
    assert reason(facts.tls_survey) is Reason.TLS_FAILED
    assert reason(facts.tls_flight) is Reason.TIMEOUT
    assert len(endpoint.connections) < 15


async def test_a_flight_that_stalls_keeps_its_choice() -> None:
    class Stalling(ScriptedTls):
        def answer(self, hello: bytes) -> bytes:
            answer = super().answer(hello)
            return answer[:60] if answer[:1] == b"\x16" else answer

    facts = await scripted_facts(scripted(Stalling(suites={TLS_1_2: (0x009E,)})), TlsTrust())
    assert isinstance(facts.tls_flight, Observed)
    assert not facts.tls_flight.value.accepted or not facts.tls_flight.value.whole


async def test_a_server_without_secure_renegotiation_shows_it() -> None:
    class Old(ScriptedTls):
        def answer(self, hello: bytes) -> bytes:
            chosen = server_hello(TLS_1_2, 0x009C) + certificate(b"leaf", b"root") + DONE
            return record(22, chosen) if b"\x00\x9c" in hello else super().answer(hello)

    flight = seen((await scripted_facts(scripted(Old(suites={})), TlsTrust())).tls_flight)
    assert (flight.secure_renegotiation, flight.chain, flight.whole) == (False, 2, True)
    assert flight.group is None
