from __future__ import annotations

import ssl
from contextlib import suppress
from pathlib import Path

import pytest

from scanner.clients.tls import looking_context, shared_looking_context
from scanner.clients.tls_layer import TlsLayer
from tests.servers.certificates import make_certificate

SENT = b"226 done\r\n"


class Peer:
    """The other side, by the standard library, over bytes."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.session = context.wrap_bio(self._in, self._out, server_side=True)

    def takes(self, data: bytes) -> bytes:
        """Take bytes and return the answer, shaking hands as far as it goes."""
        self._in.write(data)
        with suppress(ssl.SSLWantReadError):
            self.session.do_handshake()
        return self._out.read()

    def says(self, data: bytes) -> bytes:
        self.session.write(data)
        return self._out.read()

    def ends(self) -> bytes:
        with pytest.raises(ssl.SSLWantReadError):
            self.session.unwrap()
        return self._out.read()


@pytest.fixture
def served(tmp_path: Path) -> ssl.SSLContext:
    certificate = make_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.combined)
    return context


def shaken(layer: TlsLayer, peer: Peer, most: int = 10) -> None:
    for _ in range(most):
        if layer.shake_hands():
            layer.incoming(peer.takes(layer.outgoing()))  # the last word of ours, and tickets
            return
        layer.incoming(peer.takes(layer.outgoing()))
    raise AssertionError("hands are not shaken")


def test_what_comes_in_one_byte_at_a_time_is_read_whole(served: ssl.SSLContext) -> None:
    layer, peer = TlsLayer(looking_context(), None), Peer(served)
    shaken(layer, peer)
    read = b""
    for byte in peer.says(SENT):
        layer.incoming(bytes([byte]))
        read += layer.read()
    assert read == SENT
    assert not layer.is_over


def test_what_is_sent_arrives(served: ssl.SSLContext) -> None:
    layer, peer = TlsLayer(looking_context(), None), Peer(served)
    shaken(layer, peer)
    layer.send(b"NOOP\r\n")
    peer.takes(layer.outgoing())
    assert peer.session.read(100) == b"NOOP\r\n"


def test_a_close_notify_is_an_end_and_a_broken_record_an_error(served: ssl.SSLContext) -> None:
    ending, broken = TlsLayer(looking_context(), None), TlsLayer(looking_context(), None)
    for layer, last in ((ending, b""), (broken, b"220 clear text, all of a sudden\r\n")):
        peer = Peer(served)
        shaken(layer, peer)
        layer.incoming(peer.says(SENT) + (last or peer.ends()))
        assert layer.read() == SENT  # what came before counts
    assert (ending.is_over, ending.error) == (True, None)
    assert ending.end()
    assert not broken.is_over
    assert isinstance(broken.error, ssl.SSLError)


def test_something_else_than_tls_is_an_error_of_the_handshake() -> None:
    layer = TlsLayer(looking_context(), None)
    assert not layer.shake_hands()
    layer.incoming(b"220 this is no TLS at all\r\n")
    with pytest.raises(ssl.SSLError):
        layer.shake_hands()
    assert not layer.is_open


def test_a_session_is_resumed_only_where_it_is_given(served: ssl.SSLContext) -> None:
    served.maximum_version = ssl.TLSVersion.TLSv1_2
    context = shared_looking_context()
    first, peer = TlsLayer(context, None), Peer(served)
    shaken(first, peer)
    for given, resumed in ((None, False), (first.session.session, True)):
        layer = TlsLayer(context, None, given)
        shaken(layer, Peer(served))
        assert layer.session.session_reused is resumed


def test_a_name_that_tls_cannot_carry_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        TlsLayer(looking_context(), "a" * 64 + ".example")
