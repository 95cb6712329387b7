"""Checksums beside an export on real servers, compared over SFTP, over FTP and over TLS."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime

import pytest

from scanner.model.reading import Observed, Reading
from scanner.model.target import Migration
from scanner.model.view import IntegritySeen, View
from scanner.probes.sftp import observe_sftp
from tests.clients.ssh_lab import a_dialer
from tests.probes.test_ftp import look_at
from tests.probes.test_sftp import TRANSFER, a_target, context_of, only_account, pins_of
from tests.servers.fixtures import StartServer
from tests.servers.handle import Server
from tests.servers.tree import CSV_PATH

ORDER = Migration(order_id="MIG-7", paths=("/export/*",))
LONG_AGO = datetime(2026, 3, 1, tzinfo=UTC).timestamp()
"""A month or more before the clock of the contexts."""


def beside(server: Server, digest: str | None = None) -> None:
    """Write the checksum of the planted export beside it, as sha256sum does; age both."""
    export = server.root / CSV_PATH
    digest = digest or hashlib.sha256(export.read_bytes()).hexdigest()
    sums = export.parent / "SHA256SUMS"
    sums.write_text(f"{digest}  {export.name}\n", encoding="utf-8")
    for path in (export, sums):
        os.utime(path, (LONG_AGO, LONG_AGO))


def told(view: Reading[View]) -> IntegritySeen:
    assert isinstance(view, Observed), view
    (found,) = view.value.walk.integrity
    return found


async def over_sftp(server: Server) -> IntegritySeen:
    target = a_target(host_keys=pins_of(server), accounts=(TRANSFER,), migrations=(ORDER,))
    facts = await observe_sftp(a_dialer(server.port), context_of(server, target))
    return told(only_account(facts).view)


@pytest.mark.parametrize("server", ["openssh-chrooted", "proftpd-sftp"], indirect=True)
async def test_a_checksum_is_compared_over_sftp(server: Server) -> None:
    beside(server)
    found = await over_sftp(server)
    assert (found.exports, found.summed, found.verified, found.mismatched) == (1, 1, 1, 0)


@pytest.mark.parametrize("server", ["openssh-chrooted"], indirect=True)
async def test_an_altered_export_is_told_over_sftp(server: Server) -> None:
    beside(server, "0" * 64)
    found = await over_sftp(server)
    assert (found.verified, found.mismatched, found.mismatched_in) == (0, 1, ("/export",))


@pytest.mark.parametrize(
    "posture", ["vsftpd-plain", "proftpd-plain", "pureftpd-plain", "vsftpd-tls-1.3"]
)
async def test_a_checksum_is_compared_over_ftp(start_server: StartServer, posture: str) -> None:
    server = start_server(posture)
    beside(server)
    facts = (await look_at(server, target={"migrations": (ORDER,)})).facts
    found = told(facts.anonymous_view)
    assert (found.exports, found.summed, found.verified, found.mismatched) == (1, 1, 1, 0)
