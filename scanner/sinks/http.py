"""HTTP collectors: JSON lines, an array, Splunk HEC, Elasticsearch's bulk API."""

from __future__ import annotations

import http.client
import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from scanner.errors import SecretError
from scanner.model.secret import SecretRef, SecretResolver
from scanner.sinks.payload import body
from scanner.sinks.receipt import TAKEN, DeliveryFault, Receipt
from scanner.sinks.secure import Trust, bounded, context_for, fault_of

_SECONDS = 20.0
_MOST_ANSWER = 4 * 1024 * 1024
_MOST_AFTER = 300.0
_SCHEMES = {"splunk-hec": "Splunk", "elastic-bulk": "ApiKey"}
_TOO_MUCH = frozenset({400, 413, 422})
"""What one event may be the reason of: the batch is cut in halves until it is found."""

_DONE = frozenset({200, 201, 409})
"""Of one item of a bulk request; 409: a document of that id is there already."""


class HttpSink:
    """Posts batches over one connection. Redirects are not followed."""

    def __init__(
        self,
        url: str,
        form: str,
        trust: Trust,
        token: SecretRef | None,
        secrets: SecretResolver,
    ) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or ""
        self._secure = parts.scheme == "https"
        self._port = parts.port or (443 if self._secure else 80)
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._form = form
        self._trust = trust
        self._token = token
        self._secrets = secrets
        self._open: http.client.HTTPConnection | None = None

    @property
    def name(self) -> str:
        """Kind and place; never the query, which may hold a secret."""
        return f"http {self._place}"

    @property
    def _place(self) -> str:
        return f"{self._host}:{self._port}"

    def send(self, lines: Sequence[str]) -> Receipt:
        """Post a batch, and read what became of each event."""
        status, answer, after = self._posted(lines)
        if status in _TOO_MUCH:
            return self._halved(lines, status)
        if status == 429 or status >= 500:
            raise DeliveryFault(f"{self._place}: answered {status}", after=after)
        if not 200 <= status < 300:
            told = f"{self._place}: answered {status}; check url and token"
            raise DeliveryFault(told, lasting=True)
        return self._items(lines, answer) if self._form == "elastic-bulk" else TAKEN

    def close(self) -> None:
        """End the connection."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def _halved(self, lines: Sequence[str], status: int) -> Receipt:
        if len(lines) == 1:
            return Receipt(refused=tuple(lines), why=f"{self._place}: answered {status}")
        middle = len(lines) // 2
        first, second = self.send(lines[:middle]), self.send(lines[middle:])
        return Receipt(
            again=(*first.again, *second.again),
            refused=(*first.refused, *second.refused),
            why=first.why or second.why,
        )

    def _items(self, lines: Sequence[str], answer: bytes) -> Receipt:
        """Return what Elasticsearch says of each document of a bulk request."""
        again: list[str] = []
        refused: list[str] = []
        why = ""
        for line, status in zip(lines, self._statuses(answer, len(lines)), strict=True):
            if status in _DONE:
                continue
            why = f"{self._place}: answered {status} for single events"
            (again if status == 429 or status >= 500 else refused).append(line)
        return Receipt(again=tuple(again), refused=tuple(refused), why=why)

    def _statuses(self, answer: bytes, wanted: int) -> list[int]:
        try:
            items: list[dict[str, Any]] = json.loads(answer)["items"]
            statuses = [int(next(iter(item.values()))["status"]) for item in items]
        except (ValueError, KeyError, TypeError, AttributeError, StopIteration):
            statuses = []
        if len(statuses) != wanted:
            raise DeliveryFault(f"{self._place}: its answer is not one of the bulk API")
        return statuses

    def _posted(self, lines: Sequence[str]) -> tuple[int, bytes, float]:
        data, media = body(lines, self._form)
        headers = {"Content-Type": media, "User-Agent": "ftpscan", **self._authorisation()}
        connection = self._connected()
        try:
            with bounded(connection.sock, _SECONDS):
                connection.request("POST", self._path, data, headers)
                with connection.getresponse() as response:
                    answer = response.read(_MOST_ANSWER)
                    if not response.isclosed():
                        self.close()
                    return response.status, answer, _after(response.getheader("Retry-After"))
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            raise fault_of(error, self._place) from None

    def _connected(self) -> http.client.HTTPConnection:
        if self._open is not None and self._open.sock is not None:
            return self._open
        self._open = (
            http.client.HTTPSConnection(
                self._host,
                self._port,
                timeout=_SECONDS,
                context=context_for(self._trust, self._secrets),
            )
            if self._secure
            else http.client.HTTPConnection(self._host, self._port, timeout=_SECONDS)
        )
        try:
            self._open.connect()
        except (OSError, UnicodeError) as error:
            self.close()
            raise fault_of(error, self._place) from None
        return self._open

    def _authorisation(self) -> dict[str, str]:
        if self._token is None:
            return {}
        try:
            token = self._secrets.resolve(self._token).reveal().decode("ascii", "replace")
        except SecretError as error:
            raise DeliveryFault(str(error), lasting=True) from None
        if not (token.isascii() and token.isprintable()):
            raise DeliveryFault(f"{self._token}: is not a line of ASCII; no token", lasting=True)
        return {"Authorization": f"{_SCHEMES.get(self._form, 'Bearer')} {token}"}


def _after(text: str | None) -> float:
    """Return the seconds of ``Retry-After``; dates and nonsense are nothing."""
    with suppress(ValueError):
        return min(max(float(text or 0), 0.0), _MOST_AFTER)
    return 0.0
