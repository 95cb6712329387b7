from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.model.listing import EntryKind
from scanner.model.sftp import Attributes, SftpExtension, SftpLimits
from scanner.wire.sftp import (
    LONGEST_TARGET,
    MOST_EXTENSIONS,
    Attrs,
    Extended,
    Extension,
    Names,
    Request,
    Version,
    decode_limits,
    decode_read_only,
    decode_response,
    decode_version,
    encode_extended,
    encode_path,
    link_target,
)
from scanner.wire.ssh import SshSyntaxError
from tests.wire.test_sftp import names, string, u32


def u64(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(8, "big") for number in numbers)


def linked(*targets: bytes) -> Names:
    _, response = decode_response(names(*(string(t) + string(b"") + u32(0) for t in targets)))
    assert isinstance(response, Names)
    return response


def test_extended_requests_are_two_and_neither_changes_anything() -> None:
    assert {str(each) for each in Extension} == {"statvfs@openssh.com", "limits@openssh.com"}


def test_requests_for_attributes_and_links_are_framed_as_the_draft_says() -> None:
    for kind, number in ((Request.LSTAT, 7), (Request.STAT, 17), (Request.READLINK, 19)):
        assert encode_path(kind, 2, b"/a")[4:] == bytes([number]) + u32(2) + string(b"/a")
    statvfs = b"\xc8" + u32(9) + string(b"statvfs@openssh.com") + string(b"/a")
    assert encode_extended(9, Extension.STATVFS, b"/a")[4:] == statvfs
    limits = b"\xc8" + u32(9) + string(b"limits@openssh.com")
    assert encode_extended(9, Extension.LIMITS) == u32(len(limits)) + limits


def test_a_version_carries_its_extensions_neutralised_and_bounded() -> None:
    told = string(b"limits@openssh.com") + string(b"1") + string(b"x\x1b[2J") + string(b"y" * 999)
    version = decode_version(b"\x02" + u32(3) + told)
    assert version.extensions[0] == SftpExtension("limits@openssh.com", "1")
    assert "\x1b" not in version.extensions[1].name
    assert len(version.extensions[1].value) <= 64

    many = decode_version(b"\x02" + u32(6) + (string(b"e") + string(b"")) * (MOST_EXTENSIONS + 5))
    assert (many.number, len(many.extensions), many.dropped) == (6, MOST_EXTENSIONS, 5)


def test_a_version_is_told_whatever_comes_after_it() -> None:
    assert decode_version(b"\x02" + u32(3) + u32(0xFFFFFFFF)) == Version(3, (), 1)


@pytest.mark.parametrize(
    ("body", "attributes"),
    [
        (u32(0), Attributes()),
        (
            u32(0x6) + u32(1001) + u32(1002) + u32(0o040750),
            Attributes(kind=EntryKind.DIRECTORY, mode=0o750, uid=1001, gid=1002),
        ),
        (u32(0x4) + u32(0o101777), Attributes(kind=EntryKind.FILE, mode=0o1777)),
    ],
)
def test_attributes_that_are_left_out_are_not_made_up(body: bytes, attributes: Attributes) -> None:
    assert decode_response(b"\x69" + u32(4) + body) == (4, Attrs(attributes))


def test_the_target_of_a_link_is_raw() -> None:
    assert link_target(linked(b"../caf\xe9")) == b"../caf\xe9"


@pytest.mark.parametrize(
    "targets", [(), (b"",), (b"a", b"b"), (b"a\0b",), (b"x" * (LONGEST_TARGET + 1),)]
)
def test_a_target_that_is_no_path_is_refused(targets: tuple[bytes, ...]) -> None:
    with pytest.raises(SshSyntaxError):
        link_target(linked(*targets))


@pytest.mark.parametrize(("flags", "expected"), [(0, False), (1, True), (2, False), (3, True)])
def test_the_read_only_flag_is_the_first_bit_of_the_tenth_number(
    flags: int,
    expected: bool,  # noqa: FBT001 - a value
) -> None:
    reply = u64(4096, 4096, 9, 8, 7, 6, 5, 4, 3, flags, 255)
    _, response = decode_response(b"\xc9" + u32(1) + reply)
    assert response == Extended(reply)
    assert decode_read_only(reply) is expected


def test_limits_are_four_numbers() -> None:
    told = SftpLimits(packet=262144, read=261120, write=261120, handles=1019)
    assert decode_limits(u64(262144, 261120, 261120, 1019)) == told


@pytest.mark.parametrize(("decode", "size"), [(decode_limits, 32), (decode_read_only, 88)])
def test_a_short_reply_is_refused_and_a_longer_one_is_read(
    decode: Callable[[bytes], Any], size: int
) -> None:
    assert decode(bytes(size + 8)) == decode(bytes(size))
    with pytest.raises(SshSyntaxError):
        decode(bytes(size - 1))


@given(st.sampled_from([105, 201]), st.binary(max_size=200))
def test_any_such_response_ends_in_a_fact_or_in_the_readers_own_error(
    kind: int, body: bytes
) -> None:
    try:
        identity, response = decode_response(bytes([kind]) + body)
    except SshSyntaxError:
        return
    assert identity == int.from_bytes(body[:4], "big")
    assert isinstance(response, Attrs | Extended)


@given(st.binary(max_size=400))
def test_any_version_packet_ends_in_bounds_or_in_the_readers_own_error(body: bytes) -> None:
    try:
        version = decode_version(b"\x02" + body)
    except SshSyntaxError:
        assert len(body) < 4
        return
    assert len(version.extensions) <= MOST_EXTENSIONS
