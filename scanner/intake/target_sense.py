"""What no schema can say of a targets file: whether its parts fit each other.

Works on JSON that may still be wrong elsewhere, so that every fault is told at once: what has
not the right shape is passed over here, for the schema has spoken of it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from datetime import date
from difflib import get_close_matches
from typing import TypeVar

from scanner.errors import InputError
from scanner.intake.drill_sense import drill_faults
from scanner.intake.formats import parse_date, parse_span
from scanner.intake.hosts import canonical_host, parse_host
from scanner.intake.placed_json import Json
from scanner.intake.problem import Place, Problem, shown
from scanner.intake.scope_patterns import ScopePatterns, parse_pattern
from scanner.intake.target_defaults import PORTS
from scanner.model.failure import NEVER_NOT_APPLICABLE
from scanner.model.policies import BUILT_IN

_Object = dict[str, Json]
_Key = TypeVar("_Key")

_POLICY_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


def disagreements(root: Json) -> Iterator[Problem]:
    """Yield every fault that lies between the parts of a targets file."""
    if not isinstance(root, dict):
        return
    targets = list(_objects(root, "targets", ()))
    yield from _coverage(root, targets)
    yield from _same_asset(targets)
    yield from _same_host(targets)
    defaults = root.get("defaults")
    if isinstance(defaults, dict):
        yield from _policy(("defaults",), defaults)
    for place, target in targets:
        yield from faults_of(place, target)
    for place, delivery in _objects(root, "delivery", ()):
        yield from _delivery(place, delivery)


def _coverage(root: _Object, targets: list[tuple[Place, _Object]]) -> Iterator[Problem]:
    scope = listed_scope(root)
    if scope is None:
        return
    for place, target in targets:
        written = _text(target, "host")
        host = _quiet(parse_host, written) if written else None
        if host is None or scope.admits_host(host):
            continue
        kind = "name" if isinstance(host, str) else "network"
        message = f"{shown(written)} is outside authorisation.scope; list its {kind} there"
        yield Problem((*place, "host"), message)


def listed_scope(root: _Object) -> ScopePatterns | None:
    """Return the listed scope, or ``None`` where it is absent or unusable as a whole."""
    authorisation = root.get("authorisation")
    entries = authorisation.get("scope") if isinstance(authorisation, dict) else None
    if not isinstance(entries, list):
        return None
    usable = [entry for entry in entries if isinstance(entry, str)]
    if len(usable) < len(entries) or any(_quiet(parse_pattern, text) is None for text in usable):
        return None
    return ScopePatterns.of(usable)


def _same_asset(targets: list[tuple[Place, _Object]]) -> Iterator[Problem]:
    first: dict[str, Place] = {}
    for place, target in targets:
        asset = _asset(target)
        if asset is None:
            continue
        known = first.setdefault(asset, place)
        if known != place:
            key = "asset" if "asset" in target else "host"
            message = f"{shown(asset)} is already the asset of targets[{known[1]}]"
            yield Problem((*place, key), f"{message}; give each its own 'asset', or join them")


def _same_host(targets: list[tuple[Place, _Object]]) -> Iterator[Problem]:
    """Yield targets of different assets that claim the same host and port."""
    first: dict[tuple[str, int], tuple[int, str]] = {}
    for index, (place, target) in enumerate(targets):
        host, asset = _host(target), _asset(target)
        if host is None or asset is None:
            continue
        for port in sorted(ports_of(target)):
            other, name = first.setdefault((host, port), (index, asset))
            if name != asset:
                message = f"{shown(host)} with port {port} is already targets[{other}]"
                yield Problem((*place, "host"), f"{message}; join the two")
                break


def _host(target: _Object) -> str | None:
    written = _text(target, "host")
    return _quiet(canonical_host, written) if written else None


def _asset(target: _Object) -> str | None:
    return _text(target, "asset") or _host(target)


def ports_of(target: _Object) -> set[int]:
    """Return the ports of a target's endpoints, as far as they are known."""
    if "endpoints" not in target:
        return set(PORTS.values())
    ports = {_port(endpoint) for _, endpoint in _objects(target, "endpoints", ())}
    return {port for port in ports if port is not None}


def _port(endpoint: _Object) -> int | None:
    port = endpoint.get("port", PORTS.get(_text(endpoint, "protocol") or ""))
    if isinstance(port, float) and not math.isfinite(port):
        return None
    return int(port) if isinstance(port, (int, float)) else None


def faults_of(place: Place, target: _Object) -> Iterator[Problem]:
    """Yield every fault between the parts of one target. Its names are no part of any."""
    yield from _endpoints(place, target)
    yield from _areas(place, target)
    yield from _named_once(place, target, "accounts", "username")
    yield from _named_once(place, target, "migrations", "order_id")
    yield from _named_once(place, target, "exceptions", "failure")
    yield from _named_once(place, target, "not_applicable", "failure")
    for at, account in _objects(target, "accounts", place):
        for key in ("passphrase", "certificate"):
            if key in account and "private_key" not in account:
                yield Problem((*at, key), "is of no use without 'private_key'; add it")
    for group in ("migrations", "documents", "contracts"):
        for at, paper in _objects(target, group, place):
            yield from disagreements_of(group, at, paper)
    yield from drill_faults(place, target, ports_of(target))
    for at, declared in _objects(target, "not_applicable", place):
        failure = _text(declared, "failure")
        if failure in NEVER_NOT_APPLICABLE:
            message = f"{failure} can never be declared not applicable; remove it"
            yield Problem((*at, "failure"), message)
    yield from _policy(place, target)


