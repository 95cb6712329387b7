"""Reads the logs that an operator handed over for one asset into one digest; judges none of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from ipaddress import ip_network
from pathlib import Path
from zoneinfo import ZoneInfo

from scanner.intake.files import shown_path
from scanner.intake.log_files import LogFile, LogSet, log_files
from scanner.model.case import moment
from scanner.model.logs import LogDigest, not_read
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.target import LogSource, Target
from scanner.model.visit import Visit
from scanner.probes.places import Places, normal_path
from scanner.wire.log_clock import LogClock
from scanner.wire.log_events import LineParser, shape
from scanner.wire.log_fold import LogFold
from scanner.wire.log_formats import FORMATS, is_heading, parser
from scanner.wire.log_plan import LogPlan
from scanner.wire.log_plan import Visit as Stay

GLANCE = 1_000
"""Lines at the start of a file that tell whether it is of the format that is declared."""


def read_logs(
    target: Target, visits: Sequence[Visit] = (), *, stop: Callable[[], bool] = lambda: False
) -> Reading[LogDigest]:
    """Return what the target's logs hold. A file that cannot be read is told as what was cut.

    ``Unobserved`` where none are declared, or no line of them could be read. Never raises.
    Asked once in a mebibyte, ``stop`` may end it early: nothing is then concluded.
    """
    if not target.logs:
        return not_read(target)
    fold = LogFold(_plan(target, visits))
    for index, source in enumerate(target.logs):
        if not _read(fold, f"logs[{index}]", source, stop):
            return not_read(target)
    digest = fold.digest()
    lines = sum(each.lines - each.unparsed for each in digest.sources)
    if lines == 0:
        return Unobserved(Reason.UNREADABLE, _why_nothing(digest))
    return Observed(digest)


def check_logs(target: Target) -> tuple[str, ...]:
    """Return one line for every log that cannot be read, or is of another format than is declared.

    Reads the first lines of each file alone, and repeats none of them.
    """
    return tuple(
        f"logs[{index}].{fault}"
        for index, source in enumerate(target.logs)
        for fault in _faults(source)
    )


def _faults(source: LogSource) -> Iterator[str]:
    if source.format not in FORMATS:
        yield f"format: {source.format}: is no format that is read; see docs/logs.md"
        return
    found = log_files(source.path)
    name = shown_path(Path(source.path))
    if found.cut:
        yield f"path: {name}: names {found.cut}; hand over fewer"
    for file in found.files:
        fault = _fault(source, file)
        if fault:
            yield f"path: {shown_path(file.path)}: {fault}"


def _fault(source: LogSource, file: LogFile) -> str:
    lines, cut = file.first_lines(GLANCE)
    if cut:
        return cut
    told = [line for line in lines if line and not is_heading(line)]
    read = _parser(source, file.changed)
    missed = [line for line in told if read(line) is None]
    if told and len(missed) == len(told):
        return f"none of its first {len(told)} lines is of the format {source.format}"
    if len(missed) * 10 > len(told):
        such = f"{len(missed)} of its first {len(told)} lines are not of the format {source.format}"
        return f"{such}, such as {shape(missed[0])!r}"
    return ""


def _read(fold: LogFold, place: str, source: LogSource, stop: Callable[[], bool]) -> bool:
    found = log_files(source.path)
    entry = fold.source(place, source.format)
    cut = [found.cut] if found.cut else []
    if not found.files:
        cut.append("names no file")
    if source.format in FORMATS:
        for file, newest in _in_turn(source, found):
            read = _parser(source, newest)
            for lines in file.lines():
                if stop():
                    return False
                entry.feed(lines, read)
            if file.cut:
                cut.append(file.cut)
    else:
        cut.append("is of no format that is read")
    entry.done(len(found.files), tuple(dict.fromkeys(cut)))
    return True


def _in_turn(source: LogSource, found: LogSet) -> list[tuple[LogFile, datetime]]:
    """Pair each file, the oldest first, with a moment that no line of it lies after.

    Dates without a year need it: a file's lines are no younger than the file, nor than the first
    line of the file that rotation began next.
    """
    paired: list[tuple[LogFile, datetime]] = []
    latest: datetime | None = None
    for file in reversed(found.files):
        newest = file.changed if latest is None else min(file.changed, latest)
        paired.append((file, newest))
        latest = _first_moment(source, file, newest) or newest
    return paired[::-1]


def _first_moment(source: LogSource, file: LogFile, newest: datetime) -> datetime | None:
    read = _parser(source, newest)
    for line in file.first_lines(GLANCE)[0]:
        event = read(line)
        if event is not None:
            return datetime.fromtimestamp(event.at, UTC)
    return None


def _parser(source: LogSource, newest: datetime) -> LineParser:
    return parser(source.format, LogClock(ZoneInfo(source.timezone or "UTC"), newest))


def _plan(target: Target, visits: Sequence[Visit]) -> LogPlan:
    places = Places.declared(target.areas, target.migrations)
    zone = ZoneInfo(target.timezone)
    return LogPlan(
        zone=lambda path: places.zone(normal_path(path)),
        orders=lambda path: tuple(
            order.migration.order_id for order in places.orders_of(normal_path(path))
        ),
        spans={
            order.order_id: (
                _midnight(order.ordered_on, zone),
                _midnight(order.migration_end, zone, days=1),
            )
            for order in target.migrations
        },
        networks={
            account.username: tuple(ip_network(each, strict=False) for each in account.networks)
            for account in target.accounts
            if account.networks
        },
        visits=tuple(
            Stay(
                start=int(moment(visit.started).timestamp()),
                end=int(moment(visit.finished).timestamp()),
                sources=frozenset(visit.sources),
            )
            for visit in visits
        ),
    )


def _midnight(day: date | None, zone: tzinfo, *, days: int = 0) -> int | None:
    """Return the moment when a day, or one some days later, begins."""
    if day is None or day == date.max:
        return None
    begin = datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(days=days)
    return int(begin.timestamp())


def _why_nothing(digest: LogDigest) -> str:
    if digest.cut:
        return digest.cut
    lines = sum(each.lines for each in digest.sources)
    return f"none of {lines} lines is of the format that is declared" if lines else "logs are empty"
