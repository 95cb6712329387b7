"""First words of SSH in any bytes: our own error or a fact, whatever the cuts, within bounds."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.model.ssh import KexInit
from scanner.wire.ssh import (
    Disconnect,
    Identification,
    IdentificationReader,
    KexInitReader,
    SshSyntaxError,
    read_kexinit,
)
from scanner.wire.ssh_keys import key_type, read_key
from tests.hostile.ssh_peer import HOST_KEY_BLOB
from tests.hostile.ssh_wire import Offers, disconnect, message, packet, string

MIB = 1024 * 1024
LINES = (
    b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n",
    b"SSH-1.99-Cisco-1.25\n",
    b"SSH-2.0-caf\xe9\x1b[2J\xe2\x80\xae\r\n",
    b"welcome\r\n",
    b"\r\n",
    b"Not allowed at this time\r\n",
    b"HTTP/1.1 400 Bad Request\r\n",
    b"SSH-2.0\n",
    b"x" * 5_000 + b"\n",
)
PACKETS = (
    packet(Offers().payload),
    packet(Offers(kex=b"caf\xe9,\x1b[2J,,", host_key=b"").payload),
    packet(disconnect(b"Too many connections\x07")),
    packet(message(2, string(b"ignore me"))),
    packet(message(4, b"\1", string(b"debug"), string(b""))),
    packet(message(5, string(b"ssh-userauth"))),
)


@st.composite
def mutated(draw: st.DrawFn, seeds: Iterable[bytes]) -> bytes:
    """A seed of which one piece is doubled, left out, or replaced by other bytes."""
    seed = draw(st.sampled_from(list(seeds)))
    first = draw(st.integers(0, len(seed)))
    last = draw(st.integers(first, min(len(seed), first + 40)))
    return (
        seed[:first]
        + draw(st.one_of(st.just(seed[first:last] * 2), st.binary(max_size=6)))
        + (seed[last:])
    )


def streams(seeds: tuple[bytes, ...]) -> st.SearchStrategy[bytes]:
    parts = st.one_of(mutated(seeds), st.sampled_from(seeds), st.binary(max_size=40))
    return st.lists(parts, max_size=6).map(b"".join)


Told = tuple[Identification | KexInit | Disconnect | None, str]


def identify(pieces: Iterable[bytes]) -> tuple[Told, bytes, str, str]:
    """The outcome, what is left behind it, and what the bytes are without an identification."""
    reader = IdentificationReader()
    held = b""
    told: Told = (None, "")
    for piece in pieces:
        if told[0] is not None:
            held += piece
            continue
        try:
            told = (reader.feed(piece), "")
        except SshSyntaxError as error:
            return (None, str(error)), b"", "", ""
    if told[0] is not None:
        return told, reader.rest() + held, "", ""
    return told, b"", reader.foreign_service(), reader.throttled()


def kexinit(pieces: Iterable[bytes]) -> Told:
    reader = KexInitReader()
    for piece in pieces:
        try:
            heard = reader.feed(piece)
        except SshSyntaxError as error:
            return None, str(error)
        if heard is not None:
            return heard, ""
    return None, ""


def bytewise(data: bytes) -> list[bytes]:
    return [data[index : index + 1] for index in range(len(data))]


def cut(data: bytes, at: list[int]) -> list[bytes]:
    marks = [0, *sorted(min(mark, len(data)) for mark in at), len(data)]
    return [data[first:last] for first, last in pairwise(marks)]


CUTS = st.lists(st.integers(0, 600), max_size=5)


@settings(max_examples=400)
@given(data=streams(LINES), at=CUTS)
def test_where_an_identification_is_cut_changes_nothing(data: bytes, at: list[int]) -> None:
    whole = identify([data])
    assert identify(bytewise(data)) == whole
    assert identify(cut(data, at)) == whole


@settings(max_examples=400)
@given(data=streams(PACKETS), at=CUTS)
def test_where_packets_are_cut_changes_nothing(data: bytes, at: list[int]) -> None:
    whole = kexinit([data])
    assert kexinit(bytewise(data)) == whole
    assert kexinit(cut(data, at)) == whole


@settings(max_examples=300)
@given(data=streams(PACKETS))
def test_what_is_read_of_packets_can_be_printed_and_is_bounded(data: bytes) -> None:
    heard, _ = kexinit([data])
    if isinstance(heard, KexInit):
        for names in (heard.kex, heard.host_key, heard.ciphers_in, heard.macs_out):
            assert len(names) <= 512
            assert all(name.isprintable() and len(name) <= 80 for name in names)
    if isinstance(heard, Disconnect):
        assert heard.text.isprintable()
        assert len(heard.text) <= 120


@settings(max_examples=300)
@given(data=streams(LINES))
def test_what_is_read_of_an_identification_can_be_printed_and_is_bounded(data: bytes) -> None:
    (told, _), _, service, throttled = identify([data])
    assert throttled.isprintable()
    assert service.isprintable()
    if isinstance(told, Identification):
        assert told.line.isprintable()
        assert len(told.line) <= 255
        assert all(line.isprintable() and len(line) <= 120 for line in told.before)


def test_a_kexinit_cut_anywhere_is_no_kexinit() -> None:
    payload = Offers().payload
    for end in range(len(payload)):
        with pytest.raises(SshSyntaxError):
            read_kexinit(payload[:end])


@settings(max_examples=300)
@given(payload=mutated([Offers().payload]))
def test_a_payload_is_read_or_refused_in_our_own_words(payload: bytes) -> None:
    try:
        seen = read_kexinit(payload)
    except SshSyntaxError as error:
        assert str(error)  # noqa: PT017 - any outcome is right, this one has words
    else:
        assert all(name.isprintable() for name in seen.kex)


@settings(max_examples=300)
@given(blob=st.one_of(mutated([HOST_KEY_BLOB, string(b"ssh-rsa") * 3]), st.binary(max_size=80)))
def test_a_host_key_is_read_or_refused_in_our_own_words(blob: bytes) -> None:
    assert key_type(blob).isprintable()
    try:
        facts = read_key(blob)
    except SshSyntaxError:
        return
    assert facts.algorithm.isprintable()
    assert facts.fingerprint.startswith("SHA256:")


def _identification() -> Callable[[bytes], object]:
    return IdentificationReader().feed


def _packets() -> Callable[[bytes], object]:
    return KexInitReader().feed


@pytest.mark.parametrize("reader", [_identification, _packets])
@pytest.mark.parametrize(
    "block",
    [
        b"x" * 4_096,
        b"\n" * 4_096,
        b"welcome\r\n" * 512,
        packet(message(2, string(bytes(900)))),
        b"\0\0\x88\xb8" + bytes(4_092),
        b"\xff" * 4_096,
        b"\0" * 4_096,
    ],
)
def test_a_flood_is_bounded_in_memory_or_ends(
    reader: Callable[[], Callable[[bytes], object]], block: bytes
) -> None:
    feed = reader()
    tracemalloc.start()
    try:
        for _ in range(1_024):
            try:
                if feed(block) is not None:
                    break
            except SshSyntaxError:
                break
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MIB
