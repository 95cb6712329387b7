from __future__ import annotations

import ssl
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.model.tls_survey import (
    TlsGroup,
)
from scanner.wire.tls import FLIGHT, flight_of
from scanner.wire.tls_flight import Answer, FlightReader, Refused, Taken
from scanner.wire.tls_hello import SSL_3_0, TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3, Hello
from scanner.wire.tls_messages import HelloError
from scanner.wire.x509 import is_in_order
from tests.servers import make_certificate
from tests.wire.tls_bytes import (
    DONE,
    RANDOM,
    REFUSAL,
    RENEGOTIATION,
    certificate,
    certificate_request,
    dh_prime,
    extension,
    message,
    named_curve,
    record,
    retry,
    server_hello,
    sized,
)

EVERYTHING = Hello(version=TLS_1_2, suites=tuple(range(0x10000)), compressions=(1, 0))
NEWEST = Hello(version=TLS_1_3, suites=(0x1301,), groups=(0x001D, 0x0017))


def read(data: bytes, hello: Hello = EVERYTHING) -> Answer | None:
    return FlightReader(hello).feed(data)


def taken(data: bytes, hello: Hello = EVERYTHING) -> Taken:
    answer = read(data, hello)
    assert isinstance(answer, Taken)
    return answer


WHOLE = (
    server_hello(TLS_1_2, 0x009E, session=b"s" * 32, extensions=RENEGOTIATION)
    + certificate(b"leaf", b"issuer", b"root")
    + message(22, b"\x01" + sized(b"ocsp", 3))
    + dh_prime(1024)
    + certificate_request()
    + DONE
)


def test_a_whole_flight_is_read() -> None:
    answer = taken(record(22, WHOLE))
    assert (answer.version, answer.suite, answer.session) == (TLS_1_2, 0x009E, b"s" * 32)
    assert answer.chain == (b"leaf", b"issuer", b"root")
    assert (answer.leaf, answer.stapled) == (b"leaf", True)
    assert answer.group == TlsGroup(name="dh", bits=1024)
    assert (answer.client_certificate, answer.secure_renegotiation) == (True, True)
    assert answer.whole


def test_what_a_server_hello_leaves_out_is_not_had() -> None:
    bare = taken(record(22, server_hello(TLS_1_2, 0x009E) + certificate(b"leaf") + DONE))
    assert (bare.extended_master_secret, bare.session_ticket, bare.stapled) == (False, False, False)
    broken = taken(record(22, server_hello(TLS_1_2, 0x009E)))
    assert broken.stapled is None


@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_a_flight_may_be_cut_into_records_and_reads_anywhere(size: int) -> None:
    data = b"".join(record(22, WHOLE[at : at + size]) for at in range(0, len(WHOLE), size))
    reader = FlightReader(EVERYTHING)
    for at in range(len(data)):
        reader.feed(data[at : at + 1])
    assert reader.answer == taken(record(22, WHOLE))
    assert reader.is_over()


def test_what_a_flight_does_not_hold_is_not_made_up() -> None:
    answer = taken(record(22, server_hello(TLS_1_0, 0x002F) + certificate(b"leaf") + DONE))
    assert (answer.group, answer.client_certificate) == (None, False)
    assert not answer.secure_renegotiation
    broken = taken(record(22, server_hello(TLS_1_0, 0x002F)))
    assert (broken.chain, broken.client_certificate, broken.whole) == (None, None, False)


