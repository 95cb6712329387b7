"""Targets files that the tests hand to the command."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.servers import Server


def entry(port: int, asset: str, protocol: str = "ftp", **more: Any) -> dict[str, Any]:
    """Return one target on loopback."""
    endpoints = [{"port": port, "protocol": protocol}]
    return {"host": "127.0.0.1", "asset": asset, "endpoints": endpoints, **more}


def entry_of(server: Server, asset: str, **more: Any) -> dict[str, Any]:
    """Return the target of a server, with what makes it trusted."""
    trust: dict[str, Any] = {}
    if server.host_keys:
        trust = {"host_keys": [key.fingerprint for key in server.host_keys]}
    elif server.certificate is not None:
        trust = {"tls": {"ca": str(server.certificate.authority)}}
    return entry(server.port, asset, server.protocol, **trust, **more)


def written(folder: Path, *targets: Mapping[str, Any], **more: Any) -> Path:
    """Write ``targets.json``; ``more`` replaces its other keys."""
    path = folder / "targets.json"
    document = {
        "version": 1,
        "authorisation": {"reference": "CHG-1042", "scope": ["127.0.0.0/8"]},
        "targets": targets,
        **more,
    }
    path.write_text(json.dumps(document, indent=1), encoding="utf-8")
    return path


def secret(folder: Path, name: str, value: str) -> str:
    """Write a secret and return the reference to it."""
    path = folder / name
    path.touch(mode=0o600)
    path.write_text(value, encoding="utf-8")
    return f"file:{name}"
