"""Scans every hostile SSH server, each alone, in processes whose memory is measured."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.hostile.endpoint import Connection, Endpoint, serving
from tests.hostile.ssh_cases import APART, CASES, Case
from tests.hostile.ssh_peer import FINGERPRINT
from tests.matrix.lab import history_in

ROOT: Final = Path(__file__).parents[2]
SECRET: Final = "watched-secret-Wq71nb"
"""The password of the supplied account."""
STEP_SECONDS: Final = 1.0
ASSET_SECONDS: Final = 6.0
_EVERY: Final = {**CASES, **APART}
_SCANNERS: Final = 4
_CHILD_SECONDS: Final = 110.0
_RUN_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a scan of one hostile server came to, and what the server saw of it."""

    case: Case
    result: Mapping[str, Any]
    connections: tuple[Connection, ...]

    @property
    def endpoint(self) -> dict[str, Any]:
        """The one endpoint of the observations."""
        (look,) = self.result["observations"]
        (seen,) = look["endpoints"]
        assert isinstance(seen, dict)
        return seen

    def read(self, fact: str) -> str:
        """Return how a fact of the case's ``shows`` reads."""
        facts = self.endpoint["facts"]
        if fact == "nothing":
            return "seen" if facts else str(self.endpoint["reason"])
        if facts is None:
            return "none"
        if fact in {"status", "view", "walk"}:
            return _of_account(facts, fact)
        return _read(facts[fact])


def _read(reading: Mapping[str, Any]) -> str:
    return str(reading["reason"]) if "reason" in reading else "seen"


def _of_account(facts: Mapping[str, Any], fact: str) -> str:
    (account,) = facts["accounts"]
    if fact == "status":
        return str(account["status"])
    view = account["view"]
    if fact == "view" or "reason" in view:
        return _read(view) if fact == "view" else "none"
    return "cut" if view["value"]["walk"]["stopped"] else "whole"


def target_of(name: str, endpoint: Endpoint) -> dict[str, Any]:
    """Return a target that pins the polite server's key and has an account."""
    return {
        "host": "127.0.0.1",
        "asset": name,
        "endpoints": [{"port": endpoint.port, "protocol": "sftp"}],
        "timeout_seconds": STEP_SECONDS,
        "limits": {"asset_seconds": ASSET_SECONDS},
        "host_keys": [FINGERPRINT],
        "accounts": [{"username": "keeper", "password": "file:password"}],
    }


def write_targets(folder: Path, *targets: Mapping[str, Any]) -> Path:
    """Write a targets file and the account's password."""
    folder.mkdir(parents=True, exist_ok=True)
    password = folder / "password"
    password.touch(mode=0o600)
    password.write_text(SECRET, encoding="ascii")
    path = folder / "targets.json"
    document = {
        "version": 1,
        "authorisation": {"reference": "HOSTILE-SSH-1", "scope": ["127.0.0.0/8"]},
        "targets": targets,
    }
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


@asynccontextmanager
async def all_hostile(names: Iterable[str] = CASES) -> AsyncIterator[dict[str, Endpoint]]:
    """Serve these cases for the block."""
    async with AsyncExitStack() as stack:
        yield {
            name: await stack.enter_async_context(serving(_EVERY[name].make())) for name in names
        }


async def scan_each(
    folder: Path, names: Iterable[str] = CASES, *, seconds: float = _CHILD_SECONDS
) -> dict[str, Outcome]:
    """Scan every case by itself, through ``scan_host``. Raises what a behaviour did wrong.

    After ``seconds`` the scans are killed.
    """
    names = list(names)
    async with all_hostile(names) as endpoints:
        for number, name in enumerate(names):
            write_targets(_place(folder, number), target_of(name, endpoints[name]))
        shares = {_place(folder, number).parent for number in range(len(names))}
        await asyncio.gather(*(_scan_share(share, seconds) for share in shares))
    return {
        name: Outcome(
            case=_EVERY[name],
            result=_result(_place(folder, number)),
            connections=tuple(endpoints[name].connections),
        )
        for number, name in enumerate(names)
    }


def _place(folder: Path, number: int) -> Path:
    return folder / str(number % _SCANNERS) / f"{number:03}"


def _result(place: Path) -> dict[str, Any]:
    told = place / "result.json"
    if not told.exists():
        return {"raised": "the scan did not end, and was killed"}
    result: dict[str, Any] = json.loads(told.read_text(encoding="utf-8"))
    return result


async def _scan_share(folder: Path, seconds: float) -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.hostile_runs.child", str(folder), cwd=ROOT
    )
    try:
        async with asyncio.timeout(seconds):
            await child.wait()
    except TimeoutError:
        pass  # its scans that did not end are told apart by having no result
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()


async def scan_run(folder: Path, *targets: Mapping[str, Any]) -> dict[str, Any]:
    """Scan targets by ``scan run`` in a process of its own; return its hosts by their asset."""
    reports, file = folder / "reports", write_targets(folder, *targets)
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "scanner", "run", str(file), "--reports", str(reports)),
        *("--history", str(history_in(folder / "state"))),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=ROOT,
    )
    try:
        async with asyncio.timeout(_RUN_SECONDS):
            await child.wait()
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    (report,) = reports.glob("2*/report.json")
    hosts = json.loads(report.read_text(encoding="utf-8"))["hosts"]
    return {host["asset"]: host for host in hosts}
