"""``scan import`` as an operator runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.shell import scan

TABLE = "FQDN;Propriétaire\nftp.example.org;Équipe échanges\n"


def table(folder: Path, content: str | bytes = TABLE, encoding: str = "utf-8") -> Path:
    path = folder / "cmdb.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_a_table_in_each_encoding_becomes_a_targets_file(tmp_path: Path, encoding: str) -> None:
    path = table(tmp_path, encoding=encoding)
    done = scan("import", str(path), "--map", "Propriétaire=owner", PYTHONIOENCODING="utf-8")
    assert (done.returncode, done.stderr) == (0, "scan: 1 target\n")
    (target,) = json.loads(done.stdout)["targets"]
    assert target == {"host": "ftp.example.org", "owner": "Équipe échanges"}


def test_validate_then_asks_for_the_authorisation_and_for_nothing_else(tmp_path: Path) -> None:
    out = tmp_path / "targets.json"
    done = scan("import", str(table(tmp_path)), "--output", str(out))
    assert (done.returncode, done.stdout) == (0, "")
    assert out.stat().st_mode & 0o777 == 0o600
    told = scan("validate", str(out))
    assert told.returncode == 2
    lines = told.stdout.splitlines()
    assert [line.split(": ")[1] for line in lines] == [
        "authorisation.reference",
        "authorisation.owner",
        "authorisation.contact",
        "authorisation.valid_until",
    ]
    document = json.loads(out.read_text())
    document["authorisation"] = {"reference": "CHG-1"}
    out.write_text(json.dumps(document))
    assert scan("validate", str(out)).returncode == 0


def test_a_bad_row_keeps_everything_from_being_written_unless_skipped(tmp_path: Path) -> None:
    path = table(tmp_path, "host,protocol\na.example.org,ftp\nb.example.org,smb\n")
    out = tmp_path / "targets.json"
    done = scan("import", str(path), "--output", str(out))
    assert (done.returncode, done.stdout, out.exists()) == (2, "", False)
    assert f"{path}:3: has the protocol 'smb'" in done.stderr
    assert "--skip-bad" in done.stderr
    again = scan("import", str(path), "--output", str(out), "--skip-bad")
    assert again.returncode == 0
    assert f"left out: {path}:3: has the protocol 'smb'" in again.stderr
    assert [each["host"] for each in json.loads(out.read_text())["targets"]] == ["a.example.org"]


def test_a_file_that_is_there_is_replaced_only_when_told(tmp_path: Path) -> None:
    path, out = table(tmp_path), tmp_path / "targets.json"
    out.write_text("mine")
    done = scan("import", str(path), "--output", str(out))
    assert (done.returncode, out.read_text()) == (2, "mine")
    assert "exists already; name another, or give --force" in done.stderr
    assert scan("import", str(path), "--output", str(out), "--force").returncode == 0
    assert json.loads(out.read_text())["version"] == 1
    assert sorted(each.name for each in tmp_path.iterdir()) == ["cmdb.csv", "targets.json"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty; give it a header line"),
        (b"host\n", "no row is left; nothing was written"),
        (b'host\n"a\n', "has broken quotes"),
        (b"\x00\x01", "NUL byte"),
    ],
)
def test_what_is_no_table_is_told_in_a_line(tmp_path: Path, content: bytes, told: str) -> None:
    done = scan("import", str(table(tmp_path, content)))
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr


def test_a_mapping_that_is_none_is_told(tmp_path: Path) -> None:
    done = scan("import", str(table(tmp_path)), "--map", "owner")
    assert done.returncode == 2
    assert "--map: write COLUMN=KEY" in done.stderr
