"""Runs asyncssh's server; a program, run with ``python -P asyncssh_program.py SETTINGS.json``."""

from __future__ import annotations

import asyncio
import json
import sys
import warnings
from pathlib import Path
from typing import Any

import asyncssh
from cryptography.utils import CryptographyDeprecationWarning

warnings.simplefilter("ignore", CryptographyDeprecationWarning)  # some are old on purpose


class Log:
    """One line for each thing that happened, written at once."""

    def __init__(self, path: str) -> None:
        self._path = path

    def add(self, line: str) -> None:
        with Path(self._path).open("a", encoding="utf-8", errors="backslashreplace") as log:
            log.write(line + "\n")


class Door(asyncssh.SSHServer):
    """Lets in who is in the settings."""

    def __init__(self, settings: dict[str, Any], log: Log) -> None:
        self._settings = settings
        self._log = log

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._log.add("connection")
        self._connection = conn

    def begin_auth(self, username: str) -> bool:
        if self._settings["banner"]:
            self._connection.send_auth_banner(self._settings["banner"])
        keys = Path(self._settings["keys"]) / username
        if keys.exists():
            self._connection.set_authorized_keys(str(keys))
        return not (username == "blank" and "blank" in self._settings["users"])

    def auth_completed(self) -> None:
        self._log.add("login: accepted")

    def public_key_auth_supported(self) -> bool:
        return True  # whoever asks, so that it does not tell who is known

    def password_auth_supported(self) -> bool:
        return bool(self._settings["passwords"])

    def validate_password(self, username: str, password: str) -> bool:
        known = self._settings["users"].get(username)
        accepted = known is not None and known == password
        if not accepted:
            self._log.add("login: refused password")
        return accepted


class Files(asyncssh.SFTPServer):
    """Serves the folder, and notes what is asked of it."""

    log: Log
    served: str

    def __init__(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        super().__init__(chan, chroot=self.served.encode())

    def scandir(self, path: bytes) -> Any:
        self.log.add(f"request: opendir {path.decode('utf-8', 'backslashreplace')}")
        return super().scandir(path)

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        writes = pflags & ~asyncssh.FXF_READ
        verb = "write" if writes else "open"
        self.log.add(f"request: {verb} {path.decode('utf-8', 'backslashreplace')}")
        return super().open(path, pflags, attrs)


async def serve(settings: dict[str, Any]) -> None:
    """Serve until the process is ended."""
    log = Log(settings["log"])
    files = type("Served", (Files,), {"log": log, "served": settings["served"]})
    algorithms = {name: value.split(",") for name, value in settings["algorithms"].items() if value}
    await asyncssh.listen(
        settings["host"],
        settings["port"],
        server_factory=lambda: Door(settings, log),
        server_host_keys=[(key, cert) if cert else key for key, cert in settings["host_keys"]],
        sftp_factory=files,
        config=None,
        gss_host=None,
        kbdint_auth=False,
        encoding=None,
        **algorithms,
    )
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(json.loads(Path(sys.argv[1]).read_text("ascii"))))
