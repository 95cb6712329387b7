"""What the assets of one run share: one server under several names, one key at several addresses,
one key of a login on several servers.

Kept in a file that nobody else sees and that ends with the run: a million assets fit no memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from scanner.history.schema import naming
from scanner.history.scratch import Scratch
from scanner.model.finding import HostReport
from scanner.model.frozen import dataclass
from scanner.model.observation import EndpointObservation, FtpFacts
from scanner.model.reading import Observed
from scanner.model.ssh import SshFacts
from scanner.wire.identity import CERTIFICATE, HOST_KEY, NONE, sighting_of

MOST_NAMED = 100
"""Assets, names and addresses that one fact lists, and aliases of one asset."""

_PLACE = Path("the run's own index")
_TABLES = """
CREATE TABLE tie (vantage TEXT, address TEXT, port INTEGER, key TEXT, name TEXT, asset TEXT,
    PRIMARY KEY (vantage, address, port, key, name, asset)) WITHOUT ROWID;
CREATE INDEX tie_asset ON tie (asset);
CREATE INDEX tie_key ON tie (key, address, asset);
CREATE TABLE opener (key TEXT, address TEXT, name TEXT, asset TEXT,
    PRIMARY KEY (key, address, name, asset)) WITHOUT ROWID;
CREATE VIEW shared AS SELECT vantage, address, port, key FROM tie
    GROUP BY vantage, address, port, key HAVING min(asset) < max(asset);
"""
_SERVERS = """
SELECT vantage, address, port, key FROM shared ORDER BY vantage, address, port, key
"""
_AT = "FROM tie WHERE vantage = ? AND address = ? AND port = ? AND key = ?"
# Most assets are alone where they are: one question tells, for all their ties.
_IN_COMPANY = """
SELECT 1 FROM tie AS mine JOIN tie AS other USING (vantage, address, port, key)
    WHERE mine.asset = ?1 AND other.asset <> ?1 LIMIT 1
"""
_KEYS = """
SELECT key FROM tie WHERE key <> '' GROUP BY key
    HAVING min(asset) < max(asset) AND min(address) < max(address) ORDER BY key
"""
# One address that all of its assets have makes it a key of one server under several names.
_COMMON = """
SELECT 1 FROM tie WHERE key = ?1 GROUP BY address
    HAVING count(DISTINCT asset) = (SELECT count(DISTINCT asset) FROM tie WHERE key = ?1) LIMIT 1
"""

_OPENERS = """
SELECT key FROM opener GROUP BY key
    HAVING min(asset) < max(asset) AND min(address) < max(address) ORDER BY key
