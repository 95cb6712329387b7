"""What may be scanned, by whose leave: settled before the first packet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

from scanner import targets as targets_file
from scanner.dossier import check_papers
from scanner.engine.scope import Scope
from scanner.errors import InputError, NotAuthorisedError
from scanner.model.target import Authorisation, Endpoint, Protocol, Target, TargetsFile
from scanner.secrets import check_all

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


def nightly(path: Path, clock: Clock) -> FileJob:
    """Load a targets file for a scan. Raises ``InputError`` with all that cannot be used."""
    job = authorised(path, clock)
    problems = check_all(job.file)
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
        scope=Scope(file.authorisation),
        base=path.parent,
    )


def ad_hoc(  # noqa: PLR0913 - each is a word of the command line
    host: str,
    *,
    port: int | None,
    protocol: Protocol,
    targets: Path | None,
    authorised: str | None,
    clock: Clock,
) -> tuple[Job, Target]:
    """Return the job and the target of one ``scan host``.

    Raises ``NotAuthorisedError`` when no targets file, reference or loopback address covers it.
    """
    if targets is not None:
        return _listed(host, port, protocol, nightly(targets, clock))
    target = targets_file.target_for_host(host, port, protocol)
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
    return Job(authorisation=leave, scope=scope, base=Path()), target


def _listed(
    host: str, port: int | None, protocol: Protocol, job: FileJob
) -> tuple[FileJob, Target]:
    target = targets_file.find_target(job.file, host, port)
    if target is None:
        if not job.scope.admits_name(host):
            told = f"{host}: outside the scope of {job.file.path}; add it to authorisation.scope"
            raise NotAuthorisedError(told)
        return job, targets_file.target_for_host(host, port, protocol)
    if port is None:
        return job, target
    listed = tuple(endpoint for endpoint in target.endpoints if endpoint.port == port)
    asked = Endpoint(port=port, protocol=protocol)
    return job, replace(target, endpoints=listed or (asked,))


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
    try:
        file = targets_file.load_targets(targets)
    except InputError as error:
        return error.problems
    papers = (f"{target.asset}: {line}" for target in file.targets for line in check_papers(target))
    leave = targets_file.check_authorisation(file.authorisation, utc_now().date())
    return (*leave, *papers, *check_all(file))
