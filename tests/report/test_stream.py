from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from unittest import mock

import pytest

from scanner.model.ascii_json import decode
from scanner.report.document import encode, host_document, scan_document
from scanner.report.stream import hosts_in, late_hosts_in, stream, with_aliases
from tests.report import builders

LEAD = {"kind": "host-key", "summary": "one key on two assets", "assets": ["a", "b"]}


def written(count: int) -> str:
    lines = [encode(host_document(builders.bad_report())) + "\n"] * count
    return "".join(stream(builders.header(), lines, [LEAD]))


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_streamed_report_is_the_whole_document(count: int) -> None:
    hosts = [host_document(builders.bad_report())] * count
    whole = scan_document(builders.header(), hosts, [LEAD])
    assert json.loads(written(count)) == json.loads(encode(whole))


@pytest.mark.parametrize("count", [0, 1, 3])
def test_hosts_are_read_back_one_line_at_a_time(count: int) -> None:
    host = json.loads(encode(host_document(builders.bad_report())))
    assert list(hosts_in(written(count).splitlines(keepends=True))) == [host] * count


def test_blank_lines_of_a_spool_are_passed_over() -> None:
    text = "".join(stream(builders.header(), ["", "\n", '{"a":1}\n', "\n"], []))
    assert json.loads(text)["hosts"] == [{"a": 1}]


def test_no_more_than_one_host_is_held() -> None:
    taken: list[int] = []

    def spool() -> Iterator[str]:
        for number in range(1000):
            taken.append(number)
            yield f'{{"n":{number}}}\n'

    chunks = stream(builders.header(), spool(), [])
    next(chunks)
    assert taken == []
    assert next(chunks) == '\n{"n":0}'
    assert taken == [0]


def test_of_a_late_host_a_part_is_read_when_it_is_asked_for() -> None:
    (late,) = late_hosts_in(written(1).splitlines(keepends=True))
    with mock.patch("scanner.report.stream.decode", wraps=decode) as reads:
        assert "endpoints" in late
        assert late["grade"] == late["grade"] == "F"
        assert late.get("nothing") is None
    assert [call.args for call in reads.call_args_list] == [(b'"F"',)]
    assert late == host_document_read()


def host_document_read() -> Any:
    return json.loads(encode(host_document(builders.bad_report())))


def test_a_late_host_reads_what_only_the_standard_library_does() -> None:
    text = '{"asset":"a\\ud800","rest":[1]}'
    (late,) = late_hosts_in(['"hosts":[\n', f"{text}\n", '],"fleet":[]}\n'])
    assert dict(late) == json.loads(text)


def test_a_damaged_host_line_is_refused() -> None:
    lines = written(1).replace('{"tenant"', "{tenant").splitlines(keepends=True)
    with pytest.raises(ValueError, match="Expecting property name"):
        list(hosts_in(lines))


def test_names_of_the_same_asset_are_put_into_its_line_and_into_no_other() -> None:
    document = host_document(builders.bad_report())
    lines = [encode(document), encode({**document, "asset": 'odd "asset" é'})]
    known = {'odd "asset" é': ("other.example.org", document["host"])}
    first, second = with_aliases(lines, lambda asset: known.get(asset, ()))
    assert first == lines[0]
    assert json.loads(second)["aliases"] == ["other.example.org"]


def test_whoever_asks_is_told_which_hosts_got_names() -> None:
    document = host_document(builders.bad_report())
    lines = [encode({**document, "asset": name}) for name in ("one", "two", "three")]
    told: list[tuple[int, Mapping[str, Any]]] = []
    named = with_aliases(
        lines,
        lambda asset: ("other.example.org",) if asset == "two" else (),
        lambda place, host: told.append((place, host)),
    )
    assert [json.loads(line) for line in named][1] == told[0][1]
    assert [(place, host["aliases"]) for place, host in told] == [(1, ["other.example.org"])]


def test_a_line_that_is_no_host_passes_as_it_is() -> None:
    assert list(with_aliases(["{}"], lambda _: ("never",))) == ["{}"]
