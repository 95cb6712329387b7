"""A content worker whose parser does what the file's name says."""

from __future__ import annotations

import ctypes
import os
import sys
import time
from collections.abc import Generator

from scanner.content.ranges import ByteRange
from scanner.content.recognise import examine as examine_well
from scanner.content.scene import Key
from scanner.engine import content_worker
from scanner.model.content import ContentFacts, ContentState, ContentTask

Running = Generator[ByteRange, bytes, ContentFacts]


def examine(task: ContentTask, key: Key) -> Running:
    behaviour = BEHAVIOURS.get(task.name)
    if behaviour is None:
        return (yield from examine_well(task, key))
    data = yield ByteRange(0, task.size)
    return (yield from behaviour(data))


def _told(text: str) -> ContentFacts:
    return ContentFacts(format=text, state=ContentState.CLEAR)


def aborts(data: bytes) -> Running:
    yield from ()
    os.abort()


def crashes(data: bytes) -> Running:
    yield from ()
    ctypes.string_at(0)
    raise AssertionError


def hangs(data: bytes) -> Running:
    yield from ()
    while True:
        pass


def sleeps(data: bytes) -> Running:
    yield from ()
    time.sleep(3600)
    raise AssertionError


def grows(data: bytes) -> Running:
    yield from ()
    kept = bytearray(4 << 30)
    return _told(f"grew-{len(kept)}")


def raises(data: bytes) -> Running:
    yield from ()
    raise RuntimeError(data.decode())


def exits(data: bytes) -> Running:
    yield from ()
    sys.exit(data.decode())


def leaks(data: bytes) -> Running:
    yield from ()
    return _told(data.decode())


def chatters(data: bytes) -> Running:
    yield from ()
    sys.stdout.write(data.decode())
    sys.stdout.flush()
    os.write(1, data)
    os.write(2, data)
    return _told("chatter")


def floods(data: bytes) -> Running:
    yield from ()
    return _told("x" * (2 << 20))


def greedy(data: bytes) -> Running:
    yield ByteRange(0, 1 << 40)
    raise AssertionError


def negative(data: bytes) -> Running:
    yield ByteRange(-1, 10)
    raise AssertionError


def writes(data: bytes) -> Running:
    yield from ()
    path = f"/tmp/{data.decode()}"
    try:
        with open(path, "wb") as file:  # noqa: PTH123 - as plain as a parser would
            file.write(data)
    except OSError:
        os.unlink(path)  # noqa: PTH108
        return _told("refused")
    return _told("wrote")


def surroundings(data: bytes) -> Running:
    yield from ()
    wanted = {"PATH", "PYTHONPATH", "LC_ALL", "LC_CTYPE"}
    return _told("clean" if set(os.environ) <= wanted and len(sys.argv) == 3 else "dirty")


BEHAVIOURS = {
    function.__name__: function
    for function in (
        aborts,
        crashes,
        hangs,
        sleeps,
        grows,
        raises,
        exits,
        leaks,
        chatters,
        floods,
        greedy,
        negative,
        writes,
        surroundings,
    )
}


if __name__ == "__main__":
    vars(content_worker)["load"] = lambda: examine
    content_worker.main()
