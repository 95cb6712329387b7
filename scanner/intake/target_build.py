"""Turns the JSON of a valid targets file into the model, defaults applied, paths absolute."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from scanner.intake.declared_papers import DeclaredPapers
from scanner.intake.drill_build import drill_of
from scanner.intake.formats import bare_path, date_in, parse_date, parse_resolver
from scanner.intake.hosts import canonical_host
from scanner.intake.secret_refs import parse_ref
from scanner.intake.target_defaults import PORTS
from scanner.model.secret import SecretRef
from scanner.model.target import (
    DEFAULT_ENDPOINTS,
    AcceptedRisk,
    Account,
    Allow,
    Areas,
    Authorisation,
    Decoy,
    Endpoint,
    Exclusion,
    Limits,
    LogSource,
    NotApplicable,
    Protocol,
    Target,
    TargetsFile,
    TlsTrust,
)
from scanner.model.target_list import TargetList

_Object = Mapping[str, Any]
_Part = TypeVar("_Part")
_LIMITS = (
    "connections",
    "connections_per_host",
    "depth",
    "entries",
    "files_sampled",
    "bytes_per_file",
    "bytes_per_host",
    "bytes_per_second",
)
_MERGED = ("tls", "limits")
NAMES = ("host", "asset")
"""What a target is called: all else may be alike."""
_SYSTEM = "system"
"""In place of a file of authorities; a file of that name is written ``file:system``."""
_ROUNDS = 80
"""Connections for enumerating TLS on one endpoint, where the file gives no number."""


def build(root: _Object, *, path: Path, sha256: str) -> TargetsFile:
    """Return the model of a file that schema and sense have let through."""
    builder = Builder(root, path)
    for entry in root.get("targets", ()):
        builder.add(entry, likeness(entry))
    return builder.file(root, sha256=sha256)


def likeness(entry: _Object) -> bytes:
    """Return a digest of all that a target says but its names and notes: targets that have the
    same are alike.
    """
    told = [pair for pair in _said(entry) if pair[0] not in NAMES]
    return hashlib.sha256(repr(told).encode()).digest()  # as text: 1, 1.0 and true are not alike


class Builder:
    """Builds the model of a file from what schema and sense have let through.

    ``head`` has the file's tenant and defaults; its targets come one by one, and what is alike in
    them is built once.
    """

    def __init__(self, head: _Object, path: Path) -> None:
        self._path = path.absolute()
        self._tenant = head.get("tenant", "default")
        self._defaults = head.get("defaults", {})
        self._maker = _Maker(self._path.parent, self._tenant, self._defaults)
        self._kinds: dict[bytes, int] = {}
        self.targets = TargetList()

    def knows(self, like: bytes) -> bool:
        """Tell whether there was a target of this ``likeness``."""
        return like in self._kinds

    def add(self, entry: _Object, like: bytes) -> None:
        """Build one target. ``like`` is its ``likeness``."""
        if like not in self._kinds:
            self._kinds[like] = self.targets.kind(self._maker.target(entry))
        host = entry["host"]
        self.targets.add(self._kinds[like], host, entry.get("asset") or canonical_host(host))

    def file(self, root: _Object, *, sha256: str) -> TargetsFile:
        """Return the file, once all of its targets were built. ``root`` has all the rest."""
        return TargetsFile(
            path=self._path,
            sha256=sha256,
            tenant=self._tenant,
            authorisation=_authorisation(root["authorisation"], self.targets),
            default_vantages=tuple(self._defaults.get("vantages", ("internal",))),
            targets=self.targets,
            limits=_limits(self._defaults),
            delivery=tuple(self._maker.delivery(entry) for entry in root.get("delivery", ())),
            exclude=tuple(_exclusion(entry) for entry in root.get("exclude", ())),
            template=self._maker.target({"host": "localhost"}),
        )


def _hosts(targets: Iterable[Target]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(canonical_host(each.host).partition("%")[0] for each in targets))


def _authorisation(entry: _Object, targets: Iterable[Target]) -> Authorisation:
    """Return the authorisation; where it lists no scope, the listed hosts are the scope."""
    return Authorisation(
        reference=entry["reference"],
        owner=entry.get("owner", ""),
        contact=entry.get("contact", ""),
        valid_until=date_in(entry, "valid_until"),
        scope=tuple(entry["scope"]) if "scope" in entry else _hosts(targets),
    )


def _exclusion(entry: _Object) -> Exclusion:
    return Exclusion(match=entry["match"], reason=entry["reason"], until=date_in(entry, "until"))


class _Maker:
    """Builds targets of one file: knows its folder, tenant and defaults."""

    def __init__(self, base: Path, tenant: str, defaults: _Object) -> None:
        self._base = base
        self._tenant = tenant
        self._defaults = defaults
        self._known: dict[object, Any] = {}

    def target(self, own: _Object) -> Target:
        """Return one target, what it says itself going before the defaults."""
        entry = {**self._defaults, **own}
        for key in _MERGED:
            entry[key] = {**self._defaults.get(key, {}), **own.get(key, {})}
        zone = entry.get("timezone", "UTC")
        papers = DeclaredPapers.of(entry, self._base)
        return Target(
            host=own["host"],
            asset=own.get("asset") or _canonical(own["host"]),
            tenant=self._tenant,
            vantages=self._one(tuple(entry.get("vantages", ("internal",)))),
            owner=entry.get("owner", ""),
            tags=tuple(entry.get("tags", ())),
            endpoints=self._one(_endpoints(entry)),
            areas=self._one(_areas(entry)),
            tls=self._one(self._tls(entry["tls"])),
            known_hosts=self._path(entry, "known_hosts"),
            resolver=parse_resolver(entry["resolver"]) if "resolver" in entry else None,
            host_keys=tuple(entry.get("host_keys", ())),
            policy=self._policy(entry.get("policy", "modern")),
            timezone=zone,
            retention_days=_whole(entry, "retention_days"),
            limits=self._one(_limits(entry)),
            windows=tuple(entry.get("windows", ())),
            accounts=tuple(self._account(part) for part in entry.get("accounts", ())),
            migrations=papers.migrations,
            documents=papers.documents,
            contracts=papers.contracts,
            papers=papers.files,
            faulty_papers=papers.faulty,
            inventory=self._path(entry, "inventory"),
            warnings=self._path(entry, "warnings"),
            alerts=self._path(entry, "alerts"),
            logs=tuple(self._log(part, zone) for part in entry.get("logs", ())),
            drill=drill_of(entry["drill"], self._absolute) if "drill" in entry else None,
            exceptions=tuple(_accepted(part) for part in entry.get("exceptions", ())),
            not_applicable=tuple(_foreign(part) for part in entry.get("not_applicable", ())),
            decoy=_decoy(entry["decoy"]) if "decoy" in entry else None,
            allow=self._one(Allow(**dict(_said(entry.get("allow", {}))))),
        )

    def _one(self, part: _Part) -> _Part:
        """Return one and the same for equal parts: most targets of a large file differ in little
        but their host.
        """
        same: _Part = self._known.setdefault(part, part)
        return same

    def delivery(self, entry: _Object) -> dict[str, str | int]:
        """Return one delivery: paths absolute, secrets still as their references."""
        plain: dict[str, str | int] = dict(_said(entry))
        for key in ("ca", "path", "certificate"):
            if key in plain and (key, plain[key]) != ("ca", _SYSTEM):
                plain[key] = str(self._absolute(str(plain[key])))
        if "port" in plain:
            plain["port"] = int(plain["port"])
        return plain

    def _absolute(self, text: str) -> Path:
        return self._base / bare_path(text)

    def _path(self, entry: _Object, key: str) -> Path | None:
        return self._absolute(entry[key]) if key in entry else None

    def _policy(self, text: str) -> str:
        return f"file:{self._absolute(text)}" if text.startswith("file:") else text

    def _tls(self, entry: _Object) -> TlsTrust:
        system = entry.get("ca") == _SYSTEM
        return TlsTrust(
            ca=None if system else self._path(entry, "ca"),
            system_ca=system,
            server_name=entry.get("server_name"),
            pins=tuple(entry.get("pins", ())),
            rounds=int(entry.get("rounds", _ROUNDS)) if entry.get("enumerate", False) else 0,
        )

    def _account(self, entry: _Object) -> Account:
        keys = {
            person: tuple(self._absolute(text) for text in paths)
            for person, paths in entry.get("public_keys", {}).items()
        }
        return Account(
            username=entry["username"],
            kind=entry.get("kind", "service"),
            holders=tuple(entry.get("holders", ())),
            password=_secret(entry, "password"),
            private_key=_secret(entry, "private_key"),
            passphrase=_secret(entry, "passphrase"),
            certificate=self._path(entry, "certificate"),
            public_keys=keys,
            realm=entry.get("realm"),
            networks=tuple(entry.get("networks", ())),
        )

    def _log(self, entry: _Object, zone: str) -> LogSource:
        return LogSource(
            format=entry["format"],
            path=str(self._absolute(entry["path"])),
            timezone=entry.get("timezone", zone),
        )


def _canonical(host: str) -> str:
    """Return the canonical form: the very text where it is as written, which is held once then."""
    canonical = canonical_host(host)
    return host if canonical == host else canonical


def _areas(entry: _Object) -> Areas:
    return Areas(**{key: tuple(paths) for key, paths in _said(entry.get("areas", {}))})


def _endpoints(entry: _Object) -> tuple[Endpoint, ...]:
    if "endpoints" not in entry:
        return DEFAULT_ENDPOINTS
    return tuple(_endpoint(part) for part in entry["endpoints"])


def _endpoint(entry: _Object) -> Endpoint:
    protocol = Protocol(entry.get("protocol", "auto"))
    return Endpoint(
        port=int(entry["port"] if "port" in entry else PORTS[protocol]), protocol=protocol
    )


def _limits(entry: _Object) -> Limits:
    given = entry.get("limits", {})
    numbers: dict[str, Any] = {key: int(given[key]) for key in _LIMITS if key in given}
    if "asset_seconds" in given:
        numbers["asset_seconds"] = float(given["asset_seconds"])
    if "timeout_seconds" in entry:
        numbers["timeout_seconds"] = float(entry["timeout_seconds"])
    return Limits(**numbers)


def _accepted(entry: _Object) -> AcceptedRisk:
    return AcceptedRisk(
        failure=entry["failure"],
        reason=entry["reason"],
        approved_by=entry["approved_by"],
        until=parse_date(entry["until"]),
    )


def _foreign(entry: _Object) -> NotApplicable:
    return NotApplicable(
        failure=entry["failure"],
        reason=entry["reason"],
        signed_by=entry["signed_by"],
        until=parse_date(entry["until"]),
    )


def _decoy(entry: _Object) -> Decoy:
    return Decoy(owner=entry["owner"], until=parse_date(entry["until"]))


def _secret(entry: _Object, key: str) -> SecretRef | None:
    return parse_ref(entry[key]) if key in entry else None


def _whole(entry: _Object, key: str) -> int | None:
    return int(entry[key]) if key in entry else None


def _said(entry: _Object) -> list[tuple[str, Any]]:
    """Return the members that are not notes."""
    return [(key, value) for key, value in entry.items() if not key.startswith("x-")]