@pytest.mark.parametrize(
    ("suite", "exchanged", "group"),
    [
        (0xC02F, named_curve(0x0017), TlsGroup(name="secp256r1", bits=256)),
        (0xC018, named_curve(0xFE00), TlsGroup(name="0xFE00")),
        (0xC02F, message(12, b"\x01" + sized(b"\x80" + bytes(19), 1)), TlsGroup(name="explicit prime", bits=160)),
        (0xC02F, message(12, b"\x02\x00\xa3"), TlsGroup(name="explicit binary", bits=163)),
        (0x0033, dh_prime(512), TlsGroup(name="dh", bits=512)),
        (0x0033, message(12, sized(b"", 2)), TlsGroup(name="dh", bits=0)),
        (0x0034, dh_prime(2048), TlsGroup(name="dh", bits=2048)),
        (0x0003, message(12, sized(b"\x80" + bytes(63), 2) + sized(b"\3", 2)), TlsGroup(name="rsa", bits=512)),
        (0x00AA, message(12, sized(b"hint", 2) + dh_prime(1024)[4:]), TlsGroup(name="dh", bits=1024)),
        (0xC035, message(12, sized(b"hint", 2) + named_curve(0x001D)[4:]), TlsGroup(name="x25519", bits=256)),
        (0x009C, message(12, b"whatever"), None),
    ],
)  # fmt: skip
def test_the_key_exchange_is_read_by_the_suite(
    suite: int, exchanged: bytes, group: TlsGroup | None
) -> None:
    assert taken(record(22, server_hello(TLS_1_2, suite) + exchanged + DONE)).group == group


def test_a_retry_of_1_3_names_its_group() -> None:
    answer = taken(record(22, retry(0x1301, 0x0017)), NEWEST)
    assert (answer.version, answer.suite, answer.retry) == (TLS_1_3, 0x1301, True)
    assert answer.group == TlsGroup(name="secp256r1", bits=256)
    assert answer.whole


def test_a_server_hello_of_1_3_names_the_group_of_its_share() -> None:
    extensions = extension(43, b"\x03\x04") + extension(51, b"\x00\x1d" + sized(bytes(32), 2))
    data = record(22, server_hello(TLS_1_2, 0x1301, extensions=extensions)) + record(23, b"secret")
    answer = taken(data, NEWEST)
    assert (answer.version, answer.retry) == (TLS_1_3, False)
    assert answer.group == TlsGroup(name="x25519", bits=256)


def test_a_broken_suite_of_sslv3_is_read_as_the_others_are() -> None:
    data = server_hello(SSL_3_0, 0x0004) + certificate(b"leaf") + DONE
    answer = taken(record(22, data, b"\x03\x00"), Hello(version=SSL_3_0, suites=(0x0004,)))
    assert (answer.version, answer.suite, answer.whole) == (SSL_3_0, 0x0004, True)


def test_compression_is_told() -> None:
    chosen = record(22, server_hello(TLS_1_2, 0x009E, compression=1) + DONE)
    assert flight_of(taken(chosen)).compression == "deflate"
    assert flight_of(taken(record(22, WHOLE))).compression == "none"


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        (REFUSAL, "alert: handshake failure"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "alert: protocol version"),
        (b"\x15\x03\x01\x00\x02\x02\x56", "alert: inappropriate fallback"),
        (b"\x15\x03\x01\x00\x01\x02", "alert: cut short"),
    ],
)
def test_an_alert_is_a_refusal(data: bytes, detail: str) -> None:
    assert read(data) == Refused(detail)


def test_an_end_without_a_word_is_a_refusal() -> None:
    assert FlightReader(EVERYTHING).closed() == Refused("closed without an alert")


@pytest.mark.parametrize(
    "rest",
    [
        b"500 OOPS\r\n",
        REFUSAL,
        record(22, message(11, b"\xff\xff\xff")),
        record(22, message(12, b"")),
        record(22, b"\x0b\xff\xff\xff"),
        record(22, b"x" * 16_000) * 5,
    ],
)
def test_nothing_that_follows_takes_a_choice_back(rest: bytes) -> None:
    reader = FlightReader(EVERYTHING)
    reader.feed(record(22, server_hello(TLS_1_2, 0x009E)))
    answer = reader.feed(rest)
    assert isinstance(answer, Taken)
    assert (answer.suite, answer.whole) == (0x009E, False)
    assert reader.closed() == answer


