# ruff: noqa: ARG002 - a server takes the arguments that its library hands it

"""Runs paramiko's server; a program, run with ``python -P paramiko_program.py SETTINGS.json``."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
from pathlib import Path
from typing import Any

import paramiko
from paramiko.common import (
    AUTH_FAILED,
    AUTH_SUCCESSFUL,
    OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED,
    OPEN_SUCCEEDED,
)
from paramiko.sftp import SFTP_PERMISSION_DENIED

_KINDS: dict[str, type[paramiko.PKey]] = {
    "ed25519": paramiko.Ed25519Key,
    "ecdsa": paramiko.ECDSAKey,
    "rsa": paramiko.RSAKey,
}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Log:
    """One line for each thing that happened, written at once."""

    def __init__(self, path: str) -> None:
        self._path = path

    def add(self, line: str) -> None:
        with Path(self._path).open("a", encoding="utf-8", errors="backslashreplace") as log:
            log.write(line + "\n")


class Door(paramiko.ServerInterface):
    """Lets in who is in the settings."""

    def __init__(self, settings: dict[str, Any], log: Log) -> None:
        self._settings = settings
        self._log = log
        self._entered = False

    def get_allowed_auths(self, username: str) -> str:
        return "publickey,password" if self._settings["passwords"] else "publickey"

    def get_banner(self) -> tuple[str | None, str | None]:
        banner = self._settings["banner"]
        return (banner, "en") if banner else (None, None)

    def check_auth_none(self, username: str) -> int:
        blank = username == "blank" and "blank" in self._settings["users"]
        return self._enter() if blank else AUTH_FAILED

    def check_auth_password(self, username: str, password: str) -> int:
        known = self._settings["users"].get(username)
        if self._settings["passwords"] and known is not None and known == password:
            return self._enter()
        self._log.add("login: refused password")
        return AUTH_FAILED

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        keys = Path(self._settings["keys"]) / username
        lines = keys.read_text("ascii").splitlines() if keys.exists() else []
        accepted = f"{key.get_name()} {key.get_base64()}" in lines
        return AUTH_SUCCESSFUL if accepted else AUTH_FAILED  # it may be a query alone

    def check_channel_request(self, kind: str, chanid: int) -> int:
        self._enter()  # nobody gets here who has not logged in
        if kind == "session":
            return int(OPEN_SUCCEEDED)
        return int(OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED)

    def _enter(self) -> int:
        if not self._entered:
            self._log.add("login: accepted")
            self._entered = True
        return AUTH_SUCCESSFUL


class Files(paramiko.SFTPServerInterface):
    """Serves the folder for reading, and notes what is asked of it."""

    def __init__(self, server: paramiko.ServerInterface, *, served: str, log: Log) -> None:
        super().__init__(server)
        self._served = Path(served)
        self._log = log

    def list_folder(self, path: str) -> list[paramiko.SFTPAttributes] | int:
        self._log.add(f"request: opendir {path}")
        try:
            names = sorted(os.listdir(self._real(path)))  # noqa: PTH208 - names, not paths
            return [
                paramiko.SFTPAttributes.from_stat(os.lstat(self._real(path) / name), name)
                for name in names
            ]
        except OSError as error:
            return self._code(error)

    def stat(self, path: str) -> paramiko.SFTPAttributes | int:
        return self._attributes(path, follow=True)

    def lstat(self, path: str) -> paramiko.SFTPAttributes | int:
        return self._attributes(path, follow=False)

    def open(
        self, path: str, flags: int, attr: paramiko.SFTPAttributes
    ) -> paramiko.SFTPHandle | int:
        self._log.add(f"request: {'write' if flags & _WRITING else 'open'} {path}")
        if flags & _WRITING:
            return SFTP_PERMISSION_DENIED
        try:
            file = self._real(path).open("rb")
        except OSError as error:
            return self._code(error)
        handle = paramiko.SFTPHandle(flags)
        handle.readfile = file  # type: ignore[attr-defined]  # how the library is told
        return handle

    def _attributes(self, path: str, *, follow: bool) -> paramiko.SFTPAttributes | int:
        try:
            return paramiko.SFTPAttributes.from_stat(
                os.stat(self._real(path), follow_symlinks=follow)  # noqa: PTH116
            )
        except OSError as error:
            return self._code(error)

    def _real(self, path: str) -> Path:
        return self._served / self.canonicalize(path).lstrip("/")

    def _code(self, error: OSError) -> int:
        return paramiko.SFTPServer.convert_errno(error.errno or 0)


class Session(threading.Thread):
    """One client."""

    def __init__(self, connection: socket.socket, settings: dict[str, Any], log: Log) -> None:
        super().__init__(daemon=True)
        self._connection = connection
        self._settings = settings
        self._log = log

    def run(self) -> None:
        with self._connection:
            self._serve(paramiko.Transport(self._connection))

    def _serve(self, transport: paramiko.Transport) -> None:
        for kind, path in self._settings["host_keys"]:
            transport.add_server_key(_KINDS[kind].from_private_key_file(path))
        if self._settings["compression"]:
            transport.use_compression()
        transport.set_subsystem_handler(
            "sftp", paramiko.SFTPServer, Files, served=self._settings["served"], log=self._log
        )
        try:
            transport.start_server(server=Door(self._settings, self._log))
        except (paramiko.SSHException, EOFError):
            return
        transport.join()


def main(settings: dict[str, Any]) -> None:
    """Serve until the process is ended."""
    log = Log(settings["log"])
    with socket.create_server((settings["host"], settings["port"])) as listener:
        while True:
            connection, _ = listener.accept()
            log.add("connection")
            Session(connection, settings, log).start()


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text("ascii")))
