"""The fetching of packages, with stand-ins for apt and dpkg so that nothing is downloaded."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.packages import (
    LOCATION_VARIABLE,
    PACKAGES,
    PackagesUnavailableError,
    Prefix,
    location,
    main,
    unpack,
)

ROOT = Path(__file__).resolve().parents[2]
APT = """#!/bin/sh
echo "$@" >> "$APT_CALLS"
case "$*" in
  *update*) exit 0 ;;
  *) test "$(grep -c download "$APT_CALLS")" -ge "${APT_SUCCEEDS_AT:-1}" || { echo "E: stale" >&2; exit 100; }
     for name; do case "$name" in -*|*=*|download) ;; *) echo "$name" > "$name.deb" ;; esac; done ;;
esac
"""
DPKG = """#!/bin/sh
mkdir -p "$3/usr/bin" && cp "$2" "$3/usr/bin/"
"""


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put the stand-ins first in PATH; return the file that records apt's arguments."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, text in (("apt-get", APT), ("dpkg-deb", DPKG)):
        (programs / name).write_text(text, encoding="ascii")
        (programs / name).chmod(0o755)
    record = tmp_path / "calls"
    record.touch()
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("APT_CALLS", str(record))
    return record


def test_every_package_is_fetched_once_and_unpacked(tmp_path: Path, calls: Path) -> None:
    prefix = unpack(tmp_path / "cache")
    assert {path.stem for path in (prefix.root / "usr/bin").iterdir()} == set(PACKAGES)
    assert unpack(tmp_path / "cache") == prefix
    assert len(calls.read_text(encoding="ascii").splitlines()) == 1
    assert sorted(path.name for path in (tmp_path / "cache").iterdir()) == [
        "lock",
        prefix.root.name,
    ]


def test_old_package_lists_are_renewed_once(
    tmp_path: Path, calls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APT_SUCCEEDS_AT", "2")
    unpack(tmp_path / "cache")
    steps = calls.read_text(encoding="ascii").splitlines()
    assert [_step(line) for line in steps] == ["download", "update", "download"]


def _step(line: str) -> str:
    return next(word for word in line.split() if word in {"download", "update"})


def test_a_failing_download_tells_what_apt_said(
    tmp_path: Path, calls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APT_SUCCEEDS_AT", "9")
    with pytest.raises(PackagesUnavailableError, match="E: stale"):
        unpack(tmp_path / "cache")


def test_a_machine_without_apt_is_told_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PackagesUnavailableError, match=LOCATION_VARIABLE):
        unpack(tmp_path / "cache")


def test_processes_that_ask_at_once_fetch_once(tmp_path: Path, calls: Path) -> None:
    environment = {**os.environ, LOCATION_VARIABLE: str(tmp_path / "cache")}
    command = [sys.executable, "-m", "tests.servers.packages"]
    runs = [
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    answers = {run.communicate(timeout=30)[0].strip() for run in runs}
    assert [run.returncode for run in runs] == [0, 0, 0, 0]
    assert len(answers) == 1
    assert len(calls.read_text(encoding="ascii").splitlines()) == 1


def test_the_command_reports_a_failure_on_standard_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv(LOCATION_VARIABLE, str(tmp_path / "cache"))
    assert main() == 1
    written = capsys.readouterr()
    assert written.out == ""
    assert "apt-get" in written.err


def test_the_cache_lies_in_the_checkout_unless_told_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(LOCATION_VARIABLE, raising=False)
    assert location() == ROOT / ".cache/servers"
    monkeypatch.setenv(LOCATION_VARIABLE, str(tmp_path))
    assert location() == tmp_path


def test_a_missing_program_or_library_is_named(tmp_path: Path) -> None:
    with pytest.raises(PackagesUnavailableError, match="vsftpd"):
        Prefix(tmp_path).program("vsftpd")
    with pytest.raises(PackagesUnavailableError, match="libnss_wrapper"):
        Prefix(tmp_path).library("libnss_wrapper.so")
