"""SSH servers that turn connections away: said to be throttled, and not asked again and again.

OpenSSH's penalties came with 9.8, which Debian 12 does not have: their words (``Not allowed at this
time``) are said by a relay before a real server.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest

from scanner.api import ScanDocument, scan_host
from scanner.model.failure import FailureId
from scanner.model.finding import Verdict
from scanner.model.reading import Observed, Reason, Unobserved
from tests.hostile import close_at_once, serving, silent
from tests.hostile.ban import bans_after
from tests.hostile.endpoint import Behaviour
from tests.hostile.ssh import turns_away
from tests.matrix import lab
from tests.servers import Openssh
from tests.servers.fixtures import StartServer

MOST_REFUSED: Final = 3
"""How often a server may be asked that turns connections away before it said a word."""


@asynccontextmanager
async def held(port: int, count: int) -> AsyncIterator[None]:
    """Hold connections that say nothing, each of which takes one of the server's slots."""
    links = [await asyncio.open_connection("127.0.0.1", port) for _ in range(count)]
    try:
        for reader, _ in links:
            await reader.readline()  # it is being served: its slot is taken
        yield
    finally:
        for _, writer in links:
            writer.transport.abort()


async def scanned(port: int, folder: Path) -> ScanDocument:
    targets = lab.write_targets(
        folder, lab.at(port, "sftp", timeout_seconds=1, limits={"asset_seconds": 20})
    )
    history = lab.history_in(folder / "state")
    return await scan_host("127.0.0.1", targets=targets, history=history)


FULL: Final = {
    "all-slots": ("MaxStartups 2",),
    "sure-to-be-dropped": ("MaxStartups 2:100:10",),
    "slots-of-one-source": ("PerSourceMaxStartups 2", "PerSourceNetBlockSize 32:128"),
}


@pytest.mark.parametrize("lines", FULL.values(), ids=FULL)
async def test_an_openssh_whose_slots_are_taken_is_throttled(
    lines: tuple[str, ...], start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server(Openssh(extra=lines))
    async with held(server.port, 2):
        document = await scanned(server.port, tmp_path)
    endpoint = lab.endpoint_of(document)
    assert endpoint.reason is Reason.THROTTLED
    assert lab.row(document, FailureId.OPEN_ZONE).verdict is Verdict.UNKNOWN
    assert lab.row(document, FailureId.PLAINTEXT_TRANSPORT).verdict is Verdict.UNKNOWN
    assert document.exit_code == 3
    dropped = len(re.findall(r"^drop connection #", server.log_text(), re.MULTILINE))
    assert 1 <= dropped <= MOST_REFUSED
    assert server.accepted_connections() == 2  # the two that were held


async def test_the_same_server_is_seen_whole_once_there_is_room(
    start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server(Openssh(extra=("MaxStartups 2",)))
    async with held(server.port, 2):
        pass
    await asyncio.to_thread(server.settle)
    facts = lab.ssh_of(await scanned(server.port, tmp_path))
    assert isinstance(facts.host_keys, Observed)
    assert isinstance(facts.methods, Observed)


BANS: Final[Mapping[str, tuple[Behaviour, set[Reason], int]]] = {
    # name: what banned connections meet, reasons, and how many of them there may be
    "penalised": (turns_away(b"Not allowed at this time\r\n"), {Reason.THROTTLED}, 1),
    "full": (turns_away(b"Exceeded MaxStartups\r\n"), {Reason.THROTTLED}, 1),
    "closed": (close_at_once(), {Reason.THROTTLED, Reason.CONNECTION_LOST}, MOST_REFUSED),
    "reset": (
        close_at_once(reset=True),
        {Reason.THROTTLED, Reason.CONNECTION_LOST},
        MOST_REFUSED,
    ),
    "silent": (silent(), {Reason.THROTTLED, Reason.TIMEOUT}, MOST_REFUSED),
}


@pytest.mark.parametrize("ban", BANS)
async def test_a_ban_amid_a_scan_is_told_and_not_run_against(
    ban: str, start_server: StartServer, tmp_path: Path
) -> None:
    then, reasons, most = BANS[ban]
    server = start_server(Openssh())
    async with serving(bans_after(1, server.port, then)) as endpoint:
        document = await scanned(endpoint.port, tmp_path)
        asked = len(endpoint.connections)
    facts = lab.ssh_of(document)
    assert "OpenSSH" in lab.seen(facts.identification)
    assert isinstance(facts.kexinit, Observed)
    unseen = [
        reading.reason
        for reading in (facts.host_keys, facts.every_key, facts.methods)
        if isinstance(reading, Unobserved)
    ]
    assert set(unseen) <= reasons
    assert asked - 1 <= most
    if asked > 1:  # one connection may have been enough for everything
        assert unseen
        assert document.exit_code == 3


async def test_a_host_that_bans_before_the_first_connection_is_not_called_safe(
    start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server(Openssh())
    async with serving(bans_after(0, server.port, silent())) as endpoint:
        document = await scanned(endpoint.port, tmp_path)
        asked = len(endpoint.connections)
    assert lab.endpoint_of(document).reason is Reason.TIMEOUT
    assert asked <= MOST_REFUSED
    assert '"verdict": "pass"' not in json.dumps(document.as_dict()["hosts"][0]["failures"])
    assert server.accepted_connections() == 0
