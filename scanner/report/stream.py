"""A report of any size, written and read one host at a time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from scanner.model.ascii_json import decode
from scanner.model.scan import ScanHeader
from scanner.report.document import SCHEMA_VERSION, encode, header_document

_HOSTS = '"hosts":['
_FLEET = '],"fleet":['
_ASSET = re.compile(r'\{"tenant":"(?:[^"\\]|\\.)*","asset":("(?:[^"\\]|\\.)*")')
"""How a line with a host document begins."""


def stream(
    header: ScanHeader, host_lines: Iterable[str], fleet: Iterable[Mapping[str, Any]]
) -> Iterator[str]:
    """Yield ``report.json`` in chunks that hold one host each.

    ``host_lines`` are host documents, encoded, one a line; blank lines are passed over. Every
    host stands on a line of its own, so that ``hosts_in`` can read it back.
    """
    yield f'{{"schema_version":"{SCHEMA_VERSION}","scan":{encode(header_document(header))},{_HOSTS}'
    comma = "\n"
    for line in host_lines:
        if stripped := line.strip():
            yield comma + stripped
            comma = ",\n"
    yield f"\n{_FLEET}"
    comma = ""
    for lead in fleet:
        yield comma + encode(lead)
        comma = ","
    yield "]}\n"


def _unheard(_place: int, _host: Mapping[str, Any]) -> None:
    """Tell nobody."""


def with_aliases(
    host_lines: Iterable[str],
    aliases: Callable[[str], Sequence[str]],
    tell: Callable[[int, Mapping[str, Any]], None] = _unheard,
) -> Iterator[str]:
    """Yield host documents, a line each, with the names that ``aliases`` knows for their assets.

    ``tell`` is told of each that got some, with its place, counted from 0.
    """
    for place, line in enumerate(host_lines):
        begins = _ASSET.match(line)
        names = aliases(decode(begins[1])) if begins else ()
        if names:
            host = _named(line, names)
            tell(place, host)
            yield encode(host)
        else:
            yield line


def _named(line: str, names: Sequence[str]) -> dict[str, Any]:
    host: dict[str, Any] = decode(line)
    host["aliases"] = sorted({*host["aliases"], *names} - {host["host"]})
    return host


class LateHost(Mapping[str, Any]):
    """A host document of which each part is read when it is first asked for: most never are."""

    def __init__(self, line: str) -> None:
        self._line = line
        self._unread: Mapping[str, Any] | None = None
        self._read: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        """Return what the document says under a name."""
        parts = self._parts()
        if name not in self._read:
            self._read[name] = decode(bytes(parts[name]))
        return self._read[name]

    def __contains__(self, name: object) -> bool:
        """Whether the document says anything under a name."""
        return name in self._parts()

    def __iter__(self) -> Iterator[str]:
        """Yield the document's names."""
        return iter(self._parts())

    def __len__(self) -> int:
        """Return how many names the document has."""
        return len(self._parts())

    def _parts(self) -> Mapping[str, Any]:
        if self._unread is None:
            try:
                self._unread = _PARTS.decode(self._line)
            except ValueError:  # as in ``decode``, the standard library has the last word
                self._unread = self._read = decode(self._line)
        return self._unread


_PARTS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


def hosts_in(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yield the host documents of a report that ``stream`` wrote, given its lines.

    Raises ``ValueError`` where a line is not such a document, or where the report ends early.
    """
    return map(decode, _host_lines(lines))


def late_hosts_in(lines: Iterable[str]) -> Iterator[LateHost]:
    """Yield what ``hosts_in`` does, each document read only when it is looked into.

    Raises ``ValueError`` as that does; for a line that is no document once it is looked into.
    """
    return map(LateHost, _host_lines(lines))


def _host_lines(lines: Iterable[str]) -> Iterator[str]:
    inside = False
    for line in lines:
        if line.startswith(_FLEET):
            return
        if inside:
            yield line.rstrip("\n").removesuffix(",")
        elif line.rstrip("\n").endswith(_HOSTS):
            inside = True
    raise ValueError("the report ends early")


def scan_in(lines: Iterable[str]) -> dict[str, Any]:
    """Return ``scan`` of a report that ``stream`` wrote, given its lines: the first is read.

    Raises ``ValueError`` where that is not the head of a report.
    """
    first = next(iter(lines), "").rstrip("\n")
    if not first.endswith(_HOSTS):
        raise ValueError("no head of a report")
    scan: dict[str, Any] = decode(f"{first}]}}")["scan"]
    return scan


def fleet_in(lines: Iterable[str]) -> list[dict[str, Any]]:
    """Return the leads across assets of a report that ``stream`` wrote, given its lines.

    Raises ``ValueError`` where they are missing: the report was cut short.
    """
    for line in lines:
        if line.startswith(_FLEET):
            leads: list[dict[str, Any]] = decode(f"{{{line[2:]}")["fleet"]
            return leads
    raise ValueError("the report has no end")
