"""Logs that real servers write of real sessions, handed over and read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scanner.api import ScanDocument
from scanner.api.job import validate
from scanner.logs import read_logs
from scanner.model.failure import FailureId
from scanner.model.finding import Finding, Verdict
from scanner.model.logs import AccountUse, LogDigest
from scanner.model.reading import Observed, Reason
from scanner.model.target import LogSource, Target
from scanner.wire.log_clock import LogClock
from scanner.wire.log_events import LogEvent
from scanner.wire.log_formats import parser
from tests.matrix.lab import findings, listed, row, scan_listed, write_targets
from tests.matrix.log_sessions import (
    ACCOUNT,
    SERVERS,
    anonymous_session,
    pureftpd,
    second_key,
    sessions_at_once,
    sessions_in_turn,
    short_session,
    vsftpd,
)
from tests.servers import Server
from tests.servers.packages import Prefix

SHARED, ZONE, WATCH = (
    FailureId.SHARED_ACCOUNT,
    FailureId.OPEN_ZONE,
    FailureId.MISSING_SUPERVISION,
)
TELL_SESSIONS = {"own", "system", "extended", "syslog", "auth", "console"}


@pytest.fixture(autouse=True)
def _programs(server_packages: Prefix) -> None:
    """Fail with a clear line where the servers cannot run."""


def digest_of(*logs: tuple[str, Path]) -> LogDigest:
    sources = tuple(LogSource(format=name, path=str(path), timezone="UTC") for name, path in logs)
    read = read_logs(Target(host="127.0.0.1", asset="a", logs=sources))
    assert isinstance(read, Observed), read
    return read.value


def use_in(digest: LogDigest) -> AccountUse:
    (found,) = (each for each in digest.accounts if each.username == ACCOUNT)
    return found


def networks(use: AccountUse) -> set[str]:
    return {each.network for each in use.sources}


def entry(server: Server, *logs: tuple[str, Path], **more: Any) -> dict[str, Any]:
    told = [{"format": name, "path": str(path), "timezone": "UTC"} for name, path in logs]
    return listed(server, logs=told, **more)


def facet(document: ScanDocument, failure: FailureId, name: str) -> Finding:
    return next(each for each in findings(document, failure) if each.facet == name)


@pytest.mark.parametrize("product", sorted(SERVERS))
def test_two_people_on_one_account_at_once_are_found_in_every_log(
    product: str, tmp_path: Path
) -> None:
    with SERVERS[product](tmp_path) as logged:
        sessions_at_once(logged, tmp_path)
        for name, log in logged.logs.items():
            digest = digest_of(log)
            (read,) = digest.sources
            assert (read.unparsed, read.cut) == (0, ()), (name, read.shapes)
            assert read.tells_sessions is (name in TELL_SESSIONS), name
            use = use_in(digest)
            assert networks(use) == {"127.0.1.0/24", "127.0.2.0/24"}, name
            (overlap,) = use.source_overlaps
            assert overlap.seconds >= 3, name
            assert len(use.key_overlaps) == bool(logged.server.host_keys)
        document = scan_listed(
            write_targets(tmp_path, entry(logged.server, *logged.logs.values())), tmp_path / "state"
        )
    found = facet(document, SHARED, "overlapping-sources")
    if logged.server.host_keys:
        # Two sources and two keys: two signs.
        assert found.verdict is Verdict.FAIL
        assert row(document, SHARED).verdict is Verdict.FAIL
        assert (
            second_key(tmp_path).fingerprint in use.key_overlaps[0].one + use.key_overlaps[0].other
        )
    else:
        assert (found.verdict, found.reason) == (Verdict.UNKNOWN, str(Reason.SUSPECTED))


@pytest.mark.parametrize("product", sorted(SERVERS))
def test_one_person_at_one_source_and_then_another_is_no_sign(product: str, tmp_path: Path) -> None:
    with SERVERS[product](tmp_path) as logged:
        sessions_in_turn(logged, tmp_path)
        for name, log in logged.logs.items():
            use = use_in(digest_of(log))
            assert networks(use) == {"127.0.1.0/24", "127.0.2.0/24"}, name
            assert (use.source_overlaps, use.key_overlaps) == ((), ()), name
        holders = [{"username": ACCOUNT, "holders": ["A"]}]
        targets = write_targets(
            tmp_path, entry(logged.server, *logged.logs.values(), accounts=holders)
        )
        document = scan_listed(targets, tmp_path / "state")
    assert facet(document, SHARED, "overlapping-sources").verdict is Verdict.PASS
    assert row(document, SHARED).verdict is Verdict.PASS


def test_entries_of_the_journal_and_dates_with_a_zone_tell_the_same(tmp_path: Path) -> None:
    with SERVERS["openssh"](tmp_path) as logged:
        sessions_at_once(logged, tmp_path)
        path = logged.logs["auth"][1]
        lines = path.read_text("utf-8").splitlines()
    path = tmp_path / "auth.log"
    path.write_text("\n".join(lines), "utf-8")
    plain = digest_of(("openssh", path))
    for name, write in (("journal", as_journal), ("rfc3339", as_rfc3339)):
        other = tmp_path / name
        other.write_text("\n".join(map(write, lines)), "utf-8")
        assert digest_of(("openssh", other)) == plain


LINE = re.compile(r"(\w{3} [ \d]\d \d\d:\d\d:\d\d) (\S+) ([^\[]+)\[(\d+)\]: (.*)")


def split(line: str) -> tuple[datetime, str, str, str, str]:
    found = LINE.fullmatch(line)
    assert found is not None, line
    day, *rest = found.groups()
    year = datetime.now(UTC).year
    when = datetime.strptime(f"{year} {day}", "%Y %b %d %H:%M:%S").replace(tzinfo=UTC)
    return (when, *rest)  # type: ignore[return-value]  # the pattern has as many groups


def as_journal(line: str) -> str:
    when, _, program, process, text = split(line)
    stamp = str(int(when.timestamp()) * 1_000_000)
    entry = {"__REALTIME_TIMESTAMP": stamp, "_PID": process, "SYSLOG_IDENTIFIER": program}
    return json.dumps({**entry, "MESSAGE": text})


def as_rfc3339(line: str) -> str:
    when, host, program, process, text = split(line)
    return f"{when.isoformat()} {host} {program}[{process}]: {text}"


@pytest.mark.parametrize("kind", ["clf", "stats", "w3c", "xferlog"])
def test_every_transfer_log_of_pure_ftpd_is_read(kind: str, tmp_path: Path) -> None:
    with pureftpd(tmp_path, kind) as logged:
        anonymous_session(logged.server)
        digest = digest_of(logged.logs[kind])
    assert digest.sources[0].unparsed == 0
    assert (digest.downloads, digest.uploads) == (1, 0)
    assert digest.anonymous.downloads == 1


@pytest.mark.parametrize("product", ["vsftpd", "proftpd", "pureftpd"])
def test_a_file_taken_by_nobody_is_proof_unless_its_area_is_public(
    product: str, tmp_path: Path
) -> None:
    with SERVERS[product](tmp_path) as logged:
        anonymous_session(logged.server)
        logs = list(logged.logs.values())[-1:]
        verdicts = []
        for state, public in (("one", "/elsewhere"), ("two", "/export")):
            targets = write_targets(
                tmp_path, entry(logged.server, *logs, areas={"public": [public]})
            )
            document = scan_listed(targets, tmp_path / state)
            logged.server.settle()
            verdicts.append(facet(document, ZONE, "anonymous-use").verdict)
            assert "canary" not in repr(document)
    # What the scanner itself took in between is no use by anybody.
    assert verdicts == [Verdict.FAIL, Verdict.PASS]


@pytest.mark.parametrize("product", sorted(SERVERS))
def test_the_scanners_own_visit_is_found_or_missed_in_the_logs(
    product: str, tmp_path: Path
) -> None:
    with SERVERS[product](tmp_path) as logged:
        name, path = next(log for kind, log in logged.logs.items() if kind in TELL_SESSIONS)
        kept = tmp_path / "handed-over.log"
        targets = write_targets(tmp_path, entry(logged.server, (name, kept)))

        def night(keep: Callable[[list[str]], list[str]]) -> Finding:
            short_session(logged, tmp_path)
            kept.write_text("\n".join(keep(path.read_text("latin-1").split("\n"))), "latin-1")
            document = scan_listed(targets, tmp_path / "state")
            logged.server.settle()
            return facet(document, WATCH, "log-freshness")

        assert night(list).reason == str(Reason.NOT_LOOKED_AT)
        assert night(list).verdict is Verdict.PASS
        read = parser(name, LogClock(UTC, datetime.now(UTC)))
        gone = night(lambda lines: [line for line in lines if not _is_ours(read(line))])
    assert gone.verdict is Verdict.FAIL, gone.summary
    assert "is missing in logs that cover it" in gone.summary


def _is_ours(event: LogEvent | None) -> bool:
    return getattr(event, "source", "") == "127.0.0.1"


def test_validate_tells_a_log_of_another_format(tmp_path: Path) -> None:
    with vsftpd(tmp_path) as logged:
        anonymous_session(logged.server)
        own = logged.logs["own"][1]
        wrong = entry(logged.server, ("openssh", own), ("vsftpd", own))
        (problem,) = validate(write_targets(tmp_path, wrong))
    assert "logs[0].path" in problem
    assert "is of the format openssh" in problem
