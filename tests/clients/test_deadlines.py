from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable

import pytest

from scanner.clients.deadlines import within
from scanner.clients.faults import Fault
from scanner.model.reading import Reason

SOON = 0.05
NEVER = 60.0


async def test_a_step_that_takes_too_long_is_a_fault_with_its_own_words() -> None:
    with pytest.raises(Fault) as caught:
        async with within(SOON, "no reply in time"):
            await asyncio.Event().wait()
    assert (caught.value.reason, caught.value.detail) == (Reason.TIMEOUT, "no reply in time")


async def test_a_step_may_name_another_reason() -> None:
    with pytest.raises(Fault) as caught:
        async with within(SOON, "silence", Reason.FILTERED):
            await asyncio.Event().wait()
    assert caught.value.reason is Reason.FILTERED


async def test_a_step_that_ends_in_time_leaves_nothing_behind() -> None:
    async with within(SOON):
        await asyncio.sleep(0)
    await asyncio.sleep(SOON * 3)
    task = asyncio.current_task()
    assert task is not None
    assert not task.cancelling()


async def test_a_short_step_is_not_made_to_wait_for_a_long_one() -> None:
    async with within(NEVER):
        with pytest.raises(Fault):
            async with within(SOON):
                await asyncio.Event().wait()


async def test_of_nested_steps_the_outer_one_may_be_due_first() -> None:
    with pytest.raises(Fault) as caught:
        async with within(SOON, "outer"), within(NEVER, "inner"):
            await asyncio.Event().wait()
    assert caught.value.detail == "outer"


async def test_every_one_of_many_steps_is_ended() -> None:
    async def step(number: int) -> Reason:
        try:
            async with within(SOON + number / 10_000):
                await asyncio.Event().wait()
        except Fault as fault:
            return fault.reason
        raise AssertionError("not ended")

    reasons = await asyncio.gather(*(step(number) for number in range(500)))
    assert set(reasons) == {Reason.TIMEOUT}


async def test_many_steps_take_one_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    timers: list[float] = []
    at = loop.call_at

    def counted(when: float, ring: Callable[..., None]) -> asyncio.TimerHandle:
        timers.append(when)
        return at(when, ring)

    monkeypatch.setattr(loop, "call_at", counted)
    for _ in range(100):
        async with within(NEVER):
            await asyncio.sleep(0)
    assert len(timers) <= 1


async def test_a_cancellation_from_outside_stays_one() -> None:
    began = asyncio.Event()

    async def step() -> None:
        async with within(NEVER):
            began.set()
            await asyncio.Event().wait()

    task = asyncio.ensure_future(step())
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize(
    ("raised", "reason"),
    [
        (ConnectionResetError(), Reason.CONNECTION_LOST),
        (ConnectionRefusedError(), Reason.CLOSED),
        (TimeoutError(), Reason.TIMEOUT),
        (Fault(Reason.CLOSED), Reason.CLOSED),
    ],
)
async def test_what_the_network_raises_becomes_a_fault(raised: Exception, reason: Reason) -> None:
    with pytest.raises(Fault) as caught:
        async with within(NEVER):
            raise raised
    assert caught.value.reason is reason


@pytest.mark.parametrize("raised", [ssl.SSLCertVerificationError(), LookupError()])
async def test_a_refused_certificate_and_a_bug_of_ours_pass(raised: Exception) -> None:
    with pytest.raises(type(raised)):
        async with within(NEVER):
            raise raised
