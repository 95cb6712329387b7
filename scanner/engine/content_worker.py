"""The process that parses foreign content: ``python -m scanner.engine.content_worker``.

It reads tasks from standard input, asks its parent for byte ranges, and answers with facts. It
opens no file and no socket, writes no core dump, and ends when its input ends. Standard output
belongs to the protocol alone; whatever a library might print goes nowhere.
"""

from __future__ import annotations

import gc
import os
import resource
import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO, Final

from scanner.engine.content_frames import (
    PREFIX,
    Message,
    facts_message,
    lengths,
    pack,
    read_task,
    unpack,
)
from scanner.model.content import ContentFacts, ContentState, ContentTask
from scanner.model.mask import Mask

if TYPE_CHECKING:
    from scanner.content.ranges import Asking
    from scanner.content.scene import Key

    Examine = Callable[[ContentTask, Key], Asking[ContentFacts]]

_ABANDONED: Final = "abandoned"


class Pipe:
    """Frames over two binary streams."""

    def __init__(self, source: BinaryIO, sink: BinaryIO) -> None:
        self._source = source
        self._sink = sink

    def receive(self) -> tuple[Message, bytes]:
        """Return the next frame; ``EOFError`` when the parent is gone."""
        text, body = lengths(self._exactly(PREFIX.size))
        message = unpack(self._exactly(text))
        return message, self._exactly(body)

    def send(self, message: Message) -> None:
        """Send one frame without bytes."""
        self._sink.write(pack(message))
        self._sink.flush()

    def _exactly(self, count: int) -> bytes:
        data = self._source.read(count)
        if len(data) < count:
            raise EOFError
        return data


def serve(pipe: Pipe, watchdog: int) -> None:
    """Answer tasks until the parent closes the pipe.

    The first frame carries the masking key. ``watchdog`` is in seconds: where the parent does
    not end a worker that thinks for too long, because it died itself, the kernel does.
    """
    _, secret = pipe.receive()
    mask = Mask(secret)
    examine = load()
    pipe.send({"ready": True})
    while True:
        message, _ = pipe.receive()
        facts = _examined(pipe, examine(read_task(message), mask), watchdog)
        if facts is not None:
            pipe.send(facts_message(facts))


def load() -> Examine:
    """Load the parsers. Nobody looks for garbage meanwhile, and never in what was loaded."""
    gc.disable()
    from scanner.content.recognise import examine  # noqa: PLC0415 - see above

    gc.freeze()
    gc.enable()
    return examine


def _examined(pipe: Pipe, running: Asking[ContentFacts], watchdog: int) -> ContentFacts | None:
    """Run one examination; None when the parent abandons it."""
    data: bytes | None = None
    try:
        while True:
            signal.alarm(watchdog)
            wanted = next(running) if data is None else running.send(data)
            signal.alarm(0)
            pipe.send({"range": [wanted.offset, wanted.length]})
            answer, data = pipe.receive()
            if _ABANDONED in answer:
                running.close()
                return None
    except StopIteration as stop:
        facts: ContentFacts = stop.value
        return facts
    except MemoryError:
        return ContentFacts(format="unknown", state=ContentState.MALFORMED)
    finally:
        signal.alarm(0)


def confine(memory: int) -> None:
    """Give up what parsing does not need: memory beyond ``memory`` bytes, dumps, new files."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def main() -> None:
    """Serve on the standard streams. Arguments: bytes of memory, seconds of the watchdog."""
    memory, watchdog = (int(argument) for argument in sys.argv[1:3])
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    confine(memory)
    try:
        serve(Pipe(sys.stdin.buffer, sink), watchdog)
    except (EOFError, BrokenPipeError):
        # The parent is done, or dead: so is this process, without a word or a traceback.
        os._exit(0)


if __name__ == "__main__":
    main()
