"""SSH host keys of earlier nights, by port and type of key.

Every function works inside its caller's transaction, as those of ``rows`` do.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import islice

from scanner.history.rows import told
from scanner.model.finding import HostReport
from scanner.model.reading import Observed
from scanner.model.recall import PastHostKey
from scanner.model.ssh import SshFacts
from scanner.wire.ssh_keys import plain_type

MOST_KEYS = 1_000
"""Keys kept of one report; an asset of 64 addresses with 7 keys each has fewer."""

_LATEST = """
SELECT vantage, port, algorithm, fingerprint, first_seen, last_seen FROM host_key AS each
    WHERE asset = ?1 AND last_seen = (SELECT max(last_seen) FROM host_key AS other
        WHERE other.asset = ?1 AND other.vantage = each.vantage AND other.port = each.port
        AND other.algorithm = each.algorithm)
    ORDER BY vantage, port, algorithm, fingerprint
"""

_Row = tuple[str, int, str, str]


def latest(db: sqlite3.Connection, asset: int) -> tuple[PastHostKey, ...]:
    """Return the keys of the last scan that saw any of their type, by vantage and port."""
    return tuple(
        PastHostKey(
            vantage=vantage,
            port=port,
            algorithm=algorithm,
            fingerprint=fingerprint,
            first_seen=told(first),
            last_seen=told(last),
        )
        for vantage, port, algorithm, fingerprint, first, last in db.execute(_LATEST, (asset,))
    )


def keep(db: sqlite3.Connection, asset: int, report: HostReport, then: int) -> None:
    """Keep every host key that the report saw; those of earlier nights stay beside them."""
    db.executemany(
        "INSERT INTO host_key VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6) ON CONFLICT DO UPDATE SET"
        " first_seen = min(first_seen, excluded.first_seen),"
        " last_seen = max(last_seen, excluded.last_seen)",
        [(asset, *row, then) for row in islice(dict.fromkeys(_rows(report)), MOST_KEYS)],
    )


def _rows(report: HostReport) -> Iterator[_Row]:
    for seen in report.observations:
        for endpoint in seen.endpoints:
            facts = endpoint.facts
            if isinstance(facts, SshFacts) and isinstance(facts.host_keys, Observed):
                for key in facts.host_keys.value:
                    kind = plain_type(key.algorithm)
                    yield seen.vantage, endpoint.port, kind, key.fingerprint
