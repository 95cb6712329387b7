from __future__ import annotations

import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.model.observation import TlsOffer
from scanner.wire.tls import OFFERS, Offer, told_offer
from scanner.wire.tls_flight import FlightReader
from scanner.wire.tls_messages import HelloError
from scanner.wire.tls_suites import suite_name
from tests.servers import make_certificate

RANDOM = bytes(range(32))
BY_NAME = {offer.name: offer for offer in OFFERS}


class HelloReader:
    """Reads the answer to an offer as the fact that it is."""

    def __init__(self, offer: Offer) -> None:
        self._offer = offer
        self._reader = FlightReader(offer.hello)

    def feed(self, data: bytes) -> TlsOffer | None:
        found = self._reader.feed(data)
        return None if found is None else told_offer(self._offer, found)


def client_hello(offer: Offer, *, server_name: str, random: bytes) -> bytes:
    return offer.hello.encode(server_name=server_name, random=random)


def record(kind: int, body: bytes, version: bytes = b"\x03\x03") -> bytes:
    return bytes([kind]) + version + len(body).to_bytes(2, "big") + body


def server_hello(version: int, suite: int, session: bytes = b"") -> bytes:
    body = version.to_bytes(2, "big") + RANDOM + bytes([len(session)]) + session
    body += suite.to_bytes(2, "big") + b"\0"
    return b"\x02" + len(body).to_bytes(3, "big") + body


def answer(offer: str, data: bytes) -> TlsOffer | None:
    return HelloReader(BY_NAME[offer]).feed(data)


def test_the_offers_are_the_agreed_ones() -> None:
    assert [offer.name for offer in OFFERS] == ["sslv3", "tls1.0-1.1", "broken-suites", "3des"]


@pytest.mark.parametrize("offer", OFFERS, ids=lambda offer: offer.name)
def test_lengths_inside_a_hello_agree(offer: Offer) -> None:
    hello = client_hello(offer, server_name="ftp.example.org", random=RANDOM)
    assert int.from_bytes(hello[3:5], "big") == len(hello) - 5
    assert int.from_bytes(hello[6:9], "big") == len(hello) - 9
    assert int.from_bytes(hello[9:11], "big") == offer.version
    assert hello[11:43] == RANDOM
    assert b"\x00\x2b" not in hello[43 + 3 + 2 * len(offer.suites) :]  # no supported_versions


def test_broken_suites_hold_nothing_that_is_sound() -> None:
    words = ("NULL", "RC4", "anon", "EXPORT", "_DES_", "DES40", "RC2")
    for suite in BY_NAME["broken-suites"].suites:
        assert any(word in suite_name(suite) for word in words), suite_name(suite)
    assert all("3DES" in suite_name(suite) for suite in BY_NAME["3des"].suites)


def test_names_are_sent_and_addresses_are_not() -> None:
    offer = BY_NAME["3des"]
    assert b"ftp.example.org" in client_hello(offer, server_name="ftp.example.org", random=RANDOM)
    for name in ("192.0.2.1", "2001:db8::1", "", "a" * 300 + ".example", "."):
        hello = client_hello(offer, server_name=name, random=RANDOM)
        assert b"192.0" not in hello
        assert len(hello) < 200


def test_sslv3_is_asked_without_extensions() -> None:
    hello = client_hello(BY_NAME["sslv3"], server_name="ftp.example.org", random=RANDOM)
    assert b"example" not in hello
    assert hello.endswith(b"\x01\x00")


def test_a_short_random_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="32"):
        client_hello(OFFERS[0], server_name="", random=b"short")


def test_a_choice_is_named() -> None:
    taken = answer("broken-suites", record(22, server_hello(0x0303, 0x0005, b"s" * 32)))
    assert taken == TlsOffer(
        offer="broken-suites", accepted=True, version="TLSv1.2", selected="TLS_RSA_WITH_RC4_128_SHA"
    )
    old = answer("tls1.0-1.1", record(22, server_hello(0x0301, 0x002F), b"\x03\x01"))
    assert old is not None
    assert (old.accepted, old.version) == (True, "TLSv1.0")


