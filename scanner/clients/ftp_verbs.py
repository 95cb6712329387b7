"""The commands that may reach an FTP server, and the few that may only with one argument."""

from __future__ import annotations

import re
from typing import Final

READ_ONLY_VERBS: Final = frozenset(
    {
        "ABOR",
        "ACCT",
        "AUTH",
        "CCC",
        "CWD",
        "EPRT",
        "EPSV",
        "FEAT",
        "HELP",
        "LIST",
        "MDTM",
        "MLSD",
        "NOOP",
        "PASS",
        "PASV",
        "PBSZ",
        "PORT",
        "PROT",
        "PWD",
        "QUIT",
        "REST",
        "RETR",
        "SITE",
        "STAT",
        "SYST",
        "TYPE",
        "USER",
    }
)
"""The only commands that ever reach a server that did not opt in to the write test. None of them
changes anything there; MDTM, SITE, PORT and EPRT only with the arguments below."""

THIRD_PORT: Final = b"192,0,2,1,80,80"
THIRD_EPRT: Final = {4: b"|1|192.0.2.1|20560|", 6: b"|2|2001:db8::1|20560|"}
"""Port 20560 of an address that belongs to documentation (RFC 5737, RFC 3849): nobody is there,
and no transfer is ever begun toward it."""
_ONLY: Final = {
    "SITE": frozenset({b"HELP"}),
    "PORT": frozenset({THIRD_PORT}),
    "EPRT": frozenset(THIRD_EPRT.values()),
}

WRITE_TEST_VERBS: Final = frozenset({"STOR", "DELE"})
"""What the opt-in write test sends besides, with the name of a file of its own alone."""
_OWN_FILE: Final = re.compile(rb"transfer-exposure-scanner-[0-9a-f]{16}\.tmp")


def own_file_name(nonce: bytes) -> bytes:
    """Return the name of a file of the write test. ``nonce`` is 8 bytes."""
    return b"transfer-exposure-scanner-" + nonce.hex().encode("ascii") + b".tmp"


def check_permitted(verb: str, argument: bytes, *, writing: bool) -> None:
    """Raise ``ValueError`` for a command that may not be sent, before anything is.

    ``writing`` is true in the opt-in write test.
    """
    if writing and verb in WRITE_TEST_VERBS and _OWN_FILE.fullmatch(argument):
        return
    if verb not in READ_ONLY_VERBS:
        raise ValueError(f"{verb} is not a read-only command")
    # Some servers set a file's time where a moment stands before its name.
    sets = verb == "MDTM" and not argument.startswith(b"/")
    if sets or (verb in _ONLY and argument not in _ONLY[verb]):
        raise ValueError(f"{verb} is read-only with other arguments alone")
