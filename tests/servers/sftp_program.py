"""OpenSSH's sftp-server as the subsystem of an SSH server, with its requests in a log."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Final

from tests.servers.accounts import Accounts
from tests.servers.ground import Ground

REQUEST: Final = re.compile(r"\bdebug\d: request \d+: (?!sent )(\S+)(?: (.*))?$", re.MULTILINE)
"""A request in the log at level DEBUG3; replies are logged in the same form, as ``sent``."""


def sftp_log(ground: Ground) -> Path:
    """Return where the requests are logged."""
    return ground.folder / "sftp.log"


def logged_sftp_server(ground: Ground, accounts: Accounts) -> str:
    """Write a command that serves SFTP and logs; return its path."""
    log = sftp_log(ground)
    log.touch()
    log.chmod(0o666)  # written by whoever logs in
    # Copies, for the user's session may not be able to read a private checkout.
    programs = ground.folder / "programs"
    programs.mkdir(mode=0o755)
    server = Path(shutil.copy(ground.prefix.program("sftp-server"), programs))
    preload = shutil.copy(ground.prefix.library("libnss_wrapper.so"), programs)
    script = programs / "sftp"
    # The session starts with a clean environment, in which the user would not exist.
    script.write_text(
        "#!/bin/sh\n"
        f"export NSS_WRAPPER_PASSWD={accounts.folder / 'passwd'}\n"
        f"export NSS_WRAPPER_GROUP={accounts.folder / 'group'}\n"
        f"export LD_PRELOAD={preload}\n"
        f"exec {server} -e -l DEBUG3 2>>{log}\n",
        encoding="ascii",
    )
    for path in (script, server):
        path.chmod(0o755)
    return str(script)
