"""What holds where a targets file says nothing."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from scanner.model.target import Protocol

PORTS: Mapping[str, int] = MappingProxyType(
    {Protocol.FTP: 21, Protocol.FTPS: 990, Protocol.SFTP: 22}
)
"""The port of each protocol that has one of its own."""
