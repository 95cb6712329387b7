"""A disk that is full, a folder that is closed: one line, the right exit code, nothing damaged."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Final

import pytest

from tests.cli.test_resume import fleet, hold_each_once
from tests.command.console import Console
from tests.command.papers import entry, written

ASSETS: Final = 12
WANTED: Final = sorted(f"a{number}" for number in range(ASSETS))
WITHOUT_RIGHTS: Final = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--")
LIMITED: Final = {"PYTHONDONTWRITEBYTECODE": "1"}
"""Python would cut what it compiles short, and stumble over it from then on."""
TWICE: Final = """
set -e
mount -t tmpfs -o size=300k tmpfs reports
code=0; "$1" run targets.json --history history.sqlite >out 2>err || code=$?
echo $code >code
cp -r reports/. before
mount -o remount,size=8m reports
code=0; "$1" run targets.json --history history.sqlite --resume reports/2* >again 2>&1 || code=$?
echo $code >>code
cp -rP reports/. after
"""


@pytest.fixture
def twelve(console: Console) -> Console:
    """A fleet that is scanned two at a time."""
    written(console.folder, *fleet(ASSETS), defaults={"limits": {"connections": 2}})
    return console


def the_run(reports: Path) -> Path:
    (folder,) = reports.glob("2*")
    return folder


def hold_whole(folder: Path) -> None:
    """What was put in place is whole, and every line ends."""
    for path in folder.iterdir():
        assert path.suffix != ".part" or path.name == "events.ndjson.part"
        if path.suffix in {".json", ".ndjson"} and path.name != "hosts.ndjson":
            text = path.read_text(encoding="utf-8")
            assert text.endswith("\n")
            for document in [text] if path.suffix == ".json" else text.splitlines():
                json.loads(document)


@pytest.mark.parametrize("limit", [100_000, 200_000, 240_000])
def test_a_file_that_may_not_grow_ends_a_run_that_can_be_finished(
    limit: int, twelve: Console
) -> None:
    """Amid the hosts, amid the events, amid the report."""
    words = ("run", "targets.json", "--history", "history.sqlite")
    told = twelve.scan(*words, before=("prlimit", f"--fsize={limit}", "--"), **LIMITED)
    assert (told.returncode, told.stdout) == (70, ""), told.stderr
    (line,) = (one for one in told.stderr.splitlines() if "File too large" in one)
    folder = the_run(twelve.folder / "reports")
    assert (
        f"; mend that, then finish it with scan run TARGETS --resume reports/{folder.name}" in line
    )
    assert "Traceback" not in told.stderr
    hold_whole(folder)
    told = twelve.scan(*words, "--resume", f"reports/{folder.name}")
    assert told.returncode == 3, told.stderr
    hold_each_once(folder, twelve.folder / "history.sqlite", WANTED)


def test_a_disk_that_is_full_ends_a_run_that_is_finished_once_there_is_room(
    twelve: Console,
) -> None:
    for name in ("reports", "before", "after"):
        (twelve.folder / name).mkdir()
    script = Path(shutil.which("sh") or "sh")
    told = twelve.scan(before=("unshare", "--mount", "--", str(script), "-c", TWICE, "sh"))
    assert told.returncode == 0, told.stderr
    assert (twelve.folder / "code").read_text().split() == ["70", "3"]
    lines = (twelve.folder / "err").read_text().splitlines()
    (line,) = (one for one in lines if "No space left on device" in one)
    assert "--resume reports/2" in line
    hold_whole(the_run(twelve.folder / "before"))
    folder = the_run(twelve.folder / "after")
    hold_each_once(folder, twelve.folder / "history.sqlite", WANTED)


def test_a_disk_that_is_full_from_the_first_scans_nothing(console: Console) -> None:
    """The history has its room; the events of the run have none."""
    written(console.folder, entry(1, "a"))
    words = ("run", "targets.json", "--history", "history.sqlite")
    assert console.scan(*words).returncode == 3
    shutil.rmtree(console.folder / "reports")
    told = console.scan(*words, before=("prlimit", "--fsize=1000", "--"), **LIMITED)
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr.count("\n") == 1
    assert list((console.folder / "reports").glob("*")) == []


def test_a_history_that_may_not_be_read_means_one_line_and_nothing_scanned(
    console: Console,
) -> None:
    written(console.folder, entry(1, "a"))
    assert console.scan("run", "targets.json", "--reports", "before").returncode == 3
    (history,) = console.folder.rglob("history.sqlite3")
    history.chmod(0o000)
    told = console.scan("run", "targets.json", before=WITHOUT_RIGHTS)
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr.startswith(f"scan: {history}: the history cannot be opened")
    assert told.stderr.count("\n") == 1
    assert not (console.folder / "reports").exists()
    assert list(history.parent.glob("*.corrupt-*")) == []
    named = console.scan("run", "targets.json", "--history", str(history), before=WITHOUT_RIGHTS)
    assert (named.returncode, named.stderr) == (2, told.stderr)


@pytest.mark.parametrize(
    "words",
    [
        ("run", "closed"),
        ("validate", "closed"),
        ("import", "closed"),
        ("deliver", "closed"),
        ("audit", "verify", "closed"),
        ("policy", "make", "127.0.0.1", "--targets", "closed"),
        ("run", "targets.json", "--audit", "closed"),
        ("history", "--history", "closed"),
    ],
    ids=" ".join,
)
def test_a_file_that_may_not_be_read_is_told_in_one_line(
    words: tuple[str, ...], console: Console
) -> None:
    written(console.folder, entry(1, "a"))
    (console.folder / "closed").write_text("{}")
    (console.folder / "closed").chmod(0o000)
    told = console.scan(*words, before=WITHOUT_RIGHTS)
    assert told.returncode == 2
    lines = (told.stdout + told.stderr).splitlines()
    (line,) = (one for one in lines if not one.endswith(": 1 problem"))  # a count of validate
    assert "closed: " in line


HISTORY_ALONE: Final = """
set -e
mount -t tmpfs -o size=224k tmpfs memory
code=0; "$1" run targets.json --history memory/history.sqlite >out 2>err || code=$?
echo $code >code
mount -o remount,size=8m memory
code=0
"$1" run targets.json --history memory/history.sqlite --resume reports/2* >again 2>&1 || code=$?
echo $code >>code
cp -r memory/. kept
"""


def test_a_history_whose_disk_is_full_ends_a_run_that_is_finished_once_there_is_room(
    console: Console,
) -> None:
    written(console.folder, *fleet(ASSETS), defaults={"limits": {"connections": 2}})
    for name in ("memory", "kept"):
        (console.folder / name).mkdir()
    script = Path(shutil.which("sh") or "sh")
    told = console.scan(before=("unshare", "--mount", "--", str(script), "-c", HISTORY_ALONE, "sh"))
    assert told.returncode == 0, told.stderr
    assert (console.folder / "code").read_text().split() == ["70", "3"]
    (line,) = (one for one in (console.folder / "err").read_text().splitlines() if "history" in one)
    assert "memory/history.sqlite" in line
    assert "--resume reports/2" in line
    folder = the_run(console.folder / "reports")
    hold_whole(folder)
    hold_each_once(folder, console.folder / "kept/history.sqlite", WANTED)


def test_a_folder_that_is_closed_scans_nothing(console: Console) -> None:
    written(console.folder, entry(1, "a"))
    reports = console.folder / "reports"
    reports.mkdir(mode=0o500)
    told = console.scan("run", "targets.json", before=WITHOUT_RIGHTS)
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr == (
        "scan: reports/audit.ndjson: Permission denied; the audit log must be writable (--audit FILE"
        " names another)\n"
    )
    reports.chmod(0o700)
    assert console.scan("run", "targets.json").returncode == 3
    folder = the_run(reports)
    folder.chmod(0o000)
    for words in (("run", "targets.json", "--resume"), ("assess",)):
        told = console.scan(*words, f"reports/{folder.name}", before=WITHOUT_RIGHTS)
        assert (told.returncode, told.stdout) == (2, "")
        assert f"reports/{folder.name}" in told.stderr
        assert "Traceback" not in told.stderr
    folder.chmod(0o500)
    (folder / ".lock").chmod(0o400)
    told = console.scan("assess", f"reports/{folder.name}", before=WITHOUT_RIGHTS)
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr == (
        f"scan: reports/{folder.name}/.lock: Permission denied; a lock must be writable there\n"
    )
