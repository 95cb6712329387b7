"""nats-server as it is deployed: TLS on both sides, permissions per vantage, an encrypted store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.servers import process
from tests.servers.certificates import make_certificate, make_client_certificate
from tests.servers.packages import unpack

DEPLOYED: Final = Path(__file__).resolve().parents[2] / "deploy" / "nats"
STORE_KEY: Final = "k" + "5e" * 32
ROLES: Final = ("coordinator", "internal", "dmz", "internet")


@dataclass(frozen=True, slots=True, kw_only=True)
class NatsServer:
    """A running broker. ``identities`` maps a role to a folder as ``--nats-tls`` wants it."""

    process: process.Process
    store: Path
    log: Path
    identities: dict[str, Path]

    @property
    def url(self) -> str:
        return f"tls://localhost:{self.process.port}"


def configuration(folder: Path, port: int) -> Path:
    """Write the deployed configuration for this folder, without what Debian's server, which is
    older than the one that the deployment asks for, does not know.
    """
    text = (DEPLOYED / "nats-server.conf").read_text(encoding="utf-8")
    for deployed, here in (
        ("listen: 0.0.0.0:4222", f"listen: 127.0.0.1:{port}"),
        ("/etc/nats/tls/tls.crt", str(folder / "broker/certificate.pem")),
        ("/etc/nats/tls/tls.key", str(folder / "broker/key.pem")),
        ("/etc/nats/tls/ca.crt", str(folder / "broker/authority.pem")),
        ("/var/lib/nats", str(folder / "store")),
        ("  sync_interval: always\n", ""),
    ):
        assert text.count(deployed) == 1, deployed
        text = text.replace(deployed, here)
    path = folder / "nats-server.conf"
    path.write_text(text, encoding="utf-8")
    (folder / "permissions.conf").write_bytes((DEPLOYED / "permissions.conf").read_bytes())
    return path


def identities(folder: Path) -> dict[str, Path]:
    """Write a certificate for the broker and one for each role."""
    make_certificate(folder / "broker")
    found: dict[str, Path] = {}
    for role in ROLES:
        made = found[role] = folder / role
        certificate, key = make_client_certificate(made, f"{role}.scan")
        certificate.rename(made / "tls.crt")
        key.rename(made / "tls.key")
        (made / "ca.crt").write_bytes((folder / "broker/authority.pem").read_bytes())
    return found


@contextmanager
def nats_server(
    folder: Path, who: dict[str, Path], port: int | None = None
) -> Iterator[NatsServer]:
    """Run the broker. A second one on the same folder and port finds what the first one stored."""
    prefix = unpack()
    log = folder / "nats.log"

    def prepare(at: int) -> process.Launch:
        path = configuration(folder, at)
        command = [str(prefix.program("nats-server")), "-c", str(path)]
        return process.Launch(command=command, environment={"NATS_STORE_KEY": STORE_KEY})

    with process.running(prepare, log, process.Place(port=port)) as child:
        yield NatsServer(process=child, store=folder / "store", log=log, identities=who)
