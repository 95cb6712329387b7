"""Debian's headless Chromium, driven over a pair of pipes (Chrome DevTools Protocol).

Nothing is listened on, and no name is resolved: what a page asks for beyond its own file fails,
and is on record.
"""

from __future__ import annotations

import base64
import fcntl
import itertools
import json
import os
import select
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

PROGRAMS: Final = ("chromium-headless-shell", "chromium")
SECONDS: Final = 60.0
_FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--remote-debugging-pipe",
)


class BrowserError(RuntimeError):
    """The browser answered with an error, went away, or did not answer in time."""


def program() -> str | None:
    """Return the path of a Chromium, or None where there is none."""
    return next((path for name in PROGRAMS if (path := shutil.which(name))), None)


@dataclass
class Tab:
    """One tab. ``events`` are what the browser told since it was opened, oldest first."""

    wire: Wire
    session: str
    events: list[dict[str, Any]] = field(default_factory=list)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Do one command and return its result."""
        return self.wire.call(method, params, self)

    def open(self, path: Path, fragment: str = "") -> None:
        """Load a file and wait until it is loaded."""
        loads = self.told("Page.loadEventFired")
        self.call("Page.navigate", url=f"{path.as_uri()}{fragment}")
        self.wire.until(lambda: len(self.told("Page.loadEventFired")) > len(loads))

    def told(self, method: str) -> list[dict[str, Any]]:
        """Return the parameters of all events of one kind."""
        return [each["params"] for each in self.events if each["method"] == method]

    def asked_for(self) -> list[str]:
        """Return the addresses that the page requested."""
        return [each["request"]["url"] for each in self.told("Network.requestWillBeSent")]

    def complaints(self) -> list[str]:
        """Return what the browser complained about: security policy, errors, exceptions."""
        logged = [each["entry"]["text"] for each in self.told("Log.entryAdded")]
        logged += [
            each["exceptionDetails"]["text"] for each in self.told("Runtime.exceptionThrown")
        ]
        return logged

    def evaluate(self, expression: str) -> Any:
        """Return the value of an expression in the page, a promise's once it is kept."""
        done = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in done:
            raise BrowserError(json.dumps(done["exceptionDetails"])[:2000])
        return done["result"].get("value")

    def media(self, scheme: str = "light", media: str = "") -> None:
        """Prefer a colour scheme, and play a medium such as ``print``."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", media=media, features=features)

    def size(self, width: int, height: int) -> None:
        """Make the window this big, in CSS pixels."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )

    def picture(self, path: Path, *, whole: bool = False) -> None:
        """Save what is seen as PNG."""
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot["data"]))

    def printed(self) -> bytes:
        """Return the page as PDF."""
        told = self.call("Page.printToPDF", preferCSSPageSize=True, printBackground=True)
        return base64.b64decode(told["data"])


class Wire:
    """Commands one way, answers and events the other, each a JSON text that a zero byte ends."""

    def __init__(self, to: int, back: int) -> None:
        self._to = to
        self._back = back
        self._held = b""
        self._numbers = itertools.count(1)
        self._answers: dict[int, dict[str, Any]] = {}
        self._tabs: dict[str, Tab] = {}

    def tab(self) -> Tab:
        """Open an empty tab whose network, log and exceptions are on record."""
        made = self.call("Target.createTarget", {"url": "about:blank"})
        to = {"targetId": made["targetId"], "flatten": True}
        tab = Tab(self, self.call("Target.attachToTarget", to)["sessionId"])
        self._tabs[tab.session] = tab
        for domain in ("Page", "Network", "Log", "Runtime"):
            tab.call(f"{domain}.enable")
        return tab

    def call(self, method: str, params: dict[str, Any], tab: Tab | None = None) -> dict[str, Any]:
        """Do one command and return its result. Raises BrowserError where it fails."""
        number = next(self._numbers)
        asked: dict[str, Any] = {"id": number, "method": method, "params": params}
        if tab is not None:
            asked["sessionId"] = tab.session
        self._send(json.dumps(asked).encode() + b"\0")
        self.until(lambda: number in self._answers)
        answer = self._answers.pop(number)
        if "error" in answer:
            raise BrowserError(f"{method}: {answer['error']}")
        result: dict[str, Any] = answer["result"]
        return result

    def until(self, reached: Any) -> None:
        """Read until ``reached()``. Raises BrowserError after a minute."""
        end = time.monotonic() + SECONDS
        while not reached():
            self._read(end - time.monotonic())

    def _send(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._to, view) :]

    def _read(self, seconds: float) -> None:
        ready, _, _ = select.select([self._back], [], [], max(0.0, seconds))
        if not ready:
            raise BrowserError("the browser did not answer in time")
        data = os.read(self._back, 1 << 20)
        if not data:
            raise BrowserError("the browser went away")
        *whole, self._held = (self._held + data).split(b"\0")
        for text in whole:
            self._take(json.loads(text))

    def _take(self, told: dict[str, Any]) -> None:
        if "id" in told:
            self._answers[told["id"]] = told
        elif (tab := self._tabs.get(told.get("sessionId", ""))) is not None:
            tab.events.append(told)


@contextmanager
def chromium(path: str, profile: Path) -> Iterator[Wire]:
    """Run a browser with an empty profile, and end it and what it started."""
    read_here, write_there = os.pipe()
    read_there, write_here = os.pipe()
    # Away from 3 and 4, where the browser expects its ends.
    ends = [fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, 10) for each in (read_there, write_there)]
    os.close(read_there)
    os.close(write_there)
    pid = os.posix_spawn(
        path,
        [path, *_FLAGS, f"--user-data-dir={profile}", "about:blank"],
        {**os.environ, "HOME": str(profile)},
        file_actions=[
            (os.POSIX_SPAWN_DUP2, ends[0], 3),
            (os.POSIX_SPAWN_DUP2, ends[1], 4),
            (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ],
        setpgroup=0,
    )
    for each in ends:
        os.close(each)
    try:
        yield Wire(write_here, read_here)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(read_here)
        os.close(write_here)
