"""A real rsyslog that takes events over TLS, with the configuration that we ship."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.servers.certificates import Certificate
from tests.servers.packages import unpack
from tests.servers.process import HOST, Launch, Place, Process, running

SHIPPED: Final = Path(__file__).parents[2] / "deploy" / "siem" / "rsyslog-ftpscan.conf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rsyslog:
    """A running rsyslogd, and the files that it writes."""

    process: Process
    received: Path
    rejected: Path

    def events(self) -> list[dict[str, Any]]:
        """Return what it took, parsed."""
        return events_in(self.received)

    def count(self) -> int:
        """Return how many whole lines it has written so far."""
        return self.received.read_bytes().count(b"\n") if self.received.exists() else 0

    def end(self, how: signal.Signals) -> None:
        """Send its own pid, which ``running`` started, a signal."""
        os.kill(self.process.pid, how)


def events_in(path: Path) -> list[dict[str, Any]]:
    """Return the events of a file of JSON lines; none where there is no file yet."""
    if not path.exists():
        return []
    return [json.loads(each) for each in path.read_text("utf-8").splitlines()]


def configured(folder: Path, certificate: Certificate, port: int, peer: str | None) -> str:
    """Return the shipped configuration with paths, port and peer of a test.

    ``peer`` is the name that a client certificate must hold; ``None`` takes anybody.
    """
    text = SHIPPED.read_text("utf-8")
    for shipped, here in (
        ("/etc/ftpscan/ca.pem", certificate.authority),
        ("/etc/ftpscan/receiver.pem", certificate.certificate),
        ("/etc/ftpscan/receiver.key", certificate.key),
        ("/var/log/ftpscan/events.ndjson", folder / "events.ndjson"),
        ("/var/log/ftpscan/rejected.log", folder / "rejected.log"),
        ('port="6514"', f'address="{HOST}" port="{port}"'),
        ("scanner.example.org", peer or "nobody.example.invalid"),
    ):
        assert shipped in text, shipped
        text = text.replace(shipped, str(here))
    if peer is None:
        text = text.replace('authMode="x509/name"', 'authMode="anon"')
        text = re.sub(r"\n *permittedPeer=.*", "", text)
    return f'global(workDirectory="{folder}")\n{text}'


@contextmanager
def rsyslog(
    folder: Path, certificate: Certificate, *, port: int | None = None, peer: str | None = None
) -> Iterator[Rsyslog]:
    """Start rsyslogd for the block; on ``port``, or one that is free."""
    folder.mkdir(parents=True, exist_ok=True)
    prefix = unpack()

    def prepare(at: int) -> Launch:
        configuration = folder / "rsyslog.conf"
        configuration.write_text(configured(folder, certificate, at, peer))
        return Launch(
            command=(
                str(prefix.program("rsyslogd")),
                *("-n", "-C"),
                *("-f", str(configuration), "-i", str(folder / "pid"), "-M", str(modules())),
            ),
            environment=environment(),
        )

    with running(prepare, folder / "console", Place(port=port)) as process:
        yield Rsyslog(
            process=process,
            received=folder / "events.ndjson",
            rejected=folder / "rejected.log",
        )


def modules() -> Path:
    """Return the folder of rsyslog's modules."""
    return next(unpack().root.glob("usr/lib/*/rsyslog"))


def environment() -> dict[str, str]:
    """Return what lets the unpacked program find its libraries."""
    return {"LD_LIBRARY_PATH": ":".join(map(str, unpack().library_folders))}


def check(configuration: Path) -> subprocess.CompletedProcess[str]:
    """Let rsyslogd itself read a configuration (``-N1``), and return what it says."""
    return subprocess.run(
        [
            str(unpack().program("rsyslogd")),
            *("-N1", "-f", str(configuration), "-M", str(modules())),
        ],
        env={"PATH": "/usr/bin:/bin", **environment()},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
