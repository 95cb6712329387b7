"""What was seen is kept, in whatever order those who wait for their turn are cancelled."""

from __future__ import annotations

import asyncio

from scanner.api.keeping import KeepingDesk, Looked
from scanner.model.logs import not_read
from scanner.model.target import Target

CROWD = 17
"""More than two turns' worth: the last to come is in neither of the first two."""


async def test_all_that_wait_are_kept_once_though_the_last_is_cancelled_first() -> None:
    kept: list[str] = []

    def keep(*several: Looked) -> None:
        kept.extend(one.target.asset for one in several)

    desk = KeepingDesk(keep)
    targets = [Target(host="127.0.0.1", asset=f"a{number}") for number in range(CROWD)]
    waiting = [
        asyncio.create_task(desk.keep(Looked(target, (), not_read(target)))) for target in targets
    ]
    await asyncio.sleep(0)
    for task in reversed(waiting):
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert sorted(kept) == sorted(target.asset for target in targets)
