"""A file read in pieces is the same file: nothing more passes, nothing else comes of it."""

from __future__ import annotations

import itertools
import json
import os
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from scanner.engine.plan import seen_from, shard_of
from scanner.errors import InputError
from scanner.intake import json_stream
from scanner.intake.files import MEBIBYTE
from scanner.intake.json_stream import JsonStream
from scanner.intake.target_stream import read_in_pieces
from scanner.model.target import TargetsFile
from scanner.targets import LARGEST_FILE, load_targets, read_whole
from tests.intake.test_schema_check import EXAMPLE, damaged

HEAD = '"version": 1, "authorisation": {"reference": "r"}'
LONG = "7" * 1001


def written(folder: Path, text: str) -> Path:
    path = folder / "targets.json"
    path.write_text(text, encoding="utf-8")
    return path


def whole(path: Path) -> TargetsFile | None:
    try:
        return read_whole(path)
    except InputError:
        return None


def in_pieces(path: Path) -> TargetsFile | None:
    return read_in_pieces(path, LARGEST_FILE)


def of(*targets: dict[str, Any], after: str = "") -> str:
    return f'{{{HEAD}, "targets": {json.dumps(list(targets))}{after}}}'


@settings(max_examples=300)
@given(root=damaged())
def test_a_damaged_file_is_never_let_through(
    tmp_path_factory: pytest.TempPathFactory, root: Any
) -> None:
    path = written(tmp_path_factory.getbasetemp(), json.dumps(root))
    assert in_pieces(path) == whole(path)


ALIKE = tuple(
    {"host": f"H{number}.example.org", "asset": f"a{number}", "owner": f"team {number % 3}"}
    for number in range(20)
)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
@pytest.mark.parametrize(
    "text", [json.dumps(EXAMPLE, indent=2), of(*ALIKE, after=', "x-é": [1.25e+3, "é"]\n')]
)
def test_a_file_is_the_same_wherever_it_is_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, text: str
) -> None:
    monkeypatch.setattr(json_stream, "_PIECE", size)
    path = written(tmp_path, text)
    found = in_pieces(path)
    assert found is not None
    assert found == read_whole(path)


def test_targets_that_are_alike_keep_names_and_notes_of_their_own(tmp_path: Path) -> None:
    one = {"host": "ONE.example.org", "policy": "anssi", "x-note": 1}
    two = {"x-note": 2, "host": "two.example.org", "asset": "second", "policy": "anssi"}
    three = {"host": "three.example.org"}
    found = in_pieces(written(tmp_path, of(one, two, three)))
    assert found is not None
    told = [(each.host, each.asset, each.policy) for each in found.targets]
    assert told == [
        ("ONE.example.org", "one.example.org", "anssi"),
        ("two.example.org", "second", "anssi"),
        ("three.example.org", "three.example.org", "modern"),
    ]
    assert found.targets[-1].asset == "three.example.org"
    assert [each.asset for each in found.targets[1:]] == ["second", "three.example.org"]
    with pytest.raises(IndexError):
        found.targets[3]


A, B = {"host": "a.example.org"}, {"host": "b.example.org"}


@pytest.mark.parametrize(
    "text",
    [
        of(A, {"host": "A.example.org."}),
        of(A, B | {"asset": "a.example.org"}),
        of(A | {"asset": "x"}, A | {"asset": "y"}),
        of(A, B | {"endpoints": [{"port": 21, "protocol": "ftp"}], "host": "a.example.org"}),
        of(A, {"host": "no host"}),
        of(A, {"host": 1}),
        of(A, {"asset": "x"}),
        of(A, B | {"asset": "no name"}),
        of(A, B | {"policy": "modren"}),
        of(A, after=', "targets": []'),
        of(A, after=', "exclude": [{"match": "x"}]'),
        of(A, after=', "exclude": [], "exclude": []'),
        of(A, after=","),
        of(A)[:-1],
        of(A) + "{}",
        of(A).replace('"}]', '"},]'),
        of(A).replace('"}]', '"} {}]'),
        of(A | {"x-a": "\\u0007"}).replace("\\\\", "\\"),
        of(A).replace('"host"', '"x-a": 1, "x-a": 2, "host"'),
        of(A).replace('"host"', '"x-a": NaN, "host"'),
        of(A | {"x-a\x7f": 1, "x-b": '"'}).replace("\\u007f", "\x7f"),
        of(A).replace('"host"', f'"x-a": {LONG}, "x-b": "\\u0041", "host"'),
        f'{{{HEAD}, "targets": [{json.dumps(A)}}}',
        f'{{{HEAD}, "targets": {json.dumps(A)}}}',
        "{}",
        "",
        "[]",
    ],
)
def test_what_is_wrong_is_left_to_whoever_reads_the_whole(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, text)
    assert in_pieces(path) is None
    with pytest.raises(InputError):
        load_targets(path)


