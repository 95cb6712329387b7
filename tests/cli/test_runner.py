from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys

import pytest

from scanner.cli.runner import Done, Stopped, finish
from tests.cli.shell import environment, python

STUBBORN = """
import asyncio
from scanner.cli.runner import finish

async def work():
    print("ready", flush=True)
    while True:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            print("again", flush=True)

finish(work())
"""


async def answer() -> int:
    await asyncio.sleep(0)
    return 7


async def signalled(number: int, *, puts_away: bool) -> str:
    os.kill(os.getpid(), number)
    try:
        await asyncio.sleep(30)
    except asyncio.CancelledError:
        if not puts_away:
            raise
        return "what there is"
    return "late"


def test_a_value_comes_back() -> None:
    assert finish(answer()) == Done(7)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_lets_the_work_put_away_what_it_has(number: int) -> None:
    assert finish(signalled(number, puts_away=True)) == Done("what there is", 128 + number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_work_that_has_nothing_to_show(number: int) -> None:
    assert finish(signalled(number, puts_away=False)) == Stopped(128 + number)


def test_handlers_are_put_back() -> None:
    before = (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM))
    finish(answer())
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_faults_pass_through() -> None:
    async def broken() -> None:
        await asyncio.sleep(0)
        raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        finish(broken())


def test_libraries_write_nothing_by_themselves() -> None:
    told = python(
        "-c",
        "import logging\n"
        "from scanner.cli.runner import finish\n"
        "async def work(): logging.getLogger('library').error('what a server said')\n"
        "finish(work())\n",
    )
    assert (told.returncode, told.stdout, told.stderr) == (0, "", "")


def test_a_second_signal_ends_work_that_will_not_stop() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STUBBORN],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment(),
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.stdout.readline() == "again\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == -signal.SIGTERM
