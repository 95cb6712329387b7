"""The targets file: what the team lets be scanned. Every fault of it is told at once."""

# ruff: noqa: PLC0415 - what reads files is slow to load, and an ad-hoc scan may have none

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

from scanner.errors import InputError
from scanner.intake.files import MEBIBYTE, read_bounded, shown_path
from scanner.intake.hosts import canonical_host, parse_host
from scanner.intake.problem import shown
from scanner.intake.target_defaults import PORTS
from scanner.model.target import (
    DEFAULT_ENDPOINTS,
    Authorisation,
    Endpoint,
    Protocol,
    Target,
    TargetsFile,
)

LARGEST_FILE = 256 * MEBIBYTE
"""Bytes of a targets file at most."""


def load_targets(path: Path) -> TargetsFile:
    """Read and check a targets file; paths in it become absolute, defaults are applied.

    Raises ``InputError`` with one line per fault, ``file:line: place: fault; mend``. No line
    repeats a value that may be a secret. Whether the authorisation still holds is not judged
    here: see ``check_authorisation``.
    """
    from scanner.intake.target_stream import read_in_pieces

    return read_in_pieces(path, LARGEST_FILE) or read_whole(path)


def read_whole(path: Path) -> TargetsFile:
    """Do what ``load_targets`` does with all of the file in memory: to tell where it is wrong."""
    from scanner.intake.formats import FORMATS
    from scanner.intake.placed_json import parse
    from scanner.intake.schema_check import compiled
    from scanner.intake.target_build import build
    from scanner.intake.target_sense import disagreements
    from scanner.schemas.catalogue import load_schema

    content = read_bounded(path, LARGEST_FILE)
    document = parse(shown_path(path), content)
    checker = compiled(load_schema("targets"), FORMATS)
    problems = (*checker.problems(document.value), *disagreements(document.value))
    if problems or not isinstance(document.value, dict):
        raise InputError(*document.report(problems))
    return build(document.value, path=path, sha256=hashlib.sha256(content).hexdigest())


def paper_gaps(file: TargetsFile, today: date) -> tuple[str, ...]:
    """Return what the papers of a valid file lack, or what keeps them from counting today: one
    line each, with file and line. Neither keeps anything from being scanned.

    Raises ``InputError`` where the file changed since it was loaded.
    """
    from scanner.intake.paper_gaps import gaps_in
    from scanner.intake.placed_json import parse

    name, content = shown_path(file.path), read_bounded(file.path, LARGEST_FILE)
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise InputError(f"{name}: has changed since it was read; try again")
    document = parse(name, content)
    root = document.value if isinstance(document.value, dict) else {}
    listed = root.get("targets", [])
    lines = list(document.report(gaps_in(listed if isinstance(listed, list) else [], today)))
    for path in dict.fromkeys(path for target in file.targets for path in target.papers):
        lines += _gaps_of(path, today)
    return tuple(lines)


def _gaps_of(path: Path, today: date) -> tuple[str, ...]:
    from scanner.intake.paper_gaps import gaps_of
    from scanner.intake.papers import read_paper

    try:
        paper = read_paper(path)
    except InputError:
        return ()  # its faults are told where the papers are checked
    return paper.document.report(gaps_of(paper.kind, paper.entry, (), today))


def check_authorisation(authorisation: Authorisation, today: date) -> tuple[str, ...]:
    """Return what keeps anything from being scanned today: one line once the last day is over."""
    until = authorisation.valid_until
    if until is None or today <= until:
        return ()
    passed = f"{until} has passed (today is {today}); nothing is scanned until it is renewed"
    return (f"authorisation.valid_until: {passed}",)


def target_for_host(
    host: str, port: int | None = None, protocol: Protocol = Protocol.AUTO
) -> Target:
    """Return the target of an ad-hoc scan, which no file describes.

    Without port and protocol the default endpoints are tried. On loopback, where one address
    plays many hosts, a port is part of the asset's name. Raises ``InputError`` for text that is
    no host.
    """
    try:
        parsed = parse_host(host)
    except InputError as error:
        raise InputError(f"{shown(host)} {error}") from None
    asset = str(parsed)
    if port is not None and not isinstance(parsed, str) and parsed.is_loopback:
        asset = f"[{asset}]:{port}" if parsed.version == 6 else f"{asset}:{port}"
    return Target(host=host, asset=asset, endpoints=_endpoints(port, protocol))


def find_target(file: TargetsFile, host: str, port: int | None = None) -> Target | None:
    """Return the target of a host, however its name is spelt, or of an asset's name.

    Where one host stands for several assets, ``port`` chooses among them.
    """
    try:
        wanted = canonical_host(host)
    except InputError:
        wanted = ""
    named = [
        target
        for target in file.targets
        if target.asset == host or canonical_host(target.host) == wanted
    ]
    serving = [
        target for target in named if any(endpoint.port == port for endpoint in target.endpoints)
    ]
    return next(iter(serving or named), None)


def _endpoints(port: int | None, protocol: Protocol) -> tuple[Endpoint, ...]:
    if port is not None:
        if not 0 < port < 65536:
            raise InputError(f"port {port} does not exist; give a port from 1 to 65535")
        return (Endpoint(port=port, protocol=protocol),)
    if protocol is Protocol.AUTO:
        return DEFAULT_ENDPOINTS
    return (Endpoint(port=PORTS[protocol], protocol=protocol),)