@pytest.mark.parametrize(
    "content", [b"\xef\xbb\xbf{}", '{"a": 1}'.encode("utf-16"), b'{"x-\xff": 1}', b'{"x-\xc3']
)
def test_what_is_not_plain_utf_8_is_left_to_it_too(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "targets.json").write_bytes(content)
    assert in_pieces(tmp_path / "targets.json") is None


@pytest.mark.parametrize(
    "text",
    [
        f'{{"targets": [{json.dumps(A)}], {HEAD}}}',
        of(A, after=', "defaults": {"policy": "anssi"}'),
        of(A | {"x-a": "\x7f"}).replace("\\u007f", "\x7f"),
        of(A).replace('"host"', f'"x-a": {LONG}, "host"'),
    ],
)
def test_what_is_right_and_unusual_is_read_all_the_same(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, text)
    assert in_pieces(path) is None
    assert [each.host for each in load_targets(path).targets] == ["a.example.org"]


def test_one_host_may_be_several_assets_by_its_ports(tmp_path: Path) -> None:
    ports = ({"endpoints": [{"port": port, "protocol": "ftp"}]} for port in (21, 2121))
    several = [A | {"asset": f"a{number}"} | each for number, each in enumerate(ports)]
    found = in_pieces(written(tmp_path, of(*several)))
    assert found is not None
    assert [each.asset for each in found.targets] == ["a0", "a1"]


def test_a_file_that_is_too_large_is_left_to_it(tmp_path: Path) -> None:
    path = written(tmp_path, of(A))
    assert read_in_pieces(path, path.stat().st_size) is not None
    assert read_in_pieces(path, path.stat().st_size - 1) is None


def test_a_file_that_is_rewritten_meanwhile_is_read_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_stream, "_PIECE", 64)
    before = of(*({"host": f"old-{number}.example.org"} for number in range(1_000)))
    after = before.replace("old-", "new-")
    path = written(tmp_path, before)
    os.utime(path, (1, 1))
    taken = itertools.count()
    more = JsonStream._more

    def rewritten(source: JsonStream) -> bool:
        if next(taken) == 1:
            path.write_text(after)
        return more(source)

    monkeypatch.setattr(JsonStream, "_more", rewritten)
    assert {each.host[:4] for each in load_targets(path).targets} == {"new-"}


def peak_of(folder: Path, targets: int) -> int:
    """Return the bytes that reading so many targets and choosing among them takes at most."""
    every = ({"host": f"10.{n >> 8}.{n & 255}.1", "asset": f"server-{n}"} for n in range(targets))
    scope = HEAD.replace("}", ', "scope": ["10.0.0.0/8"]}')
    listed = ",\n".join(json.dumps(each) for each in every)
    path = written(folder, f'{{{scope}, "targets": [{listed}]}}')
    del listed
    tracemalloc.start()
    try:
        file = load_targets(path)
        wanted = shard_of(seen_from(file.targets, ("internal",)), None)
        assert sum(1 for _ in wanted) == targets
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_target_takes_little_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A file that is read whole gets room for the largest one, which would be all of the peak.
    monkeypatch.setattr("scanner.targets.LARGEST_FILE", 4 * MEBIBYTE)
    few, many = 8_000, 16_000  # both are longer than what is read ahead
    peak_of(tmp_path, 100)  # modules and caches
    grown = peak_of(tmp_path, many) - peak_of(tmp_path, few)
    assert grown / (many - few) < 200
