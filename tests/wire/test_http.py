from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.wire.http import (
    MOST_HEAD,
    HttpSyntaxError,
    Request,
    RequestReader,
    body_of,
    status_of,
)

PLAIN = b"POST /alerts?x=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = (
    b"POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n"
    b"3;name=value\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"
)


def read(data: bytes, *, pieces: int = 1, most: int = 1000) -> Request | None:
    reader = RequestReader(most_body=most)
    found = None
    for at in range(0, len(data), pieces):
        found = reader.feed(data[at : at + pieces])
        if found is not None:
            break
    return found


@pytest.mark.parametrize("pieces", [1, 2, 7, 1000])
@pytest.mark.parametrize("data", [PLAIN, CHUNKED])
def test_a_request_is_read_however_it_comes(data: bytes, pieces: int) -> None:
    request = read(data, pieces=pieces)
    assert request is not None
    assert (request.method, request.body) == ("POST", b"hello")


def test_a_head_is_told_in_lower_case_and_what_comes_twice_is_joined() -> None:
    request = read(b"GET /a HTTP/1.0\r\nX-One:  1 \r\nx-ONE: 2\r\n\r\n")
    assert request == Request("GET", b"/a", {"x-one": b"1, 2"}, b"")


@pytest.mark.parametrize("data", [PLAIN[:-1], CHUNKED[:-5], b"POST / HTTP/1.1\r\n", b""])
def test_what_is_not_whole_is_no_request(data: bytes) -> None:
    assert read(data) is None


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"x" * MOST_HEAD, 431),
        (b"SSH-2.0-x\r\n\r\n", 400),
        (b"POST / HTTP/2.0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\n bad: name\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 400),
        (PLAIN.replace(b"Host: a", b"Transfer-Encoding: chunked"), 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3E9\r\n", 413),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 2000, 400),
    ],
)
def test_what_is_not_understood_has_its_answer(data: bytes, status: int) -> None:
    with pytest.raises(HttpSyntaxError) as fault:
        read(data)
    assert fault.value.status == status


def test_chunks_together_may_not_be_more_than_a_body() -> None:
    chunk = b"190\r\n" + b"x" * 400 + b"\r\n"
    with pytest.raises(HttpSyntaxError) as fault:
        read(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 3)
    assert fault.value.status == 413


def test_who_waits_to_be_told_to_go_on_is_known() -> None:
    reader = RequestReader()
    head = PLAIN.partition(b"hello")[0].replace(b"Host: a", b"Expect: 100-Continue")
    assert reader.feed(head) is None
    assert reader.waits_for_leave
    assert reader.feed(b"hel") is None
    assert not reader.waits_for_leave


@given(st.binary(max_size=400), st.integers(1, 50))
def test_any_bytes_are_read_or_refused_alike_whole_and_in_pieces(data: bytes, pieces: int) -> None:
    def outcome(size: int) -> object:
        try:
            return read(b"POST / HTTP/1.1\r\n" + data, pieces=size)
        except HttpSyntaxError as error:
            return error.status

    assert outcome(pieces) == outcome(10_000)


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\nbody", 200),
        (b"HTTP/1.0 404\r\n\r\n", 404),
        (b"HTTP/1.1 999 x\r\n\r\n", None),
        (b"SSH-2.0-x\r\n", None),
        (b"", None),
    ],
)
def test_the_status_of_an_answer(answer: bytes, status: int | None) -> None:
    assert status_of(answer) == status
    assert body_of(b"HTTP/1.1 200 OK\r\n\r\nbody") == b"body"
