from __future__ import annotations

import pytest

from scanner.cli.choices import ProtocolName, SeverityName, host_and_port, one_of, shard_of
from scanner.errors import InputError
from scanner.model.finding import Severity
from scanner.model.target import Protocol


def test_options_offer_the_words_of_the_model() -> None:
    assert {name.value for name in ProtocolName} == {protocol.value for protocol in Protocol}
    assert [name.value for name in SeverityName] == [severity.value for severity in Severity]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("ftp.example.org", ("ftp.example.org", None)),
        ("ftp.example.org:2121", ("ftp.example.org", 2121)),
        ("192.0.2.1:21", ("192.0.2.1", 21)),
        ("[2001:db8::1]:990", ("2001:db8::1", 990)),
        ("[2001:db8::1]", ("2001:db8::1", None)),
        ("2001:db8::1", ("2001:db8::1", None)),
        ("::1", ("::1", None)),
    ],
)
def test_hosts_are_read_with_and_without_a_port(text: str, read: tuple[str, int | None]) -> None:
    assert host_and_port(text) == read


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":21",
        "[]:21",
        "ftp://ftp.example.org",
        "ftp.example.org/pub",
        "ftp.example.org:",
        "ftp.example.org:0",
        "ftp.example.org:65536",
        "ftp.example.org:ftp",
        "ftp.example.org:٢١",
        "[2001:db8::1",
        "[2001:db8::1]21",
        "[2001:db8::1]:x",
    ],
)
def test_what_is_no_host_is_refused_with_the_mend(text: str) -> None:
    with pytest.raises(InputError) as refused:
        host_and_port(text)
    assert len(refused.value.problems) == 1


def test_shards_are_counted_from_one_outside_and_from_zero_inside() -> None:
    assert shard_of("1/1") == (0, 1)
    assert shard_of("2/4") == (1, 4)


@pytest.mark.parametrize("text", ["", "1", "0/4", "5/4", "-1/4", "a/b", "1/0", "1/2/3", "1/"])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="such as 2/4"):
        shard_of(text)


def test_an_unknown_choice_names_the_known_ones() -> None:
    with pytest.raises(InputError, match="'html' is not available; choose from: text, json"):
        one_of("--format", "html", ("text", "json"))
