"""OpenSSL's own test server: bare TLS in settings that no FTP server offers."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.servers import process
from tests.servers.certificates import Certificate

_OAKLEY_2: Final = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E"
    "3404DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF"
    "5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF",
    16,
)
"""The prime of 1024 bits of RFC 2409 section 6.2."""


@contextmanager
def s_server(
    certificate: Certificate, arguments: Sequence[str], folder: Path
) -> Iterator[process.Process]:
    """Run ``openssl s_server`` on a free loopback port until the context ends."""

    def prepare(port: int) -> process.Launch:
        command = ["openssl", "s_server", "-accept", f"{process.HOST}:{port}", "-quiet"]
        command += ["-cert", str(certificate.certificate), "-key", str(certificate.key)]
        return process.Launch(command=[*command, *arguments], environment={})

    with process.running(prepare, folder / "s_server.log") as child:
        yield child


def write_oakley_2(folder: Path) -> Path:
    """Write Diffie-Hellman parameters of 1024 bits in PEM (PKCS 3)."""
    prime = _OAKLEY_2.to_bytes(129, "big")  # a leading zero keeps the number positive
    body = b"\x02\x81\x81" + prime + b"\x02\x01\x02"
    text = base64.encodebytes(b"\x30\x81" + bytes([len(body)]) + body).decode("ascii")
    path = folder / "dh1024.pem"
    path.write_text(f"-----BEGIN DH PARAMETERS-----\n{text}-----END DH PARAMETERS-----\n", "ascii")
    return path
