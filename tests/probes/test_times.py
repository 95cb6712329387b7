"""Times that a listing tells coarsely, asked for one by one: a few, and never in vain."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from scanner.model.listing import Precision
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.target import Migration
from scanner.model.view import Zone
from scanner.probes.places import Order
from scanner.probes.sampling import FoundFile
from scanner.probes.times import MOST_ASKED, tell_times, timed
from tests.probes.memory_tree import a_file

DAY = datetime(2026, 3, 1, tzinfo=UTC)
EXACT = datetime(2026, 3, 1, 10, 20, 33, tzinfo=UTC)
COARSE = a_file(
    b"a", modified=EXACT.replace(second=0), precision=Precision.MINUTE, zone_known=False
)
OBSERVED = Observed(EXACT)
REFUSED = Unobserved(Reason.UNREADABLE, "550 no")


@dataclass
class Told:
    """Answers for each path, and what was asked."""

    answers: Mapping[bytes, Reading[datetime]] = field(default_factory=dict)
    otherwise: Reading[datetime] = OBSERVED
    asked: list[bytes] = field(default_factory=list)
    seconds: float = 0.0

    async def modified_at(self, path: bytes) -> Reading[datetime]:
        self.asked.append(path)
        await asyncio.sleep(self.seconds)
        return self.answers.get(path, self.otherwise)


def found(name: str, **changes: object) -> FoundFile:
    base = FoundFile(path=f"/{name}".encode(), entry=COARSE)
    return replace(base, **changes)  # type: ignore[arg-type]


async def test_those_of_an_order_are_asked_for_first_then_the_oldest_none_twice() -> None:
    order = Order(migration=Migration(order_id="MIG-1"), patterns=())
    files = [
        found(f"{n:03}", entry=replace(COARSE, modified=DAY - timedelta(days=n))) for n in range(99)
    ]
    files[7] = replace(files[7], orders=(order,))
    tree = Told()
    told = await tell_times(files, tree, seconds=5)
    assert tree.asked == [
        b"/007",
        *(f"/{n:03}".encode() for n in range(98, 98 - MOST_ASKED + 1, -1)),
    ]
    assert [file.path for file in told] == [file.path for file in files]
    exact = {file.path for file in told if file.entry.modified == EXACT}
    assert exact == set(tree.asked)


async def test_what_is_exact_or_public_is_not_asked_for() -> None:
    exact = replace(COARSE, precision=Precision.SECOND, zone_known=True)
    tree = Told()
    files = (found("exact", entry=exact), found("public", zone=Zone.PUBLIC))
    assert await tell_times(files, tree, seconds=5) == files
    assert tree.asked == []


@pytest.mark.parametrize(
    ("answer", "asked"),
    [
        (Unobserved(Reason.NOT_OFFERED, "502"), 1),
        (Unobserved(Reason.CONNECTION_LOST, "gone"), 3),
        (REFUSED, 9),
    ],
    ids=["unknown-command", "lost", "refused"],
)
async def test_a_server_is_not_asked_in_vain(answer: Unobserved, asked: int) -> None:
    tree = Told(otherwise=answer)
    files = tuple(found(str(n)) for n in range(9))
    assert await tell_times(files, tree, seconds=5) == files
    assert len(tree.asked) == asked


async def test_what_was_told_before_the_time_ran_out_is_kept() -> None:
    tree = Told(seconds=0.05)
    told = await tell_times([found(str(n)) for n in range(30)], tree, seconds=0.2)
    exact = [file for file in told if file.entry.precision is Precision.SECOND]
    assert 0 < len(exact) < len(tree.asked) <= 6


@pytest.mark.parametrize(
    ("told", "known"),
    [
        (EXACT, False),
        (EXACT - timedelta(hours=2), True),
        (EXACT + timedelta(hours=5, minutes=45), True),
        (EXACT + timedelta(minutes=7), False),
    ],
    ids=["the-same", "east", "west", "unexplained"],
)
def test_the_zone_is_known_only_where_the_two_differ_by_one(told: datetime, *, known: bool) -> None:
    entry = timed(COARSE, told)
    assert (entry.modified, entry.precision) == (told, Precision.SECOND)
    assert entry.zone_known is known


def test_of_a_day_alone_no_zone_is_told() -> None:
    coarse = replace(COARSE, modified=DAY, precision=Precision.DAY)
    assert not timed(coarse, DAY + timedelta(hours=3)).zone_known
