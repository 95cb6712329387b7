"""The chained log: what breaks it, what does not, and who may write to it at once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.errors import InputError
from scanner.model.chain import Chain, digest_of
from scanner.sinks.audit_log import AuditLog, lines_of

WRITER = """
import sys
from pathlib import Path
from scanner.sinks.audit_log import AuditLog
log = AuditLog(Path(sys.argv[1]))
for number in range(int(sys.argv[2])):
    log.append({"event": "asset", "writer": sys.argv[3], "number": number, "pad": "x" * 300})
"""


def checked(path: Path, wanted: str = "") -> tuple[Chain, list[dict[str, object]]]:
    chain = Chain(wanted=wanted)
    return chain, list(chain.read(lines_of(path)))


def of_five(path: Path) -> list[bytes]:
    log = AuditLog(path)
    for number in range(5):
        log.append({"event": "asset", "asset": f"host-{number}"})
    return path.read_bytes().splitlines()


def test_each_record_carries_the_hash_of_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "audit.ndjson"
    lines = of_five(path)
    records = [json.loads(line) for line in lines]
    assert [each["seq"] for each in records] == [1, 2, 3, 4, 5]
    assert records[0]["previous"] == "0" * 64
    assert [each["previous"] for each in records[1:]] == [digest_of(each) for each in lines[:-1]]
    assert path.stat().st_mode & 0o777 == 0o600
    chain, read = checked(path, digest_of(lines[2]))
    assert (chain.breaks, chain.gaps, chain.records, read) == ([], [], 5, records)
    assert chain.met_wanted
    assert chain.last.digest == digest_of(lines[-1])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda lines: [*lines[:1], *lines[2:]], ["line 2: does not follow"]),
        (
            lambda lines: [lines[0], lines[2], lines[1], *lines[3:]],
            ["line 2:", "line 3:", "line 4"],
        ),
        (lambda lines: [*lines[:2], lines[1], *lines[2:]], ["line 3: does not follow"]),
        (lambda lines: [*lines[:2], b"{}", *lines[3:]], ["line 3: has no 'seq'", "line 4: does"]),
        (lambda lines: [*lines[:2], b"\xff", *lines[3:]], ["line 3: is no JSON", "line 4: does"]),
        (lambda lines: [*lines[:2], b"[1]", *lines[2:]], ["line 3: is no JSON object"]),
        (lambda lines: lines[1:], ["line 1: does not follow"]),
    ],
    ids=["dropped", "swapped", "repeated", "emptied", "garbled", "added", "beheaded"],
)
def test_a_change_is_told_with_its_line(
    tmp_path: Path, change: Callable[[list[bytes]], list[bytes]], told: list[str]
) -> None:
    path = tmp_path / "audit.ndjson"
    path.write_bytes(b"".join(line + b"\n" for line in change(of_five(path))))
    breaks = checked(path)[0].breaks
    assert len(breaks) == len(told)
    assert all(line.startswith(start) for line, start in zip(breaks, told, strict=True))


@given(place=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_no_bit_of_any_record_but_the_last_can_be_changed_unseen(
    tmp_path_factory: pytest.TempPathFactory, place: int, bit: int
) -> None:
    path = tmp_path_factory.mktemp("log") / "audit.ndjson"
    lines = of_five(path)
    data = bytearray(path.read_bytes())
    data[place % (len(data) - len(lines[-1]) - 1)] ^= 1 << bit
    path.write_bytes(data)
    assert checked(path)[0].breaks


def test_what_is_cut_off_the_end_is_seen_by_a_hash_that_was_noted_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "audit.ndjson"
    lines = of_five(path)
    path.write_bytes(b"".join(line + b"\n" for line in lines[:-1]))
    chain, _ = checked(path, digest_of(lines[-1]))
    assert (chain.breaks, chain.met_wanted) == ([], False)


@pytest.mark.parametrize("left", [1, 5, 40, 100])
def test_a_line_that_was_cut_short_is_told_of_and_the_chain_goes_on(
    tmp_path: Path, left: int
) -> None:
    path = tmp_path / "audit.ndjson"
    lines = of_five(path)
    whole = b"".join(line + b"\n" for line in lines[:-1])
    path.write_bytes(whole + lines[-1][:left])
    AuditLog(path).append({"event": "begin"})
    assert path.read_bytes().startswith(whole + lines[-1][:left] + b"\n")
    chain, records = checked(path)
    assert chain.breaks == []
    assert chain.gaps == [f"line 5: cut short after {left} bytes; continued below"]
    assert [each["event"] for each in records[4:]] == ["torn", "begin"]


def test_a_record_that_lacks_its_line_end_alone_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "audit.ndjson"
    path.write_bytes(b"\n".join(of_five(path)))
    AuditLog(path).append({"event": "begin"})
    chain, _ = checked(path)
    assert (chain.breaks, chain.gaps, chain.records) == ([], [], 6)


def test_a_stump_that_nobody_spoke_of_is_a_break(tmp_path: Path) -> None:
    path = tmp_path / "audit.ndjson"
    lines = of_five(path)
    path.write_bytes(b"\n".join([*lines[:2], lines[2][:30], *lines[3:]]) + b"\n")
    assert checked(path)[0].breaks[0] == "line 3: is no JSON"


def test_a_log_whose_end_was_altered_is_not_written_to(tmp_path: Path) -> None:
    path = tmp_path / "audit.ndjson"
    of_five(path)
    with path.open("ab") as file:
        file.write(b"not a record\n")
    before = path.read_bytes()
    with pytest.raises(InputError, match="its last line is no JSON; scan audit verify"):
        AuditLog(path).append({"event": "begin"})
    assert path.read_bytes() == before


def test_a_log_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "audit.ndjson").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="the audit log must be writable"):
        AuditLog(tmp_path / "audit.ndjson").append({"event": "begin"})
    assert not (tmp_path / "elsewhere").exists()


def test_several_processes_write_one_chain(tmp_path: Path) -> None:
    path = tmp_path / "audit.ndjson"
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path), "25", name]) for name in "abc"
    ]
    assert [each.wait(60) for each in writers] == [0, 0, 0]
    chain, records = checked(path)
    assert (chain.breaks, chain.gaps, len(records)) == ([], [], 75)
    for name in "abc":
        numbers = [each["number"] for each in records if each["writer"] == name]
        assert numbers == list(range(25))


def test_a_writer_killed_at_any_moment_leaves_a_log_that_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "audit.ndjson"
    for _ in range(3):
        before = path.stat().st_size if path.exists() else 0
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path), "100000", "k"])
        deadline = time.monotonic() + 30
        while (path.stat().st_size if path.exists() else 0) < before + 4000:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait(10)
    AuditLog(path).append({"event": "begin"})
    assert checked(path)[0].breaks == []
