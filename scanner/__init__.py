"""Read-only exposure scanner for the FTP, FTPS and SFTP servers that a team owns."""

from __future__ import annotations

__version__ = "0.1.0"
