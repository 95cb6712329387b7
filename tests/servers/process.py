"""Run one server process on a free loopback port and leave nothing behind."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Final

HOST: Final = "127.0.0.1"
_READY_SECONDS: Final = 10.0
_STOP_SECONDS: Final = 3.0
_POLL_SECONDS: Final = 0.002
_ATTEMPTS: Final = 4
_SET_APART: Final = range(10_000, 32_768)
"""Below what Linux gives to connections by itself (``ip_local_port_range``)."""
# States of /proc/net/tcp: LISTEN; and ESTABLISHED or CLOSE_WAIT, where our side is not closed.
_TABLES: Final = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_LISTENING: Final = frozenset({"0A"})
_OPEN: Final = frozenset({"01", "08"})


class ServerStartError(RuntimeError):
    """A server did not start; the message ends with what it printed."""


class RootRequiredError(RuntimeError):
    """The real servers switch users and chroot, so they only start as root."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What to execute: built by a server's module once the port is known."""

    command: Sequence[str]
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a server is to listen: a loopback address, and a port or any that is free."""

    address: str = HOST
    port: int | None = None

    @property
    def is_ipv6(self) -> bool:
        return ":" in self.address


ANYWHERE: Final = Place()
EVERYWHERE: Final = Place(address="0.0.0.0")
"""Every address of 127.0.0.0/8, so that one server plays many hosts."""


@dataclass(frozen=True, slots=True)
class Process:
    """A server that listens: its port, the process that was started, and its address."""

    port: int
    pid: int
    address: str = HOST

    def sessions(self) -> tuple[int, ...]:
        """Return the processes that the server has forked for its clients and not yet ended."""
        return tuple(sorted(_descendants(self.pid)))

    def settle(self, seconds: float = 5.0) -> None:
        """Wait until every client's session has ended, hence has logged all it will.

        A session is a process of its own or, with servers that fork none, a connection that
        the server has not yet closed. Raises TimeoutError where one is still there after
        ``seconds``.
        """
        deadline = time.monotonic() + seconds
        while (alive := self.sessions()) or _is_open(self.port):
            if time.monotonic() > deadline:
                raise TimeoutError(f"sessions {alive} of server {self.pid} did not end")
            time.sleep(_POLL_SECONDS)


def require_root() -> None:
    """Raise RootRequiredError unless this process is root."""
    if os.geteuid() != 0:
        raise RootRequiredError(
            "the real test servers need root: they bind as root, chroot and switch users"
        )


@contextmanager
def workspace(*, within: Path | None = None) -> Iterator[Path]:
    """Yield a fresh folder that other users may enter (not list), removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="scanner-server-", dir=within))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def running(
    prepare: Callable[[int], Launch], console: Path, place: Place = ANYWHERE
) -> Iterator[Process]:
    """Start the server that ``prepare(port)`` describes, and stop it and all it forked.

    It has to listen at ``place``.

    ``console`` receives its output. Ready means that it listens; no connection is made to
    find out, so its logs hold the clients of the test alone. Raises ServerStartError.
    """
    child, port = _start(prepare, console, place)
    try:
        yield Process(port, child.pid, place.address)
    finally:
        _stop(child)


def free_port() -> int:
    """Return a port that was free a moment ago, on every address, and that no client's connection
    takes by chance before it is used.
    """
    for _ in range(len(_SET_APART)):
        port = secrets.choice(_SET_APART)
        with socket.socket() as probe, suppress(OSError):
            probe.bind((EVERYWHERE.address, port))
            return port
    raise ServerStartError("no port is free")


def _start(
    prepare: Callable[[int], Launch], console: Path, place: Place
) -> tuple[subprocess.Popen[bytes], int]:
    for _ in range(_ATTEMPTS):
        port = place.port or free_port()
        child = _spawn(prepare(port), console)
        if _listens(child, place.address, port):
            return child, port
        _stop(child)  # most likely another process took the port in between
    raise ServerStartError(f"server did not listen: {_tail(console)}")


def _spawn(launch: Launch, console: Path) -> subprocess.Popen[bytes]:
    # The signal at the parent's death ends the server even where the test run is killed.
    guarded = ["setpriv", "--pdeathsig", "TERM", "--", *launch.command]
    with console.open("a+b") as output:
        return subprocess.Popen(
            guarded,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", **launch.environment},
            stdin=output,  # where vsftpd writes its complaints, as if to a client
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            start_new_session=True,
        )


def _listens(child: subprocess.Popen[bytes], address: str, port: int) -> bool:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        if child.poll() is not None:
            return False
        if _is_listening(child.pid, address, port):
            return True
        time.sleep(_POLL_SECONDS)
    return False


def _is_listening(pid: int, address: str, port: int) -> bool:
    """Whether the process, or one that it forked, listens: a stranger may have the port, too."""
    own = f"{_as_listed(address)}:{port:04X}"
    found = {f"socket:[{inode}]" for inode, at in _sockets(port, _LISTENING) if at == own}
    return bool(found) and any(found & _open_files(each) for each in {pid, *_descendants(pid)})


def _is_open(port: int) -> bool:
    return bool(_sockets(port, _OPEN))


def _sockets(port: int, states: frozenset[str]) -> list[tuple[str, str]]:
    """Return inode and address of each socket on a port of ours that is in one of the states."""
    wanted = f":{port:04X}"
    tables = (table for table in _TABLES if table.exists())
    lines = (line for table in tables for line in table.read_text("ascii").splitlines()[1:])
    rows = [line.split() for line in lines]
    return [(row[9], row[1]) for row in rows if row[3] in states and row[1].endswith(wanted)]


def _as_listed(address: str) -> str:
    """Return an address as the kernel's tables write it: words of four bytes, each reversed."""
    packed = ip_address(address).packed
    words = [packed[at : at + 4][::-1].hex().upper() for at in range(0, len(packed), 4)]
    return "".join(words)


def _open_files(pid: int) -> set[str]:
    found = set()
    with suppress(FileNotFoundError, ProcessLookupError):
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):
                found.add(str(link.readlink()))
    return found


def _stop(child: subprocess.Popen[bytes]) -> None:
    # Nothing they could save outlives the test, and ProFTPD takes half a second to end by
    # itself. Sessions first, while their parent still lives to collect them: where the first
    # process of the machine collects nothing, they would stay as zombies.
    _kill(_descendants(child.pid))
    _wait_for(lambda: not _descendants(child.pid))
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait(_STOP_SECONDS)


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _STOP_SECONDS
    while not condition() and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)


def _kill(pids: set[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _descendants(ancestor: int) -> set[int]:
    """Return the living processes below ``ancestor``; some leave its process group."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            parent, state = _status(int(entry.name))
            if state not in {"", "Z", "X"}:
                children.setdefault(parent, []).append(int(entry.name))
    found: set[int] = set()
    pending = [ancestor]
    while pending:
        fresh = [pid for pid in children.get(pending.pop(), []) if pid not in found]
        found.update(fresh)
        pending.extend(fresh)
    return found


def _status(pid: int) -> tuple[int, str]:
    """Return the parent and the state letter of a process, (0, "") where it has ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="latin-1")
    except (FileNotFoundError, ProcessLookupError):
        return 0, ""
    state, parent = text.rpartition(")")[2].split()[:2]  # a name may hold spaces and brackets
    return int(parent), state


def _tail(console: Path) -> str:
    if not console.exists():
        return "(it printed nothing)"
    return console.read_text(encoding="utf-8", errors="replace")[-2000:] or "(it printed nothing)"
