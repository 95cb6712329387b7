from __future__ import annotations

import errno
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scanner.errors import InputError, LockedError
from scanner.sinks.lock import exclusive
from scanner.sinks.run_folder import RunFolder

STARTED = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


def folder(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path / "reports", STARTED, "0123456789abcdef")


def handles() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_run_folder_is_named_by_time_and_id_and_is_private(tmp_path: Path) -> None:
    run = folder(tmp_path)
    assert run.path.name == "20261122T030000Z-01234567"
    assert run.path.stat().st_mode & 0o777 == 0o700


def test_files_are_private_and_whole(tmp_path: Path) -> None:
    run = folder(tmp_path)
    path = run.write("report.json", iter(["a", "b"]))
    assert path.read_text() == "ab"
    assert path.stat().st_mode & 0o777 == 0o600
    assert sorted(item.name for item in run.path.iterdir()) == ["report.json"]


def test_a_failing_source_leaves_the_old_file_in_place(tmp_path: Path) -> None:
    run = folder(tmp_path)
    run.write("report.json", ["old"])

    def broken() -> object:
        yield "new"
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        run.write("report.json", broken())  # type: ignore[arg-type]
    assert (run.path / "report.json").read_text() == "old"


@pytest.mark.parametrize("keeping", ["nullcontext()", "run.kept_open()"])
def test_a_line_that_does_not_fit_leaves_nothing_of_itself(tmp_path: Path, keeping: str) -> None:
    run = folder(tmp_path)
    run.append("o.ndjson", "one")
    source = (
        "import resource, sys; from pathlib import Path; from contextlib import nullcontext\n"
        "from scanner.sinks.run_folder import RunFolder\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)); run = RunFolder(Path(sys.argv[1]))\n"
        f"with {keeping}:\n"
        "    for put in (run.append, run.write):\n"
        "        try: put('o.ndjson', 'x' * 300)\n"
        "        except OSError as error: print(error.strerror, error.filename)\n"
        "    run.append('o.ndjson', 'fits')\n"
    )
    told = subprocess.run(
        [sys.executable, "-B", "-c", source, str(run.path)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert told.stdout.splitlines() == [f"File too large {run.path / 'o.ndjson'}"] * 2
    run.append("o.ndjson", "two")
    assert (run.path / "o.ndjson").read_text() == "one\nfits\ntwo\n"
    assert sorted(item.name for item in run.path.iterdir()) == ["o.ndjson"]


def test_files_that_stay_open_are_files_of_their_names_and_closed_in_the_end(
    tmp_path: Path,
) -> None:
    run = folder(tmp_path)
    before = handles()
    with run.kept_open():
        for name in ("gone", "events.part", "whole"):
            run.append(name, "old")
        run.remove("gone")
        run.seal("events")
        run.write("whole", ["new\n"])
        for name in ("gone", "events.part", "whole"):
            run.append(name, "two")
        assert [*run.lines("whole")] == ["new", "two"]
    assert handles() == before
    run.append("whole", "three")
    assert handles() == before
    told = {path.name: path.read_text() for path in run.path.iterdir()}
    assert told == {
        "gone": "two\n",
        "events": "old\n",
        "events.part": "two\n",
        "whole": "new\ntwo\nthree\n",
    }


def test_lines_come_back_in_order_without_one_cut_short(tmp_path: Path) -> None:
    run = folder(tmp_path)
    run.append("o.ndjson", "one")
    run.append("o.ndjson", "two")
    with (run.path / "o.ndjson").open("a") as file:
        file.write('{"cut')
    assert list(run.lines("o.ndjson")) == ["one", "two"]
    assert list(run.lines("missing")) == []


def test_reports_that_cannot_be_written_name_the_mend(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(InputError, match="--reports"):
        RunFolder.create(blocked, STARTED, "0123456789")


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a run folder"):
        RunFolder.open(tmp_path)


def test_a_second_process_is_kept_out_until_the_first_is_gone(tmp_path: Path) -> None:
    lock = tmp_path / "history.lock"
    source = (
        "import sys; from pathlib import Path; from scanner.sinks.lock import exclusive\n"
        "with exclusive(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", source, str(lock)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert holder.stdout
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(LockedError), exclusive(lock):
        pytest.fail("two holders at once")
    holder.kill()
    holder.communicate()
    with exclusive(lock):
        assert lock.stat().st_mode & 0o777 == 0o600


def test_a_file_that_cannot_be_closed_is_named_and_keeps_no_other_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk elsewhere may say only at the end that it did not take what it was given."""
    run, before, close = folder(tmp_path), handles(), os.close

    def refuse(handle: int) -> None:
        path = Path(f"/proc/self/fd/{handle}").readlink()
        close(handle)
        if path.name in {"b", "c"}:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "close", refuse)
    with pytest.raises(OSError, match=f"{run.path}/[bc]'$"), run.kept_open():  # noqa: PT012 - to the end
        for name in "abcd":
            run.append(name, "line")
    assert handles() == before
