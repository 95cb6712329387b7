"""What a unit of work is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from scanner.clients.dialer import Dialer
from scanner.model.observation import FtpFacts
from scanner.model.ssh import SshFacts
from scanner.model.target import Protocol

Facts = FtpFacts | SshFacts


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit of work: the port it asks, and what it does over a dialer. ``work`` raises
    ``Fault``.
    """

    port: int
    protocol: Protocol
    work: Callable[[Dialer], Awaitable[Facts]]
