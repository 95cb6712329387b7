"""The pure half of our own SSH transport: packets, groups, signatures, and what it refuses."""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.wire.ssh import Fields, SshSyntaxError
from scanner.wire.ssh_ciphers import CIPHERS, MACS, Sealing, sealing
from scanner.wire.ssh_fields import mpint, string, uint32
from scanner.wire.ssh_kex import (
    GROUP_EXCHANGE,
    KEY_EXCHANGES,
    Agreed,
    GroupExchangeRequest,
    begin,
)
from scanner.wire.ssh_packets import Message, Packets
from scanner.wire.ssh_primes import prime
from scanner.wire.ssh_signatures import verify
from scanner.wire.ssh_userauth import read_extensions, read_failure, read_prompts

COMBINATIONS = [(cipher, "hmac-sha2-256") for cipher in CIPHERS]
COMBINATIONS += [("aes256-ctr", mac) for mac in MACS]
READERS = (read_extensions, read_failure, read_prompts)


def zeros(size: int) -> bytes:
    return bytes(size)


def key_bytes(letter: str, size: int) -> bytes:
    """Return the same key for both directions: what one side seals the other opens."""
    pair = {"A": "B", "C": "D", "E": "F"}.get(letter, letter)
    return bytes((ord(pair) * 7 + at) % 256 for at in range(size))


def two_ends(cipher: str, mac: str) -> tuple[Packets, Packets]:
    ours, theirs = Packets(zeros), Packets(zeros)
    ours.seal_out(_sealing(cipher, mac, out=True), strict=False)
    theirs.seal_in(_sealing(cipher, mac, out=False), strict=False)
    return ours, theirs


def _sealing(cipher: str, mac: str, *, out: bool) -> Sealing:
    return sealing(cipher, mac, key_bytes, out=out)


@pytest.mark.parametrize(("cipher", "mac"), COMBINATIONS)
def test_what_one_end_seals_the_other_opens_however_it_arrives(cipher: str, mac: str) -> None:
    ours, theirs = two_ends(cipher, mac)
    payloads = [bytes([5]) + b"x" * size for size in (0, 1, 7, 31, 1000)]
    wire = b"".join(ours.pack(payload) for payload in payloads)

    heard = []
    for at in range(len(wire)):
        theirs.feed(wire[at : at + 1])
        if (payload := theirs.next()) is not None:
            heard.append(payload)

    assert heard == payloads


@pytest.mark.parametrize(("cipher", "mac"), COMBINATIONS)
def test_a_changed_byte_is_noticed(cipher: str, mac: str) -> None:
    ours, theirs = two_ends(cipher, mac)
    wire = bytearray(ours.pack(b"\5" + b"y" * 40))
    wire[-1] ^= 1
    theirs.feed(bytes(wire))

    with pytest.raises(SshSyntaxError, match="wrong"):
        theirs.next()


def test_strict_key_exchange_counts_anew() -> None:
    def wire_of(*, strict: bool) -> bytes:
        packets = Packets(zeros)
        packets.pack(b"\2")
        packets.seal_out(_sealing("aes128-ctr", "hmac-sha2-256", out=True), strict=strict)
        return packets.pack(b"\5")

    fresh = Packets(zeros)
    fresh.seal_out(_sealing("aes128-ctr", "hmac-sha2-256", out=True), strict=False)
    assert wire_of(strict=True) == fresh.pack(b"\5") != wire_of(strict=False)


@pytest.mark.parametrize("length", [0, 1, 35_001, 2**32 - 1])
def test_a_length_out_of_bounds_is_refused_before_anything_is_held(length: int) -> None:
    packets = Packets(zeros)
    packets.feed(uint32(length) + bytes(12))

    with pytest.raises(SshSyntaxError, match="out of bounds"):
        packets.next()


