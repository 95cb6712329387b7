from __future__ import annotations

import re
import ssl

import pytest

from scanner.wire.tls_flaws import Exchange, exchange, flaws, suites_of
from scanner.wire.tls_groups import CURVES, GROUPS, OF_1_3, group_of
from scanner.wire.tls_hello import SSL_3_0, TLS_1_1, TLS_1_2, TLS_1_3, VERSIONS, Hello
from scanner.wire.tls_suites import SUITES, suite_name
from tests.wire.tls_bytes import RANDOM, read_hello

NAME = "ftp.example.org"


def encoded(hello: Hello, name: str = NAME) -> bytes:
    return hello.encode(server_name=name, random=RANDOM)


@pytest.mark.parametrize("version", VERSIONS)
def test_lengths_agree_and_what_was_asked_is_offered(version: int) -> None:
    suites = suites_of(version)
    offered = read_hello(encoded(Hello(version=version, suites=suites, groups=CURVES)))
    assert offered.newest == version
    assert offered.version == min(version, TLS_1_2)
    signals = () if version == TLS_1_3 else (0x00FF,)
    assert offered.suites == (*suites, *signals)
    assert offered.groups == (() if version == SSL_3_0 else CURVES)


def test_sslv3_has_no_extensions() -> None:
    assert read_hello(encoded(Hello(version=SSL_3_0, suites=(5,)))).extensions == {}


def test_1_3_offers_no_key_share_unless_it_is_wanted() -> None:
    empty = read_hello(encoded(Hello(version=TLS_1_3, suites=(0x1301,))))
    assert empty.extensions[51] == b"\0\0"
    shared = read_hello(encoded(Hello(version=TLS_1_3, suites=(0x1301,), share=True)))
    assert shared.extensions[51] == b"\x00\x24\x00\x1d\x00\x20" + RANDOM
    assert empty.extensions[43] == b"\x02\x03\x04"


def test_compression_is_offered_only_where_it_is_wanted() -> None:
    assert read_hello(encoded(Hello(version=TLS_1_1, suites=(5,)))).compressions == b"\0"
    wanted = Hello(version=TLS_1_1, suites=(5,), compressions=(1, 0))
    assert read_hello(encoded(wanted)).compressions == b"\1\0"


@pytest.mark.parametrize("count", range(60, 260, 3))
def test_no_hello_has_a_length_that_hangs_old_servers(count: int) -> None:
    record = encoded(Hello(version=TLS_1_2, suites=suites_of(TLS_1_2)[:count]))
    read_hello(record)
    assert not 256 <= len(record) - 5 < 512


@pytest.mark.parametrize("name", ["192.0.2.1", "2001:db8::1", "", "a" * 300 + ".example", "."])
def test_a_name_that_cannot_be_told_is_not_sent(name: str) -> None:
    assert 0 not in read_hello(encoded(Hello(version=TLS_1_2, suites=(5,)), name)).extensions


def test_every_suite_that_openssl_knows_has_its_registered_number() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    ciphers = context.get_ciphers()
    numbers = {int(cipher["id"]) & 0xFFFF for cipher in ciphers}
    assert len(numbers) > 100
    assert numbers <= set(SUITES)
    for cipher in ciphers:
        number = int(cipher["id"]) & 0xFFFF
        name = suite_name(number)
        text = str(cipher["description"])
        assert ("null" in flaws(number)) is ("Enc=None" in text), name
        assert ("anonymous" in flaws(number)) is ("Au=None" in text and "SRP" not in name), name
        assert ("cbc-sha1" in flaws(number)) is ("_CBC_" in name and "Mac=SHA1" in text), name
        assert (exchange(number) is Exchange.DHE) is bool(re.search(r"Kx=DH", text)), name


@pytest.mark.parametrize(
    ("suite", "expected"),
    [
        (0x0005, ("rc4", "no-forward-secrecy")),
        (0x0004, ("rc4", "md5", "no-forward-secrecy")),
        (0x0003, ("export", "rc4", "md5", "no-forward-secrecy")),
        (0x0008, ("export", "des", "cbc-sha1", "no-forward-secrecy")),
        (0x0009, ("des", "cbc-sha1", "no-forward-secrecy")),
        (0x000A, ("3des", "cbc-sha1", "no-forward-secrecy")),
        (0x0034, ("anonymous", "cbc-sha1")),
        (0x003B, ("null", "no-forward-secrecy")),
        (0xC013, ("cbc-sha1",)),
        (0xC027, ()),
        (0xC02F, ()),
        (0x009C, ("no-forward-secrecy",)),
        (0x1301, ()),
    ],
)
def test_flaws_are_read_from_the_name(suite: int, expected: tuple[str, ...]) -> None:
    assert flaws(suite) == expected


def test_versions_offer_what_they_can_choose() -> None:
    assert set(suites_of(TLS_1_3)) == {0x1301, 0x1302, 0x1303, 0x1304, 0x1305, 0x00C6, 0x00C7}
    assert 0xC02F in suites_of(TLS_1_2)
    assert 0xC02F not in suites_of(TLS_1_1)
    assert 0x0005 in suites_of(SSL_3_0)
    assert not any(exchange(suite) is Exchange.ECDHE for suite in suites_of(SSL_3_0))
    for version in VERSIONS:
        offered = suites_of(version)
        assert len(set(offered)) == len(offered)
        assert 0 not in offered
        sound = [not flaws(suite) for suite in offered]
        assert sound == sorted(sound, reverse=True)


def test_groups_are_named_and_unregistered_ones_numbered() -> None:
    assert (group_of(0x0017).name, group_of(0x0017).bits) == ("secp256r1", 256)
    assert (group_of(0x001D).name, group_of(0x001E).bits) == ("x25519", 448)
    assert (group_of(0x0100).name, group_of(0x0100).bits) == ("ffdhe2048", 2048)
    assert (group_of(0x0A0A).name, group_of(0x0A0A).bits) == ("0x0A0A", None)
    for offered in (CURVES, OF_1_3):
        assert len(set(offered)) == len(offered)
        assert set(offered) <= set(GROUPS)
