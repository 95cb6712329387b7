"""What the events of a host are made of: of each row what many hosts share, and the host's own."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from ipaddress import ip_address
from typing import Any, NamedTuple, TypeAlias

from scanner.model.finding import finding_uid
from scanner.model.reading import Reason
from scanner.model.scan import ScanHeader
from scanner.model.text import neutralise
from scanner.report.controls import ControlWords, control_words
from scanner.report.event_evidence import evidences, pieces_of
from scanner.report.moments import milliseconds, written
from scanner.report.situation import Activity, Compliance, Situation, Situations, Status

NAME = "ftpscan"
_SPACE = uuid.UUID("5f2a3f0e-9c0b-5d8e-8a9a-6f1d3f0c7b21").bytes
_WAY_IN = re.compile(r"(ftps?|sftp) (\[[^\]]+\]|[^ ]+):([0-9]{1,5})(?: |$)")
_Findings: TypeAlias = Sequence[Mapping[str, Any]]
_Ways: TypeAlias = Sequence[tuple[str, str, int]]
_MOST_WAYS = 8
_MOST_MESSAGE = 300


class Shared(NamedTuple):
    """What a row's event says that those of many other hosts say, too. ``proven``: it shows
    evidence.
    """

    vantage: str
    failure: str
    summary: str
    remedy: str
    reason: str
    source: str
    confidence: str
    verdict: str
    change: str
    activity: Activity
    status: Status
    compliance: Compliance
    severity: str
    port: int
    protocol: str
    proven: bool


class Own(NamedTuple):
    """What it says of its host alone. All of it is what ``tell`` made of it."""

    time: Any
    time_dt: Any
    start: Any
    end: Any
    tenant: Any
    asset: Any
    score: Any
    grade: Any
    decoy: Any
    breach: Any
    message: Any
    uid: Any
    identity: Any
    since: Any
    days: Any
    device: Any
    resources: Any
    evidences: Any


Told: TypeAlias = tuple[Shared, ControlWords, Own]
_Tell: TypeAlias = Callable[[Any], Any]


def event_uid(scan: str, what: str) -> str:
    """Return ``metadata.uid``: the same for the same scan and matter, however often it is sent."""
    named = hashlib.sha1(_SPACE + f"{scan}\x00{what}".encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(named[16], 16) & 3]  # a UUID of version 5, as RFC 9562 writes it
    return f"{named[:8]}-{named[8:12]}-5{named[13:16]}-{variant}{named[17:20]}-{named[20:32]}"


def row_uid(tenant: str, asset: str, vantage: str, failure: str) -> str:
    """Return ``finding_info.uid`` of a row: the same on every night."""
    return f"{NAME}:{finding_uid(tenant, asset, vantage, failure, '')}"


def _itself(value: Any) -> Any:
    return value


def rows_told(
    header: ScanHeader, host: Mapping[str, Any], told: Situations, tell: _Tell = _itself
) -> Iterator[Told]:
    """Yield what the event of each vantage and failure of a host document is made of.

    ``told`` are the situations of its rows. A host that an interruption left unseen has none.
    """
    if _cut_short(host):
        return
    for look in host["vantages"]:
        about = _Look(header, host, look, tell)
        for row in host["failures"]:
            yield about.row(row, told[look["vantage"], row["id"]])


class _Look:
    """What the events of one host from one vantage have in common: told once for all of them."""

    def __init__(
        self, header: ScanHeader, host: Mapping[str, Any], look: Mapping[str, Any], tell: _Tell
    ) -> None:
        self._scan = header.uid
        self._host = host
        self._vantage = look["vantage"]
        self._tell = tell
        self._at = milliseconds(host["judged_at"])
        self._pieces = pieces_of(host)
        self._places: dict[tuple[tuple[str, str, int], ...], tuple[Any, Any]] = {}
        self._common = [
            tell(each)
            for each in (
                self._at,
                written(self._at),
                milliseconds(look["started"]),
                milliseconds(look["finished"]),
                host["tenant"],
                host["asset"],
                host["score"],
                host["grade"],
                host["decoy"] is not None,
                host["breach_candidate"] is not None,
            )
        ]

    def row(self, row: Mapping[str, Any], said: Situation) -> Told:
        """Return what the event of one row is made of."""
        chief = _chief(said)
        ways = _ways(chief, self._host)
        named = [one for each in chief for one in each["evidence"]]
        shown = evidences(self._pieces, named) if named else []
        protocol, _, port = ways[0] if ways else ("", "", 0)
        shared = Shared(
            self._vantage,
            row["id"],
            row["summary"],
            row["remedy"],
            row["reason"],
            row["source"] or "",
            row["confidence"] or "",
            said.verdict,
            str(said.change),
            said.activity,
            said.status,
            said.compliance,
            said.severity,
            port,
            protocol,
            bool(shown),
        )
        return shared, control_words(row), self._own(shared, chief, ways, shown)

    def _own(
        self, shared: Shared, chief: _Findings, ways: _Ways, shown: Sequence[Mapping[str, Any]]
    ) -> Own:
        host, tell = self._host, self._tell
        identity = row_uid(host["tenant"], host["asset"], self._vantage, shared.failure)
        place = f" {shared.protocol}/{shared.port}" if ways else ""
        said = f"{shared.failure} {shared.verdict.upper()}: {shared.summary}"
        fails = shared.verdict == "fail"
        mine = (
            tell(neutralise(f"{host['asset']}{place} {said}", _MOST_MESSAGE)),
            tell(event_uid(self._scan, identity)),
            tell(identity),
            tell(_since(chief, self._at) if fails else None),
            tell(max((each["days_open"] for each in chief), default=0) if fails else 0),
            *self._place(ways),
            tell(shown),
        )
        return Own._make((*self._common, *mine))

    def _place(self, ways: _Ways) -> tuple[Any, Any]:
        """Return device and resources: most rows of a host show at the same port."""
        key = tuple(ways)
        if key not in self._places:
            device, resources = _device(self._host, ways), _resources(self._host, ways)
            self._places[key] = (self._tell(device), self._tell(resources))
        return self._places[key]


def _cut_short(host: Mapping[str, Any]) -> bool:
    unseen = (look["unreached"] for look in host["vantages"])
    whys = [why["unobserved"] for why in unseen if why is not None]
    return Reason.INTERRUPTED in {*whys, *(each["reason"] for each in host["endpoints"])}


def _since(chief: _Findings, at: int) -> int:
    """Return since when a row fails."""
    seen = (milliseconds(each["first_seen"]) for each in chief if each["first_seen"])
    return min(seen, default=at)


def _device(host: Mapping[str, Any], ways: _Ways) -> dict[str, Any]:
    address = ways[0][1] if ways else next(iter(host["addresses"]), None)
    return {
        "uid": f"asset:{host['asset']}",
        "hostname": neutralise(host["host"], 255),
        **({} if address is None else {"ip": address}),
        "type_id": 1,
        "type": "Server",
    }


def _resources(host: Mapping[str, Any], ways: _Ways) -> list[dict[str, str]]:
    if not ways:
        return [{"uid": f"asset:{host['asset']}", "name": host["asset"], "type": "File server"}]
    return [
        {
            "uid": f"asset:{host['asset']}:tcp/{port}",
            "name": f"{address}:{port}",
            "type": f"{protocol.upper()} service",
        }
        for protocol, address, port in ways[:_MOST_WAYS]
    ]


def _chief(said: Situation) -> _Findings:
    """Return the findings that speak for the row: the failing ones, leads apart, or all."""
    failing = [each for each in said.findings if each["verdict"] == "fail" and not each["lead"]]
    return failing or list(said.findings)


def _ways(chief: _Findings, host: Mapping[str, Any]) -> _Ways:
    """Return protocol, address and port of each way in, those of the chief findings first."""
    texts = [way for each in chief for way in each["ways_in"]]
    found = [_way(text) for text in texts]
    ways = [way for way in found if way is not None]
    if not ways:
        ways = [
            (each["protocol"], each["address"], each["port"])
            for each in host["endpoints"]
            if each["declared"] and each["address"]
        ]
    return list(dict.fromkeys(ways))


@lru_cache(maxsize=1_000)
def _way(text: str) -> tuple[str, str, int] | None:
    read = _WAY_IN.match(text)
    if read is None:
        return None
    try:
        address = str(ip_address(read[2].strip("[]")))
    except ValueError:
        return None
    return read[1], address, int(read[3])
