"""rsyslog as a server's log daemon: it follows one log file and forwards each line over UDP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers import process
from tests.servers.packages import unpack


@contextmanager
def rsyslog(followed: Path, to: tuple[str, int], folder: Path) -> Iterator[process.Process]:
    """Forward what is added to ``followed`` from now on. Its files lie below ``folder``."""
    prefix = unpack()
    modules = next(prefix.root.glob("usr/lib/*/rsyslog"))
    libraries = ":".join(str(path) for path in prefix.library_folders)
    (folder / "state").mkdir(exist_ok=True)

    def prepare(port: int) -> process.Launch:
        lines = [
            f'global(workDirectory="{folder / "state"}")',
            'module(load="imfile")',
            'module(load="imtcp")',
            # Nobody sends to it: that it listens tells that the daemon is up.
            f'input(type="imtcp" address="{process.HOST}" port="{port}")',
            f'input(type="imfile" file="{followed}" tag="sshd:" freshStartTail="on")',
            f'action(type="omfwd" target="{to[0]}" port="{to[1]}" protocol="udp")',
        ]
        path = folder / "rsyslog.conf"
        path.write_text("\n".join(lines) + "\n", encoding="ascii")
        command = [str(prefix.program("rsyslogd")), "-n", "-f", str(path)]
        command += ["-i", str(folder / "rsyslog.pid"), "-M", str(modules)]
        return process.Launch(command=command, environment={"LD_LIBRARY_PATH": libraries})

    with process.running(prepare, folder / "rsyslog.log") as child:
        yield child
