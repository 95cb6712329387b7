"""What options accept, by name. The model's own words, without importing the model."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from scanner.errors import InputError


class ProtocolName(StrEnum):
    """See ``scanner.model.target.Protocol``."""

    AUTO = "auto"
    FTP = "ftp"
    FTPS = "ftps"
    SFTP = "sftp"


class SeverityName(StrEnum):
    """See ``scanner.model.finding.Severity``."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"


class PaperName(StrEnum):
    """What a file may be that is to be checked, and what there are templates of."""

    CONTRACT = "contract"
    ORDER = "order"
    INVENTORY = "inventory"
    WARNING = "warning"
    ALERT = "alert"
    PROCEDURE = "procedure"
    ATTESTATION = "attestation"
    TARGETS = "targets"


def one_of(option: str, given: str, known: tuple[str, ...]) -> str:
    """Return ``given`` if it is known; raise ``InputError`` naming what is."""
    if given in known:
        return given
    raise InputError(f"{option}: {given!r} is not available; choose from: {', '.join(known)}")


def alone(option: str, why: str, others: Mapping[str, object]) -> None:
    """Raise ``InputError`` with one line where any of ``others`` is given (not ``None``)."""
    if given := [name for name, value in others.items() if value is not None]:
        it = "it" if len(given) == 1 else "them"
        raise InputError(f"{', '.join(given)}: not beside {option}: {why}; leave {it} out")


def host_and_port(text: str) -> tuple[str, int | None]:
    """Read ``HOST``, ``HOST:PORT``, ``[IPV6]:PORT`` or a bare IPv6 address.

    Raises ``InputError`` for anything else.
    """
    host, port = _split(text)
    if "/" in text or not host.strip():
        raise InputError(f"{text!r}: give HOST or HOST:PORT, not a URL or a path")
    return host, None if port is None else _port(text, port)


def _split(text: str) -> tuple[str, str | None]:
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise InputError(f"{text!r}: write an IPv6 address and its port as [ADDRESS]:PORT")
        return host, rest[1:] if rest else None
    if text.count(":") != 1:
        return text, None
    host, _, port = text.partition(":")
    return host, port


def _port(text: str, digits: str) -> int:
    if digits.isascii() and digits.isdigit() and len(digits) <= 5 and 1 <= int(digits) <= 65535:
        return int(digits)
    raise InputError(f"{text!r}: a port is a number from 1 to 65535")


def shard_of(text: str) -> tuple[int, int]:
    """Read ``i/n``, counted from 1, as an index counted from 0 and a count.

    Raises ``InputError`` for anything else.
    """
    index, _, count = text.partition("/")
    if all(part.isascii() and part.isdigit() and len(part) < 7 for part in (index, count)) and (
        1 <= int(index) <= int(count)
    ):
        return int(index) - 1, int(count)
    raise InputError(f"--shard: {text!r} is not i/n with i from 1 to n, such as 2/4")
