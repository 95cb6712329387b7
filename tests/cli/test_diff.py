"""Two runs compared, from their reports alone."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from scanner.api.difference import compare, run_before
from scanner.errors import InputError
from scanner.model.failure import Grade
from scanner.model.finding import Confidence, HostReport, Severity, Verdict
from scanner.model.observation import IdentityDifference
from scanner.model.target import Protocol
from scanner.report.difference import difference_document, difference_text
from scanner.schemas.catalogue import load_schema
from tests.cli.shell import scan
from tests.report.nights import FIRST, SECOND, asset, said, written

PASS, UNKNOWN = Verdict.PASS, Verdict.UNKNOWN
HOSTILE = "\x1b[2J\u202e; rm -rf / \r\nfake line <script>"


def told(older: Path, newer: Path | None = None) -> dict[str, Any]:
    with compare(older, newer, Severity.HIGH) as compared:
        document: dict[str, Any] = json.loads("".join(difference_document(compared.difference)))
    jsonschema.validate(document, load_schema("difference"))
    return document


def turns(document: Mapping[str, Any]) -> dict[str, str]:
    return {each["facet"]: each["turn"] for each in document["findings"]}


def between(tmp_path: Path, before: HostReport, after: HostReport) -> dict[str, Any]:
    older = written(tmp_path, FIRST, [before])
    return told(older, written(tmp_path, SECOND, [after]))


def test_each_finding_has_its_turn(tmp_path: Path) -> None:
    before = asset("files", *map(said, ("kept", "worse", "mended", "silent", "unasked")))
    after = asset(
        "files",
        said("kept"),
        said("worse", severity=Severity.CRITICAL),
        said("mended", PASS),
        said("silent", UNKNOWN, severity=Severity.HIGH),
        said("fresh", first_seen=SECOND),
        said("never", PASS, first_seen=None),
    )
    document = between(tmp_path, before, after)
    assert turns(document) == {
        "kept": "unchanged",
        "worse": "changed",
        "mended": "resolved",
        "silent": "untold",
        "unasked": "untold",
        "fresh": "new",
    }
    assert document["delta"] == {
        "new": 1,
        "changed": 1,
        "resolved": 1,
        "unchanged": 1,
        "untold": 2,
    }
    (worse,) = (each for each in document["findings"] if each["facet"] == "worse")
    assert (worse["was"], worse["severity"]) == ("high", "critical")


def test_a_fail_that_could_not_be_told_meanwhile_is_not_new(tmp_path: Path) -> None:
    silent = said("listing", UNKNOWN, severity=Severity.HIGH)
    assert turns(between(tmp_path, asset("files", silent), asset("files", said("listing")))) == {
        "listing": "unchanged"
    }


def test_what_history_knows_to_be_mended_is_resolved_though_the_older_run_was_silent(
    tmp_path: Path,
) -> None:
    document = between(tmp_path, asset("files"), asset("files", said("listing", PASS)))
    assert turns(document) == {"listing": "resolved"}


def test_a_pass_of_a_mixed_identity_resolves_nothing(tmp_path: Path) -> None:
    mixed = IdentityDifference(
        port=21, protocol=Protocol.FTP, mark="greeting", seen={"192.0.2.1": ("a",)}
    )
    after = asset("files", said("listing", PASS))
    looks = tuple(replace(look, mixed_identity=(mixed,)) for look in after.observations)
    document = between(
        tmp_path, asset("files", said("listing")), replace(after, observations=looks)
    )
    assert turns(document) == {"listing": "untold"}


def test_assets_that_came_and_went_resolve_nothing(tmp_path: Path) -> None:
    older = written(
        tmp_path, FIRST, [asset("gone", said("a", asset="gone"), score=20.0), asset("files")]
    )
    new = said("b", asset="came", first_seen=SECOND)
    newer = written(tmp_path, SECOND, [asset("files"), asset("came", new)])
    document = told(older, newer)
    assert turns(document) == {"a": "untold", "b": "new"}
    ((gone,), (came,)) = (document["gone"], document["appeared"])
    assert (gone["asset"], gone["before"]["score"], gone["after"], gone["open"]) == (
        "gone",
        20.0,
        None,
        1,
    )
    assert (came["asset"], came["before"], came["open"]) == ("came", None, 1)


def test_scores_that_moved_are_told_the_deepest_fall_first(tmp_path: Path) -> None:
    names = ["same", "rose", "fell"]
    older = written(tmp_path, FIRST, [asset(name) for name in names])
    newer = written(
        tmp_path,
        SECOND,
        [asset("fell", score=10.0, grade=Grade.F), asset("same"), asset("rose", score=59.0)],
    )
    moved = told(older, newer)["moved"]
    assert [(each["asset"], each["before"]["score"], each["after"]["score"]) for each in moved] == [
        ("fell", 40.0, 10.0),
        ("rose", 40.0, 59.0),
    ]


def test_the_text_fits_eighty_columns_and_obeys_nobody(tmp_path: Path) -> None:
    name = "an-asset-with-a-name-that-is-far-too-long-for-any-table-" * 2
    before = asset(name, *(said(f"old-{n}", asset=name) for n in range(30)), score=90.0)
    after = asset(
        name,
        *(
            said(f"new-{n}", asset=name, first_seen=SECOND, summary=HOSTILE * 9, vantage=HOSTILE)
            for n in range(30)
        ),
    )
    older = written(tmp_path, FIRST, [before, asset(f"gone{HOSTILE}")])
    newer = written(tmp_path, SECOND, [after])
    shown = scan("diff", str(older), str(newer))
    quiet = scan("diff", str(older), str(newer), "--fail-on", "critical")
    assert (shown.returncode, quiet.returncode) == (1, 0)
    assert all(char.isprintable() or char == "\n" for char in shown.stdout)
    assert max(map(len, shown.stdout.splitlines())) <= 80
    assert "NEW (30 findings)" in shown.stdout
    assert "10 more: --format json has all" in shown.stdout


def test_the_text_says_what_a_tired_reader_needs(tmp_path: Path) -> None:
    older = written(tmp_path, FIRST, [asset("files", said("mended"), said("kept"))])
    fresh = said("fresh", first_seen=SECOND, summary="anyone may list 12 files")
    newer = written(
        tmp_path,
        SECOND,
        [asset("files", said("mended", PASS), fresh, said("kept", days_open=3), score=30.0)],
    )
    with compare(older, newer, Severity.HIGH) as compared:
        lines = list(difference_text(compared.difference))
    assert lines == [
        "2026-07-01T02:00:00Z  ->  2026-07-02T02:00:00Z",
        "Failing rows: 0 new, 1 changed, 0 resolved, 0 unchanged; 0 leads apart; 0 still",
        "open but not told. Assets: 1 then, 1 now.",
        "",
        "NEW (1 finding)",
        "  high      files                 open-zone: fresh (from internet)",
        "            anyone may list 12 files",
        "",
        "RESOLVED (1 finding)",
        "  high      files                 open-zone: mended (from internet)",
        "            mended failed",
        "",
        "SCORES",
        "  files                              D 40  ->  D 30",
    ]


@pytest.mark.parametrize(
    ("changes", "alarming"),
    [
        ({}, True),
        ({"severity": Severity.MEDIUM}, False),
        ({"suppressed": True}, False),
        ({"confidence": Confidence.WEAK}, False),
    ],
)
def test_only_what_is_new_bad_and_not_accepted_calls_for_someone(
    changes: dict[str, Any],
    alarming: bool,  # noqa: FBT001
    tmp_path: Path,
) -> None:
    older = written(tmp_path, FIRST, [asset("files", said("kept"))])
    fresh = said("fresh", first_seen=SECOND, **changes)
    newer = written(tmp_path, SECOND, [asset("files", said("kept"), fresh)])
    with compare(older, newer, Severity.HIGH) as compared:
        assert compared.alarming is alarming


def test_one_run_is_compared_with_the_one_before_it(tmp_path: Path) -> None:
    far = written(tmp_path, "2026-06-01T02:00:00Z", [asset("files")])
    near = written(tmp_path, FIRST, [asset("files", said("mended"))])
    newer = written(tmp_path, SECOND, [asset("files", said("mended", PASS))])
    for number, other in enumerate(
        (
            {"vantage": "dmz"},
            {"shard": (0, 2)},
            {"targets": "/etc/other.json"},
            {"state": "running"},
            {"started": "2026-07-03T02:00:00Z"},
        )
    ):
        written(tmp_path, f"2026-07-01T1{number}:00:00Z", [], **other)  # type: ignore[arg-type]  # one of several kinds
    (tmp_path / "latest").symlink_to(newer)
    (tmp_path / "notes").mkdir()
    assert run_before(newer) == near
    assert run_before(near) == far
    assert told(newer) == told(near, newer)
    with pytest.raises(InputError, match="name both runs"):
        run_before(far)


def test_reports_that_cannot_be_read_are_told_in_one_line(tmp_path: Path) -> None:
    older = written(tmp_path, FIRST, [asset("files"), asset("more")])
    newer = written(tmp_path, SECOND, [asset("files")])
    report = newer / "report.json"
    whole = report.read_text()
    lines = whole.splitlines(keepends=True)
    damaged = ["", "{}", whole[: len(whole) // 2], lines[0] + lines[1], whole.replace("uid", "u")]
    for text in damaged:
        report.write_text(text)
        with pytest.raises(InputError, match="damaged"):
            told(older, newer)
    shown = scan("diff", str(older), str(newer))
    assert (shown.returncode, shown.stdout, shown.stderr.count("\n")) == (2, "", 1)
    report.unlink()
    with pytest.raises(InputError, match="no report yet"):
        told(older, newer)
    with pytest.raises(InputError, match="not a run folder"):
        told(tmp_path, newer)


def peak(reports: Path, count: int) -> int:
    hosts = [asset(f"a{n}", said("listing", asset=f"a{n}")) for n in range(count)]
    older = written(reports, FIRST, hosts)
    newer = written(reports, SECOND, hosts[::-1])
    del hosts
    tracemalloc.start()
    try:
        with compare(older, newer, Severity.HIGH) as compared:
            assert compared.difference.delta["unchanged"] == count
            size = sum(len(chunk) for chunk in difference_document(compared.difference))
        assert size > count * 100
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_reports(tmp_path: Path) -> None:
    small, large = peak(tmp_path / "small", 20), peak(tmp_path / "large", 200)
    assert large < small + 200_000
