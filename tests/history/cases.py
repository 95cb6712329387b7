"""Reports made up for one asset, a clock that is set by hand, and files with rights."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scanner.errors import HistoryError
from scanner.history import History
from scanner.model.attempts import Attempt, AttemptKind
from scanner.model.failure import CapTrigger, FailureId, Grade
from scanner.model.finding import (
    Assessment,
    Cap,
    Confidence,
    FailureResult,
    Finding,
    HostReport,
    MegabusMatch,
    Severity,
    Source,
    Verdict,
    finding_uid,
)
from scanner.model.listing import Outcome
from scanner.model.observation import (
    EndpointObservation,
    EndpointState,
    FtpFacts,
    Observations,
)
from scanner.model.reading import Observed
from scanner.model.recall import PastCap, Recall
from scanner.model.ssh import SshFacts
from scanner.model.target import Protocol
from scanner.model.view import AccountView, CredentialStatus, FileFact, OrderSeen, View, Walk
from scanner.scoring import cap_of

ROOT = Path(__file__).parents[2]
NIGHT = datetime(2031, 3, 1, 2, 0, tzinfo=UTC)
ADDRESS = "192.0.2.7"
NOBODY = 65534
PASSES, FAILS, UNKNOWN = Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN


class Clock:
    def __init__(self) -> None:
        self.now = NIGHT

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **length: float) -> None:
        self.now += timedelta(**length)


def night(number: int) -> datetime:
    return NIGHT + timedelta(days=number)


def text(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def uid(facet: str, vantage: str = "internet") -> str:
    return finding_uid("acme", "db1", vantage, FailureId.OPEN_ZONE, facet)


def finding(
    facet: str, verdict: Verdict, vantage: str = "internet", first_seen: str | None = None
) -> Finding:
    return Finding(
        uid=uid(facet, vantage),
        facet=facet,
        vantage=vantage,
        ways_in=(),
        verdict=verdict,
        source=Source.NETWORK,
        confidence=Confidence.PROOF,
        severity=Severity.HIGH,
        summary="",
        first_seen=first_seen,
    )


def cap(
    trigger: CapTrigger = CapTrigger.OPEN_LISTING,
    *,
    vantage: str = "internet",
    since: datetime = NIGHT,
    stale: bool = False,
) -> Cap:
    return cap_of(trigger, FailureId.OPEN_ZONE, vantage, text(since), stale)


def past(each: Cap) -> PastCap:
    return PastCap(
        trigger=each.trigger, failure=each.failure, vantage=each.vantage, since=each.since
    )


def file(key: str, size: int | None = 10) -> FileFact:
    return FileFact(key=key, directory="/out", extension="csv", size=size)


def order(files: int, *, found: bool = True, complete: bool = True) -> OrderSeen:
    return OrderSeen(
        order_id="ORD-1", patterns=("/out/*",), found=found, complete=complete, files=files
    )


def view(files: Sequence[FileFact] = (), orders: Sequence[OrderSeen] = ()) -> View:
    walk = Walk(
        directories=1,
        entries=len(files),
        bytes=0,
        stopped=(),
        outside_public=0,
        eligible=0,
        sampled=0,
        writable_claims=0,
        unparsed=0,
        orders=tuple(orders),
        files=tuple(files),
    )
    return View(username="mover", encrypted=True, home="/", root=Outcome.LISTED, walk=walk)


def account(seen: View) -> AccountView:
    return AccountView(username="mover", status=CredentialStatus.ACCEPTED, view=Observed(seen))


def observed(facts: FtpFacts | SshFacts, vantage: str = "internet") -> Observations:
    endpoint = EndpointObservation(
        port=2121,
        protocol=Protocol.AUTO,
        address=ADDRESS,
        declared=True,
        state=EndpointState.OPEN,
        facts=facts,
    )
    closed = EndpointObservation(
        port=21,
        protocol=Protocol.FTP,
        address=ADDRESS,
        declared=False,
        state=EndpointState.CLOSED,
    )
    return Observations(
        asset="db1",
        host="db1.example",
        vantage=vantage,
        started=text(NIGHT),
        finished=text(NIGHT),
        endpoints=(closed, endpoint),
    )


def over_sftp(*views: View, vantage: str = "internet") -> Observations:
    facts = SshFacts(
        identification=Observed("SSH-2.0-demo"), accounts=tuple(account(each) for each in views)
    )
    return observed(facts, vantage)


def report(
    *findings: Finding,
    caps: Sequence[Cap] = (),
    observations: Sequence[Observations] = (),
    asset: str = "db1",
) -> HostReport:
    rows = tuple(
        FailureResult(
            id=failure,
            verdict=UNKNOWN,
            source=None,
            confidence=None,
            severity=Severity.HIGH,
            summary="",
            findings=findings if failure is FailureId.OPEN_ZONE else (),
        )
        for failure in FailureId
    )
    assessment = Assessment(
        score=0.0,
        best_case=100.0,
        coverage=0.0,
        grade=Grade.U,
        worst=Grade.F,
        best=Grade.A,
        megabus_match=MegabusMatch(matched=0, cleared=0, unknown=9),
        caps=tuple(caps),
    )
    return HostReport(
        tenant="acme",
        asset=asset,
        host="db1.example",
        owner="",
        tags=(),
        judged_at=text(NIGHT),
        observations=tuple(observations),
        failures=rows,
        assessment=assessment,
    )


def recalled(history: History) -> Recall:
    return history.recall("acme", "db1")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@contextmanager
def refusing(*words: str) -> Iterator[None]:
    with pytest.raises(HistoryError) as caught:
        yield
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert word in message


def private(path: Path, content: bytes) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    path.chmod(0o600)
    return path


@contextmanager
def as_nobody() -> Iterator[Path]:
    """A folder of a user without privileges, and for a while that user's rights."""
    with tempfile.TemporaryDirectory() as folder:
        if os.geteuid() != 0:
            yield Path(folder)
            return
        os.chown(folder, NOBODY, NOBODY)
        os.seteuid(NOBODY)
        try:
            yield Path(folder)
        finally:
            os.seteuid(0)


def spend(history: History, count: int, address: str = ADDRESS) -> list[Attempt]:
    attempts = [history.reserve(address, AttemptKind.ACCOUNT) for _ in range(count)]
    return [attempt for attempt in attempts if attempt is not None]
