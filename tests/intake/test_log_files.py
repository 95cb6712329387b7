"""Log files as a stream: order of a rotated set, compression, bounds."""

from __future__ import annotations

import gzip
import os
import tracemalloc
import zlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scanner.intake import log_files as module
from scanner.intake.log_files import LogFile, log_files

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def lines_of(file: LogFile) -> list[str]:
    return [line for many in file.lines() for line in many if line]


def log(path: Path, content: bytes) -> LogFile:
    path.write_bytes(content)
    return LogFile(path, NOW)


def names(pattern: Path) -> list[str]:
    return [file.path.name for file in log_files(str(pattern)).files]


def test_a_numbered_set_is_read_from_its_oldest_file(tmp_path: Path) -> None:
    for name in ("xferlog", "xferlog.1", "xferlog.2.gz", "xferlog.10.gz"):
        (tmp_path / name).touch()
    expected = ["xferlog.10.gz", "xferlog.2.gz", "xferlog.1", "xferlog"]
    assert names(tmp_path / "xferlog*") == expected


def test_a_dated_set_is_read_from_its_oldest_file(tmp_path: Path) -> None:
    for name in ("auth.log", "auth.log-20260201", "auth.log-20251231.gz", "auth.log-2026020112"):
        (tmp_path / name).touch()
    assert names(tmp_path / "auth.log*") == [
        "auth.log-20251231.gz",
        "auth.log-20260201",
        "auth.log-2026020112",
        "auth.log",
    ]


def test_where_names_tell_nothing_the_time_of_change_does(tmp_path: Path) -> None:
    for age, name in enumerate(("a", "c", "b")):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (1_000_000 - age, 1_000_000 - age))
    assert names(tmp_path / "*") == ["b", "c", "a"]


def test_more_files_than_are_read_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_FILES", 2)
    for number in range(3):
        (tmp_path / f"x.{number}").touch()
    found = log_files(str(tmp_path / "x*"))
    assert (len(found.files), found.cut) == (2, "more than 2 files")


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_lines_come_whole_whatever_chunks_they_lie_in(tmp_path: Path, pack: type[bytes]) -> None:
    wanted = [f"{number} é {'x' * (number % 700)}" for number in range(9_000)]
    file = log(tmp_path / "log", pack("\r\n".join(wanted).encode()))
    assert lines_of(file) == wanted
    assert file.cut == ""


def test_several_members_are_one_log(tmp_path: Path) -> None:
    file = log(tmp_path / "log.gz", gzip.compress(b"a\n") + gzip.compress(b"b\n"))
    assert lines_of(file) == ["a", "b"]


def test_bytes_that_are_no_text_are_lines_too(tmp_path: Path) -> None:
    file = log(tmp_path / "log", b"\xff\xfe\0\n\x80abc\n")
    assert lines_of(file) == ["\ufffd\ufffd\0", "\ufffdabc"]


@pytest.mark.parametrize("keep", [30, 200])
def test_a_damaged_file_is_read_as_far_as_it_goes(tmp_path: Path, keep: int) -> None:
    whole = gzip.compress(os.urandom(2_000).hex().encode() + b"\n")
    file = log(tmp_path / "log.gz", whole[:keep])
    lines_of(file)
    assert file.cut == "a compressed file is damaged"


@pytest.mark.parametrize(
    ("head", "name"), [(b"\xfd7zXZ\0", "xz"), (b"BZh9", "bzip2"), (b"\x28\xb5\x2f\xfd", "zstd")]
)
def test_other_compression_is_told_and_not_read(tmp_path: Path, head: bytes, name: str) -> None:
    file = log(tmp_path / "log", head + b"\nx\n")
    assert lines_of(file) == []
    assert file.cut == f"is compressed by {name}; hand it over plain or as gzip"


def test_a_pipe_is_refused_and_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "log")
    file = LogFile(tmp_path / "log", NOW)
    assert lines_of(file) == []
    assert file.cut == "is not a regular file; name a file"


def test_a_file_that_is_gone_is_told(tmp_path: Path) -> None:
    file = LogFile(tmp_path / "log", NOW)
    assert lines_of(file) == []
    assert file.cut == "does not exist; check the name"


def test_a_bomb_is_cut_long_before_it_ends(tmp_path: Path) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    with (tmp_path / "log.gz").open("wb") as out:
        for _ in range(200):
            out.write(packer.compress(b"\0" * 1_048_576))
        out.write(packer.flush())
    file = LogFile(tmp_path / "log.gz", NOW)
    tracemalloc.start()
    count = sum(len(many) for many in file.lines())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert file.cut == "grows to over 200 times its size when decompressed"
    assert file.bytes_read < 150 * 1_048_576
    assert count < 200
    assert peak < 32 * 1_048_576


def test_a_line_without_end_is_cut_into_pieces(tmp_path: Path) -> None:
    file = log(tmp_path / "log", b"x" * (5 * 1_048_576) + b"\nlast\n")
    found = lines_of(file)
    assert found[-1] == "last"
    assert max(map(len, found)) <= 2 * 1_048_576


def test_a_log_larger_than_the_bound_is_cut(tmp_path: Path) -> None:
    file = log(tmp_path / "log", b"line\n" * 500_000)
    file.most = 1_048_576
    assert 0 < len(lines_of(file)) <= 1_048_576 // 5 + 1
    assert file.cut == "is larger than what is read of a log"


def test_a_glance_reads_the_first_lines_alone(tmp_path: Path) -> None:
    file = log(tmp_path / "log", b"line\n" * 500_000)
    assert file.first_lines(3) == (["line"] * 3, "")
    assert (file.bytes_read, file.cut) == (0, "")
