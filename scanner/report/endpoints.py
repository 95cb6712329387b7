"""Endpoints as the report document tells them: state, cost, and every fact, flat."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from scanner.model.observation import EndpointObservation, FtpFacts, Observations
from scanner.model.ssh import SshFacts
from scanner.report.plain import plain, record
from scanner.report.views import account_document, reading_document

_VIEWS = frozenset({"accounts", "anonymous_view"})


def endpoint_documents(seen: Iterable[Observations]) -> list[dict[str, Any]]:
    """Return every endpoint of every vantage, ordered by vantage, address, port, protocol."""
    found = [(look.vantage, endpoint) for look in seen for endpoint in look.endpoints]
    found.sort(key=lambda pair: (pair[0], pair[1].address, pair[1].port, pair[1].protocol))
    return [_endpoint(vantage, endpoint) for vantage, endpoint in found]


def _endpoint(vantage: str, endpoint: EndpointObservation) -> dict[str, Any]:
    return {
        "port": endpoint.port,
        "protocol": endpoint.protocol.value,
        "vantage": vantage,
        "address": endpoint.address,
        "declared": endpoint.declared,
        "state": endpoint.state.value,
        "reason": plain(endpoint.reason),
        "detail": endpoint.detail,
        "fault": endpoint.fault,
        **_effort(endpoint),
        **_facts(endpoint.facts),
    }


def _effort(endpoint: EndpointObservation) -> dict[str, Any]:
    effort = endpoint.effort
    return {
        "connections": effort.connections,
        "connection_budget": effort.connection_budget,
        "logins": effort.logins,
        "logins_failed": effort.logins_failed,
        "bytes": effort.bytes_received,
        "verbs": dict(sorted(effort.verbs.items())),
    }


def _facts(facts: FtpFacts | SshFacts | None) -> dict[str, Any]:
    if facts is None:
        return {}
    document = record(facts, without=_VIEWS)
    if isinstance(facts, FtpFacts):
        document["anonymous_view"] = reading_document(facts.anonymous_view)
    document["accounts"] = [account_document(account) for account in facts.accounts]
    return document
