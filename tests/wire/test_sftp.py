from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.model.listing import EntryKind, Precision
from scanner.wire.sftp import (
    LARGEST_PACKET,
    Data,
    Handle,
    Names,
    PacketReader,
    Request,
    Status,
    decode_response,
    decode_version,
    encode_init,
    encode_open,
    encode_path,
    encode_read,
)
from scanner.wire.ssh import SshSyntaxError


def u32(number: int) -> bytes:
    return number.to_bytes(4, "big")


def string(data: bytes) -> bytes:
    return u32(len(data)) + data


def names(*entries: bytes) -> bytes:
    return b"\x68" + u32(7) + u32(len(entries)) + b"".join(entries)


def test_requests_are_framed_as_the_draft_says() -> None:
    assert encode_init() == b"\0\0\0\x05\x01\0\0\0\x03"
    assert encode_path(Request.OPENDIR, 2, b"/a") == b"\0\0\0\x0b\x0b" + u32(2) + string(b"/a")
    assert encode_read(3, b"h", 2**40, 5)[4:] == b"\x05" + u32(3) + string(b"h") + (2**40).to_bytes(
        8, "big"
    ) + u32(5)


def test_files_are_opened_for_reading_and_nothing_else() -> None:
    assert encode_open(1, b"/a")[4:] == b"\x03" + u32(1) + string(b"/a") + u32(1) + u32(0)


def test_no_request_that_could_change_anything_can_be_named() -> None:
    changing = {6, 9, 10, 13, 14, 15, 18, 20, 200}  # write, setstat, fsetstat, remove ... extended

    assert not changing & {int(kind) for kind in Request}


def test_an_entry_carries_its_facts_and_raw_name() -> None:
    attributes = u32(0x0000000F) + (2**33).to_bytes(8, "big") + u32(1001) + u32(1001)
    attributes += u32(0o100640) + u32(1) + u32(1_700_000_000)
    packet = names(string(b"caf\xe9.csv") + string(b"-rw-r-----") + attributes)

    identity, response = decode_response(packet)

    assert identity == 7
    assert isinstance(response, Names)
    entry = response.entries[0]
    assert (entry.name, entry.kind, entry.size, entry.mode) == (
        b"caf\xe9.csv",
        EntryKind.FILE,
        2**33,
        0o640,
    )
    assert (entry.owner, entry.precision) == ("1001", Precision.SECOND)
    assert entry.modified == datetime.fromtimestamp(1_700_000_000, UTC)


@pytest.mark.parametrize(
    ("mode", "long_name", "kind"),
    [
        (0o040755, b"", EntryKind.DIRECTORY),
        (0o120777, b"", EntryKind.LINK),
        (0o010644, b"", EntryKind.OTHER),
        (0o140644, b"-", EntryKind.OTHER),
        (0o755, b"drwxr-xr-x", EntryKind.DIRECTORY),
        (None, b"lrwx", EntryKind.LINK),
        (None, b"-rw", EntryKind.FILE),
        (None, b"", EntryKind.OTHER),
    ],
)
def test_the_kind_comes_from_the_mode_or_else_the_long_name(
    mode: int | None, long_name: bytes, kind: EntryKind
) -> None:
    attributes = u32(0) if mode is None else u32(4) + u32(mode)

    _, response = decode_response(names(string(b"x") + string(long_name) + attributes))

    assert isinstance(response, Names)
    assert response.entries[0].kind is kind


def test_extended_attributes_are_passed_over() -> None:
    attributes = u32(0x80000004) + u32(0o100644) + u32(1) + string(b"acl@x") + string(b"data")
    packet = names(string(b"x") + string(b"") + attributes, string(b"y") + string(b"") + u32(0))

    _, response = decode_response(packet)

    assert isinstance(response, Names)
    assert [entry.name for entry in response.entries] == [b"x", b"y"]


def test_the_other_responses_are_read() -> None:
    assert decode_response(b"\x65" + u32(1) + u32(3) + string(b"no\x07") + string(b"en")) == (
        1,
        Status(3, "no\\x07"),
    )
    assert decode_response(b"\x65" + u32(1) + u32(2)) == (1, Status(2))
    assert decode_response(b"\x66" + u32(1) + string(b"h")) == (1, Handle(b"h"))
    assert decode_response(b"\x67" + u32(1) + string(b"data")) == (1, Data(b"data"))
    assert decode_version(b"\x02" + u32(3) + string(b"ext") + string(b"1")).number == 3


@pytest.mark.parametrize(
    "packet",
    [
        b"\x68" + u32(1) + u32(0xFFFFFFFF),
        b"\x66" + u32(1) + string(b"h" * 300),
        b"\x99" + u32(1),
        b"\x65",
        names(string(b"x") + string(b"") + u32(0x80000000) + u32(0xFFFFFFFF)),
    ],
)
def test_responses_that_lie_are_refused(packet: bytes) -> None:
    with pytest.raises(SshSyntaxError):
        decode_response(packet)


def test_a_packet_may_come_in_pieces_and_several_at_once() -> None:
    reader = PacketReader()

    assert reader.feed(b"\0\0") == []
    assert reader.feed(b"\0\x02ab\0\0\0\x01c\0") == [b"ab", b"c"]


@pytest.mark.parametrize("length", [0, LARGEST_PACKET + 1, 0xFFFFFFFF])
def test_a_length_out_of_bounds_is_refused_before_anything_is_held(length: int) -> None:
    with pytest.raises(SshSyntaxError):
        PacketReader().feed(u32(length))


@given(st.integers(101, 105), st.binary(max_size=200))
def test_any_response_ends_in_a_fact_or_in_the_readers_own_error(kind: int, body: bytes) -> None:
    try:
        identity, _ = decode_response(bytes([kind]) + body)
    except SshSyntaxError:
        return
    assert identity == int.from_bytes(body[:4], "big")
