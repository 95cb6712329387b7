"""The operator's papers of the fleet: the targets file and all that it names."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from scanner.demo.defects import Defects
from scanner.demo.generator import ORDERED_EXAM_FIELDS, ORDERED_EXPORT_FIELDS

_CLAUSES: Final = tuple("abcdefgh")
_RETENTION_DAYS: Final = 14
CONTROLLER: Final = "Demonstration laboratory"
HOLDER: Final = "First Holder"
OTHER_HOLDER: Final = "Second Holder"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedHost:
    """A running demonstration server, as the papers need it.

    ``endpoints`` are protocol and port. ``host_keys`` are OpenSSH public key lines.
    ``account`` is one of the targets file's accounts.
    """

    asset: str
    address: str
    endpoints: tuple[tuple[str, int], ...]
    account: dict[str, Any]
    host_keys: tuple[str, ...] = ()
    fingerprints: tuple[str, ...] = ()
    public: tuple[str, ...] = ()
    private: tuple[str, ...] = ("/exchange",)
    holders: tuple[str, ...] = (HOLDER,)
    more: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Papers:
    """Writes papers into ``folder``, all dated from ``today``."""

    folder: Path
    today: date

    def targets(self, hosts: Sequence[ServedHost]) -> Path:
        """Write the targets file and the known hosts; return the targets file."""
        lines = [_known_host(host, line) for host in hosts for line in host.host_keys]
        self._write("keys/known_hosts", "\n".join(lines) + "\n")
        document = {
            "version": 1,
            "tenant": "demonstration",
            "authorisation": {
                "owner": "Demonstration team",
                "contact": "demonstration@example.invalid",
                "reference": "DEMO-1",
                "valid_until": self._day(1),
                "scope": ["127.0.0.0/8"],
            },
            "defaults": {
                "vantages": ["internal"],
                "timezone": "Europe/Paris",
                "tls": {"ca": "file:pki/ca.pem"},
                "known_hosts": "file:keys/known_hosts",
            },
            "targets": [self._target(host) for host in hosts],
        }
        return self._write("targets.json", json.dumps(document, indent=2) + "\n")

    def replica(self, defects: Defects) -> dict[str, Any]:
        """Write the papers of the replica; return the keys that name them."""
        order: dict[str, Any] = {
            "order_id": "MIG-7",
            "controller": CONTROLLER,
            "paths": ["/exchange/mig-7/*"],
            "fields": [*ORDERED_EXPORT_FIELDS, *ORDERED_EXAM_FIELDS],
            "migration_end": self._day(-120 if defects.overdue_deletion else 30),
            "retention_days": _RETENTION_DAYS,
        }
        documents = []
        if not defects.uncontrolled_migration:
            order |= {"owner": "Migration team", "ordered_on": self._day(-200)}
            documents.append(self._procedure("migration-procedure", "Moving a laboratory"))
        return {
            "tags": ["replica"],
            "migrations": [order],
            "documents": documents,
            "contracts": [self._contract(_CLAUSES[:3] if defects.missing_contract else _CLAUSES)],
            "warnings": self._warnings(still_open=defects.ignored_warning),
        }

    def hardened(self) -> dict[str, Any]:
        """Write the papers of the hardened server; return the keys that name them."""
        order = {
            "order_id": "MIG-9",
            "controller": CONTROLLER,
            "owner": "Migration team",
            "ordered_on": self._day(-200),
            "paths": ["/exchange/mig-9/*"],
            "fields": [*ORDERED_EXPORT_FIELDS],
            "migration_end": self._day(-60),
            "retention_days": _RETENTION_DAYS,
        }
        return {
            "tags": ["hardened"],
            "migrations": [order],
            "documents": [
                self._procedure("migration-procedure", "Moving a laboratory"),
                self._procedure("supervision-procedure", "Who watches the transfers"),
            ],
            "contracts": [self._contract(_CLAUSES)],
            "warnings": self._warnings(still_open=False),
            # Its one order is done and emptied: there is no export left to hold against it.
            "not_applicable": [
                {
                    "failure": "excess-extraction",
                    "reason": "The last order is done; no export is on this server",
                    "signed_by": "Data protection officer of the demonstration",
                    "until": self._day(30),
                }
            ],
        }

    def _target(self, host: ServedHost) -> dict[str, Any]:
        target: dict[str, Any] = {
            "host": host.address,
            "asset": host.asset,
            "owner": "Demonstration team",
            "endpoints": [{"port": port, "protocol": name} for name, port in host.endpoints],
            "areas": {"public": list(host.public), "private": list(host.private)},
            "accounts": [{**host.account, "holders": list(host.holders)}],
            "inventory": self._inventory(host),
        }
        if host.fingerprints:
            target["host_keys"] = list(host.fingerprints)
        return {**target, **host.more}

    def _inventory(self, host: ServedHost) -> str:
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow(["username", "holders", "kind", "expires"])
        writer.writerow([host.account["username"], ";".join(host.holders), "service", ""])
        name = f"papers/{host.asset}-accounts.csv"
        self._write(name, text.getvalue())
        return name

    def _warnings(self, *, still_open: bool) -> str:
        warning = {
            "id": "W-1",
            "opened": self._day(-60),
            "summary": "Customer exports can be read by anybody",
        }
        if not still_open:
            warning["closed"] = self._day(-50)
        name = f"papers/warnings-{'open' if still_open else 'closed'}.json"
        self._write(name, json.dumps([warning], indent=2) + "\n")
        return name

    def _procedure(self, kind: str, title: str) -> dict[str, Any]:
        text = f"{title}\n\nA procedure of the demonstration fleet, version 1.\n"
        name = f"papers/{kind}.txt"
        self._write(name, text)
        return {
            "kind": kind,
            "title": title,
            "owner": "Migration team",
            "version": "1",
            "reviewed": self._day(-30),
            "exercised": self._day(-45),
            "expires": self._day(335),
            "file": name,
            "sha256": hashlib.sha256(text.encode()).hexdigest(),
        }

    def _contract(self, clauses: Sequence[str]) -> dict[str, Any]:
        return {
            "controller": CONTROLLER,
            "processor": "Demonstration processor",
            "subject": "Migration of laboratory results",
            "duration": f"{self._day(-365)}/{self._day(365)}",
            "data_types": ["identity", "laboratory results"],
            "clauses": list(clauses),
            "purpose": "Moving results to new software",
            "data_subjects": ["patients"],
            "signed": self._day(-365),
            "reviewed": self._day(-30),
            "expires": self._day(365),
            "owner": "Legal department",
        }

    def _write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def _day(self, offset: int) -> str:
        return (self.today + timedelta(days=offset)).isoformat()


def _known_host(host: ServedHost, line: str) -> str:
    port = next(port for name, port in host.endpoints if name == "sftp")
    return f"[{host.address}]:{port} {line}"
