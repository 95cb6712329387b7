"""Real processes that look, and die while they do."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from scanner.engine.contract import Seen
from scanner.engine.processes import Link, Processes, place_of
from scanner.model.reading import Reason
from scanner.model.target import Account, Target

ONCE, ALWAYS = "a3", "a7"


@asynccontextmanager
async def dying() -> AsyncIterator[Link]:
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.engine.dying_looker", ONCE, ALWAYS), stdin=PIPE, stdout=PIPE
    )
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        yield Link(child.stdout, child.stdin)
    finally:
        child.stdin.close()
        await asyncio.wait_for(child.wait(), 20)


async def test_what_a_dead_process_had_is_looked_at_once_more_and_never_lost() -> None:
    kept: dict[str, Seen] = {}

    async def keep(seen: Seen) -> None:
        assert seen.target.asset not in kept
        kept[seen.target.asset] = seen

    wanted = [Target(host=f"127.0.0.{number + 1}", asset=f"a{number}") for number in range(12)]
    engine = Processes(open=dying, count=2, most=2, vantage="internal")
    await asyncio.wait_for(engine.scan(wanted, keep), 60)
    assert sorted(kept) == sorted(target.asset for target in wanted)
    assert all(seen.whole for seen in kept.values())
    told = {asset: seen.observations[0].unreached for asset, seen in kept.items()}
    whys = {asset: (why.reason, why.detail) for asset, why in told.items() if why is not None}
    assert len(whys) == len(wanted)
    assert whys[ONCE] == (Reason.CLOSED, "again")
    assert whys[ALWAYS][0] is Reason.OWN_FAULT
    assert {why[0] for asset, why in whys.items() if asset != ALWAYS} == {Reason.CLOSED}


@pytest.mark.parametrize("number", range(5))
def test_who_shares_a_password_or_may_share_an_address_is_looked_at_by_one(number: int) -> None:
    account = Account(username="batch")
    assert place_of(Target(host=f"192.0.2.{number}", asset="a", accounts=(account,)), 4) == 0
    assert place_of(Target(host=f"h{number}.example.org", asset="a"), 4) == 0


def test_the_other_targets_are_shared_out_and_an_address_always_goes_to_the_same() -> None:
    hosts = [f"192.0.2.{number}" for number in range(100)]
    places = [place_of(Target(host=host, asset=f"of {host}"), 4) for host in hosts]
    assert set(places) == {0, 1, 2, 3}
    assert places == [place_of(Target(host=host, asset="other"), 4) for host in hosts]
