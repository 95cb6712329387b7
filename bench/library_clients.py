"""Peers that are libraries, each doing a unit of work over many hosts as its documentation shows.

A program: ``python -m bench.library_clients LIBRARY HOSTS CONNECTIONS``, with ``aioftp`` (W3),
``asyncssh`` or ``paramiko`` (S3). ``HOSTS`` holds a host a line, with a port behind a colon where
it is not 21 or 22. In their favour: uvloop where there is a loop, a host's facts are counted and
dropped, and no key is compared with any that is known. It prints how many hosts gave everything.
"""

# ruff: noqa: PLC0415 - a peer pays for its own import and for no other's

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Final

import uvloop

DECOY: Final = "qzx-nobody-71"
FILES: Final = 20
_SAMPLES: Final = 3
_SECONDS: Final = 60.0


async def ftp_dialog(host: str, port: int) -> bool:
    """W3: AUTH TLS, FEAT, login, PWD, TYPE, one listing, three files, QUIT."""
    import aioftp

    client = aioftp.Client(socket_timeout=_SECONDS)
    await client.connect(host, port or 21)
    await client.command("AUTH TLS", "5xx")
    await client.command("FEAT", "211")
    await client.login("anonymous", "anonymous@example.invalid")
    await client.get_current_directory()
    listed = [path async for path, _ in client.list(raw_command="MLSD")]
    for path in listed[:_SAMPLES]:
        async with client.download_stream(path) as stream:
            await stream.read()
    await client.quit()
    return len(listed) == FILES


async def ssh_methods(host: str, port: int) -> bool:
    """S3: a key exchange whose signature verifies, and one ``none`` request."""
    import asyncssh

    methods = await asyncssh.get_server_auth_methods(host, port or 22, DECOY, config=None)
    return bool(methods)


def ssh_methods_in_thread(host: str, port: int) -> bool:
    """The same with paramiko, in a thread."""
    import paramiko

    with socket.create_connection((host, port or 22), _SECONDS) as sock:
        transport = paramiko.Transport(sock)
        try:
            transport.start_client(timeout=_SECONDS)
            transport.get_remote_server_key()
            transport.auth_none(DECOY)
        except paramiko.BadAuthenticationType as refusal:
            return bool(refusal.allowed_types)
        finally:
            transport.close()
    return True


Places = Iterator[tuple[str, int]]


async def in_tasks(
    work: Callable[[str, int], Awaitable[bool]], places: Places, connections: int
) -> int:
    """Do the work, ``connections`` hosts at once; return how many gave everything."""

    async def drain() -> int:
        found = 0
        for host, port in places:
            try:
                found += await asyncio.wait_for(work(host, port), _SECONDS)
            except Exception as error:  # noqa: BLE001 - whatever it is, the host is missed
                print(f"{host}: {error!r}", file=sys.stderr)
        return found

    return sum(await asyncio.gather(*(drain() for _ in range(connections))))


def in_threads(work: Callable[[str, int], bool], places: Places, connections: int) -> int:
    """Do the work in threads; return how many hosts gave everything."""
    found: list[bool] = []
    gate = threading.Lock()

    def drain() -> None:
        while True:
            with gate:
                place = next(places, None)
            if place is None:
                return
            try:
                found.append(work(*place))
            except Exception as error:  # noqa: BLE001 - whatever it is, the host is missed
                print(f"{place}: {error!r}", file=sys.stderr)

    threads = [threading.Thread(target=drain) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(found)


def read_places(path: Path) -> Places:
    """Yield hosts and ports; 0 where none is told."""
    with path.open(encoding="ascii") as lines:
        for place in filter(None, map(str.strip, lines)):
            host, _, port = place.partition(":")
            yield host, int(port or 0)


def main() -> None:
    """Run one library."""
    library, hosts, connections = sys.argv[1:]
    places = read_places(Path(hosts))
    if library == "paramiko":
        print(in_threads(ssh_methods_in_thread, places, int(connections)))
        return
    work = {"aioftp": ftp_dialog, "asyncssh": ssh_methods}[library]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(runner.run(in_tasks(work, places, int(connections))))


if __name__ == "__main__":
    main()
