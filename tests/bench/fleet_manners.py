"""How hosts of the simulated fleet behave, seen by sockets in a private network. Prints JSON."""

from __future__ import annotations

import json
import os
import socket
import ssl
import sys
import time
from contextlib import suppress
from pathlib import Path

from bench import namespace
from bench.simulator import FTP, FTPS, MUTE, RESETS, SILENT, SSH, WITH_TLS, simulator

PATIENCE, LITTLE = 10.0, 0.5
DELAY_MS = 100
MOMENTS = 40


def first_words(octet: int, port: int, *, tls: bool = False, patience: float = PATIENCE) -> str:
    """The first line that a host says, or what came instead."""
    place = (f"127.{octet}.0.1", port)
    try:
        with socket.create_connection(place, timeout=patience) as plain:
            if tls:
                context = ssl.create_default_context()
                context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
                with context.wrap_socket(plain) as inside:
                    return f"{inside.version()} {_line(inside)}"
            return _line(plain)
    except OSError as error:
        return type(error).__name__


def _line(stream: socket.socket) -> str:
    return stream.recv(4096).partition(b"\r\n")[0].decode("ascii", "replace")


def states_of_children() -> set[str]:
    """Every state that the kernel shows a process of ours in, for a while: S is one that sleeps."""
    seen = set()
    for _ in range(MOMENTS):
        time.sleep(0.01)
        for path in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):  # it is gone
                state, parent = path.read_text("ascii", "replace").rpartition(")")[2].split()[:2]
                seen |= {state} if int(parent) == os.getpid() else set()
    return seen


def main() -> None:
    namespace.raise_loopback()
    seen: dict[str, str | float | bool] = {}
    with simulator(0):
        seen["ftp"] = first_words(1, FTP)
        seen["ftps"] = first_words(WITH_TLS, FTPS, tls=True)
        seen["ssh"] = first_words(1, SSH)
        seen["silent"] = first_words(SILENT, FTP, patience=LITTLE)
        seen["resets"] = first_words(RESETS, FTP)
        seen["mute"] = first_words(MUTE, FTP, patience=LITTLE)
        seen["sleeps"] = "S" in states_of_children()
    with simulator(0, awake=True):
        seen["awake"] = first_words(1, FTP)
        seen["never sleeps"] = states_of_children() == {"R"}
    with simulator(0, delay_ms=DELAY_MS):
        begun = time.monotonic()
        seen["late"] = first_words(1, FTP)
        seen["waited_ms"] = 1000 * (time.monotonic() - begun)
    sys.stdout.write(json.dumps(seen))


if __name__ == "__main__":
    main()
