"""Syslog over TLS (RFC 5424, RFC 5425): octet counting, verified name, an orderly end.

Syslog has no acknowledgement. A batch is a connection of its own: it counts as taken once the
receiver has ended the connection after our close_notify, for TLS keeps the order and a receiver
that reads to the end has read all. Anything else sends the batch again.
"""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress

from scanner.model.secret import SecretResolver
from scanner.sinks.payload import told
from scanner.sinks.receipt import TAKEN, DeliveryFault, Receipt
from scanner.sinks.secure import Trust, bounded, context_for, dial, fault_of

FACILITY = 13
"""Log audit (RFC 5424, table 1)."""

APP = "ftpscan"
_LEVELS = {1: 6, 2: 5, 3: 4, 4: 3, 5: 2}
_SECONDS = 20.0
_MOST_HOST = 255
_MOST_ID = 32


def frame(event: str, form: str, sender: str) -> bytes:
    """Return one octet-counted message that carries an OCSF line, in the words of ``form``."""
    read = json.loads(event)
    priority = FACILITY * 8 + _LEVELS.get(read["severity_id"], 6)
    code = str(read["metadata"]["event_code"])[:_MOST_ID]
    text = f"<{priority}>1 {read['time_dt']} {sender} {APP} - {code} - @cee: {told(event, form)}"
    message = text.encode("ascii")
    return b"%d %s" % (len(message), message)


def sender_name() -> str:
    """Return this machine's name as RFC 5424 wants it: printable ASCII, or a dash."""
    name = "".join(char for char in socket.gethostname() if "!" <= char <= "~")
    return name[:_MOST_HOST] or "-"


class SyslogSink:
    """Sends each batch over a connection of its own."""

    def __init__(
        self, host: str, port: int, form: str, trust: Trust, secrets: SecretResolver
    ) -> None:
        self._host = host
        self._port = port
        self._form = form
        self._trust = trust
        self._secrets = secrets
        self._sender = sender_name()

    @property
    def name(self) -> str:
        """Kind and place."""
        return f"syslog {self._host}:{self._port}"

    def send(self, lines: Sequence[str]) -> Receipt:
        """Send a batch and wait for the orderly end."""
        data = b"".join(frame(each, self._form, self._sender) for each in lines)
        context = context_for(self._trust, self._secrets)
        connection = dial(self._host, self._port, context, _SECONDS)
        try:
            with bounded(connection, _SECONDS):
                _still_open(connection)
                connection.sendall(data)
                _ended(connection)
        except (OSError, ValueError) as error:
            raise fault_of(error, f"{self._host}:{self._port}") from None
        finally:
            connection.close()
        return TAKEN

    def close(self) -> None:
        """Nothing stays open."""


def _still_open(connection: ssl.SSLSocket) -> None:
    """Read what TLS 1.3 says after its handshake, such as that it wants another certificate."""
    connection.settimeout(0)
    try:
        with suppress(ssl.SSLWantReadError):
            if not connection.recv(1):
                raise DeliveryFault("the receiver ended the connection at once")
    finally:
        connection.settimeout(_SECONDS)


def _ended(connection: ssl.SSLSocket) -> None:
    """Say close_notify, and wait until the receiver has read as far as that."""
    plain: socket.socket = connection
    with suppress(ssl.SSLEOFError, ssl.SSLZeroReturnError):
        plain = connection.unwrap()
    with suppress(ssl.SSLWantReadError):
        while plain.recv(4096):
            pass
