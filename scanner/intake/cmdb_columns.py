"""Which column of an export means what: by its heading, or by what the caller says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scanner.errors import InputError
from scanner.intake.problem import shown

HEADINGS: Mapping[str, tuple[str, ...]] = {
    "host": ("fqdn", "dns name", "fully qualified domain name", "host", "hostname", "host name"),
    "address": ("ip", "ip address", "ipv4", "ipv4 address", "ipv6", "ipv6 address", "address"),
    "asset": ("asset", "asset id", "asset tag", "ci", "ci id", "configuration item", "id", "name"),
    "port": ("port", "ports", "tcp port"),
    "protocol": ("protocol", "protocols", "service", "services"),
    "owner": ("owner", "owned by", "team", "support group", "managed by", "responsible"),
    "environment": ("environment", "env", "stage"),
    "tags": ("tags", "tag", "labels"),
    "vantages": ("vantages", "vantage", "seen from"),
}
"""What a targets file takes from an export, and the headings that mean it, best first."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that are read for each key, in the order in which they are asked, and the
    headings that nothing is read from.
    """

    by_key: Mapping[str, tuple[str, ...]]
    unused: tuple[str, ...]

    def value(self, key: str, cells: Mapping[str, str]) -> str:
        """Return the first cell of a row that says anything of ``key``; empty: none does."""
        return next((cells[name] for name in self.by_key[key] if cells.get(name)), "")


def columns_of(header: Sequence[str], named: Mapping[str, str]) -> Columns:
    """Return what each column of ``header`` (in lower case) is for.

    ``named`` maps headings to keys and goes first. Raises ``InputError``, one line per fault,
    where it names what is not there, a heading stands twice, or nothing tells the host.
    """
    wanted = {heading.strip().lower(): key for heading, key in named.items()}
    problems = [*_misnamed(header, wanted), *_twice(header, wanted)]
    by_key = {
        key: (
            *(heading for heading, told in wanted.items() if told == key),
            *_known(header, key, wanted),
        )
        for key in HEADINGS
    }
    if not by_key["host"] and not by_key["address"]:
        # Many exports call the server's name just that.
        by_key["host"] = tuple(each for each in by_key["asset"] if _plain(each) == "name")
        by_key["asset"] = tuple(each for each in by_key["asset"] if _plain(each) != "name")
        if not by_key["host"]:
            listed = ", ".join(shown(each) for each in header[:30])
            problems.append(f"no column tells the host; give --map COLUMN=host (of {listed})")
    if problems:
        raise InputError(*problems)
    used = {heading for headings in by_key.values() for heading in headings}
    return Columns(by_key, tuple(each for each in header if each and each not in used))


def _misnamed(header: Sequence[str], wanted: Mapping[str, str]) -> list[str]:
    absent = [each for each in wanted if each not in header]
    unknown = [key for key in wanted.values() if key not in HEADINGS]
    return [
        *(f"--map: there is no column {shown(each)}; write its heading" for each in absent),
        *(f"--map: {shown(key)} is no key; known: {', '.join(HEADINGS)}" for key in unknown),
    ]


def _twice(header: Sequence[str], wanted: Mapping[str, str]) -> list[str]:
    known = {each for each in header if each in wanted or any(_is(each, key) for key in HEADINGS)}
    return [
        f"the column {shown(each)} stands twice; rename one"
        for each in sorted(known)
        if header.count(each) > 1
    ]


def _known(header: Sequence[str], key: str, wanted: Mapping[str, str]) -> list[str]:
    found = [each for each in dict.fromkeys(header) if _is(each, key) and each not in wanted]
    return sorted(found, key=lambda each: HEADINGS[key].index(_plain(each)))


def _is(heading: str, key: str) -> bool:
    return _plain(heading) in HEADINGS[key]


def _plain(heading: str) -> str:
    """Return a heading as people say it: ``Asset_ID`` and ``asset-id`` are ``asset id``."""
    return re.sub(r"[\s_./-]+", " ", heading.strip().lower())
