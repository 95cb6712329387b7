"""Two reports side by side, an asset at a time.

Assets stand in a report in the order in which they were done, so one report cannot be read beside
the other. What is open in the older one is kept in a file that nobody else sees and that ends with
the comparison: memory does not grow with the reports.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from scanner.history.schema import naming
from scanner.history.scratch import Scratch
from scanner.model.comparison import ComparedFinding, ComparedHost, Standing, Turn
from scanner.model.finding import Severity

_PLACE = Path("the comparison's own index")
_TABLES = """
CREATE TABLE host (tenant TEXT, asset TEXT, old_score REAL, old_grade TEXT, score REAL, grade TEXT,
    old_open INTEGER DEFAULT 0, open INTEGER DEFAULT 0, PRIMARY KEY (tenant, asset)) WITHOUT ROWID;
CREATE TABLE finding (uid TEXT PRIMARY KEY, tenant TEXT, asset TEXT, vantage TEXT, failure TEXT,
    facet TEXT, turn TEXT, severity TEXT, was TEXT, rank INTEGER, lead INTEGER, suppressed INTEGER,
    first_seen TEXT, days_open INTEGER, summary TEXT) WITHOUT ROWID;
"""
_OLD = """
INSERT INTO host (tenant, asset, old_score, old_grade, old_open) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO NOTHING
"""
_NEW = """
INSERT INTO host (tenant, asset, score, grade, open) VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT DO UPDATE SET score = ?3, grade = ?4, open = ?5
"""
_FINDING = "INSERT OR REPLACE INTO finding VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_TOLD = """
SELECT turn, uid, tenant, asset, vantage, failure, facet, severity, was, lead, suppressed,
    first_seen, days_open, summary FROM finding WHERE turn = ?
    ORDER BY lead, suppressed, rank DESC, tenant, asset, failure, facet, vantage
"""
_ROWS = """
    SELECT told, count(*) FROM (
        SELECT CASE
            WHEN sum(turn IN ('changed', 'unchanged')) THEN
                CASE WHEN sum(turn IN ('new', 'changed', 'resolved')) THEN 'changed'
                ELSE 'unchanged' END
            WHEN sum(turn = 'new') THEN 'new'
            WHEN sum(turn = 'untold') THEN 'untold'
            ELSE 'resolved'
        END AS told FROM finding WHERE NOT lead GROUP BY tenant, asset, failure
    ) GROUP BY told
