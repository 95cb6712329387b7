"""Commands that are sent together: what is seen does not depend on whether a server takes them so."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from scanner.clients.faults import Fault
from scanner.clients.ftp_ahead import Together
from scanner.clients.ftp_session import FtpSession, Opening
from scanner.model.reading import Observed
from scanner.model.target import Target
from tests.clients.ftp_lab import a_dialer, enter
from tests.hostile import server_context, serving
from tests.hostile.endpoint import Connection, Session
from tests.hostile.ftp import Behind, FtpScript, ftp
from tests.probes.test_ftp import QUICK, Visit, look, look_at, seen, view_of
from tests.servers import make_certificate
from tests.servers.fixtures import StartServer

LAB = Target(host="localhost", asset="lab", limits=QUICK)
POLITE = FtpScript(
    replies={"PORT": b"500 illegal\r\n", "EPRT": b"500 illegal\r\n", "SITE": b"214 CHMOD\r\n"},
    folders={"/": b"type=file;size=3; a.csv\r\ntype=dir; b\r\n", "/b": b"type=file;size=4; c\r\n"},
    files={"/a.csv": b"abc", "/b/c": b"abcd"},
)
AN_ANSWER_MORE = {
    "SYST": b"215 UNIX Type: L8\r\n220 and good day\r\n",
    "HELP": b"214 none\r\n214 really\r\n",
    "SITE": b"214 CHMOD\r\n200 CHOWN\r\n",
    "TYPE": b"200 noted\r\n200 thank you\r\n",
}
"""Replies that were not asked for, amid those to commands that were sent together."""
TWICE = {
    "SYST": {"SYST": b"500 what\r\n500 what\r\n"},
    "SYST, not logged in": {"SYST": b"530 log in\r\n530 log in\r\n"},
    "HELP": {"HELP": b"530 log in\r\n530 log in\r\n"},
    "SYST of two": {"SYST": b"530 log in\r\n530 log in\r\n", "HELP": b"530 log in\r\n"},
    "SITE": {"SITE": b"550 no\r\n550 no\r\n"},
    "PWD": {"PWD": b"502 no\r\n502 no\r\n"},
    "CWD": {"CWD": b"550 no\r\n550 no\r\n"},
    "PORT": {"PORT": b"500 no\r\n500 no\r\n", "EPRT": b"200 as you like\r\n"},
    "PBSZ": {"PBSZ": b"200 noted\r\n200 noted\r\n", "PROT": b"534 no\r\n"},
}
"""What is said twice over, and looks like the answer to the next command."""
LATER = 0.005
"""Seconds between two answers: one too many is read before the next one is there."""


@pytest.fixture
def certified(tmp_path: Path) -> ssl.SSLContext:
    return server_context(make_certificate(tmp_path))


async def looked_at(script: FtpScript) -> tuple[Visit, list[Connection]]:
    async with serving(ftp(script)) as endpoint:
        return await look(endpoint.port, LAB), endpoint.connections


def told(visit: Visit) -> dict[str, object]:
    """Return what was seen that commands sent together are about."""
    facts = visit.facts
    ladder = seen(facts.clear_named)
    view = view_of(facts)
    return {
        "system": seen(facts.system),
        "help": seen(facts.help),
        "site": seen(facts.site_help),
        "status": seen(facts.status),
        "named": (ladder.step, ladder.replies),
        "anonymous": seen(facts.anonymous).accepted,
        "view": (view.home, view.root, view.encrypted, [file.size for file in view.walk.files]),
        "passive": seen(facts.passive).foreign,
        "bounce": seen(facts.bounce),
        "early": type(facts.data),
    }


def learnt(visit: Visit) -> dict[str, object]:
    """Return the same as far as it was seen, and else why it was not."""
    names = ["system", "help", "site_help", "status", "clear_named", "data", "reuse_required"]
    names += ["passive", "bounce"]
    readings = {name: getattr(visit.facts, name) for name in names}
    return {
        name: each.value if isinstance(each, Observed) else each.reason
        for name, each in readings.items()
    } | {"view": view_of(visit.facts).root}


@pytest.mark.parametrize("behind", [each for each in Behind if each is not Behind.TAKEN])
@pytest.mark.parametrize("tls", [False, True], ids=["clear", "tls"])
async def test_a_server_that_wants_one_at_a_time_is_tried_once_and_loses_nothing(
    behind: Behind, certified: ssl.SSLContext, *, tls: bool
) -> None:
    script = replace(POLITE, tls=certified if tls else None)
    expected, usual = await looked_at(script)
    visit, connections = await looked_at(replace(script, behind=behind))
    assert told(visit) == told(expected)
    on_purpose = int(tls)  # NOOP behind AUTH, to see whether it is carried out inside TLS
    assert sum(one.impatient for one in connections) == 1 + on_purpose
    assert connections[0].impatient == 1
    assert len(connections) == len(usual) + 1


@pytest.mark.parametrize("verb", AN_ANSWER_MORE)
async def test_an_answer_too_many_is_nobody_elses_answer(verb: str) -> None:
    expected, _ = await looked_at(POLITE)
    script = replace(POLITE, replies={**POLITE.replies, verb: AN_ANSWER_MORE[verb]})
    visit, _ = await looked_at(script)
    assert told(visit) == told(expected)


@pytest.fixture
def apart(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let nothing leave together from now on."""

    def refuse() -> None:
        monkeypatch.setattr("scanner.probes.ftp_visit.Together", _refused)

    return refuse


