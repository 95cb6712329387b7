"""Scans the hostile servers: each alone, in processes whose memory is measured."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.hostile import UNUSED_ADDRESS, Connection, Endpoint, serving, silent
from tests.hostile_runs.cases import CASES, Case
from tests.hostile_runs.ground import SECRET, Ground, prepare

ROOT: Final = Path(__file__).parents[2]
STEP_SECONDS: Final = 1.0
ASSET_SECONDS: Final = 6.0
MOST_ENTRIES: Final = 5_000
"""Of what has no end the default number takes most of those seconds on a slow machine."""
_SCANNERS: Final = 2
"""Processes that scan at once, one server at a time each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a scan of one hostile server came to, and what the server saw of it."""

    case: Case
    result: Mapping[str, Any]
    connections: tuple[Connection, ...]
    trapped: int
    """Connections to the address that some servers announce, over all scans."""

    @property
    def host(self) -> dict[str, Any]:
        """The one host of the report document."""
        (host,) = json.loads(self.result["encoded"])["hosts"]
        assert isinstance(host, dict)
        return host

    @property
    def findings(self) -> list[dict[str, Any]]:
        return [finding for row in self.host["failures"] for finding in row["findings"]]


def target_of(name: str, case: Case, endpoint: Endpoint, ground: Ground) -> dict[str, Any]:
    """Return a target with an account and an order, so that everything is asked."""
    trust = {"tls": {"ca": str(ground.trusted.authority)}}
    return {
        "host": "127.0.0.1",
        "asset": name.replace(":", "-"),
        "endpoints": [{"port": endpoint.port, "protocol": case.protocol}],
        "timeout_seconds": STEP_SECONDS,
        "limits": {"asset_seconds": ASSET_SECONDS, "entries": MOST_ENTRIES},
        "retention_days": 30,
        "accounts": [{"username": "keeper", "password": "file:password"}],
        "migrations": [
            {
                "order_id": "ORDER-1",
                "controller": "Clinic A",
                "owner": "Archive group",
                "ordered_on": "2024-01-02",
                "paths": ["/order-1/*"],
                "fields": ["study"],
                "migration_end": "2024-01-31",
                "retention_days": 7,
            }
        ],
        **(trust if case.protocol != "sftp" else {}),
    }


def write_targets(folder: Path, *targets: Mapping[str, Any], **limits: int) -> Path:
    """Write a targets file and the account's password."""
    folder.mkdir(parents=True, exist_ok=True)
    password = folder / "password"
    password.touch(mode=0o600)
    password.write_text(SECRET, encoding="ascii")
    path = folder / "targets.json"
    document = {
        "version": 1,
        "authorisation": {"reference": "HOSTILE-1", "scope": ["127.0.0.0/8"]},
        "defaults": {"limits": limits},
        "targets": targets,
    }
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


@asynccontextmanager
async def all_hostile(folder: Path) -> AsyncIterator[tuple[Ground, dict[str, Endpoint], Endpoint]]:
    """Serve every case for the block; the last one yielded is the trap."""
    async with AsyncExitStack() as stack:
        trap = await stack.enter_async_context(serving(silent(), host=UNUSED_ADDRESS))
        ground = prepare(folder, trap.port)
        endpoints = {
            name: await stack.enter_async_context(
                serving(case.make(ground), context=case.implicit(ground) if case.implicit else None)
            )
            for name, case in CASES.items()
        }
        yield ground, endpoints, trap


async def scan_each(folder: Path) -> dict[str, Outcome]:
    """Scan every case by itself. Raises what a behaviour did wrong."""
    async with all_hostile(folder) as (ground, endpoints, trap):
        for number, (name, case) in enumerate(CASES.items()):
            place = folder / str(number % _SCANNERS) / f"{number:03}"
            write_targets(place, target_of(name, case, endpoints[name], ground))
        shares = [folder / str(share) for share in range(_SCANNERS)]
        await asyncio.gather(*map(_scan_share, shares))
    return {
        name: Outcome(
            case=case,
            result=_result(folder / str(number % _SCANNERS) / f"{number:03}"),
            connections=tuple(endpoints[name].connections),
            trapped=len(trap.connections),
        )
        for number, (name, case) in enumerate(CASES.items())
    }


def _result(place: Path) -> dict[str, Any]:
    result: dict[str, Any] = json.loads((place / "result.json").read_text(encoding="utf-8"))
    return result


async def _scan_share(folder: Path) -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.hostile_runs.child", str(folder), cwd=ROOT
    )
    try:
        async with asyncio.timeout(110):
            assert await child.wait() == 0
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
