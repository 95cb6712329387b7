"""Finds again, live, the files of a finding: their names are told to whoever asks, and not kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from scanner.api.head import read_head
from scanner.api.hours import windows_of
from scanner.api.job import Clock, FileJob, nightly, utc_now
from scanner.api.nightly import OBSERVATIONS
from scanner.api.workshop import Workshop, workshop
from scanner.checks.personal import is_harmful
from scanner.checks.registry import all_checks
from scanner.engine.observe import Sight
from scanner.engine.record import decode
from scanner.engine.scope import Resolver
from scanner.errors import InputError
from scanner.history import default_path
from scanner.model.failure import FailureId
from scanner.model.finding import finding_uid
from scanner.model.judged import NothingJudged
from scanner.model.observation import EndpointObservation, FtpFacts, Observations
from scanner.model.reading import Observed
from scanner.model.target import Target
from scanner.model.view import FileFact, View
from scanner.probes.locator import LocatedFile, Locator, Login
from scanner.sinks.run_folder import RunFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class LocateRequest:
    """Which finding of which run. ``targets`` and ``history`` are those of the run by default."""

    run: Path
    uid: str
    targets: Path | None = None
    history: Path | None = None
    contact: str | None = None
    clock: Clock = utc_now
    resolver: Resolver | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """What was found again. ``files`` hold names in clear: for a terminal, never to be stored.

    ``ways`` says how a reader names each login; ``missing`` counts files that are gone or were not
    reached; ``unreached`` are the logins that could not look.
    """

    asset: str
    vantage: str
    failure: FailureId
    facet: str
    files: tuple[LocatedFile, ...] = field(repr=False)
    ways: Mapping[Login, str]
    missing: int
    unreached: tuple[str, ...]


async def locate(request: LocateRequest) -> Located:
    """Look again at the files of a finding, with the scope, hours and credentials of a scan.

    Nothing is judged, remembered or written but the logins that are tried. Raises ``InputError``
    for a finding that is not of this run or not about files, and for whatever a run refuses.
    """
    place = RunFolder.open(request.run)
    head = read_head(place)
    job = nightly(request.targets or Path(head.targets), request.clock)
    sought = _sought(place, job, request.uid)
    history = request.history or default_path()
    if not history.is_file():
        told = f"{history}: no history; name that of the run with --history"
        raise InputError(f"{told}: its key tells the files apart")
    async with workshop(
        job,
        vantage=sought.vantage,
        history=history,
        contact=request.contact,
        clock=request.clock,
        resolver=request.resolver,
    ) as shop:
        return await _looked(sought, shop)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sought:
    target: Target
    vantage: str
    failure: FailureId
    facet: str
    wanted: Mapping[Login, frozenset[str]]


def _sought(place: RunFolder, job: FileJob, uid: str) -> _Sought:
    """Return whose files are looked for. Lines of other assets are not read beyond their names."""
    targets = {target.asset: target for target in job.file.targets}
    for line in place.lines(OBSERVATIONS):
        try:
            plain = json.loads(line)
            asset, vantages = plain["asset"], {each["vantage"] for each in plain["observations"]}
        except (ValueError, LookupError, TypeError) as error:
            told = f"{place.path / OBSERVATIONS}: not a record of observations"
            raise InputError(f"{told}; scan again") from error
        target = targets.get(asset)
        meant = _meant(uid, target, vantages) if target else None
        if target is not None and meant is not None:
            vantage, failure, facet = meant
            looks = [look for look in _record(place, line) if look.vantage == vantage]
            wanted = _wanted(looks, _concerning(failure, facet))
            return _Sought(
                target=target, vantage=vantage, failure=failure, facet=facet, wanted=wanted
            )
    told = f"{uid}: no finding about files of {place.path}"
    raise InputError(f"{told}; take the uid of one from its report.json")


def _record(place: RunFolder, line: str) -> tuple[Observations, ...]:
    try:
        return decode(line).observations
    except ValueError as error:
        raise InputError(f"{place.path / OBSERVATIONS}: {error}; scan again") from error


def _meant(uid: str, target: Target, vantages: set[str]) -> tuple[str, FailureId, str] | None:
    """Return vantage, failure and facet of a finding, where its uid is one of this target."""
    for vantage in vantages:
        for failure, facet in _about_files():
            if finding_uid(target.tenant, target.asset, vantage, failure, facet) == uid:
                return vantage, failure, facet
    return None


def _is_ordered(file: FileFact) -> bool:
    return bool(file.orders)


def _is_elsewhere(file: FileFact) -> bool:
    return not file.orders


_CONCERNING: Mapping[FailureId, Callable[[FileFact], bool]] = {
    FailureId.OPEN_ZONE: is_harmful,
    FailureId.CLEAR_STORAGE: is_harmful,
    FailureId.OVERDUE_DELETION: _is_elsewhere,
    FailureId.UNCONTROLLED_MIGRATION: is_harmful,
    FailureId.EXCESS_EXTRACTION: _is_ordered,
    FailureId.MISSING_CONTRACT: is_harmful,
}
"""The failures that are about files, and which files those are."""


@cache
def _about_files() -> tuple[tuple[FailureId, str], ...]:
    return tuple(
        (check.id, facet.id)
        for check in all_checks()
        if check.id in _CONCERNING
        for facet in check.facets
    )


def _concerning(failure: FailureId, facet: str) -> Callable[[FileFact], bool]:
    return _is_ordered if facet == "declared-deadline" else _CONCERNING[failure]


def _wanted(
    looks: Sequence[Observations], concerning: Callable[[FileFact], bool]
) -> dict[Login, frozenset[str]]:
    """Return the keys of the files by the login that saw them."""
    wanted: dict[Login, set[str]] = {}
    for look in looks:
        for endpoint in look.endpoints:
            for view in _views(endpoint):
                keys = {file.key for file in view.walk.files if concerning(file)}
                if keys:
                    wanted.setdefault((endpoint.port, view.username), set()).update(keys)
    return {login: frozenset(keys) for login, keys in wanted.items()}


def _views(endpoint: EndpointObservation) -> Iterator[View]:
    facts = endpoint.facts
    if facts is None:
        return
    readings = [account.view for account in facts.accounts]
    if isinstance(facts, FtpFacts):
        readings.append(facts.anonymous_view)
    for reading in readings:
        if isinstance(reading, Observed):
            yield reading.value


async def _looked(sought: _Sought, shop: Workshop) -> Located:
    target = _harmless(sought)
    if shop.shut(target) is not None:
        told = f"{target.asset}: outside its windows now"
        raise InputError(f"{told}; look within {windows_of(target)}")
    locator = Locator(wanted=sought.wanted)
    # What is remembered of a file is not asked: a person wants to know how it is now.
    tools = replace(shop.tools, judged=NothingJudged(), locator=locator)
    ports = frozenset(port for port, _ in sought.wanted)
    sight = Sight(target=target, tools=tools, only=ports)
    if ports:
        await sight.look()
    found = {(each.login, each.key) for each in locator.found}
    keys = sum(len(keys) for keys in sought.wanted.values())
    named = _named(sight.observations() if ports else None, sought.wanted)
    return Located(
        asset=target.asset,
        vantage=sought.vantage,
        failure=sought.failure,
        facet=sought.facet,
        files=tuple(sorted(locator.found, key=lambda each: (each.login, each.path))),
        ways=named,
        missing=keys - len(found),
        unreached=tuple(named[each] for each in sought.wanted if each not in locator.reached),
    )


def _harmless(sought: _Sought) -> Target:
    """Return the target with the logins that saw the files alone, and nothing tried beside."""
    target, names = sought.target, {username for _, username in sought.wanted}
    return replace(
        target,
        accounts=tuple(account for account in target.accounts if account.username in names),
        allow=replace(
            target.allow, write_test=False, empty_password=False, drill=False, shell_test=False
        ),
        tls=replace(target.tls, rounds=0),
    )


def _named(seen: Observations | None, logins: Mapping[Login, object]) -> dict[Login, str]:
    ways = {endpoint.port: endpoint.way_in for endpoint in seen.endpoints} if seen else {}
    return {(port, name): f"{ways.get(port, f'port {port}')} as {name}" for port, name in logins}