@pytest.mark.parametrize(
    ("hello", "data"),
    [
        (NEWEST, server_hello(TLS_1_2, 0x1301)),
        (NEWEST, retry(0x1302, 0x001D)),
        (NEWEST, retry(0x1301, 0x0018)),
        (EVERYTHING, retry(0x1301, 0x001D)),
        (FLIGHT, server_hello(TLS_1_2, 0x1301)),
        (FLIGHT, server_hello(TLS_1_2, 0x009E, compression=64)),
        (FLIGHT, server_hello(0x0305, 0x009E)),
        (FLIGHT, server_hello(0x0002, 0x009E)),
        (FLIGHT, server_hello(TLS_1_2, 0x009E, session=b"s" * 33)),
        (FLIGHT, server_hello(TLS_1_2, 0x009E, extensions=b"\xff")),
        (FLIGHT, message(2, b"short")),
    ],
)
def test_a_choice_that_was_not_offered_is_an_error(hello: Hello, data: bytes) -> None:
    with pytest.raises(HelloError):
        read(record(22, data), hello)


PARTS = st.sampled_from(
    [
        server_hello(TLS_1_2, 0x009E, extensions=RENEGOTIATION),
        server_hello(TLS_1_2, 0xC02F),
        retry(0x1301, 0x001D),
        certificate(b"leaf", b"issuer"),
        certificate(),
        dh_prime(768),
        named_curve(0x0017),
        certificate_request(),
        DONE,
        REFUSAL,
        b"\x16\x03\x03\x00\x30",
    ]
)
DATA = st.lists(st.one_of(st.binary(max_size=60), PARTS, PARTS.map(lambda p: record(22, p))))


@given(DATA.map(b"".join), st.sampled_from([EVERYTHING, NEWEST, FLIGHT]), st.integers(1, 50))
def test_any_bytes_cut_anywhere_give_one_answer_or_an_error_of_our_own(
    data: bytes, hello: Hello, size: int
) -> None:
    at_once, in_pieces = FlightReader(hello), FlightReader(hello)
    outcomes: list[object] = []
    for reader, step in ((at_once, len(data) or 1), (in_pieces, size)):
        try:
            for at in range(0, len(data), step):
                reader.feed(data[at : at + step])
            outcomes.append(reader.closed())
        except HelloError as error:
            outcomes.append(str(error))
    assert outcomes[0] == outcomes[1]


@given(st.integers(0, len(record(22, WHOLE))), st.binary(max_size=40))
def test_a_flight_that_is_cut_and_goes_on_otherwise_raises_nothing_foreign(
    at: int, rest: bytes
) -> None:
    reader = FlightReader(EVERYTHING)
    try:
        reader.feed(record(22, WHOLE)[:at] + rest)
    except HelloError:
        assert reader.answer is None


def test_the_smallest_records_are_read_in_linear_time() -> None:
    def seconds(count: int) -> float:
        hello = server_hello(TLS_1_2, 0x009E) + certificate(*[b""] * count)
        data = b"".join(record(22, hello[at : at + 1]) for at in range(len(hello)))[:65_000]
        best = 1e9
        for _ in range(5):
            reader, begun = FlightReader(EVERYTHING), time.perf_counter()
            reader.feed(data)
            best = min(best, time.perf_counter() - begun)
        return best / len(data)

    assert seconds(3000) < 20 * seconds(100)


@pytest.mark.parametrize("version", [TLS_1_0, TLS_1_1, TLS_1_2])
def test_openssl_shows_its_flight(tmp_path_factory: pytest.TempPathFactory, version: int) -> None:
    made = make_certificate(tmp_path_factory.mktemp("tls"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("ECDHE:@SECLEVEL=0")
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(cafile=str(made.authority))
    context.load_cert_chain(made.certificate, made.key)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = context.wrap_bio(incoming, outgoing, server_side=True)
    hello = replace(FLIGHT, version=version)
    incoming.write(hello.encode(server_name="localhost", random=RANDOM))
    with pytest.raises(ssl.SSLWantReadError):
        server.do_handshake()
    answer = taken(outgoing.read(), hello)
    assert answer.whole
    assert answer.version == version
    assert answer.client_certificate
    assert answer.chain is not None
    assert len(answer.chain) == 2  # with the authority's own
    assert is_in_order(answer.chain)
    assert is_in_order(answer.chain[::-1]) is False
    assert (answer.extended_master_secret, answer.session_ticket) == (True, True)
    assert answer.stapled is False
    assert answer.secure_renegotiation
    assert answer.group == TlsGroup(name="x25519", bits=256)
    assert ssl.DER_cert_to_PEM_cert(answer.leaf) == made.certificate.read_text("ascii")
