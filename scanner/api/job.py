"""What may be scanned, by whose leave: settled before the first packet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from ipaddress import ip_address
from itertools import chain
from pathlib import Path

from scanner import targets as targets_file
from scanner.api.hours import is_open, windows_of
from scanner.dossier import check_papers, check_policy
from scanner.engine.scope import Scope
from scanner.errors import InputError, NotAuthorisedError
from scanner.intake.problem import shown
from scanner.model.frozen import dataclass
from scanner.model.target import Authorisation, Endpoint, Exclusion, Protocol, Target, TargetsFile
from scanner.secrets import check_all, check_logins

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the moment, aware, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """An authorised job. ``file`` is ``None`` for an ad-hoc scan without a targets file."""

    authorisation: Authorisation
    scope: Scope
    base: Path
    file: TargetsFile | None = None

    @property
    def first_vantage(self) -> str:
        """Where the run stands unless told otherwise."""
        return self.file.default_vantages[0] if self.file else "internal"

    @property
    def connections(self) -> int:
        """How many assets may be scanned at once."""
        return self.file.limits.connections if self.file else 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FileJob(Job):
    """A job that a targets file lists."""

    file: TargetsFile

    def stand(self, vantage: str | None) -> str:
        """Return where the run stands. Raises ``InputError`` where no target is seen from."""
        chosen = vantage or self.first_vantage
        known = sorted({name for target in self.file.targets for name in target.vantages})
        if known and chosen not in known:
            told = f"no target of {self.file.path} lists the vantage {shown(chosen)}"
            raise InputError(f"{told}; give --vantage with one of: {', '.join(known)}")
        return chosen


def vantages_of(job: FileJob, chosen: str | None) -> tuple[str, ...]:
    """Return from where a run over a broker looks: from everywhere, unless one is chosen.

    Raises ``InputError`` where no target is seen from the chosen one.
    """
    if chosen is not None:
        return (job.stand(chosen),)
    listed = (name for target in job.file.targets for name in target.vantages)
    return tuple(dict.fromkeys(listed)) or (job.first_vantage,)


def nightly(path: Path, clock: Clock, *, logins: bool = True) -> FileJob:
    """Load a targets file for a scan. Raises ``InputError`` with all that cannot be used:
    policies and logins. Without ``logins`` others resolve the secrets, where they look.

    Secrets of deliveries and drills are not asked for: a scan needs those of accounts alone.
    """
    job = authorised(path, clock)
    # One policy serves many targets: it is read, and its faults are told, once.
    policies = {one.policy: one for one in chain((job.file.template,), job.file.targets)}
    faults = [line for one in policies.values() for line in check_policy(one)]
    problems = (*faults, *(check_logins(job.file) if logins else ()))
    if problems:
        raise InputError(*problems)
    return job


def authorised(path: Path, clock: Clock) -> FileJob:
    """Load a targets file whose authorisation still holds, without asking for its secrets."""
    file = targets_file.load_targets(path)
    problems = targets_file.check_authorisation(file.authorisation, clock().date())
    if problems:
        raise InputError(*problems)
    return FileJob(
        file=file,
        authorisation=file.authorisation,
        scope=Scope(file.authorisation, tuple(_holding(file.exclude, clock().date()))),
        base=path.parent,
    )


def _holding(exclude: Iterable[Exclusion], today: date) -> Iterator[Exclusion]:
    return (each for each in exclude if each.until is None or today <= each.until)


def _without_logins(path: Path, clock: Clock) -> FileJob:
    return authorised(path, clock)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdHoc:
    """One asset to be scanned now. ``only`` are the ports that are asked; ``None``: all."""

    job: Job
    target: Target
    vantage: str
    only: frozenset[int] | None = None


def ad_hoc(  # noqa: PLR0913 - each is a word of the command line
    host: str,
    *,
    port: int | None,
    protocol: Protocol,
    targets: Path | None,
    authorised: str | None,
    vantage: str | None,
    clock: Clock,
    logins: bool = True,
) -> AdHoc:
    """Return what one ``scan host`` is to do. Without ``logins`` no secret has to be there.

    Raises ``NotAuthorisedError`` when no targets file, reference or loopback address covers it,
    ``InputError`` outside the target's windows.
    """
    if targets is not None:
        job = nightly(targets, clock) if logins else _without_logins(targets, clock)
        return _in_hours(_listed(host, port, protocol, job, vantage or job.first_vantage), clock)
    plain = targets_file.target_for_host(host, port, protocol)
    if authorised:
        scope = Scope.for_host(host)
    elif is_loopback(host):
        scope = Scope.loopback_only()
    else:
        raise NotAuthorisedError(
            f"{host}: nothing authorises this scan; give --targets FILE whose scope covers it, "
            "or --authorised REFERENCE"
        )
    leave = Authorisation(reference=authorised or "loopback")
    alone = Job(authorisation=leave, scope=scope, base=Path())
    stand = vantage or alone.first_vantage
    return AdHoc(job=alone, target=replace(plain, vantages=(stand,)), vantage=stand)


def _listed(host: str, port: int | None, protocol: Protocol, job: FileJob, stand: str) -> AdHoc:
    target = targets_file.find_target(job.file, host, port)
    if target is None:
        if not job.scope.admits_name(host):
            told = f"{host}: outside the scope of {job.file.path}; add it to authorisation.scope"
            raise NotAuthorisedError(told)
        plain = targets_file.target_for_host(host, port, protocol)
        return AdHoc(job=job, target=_as_listed(plain, job.file.template, stand), vantage=stand)
    if port is None:
        return AdHoc(job=job, target=target, vantage=stand)
    if all(endpoint.port != port for endpoint in target.endpoints):
        asked = Endpoint(port=port, protocol=protocol)
        target = replace(target, endpoints=(*target.endpoints, asked))
    return AdHoc(job=job, target=target, vantage=stand, only=frozenset({port}))


def _as_listed(plain: Target, template: Target, stand: str) -> Target:
    """Give a host that the file does not list the file's tenant and defaults."""
    return replace(
        template,
        host=plain.host,
        asset=plain.asset,
        endpoints=plain.endpoints,
        vantages=(stand,),
    )


def _in_hours(wanted: AdHoc, clock: Clock) -> AdHoc:
    if why := wanted.job.scope.exclusion_of(wanted.target.host):
        raise NotAuthorisedError(f"{wanted.target.asset}: {why}")
    if not is_open(wanted.target, clock()):
        told = f"{wanted.target.asset}: outside its windows now"
        raise InputError(f"{told}; scan it within {windows_of(wanted.target)}")
    return wanted


def is_loopback(host: str) -> bool:
    """Whether the name or address means this very machine."""
    if host.rstrip(".").lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def validate(targets: Path) -> tuple[str, ...]:
    """Return every problem of a targets file, its papers and its secrets, one line each."""
    from scanner.logs import check_logs  # noqa: PLC0415 - a scan reads what is there, unchecked

    try:
        file = targets_file.load_targets(targets)
    except InputError as error:
        return error.problems
    papers = (
        f"{target.asset}: {line}"
        for target in file.targets
        for line in (*check_papers(target), *check_logs(target))
    )
    today = utc_now().date()
    leave = targets_file.check_authorisation(file.authorisation, today)
    return (*leave, *targets_file.paper_gaps(file, today), *papers, *check_all(file))
