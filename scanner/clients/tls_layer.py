"""TLS on bytes, as a client: what came in, what is to go out. No I/O, and no buffer of its own."""

from __future__ import annotations

import ssl
from typing import Final

_MOST_PLAIN: Final = 65_536


class TlsLayer:
    """One TLS session over a connection that somebody else reads and writes.

    ``incoming`` takes what the peer sent, ``outgoing`` returns what it is to be sent: after every
    other call there may be something. Both hold what is under way and nothing else, where an
    event loop's own TLS keeps 256 KiB for each connection.
    """

    def __init__(
        self,
        context: ssl.SSLContext,
        server_name: str | None,
        resumed: ssl.SSLSession | None = None,
    ) -> None:
        """Begin a session, or resume one that was made in the same context.

        Raises ``ValueError`` for a name that TLS cannot carry.
        """
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.session = context.wrap_bio(
            self._in, self._out, server_hostname=server_name, session=resumed
        )
        self.is_open = False
        """Whether hands are shaken."""
        self.is_ending = False
        """Whether our close_notify is said."""
        self.is_over = False
        """Whether the peer's is."""
        self.error: ssl.SSLError | None = None
        """What came instead of TLS."""
        self._unsent = b""

    def incoming(self, data: bytes | memoryview) -> None:
        """Take bytes of the peer's."""
        self._in.write(data)

    def outgoing(self) -> bytes:
        """Return bytes for the peer; nothing where there are none."""
        return self._out.read() if self._out.pending else b""

    def shake_hands(self) -> bool:
        """Go on with the handshake; tell whether it is done. Raises ``ssl.SSLError``."""
        try:
            self.session.do_handshake()
        except ssl.SSLWantReadError:
            return False
        self.is_open = True
        return True

    def read(self) -> bytes:
        """Return what can be read of what came, and note where that ends. Never fails."""
        read = bytearray()
        try:
            self._send_rest()
            while data := self.session.read(_MOST_PLAIN):
                read += data
            self.is_over = True
        except ssl.SSLWantReadError:
            pass  # the rest is still to come
        except ssl.SSLError as error:
            self.error = error
        return bytes(read)

    def send(self, data: bytes) -> None:
        """Protect bytes; in the middle of a renegotiation they wait for it."""
        self._unsent += data
        try:
            self._send_rest()
        except ssl.SSLWantReadError:
            return

    def end(self) -> bool:
        """Say close_notify, and tell whether both sides have. Never fails."""
        self.is_ending = True
        try:
            self.session.unwrap()
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLError:
            return True  # what comes instead of the peer's is nothing to wait for
        return True

    def _send_rest(self) -> None:
        while self._unsent:
            self._unsent = self._unsent[self.session.write(self._unsent) :]
