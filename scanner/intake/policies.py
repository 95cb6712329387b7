"""A team's own algorithm policy: JSON in, the model out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scanner.errors import InputError
from scanner.intake.files import MEBIBYTE, read_bounded, shown_path
from scanner.intake.formats import FORMATS
from scanner.intake.placed_json import parse
from scanner.intake.schema_check import compiled
from scanner.model.policy import SshPolicy
from scanner.schemas.catalogue import load_schema

LARGEST_POLICY = MEBIBYTE
"""Bytes of a policy at most."""

_LISTS = ("kex", "host_key", "ciphers", "macs", "compression", "methods")
_SIZES = ("rsa_bits", "dh_bits")
_REST = ("name", "version", "made", "origin")
_SWITCHES = ("allow_subset", "allow_larger_keys", "ordered")


def read_policy(path: Path) -> SshPolicy:
    """Read and check a policy. Raises ``InputError``: a line per fault, with file and line."""
    document = parse(shown_path(path), read_bounded(path, LARGEST_POLICY))
    problems = compiled(load_schema("policy"), FORMATS).problems(document.value)
    if problems or not isinstance(document.value, dict):
        raise InputError(*document.report(problems))
    written: dict[str, Any] = document.value
    given: dict[str, Any] = {key: written[key] for key in (*_REST, *_SWITCHES) if key in written}
    given.update({key: tuple(written[key]) for key in _LISTS if key in written})
    given.update({key: int(written[key]) for key in _SIZES if key in written})
    return SshPolicy(**given)