"""

_Tie = tuple[str, str, int, str]


class Fleet(Scratch):
    """Takes the reports of a run one by one and then tells what they have in common.

    Two assets are one server where they were seen at the same address and port with the same
    key; a port of plain FTP has no key, and is one server by its address alone.

    Every method raises ``HistoryError`` when the disk is full.
    """

    def __init__(self) -> None:
        super().__init__(_PLACE, _TABLES)

    def add(self, report: HostReport) -> None:
        """Take one report."""
        ties = [
            (seen.vantage, endpoint.address, endpoint.port, key, report.host, report.asset)
            for seen in report.observations
            for endpoint in seen.endpoints
            for key in _keys(endpoint)
        ]
        openers = [
            (key, endpoint.address, report.host, report.asset)
            for seen in report.observations
            for endpoint in seen.endpoints
            if isinstance(endpoint.facts, SshFacts)
            for key in _openers(endpoint.facts)
        ]
        with naming(_PLACE):
            self._db.executemany("INSERT OR IGNORE INTO tie VALUES (?, ?, ?, ?, ?, ?)", ties)
            self._db.executemany("INSERT OR IGNORE INTO opener VALUES (?, ?, ?, ?)", openers)

    def aliases(self, asset: str) -> tuple[str, ...]:
        """Return the names under which other assets are the same server, at most ``MOST_NAMED``."""
        if not self._rows(_IN_COMPANY, asset):
            return ()
        found: set[str] = set()
        for tie in self._rows("SELECT vantage, address, port, key FROM tie WHERE asset = ?", asset):
            others = self._rows(
                f"SELECT DISTINCT name {_AT} AND asset <> ? ORDER BY name LIMIT {MOST_NAMED}",
                *tie,
                asset,
            )
            found |= {name for (name,) in others}
        return tuple(sorted(found)[:MOST_NAMED])

    def facts(self) -> Iterator[dict[str, Any]]:
        """Yield one fact for each server of several assets, then for each key at several, then
        for each key that opens accounts of several.
        """
        yield from self._servers()
        for (key,) in self._each(_KEYS):
            if not self._rows(_COMMON, key):
                yield self._shared_key(key)
        for (key,) in self._each(_OPENERS):
            yield self._shared_opener(key)

    def _servers(self) -> Iterator[dict[str, Any]]:
        """Ports and keys that the same assets have at an address are one fact."""
        ties: Iterator[_Tie] = self._each(_SERVERS)
        for (vantage, address), group in groupby(ties, key=lambda tie: tie[:2]):
            parties: dict[_Party, list[_Tie]] = {}
            for tie in group:
                parties.setdefault(self._party(tie), []).append(tie)
            for party, common in parties.items():
                ports = sorted({tie[2] for tie in common})
                yield {
                    "kind": "same-server",
                    "summary": f"{party.count} assets are one server at {address}",
                    **party.members(),
                    "vantage": vantage,
                    "address": address,
                    "ports": ports,
                    "keys": sorted({tie[3] for tie in common} - {""}),
                }

    def _party(self, tie: _Tie) -> _Party:
        ((count,),) = self._rows(f"SELECT count(DISTINCT asset) {_AT}", *tie)
        return _Party(count, self._column("asset", _AT, *tie), self._column("name", _AT, *tie))

    def _shared_key(self, key: str) -> dict[str, Any]:
        where = "FROM tie WHERE key = ?"
        ((count, places),) = self._rows(
            f"SELECT count(DISTINCT asset), count(DISTINCT address) {where}", key
        )
        party = _Party(count, self._column("asset", where, key), self._column("name", where, key))
        return {
            "kind": "shared-key",
            "summary": f"one key on {count} assets at {places} addresses",
            **party.members(),
            "addresses": list(self._column("address", where, key)),
            "keys": [key],
        }

    def _shared_opener(self, key: str) -> dict[str, Any]:
        """Tell of a person's public key, by its fingerprint: a lead, for one person may have it."""
        where = "FROM opener WHERE key = ?"
        ((count,),) = self._rows(f"SELECT count(DISTINCT asset) {where}", key)
        party = _Party(count, self._column("asset", where, key), self._column("name", where, key))
        return {
            "kind": "shared-login-key",
            "summary": f"one public key opens accounts of {count} assets",
            **party.members(),
            "addresses": list(self._column("address", where, key)),
            "keys": [key],
        }

    def _column(self, name: str, where: str, *values: str | int) -> tuple[str, ...]:
        query = f"SELECT DISTINCT {name} {where} ORDER BY {name} LIMIT {MOST_NAMED}"
        return tuple(value for (value,) in self._rows(query, *values))

    def _rows(self, query: str, *values: str | int) -> list[Any]:
        return list(self._each(query, *values))

    def _each(self, query: str, *values: str | int) -> Iterator[Any]:
        with naming(_PLACE):
            yield from self._db.execute(query, values)


@dataclass(frozen=True, slots=True)
class _Party:
    """Assets that share something: how many, and the first of them with their names."""

    count: int
    assets: tuple[str, ...]
    names: tuple[str, ...]

    def members(self) -> dict[str, Any]:
        """Return them as a fact lists them; ``more`` counts assets that it leaves out."""
        return {
            "assets": list(self.assets),
            "names": list(self.names),
            "more": self.count - len(self.assets),
        }


def _openers(facts: SshFacts) -> set[str]:
    """Return the fingerprints of the keys that open an account here, as far as that was seen."""
    found: set[str] = set()
    for asked in facts.account_keys:
        queries = asked.answers.value.queries if isinstance(asked.answers, Observed) else ()
        found |= {each.fingerprint for each in queries if each.accepted == Observed(value=True)}
    for view in facts.accounts:
        file = view.sftp.value.authorized_keys if isinstance(view.sftp, Observed) else view.sftp
        if isinstance(file, Observed):
            found |= {key.fingerprint for key in file.value.keys if not key.authority}
    return found


def _keys(endpoint: EndpointObservation) -> tuple[str, ...]:
    """Return the keys that an endpoint showed; an empty one where it was seen to have none."""
    sighting = sighting_of(endpoint)
    marks = {} if sighting is None else sighting.marks
    match endpoint.facts:
        case SshFacts():
            return tuple(mark for name, mark in marks.items() if name.startswith(HOST_KEY))
        case FtpFacts() if CERTIFICATE in marks:
            mark = marks[CERTIFICATE]
            return ("",) if mark == NONE else (mark,)
        case _:
            return ()
