"""Every hostile SFTP behaviour, and what may be said of the account that met it.

The notation is that of ``ssh_cases``.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Mapping
from typing import Final

from tests.hostile import sftp as files
from tests.hostile.endpoint import Behaviour
from tests.hostile.servers import ESCAPES
from tests.hostile.sftp import SftpScript, framed, once, sftp, status
from tests.hostile.ssh import OWNED
from tests.hostile.ssh_wire import u32

SHOWN: Final = "identification:seen kexinit:seen host_keys:seen"
"""What a server shows that went wrong inside the encryption."""

IN: Final = f"{SHOWN} methods:seen status:accepted"
LISTED: Final = f"{IN} view:seen walk:whole"
CUT: Final = f"{IN} view:seen walk:cut"
WORN: Final = f"{IN} view:seen|time-budget walk:cut|none"
"""A listing that never ends is cut, or uses up the time."""
NO_FILES: Final = f"{IN} view:protocol-error|not-offered"


def _answering(*pairs: tuple[int, Callable[[], files.Answer]]) -> Callable[[], Behaviour]:
    def answers() -> dict[int, files.Answer]:
        return {kind: make() for kind, make in pairs}

    return lambda: sftp(SftpScript(answers=answers))


def _always(answer: files.Answer) -> Callable[[], files.Answer]:
    return lambda: answer


def _lists(answer: files.Answer) -> Callable[[], Behaviour]:
    return _answering((files.READDIR, _always(answer)))


def _speaks(version: bytes) -> Callable[[], Behaviour]:
    return lambda: sftp(SftpScript(first=version))


def _one_at_a_time() -> files.Answer:
    count = itertools.count()
    return lambda identity, _: files.names(identity, b"file-%d.csv" % next(count))


def _ever_deeper() -> files.Answer:
    count = itertools.count()

    def answer(identity: int, _: bytes) -> bytes:
        deeper = next(count) % 2 == 0
        folder = files.names(identity, b"deeper", mode=0o40755)
        return folder if deeper else status(identity, 1)

    return answer


def _serves(name: bytes, content: files.Answer) -> Callable[[], Behaviour]:
    return _answering((files.READDIR, lambda: once(name)), (files.READ, _always(content)))


def _names(*found: bytes) -> Callable[[], Behaviour]:
    return _answering((files.READDIR, lambda: once(*found)))


SFTP: Final[Mapping[str, tuple[Callable[[], Behaviour], str]]] = {
    "polite": (sftp, LISTED),
    "version-0": (_speaks(files.version(0)), NO_FILES),
    "version-2": (_speaks(files.version(2)), f"{IN} view:protocol-error|not-offered|seen"),
    "version-6": (_speaks(files.version(6)), NO_FILES),
    "version-2-31": (_speaks(files.version(2**31)), NO_FILES),
    "version-of-10000-extensions": (
        _speaks(files.version(3, *((b"x%d" % number, b"") for number in range(10_000)))),
        LISTED,
    ),
    "version-never": (_speaks(b""), f"{IN} view:timeout"),
    "shell-greeting": (
        lambda: sftp(SftpScript(prompt=b"Welcome to \x1b[2J the shell!\r\n$ ")),
        NO_FILES,
    ),
    "unasked": (
        lambda: sftp(SftpScript(unasked=status(4_711, 0) * 3)),
        f"{IN} view:seen|protocol-error",
    ),
    "lying-length": (_lists(lambda _n, _: u32(0x7FFFFFFF)), f"{IN} view:protocol-error"),
    "lying-count": (
        _lists(lambda n, _: framed(b"\x68" + u32(n) + u32(0xFFFFFFFF))),
        f"{IN} view:protocol-error",
    ),
    "wrong-id": (
        _lists(lambda n, _: files.names(n + 1_000, b"a.csv")),
        f"{IN} view:protocol-error|timeout",
    ),
    "handle-of-100-kib": (
        _answering((files.OPENDIR, _always(lambda n, _: files.handle(n, b"h" * 102_400)))),
        f"{IN} view:protocol-error",
    ),
    "names-of-paths": (
        _names(b"..", b".", b"../../etc/passwd", b"a/b.csv", b"/etc/passwd", b"nul\0.csv", b""),
        CUT,
    ),
    "names-of-escapes": (_names(*(OWNED, ESCAPES.encode(), b"\xff\xfe.csv")), CUT),
    "name-of-1-mib": (_names(b"n" * (1 << 20)), f"{IN} view:protocol-error"),
    "name-of-200-kib": (_names(b"n" * 204_800), f"{IN} view:seen|protocol-error"),
    "one-name-at-a-time": (_answering((files.READDIR, _one_at_a_time)), WORN),
    "no-names-for-ever": (_lists(lambda n, _: files.names(n)), WORN),
    "same-name-for-ever": (_lists(lambda n, _: files.names(n, *[b"same.csv"] * 100)), CUT),
    "ever-deeper": (_answering((files.READDIR, _ever_deeper)), CUT),
    "crumbs": (_serves(b"members.csv", lambda n, _: files.data(n, b"x")), f"{IN} view:seen"),
    "more-than-asked": (
        _serves(b"members.csv", lambda n, _: files.data(n, b"name;birth\n" * 20_000)),
        f"{IN} view:seen",
    ),
    "content-without-end": (
        _serves(b"members.csv", lambda n, _: files.data(n, os.urandom(16_384))),
        f"{IN} view:seen",
    ),
    "hostile-refusal": (
        _answering((files.OPENDIR, _always(lambda n, _: status(n, 4, OWNED)))),
        f"{IN} view:seen|unreadable walk:cut|none",
    ),
}
