"""Takes out of a report document what differs from one run to the next, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

_BY_KEY: Final = {
    "uid": "<uid>",  # of scans; those of findings hold the asset, which on loopback has a port
    "version": "<version>",
    "serial": "<serial>",
    "sha256": "<sha256>",
    "spki_sha256": "<sha256>",
    "not_before": "<time>",
    "not_after": "<time>",
    "bytes": "<bytes>",  # certificates and packets vary by a few
}
"""Replaced wherever they stand, unless the value is not of a kind that varies."""

_IN_TEXT: Final = (
    (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "<time>"),
    (r"(?<=valid to )\d{4}-\d\d-\d\d|(?<=expired on )\d{4}-\d\d-\d\d", "<date>"),
    (r"\b\d\d:\d\d\b(?=\. Server port)", "<time>"),
    (r"(?<=You are user number )\d+", "<number>"),  # the session before may still be ending
    (r"(\(\d+,\d+,\d+,\d+),\d+,\d+\)", r"\1,<port>)"),
    (r"(127\.0\.0\.1:|Server port: )\d+", r"\1<port>"),
    (r"\S+(?= FTP server \(GNU inetutils)", "<host>"),
    (r"(?<= Version: Linux )\S+", "<version>"),
    (r"SHA256:[A-Za-z0-9+/]{43}", "<fingerprint>"),
    (r"\bzz-[0-9a-f]{8}\b", "zz-<random>"),
    (r"(?<=-tinyssh_20230101-1 )\w{8}", "<random>"),
    (r"(Debian-\d+\+deb\d+u)\d+", r"\1<update>"),
)


def normalised(value: Any, key: str = "") -> Any:
    """Return the value with ports, times, uids, fingerprints and their like replaced."""
    if isinstance(value, Mapping):
        return {name: normalised(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [normalised(item) for item in value]
    if isinstance(value, str):
        if key in _BY_KEY and not value.startswith(("TLSv", "SSLv")):
            return _BY_KEY[key]
        for pattern, put in _IN_TEXT:
            value = re.sub(pattern, put, value)
        return value
    if isinstance(value, int) and not isinstance(value, bool) and key in {"bytes", "port"}:
        return f"<{key}>"
    return value
