"""A worker of many slots begins no look while its event loop is behind."""

from __future__ import annotations

import asyncio
from pathlib import Path

from scanner.engine.contract import Look, Seen
from scanner.engine.nats_worker import Order
from tests.distributed.test_retries import lab, targets
from tests.engine.crowded import Crowded, Watch

SLOTS = 64


async def test_targets_begin_a_few_at_a_time_and_none_while_turns_are_long(tmp_path: Path) -> None:
    watch = Watch()
    kept: list[str] = []

    def begin(order: Order) -> Look:
        return Crowded(order.target, watch)

    async def keep(seen: Seen) -> None:
        kept.append(seen.target.asset)

    async with lab(tmp_path) as ground:
        await ground.hire(begin, "shared", slots=SLOTS)
        async with watch.counting():
            await asyncio.wait_for(ground.engine.scan(targets(SLOTS), keep), 60)
    assert len(kept) == SLOTS
    watch.hold(SLOTS)