"""
_MOST_SUMMARY = 600

Host = Mapping[str, Any]


class Comparison(Scratch):
    """Takes all hosts of the older report, then all of the newer one, then tells.

    ``since`` is when the older scan began (RFC 3339 UTC): what was open by then is not new, though
    the older report may not have it. Every method raises ``HistoryError`` when the disk is full.
    """

    def __init__(self, since: str) -> None:
        self._since = since
        super().__init__(_PLACE, _TABLES)

    def before(self, host: Host) -> None:
        """Take a host document of the older report."""
        kept = [each for each in _findings(host) if _is_open(host, each[1])]
        self._all(_FINDING, [_row(host, each, Turn.UNTOLD, each[1]) for each in kept])
        self._all(_OLD, [_standing(host, kept)])

    def after(self, host: Host) -> None:
        """Take a host document of the newer report."""
        known = self._known(host)
        told = []
        for each in _findings(host):
            was = known.get(each[1]["uid"])
            if turn := self._turn(host, each[1], was):
                told.append(_row(host, each, turn, was or {}))
        self._all(_FINDING, told)
        still = [each for each in _findings(host) if _is_open(host, each[1])]
        self._all(_NEW, [_standing(host, still)])

    def delta(self) -> dict[str, int]:
        """Return how many findings there are of each turn, leads among them."""
        with naming(_PLACE):
            found = dict(self._db.execute("SELECT turn, count(*) FROM finding GROUP BY turn"))
        return {turn.value: found.get(turn.value, 0) for turn in Turn}

    def rows(self) -> dict[str, int]:
        """Return how many rows (a failure of an asset) there are of each turn, leads apart."""
        with naming(_PLACE):
            found = dict(self._db.execute(_ROWS))
        return {turn.value: found.get(turn.value, 0) for turn in Turn}

    def leads(self) -> int:
        """Return how many leads the newer report holds that speak against an asset."""
        with naming(_PLACE):
            asked = "SELECT count(*) FROM finding WHERE lead AND turn NOT IN ('resolved', 'untold')"
            return int(self._db.execute(asked).fetchone()[0])

    def findings(self, turn: Turn) -> Iterator[ComparedFinding]:
        """Yield findings, the worst first; accepted ones and then leads come last."""
        for row in self._each(_TOLD, turn.value):
            lead, suppressed = bool(row[9]), bool(row[10])
            yield ComparedFinding(
                turn=Turn(row[0]),
                uid=row[1],
                tenant=row[2],
                asset=row[3],
                vantage=row[4],
                failure=row[5],
                facet=row[6],
                severity=row[7],
                was=row[8],
                lead=lead,
                suppressed=suppressed,
                first_seen=row[11],
                days_open=row[12],
                summary=row[13],
            )

    def appeared(self) -> Iterator[ComparedHost]:
        """Yield assets that only the newer report has, by name."""
        yield from self._hosts("old_grade IS NULL ORDER BY tenant, asset")

    def gone(self) -> Iterator[ComparedHost]:
        """Yield assets that only the older report has, by name."""
        yield from self._hosts("grade IS NULL ORDER BY tenant, asset")

    def moved(self) -> Iterator[ComparedHost]:
        """Yield assets whose score or letter is another one now, the deepest fall first."""
        yield from self._hosts(
            "(old_score <> score OR old_grade <> grade) ORDER BY score - old_score, tenant, asset"
        )

    def counted(self) -> tuple[int, int]:
        """Return how many assets the older and the newer report have."""
        ((old, new),) = self._each("SELECT count(old_grade), count(grade) FROM host")
        return old, new

    def _turn(self, host: Host, finding: Host, was: Host | None) -> Turn | None:
        if finding["verdict"] == "fail":
            if was is None:
                first = finding["first_seen"]
                new = first is None or first >= self._since
                return Turn.NEW if new else Turn.UNCHANGED
            same = (was["severity"], was["lead"]) == (finding["severity"], finding["lead"])
            return Turn.UNCHANGED if same else Turn.CHANGED
        if was is None and finding["first_seen"] is None:
            return None
        return Turn.RESOLVED if _closes(host, finding) else Turn.UNTOLD

    def _known(self, host: Host) -> dict[str, dict[str, Any]]:
        found = self._each(
            "SELECT uid, severity, lead FROM finding WHERE uid IN (SELECT value FROM json_each(?))",
            json.dumps([each["uid"] for _, each in _findings(host)]),
        )
        return {uid: {"severity": was, "lead": bool(lead)} for uid, was, lead in found}

    def _hosts(self, where: str) -> Iterator[ComparedHost]:
        columns = "tenant, asset, old_score, old_grade, score, grade, old_open, open"
        for tenant, asset, *old_and_new, old_open, still in self._each(
            f"SELECT {columns} FROM host WHERE {where}"  # noqa: S608 - of this module's own words
        ):
            old_score, old_grade, score, grade = old_and_new
            yield ComparedHost(
                tenant=tenant,
                asset=asset,
                before=None if old_grade is None else Standing(score=old_score, grade=old_grade),
                after=None if grade is None else Standing(score=score, grade=grade),
                open=old_open if grade is None else still,
            )

    def _all(self, statement: str, rows: list[tuple[Any, ...]]) -> None:
        with naming(_PLACE):
            self._db.executemany(statement, rows)

    def _each(self, query: str, *values: str) -> Iterator[Any]:
        with naming(_PLACE):
            yield from self._db.execute(query, values)


def _findings(host: Host) -> list[tuple[str, Host]]:
    """Return the findings of a host document, each with its failure."""
    return [(row["id"], finding) for row in host["failures"] for finding in row["findings"]]


def _closes(host: Host, finding: Host) -> bool:
    """Whether it is seen to be mended: a pass of a mixed identity may be another server's."""
    mixed = any(look["mixed_identity"] for look in host["vantages"])
    return finding["verdict"] == "pass" and not mixed


def _is_open(host: Host, finding: Host) -> bool:
    if finding["verdict"] == "fail":
        return True
    return finding["first_seen"] is not None and not _closes(host, finding)


def _standing(host: Host, still: list[tuple[str, Host]]) -> tuple[Any, ...]:
    count = sum(not _is_lead(each) for _, each in still)
    return host["tenant"], host["asset"], host["score"], host["grade"], count


def _is_lead(finding: Host) -> bool:
    return finding["confidence"] == "weak" or Severity(finding["severity"]).is_lead


def _row(host: Host, pair: tuple[str, Host], turn: Turn, was: Host) -> tuple[Any, ...]:
    """Return a row of ``finding``. One that does not fail now is as bad as it was."""
    failure, finding = pair
    fails = finding["verdict"] == "fail"
    now = finding if fails or not was else was
    lead = bool(was.get("lead", finding["verdict"] != "pass" and _is_lead(finding)))
    lead = _is_lead(finding) if fails else lead
    return (
        finding["uid"],
        host["tenant"],
        host["asset"],
        finding["vantage"],
        failure,
        finding["facet"],
        turn.value,
        now["severity"],
        was.get("severity", ""),
        Severity(now["severity"]).rank,
        lead,
        finding["suppressed"],
        finding["first_seen"],
        finding["days_open"],
        finding["summary"][:_MOST_SUMMARY],
    )
