"""The team's collector leaves nothing open, whatever becomes of its webhook."""

from __future__ import annotations

import re
import socket
import struct
import threading

from tests.servers.collector import Collector
from tests.servers.process import HOST

MORE_THAN_A_KERNEL_HOLDS = 16 * 1024 * 1024
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def test_a_webhook_that_drops_the_alert_midway_leaves_no_socket_open() -> None:
    # An open socket that is collected is a warning, hence an error of this test.
    with socket.create_server((HOST, 0)) as webhook:
        dropping = threading.Thread(target=_drop_one, args=(webhook,))
        dropping.start()
        running = Collector(webhook.getsockname()[:2], rules=(re.compile(rb"(x+)"),))
        running.take(b"x" * MORE_THAN_A_KERNEL_HOLDS)  # so that it is dropped while it is sent
        dropping.join(10)
    assert not dropping.is_alive()
    assert running.alerts == []


def _drop_one(webhook: socket.socket) -> None:
    taken, _ = webhook.accept()
    with taken:
        taken.recv(10)
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
