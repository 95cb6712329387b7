"""An address that scope let through. The dialer takes nothing else."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

from scanner.model.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Admitted:
    """One address of one name, admitted once by scope. ``name`` is as the target wrote it."""

    ip: IPv4Address | IPv6Address
    port: int
    name: str

    def __str__(self) -> str:
        return f"[{self.ip}]:{self.port}" if self.ip.version == 6 else f"{self.ip}:{self.port}"