@pytest.mark.parametrize("bits", [1024, 2048, 4096, 8192])
def test_a_prime_is_the_one_of_the_rfc_and_safe(bits: int) -> None:
    number = prime(bits)

    assert number.bit_length() == bits
    assert hex(number).startswith("0xffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd1")
    assert number % 2**64 == 2**64 - 1
    assert pow(2, number - 1, number) == 1
    assert pow(3, (number - 1) // 2 - 1, (number - 1) // 2) == 1


@pytest.mark.parametrize("theirs", [0, 1, prime(2048) - 1, prime(2048)], ids=["0", "1", "p-1", "p"])
def test_a_value_that_gives_the_secret_away_is_refused(theirs: int) -> None:
    kex = begin("diffie-hellman-group14-sha256", lambda size: b"\1" * size)
    kex.first()
    reply = bytes([Message.KEX_REPLY]) + string(b"k") + mpint(theirs) + string(b"s")

    with pytest.raises(SshSyntaxError, match="out of bounds"):
        kex.answered(reply)


@pytest.mark.parametrize(
    ("modulus", "generator"),
    [(1, 2), (prime(1024) - 1, 2), (prime(1024), 1), (prime(1024), prime(1024)), (2**8193 + 1, 2)],
    ids=["tiny", "even", "generator 1", "generator p", "huge"],
)
def test_a_silly_group_is_refused(modulus: int, generator: int) -> None:
    kex = begin("diffie-hellman-group-exchange-sha256", zeros, (1024, 1024, 8192))
    group = bytes([Message.KEX_REPLY]) + mpint(modulus) + mpint(generator)

    with pytest.raises(SshSyntaxError, match="out of bounds"):
        kex.answered(group)


def test_a_group_is_told_even_when_the_exchange_goes_no_further() -> None:
    kex = begin("diffie-hellman-group-exchange-sha1", lambda size: b"\1" * size, (1, 2, 3))
    assert isinstance(kex, GroupExchangeRequest)
    assert kex.first() == bytes([Message.GEX_REQUEST]) + uint32(1) + uint32(2) + uint32(3)

    kex.answered(bytes([Message.KEX_REPLY]) + mpint(prime(1024)) + mpint(2))

    assert kex.given == 1024


@pytest.mark.parametrize(("fleeting", "most"), [(True, 2), (False, 32)])
def test_an_exponent_is_short_only_where_nothing_is_sent_under_it(
    *, fleeting: bool, most: int
) -> None:
    asked: list[int] = []

    def zeros_counted(size: int) -> bytes:
        asked.append(size)
        return bytes(size)

    kex = begin(GROUP_EXCHANGE[0], zeros_counted, (2048, 8192, 8192), fleeting=fleeting)
    modulus, secret = prime(8192), 5**400
    init = kex.answered(bytes([Message.KEX_REPLY]) + mpint(modulus) + mpint(2))
    assert isinstance(init, bytes)
    ours = int.from_bytes(Fields(init[1:]).string(), "big")
    reply = bytes([Message.GEX_REPLY]) + string(b"k") + mpint(pow(2, secret, modulus)) + string(b"")
    agreed = kex.answered(reply)

    assert asked == [most]
    assert isinstance(agreed, Agreed)
    assert agreed.shared == mpint(pow(ours, secret, modulus))
    assert ours.bit_count() > 100, "OpenSSH takes no value with a single bit"


@pytest.mark.parametrize("name", KEY_EXCHANGES)
def test_another_message_in_the_middle_is_refused(name: str) -> None:
    kex = begin(name, lambda size: b"\1" * size)
    kex.first()

    with pytest.raises(SshSyntaxError):
        kex.answered(bytes([Message.USERAUTH_SUCCESS]))


@pytest.mark.parametrize("name", ["curve25519-sha256", "ecdh-sha2-nistp256"])
def test_a_point_that_is_none_is_refused(name: str) -> None:
    kex = begin(name, zeros)
    reply = bytes([Message.KEX_REPLY]) + string(b"k") + string(b"\4" + bytes(64)) + string(b"s")

    with pytest.raises(SshSyntaxError, match="point"):
        kex.answered(reply)


RSA = string(b"ssh-rsa") + mpint(65537) + mpint(2**2047 + 1)


@pytest.mark.parametrize(
    ("algorithm", "blob", "signature", "why"),
    [
        ("ssh-ed25519", RSA, b"", "another type"),
        ("rsa-sha2-256", RSA, string(b"ssh-rsa") + string(b"x"), "another algorithm"),
        ("rsa-sha2-256", RSA, string(b"rsa-sha2-256") + string(b"x"), "does not verify"),
        (
            "ssh-rsa",
            string(b"ssh-rsa") + mpint(65537) + mpint(2**20_000 + 1),
            string(b"ssh-rsa") + string(b"x"),
            "too large",
        ),
        (
            "ssh-rsa",
            string(b"ssh-rsa") + mpint(2**1000 + 1) + mpint(2**2047 + 1),
            string(b"ssh-rsa") + string(b"x"),
            "too large",
        ),
        (
            "rsa-sha2-512",
            string(b"ssh-rsa") + mpint(3) + mpint(2**500 + 1),
            string(b"rsa-sha2-512") + string(b"x"),
            "too small",
        ),
        (
            "ssh-ed25519",
            string(b"ssh-ed25519") + string(b"short"),
            string(b"ssh-ed25519") + string(bytes(64)),
            "no point",
        ),
        (
            "ssh-dss",
            string(b"ssh-dss") + mpint(1) * 4,
            string(b"ssh-dss") + string(bytes(40)),
            "out of bounds",
        ),
    ],
)
def test_a_key_or_a_signature_that_does_not_fit_is_refused(
    algorithm: str, blob: bytes, signature: bytes, why: str
) -> None:
    with pytest.raises(SshSyntaxError, match=why):
        verify(algorithm, blob, signature, b"signed")


def test_messages_are_read_within_bounds() -> None:
    many = b"\7" + uint32(10_000)
    with pytest.raises(SshSyntaxError, match="too many"):
        read_extensions(many)
    prompt = string(b"p\x1b[2J") + b"\0"
    told = read_prompts(b"\x3c" + string(b"") * 3 + uint32(2**31) + prompt * 100)
    assert len(told) == 16
    assert told[0].text == "p\\x1b[2J"
    assert len(read_failure(b"\x33" + string(b",".join(b"m%d" % n for n in range(500))))) == 32


@given(st.binary(max_size=300), st.sampled_from(READERS))
def test_no_message_raises_anything_else(data: bytes, reader: object) -> None:
    try:
        reader(b"\7" + data)  # type: ignore[operator]
    except SshSyntaxError:
        return


@given(st.binary(max_size=400), st.sampled_from(COMBINATIONS))
def test_no_packet_raises_anything_else(data: bytes, pair: tuple[str, str]) -> None:
    _, theirs = two_ends(*pair)
    theirs.feed(data)
    try:
        for _ in count():
            if theirs.next() is None:
                return
    except SshSyntaxError:
        return


@given(st.binary(max_size=200), st.sampled_from(KEY_EXCHANGES), st.integers(0, 255))
def test_no_reply_raises_anything_else(data: bytes, name: str, number: int) -> None:
    kex = begin(name, lambda size: b"\1" * size)
    kex.first()
    try:
        kex.answered(bytes([number]) + data)
    except SshSyntaxError:
        return


@given(
    st.sampled_from(["ssh-ed25519", "ssh-rsa", "rsa-sha2-512", "ssh-dss", "ecdsa-sha2-nistp256"]),
    st.binary(max_size=200),
    st.binary(max_size=100),
)
def test_no_signature_raises_anything_else_nor_verifies(
    algorithm: str, blob: bytes, signature: bytes
) -> None:
    kind = b"ssh-rsa" if "rsa" in algorithm else algorithm.encode()
    signed = string(algorithm.encode()) + string(signature)
    with pytest.raises(SshSyntaxError):
        verify(algorithm, string(kind) + blob, signed, b"signed")
