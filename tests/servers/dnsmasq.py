"""dnsmasq as the team's own resolver: it knows the names of a test and asks nobody."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.servers import process
from tests.servers.packages import unpack

SSHFP = 44


def sshfp(blob: bytes, algorithm: int, hash_type: int = 2) -> str:
    """Return the record of a key as hexadecimal digits (RFC 4255 section 3.1)."""
    digest = hashlib.sha256(blob) if hash_type == 2 else hashlib.sha1(blob)
    return f"{algorithm:02x}{hash_type:02x}{digest.hexdigest()}"


@contextmanager
def dnsmasq(
    records: Sequence[tuple[str, str]], folder: Path, *more: str
) -> Iterator[process.Process]:
    """Serve SSHFP ``records`` (name and digits) on a free loopback port, over UDP and TCP.

    Other names below ``invalid`` have none; ``more`` are further arguments.
    """
    prefix = unpack()
    libraries = ":".join(str(path) for path in prefix.library_folders)

    def prepare(port: int) -> process.Launch:
        command = [str(prefix.program("dnsmasq")), "--keep-in-foreground", "--conf-file=/dev/null"]
        command += ["--no-resolv", "--no-hosts", "--pid-file=", "--log-facility=-", "--user=root"]
        command += [f"--port={port}", f"--listen-address={process.HOST}", "--bind-interfaces"]
        command += ["--local=/invalid/", *more]
        command += [f"--dns-rr={name},{SSHFP},{digits}" for name, digits in records]
        return process.Launch(command=command, environment={"LD_LIBRARY_PATH": libraries})

    with process.running(prepare, folder / "dnsmasq.log") as child:
        yield child
