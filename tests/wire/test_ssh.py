from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.model.ssh import KexInit
from scanner.wire.ssh import (
    Disconnect,
    Fields,
    Identification,
    IdentificationReader,
    KexInitReader,
    SshSyntaxError,
    read_kexinit,
)


def string(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


def kexinit(*lists: bytes) -> bytes:
    names = [*lists, *[b""] * (10 - len(lists))]
    return b"\x14" + bytes(16) + b"".join(map(string, names)) + bytes(5)


def packet(payload: bytes, padding: int = 6) -> bytes:
    return (
        (len(payload) + padding + 1).to_bytes(4, "big")
        + bytes([padding])
        + payload
        + bytes(padding)
    )


def identified(data: bytes) -> Identification:
    found = IdentificationReader().feed(data)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("line", "protocol", "version_2"),
    [
        (b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", "2.0", True),
        (b"SSH-1.99-Cisco-1.25\n", "1.99", True),
        (b"SSH-1.5-1.2.27\n", "1.5", False),
        (b"SSH-2.0-\r\n", "2.0", True),
        (b"SSH-12.0-future\r\n", "12.0", False),
    ],
)
def test_the_identification_names_its_version(
    line: bytes, protocol: str, *, version_2: bool
) -> None:
    found = identified(line)

    assert found.protocol == protocol
    assert found.line == line.strip().decode()
    assert found.speaks_version_2 is version_2


def test_lines_before_the_identification_are_kept_and_bytes_after_it_left() -> None:
    reader = IdentificationReader()

    found = reader.feed(b"welcome\r\nto us\nSSH-2.0-x\r\n\x00\x01")

    assert found == Identification("2.0", "SSH-2.0-x", ("welcome", "to us"))
    assert reader.rest() == b"\x00\x01"


@given(cuts=st.lists(st.integers(0, 40), max_size=6))
def test_the_identification_may_come_in_any_pieces(cuts: list[int]) -> None:
    data = b"hello there\r\nSSH-2.0-Some_Server x\r\nrest"
    bounds = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    reader = IdentificationReader()

    found = [seen for start, end in pairwise(bounds) if (seen := reader.feed(data[start:end]))]

    assert found[0].line == "SSH-2.0-Some_Server x"


def test_control_and_non_ascii_bytes_are_neutralised() -> None:
    found = identified(b"\x1b]0;x\x07\r\nSSH-2.0-caf\xe9\x1b[2J\xe2\x80\xae\r\n")

    assert found.line == "SSH-2.0-caf\\xe9\\x1b[2J\\u202e"
    assert found.before == ("\\x1b]0;x\\x07",)


@pytest.mark.parametrize(
    "data",
    [b"x" * 5_000, b"x" * 5_000 + b"\n", b"hi\n" * 100, b"SSH-banana\n", b"SSH-2.0\r\n"],
)
def test_what_is_out_of_bounds_before_the_identification_is_refused(data: bytes) -> None:
    with pytest.raises(SshSyntaxError):
        IdentificationReader().feed(data)


@pytest.mark.parametrize(
    ("said", "service"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n", "HTTP"),
        (b"<html>", "HTTP"),
        (b"220 ProFTPD Server ready.\r\n", "FTP"),
        (b"220-FileZilla Server\r\n", "FTP"),
        (b"220 mail.example.org ESMTP\r\n", "SMTP"),
        (b"220 ready", "a service with numbered replies"),
        (b"+OK POP3", "a mail service"),
        (b"\x15\x03\x03\x00\x02\x02\x28", "TLS"),
        (b"please wait\r\n", ""),
        (b"", ""),
    ],
)
def test_other_services_are_known_by_their_first_words(said: bytes, service: str) -> None:
    reader = IdentificationReader()

    assert reader.feed(said) is None
    assert reader.foreign_service() == service
    assert reader.empty is not bool(said)


@pytest.mark.parametrize(
    "line", [b"Exceeded MaxStartups\r\n", b"Not allowed at this time\r\n", b"Too many connections"]
)
def test_a_server_that_turns_connections_away_is_quoted(line: bytes) -> None:
    reader = IdentificationReader()
    reader.feed(line)

    assert reader.throttled() == line.strip().decode()


def test_a_kexinit_is_read_into_its_lists() -> None:
    lists = [
        b"curve25519-sha256,ext-info-s",
        b"ssh-ed25519",
        b"c-in",
        b"c-out",
        b"m-in",
        b"m-out",
        b"none",
        b"zlib",
    ]

    heard = KexInitReader().feed(packet(kexinit(*lists)))

    assert heard == KexInit(
        kex=("curve25519-sha256", "ext-info-s"),
        host_key=("ssh-ed25519",),
        ciphers_in=("c-in",),
        ciphers_out=("c-out",),
        macs_in=("m-in",),
        macs_out=("m-out",),
        compression_in=("none",),
        compression_out=("zlib",),
    )


def test_names_in_a_kexinit_are_neutralised_and_shortened() -> None:
    seen = read_kexinit(kexinit(b"a\x1b[31m,,\xff," + b"n" * 500))

    assert seen.kex[:2] == ("a\\x1b[31m", "\\xff")
    assert len(seen.kex[2]) == 80


def test_offers_that_differ_in_their_cookie_alone_are_read_once() -> None:
    said = kexinit(b"curve25519-sha256", b"ssh-ed25519")
    again = said[:1] + b"another cookie.." + said[17:]
    other = kexinit(b"curve25519-sha256", b"ssh-rsa")

    assert read_kexinit(again) is read_kexinit(said)
    assert read_kexinit(other).host_key == ("ssh-rsa",)


def test_offers_too_long_to_be_kept_are_read_each_time() -> None:
    said = kexinit(b",".join(b"x" * 80 for _ in range(100)))

    assert read_kexinit(said) == read_kexinit(said)
    assert read_kexinit(said) is not read_kexinit(said)


def test_harmless_messages_before_the_kexinit_are_passed_over() -> None:
    reader = KexInitReader(packet(b"\x02" + string(b"ignore me")))

    assert reader.feed(packet(b"\x04\x00" + string(b"debug") + string(b""))) is None
    assert isinstance(reader.feed(packet(kexinit(b"x"))), KexInit)


def test_a_disconnect_is_a_fact() -> None:
    payload = b"\x01" + (12).to_bytes(4, "big") + string(b"Too many connections\x07") + string(b"")

    assert KexInitReader().feed(packet(payload)) == Disconnect(12, "Too many connections\\x07")


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xff\xff\xff\x04\x04",
        b"\x00\x00\x00\x00\x00",
        b"\x00\x00\x00\x05\x05\x14\x00\x00\x00",
        packet(b"\x05ssh-userauth"),
        packet(b"\x02" + string(b"x")) * 20,
        packet(b"\x14" + bytes(16) + b"\xff\xff\xff\xff"),
        packet(kexinit(b"a," * 600)),
        packet(b"\x14"),
        packet(b"\x01"),
    ],
)
def test_packets_that_lie_are_refused(data: bytes) -> None:
    with pytest.raises(SshSyntaxError):
        KexInitReader().feed(data)


@given(st.binary(max_size=300))
def test_any_bytes_end_in_a_fact_or_in_the_readers_own_error(data: bytes) -> None:
    for feed in (IdentificationReader().feed, KexInitReader().feed, read_kexinit):
        try:
            feed(data)
        except SshSyntaxError as error:
            assert str(error)  # noqa: PT017 - any outcome is right, this one has words


@given(st.binary(max_size=120))
def test_any_payload_that_starts_like_a_kexinit_is_bounded(data: bytes) -> None:
    try:
        seen = read_kexinit(b"\x14" + data)
    except SshSyntaxError:
        return
    assert len(seen.kex) <= 512


def test_fields_never_read_past_the_end() -> None:
    fields = Fields(b"\x00\x00\x00\x02ab")

    assert fields.string() == b"ab"
    assert fields.left == 0
    with pytest.raises(SshSyntaxError):
        fields.take(1)
