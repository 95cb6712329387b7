from __future__ import annotations

import asyncio

import pytest

from scanner.engine.scheduler import schedule
from scanner.model.target import Target
from scanner.probes.locks import CredentialGate, KeyedLocks


def targets(count: int) -> list[Target]:
    return [Target(host=f"h{number}.example.org", asset=f"a{number}") for number in range(count)]


async def test_every_target_is_scanned_exactly_once() -> None:
    done: list[str] = []

    async def work(target: Target) -> None:
        await asyncio.sleep(0)
        done.append(target.asset)

    await schedule(targets(50), work, most=7)
    assert sorted(done) == sorted(target.asset for target in targets(50))


async def test_no_more_than_the_bound_run_at_once() -> None:
    running = 0
    peak = 0

    async def work(_target: Target) -> None:
        nonlocal running, peak
        running += 1
        peak = max(peak, running)
        await asyncio.sleep(0)
        running -= 1

    await schedule(targets(40), work, most=5)
    assert peak == 5


async def test_a_failing_worker_ends_the_schedule_with_its_own_exception() -> None:
    begun: list[str] = []

    async def work(target: Target) -> None:
        begun.append(target.asset)
        if target.asset == "a1":
            raise OSError("disk full")
        await asyncio.Event().wait()

    with pytest.raises(OSError, match="disk full"):
        await schedule(targets(9), work, most=2)
    assert begun == ["a0", "a1"]


async def test_one_scan_at_a_time_reaches_an_address_and_nothing_is_kept_after() -> None:
    locks = KeyedLocks()
    inside = 0
    peak = 0

    async def visit() -> None:
        nonlocal inside, peak
        async with locks.hold("127.0.0.9"):
            inside += 1
            peak = max(peak, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(visit() for _ in range(10)))
    assert peak == 1
    assert locks._locks == {}


async def test_a_cancelled_wait_does_not_leak_its_place() -> None:
    locks = KeyedLocks()
    async with locks.hold("127.0.0.9"):
        waiter = asyncio.create_task(locks.hold("127.0.0.9").__aenter__())
        await asyncio.sleep(0)
        waiter.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiter
    assert locks._locks == {}


async def test_one_login_at_a_time_tries_a_credential_until_it_was_accepted() -> None:
    gate = CredentialGate()
    inside = 0
    peaks: list[int] = []

    async def attempt() -> None:
        nonlocal inside
        async with gate.hold(["mark"]):
            inside += 1
            peaks.append(inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(attempt() for _ in range(4)))
    assert peaks == [1, 1, 1, 1]
    gate.accept("mark")
    peaks.clear()
    await asyncio.gather(*(attempt() for _ in range(4)))
    assert max(peaks) == 4