def test_an_alert_is_a_refusal() -> None:
    refused = answer("sslv3", record(21, b"\x02\x28"))
    assert refused == TlsOffer(offer="sslv3", accepted=False, selected="alert: handshake failure")
    assert answer("sslv3", record(21, b"\x02\xfe")) == TlsOffer(
        offer="sslv3", accepted=False, selected="alert: number 254"
    )


def test_a_warning_about_the_name_is_no_answer() -> None:
    data = record(21, b"\x01\x70") + record(22, server_hello(0x0303, 0x000A))
    taken = answer("3des", data)
    assert taken is not None
    assert taken.accepted


@pytest.mark.parametrize(
    "data",
    [
        b"500 OOPS\r\n",
        b"HTTP/1.1 400\r\n",
        record(23, b"data"),
        record(22, b"\x01\x00\x00\x02xx"),
        record(22, b""),
        b"\x16\x02\x00\x00\x02",
        b"\x16\x03\x01\xff\xff",
        record(22, server_hello(0x0303, 0x1301)),
        record(22, server_hello(0x0304, 0x000A)),
        record(22, b"\x02\x00\x00\x02" + b"x" * 60),
    ],
)
def test_what_follows_from_no_offer_is_an_error(data: bytes) -> None:
    with pytest.raises(HelloError):
        answer("3des", data)


def test_an_answer_without_end_is_an_error() -> None:
    reader = HelloReader(BY_NAME["3des"])
    with pytest.raises(HelloError):
        reader.feed(record(22, b"\x02\xff\xff\xff") + b"x" * 70_000)


@pytest.mark.parametrize("size", [1, 3, 7])
def test_records_may_cut_a_message_anywhere(size: int) -> None:
    hello = server_hello(0x0303, 0x000A, b"sid")
    data = b"".join(record(22, hello[at : at + size]) for at in range(0, len(hello), size))
    reader = HelloReader(BY_NAME["3des"])
    answers = [reader.feed(data[at : at + 1]) for at in range(len(data))]
    found = [given_out for given_out in answers if given_out is not None]
    assert found[0].accepted


@given(st.binary(max_size=300), st.sampled_from([b"", b"\x16\x03\x03\x00\x50\x02", b"\x15\x03"]))
def test_any_bytes_are_an_answer_or_an_error_of_our_own(data: bytes, head: bytes) -> None:
    reader = HelloReader(BY_NAME["tls1.0-1.1"])
    try:
        found = reader.feed(head + data)
    except HelloError:
        return
    assert found is None or found.offer == "tls1.0-1.1"


@pytest.mark.parametrize(
    ("offer", "ciphers", "accepted"),
    [
        ("broken-suites", "aNULL:eNULL:@SECLEVEL=0", True),
        ("broken-suites", "ALL:!aNULL:!eNULL:@SECLEVEL=0", False),
        ("tls1.0-1.1", "ALL:@SECLEVEL=0", True),
        ("sslv3", "ALL:@SECLEVEL=0", False),
        ("3des", "ALL:@SECLEVEL=0", False),
    ],
)
def test_openssl_understands_the_offers(
    tmp_path_factory: pytest.TempPathFactory, offer: str, ciphers: str, *, accepted: bool
) -> None:
    made = make_certificate(tmp_path_factory.mktemp("tls"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers(ciphers)
    context.load_cert_chain(made.certificate, made.key)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = context.wrap_bio(incoming, outgoing, server_side=True)
    incoming.write(client_hello(BY_NAME[offer], server_name="localhost", random=RANDOM))
    try:
        server.do_handshake()
    except ssl.SSLWantReadError:
        pass
    except ssl.SSLError:
        assert not accepted
    found = answer(offer, outgoing.read())
    assert found is not None
    assert found.accepted is accepted
