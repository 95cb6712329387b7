"""Accepts connections and hands each to a process of its own, as inetd(8) does.

A program, run with ``python -P accept_loop.py HOST PORT COMMAND...``. The command finds the
connection at its standard input and output.
"""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from types import FrameType


def main(host: str, port: int, command: list[str]) -> None:
    """Serve until the process is ended."""
    sessions: list[subprocess.Popen[bytes]] = []

    def collect(_signal: int, _frame: FrameType | None) -> None:
        sessions[:] = [session for session in sessions if session.poll() is None]

    signal.signal(signal.SIGCHLD, collect)
    with socket.create_server((host, port)) as listener:
        while True:
            connection, _ = listener.accept()
            with connection:
                ends = connection.fileno()
                session = subprocess.Popen(command, stdin=ends, stdout=ends)
            sessions.append(session)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
