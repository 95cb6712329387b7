"""Runs pyftpdlib's server; a program, run with ``python -P pyftpdlib_program.py SETTINGS.json``."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import Any

from pyftpdlib.authorizers import DummyAuthorizer  # type: ignore[import-untyped]
from pyftpdlib.filesystems import AbstractedFS  # type: ignore[import-untyped]
from pyftpdlib.handlers import FTPHandler  # type: ignore[import-untyped]
from pyftpdlib.servers import FTPServer  # type: ignore[import-untyped]

_READ = "elr"
_WRITE = "elradfmwMT"


class InOrder(AbstractedFS):  # type: ignore[misc]  # the library has no types
    """Lists names in their order: that of a file system differs from one machine to the next."""

    def listdir(self, path: str) -> list[str]:
        return sorted(super().listdir(path))


def main(settings: dict[str, Any]) -> None:
    """Serve until the process is ended."""
    logging.basicConfig(filename=settings["log"], level=logging.DEBUG, format="%(message)s")
    handler = _protected(settings) if settings["certificate"] else FTPHandler
    handler.authorizer = _authorizer(settings)
    handler.abstracted_fs = InOrder
    handler.auth_failed_timeout = 0
    handler.masquerade_address = settings["passive_address"]
    FTPServer((settings["host"], settings["port"]), handler).serve_forever()


def _authorizer(settings: dict[str, Any]) -> DummyAuthorizer:
    authorizer = DummyAuthorizer()
    served = settings["served"]
    if settings["anonymous"]:
        authorizer.add_anonymous(served, perm=_WRITE if settings["writable"] else _READ)
    for name, password in settings["users"].items():
        authorizer.add_user(name, password, served, perm=_WRITE)
    return authorizer


def _protected(settings: dict[str, Any]) -> Any:  # the library has no types
    # Without pyOpenSSL the class is not there.
    from pyftpdlib.handlers import TLS_FTPHandler  # noqa: PLC0415

    return type(
        "Protected",
        (TLS_FTPHandler,),
        {
            "certfile": settings["certificate"],
            "tls_control_required": settings["tls_control_required"],
            "tls_data_required": settings["tls_data_required"],
        },
    )


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text("ascii")))
