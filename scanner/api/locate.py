"""Rereads live what a finding is about, to show its files' names to whoever may see them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import field, replace
from pathlib import Path
from typing import Any

from scanner.api.audit import FILE as AUDIT
from scanner.api.audit import Deed, audited
from scanner.api.head import RunHead, read_head
from scanner.api.job import Clock, FileJob, nightly, utc_now
from scanner.api.workshop import workshop
from scanner.engine.observe import Sight
from scanner.errors import InputError
from scanner.intake.problem import shown
from scanner.model.failure import FailureId
from scanner.model.frozen import dataclass
from scanner.model.judged import NothingJudged
from scanner.model.mask import Mask
from scanner.model.observation import EndpointObservation, Observations, views_of
from scanner.model.reading import Observed, Unobserved
from scanner.model.target import Allow, Target
from scanner.model.view import FileFact
from scanner.sinks.run_folder import REPORT, RunFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class LocatedFile:
    """A file that the finding is about: its path as the server has it, and how it was reached."""

    path: bytes
    ways_in: tuple[str, ...]
    fact: FileFact


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """A finding of a run, and the files that it is about now. ``unseen`` says what could not be
    looked at this time.
    """

    asset: str
    failure: FailureId
    summary: str
    files: tuple[LocatedFile, ...]
    unseen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Remembering(Mask):
    """Masks as ever, and remembers in memory which path got which key."""

    paths: dict[str, bytes] = field(default_factory=dict, repr=False)

    def __call__(self, *parts: bytes) -> str:
        key = Mask.__call__(self, *parts)
        if len(parts) == 2 and parts[0] == b"path":
            self.paths[key] = parts[1]
        return key


async def locate(  # noqa: PLR0913 - each is a word of the command line
    run: Path,
    finding: str,
    *,
    targets: Path | None = None,
    history: Path | None = None,
    audit: Path | None = None,
    clock: Clock = utc_now,
) -> Located:
    """Scan the asset of a run's finding again and return the real names of its files.

    The scope, the hours and the credentials are those of the targets file, by default the run's.
    Names stay in memory: neither report, history nor audit log gets any. Logins count as those
    of a scan. Opt-in tests, such as the write test, are left out.
    Raises ``InputError`` where run or finding cannot be used, or the finding is about no file.
    """
    place = RunFolder.open(run)
    head = read_head(place)
    told = _finding(place, finding)
    job = nightly(targets or Path(head.targets), clock)
    target = _looking_alone(_target(job, told))
    deed = _deed(job, head, told)
    async with workshop(
        job, vantage=head.vantage, history=history, contact=None, clock=clock
    ) as shop:
        if (shut := shop.shut(target)) is not None:
            raise InputError(f"{target.asset}: {_why(shut)}")
        memory = _Remembering(shop.tools.mask.secret)
        # Read live: what is remembered of unchanged files is neither asked nor added to. A scan
        # needs proof, whoever mends needs every file.
        tools = replace(shop.tools, mask=memory, judged=NothingJudged(), stops_at_proof=False)
        sight = Sight(target=target, tools=tools)
        with audited(audit or run.parent / AUDIT, deed, clock) as trail:
            try:
                await sight.look()
            finally:
                seen = sight.observations()
                trail.asset(seen)
    return Located(
        asset=target.asset,
        failure=told.failure,
        summary=told.summary,
        files=tuple(_files(seen, memory.paths, _BELONGS[told.failure])),
        unseen=tuple(dict.fromkeys(_unseen(seen))),
    )


def _deed(job: FileJob, head: RunHead, told: _Told) -> Deed:
    return Deed(
        command="locate",
        uid=str(uuid.uuid4()),
        job=job,
        vantage=head.vantage,
        assets=1,
        about=f"{told.failure} of {told.asset}, run {head.uid}",
    )


def _looking_alone(target: Target) -> Target:
    """Return the target without what a scan may try beside looking: writes least of all."""
    trusts = target.allow.trust_on_first_use
    allow = Allow(trust_on_first_use=trusts)
    return replace(target, allow=allow, tls=replace(target.tls, rounds=0))


@dataclass(frozen=True, slots=True)
class _Told:
    asset: str
    failure: FailureId
    summary: str


def _finding(place: RunFolder, uid: str) -> _Told:
    """Look a finding up by its uid, or the beginning of it. Raises ``InputError``."""
    path = place.path / REPORT
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
        found = [each for each in _findings(report) if each[2]["uid"].startswith(uid)]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: not readable as a report ({type(error).__name__})") from error
    if len({each[2]["uid"] for each in found}) != 1:
        many = "several findings begin so; give more of it" if found else "no finding of that uid"
        raise InputError(f"{path}: {shown(uid)}: {many}")
    host, row, one = found[0]
    failure = FailureId(row["id"])
    if failure not in _BELONGS:
        raise InputError(f"{shown(uid)}: a finding of {failure} is about no file")
    return _Told(host["asset"], failure, one["summary"])


def _findings(report: dict[str, Any]) -> Iterator[tuple[Any, Any, Any]]:
    for host in report["hosts"]:
        for row in host["failures"]:
            for finding in row["findings"]:
                yield host, row, finding


def _target(job: FileJob, told: _Told) -> Target:
    for target in job.file.targets:
        if target.asset == told.asset:
            return target
    raise InputError(f"{told.asset}: no longer in {job.file.path}; name its file with --targets")


def _why(shut: Observations) -> str:
    reasons = (each.detail for each in shut.endpoints if (each.detail))
    return next(reasons, "outside its windows now")


def _has_harm(fact: FileFact) -> bool:
    content = fact.content
    return isinstance(content, Observed) and content.value.readable and bool(content.value.kinds)


def _is_ordered(fact: FileFact) -> bool:
    return bool(fact.orders)


_BELONGS: dict[FailureId, Callable[[FileFact], bool]] = {
    FailureId.OPEN_ZONE: lambda _: True,
    FailureId.CLEAR_STORAGE: _has_harm,
    FailureId.OVERDUE_DELETION: lambda _: True,
    FailureId.EXCESS_EXTRACTION: _is_ordered,
}
"""The failures that are about files, and which files each is about."""


def _files(
    seen: Observations, paths: dict[str, bytes], belongs: Callable[[FileFact], bool]
) -> Iterator[LocatedFile]:
    found: dict[str, LocatedFile] = {}
    for endpoint in seen.endpoints:
        for view in views_of(endpoint):
            way = f"{view.username} over {endpoint.protocol} {endpoint.port}"
            for fact in view.walk.files:
                path = paths.get(fact.key)
                if path is not None and belongs(fact):
                    known = found.get(fact.key)
                    ways = (*(known.ways_in if known else ()), way)
                    found[fact.key] = LocatedFile(
                        path=path, ways_in=tuple(dict.fromkeys(ways)), fact=fact
                    )
    yield from sorted(found.values(), key=lambda each: each.path)


def _unseen(seen: Observations) -> Iterator[str]:
    for endpoint in seen.endpoints:
        if endpoint.facts is None:
            yield f"{endpoint.protocol} {endpoint.port}: {endpoint.state}"
        else:
            yield from _shut_out(endpoint)
            yield from _left_out(endpoint)


def _left_out(endpoint: EndpointObservation) -> Iterator[str]:
    """Say what of an area that was looked into may hold further files of the finding."""
    for view in views_of(endpoint):
        way = f"{view.username} over {endpoint.protocol} {endpoint.port}"
        for left in view.walk.unread:
            yield f"{way}: {left.files} files were not read ({left.detail or left.reason})"
        for cause in view.walk.stopped:
            yield f"{way}: not everything was listed ({cause})"
        if view.walk.dropped:
            yield f"{way}: {view.walk.dropped} files are beyond what is kept of a walk"


def _shut_out(endpoint: EndpointObservation) -> Iterator[str]:
    for account in endpoint.facts.accounts if endpoint.facts is not None else ():
        if isinstance(account.view, Unobserved):
            why = account.view.detail or account.view.reason
            yield f"{account.username} over {endpoint.protocol} {endpoint.port}: {why}"
