"""Runs aioftp's server; a program, run with ``python -P aioftp_program.py SETTINGS.json``."""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
import sys
from collections.abc import AsyncIterable, AsyncIterator
from pathlib import Path
from typing import Any

import aioftp


class InOrder(aioftp.PathIO):
    """Lists names in their order: that of a file system differs from one machine to the next."""

    def list(self, path: Path) -> AsyncIterable[Path]:
        found = sorted(path.glob("*"))

        async def listed() -> AsyncIterator[Path]:
            for each in found:
                yield each

        return listed()


def main(settings: dict[str, Any]) -> None:
    """Serve until the process is ended."""
    told = "%(funcName)s: %(message)s"
    logging.basicConfig(filename=settings["log"], level=logging.DEBUG, format=told)
    context: ssl.SSLContext | None = None
    if settings["certificate"]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(settings["certificate"])
    server = aioftp.Server(_users(settings), ssl=context, path_io_factory=InOrder)
    asyncio.run(server.run(settings["host"], settings["port"]))


def _users(settings: dict[str, Any]) -> list[aioftp.User]:
    served = settings["served"]
    readable = [aioftp.Permission("/", writable=settings["writable"])]
    users = [
        aioftp.User(name, password, base_path=served)
        for name, password in settings["users"].items()
    ]
    if settings["anonymous"]:
        users.append(aioftp.User(base_path=served, permissions=readable))
    return users


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text("ascii")))
