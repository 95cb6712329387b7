"""The TLS side of a posture: which versions, which suites, which certificate."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.servers.certificates import CertificateKind

TlsVersion = Literal["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """Versions from ``oldest`` to ``newest``. ``ciphers`` is an OpenSSL list for up to 1.2.

    ``ciphersuites`` and ``groups`` are OpenSSL's lists for TLS 1.3 and for the key exchange; they
    reach the products that read OpenSSL's configuration, which ProFTPD does not.
    """

    oldest: TlsVersion = "TLSv1.2"
    newest: TlsVersion = "TLSv1.3"
    ciphers: str = ""
    ciphersuites: str = ""
    groups: str = ""
    server_order: bool = False
    certificate: CertificateKind = "valid"
    owner: str = ""
    """Servers with the same owner of their key have the same one."""


MODERN = Tls()
ONLY_1_2 = Tls(newest="TLSv1.2")
ONLY_1_3 = Tls(oldest="TLSv1.3")
# Below TLS 1.2 OpenSSL 3 signs only at security level 0.
LEGACY_1_0 = Tls(oldest="TLSv1", newest="TLSv1", ciphers="ALL:@SECLEVEL=0")


def openssl_configuration(tls: Tls, path: Path) -> dict[str, str]:
    """Limit a server that has no switch for versions: return the environment to add.

    OpenSSL applies ``system_default`` to every context of a process (config(5), ssl section).
    """
    lines = [
        "openssl_conf = modules",
        "[modules]",
        "ssl_conf = ssl",
        "[ssl]",
        "system_default = limits",
        "[limits]",
        f"MinProtocol = {tls.oldest}",
        f"MaxProtocol = {tls.newest}",
    ]
    if tls.ciphers:
        lines.append(f"CipherString = {tls.ciphers}")
    if tls.ciphersuites:
        lines.append(f"Ciphersuites = {tls.ciphersuites}")
    if tls.groups:
        lines.append(f"Groups = {tls.groups}")
    if tls.server_order:
        lines.append("Options = ServerPreference")
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
    return {"OPENSSL_CONF": str(path)}
