"""OpenSSH's own client against a test server: it believes the handle's host keys and no others."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.servers.handle import Server
from tests.servers.packages import unpack

_SECONDS: Final = 20
_OLD: Final = {
    "KexAlgorithms": "+diffie-hellman-group1-sha1,diffie-hellman-group14-sha1",
    "HostKeyAlgorithms": "+ssh-rsa,ssh-dss",
    "PubkeyAcceptedAlgorithms": "+ssh-rsa",
    "Ciphers": "+3des-cbc,aes128-cbc",
    "MACs": "+hmac-md5,hmac-sha1-96",
    "RequiredRSASize": "1024",
}
"""What it has beside its defaults, so that old servers let it in."""


def sftp(
    server: Server,
    folder: Path,
    *commands: str,
    options: Mapping[str, object] | None = None,
    known: str | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run these commands of sftp(1) as ``transfer``, by the handle's client key.

    ``known`` are lines of known_hosts instead of the handle's. ``folder`` takes a few files.
    """
    assert server.client_key is not None
    hosts = folder / "known_hosts"
    place = f"[{server.host}]:{server.port}"
    lines = [f"{place} {key.public_line}" for key in server.host_keys]
    hosts.write_text(known.replace("HOST", place) if known else "\n".join(lines), "ascii")
    settings: dict[str, object] = {
        "UserKnownHostsFile": hosts,
        "GlobalKnownHostsFile": "/dev/null",
        "StrictHostKeyChecking": "yes",
        "BatchMode": "yes",
        "IdentitiesOnly": "yes",
        "IdentityFile": server.client_key.private,
        **_OLD,
        **(options or {}),
    }
    prefix = unpack()
    command = [str(prefix.program("sftp")), "-S", str(prefix.program("ssh")), "-F", "none"]
    command += ["-vv", "-b", "-", "-P", str(server.port)]
    command += [word for pair in settings.items() for word in ("-o", "{}={}".format(*pair))]
    libraries = ":".join(map(str, prefix.library_folders))
    return subprocess.run(
        [*command, f"transfer@{server.host}"],
        input="".join(f"{line}\n" for line in commands),
        env={"LD_LIBRARY_PATH": libraries, "HOME": str(folder), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        encoding="utf-8",
        errors="backslashreplace",
        timeout=_SECONDS,
        check=False,
    )
