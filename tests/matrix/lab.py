"""What the matrix shares: targets files, and scans by the roads that users take."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from scanner.api import RunRequest, RunResult, ScanDocument, run, scan_host
from scanner.api.job import Clock, utc_now
from scanner.intake.hosts import Address
from scanner.model.failure import FailureId
from scanner.model.finding import FailureResult, Finding, HostReport, Verdict
from scanner.model.observation import EndpointObservation, FtpFacts, Observations
from scanner.model.reading import Observed, Reading, Unobserved
from scanner.model.ssh import SshFacts
from scanner.model.target import Protocol
from tests.servers import Certificate, Server

HISTORY = "history.sqlite3"
_MASKING_KEY = bytes(range(32))


def history_in(folder: Path) -> Path:
    """Return a history whose masking key is always the same, so that masked names are too."""
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / HISTORY
    key = path.with_name(f"{HISTORY}.key")
    if not key.exists():
        key.touch(mode=0o600)
        key.write_bytes(_MASKING_KEY)
    return path


def scan_ad_hoc(server: Server, folder: Path) -> ScanDocument:
    """Scan as ``scan host 127.0.0.1:PORT`` does; only implicit TLS has to be told."""
    protocol = Protocol.FTPS if server.protocol == "ftps" else Protocol.AUTO
    return asyncio.run(
        scan_host(server.host, port=server.port, protocol=protocol, history=history_in(folder))
    )


def scan_listed(targets: Path, folder: Path, clock: Clock = utc_now) -> ScanDocument:
    """Scan the only target of a file as ``scan host 127.0.0.1 --targets FILE`` does."""
    history = history_in(folder)
    return asyncio.run(scan_host("127.0.0.1", targets=targets, history=history, clock=clock))


def run_listed(
    targets: Path, folder: Path, clock: Clock = utc_now, resolver: Names | None = None
) -> RunResult:
    """Scan every target of a file as ``scan run FILE`` does."""
    request = RunRequest(
        targets=targets,
        reports=folder / "reports",
        history=history_in(folder),
        clock=clock,
        resolver=resolver,
    )
    return asyncio.run(run(request, lambda _progress: None))


LOOPBACK = ("127.0.0.0/8", "::1/128", "*.example.invalid")
"""A scope of names that are only ever led to loopback addresses."""


class Names:
    """A resolver of prepared answers: one for each name. It remembers who was asked for."""

    def __init__(self, **addresses: Sequence[str]) -> None:
        self.addresses = addresses
        self.asked: list[str] = []

    async def __call__(self, host: str) -> list[Address]:
        self.asked.append(host)
        found = self.addresses.get(host.partition(".")[0], ())
        if not found:
            raise OSError("no such name")
        return [ip_address(text) for text in found]


def write_targets(
    folder: Path,
    *targets: Mapping[str, Any],
    defaults: Mapping[str, Any] | None = None,
    scope: Sequence[str] = ("127.0.0.0/8",),
) -> Path:
    """Write a targets file whose scope is loopback alone."""
    path = folder / "targets.json"
    document = {
        "version": 1,
        "authorisation": {"reference": "MATRIX-1", "scope": list(scope)},
        "defaults": defaults or {},
        "targets": targets,
    }
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def listed(server: Server, **more: Any) -> dict[str, Any]:
    """Return the entry of a server in a targets file."""
    return {**at(server.port, server.protocol), **more}


def at(port: int, protocol: str, **more: Any) -> dict[str, Any]:
    """Return the entry of one endpoint on loopback in a targets file."""
    endpoint = {"port": port, "protocol": protocol}
    return {"host": "127.0.0.1", "asset": f"asset-{port}", "endpoints": [endpoint], **more}


def pin(certificate: Certificate) -> str:
    """Return the pin of a certificate's key, as targets files write it."""
    digest = base64.b64encode(bytes.fromhex(certificate.public_key_sha256)).decode("ascii")
    return f"sha256:{digest}"


def trust_in(server: Server) -> dict[str, Any]:
    """Return what makes a target trust this server: its CA, or the fingerprints of its keys."""
    if server.host_keys:
        return {"host_keys": [key.fingerprint for key in server.host_keys]}
    if server.certificate is not None:
        return {"tls": {"ca": str(server.certificate.authority)}}
    return {}


def report_in(result: RunResult) -> dict[str, Any]:
    """Return the report document that a run has written."""
    document: dict[str, Any] = json.loads((result.folder / "report.json").read_text("ascii"))
    return document


def report_of(document: ScanDocument) -> HostReport:
    (report,) = document.hosts
    return report


def observations_of(document: ScanDocument) -> Observations:
    (seen,) = report_of(document).observations
    return seen


def endpoint_of(document: ScanDocument) -> EndpointObservation:
    (endpoint,) = observations_of(document).endpoints
    return endpoint


def ftp_of(document: ScanDocument) -> FtpFacts:
    facts = endpoint_of(document).facts
    assert isinstance(facts, FtpFacts)
    return facts


def ssh_of(document: ScanDocument) -> SshFacts:
    facts = endpoint_of(document).facts
    assert isinstance(facts, SshFacts)
    return facts


def row(document: ScanDocument, failure: FailureId) -> FailureResult:
    return next(result for result in report_of(document).failures if result.id is failure)


def findings(document: ScanDocument, *failures: FailureId) -> list[Finding]:
    return [finding for failure in failures for finding in row(document, failure).findings]


def facets(found: Sequence[Finding], verdict: Verdict, *, lead: bool = False) -> set[str]:
    """Return the facets with this verdict; fails are told apart from leads."""
    return {
        finding.facet
        for finding in found
        if finding.verdict is verdict and (verdict is not Verdict.FAIL or finding.is_lead is lead)
    }


def said(document: ScanDocument) -> list[str]:
    """Return what the server answered, as evidence holds it: ``USER anonymous 331``.

    The name of the decoy user is told as ``zz-…``, PORT and EPRT without their argument.
    """
    return [
        re.sub(
            "zz-[0-9a-f]{8}|(?<=^PORT ).* |(?<=^EPRT ).* ",
            lambda found: "zz-…" if found[0].startswith("zz-") else "",
            f"{piece.data['command']} {piece.data['code']}".strip(),
        )
        for piece in observations_of(document).evidence
        if piece.kind == "ftp-reply"
    ]


def seen(reading: Reading[Any]) -> Any:
    """Return the fact, or why there is none."""
    match reading:
        case Observed(value=value):
            return value
        case Unobserved(reason=reason):
            return reason
