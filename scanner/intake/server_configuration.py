"""A server's configuration, handed over by its operator: does it force an encrypted transfer?

A few directives of four products are looked at; what another file includes is not seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from scanner.errors import InputError
from scanner.intake.files import MEBIBYTE, read_bounded, shown_path
from scanner.model.dossier import ServerConfiguration

_Directives = Mapping[str, list[str]]

_VSFTPD = re.compile(r"([a-z_]{2,40})=(\S{1,200})\s*")
_WORDS = re.compile(r"\s*([A-Za-z]{2,40})\s+(\S.{0,400}?)\s*")
_YES = frozenset({"yes", "true", "1"})
_VSFTPD_KEYS = frozenset(
    {"anonymous_enable", "local_enable", "listen", "listen_ipv6", "ssl_enable"}
)
_PROFTPD_KEYS = frozenset({"servertype", "servername", "tlsengine", "maxinstances"})
_SSHD_KEYS = frozenset(
    {"subsystem", "chrootdirectory", "forcecommand", "permitrootlogin", "passwordauthentication"}
)
_PUREFTPD_KEYS = frozenset({"chrooteveryone", "noanonymous", "anonymousonly", "pureftpdtls"})
_REQUIRED = frozenset({"on", "ctrl+data", "auth+data"})


def read_configuration(path: Path) -> ServerConfiguration:
    """Read ``vsftpd.conf``, ``proftpd.conf``, ``pure-ftpd.conf`` or ``sshd_config``, told apart by
    their directives.

    Raises ``InputError``, one line, for anything else.
    """
    name, content = shown_path(path), read_bounded(path, MEBIBYTE)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{name}: is not UTF-8; save the file as UTF-8") from None
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    equated, spaced = _found(_VSFTPD, lines), _found(_WORDS, lines)
    if _VSFTPD_KEYS & equated.keys():
        return ServerConfiguration("vsftpd", tuple(_of_vsftpd(equated)))
    if _PROFTPD_KEYS & spaced.keys():
        return ServerConfiguration("proftpd", tuple(_of_proftpd(spaced)))
    if _PUREFTPD_KEYS & spaced.keys():
        return ServerConfiguration("pure-ftpd", tuple(_of_pureftpd(spaced)))
    if _SSHD_KEYS & spaced.keys():
        return ServerConfiguration("openssh", tuple(_of_sshd(spaced)))
    mend = "hand over vsftpd.conf, proftpd.conf, pure-ftpd.conf or sshd_config"
    raise InputError(f"{name}: is no configuration that is known; {mend}")


def _found(pattern: re.Pattern[str], lines: Iterable[str]) -> _Directives:
    found: dict[str, list[str]] = {}
    for line in lines:
        match = pattern.fullmatch(line)
        if match:
            found.setdefault(match[1].lower(), []).append(match[2].strip('"').lower())
    return found


def _of_vsftpd(found: _Directives) -> Iterable[str]:
    """Yield what does not force TLS; both forcing options are on unless they are switched off."""
    if found.get("ssl_enable", ["no"])[-1] not in _YES:
        yield "ssl_enable"
    for option in ("force_local_logins_ssl", "force_local_data_ssl"):
        if found.get(option, ["yes"])[-1] not in _YES:
            yield option


def _of_proftpd(found: _Directives) -> Iterable[str]:
    if set(found.get("tlsengine", ["off"])) != {"on"}:
        yield "TLSEngine"
    if not set(found.get("tlsrequired", ["off"])) <= _REQUIRED:
        yield "TLSRequired"


def _of_pureftpd(found: _Directives) -> Iterable[str]:
    if found.get("tls", ["0"])[-1] not in {"2", "3"}:
        yield "TLS"


def _of_sshd(found: _Directives) -> Iterable[str]:
    """Yield what does not confine an account to SFTP in a folder of its own."""
    if not any(value.startswith("internal-sftp") for value in found.get("forcecommand", ())):
        yield "ForceCommand internal-sftp"
    if not set(found.get("chrootdirectory", ["none"])) - {"none"}:
        yield "ChrootDirectory"
