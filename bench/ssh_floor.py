"""The least that any scan of SSH servers costs: identification and KEXINIT, in a bare asyncio loop.

A program: ``python -m bench.ssh_floor TARGETS CONNECTIONS``. It prints how many servers sent both.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

_SECONDS = 60.0


async def ask(place: str) -> bool:
    """Whether a server sent its identification and one whole packet that begins as a KEXINIT."""
    host, _, port = place.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(b"SSH-2.0-floor\r\n")
        await reader.readuntil(b"SSH-")
        await reader.readuntil(b"\n")
        size = int.from_bytes(await reader.readexactly(4), "big")
        return (await reader.readexactly(size))[1] == 20
    finally:
        writer.close()


async def main(places: list[str], connections: int) -> int:
    """Ask every server, ``connections`` at once; return how many answered."""
    gate = asyncio.Semaphore(connections)

    async def one(place: str) -> bool:
        async with gate:
            try:
                return await asyncio.wait_for(ask(place), _SECONDS)
            except (OSError, EOFError, TimeoutError):
                return False

    return sum(await asyncio.gather(*map(one, places)))


if __name__ == "__main__":
    print(asyncio.run(main(Path(sys.argv[1]).read_text("ascii").split(), int(sys.argv[2]))))
