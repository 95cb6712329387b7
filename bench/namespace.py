"""A private network with nothing but loopback, where every port is free and no packet leaves."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import struct
import sys

_INSIDE = "BENCH_NAMESPACE"
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 0x1


def enter(module: str) -> None:
    """Start ``python -m module`` anew in a private network, unless this already is it.

    Ends in ``SystemExit`` with one line where that cannot be.
    """
    if os.environ.get(_INSIDE) == str(os.getppid()):
        raise_loopback()
        return
    if os.geteuid() != 0:
        sys.exit("a private network needs root: run this as root")
    program = shutil.which("unshare")
    if program is None:
        sys.exit("unshare is missing: install util-linux")
    os.environ[_INSIDE] = str(os.getpid())
    command = [program, "--net", "--fork", sys.executable, "-m", module, *sys.argv[1:]]
    os.execv(program, command)


def raise_loopback() -> None:
    """Bring up the loopback device of a private network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        request = struct.pack("16sh14x", b"lo", 0)
        (flags,) = struct.unpack("16xh14x", fcntl.ioctl(handle, _SIOCGIFFLAGS, request))
        fcntl.ioctl(handle, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | _IFF_UP))
