"""Run a program as the service's kernel filters would have it: ``python -m tests.deploy.confined``.

Takes a file of allowed system calls, one a line, and the program with its words. Sockets are of the
families that the unit lists, and no memory becomes executable that was ever writable.
"""

from __future__ import annotations

import ctypes
import os
import socket
import sys
from pathlib import Path

ALLOW = 0x7FFF0000
REFUSE_EPERM = 0x00050001
EQUAL = 4
PR_SET_MDWE = 65
PR_MDWE_REFUSE_EXEC_GAIN = 1
FAMILIES = (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX)


class _Compare(ctypes.Structure):
    _fields_ = (
        ("arg", ctypes.c_uint),
        ("op", ctypes.c_int),
        ("a", ctypes.c_uint64),
        ("b", ctypes.c_uint64),
    )


def confine(allowed: list[str]) -> None:
    """Hold this process, and what it becomes, to the calls named."""
    seccomp = ctypes.CDLL("libseccomp.so.2", use_errno=True)
    seccomp.seccomp_init.restype = ctypes.c_void_p
    filters = ctypes.c_void_p(seccomp.seccomp_init(REFUSE_EPERM))
    for name in allowed:
        number = seccomp.seccomp_syscall_resolve_name(name.encode())
        if number < 0 or name == "socket":  # another architecture's, or ruled below
            continue
        _checked(seccomp.seccomp_rule_add_array(filters, ALLOW, number, 0, None))
    number = seccomp.seccomp_syscall_resolve_name(b"socket")
    for family in FAMILIES:
        only = _Compare(0, EQUAL, int(family), 0)
        added = seccomp.seccomp_rule_add_array(filters, ALLOW, number, 1, ctypes.byref(only))
        _checked(added)
    libc = ctypes.CDLL(None, use_errno=True)
    mdwe = libc.prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0)
    sys.stderr.write(f"memory: {'held' if mdwe == 0 else 'this kernel cannot hold it'}\n")
    _checked(seccomp.seccomp_load(filters))


def _checked(code: int) -> None:
    if code != 0:
        raise OSError(-code, os.strerror(-code))


if __name__ == "__main__":
    confine(Path(sys.argv[1]).read_text().split())
    os.execv(sys.argv[2], sys.argv[2:])
