"""The units that are shipped: what systemd says of them, and whether a scan can live in them."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.cli.shell import python, scan
from tests.deploy.operations import DEPLOY, ROOT, ended

SYSTEMD = DEPLOY / "systemd"
MOST_EXPOSED = 15
"""Tenths on systemd's scale from 0 to 100: what is left is what a scanner of networks needs."""
COMMAND = "/opt/scanner/bin/scan"


def directives(path: Path, section: str) -> dict[str, list[str]]:
    """The lines of a unit's section, with backslashes joined."""
    text = re.sub(r"\\\n\s*", "", path.read_text())
    part = re.split(r"^\[", text, flags=re.MULTILINE)
    (wanted,) = (each for each in part if each.startswith(f"{section}]"))
    found: dict[str, list[str]] = {}
    for line in wanted.splitlines()[1:]:
        if line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units, with a program that is there in place of the scanner's."""
    for name in ("ftpscan.service", "ftpscan.timer"):
        text = (SYSTEMD / name).read_text()
        (tmp_path / name).write_text(text.replace(COMMAND, "/bin/true"))
    return tmp_path


def test_systemd_finds_no_fault_in_the_units(units: Path) -> None:
    files = [str(units / "ftpscan.service"), str(units / "ftpscan.timer")]
    done = ended("systemd-analyze", "verify", "--man=no", *files)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_systemd_would_name_a_fault(units: Path) -> None:
    path = units / "ftpscan.service"
    path.write_text(path.read_text().replace("ProtectSystem=strict", "ProtectSystm=strict"))
    told = ended("systemd-analyze", "verify", "--man=no", str(path)).stderr
    assert "ProtectSystm" in told


def test_the_service_is_shut_off_as_far_as_a_scan_can_be(units: Path) -> None:
    words = ("security", "--offline=true", f"--threshold={MOST_EXPOSED}", "--no-pager")
    done = ended("systemd-analyze", *words, str(units / "ftpscan.service"))
    assert done.returncode == 0, done.stdout[-400:]
    path = units / "ftpscan.service"
    path.write_text(path.read_text().replace("CapabilityBoundingSet=\n", ""))
    assert ended("systemd-analyze", *words, str(path)).returncode != 0


def test_the_timer_fires_every_night() -> None:
    (calendar,) = directives(SYSTEMD / "ftpscan.timer", "Timer")["OnCalendar"]
    done = ended("systemd-analyze", "calendar", "--iterations=3", calendar)
    assert done.returncode == 0
    assert done.stdout.count("00:30:00") >= 3


def command_lines() -> list[list[str]]:
    (unit,) = directives(SYSTEMD / "ftpscan.service", "Service")["ExecStart"]
    cron = (DEPLOY / "cron" / "ftpscan").read_text()
    (line,) = re.findall(rf"{re.escape(COMMAND)} (run [^;]*);", cron)
    return [unit.split()[1:], line.split()]


def test_unit_and_cron_line_give_the_scanner_words_that_it_knows() -> None:
    unit, cron = command_lines()
    assert unit == cron
    listed = scan("run", "--help").stdout
    assert {word for word in unit if word.startswith("--")} <= set(re.findall(r"--[a-z-]+", listed))


def test_everything_that_the_scanner_writes_to_is_open_to_it() -> None:
    service = directives(SYSTEMD / "ftpscan.service", "Service")
    folders = [f"/var/lib/{name}" for name in service["StateDirectory"]]
    folders += service["ReadWritePaths"]
    unit, _ = command_lines()
    written = [word for word in unit if word.startswith("/var/")]
    assert len(written) == 3
    assert all(any(word.startswith(f"{each}/") for each in folders) for word in written)
    made = (SYSTEMD / "ftpscan.tmpfiles.conf").read_text()
    assert all(f"d {each} " in made for each in service["ReadWritePaths"])
    assert f"u {service['User'][0]} " in (SYSTEMD / "ftpscan.sysusers.conf").read_text()


