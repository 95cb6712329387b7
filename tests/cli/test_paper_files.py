"""Every paper good, expired, incomplete and malformed, through ``scan validate``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner import api
from scanner.api.papers import paper_kind, validate_paper
from scanner.intake.papers import KINDS, LARGEST_PAPER
from scanner.intake.templates import template
from scanner.targets import load_targets
from tests.cli.shell import scan

CANARY = "Canary Person"


def good(kind: str, /, **changes: Any) -> dict[str, Any]:
    entry = {**json.loads(template(kind, filled=True)), **changes}
    return {key: value for key, value in entry.items() if value is not None}


def lines_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: object, kind: str = ""
) -> list[str]:
    monkeypatch.chdir(tmp_path)
    path = Path("paper.json")
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(json.dumps(content, indent=1), encoding="utf-8")
    lines = list(validate_paper(path, kind or paper_kind(path)))
    assert CANARY not in "\n".join(lines)
    return [line.split(": ", 1)[1] for line in lines]


def test_every_good_paper_is_valid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in KINDS:
        assert lines_of(tmp_path, monkeypatch, good(kind)) == []


EXPIRED = "expires: 2026-01-31 has passed; renew the paper and write its new last day"


@pytest.mark.parametrize(
    ("kind", "early"),
    [
        ("contract", {"signed": "2025-01-01", "reviewed": "2025-06-01", "duration": None}),
        ("order", {"ordered_on": "2025-01-01"}),
        ("procedure", {"reviewed": "2025-01-01"}),
        ("attestation", {"reviewed": "2025-01-01"}),
    ],
)
def test_an_expired_paper_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, early: dict[str, Any]
) -> None:
    lines = lines_of(tmp_path, monkeypatch, good(kind, expires="2026-01-31", **early))
    assert EXPIRED in lines


@pytest.mark.parametrize(
    ("kind", "changes", "told"),
    [
        (
            "contract",
            {"reviewed": None},
            [
                (
                    "'reviewed' is missing, and without it the contract counts for nothing; the day "
                    "on which somebody last read it through; write it as 2026-12-31"
                )
            ],
        ),
        (
            "contract",
            {"clauses": ["a", "b", "c", "e", "f", "g", "h"]},
            [
                (
                    "clauses: lacks (d) of GDPR article 28(3): that the processor takes on another "
                    "processor only by leave, on the same terms; have it added to the contract, and "
                    "then here"
                )
            ],
        ),
        (
            "contract",
            {"processor": None, "data_types": []},
            [
                (
                    "'processor' is missing, and without it the contract counts for nothing; write "
                    "who processes the data"
                ),
                (
                    "'data_types' is missing, and without it the contract counts for nothing; list "
                    'the kinds of data, as ["identity", "laboratory results"]'
                ),
            ],
        ),
        (
            "order",
            {"owner": None, "migration_end": None},
            [
                "'owner' is missing, and without it the order fails; write who answers for it",
                (
                    "'migration_end' is missing, and without it the order fails; the day on which "
                    "the migration ends; write it as 2026-12-31"
                ),
            ],
        ),
        (
            "procedure",
            {"owner": None},
            [
                (
                    "'owner' is missing, and without it the procedure counts for nothing; write who "
                    "answers for it"
                )
            ],
        ),
        (
            "attestation",
            {"kind": "on-call-rotas"},
            ["kind: is a kind that no check asks for; did you mean 'on-call-rota'?"],
        ),
        (
            "attestation",
            {"reviewed": "2033-01-01"},
            ["reviewed: 2033-01-01 is yet to come, and counts from then on; correct it or wait"],
        ),
    ],
)
def test_an_incomplete_paper_is_told_what_it_lacks(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    changes: dict[str, Any],
    told: list[str],
) -> None:
    assert lines_of(tmp_path, monkeypatch, good(kind, **changes)) == told


@pytest.mark.parametrize(
    ("kind", "changes", "told"),
    [
        ("contract", {"paper": "contrat"}, "paper: is none of contract, order, attestation, proc"),
        ("contract", {"paper": ["contract"]}, "paper: is none of contract, order"),
        (
            "contract",
            {"clauses": ["i"]},
            "clauses[0]: this value is none of a, b, c, d, e, f, g, h",
        ),
        ("contract", {"clauses": ["a", "a"]}, "clauses[1]: this value is listed twice; remove one"),
        (
            "contract",
            {"controler": CANARY},
            "controler: is not a known key; did you mean 'controll",
        ),
        ("contract", {"controller": None}, "'controller' is missing; add it"),
        ("contract", {"controller": 7}, "controller: this value is not text; give text"),
        (
            "contract",
            {"signed": "15/12/2025"},
            "signed: this value is not a date; write it as 2026",
        ),
        ("contract", {"duration": "2026-01-01"}, "duration: this value is not a span of days"),
        ("contract", {"expires": "2020-01-01"}, "expires: 2020-01-01 is before 'signed'"),
        ("order", {"fields": CANARY}, "fields: this value is not a list; give a list"),
        ("order", {"date_field": CANARY}, "date_field: "),
        ("order", {"paths": ["exchange"]}, "paths[0]: this value is not absolute; begin it with /"),
        ("order", {"max_rows": "many"}, "max_rows: this value is not a whole number"),
        (
            "procedure",
            {"kind": "recipe"},
            "kind: this value is none of migration-procedure, superv",
        ),
        ("attestation", {"title": ""}, "title: is empty; fill it or remove it"),
        ("attestation", {"sha256": "0" * 64}, "sha256: is of no use without 'file'; add it"),
        ("attestation", {"file": "gone.pdf"}, "'sha256' is missing"),
    ],
)
def test_a_malformed_paper_is_told_by_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    changes: dict[str, Any],
    told: str,
) -> None:
    if kind == "order" and changes.get("date_field") == CANARY:
        changes = {"date_field": "nowhere"}
    lines = lines_of(tmp_path, monkeypatch, good(kind, **changes))
    assert any(line.startswith(told) for line in lines), lines


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b"\xff\xfe{\x00}\x00", "is UTF-16; save it as UTF-8"),
        (b'{"paper": "contract", "controller": "\xe9"}', "is not UTF-8"),
        (b'{"paper": "contract", "paper": "order"}', "paper: is given twice, on lines 1 and 1"),
        (b'{"paper": "contract", "controller": NaN}', "NaN is not JSON"),
        (b'{"paper": "contract", "controller": "\\u001b[2J"}', "holds a control character"),
        (b'{"paper": "contract", "x-a": ' + b"[" * 5_000 + b"]" * 5_000 + b"}", "levels deep"),
        (b'{"paper": "contract"', "paper.json"),
        (b'[{"paper": "contract"}]', "is not an object; `scan template contract` prints one"),
        (b'{"controller": "A"}', "'paper' is missing; add it, with one of: contract, order"),
        (b" " * (LARGEST_PAPER + 1), "is larger than 1 MiB"),
    ],
)
def test_hostile_papers_are_a_line_and_never_a_traceback(
    tmp_path: Path, content: bytes, told: str
) -> None:
    path = tmp_path / "paper.json"
    path.write_bytes(content)
    lines = validate_paper(path, "contract")
    assert len(lines) >= 1
    assert any(told in line for line in lines), lines


@given(content=st.binary(max_size=200), kind=st.sampled_from([*KINDS, "inventory", "warning"]))
def test_any_bytes_are_told_and_never_raise(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, kind: str
) -> None:
    path = tmp_path_factory.mktemp("paper") / "paper.json"
    path.write_bytes(b'{"paper": "contract", ' + content)
    assert isinstance(validate_paper(path, kind), tuple)
    assert isinstance(paper_kind(path), str)


def test_a_paper_of_another_kind_than_was_said_is_told(tmp_path: Path) -> None:
    path = tmp_path / "paper.json"
    path.write_text(template("order", filled=True))
    (line,) = validate_paper(path, "contract")
    assert line.endswith("paper.json: is of the kind order, and not contract; correct one")


def test_the_file_of_a_paper_is_looked_for_and_compared(tmp_path: Path) -> None:
    path, named = tmp_path / "paper.json", tmp_path / "contract.pdf"
    path.write_text(json.dumps(good("contract", file="contract.pdf", sha256="0" * 64)))
    assert "contract.pdf: does not exist" in validate_paper(path, "contract")[0]
    named.write_bytes(b"x")
    assert "is not the declared version" in validate_paper(path, "contract")[0]


def targets(folder: Path, **target: Any) -> Path:
    document = {
        "version": 1,
        "authorisation": {"reference": "CHG-1"},
        "targets": [{"host": "127.0.0.1", "asset": "a", **target}],
    }
    path = folder / "targets.json"
    path.write_text(json.dumps(document, indent=1), encoding="utf-8")
    return path


def test_papers_in_files_of_their_own_stand_beside_those_of_the_targets_file(
    tmp_path: Path,
) -> None:
    (tmp_path / "papers").mkdir()
    for kind in KINDS:
        (tmp_path / "papers" / f"{kind}.json").write_text(json.dumps(good(kind)))
    names = [f"papers/{kind}.json" for kind in KINDS]
    own = {"order_id": "MIG-1", "controller": "Laboratory Two"}
    file = targets(tmp_path, papers=names, migrations=[own], retention_days=9)
    (target,) = load_targets(file).targets
    assert [order.order_id for order in target.migrations] == ["MIG-1", "MIG-7"]
    assert [order.retention_days for order in target.migrations] == [9, 14]
    assert [paper.kind for paper in target.documents] == ["on-call-rota", "migration-procedure"]
    assert [paper.controller for paper in target.contracts] == ["Laboratory One"]
    assert target.faulty_papers == ()


def test_a_file_that_a_paper_names_lies_beside_that_paper(tmp_path: Path) -> None:
    (tmp_path / "papers").mkdir()
    paper = good("contract", file="c.pdf", sha256="0" * 64)
    (tmp_path / "papers" / "c.json").write_text(json.dumps(paper))
    (target,) = load_targets(targets(tmp_path, papers=["papers/c.json"])).targets
    assert target.contracts[0].file == tmp_path / "papers" / "c.pdf"


def test_a_faulty_paper_keeps_nothing_from_being_loaded_and_is_told(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text('{"paper": "contract", "clauses": 7}')
    (tmp_path / "o.json").write_text(json.dumps(good("order")))
    names = ["c.json", "o.json", "gone.json"]
    file = targets(tmp_path, papers=names, migrations=[{"order_id": "MIG-7"}])
    (target,) = load_targets(file).targets
    assert [paper.kind for paper in target.faulty_papers] == ["contract", "order", ""]
    assert len(target.migrations) == 1
    lines = api.validate(file)
    assert any("c.json:1: clauses: this value is not a list" in line for line in lines)
    assert any("o.json: order_id: is the number of another order too" in line for line in lines)
    assert any("gone.json: does not exist" in line for line in lines)


def test_what_the_papers_of_a_targets_file_lack_is_told_by_its_line(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text(json.dumps(good("contract", owner=None)))
    file = targets(tmp_path, contracts=[{"controller": "A"}], papers=["c.json"])
    lines = api.validate(file)
    own = [line for line in lines if "targets.json:" in line]
    place = file.read_text().splitlines().index("    {") + 1
    assert all(f"targets.json:{place}: targets[0].contracts[0]: '" in line for line in own), own
    assert len(own) == 9
    assert any("c.json:1: 'owner' is missing" in line for line in lines)


def test_the_command_validates_a_paper_and_tells_how_many_problems(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text(json.dumps(good("contract", owner=None)))
    told = scan("validate", str(path))
    assert told.returncode == 2
    assert told.stdout.endswith("write who answers for it\n")
    assert told.stderr == f"scan: {path}: 1 problem\n"