def _refused() -> Together:
    together = Together()
    together.refused = True
    return together


@pytest.fixture(params=[False, True], ids=["at once", "late"])
def pace(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer at once, and so that one answer too many is read before the next one is there."""
    send = Session.send

    async def later(session: Session, data: bytes) -> None:
        await asyncio.sleep(LATER)
        await send(session, data)

    if request.param:
        monkeypatch.setattr(Session, "send", later)


@pytest.mark.usefixtures("pace")
@pytest.mark.parametrize("tls", [False, True], ids=["clear", "tls"])
@pytest.mark.parametrize("twice", TWICE)
async def test_a_refusal_said_twice_is_nobody_elses_answer(
    twice: str, certified: ssl.SSLContext, apart: Callable[[], None], *, tls: bool
) -> None:
    script = replace(
        POLITE, replies={**POLITE.replies, **TWICE[twice]}, tls=certified if tls else None
    )
    visit, _ = await looked_at(script)
    apart()
    expected, _ = await looked_at(script)
    assert learnt(visit) == learnt(expected)


@pytest.mark.parametrize("verb", ["PORT", "EPRT"])
async def test_a_bounce_that_is_accepted_in_other_words_is_still_accepted(verb: str) -> None:
    visit, _ = await looked_at(
        replace(POLITE, replies={**POLITE.replies, verb: b"250 as you like\r\n"})
    )
    assert seen(visit.facts.bounce).accepted


@pytest.mark.parametrize(
    "script",
    [
        FtpScript(greeting=b"530 too many users\r\n"),
        FtpScript(greeting=b"500 not you\r\n"),
        FtpScript(replies={"AUTH": b"530 too many connections\r\n"}),
    ],
    ids=["full", "no welcome", "full behind AUTH"],
)
async def test_nobody_who_wants_no_more_of_us_is_sent_a_trial(script: FtpScript) -> None:
    _, (connection,) = await looked_at(script)
    assert set(connection.verbs) <= {"FEAT", "AUTH", "QUIT"}


async def test_an_end_with_the_last_answer_takes_nothing_from_those_before() -> None:
    replies = {**POLITE.replies, "USER": b"421 too many commands\r\n"}
    visit, (contact, *_) = await looked_at(replace(POLITE, replies=replies))
    assert "QUIT" not in contact.verbs
    replies = {**POLITE.replies, "PASV": b"421 no\r\n"}
    visit, _ = await looked_at(replace(POLITE, replies=replies))
    assert (seen(visit.facts.status).code, seen(visit.facts.site_help).code) == (211, 214)


async def test_an_end_at_the_trial_is_the_answer_to_none_but_a_name() -> None:
    script = FtpScript(replies={"HELP": b"421 too fast\r\n", "USER": b"421 not you\r\n"})
    async with serving(ftp(script)) as endpoint:
        opening = Opening(dialer=a_dialer(endpoint.port), together=Together())
        session = await FtpSession.connect(opening)
        session.send_ahead(("SYST", b""), ("USER", b"zz"), trial=True)
        assert (await session.command("SYST")).code == 215
        assert (await session.command("USER", b"zz")).code == 421
        session = await FtpSession.connect(opening)
        session.send_ahead(("SYST", b""), ("HELP", b""), trial=True)
        assert (await session.command("SYST")).code == 215
        with pytest.raises(Fault, match="HELP answered 421"):
            await session.command("HELP")
        assert session.out_of_step


async def test_the_last_answers_of_a_few_may_fail_to_come_without_a_trace() -> None:
    """PASV is the last of those after the login: its answer alone is asked for again."""
    expected, usual = await looked_at(POLITE)
    replies = {**POLITE.replies, "PASV": b""}
    visit, connections = await looked_at(replace(POLITE, replies=replies))
    expected_facts, facts = told(expected), view_of(visit.facts)
    assert (facts.home, facts.root) == (view_of(expected.facts).home, view_of(expected.facts).root)
    assert [file.size for file in facts.walk.files] == expected_facts["view"][3]  # type: ignore[index]
    verbs = [verb for one in connections for verb in one.verbs]
    assert verbs.count("PASV") == 2
    assert len(connections) <= len(usual) + 2


async def test_a_refusal_amid_a_few_is_an_answer_like_any_other() -> None:
    replies = {
        **POLITE.replies,
        "HELP": b"502 no\r\n",
        "STAT": b"550 no\r\n",
        "SYST": b"500 no\r\n",
    }
    visit, connections = await looked_at(replace(POLITE, replies=replies))
    _, usual = await looked_at(POLITE)
    assert [seen(each).code for each in (visit.facts.help, visit.facts.status)] == [502, 550]
    assert len(connections) == len(usual)


@pytest.mark.parametrize(
    "posture", ["vsftpd-plain", "proftpd-plain", "pureftpd-plain", "pyftpdlib-plain"]
)
async def test_real_servers_take_commands_together(start_server: StartServer, posture: str) -> None:
    together = Together()
    opening = Opening(dialer=a_dialer(start_server(posture).port), together=together)
    session = await FtpSession.connect(opening)
    try:
        session.send_ahead(("SYST", b""), ("HELP", b""), ("USER", b"zz-1"), trial=True)
        codes = [
            (await session.command(verb, argument)).code
            for verb, argument in [("SYST", b""), ("HELP", b""), ("USER", b"zz-1")]
        ]
    finally:
        await session.leave()
    assert codes[0] in {215, 530}
    assert together.proved
    session = await enter(opening)
    try:
        session.send_ahead(("CWD", b"/"), ("TYPE", b"I"), ("PWD", b""), ("EPSV", b""))
        asked = [("CWD", b"/"), ("TYPE", b"I"), ("PWD", b""), ("EPSV", b"")]
        inside = [(await session.command(*each)).code for each in asked]
    finally:
        await session.leave()
    assert inside == [250, 200, 257, 229]
    assert not together.refused


async def test_no_more_leave_together_than_a_server_reads_at_once() -> None:
    known = Together()
    known.proved = True
    path = b"/" + b"a" * 1_024
    async with serving(ftp(POLITE)) as endpoint:
        session = await FtpSession.connect(Opening(dialer=a_dialer(endpoint.port), together=known))
        session.send_ahead(("CWD", path), ("EPSV", b""))
        assert (await session.command("NOOP")).code == 200
        session.send_ahead(("PWD", b""), ("TYPE", b"I"), ("CWD", path), ("EPSV", b""))
        assert (await session.command("PWD")).code == 257
        await session.leave()
    assert endpoint.only.verbs == ["NOOP", "PWD", "TYPE", "QUIT"]


@pytest.mark.parametrize("posture", ["vsftpd-tls-optional", "proftpd-tls-on"])
async def test_real_servers_take_them_inside_tls(start_server: StartServer, posture: str) -> None:
    visit = await look_at(start_server(posture))
    assert isinstance(seen(visit.facts.system).code, int)
    (account,) = visit.facts.accounts
    assert seen(account.view).walk.complete


async def test_what_was_sent_ahead_and_is_not_asked_for_is_passed_over() -> None:
    async with serving(ftp(POLITE)) as endpoint:
        opening = Opening(dialer=a_dialer(endpoint.port), together=Together())
        session = await FtpSession.connect(opening)
        session.send_ahead(("SYST", b""), ("HELP", b""), ("PWD", b""), trial=True)
        assert (await session.command("HELP")).code == 214
        assert (await session.command("STAT")).code == 211
        assert not session.out_of_step
        await session.leave()
    assert endpoint.only.verbs == ["SYST", "HELP", "PWD", "STAT", "QUIT"]


async def test_nothing_is_sent_ahead_before_it_is_known_to_work() -> None:
    async with serving(ftp(replace(POLITE, behind=Behind.DROPPED))) as endpoint:
        opening = Opening(dialer=a_dialer(endpoint.port), together=Together())
        for given in (opening, Opening(dialer=opening.dialer)):
            session = await FtpSession.connect(given)
            session.send_ahead(("SYST", b""), ("HELP", b""), trial=given.together is None)
            assert (await session.command("SYST")).code == 215
            await session.leave()
    assert [one.verbs for one in endpoint.connections] == [["SYST", "QUIT"], ["SYST", "QUIT"]]
