"""The ``format`` names of the package's schemas: each says what is wrong with a text, or None."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from difflib import get_close_matches
from ipaddress import IPv4Address, IPv6Address, ip_address
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from scanner.errors import InputError
from scanner.intake.hosts import parse_host
from scanner.intake.schema_check import Format
from scanner.intake.scope_patterns import parse_network, parse_pattern
from scanner.intake.secret_refs import parse_ref
from scanner.intake.windows import parse_window

DNS_PORT = 53

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATE_MEND = "write it as 2026-12-31"
_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_MOMENT_MEND = "write it as 2026-12-31T22:15:00Z"
_PIN = re.compile(r"sha256:([A-Za-z0-9+/]{43}=)")
_HOST_KEY = re.compile(r"SHA256:([A-Za-z0-9+/]{43})")


def parse_date(text: str) -> date:
    """Return the date written as RFC 3339 ``full-date``; raise ``ValueError`` otherwise."""
    if not _DATE.fullmatch(text):
        raise ValueError(_DATE_MEND)
    return date.fromisoformat(text)


def date_in(entry: Mapping[str, Any], key: str) -> date | None:
    """Return a date that the schema has checked, ``None`` where it is left out."""
    return parse_date(entry[key]) if key in entry else None


def parse_span(text: str) -> tuple[date, date]:
    """Return the two dates of ``start/end``; raise ``ValueError`` otherwise."""
    first, _, last = text.partition("/")
    return parse_date(first), parse_date(last)


def parse_moment(text: str) -> datetime:
    """Return an RFC 3339 date and time with its zone, in UTC; raise ``ValueError`` otherwise."""
    if not _MOMENT.fullmatch(text):
        raise ValueError(_MOMENT_MEND)
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except OverflowError:
        raise ValueError(_MOMENT_MEND) from None


def bare_path(text: str) -> str:
    """Return a path without the ``file:`` that may stand before it."""
    return text.removeprefix("file:")


def parse_listen(text: str) -> tuple[str, int]:
    """Return host and port of ``host:port``, IPv6 in brackets; ``InputError`` otherwise."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or not 0 < int(port[:6]) < 65536:
        raise InputError("is not an address and port; write it as 198.51.100.10:8088")
    return str(parse_host(host)), int(port)


def parse_resolver(text: str) -> tuple[str, int]:
    """Return address and port (53 unless told) of a resolver; ``InputError`` otherwise."""
    host, port = text, DNS_PORT
    if text.startswith("[") or text.count(":") == 1:
        host, port = parse_listen(text)
    try:
        return str(ip_address(host)), port
    except ValueError:
        mend = "write an address, as 198.51.100.53 or 198.51.100.53:5353"
        raise InputError(f"is not a resolver; {mend}") from None


def _date(text: str) -> str | None:
    try:
        parse_date(text)
    except ValueError:
        return f"is not a date; {_DATE_MEND}"
    return None


def _moment(text: str) -> str | None:
    try:
        parse_moment(text)
    except ValueError:
        return f"is not a date and time with its zone; {_MOMENT_MEND}"
    return None


def _span(text: str) -> str | None:
    try:
        first, last = parse_span(text)
    except ValueError:
        return "is not a span of days; write it as 2025-02-01/2027-01-31"
    return "ends before it begins; swap its dates" if last < first else None


def _time_zone(text: str) -> str | None:
    try:
        ZoneInfo(text)
    except (OSError, LookupError, ValueError):
        near = get_close_matches(text, sorted(available_timezones()), 1)
        mend = f"did you mean '{near[0]}'?" if near else "write it as Europe/Paris or UTC"
        return f"is not a known time zone; {mend}"
    return None


def _area_path(text: str) -> str | None:
    if not text.startswith("/"):
        return "is not absolute; begin it with /"
    if ".." in text.split("/"):
        return "goes back up with ..; write the folder itself"
    return None


def _file_path(text: str) -> str | None:
    if not bare_path(text):
        return "names no file; give a path"
    return "is a URL; give the path of a file" if "://" in text else None


def _pin(text: str) -> str | None:
    return _digest(_PIN, text, "write sha256: and the base64 of 32 bytes")


def _host_key(text: str) -> str | None:
    return _digest(_HOST_KEY, text, "write SHA256: and the 43 characters of `ssh-keygen -l`")


def _digest(pattern: re.Pattern[str], text: str, mend: str) -> str | None:
    match = pattern.fullmatch(text)
    try:
        bits = base64.b64decode(match[1] + "=" * (-len(match[1]) % 4)) if match else b""
    except binascii.Error:
        bits = b""
    return None if len(bits) == 32 else f"is not a fingerprint; {mend}"


def _https_url(text: str) -> str | None:
    try:
        url = urlsplit(text)
        secret, host, _ = url.username or url.password, url.hostname or "", url.port
        where = parse_host(host)
    except (ValueError, InputError):
        return "is not a usable address; write it as https://siem.example.org/ingest"
    if secret:
        return "holds a user name; leave it out and give a token by reference"
    if url.scheme == "https" or (url.scheme == "http" and _loopback(where)):
        return None
    return "is not https; results and tokens go over TLS only, write https://"


def _loopback(host: str | IPv4Address | IPv6Address) -> bool:
    return host == "localhost" if isinstance(host, str) else host.is_loopback


def _telling(parse: Callable[[str], object]) -> Format:
    def fault(text: str) -> str | None:
        try:
            parse(text)
        except InputError as error:
            return str(error)
        return None

    return fault


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "area-path": _area_path,
        "date": _date,
        "date-span": _span,
        "file-path": _file_path,
        "host": _telling(parse_host),
        "host-key": _host_key,
        "https-url": _https_url,
        "moment": _moment,
        "listen": _telling(parse_listen),
        "network": _telling(parse_network),
        "pin": _pin,
        "resolver": _telling(parse_resolver),
        "scope-pattern": _telling(parse_pattern),
        "secret-reference": _telling(parse_ref),
        "time-zone": _time_zone,
        "window": _telling(parse_window),
    }
)
"""What each ``format`` of the schemas means."""