def test_the_cron_line_is_one_line_with_a_user_and_no_percent_sign() -> None:
    lines = (DEPLOY / "cron" / "ftpscan").read_text().splitlines()
    (entry,) = (line for line in lines if re.match(r"[0-9*]", line))
    fields = entry.split(None, 6)
    assert fields[:6] == ["30", "0", "*", "*", "*", "ftpscan"]
    # An unescaped one would end the command for cron.
    assert "%" not in entry


def test_every_file_of_a_unit_has_a_place_in_the_page() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    shipped = [*SYSTEMD.iterdir(), *(DEPLOY / "cron").iterdir()]
    assert [path.name for path in shipped if str(path.relative_to(ROOT)) not in page] == []


def test_a_credential_that_systemd_hands_over_is_found(tmp_path: Path) -> None:
    service = directives(SYSTEMD / "ftpscan.service", "Service")
    names = [line.partition(":")[0] for line in service["LoadCredential"]]
    folder = tmp_path / "credentials"
    folder.mkdir()
    for name in names:
        (folder / name).write_text("canary\n")
    path = tmp_path / "targets.json"
    where = '"kind": "http", "url": "https://siem.example.org/x"'
    delivery = ",".join(f'{{{where}, "token": "cred:{name}"}}' for name in names)
    path.write_text(
        '{"version": 1, "authorisation": {"reference": "r"}, "targets": [{"host": "a.example.org"}],'
        f' "delivery": [{delivery}]}}'
    )
    assert scan("validate", str(path), CREDENTIALS_DIRECTORY=str(folder)).returncode == 0
    alone = scan("validate", str(path))
    assert alone.returncode == 2
    assert f"LoadCredential={names[0]}:PATH" in alone.stdout


def calls_of(filters: list[str]) -> list[str]:
    """The system calls that a unit's filters leave, by systemd's own sets."""
    sets: dict[str, list[str]] = {}
    current: list[str] = []
    for line in ended("systemd-analyze", "syscall-filter", "--no-pager").stdout.splitlines():
        if line.startswith("@"):
            current = sets.setdefault(line.strip(), [])
        elif line.strip() and not line.strip().startswith("#"):
            current.append(line.strip())

    def spread(name: str) -> set[str]:
        parts = sets[name] if name.startswith("@") else [name]
        return set().union(*(spread(p) if p.startswith("@") else {p} for p in parts))

    left = spread("@default")  # which systemd always adds
    for line in filters:
        for name in line.removeprefix("~").split():
            left = left - spread(name) if line.startswith("~") else left | spread(name)
    return sorted(left)


def test_the_whole_demonstration_runs_inside_the_services_filters(tmp_path: Path) -> None:
    service = directives(SYSTEMD / "ftpscan.service", "Service")
    assert service["MemoryDenyWriteExecute"] == ["yes"]
    assert service["RestrictAddressFamilies"] == ["AF_INET AF_INET6 AF_UNIX"]
    calls = tmp_path / "calls"
    calls.write_text("\n".join(calls_of(service["SystemCallFilter"])))
    inside = ("-m", "tests.deploy.confined", str(calls), sys.executable, "-m", "scanner")
    done = python(*inside, "demo", "--reports", str(tmp_path / "reports"))
    assert done.returncode in {0, 1}, done.stderr
    assert re.search(r"^F +0 +demo-replica +9/0/0 ", done.stdout, re.MULTILINE), done.stdout
    assert re.search(r"^A .* demo-hardened +0/8/0 ", done.stdout, re.MULTILINE), done.stdout


def test_what_the_filters_leave_out_is_refused(tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    service = directives(SYSTEMD / "ftpscan.service", "Service")
    calls.write_text("\n".join(calls_of(service["SystemCallFilter"])))
    inside = ("-m", "tests.deploy.confined", str(calls), sys.executable, "-c")
    for tried in ("import os; os.chroot('/')", "import socket; socket.socket(socket.AF_NETLINK)"):
        done = python(*inside, tried)
        assert done.returncode == 1
        assert "Operation not permitted" in done.stderr
