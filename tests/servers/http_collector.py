"""An HTTP collector that behaves as it is told, over TLS, on loopback."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.servers.certificates import Certificate

SLOW_SECONDS = 1.5


@dataclass(slots=True)
class Seen:
    """One request: its path, headers and body."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Collector:
    """What arrived. ``documents`` is an index as Elasticsearch keeps one: by ``_id``."""

    port: int
    behaviour: list[str]
    requests: list[Seen] = field(default_factory=list)
    taken: list[dict[str, Any]] = field(default_factory=list)
    documents: dict[str, dict[str, Any]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}/ingest"

    def next_step(self) -> str:
        with self.lock:
            return self.behaviour.pop(0) if self.behaviour else "ok"


@contextmanager
def collector(certificate: Certificate, behaviour: Sequence[str] = ()) -> Iterator[Collector]:
    """Serve for the block. ``behaviour`` names what each request meets; after it, all is well.

    ``429``, ``500``, ``503`` ...: that status; ``slow``: an answer later than anyone waits;
    ``close``: takes the events and ends the connection without an answer; ``cut``: ends it before
    anything is taken; ``partial``: a bulk answer where every third event meets 429 and every
    fifth 503; ``refuse``: a bulk answer where the first event is malformed; ``odd``: no bulk answer.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            here.requests.append(Seen(self.path, dict(self.headers), body))
            _answer(self, here, here.next_step(), body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that went away is what some tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    here = Collector(server.server_port, list(behaviour))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield here
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _answer(handler: BaseHTTPRequestHandler, here: Collector, step: str, body: bytes) -> None:
    if step == "cut":
        handler.close_connection = True
        return
    if step.isdigit():
        _reply(handler, int(step), {"error": "told to"})
        return
    if step == "slow":
        time.sleep(SLOW_SECONDS)
        step = "ok"
    answer = _kept(here, step, body, handler.headers["Content-Type"])
    if step == "close":
        handler.close_connection = True
        return
    _reply(handler, 200, answer)


def _kept(here: Collector, step: str, body: bytes, media: str) -> dict[str, Any]:
    """Keep what a body holds, and return what is said of it."""
    with here.lock:
        if b'{"create":' in body[:12]:
            return _bulk(here, step, body)
        text = body.decode()
        if media == "application/json" and text.startswith("["):
            here.taken += json.loads(text)
        else:
            here.taken += [json.loads(line) for line in text.splitlines()]
        return {"text": "Success", "code": 0}


def _bulk(here: Collector, step: str, body: bytes) -> dict[str, Any]:
    lines = [json.loads(line) for line in body.decode().splitlines()]
    items = []
    for number, (action, document) in enumerate(zip(lines[::2], lines[1::2], strict=True)):
        identity = action["create"]["_id"]
        status = _bulk_status(step, number)
        if status == 201 and identity in here.documents:
            status = 409
        elif status == 201:
            here.documents[identity] = document
        items.append({"create": {"_id": identity, "status": status}})
    if step == "odd":
        return {"took": 1}
    return {"took": 1, "errors": True, "items": items}


def _bulk_status(step: str, number: int) -> int:
    if step == "partial" and number % 3 == 0:
        return 429
    if step == "partial" and number % 5 == 0:
        return 503
    return 400 if step == "refuse" and number == 0 else 201


def _reply(handler: BaseHTTPRequestHandler, status: int, document: dict[str, Any]) -> None:
    data = json.dumps(document).encode()
    handler.send_response(status)
    if status == 429:
        handler.send_header("Retry-After", "7")
    handler.send_header("Content-Length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data)
