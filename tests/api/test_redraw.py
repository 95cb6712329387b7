from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from scanner.api.redraw import FORMATS, redraw, redraw_into
from scanner.cli.report import FORMATS as OFFERED
from scanner.errors import InputError
from scanner.report.page import page
from scanner.report.run_table import run_text
from scanner.report.stream import stream
from scanner.report.table import findings_csv
from tests.cli.shell import scan
from tests.report import builders, fleet

LEAD = {"kind": "shared-key", "summary": "one host key on two", "assets": ["a", "b"]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    run = tmp_path / "20260701T020000Z-scan-1"
    run.mkdir()
    lines = (json.dumps(host, separators=(",", ":")) for host in fleet.fleet(5))
    text = "".join(stream(builders.header(), lines, [LEAD]))
    (run / "report.json").write_text(text, encoding="utf-8")
    (run / "run.json").write_text("{}", encoding="utf-8")
    return run


def test_the_command_offers_what_there_is() -> None:
    assert OFFERED == FORMATS


def test_each_format_is_what_the_run_itself_would_write(folder: Path) -> None:
    document = json.loads((folder / "report.json").read_text("utf-8"))
    hosts = document["hosts"]
    assert "".join(redraw(folder, "html")) == "".join(page(document["scan"], lambda: hosts, [LEAD]))
    assert "".join(redraw(folder, "csv")) == "".join(findings_csv(hosts))
    assert "".join(redraw(folder, "text")) == run_text(hosts)
    assert "".join(redraw(folder, "json")) == (folder / "report.json").read_text("utf-8")


@pytest.mark.parametrize("form", FORMATS)
def test_the_command_prints_it_or_writes_it_for_its_owner_alone(
    folder: Path, tmp_path: Path, form: str
) -> None:
    printed = scan("report", str(folder), "--format", form)
    assert (printed.returncode, printed.stderr) == (0, "")
    file = tmp_path / "out"
    written = scan("report", str(folder), "--format", form, "--output", str(file))
    assert (written.returncode, written.stdout) == (0, "")
    assert file.read_text("utf-8") == printed.stdout
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["out", folder.name])


@pytest.mark.parametrize("cut", [10, 4000, -3])
@pytest.mark.parametrize("form", FORMATS)
def test_a_damaged_report_is_one_clear_line_and_no_file(
    folder: Path, tmp_path: Path, form: str, cut: int
) -> None:
    path = folder / "report.json"
    path.write_text(path.read_text("utf-8")[:cut], encoding="utf-8")
    with pytest.raises(InputError, match=r"report\.json: not a whole report; scan assess"):
        redraw_into(folder, form, tmp_path / "out")
    assert [each.name for each in tmp_path.iterdir()] == [folder.name]


@pytest.mark.parametrize("form", ["html", "csv", "text"])
def test_a_damaged_host_is_told_and_leaves_the_old_file(
    folder: Path, tmp_path: Path, form: str
) -> None:
    path = folder / "report.json"
    lines = path.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join([*lines[:2], "{broken,\n", *lines[3:]]), encoding="utf-8")
    (tmp_path / "out").write_text("old")
    with pytest.raises(InputError, match="not a whole report"):
        redraw_into(folder, form, tmp_path / "out")
    assert (tmp_path / "out").read_text() == "old"
    assert not (tmp_path / "out.part").exists()


def test_what_is_no_run_or_has_no_report_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a run folder"):
        redraw(tmp_path, "html")
    (folder / "report.json").unlink()
    with pytest.raises(InputError, match=r"report\.json: not there; scan assess"):
        redraw(folder, "html")


def test_a_place_that_cannot_be_written_is_one_clear_line(folder: Path) -> None:
    told = scan("report", str(folder), "--output", "/proc/self/none/page.html")
    assert told.returncode == 2
    assert told.stderr.startswith("scan: /proc/self/none/page.html: ")
    assert "name another file with --output" in told.stderr


def test_an_unknown_format_names_those_there_are(folder: Path) -> None:
    told = scan("report", str(folder), "--format", "pdf")
    assert told.returncode == 2
    assert "html, csv, text, json" in told.stderr
