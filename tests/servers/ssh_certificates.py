"""SSH certificates, made by ssh-keygen as an authority of hosts or users would."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.servers.packages import Prefix
from tests.servers.ssh_keys import KeyPair

VALID: Final = "-1d:+1d"
EXPIRED: Final = "-2d:-1d"
NOT_YET: Final = "+1d:+2d"


def certify(
    prefix: Prefix,
    folder: Path,
    key: KeyPair,
    authority: KeyPair,
    *,
    principals: str = "",
    host: bool = True,
    validity: str = VALID,
    options: Sequence[str] = (),
) -> Path:
    """Write a certificate of a key, and return its file (``type base64 comment``).

    ``principals`` are joined by commas; without any the certificate names nobody.
    """
    public = folder / f"{key.private.name}.pub"
    public.write_text(key.public_line + "\n", encoding="ascii")
    command = [str(prefix.program("ssh-keygen")), "-q", "-s", str(authority.private)]
    command += ["-I", "made up", "-z", "7", "-V", validity]
    command += ["-h"] if host else []
    command += ["-n", principals] if principals else []
    for option in options:
        command += ["-O", option]
    subprocess.run([*command, str(public)], check=True, capture_output=True)
    return public.with_name(f"{key.private.name}-cert.pub")
