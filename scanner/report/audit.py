"""What the audit log says of one look at one asset: names and counts, never what was found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from scanner.model.frozen import dataclass
from scanner.model.observation import Effort, EndpointObservation, FtpFacts, Observations
from scanner.model.reading import Observed
from scanner.model.ssh import SshFacts
from scanner.model.target import Target
from scanner.model.text import neutralise
from scanner.model.view import CredentialStatus

_LONGEST_NAME = 200
_MOST_ENDPOINTS = 400


def asset_record(seen: Observations) -> dict[str, Any]:
    """Return what was done to one asset from one vantage. ``dialled`` holds the endpoints that
    were connected to, with counts; without any, ``reason`` says why nobody was.
    """
    dialled = [each for each in seen.endpoints if was_dialled(each)]
    record: dict[str, Any] = {
        "asset": _name(seen.asset),
        "host": _name(seen.host),
        "vantage": _name(seen.vantage),
        "started": seen.started,
        "finished": seen.finished,
        "dialled": [_endpoint(each) for each in dialled[:_MOST_ENDPOINTS]],
        "accounts": sorted({_name(name) for each in dialled for name in accounts_of(each)}),
        "sources": sorted({source for each in dialled for source in each.effort.sources}),
    }
    if len(dialled) > _MOST_ENDPOINTS:
        record["more_endpoints"] = len(dialled) - _MOST_ENDPOINTS
    if not dialled:
        why = seen.unreached.reason if seen.unreached else _first_reason(seen)
        record["reason"] = str(why or "nothing to ask")
    return record


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialled:
    """One endpoint that was connected to, and what that cost it."""

    address: str
    port: int
    protocol: str
    effort: Effort


def drill_record(target: Target, dialled: Iterable[Dialled], user: str) -> dict[str, Any]:
    """Return what an alarm drill did to one asset: its login, or none where ``dialled`` is bare."""
    tried = [each for each in dialled if each.effort.connections]
    return {
        "asset": _name(target.asset),
        "host": _name(target.host),
        "dialled": [_told(each) for each in tried],
        "accounts": [_name(user)] if tried and user else [],
        "sources": sorted({source for each in tried for source in each.effort.sources}),
    }


def was_dialled(endpoint: EndpointObservation) -> bool:
    """Whether anything was sent to an endpoint, were it only a request to connect."""
    return endpoint.effort.connections > 0


def _first_reason(seen: Observations) -> str | None:
    return next((str(each.reason) for each in seen.endpoints if each.reason), None)


def _endpoint(endpoint: EndpointObservation) -> dict[str, Any]:
    return _told(
        Dialled(
            address=endpoint.address,
            port=endpoint.port,
            protocol=str(endpoint.protocol),
            effort=endpoint.effort,
        )
    )


def _told(dialled: Dialled) -> dict[str, Any]:
    effort = dialled.effort
    return {
        "address": dialled.address,
        "port": dialled.port,
        "protocol": dialled.protocol,
        "connections": effort.connections,
        "logins": effort.logins,
        "logins_failed": effort.logins_failed,
        "bytes_received": effort.bytes_received,
        "asked": dict(sorted(effort.verbs.items())),
    }


def accounts_of(endpoint: EndpointObservation) -> Iterator[str]:
    """Yield the account names that were given to a server, decoys apart."""
    facts = endpoint.facts
    if facts is None:
        return
    for account in facts.accounts:
        if account.status is not CredentialStatus.NOT_SENT:
            yield account.username
    if isinstance(facts, FtpFacts) and isinstance(facts.anonymous, Observed):
        yield from (each.username for each in facts.anonymous.value.tries)
    if isinstance(facts, SshFacts):
        yield from (each.username for each in facts.account_methods)
        yield from (each.username for each in facts.empty_passwords)
        yield from (each.username for each in facts.account_keys)


def _name(text: str) -> str:
    return neutralise(text, _LONGEST_NAME)
