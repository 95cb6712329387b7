"""SSH key pairs, made by ssh-keygen so that kinds which Python dropped are there too."""

from __future__ import annotations

import base64
import functools
import hashlib
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.servers.packages import Prefix

KeyKind = Literal["ed25519", "ecdsa", "rsa", "rsa-1024", "rsa-2048", "rsa-4096", "dsa"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair:
    """A private key file (OpenSSH format, mode 0600, no passphrase) and its public half."""

    kind: KeyKind
    private: Path
    public_line: str
    """``algorithm base64``, as in authorized_keys, without a comment."""

    @property
    def algorithm(self) -> str:
        """The key's type as SSH names it, such as ``ssh-ed25519``."""
        return self.public_line.split()[0]

    @property
    def blob(self) -> bytes:
        """The public key as it crosses the wire (RFC 4253 section 6.6)."""
        return base64.b64decode(self.public_line.split()[1])

    @property
    def fingerprint(self) -> str:
        """``SHA256:`` and the unpadded base64 digest, as OpenSSH prints it."""
        digest = base64.b64encode(hashlib.sha256(self.blob).digest()).decode("ascii")
        return "SHA256:" + digest.rstrip("=")


def make_key(prefix: Prefix, folder: Path, kind: KeyKind, *, name: str) -> KeyPair:
    """Write a key pair of this kind as ``folder/name``; keys of one kind and name are equal.

    Making an RSA or DSA key takes longer than starting a server, so each is made once a run.
    """
    private, public = _material(prefix, kind, name)
    path = folder / name
    path.touch(mode=0o600)
    path.write_bytes(private)
    return KeyPair(kind=kind, private=path, public_line=public)


def make_host_keys(
    prefix: Prefix, folder: Path, kinds: Iterable[KeyKind], *, owner: str = "host"
) -> tuple[KeyPair, ...]:
    """Write a host key of each kind; those of one ``owner`` are equal."""
    return tuple(make_key(prefix, folder, kind, name=f"{owner}-{kind}") for kind in kinds)


def make_certificate(
    prefix: Prefix,
    authority: KeyPair,
    key: KeyPair,
    principals: Iterable[str],
    *,
    host: bool = False,
    period: str = "-1d:+10d",
) -> Path:
    """Let the authority sign a key for these hosts or users; return the certificate's file.

    ``period`` is from when to when, as ssh-keygen's -V wants it.
    """
    public = key.private.with_name(f"{key.private.name}.pub")
    public.write_text(f"{key.public_line}\n", encoding="ascii")
    command = [str(prefix.program("ssh-keygen")), "-q", "-s", str(authority.private)]
    command += ["-I", f"synthetic {key.private.name}", "-n", ",".join(principals), "-V", period]
    command += ["-h"] if host else []
    subprocess.run([*command, str(public)], check=True, capture_output=True)
    return public.with_name(f"{key.private.name}-cert.pub")


@functools.cache
def _material(prefix: Prefix, kind: KeyKind, name: str) -> tuple[bytes, str]:
    algorithm, _, bits = kind.partition("-")
    with tempfile.TemporaryDirectory(prefix="scanner-keys-") as folder:
        path = Path(folder) / name
        command = [str(prefix.program("ssh-keygen")), "-q", "-t", algorithm, "-N", "", "-C", ""]
        command += ["-b", bits] if bits else []
        subprocess.run([*command, "-f", str(path)], check=True, capture_output=True)
        line = path.with_suffix(".pub").read_text(encoding="ascii")
        return path.read_bytes(), " ".join(line.split()[:2])
