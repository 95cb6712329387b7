"""Workers, broker and coordinator are killed while a run goes: every target once in the report."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import pytest

from scanner.history import mask_key
from tests.api.test_nightly import targets
from tests.servers.nats import NatsServer, identities, nats_server

TARGETS: Final = int(os.environ.get("SCANNER_TEST_TARGETS", "240"))
"""Assets of the run; half of them are seen from two vantages."""
SECONDS: Final = 100 + TARGETS / 5
VANTAGES: Final = ("internal", "dmz")
MARK: Final = "zebrafinch"
"""Part of every asset's name: nothing of it may lie readable in the broker's store."""


@contextmanager
def busy_server() -> Iterator[int]:
    """Every address of 127/8 on one port: takes its time, and then turns everybody away."""
    with socket.create_server(("0.0.0.0", 0), backlog=512) as server:
        port: int = server.getsockname()[1]
        done = threading.Event()

        def turn_away(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                done.wait(0.2)
                connection.sendall(b"421 Too many connections\r\n")

        def accept() -> None:
            while not done.is_set():
                with suppress(OSError):
                    connection, _ = server.accept()
                    threading.Thread(target=turn_away, args=(connection,), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield port
        finally:
            done.set()
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            thread.join(5)


def listed(port: int) -> list[dict[str, Any]]:
    return [
        {
            "host": f"127.7.{number // 250}.{number % 250 + 1}",
            "asset": f"{MARK}-{number}",
            "vantages": list(VANTAGES) if number % 2 else [VANTAGES[number // 2 % 2]],
            "endpoints": [{"port": port, "protocol": "ftp"}],
            "accounts": [{"username": "lab", "password": f"env:{MARK.upper()}_PASSWORD"}],
        }
        for number in range(TARGETS)
    ]


class Ground:
    """Starts the programs of one test and ends those that are left, each by its own id."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self, name: str, **asked: Any) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("ab") as log:
            child = subprocess.Popen(
                [sys.executable, "-m", "tests.distributed.program", json.dumps(asked)],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env={**os.environ, f"{MARK.upper()}_PASSWORD": "s3cret-of-the-worker"},
            )
        self.running.append(child)
        return child

    def worker(self, server: NatsServer, vantage: str, number: int) -> subprocess.Popen[bytes]:
        return self.start(
            f"worker-{vantage}-{number}",
            url=server.url,
            tls=str(server.identities[vantage]),
            patience=20,
            vantage=vantage,
            slots=6,
            base=str(self.folder),
            history=str(self.folder / f"zone-{vantage}" / "history.sqlite3"),
        )

    def coordinator(
        self, server: NatsServer, path: Path, resume: Path | None = None
    ) -> subprocess.Popen[bytes]:
        return self.start(
            "coordinator",
            url=server.url,
            tls=str(server.identities["coordinator"]),
            patience=20,
            targets=str(path),
            reports=str(self.folder / "reports"),
            history=str(self.folder / "history.sqlite3"),
            **({} if resume is None else {"resume": str(resume)}),
        )

    def kept(self) -> int:
        found = list((self.folder / "reports").glob("*/observations.ndjson"))
        return found[0].read_bytes().count(b"\n") if found else 0

    def close(self) -> None:
        for child in self.running:
            if child.poll() is None:
                child.kill()
            child.wait(10)

    def logs(self) -> str:
        return "\n".join(
            f"{each.name}: {each.read_text(errors='replace')[-1500:]}"
            for each in self.folder.glob("*.log")
        )


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    made = Ground(tmp_path)
    try:
        yield made
    finally:
        made.close()


def wait_for(condition: Callable[[], bool], ground: Ground, seconds: float = SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, ground.logs()
        time.sleep(0.05)


def killed(child: subprocess.Popen[bytes]) -> None:
    assert child.poll() is None
    os.kill(child.pid, signal.SIGKILL)
    child.wait(10)


def readable(store: Path, *words: str) -> set[str]:
    """Return which of these words lie readable anywhere in a store."""
    found: set[str] = set()
    for path in store.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            found |= {word for word in words if word.encode() in content}
    return found


@pytest.mark.timeout(SECONDS * 4)
def test_every_target_once_though_everything_is_killed(ground: Ground, tmp_path: Path) -> None:
    who = identities(tmp_path)
    mask_key(tmp_path / "history.sqlite3")
    with busy_server() as port, ExitStack() as stack:
        path = targets(tmp_path, *listed(port))
        first = ExitStack()
        server = first.enter_context(nats_server(tmp_path, who))
        for number, vantage in enumerate(("internal", "dmz", "dmz")):
            ground.worker(server, vantage, number)
        coordinator = ground.coordinator(server, path)
        victim = ground.running[1]

        wait_for(lambda: ground.kept() >= TARGETS // 6, ground)
        killed(victim)
        wait_for(lambda: ground.kept() >= TARGETS // 3, ground)
        stored = readable(server.store, MARK, f"{MARK.upper()}_PASSWORD", "s3cret", "127.7.0.")
        assert stored == set()
        assert any(each.stat().st_size > 500 for each in server.store.rglob("*.blk"))
        first.close()  # which kills the broker

        time.sleep(1.0)
        server = stack.enter_context(nats_server(tmp_path, who, port=server.process.port))
        wait_for(lambda: ground.kept() >= TARGETS // 2, ground)
        killed(coordinator)
        (folder,) = (tmp_path / "reports").glob("2*")
        assert not (folder / "report.json").exists()

        again = ground.coordinator(server, path, resume=folder)
        wait_for(lambda: again.poll() is not None, ground)
        assert again.returncode == 3, ground.logs()
    document = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    counted = Counter(each["asset"] for each in document["hosts"])
    assert counted == Counter(f"{MARK}-{number}" for number in range(TARGETS))
    for each in document["hosts"]:
        number = int(each["asset"].rpartition("-")[2])
        wanted = list(VANTAGES) if number % 2 else [VANTAGES[number // 2 % 2]]
        assert sorted(end["vantage"] for end in each["endpoints"]) == sorted(wanted)
        assert {end["state"] for end in each["endpoints"]} == {"open"}, each["endpoints"]
    assert document["scan"]["coverage"]["targeted"] == TARGETS
    assert not (folder / "ledger.sqlite3").exists()