def disagreements_of(group: str, at: Place, paper: _Object) -> Iterator[Problem]:
    """Yield every fault between the parts of one entry of ``migrations``, ``documents`` or
    ``contracts``.
    """
    if group == "migrations":
        yield from _migration(at, paper)
    yield from _paper(at, paper)


def _endpoints(place: Place, target: _Object) -> Iterator[Problem]:
    first: dict[int, int] = {}
    for index, (at, endpoint) in enumerate(_objects(target, "endpoints", place)):
        port = _port(endpoint)
        if port is None and "port" not in endpoint and endpoint:
            yield Problem(at, "'port' is missing and 'auto' has none of its own; add it")
        elif port is not None and first.setdefault(port, index) != index:
            message = f"{port} is listed twice; an endpoint has one port and one protocol"
            yield Problem((*at, "port"), message)


def _policy(place: Place, entry: _Object) -> Iterator[Problem]:
    name = _text(entry, "policy")
    if name is None or not _POLICY_NAME.fullmatch(name) or name in BUILT_IN:
        return
    near = get_close_matches(name, BUILT_IN, 1)
    mend = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(BUILT_IN)}, file:PATH"
    yield Problem((*place, "policy"), f"{shown(name)} is no built-in policy; {mend}")


def _areas(place: Place, target: _Object) -> Iterator[Problem]:
    areas = target.get("areas")
    if not isinstance(areas, dict):
        return
    public, private = areas.get("public"), areas.get("private")
    if not isinstance(public, list) or not isinstance(private, list):
        return
    closed = {path.rstrip("/") for path in private if isinstance(path, str)}
    for index, path in enumerate(public):
        if isinstance(path, str) and path.rstrip("/") in closed:
            message = f"{shown(path)} is declared private too; keep one"
            yield Problem((*place, "areas", "public", index), message)


def _named_once(place: Place, target: _Object, group: str, key: str) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for at, entry in _objects(target, group, place):
        name, index = _text(entry, key), int(at[-1])
        if name is not None and first.setdefault(name, index) != index:
            message = f"{shown(name)} is already {group}[{first[name]}]; join the two"
            yield Problem((*at, key), message)


def _migration(at: Place, migration: _Object) -> Iterator[Problem]:
    yield from _order(at, migration, "date_from", "date_to")
    yield from _order(at, migration, "ordered_on", "migration_end")
    fields = migration.get("fields")
    if not isinstance(fields, list):
        return
    date_field = _text(migration, "date_field")
    if date_field is not None and date_field not in fields:
        message = f"{shown(date_field)} is not among 'fields'; add it there or correct it"
        yield Problem((*at, "date_field"), message)
    aliases = migration.get("aliases")
    for name in aliases if isinstance(aliases, dict) else ():
        if name not in fields:
            message = "is not among 'fields'; add it there or correct it"
            yield Problem((*at, "aliases", name), message, at_key=True)


def _paper(at: Place, paper: _Object) -> Iterator[Problem]:
    yield from _order(at, paper, "reviewed", "expires")
    yield from _order(at, paper, "signed", "expires")
    yield from _order(at, paper, "ordered_on", "expires")
    if "sha256" in paper and "file" not in paper:
        yield Problem((*at, "sha256"), "is of no use without 'file'; add it")
    span = _quiet(parse_span, _text(paper, "duration") or "")
    expires = _day(paper, "expires")
    if span and expires and expires < span[0]:
        yield Problem((*at, "expires"), "lies before the first day of 'duration'; correct one")


def _order(at: Place, entry: _Object, early: str, late: str) -> Iterator[Problem]:
    first, last = _day(entry, early), _day(entry, late)
    if first and last and last < first:
        yield Problem((*at, late), f"{last} is before '{early}' ({first}); correct one of them")


_NEEDED = {"syslog": "host", "http": "url", "file": "path"}
_USED = {
    "syslog": {"format", "host", "port", "ca", "certificate", "private_key"},
    "http": {"format", "url", "token", "ca", "certificate", "private_key"},
    "file": {"format", "path"},
}


_HTTP_FORMATS = frozenset({"ocsf-array", "splunk-hec", "elastic-bulk"})


def _delivery(place: Place, delivery: _Object) -> Iterator[Problem]:
    kind = _text(delivery, "kind") or ""
    if kind not in _NEEDED:
        return
    if _NEEDED[kind] not in delivery:
        yield Problem(place, f"'{_NEEDED[kind]}' is missing for kind {kind}; add it")
    form = _text(delivery, "format") or "ocsf"
    if kind != "http" and form in _HTTP_FORMATS:
        message = f"{form} is for kind http alone; write ocsf or ecs"
        yield Problem((*place, "format"), message)
    if "private_key" in delivery and "certificate" not in delivery:
        yield Problem((*place, "private_key"), "needs the certificate beside it; add it")
    elsewhere = {key for keys in _USED.values() for key in keys} - _USED[kind]
    for key in sorted(elsewhere & set(delivery)):
        message = f"means nothing for kind {kind}; remove it"
        yield Problem((*place, key), message, at_key=True)


def _objects(parent: _Object, key: str, place: Place) -> Iterator[tuple[Place, _Object]]:
    entries = parent.get(key)
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, dict):
            yield (*place, key, index), entry


def _text(entry: _Object, key: str) -> str | None:
    value = entry.get(key)
    return value if isinstance(value, str) else None


def _day(entry: _Object, key: str) -> date | None:
    return _quiet(parse_date, _text(entry, key) or "")


def _quiet(parse: Callable[[str], _Key], text: str) -> _Key | None:
    """Parse, or return ``None`` where the schema's own check has already spoken."""
    try:
        return parse(text)
    except (InputError, ValueError):
        return None
