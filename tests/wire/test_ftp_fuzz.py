"""Replies of any bytes: no exception but our own, no dependence on cuts, bounds, linear time."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.wire.ftp import (
    MOST_LINE,
    MOST_LINES,
    MOST_REPLY,
    MalformedReply,
    RawReply,
    ReplyError,
    ReplyReader,
    announces_tls,
    parse_directory,
    parse_extended_passive,
    parse_features,
    parse_passive,
)

MIB = 1024 * 1024
SEEDS = (
    b"220 ready",
    b"220-first",
    b"220-",
    b"220",
    b"211-Features:",
    b" AUTH TLS;SSL",
    b"211 End",
    b'257 "/a ""b"" c" is where you are',
    b"227 Entering Passive Mode (127,0,0,1,200,10)",
    b"229 Entering Extended Passive Mode (|||50000|)",
    b"530-530 530",
    b"2026 maintenance",
    b"",
    b"600 far",
    b"\xff\xf4\xff\xf2",
)
ENDS = st.sampled_from([b"\r\n", b"\n", b"\r\r\n", b"", b"\0\n"])


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    line = draw(st.sampled_from(SEEDS))
    first = draw(st.integers(0, len(line)))
    last = draw(st.integers(first, len(line)))
    piece = draw(st.one_of(st.just(line[first:last] * 2), st.binary(max_size=5)))
    return line[:first] + piece + line[last:]


STREAMS = st.lists(
    st.tuples(st.one_of(mutated(), st.sampled_from(SEEDS), st.binary(max_size=40)), ENDS),
    max_size=10,
).map(lambda lines: b"".join(line + end for line, end in lines))


def read(pieces: list[bytes]) -> tuple[list[RawReply], type[ReplyError] | None]:
    """All replies, and the error that ended them."""
    reader = ReplyReader()
    replies: list[RawReply] = []
    for piece in pieces:
        reader.feed(piece)
        try:
            while (reply := reader.next_reply()) is not None:
                replies.append(reply)
        except ReplyError as error:
            return replies, type(error)
    return replies, None


def bytewise(data: bytes) -> list[bytes]:
    return [data[index : index + 1] for index in range(len(data))]


@settings(max_examples=500)
@given(data=STREAMS, cuts=st.lists(st.integers(0, 400), max_size=4))
def test_where_the_bytes_are_cut_changes_nothing(data: bytes, cuts: list[int]) -> None:
    marks = [0, *sorted(cuts), len(data)]
    pieces = [data[a:b] for a, b in pairwise(marks)]
    whole = read([data])
    assert read(bytewise(data)) == whole
    assert read(pieces) == whole


@settings(max_examples=300)
@given(data=STREAMS)
def test_what_is_read_is_a_reply_and_fit_for_every_parser(data: bytes) -> None:
    for reply in read([data])[0]:
        assert 100 <= reply.code <= 699
        assert 0 < len(reply.lines) <= MOST_LINES + 1
        assert str(reply.shown).isprintable()
        features = parse_features(reply)
        announces_tls(features)
        for parse in (parse_directory, parse_passive, parse_extended_passive):
            with suppress(MalformedReply):
                parse(reply)


ROTTEN: dict[str, Callable[[int], bytes]] = {
    "replies": lambda n: b"200 ok\r\n" * (n // 8),
    "blank": lambda n: b"\r\n" * (n // 2),
    "quotes": lambda n: b'257 "' + b'"' * (n - 8) + b"\r\n",
    "commas": lambda n: b"227 " + b"1," * (n // 2 - 4) + b"\r\n",
    "bars": lambda n: b"229 " + b"(|||" * (n // 4 - 4) + b"\r\n",
    "digits": lambda n: b"227 " + b"9" * (n - 8) + b"\r\n",
}


def seconds(data: bytes) -> float:
    best = float("inf")
    for _ in range(5):
        begun = time.process_time()
        for reply in read([data])[0]:
            for parse in (parse_directory, parse_passive, parse_extended_passive):
                with suppress(MalformedReply):
                    parse(reply)
        best = min(best, time.process_time() - begun)
    return best


@pytest.mark.parametrize("rot", ["replies", "blank"])
def test_time_grows_with_the_bytes_and_no_faster(rot: str) -> None:
    # Sixteen times the bytes: linear is 16, quadratic 256.
    base = MOST_REPLY // 32
    assert seconds(ROTTEN[rot](16 * base)) < 64 * seconds(ROTTEN[rot](base)) + 0.005


@pytest.mark.parametrize("rot", ["quotes", "commas", "bars", "digits"])
def test_time_grows_with_a_line_and_no_faster(rot: str) -> None:
    # The same bytes in lines that are eight times as long: quadratic time would be eight times.
    long = seconds(ROTTEN[rot](MOST_LINE - 64) * 8)
    short = seconds(ROTTEN[rot](MOST_LINE // 8 - 8) * 64)
    assert long < short * 4 + 0.005


@pytest.mark.parametrize(
    "block", [b"220-x\r\n" * 512, b"220 " + b"x" * 4096, b"\r" * 4096, b"\n" * 4096, b"x" * 4096]
)
def test_a_flood_is_bounded_in_memory_or_ends(block: bytes) -> None:
    reader = ReplyReader()
    tracemalloc.start()
    try:
        for _ in range(512):
            reader.feed(block)
            try:
                while reader.next_reply() is not None:
                    pass
            except ReplyError:
                break
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MIB
