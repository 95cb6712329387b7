"""The report documents of the tests' servers that are on record, and the servers behind them.

They lie in tests/matrix/golden, where a test compares each with a fresh scan of a real server:
what a page takes from them was seen.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

from tests.servers import POSTURES

FOLDER = Path(__file__).parents[1] / "tests" / "matrix" / "golden"

_TITLES = {
    "vsftpd": "vsftpd",
    "proftpd": "ProFTPD",
    "pureftpd": "Pure-FTPd",
    "openssh": "OpenSSH",
    "dropbear": "Dropbear",
}


@dataclass(frozen=True, slots=True)
class Recorded:
    """One posture: its name, how the server was set, and the one host of its document."""

    name: str
    settings: str
    host: Mapping[str, Any]

    @property
    def endpoint(self) -> Mapping[str, Any]:
        """The endpoint that was scanned."""
        (endpoint,) = self.host["endpoints"]
        return endpoint  # type: ignore[no-any-return]

    @property
    def heading(self) -> str:
        """Product and family of protocols, such as ``ProFTPD, SFTP``."""
        product = self.name.split("-", maxsplit=1)[0]
        family = "SFTP" if self.endpoint["protocol"] == "sftp" else "FTP and FTPS"
        return f"{_TITLES.get(product, product)}, {family}"


def groups() -> Mapping[str, Sequence[Recorded]]:
    """Return the postures by heading, in the order in which the tests list them."""
    found: dict[str, list[Recorded]] = {}
    for one in sorted(_read(), key=_place):
        found.setdefault(one.heading, []).append(one)
    return found


def _read() -> Iterator[Recorded]:
    for path in FOLDER.glob("*.json"):
        (host,) = json.loads(path.read_text(encoding="utf-8"))["hosts"]
        posture = POSTURES.get(path.stem)
        yield Recorded(path.stem, _settings(posture.options) if posture else "", host)


def _place(one: Recorded) -> tuple[int, str]:
    order = list(POSTURES)
    return (order.index(one.name) if one.name in order else len(order), one.name)


def _settings(options: object) -> str:
    """Return what differs from the product's defaults, as short words."""
    assert is_dataclass(options)
    words = []
    for field in fields(options):
        value = getattr(options, field.name)
        if value != field.default:
            words.append(_setting(field.name.replace("_", " "), value))
    return "; ".join(words)


def _setting(name: str, value: object) -> str:
    if value is True:
        return name
    if value is False:
        return f"no {name}"
    if is_dataclass(value):
        inside = _settings(value)
        return f"{name} ({inside})" if inside else name
    if isinstance(value, tuple):
        return f"{name} {', '.join(map(str, value))}"
    return f"{name} {value}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table in Markdown."""
    yield f"| {' | '.join(head)} |"
    yield "|---" * len(head) + "|"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
