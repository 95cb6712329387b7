"""A team's collector, as small as one can be: events in over HTTP and UDP, alerts out by webhook."""

from __future__ import annotations

import http.client
import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from tests.servers import process

_RULE: Final = re.compile(rb"\bdrill-[0-9a-f]{16}\b")


@dataclass(slots=True)
class Collector:
    """Alerts once for each user named ``drill-…``. ``events`` are all that came in.

    ``rules`` raise alerts besides, each of what its first group matches.
    """

    webhook: tuple[str, int]
    token: str = ""
    http_port: int = 0
    udp_port: int = 0
    events: list[bytes] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)
    alerts: list[bytes] = field(default_factory=list)
    rules: tuple[re.Pattern[bytes], ...] = ()
    _known: set[bytes] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://{process.HOST}:{self.http_port}/ingest"

    def take(self, event: bytes) -> None:
        self.events.append(event)
        for rule in (_RULE, *self.rules):
            for named in rule.findall(event):
                if named not in self._known:
                    self._known.add(named)
                    self._alert(named)

    def _alert(self, user: bytes) -> None:
        body = json.dumps({"rule": "login as drill-*", "user": user.decode()})
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        connection = http.client.HTTPConnection(*self.webhook, timeout=5)
        # A webhook that is dead gets no alert; one whose drill has just ended drops it midway.
        with suppress(OSError), closing(connection):
            connection.request("POST", "/alerts", body, headers)
            connection.getresponse().read()
            self.alerts.append(user)


@contextmanager
def collector(webhook: tuple[str, int], *, token: str = "") -> Iterator[Collector]:
    """Run a collector on free loopback ports."""
    running = Collector(webhook, token)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            running.headers.append(str(self.headers))
            self.send_response(202)
            self.end_headers()
            running.take(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as inherited
            """Say nothing."""

    server = ThreadingHTTPServer((process.HOST, 0), Handler)
    with server, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.bind((process.HOST, 0))
        running.http_port = server.server_address[1]
        running.udp_port = datagrams.getsockname()[1]
        web = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        udp = threading.Thread(target=_drain, args=(datagrams, running), daemon=True)
        web.start()
        udp.start()
        try:
            yield running
        finally:
            server.shutdown()
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
                last.sendto(b"", datagrams.getsockname())
            web.join()
            udp.join()


def _drain(datagrams: socket.socket, running: Collector) -> None:
    while event := datagrams.recv(65_536):
        running.take(event)
