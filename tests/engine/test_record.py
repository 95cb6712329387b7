from __future__ import annotations

import json
from dataclasses import replace

import pytest

from scanner.engine.judge import judge
from scanner.engine.record import Record, decode, encode
from scanner.model.content import DataClass
from scanner.model.evidence import Evidence
from scanner.model.observation import FtpFacts, Reply
from scanner.model.reading import Observed
from scanner.model.recall import OrderSighting, Recall
from scanner.model.view import WritableSigns
from tests.checks.cases import account, endpoint, file, modern_ssh, plain_ftp, seen, view, walk
from tests.engine.test_judge import AT, docket, open_zone

ODD = walk(
    files=(file(modified=AT, zone_known=False),),
    writable=WritableSigns(perm=2, perm_letters="adf", others=1, group=3, acl=1),
    unparsed_shapes=("aaa 99",),
    forged_possible=1,
    links_outside=1,
)
FACTS = (
    open_zone(DataClass.PERSONAL),
    plain_ftp(),
    modern_ssh(accounts=(account(view(username="lab")),)),
    modern_ssh(accounts=(account(view(walk=ODD)),)),
    None,
)


def record() -> Record:
    look = seen(*(endpoint(facts) for facts in FACTS))
    evidence = Evidence(
        id="e1", kind="ftp-reply", vantage="internal", at=AT, data={"code": 230, "text": ("a",)}
    )
    sighting = OrderSighting(first_seen=AT, last_seen=AT, files=2)
    return Record(
        asset="files",
        judged_at=AT,
        observations=(replace(look, evidence=(evidence,)),),
        recall=Recall(findings={"u": AT}, orders={"M": sighting}),
    )


def test_a_record_comes_back_as_it_was() -> None:
    given = record()
    again = decode(encode(given))
    assert again.recall == given.recall
    assert again.observations[0].endpoints == given.observations[0].endpoints
    assert again.observations[0].evidence[0].data["code"] == 230


def test_judging_a_restored_record_gives_the_same_report() -> None:
    given = record()
    again = decode(encode(given))
    first = judge(docket(observations=given.observations, recall=given.recall))
    second = judge(docket(observations=again.observations, recall=again.recall))
    assert first.failures == second.failures
    assert first.assessment == second.assessment


def test_a_record_is_one_ascii_line() -> None:
    line = encode(record())
    assert "\n" not in line
    assert line.isascii()


@pytest.mark.parametrize("text", ["Hélène", "\u202e", "\udcff", "\U0001f4be"])
def test_text_beyond_ascii_is_escaped_and_comes_back(text: str) -> None:
    given = replace(record(), asset=text)
    assert encode(given).isascii()
    assert decode(encode(given)).asset == text


def test_a_number_that_no_machine_word_holds_comes_back() -> None:
    look = seen(endpoint(open_zone(DataClass.PERSONAL)))
    (only,) = look.endpoints
    huge = replace(only, effort=replace(only.effort, bytes_received=1 << 80))
    line = encode(replace(record(), observations=(replace(look, endpoints=(huge,)),)))
    assert decode(line).observations[0].endpoints[0].effort.bytes_received == 1 << 80


def test_what_is_as_by_default_is_not_written() -> None:
    facts = FtpFacts(greeting=Observed(Reply(220, ("ready",))))
    look = seen(endpoint(facts))
    plain = json.loads(encode(replace(record(), observations=(look,))))
    assert plain["observations"][0]["endpoints"][0]["facts"] == {
        "greeting": {"value": {"code": 220, "text": ["ready"]}}
    }


@pytest.mark.parametrize(
    "line", ["", "[]", "{}", '{"asset": 1}', json.dumps({"asset": "a", "observations": 3})]
)
def test_what_no_run_wrote_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="not a record of observations"):
        decode(line)
