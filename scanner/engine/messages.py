"""What coordinator and workers tell each other: JSON, checked against the published schemas.

Secrets travel as references, papers not at all. Files are named relative to the folder of the
targets file, and looked for below the worker's own.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, fields, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scanner.engine.record import observations_of, plain_of
from scanner.intake.formats import FORMATS
from scanner.intake.placed_json import DEEPEST
from scanner.intake.schema_check import Checker, compiled
from scanner.intake.secret_refs import parse_ref
from scanner.model.observation import Observations
from scanner.model.secret import SecretRef
from scanner.model.target import Authorisation, Exclusion, Migration, Target
from scanner.model.text import neutralise
from scanner.schemas.catalogue import load_schema

if TYPE_CHECKING:
    from cattrs import Converter

LARGEST_TEXT = 65_536
"""Characters of one text of an observation at most."""

_TOLD = (
    "host",
    "asset",
    "tenant",
    "vantages",
    "timezone",
    "windows",
    "endpoints",
    "areas",
    "tls",
    "known_hosts",
    "resolver",
    "host_keys",
    "limits",
    "accounts",
    "migrations",
    "allow",
)
"""What of a target a worker has to know."""

_BESIDE = ("host", "asset", "tenant", "accounts")
_Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Targets that one worker is to look at, from the vantage that the subject tells.

    ``origin`` is the batch that it is a part of, ``again`` whether its targets may have been begun
    before. ``exclude`` is what holds on the day of the run. ``beside`` are other targets of the run
    whose accounts may share a secret.
    """

    name: str
    origin: str
    again: bool
    seconds: float
    contact: str
    authorisation: Authorisation
    targets: tuple[Target, ...]
    exclude: tuple[Exclusion, ...] = ()
    beside: tuple[Target, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What a worker saw of one target. Not ``whole``: the look was cut short."""

    batch: str
    asset: str
    observations: Observations
    whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """A worker lives: how many targets it looks at side by side, and how many it has."""

    worker: str
    slots: int
    busy: int


def encode_batch(batch: Batch, base: Path) -> bytes:
    """Return a batch as JSON. ``base`` is the folder of the targets file."""
    leave = batch.authorisation
    plain: _Json = {
        "batch": batch.name,
        "origin": batch.origin,
        "again": batch.again,
        "seconds": batch.seconds,
        "contact": batch.contact,
        "scope": list(leave.scope),
        "reference": leave.reference,
        "exclude": [{"match": each.match, "reason": each.reason} for each in batch.exclude],
        "targets": [_plain_target(target, base, _TOLD) for target in batch.targets],
        "beside": [_plain_target(target, base, _BESIDE) for target in batch.beside],
    }
    if leave.valid_until is not None:
        plain["valid_until"] = leave.valid_until.isoformat()
    return _written(plain)


def decode_batch(data: bytes, base: Path) -> Batch:
    """Read a batch; files are those below ``base``. Raises ``ValueError`` for anything else."""
    plain = _checked("batch", data)
    until = plain.get("valid_until")
    return Batch(
        name=plain["batch"],
        origin=plain["origin"],
        again=plain["again"],
        seconds=plain["seconds"],
        contact=plain["contact"],
        authorisation=Authorisation(
            reference=plain["reference"],
            scope=tuple(plain["scope"]),
            valid_until=None if until is None else date.fromisoformat(until),
        ),
        targets=tuple(_target(each, base) for each in plain["targets"]),
        exclude=tuple(Exclusion(**each) for each in plain.get("exclude", ())),
        beside=tuple(_target(each, base) for each in plain.get("beside", ())),
    )


def encode_sighting(sighting: Sighting) -> bytes:
    """Return a sighting as JSON."""
    return _written(
        {
            "batch": sighting.batch,
            "asset": sighting.asset,
            "whole": sighting.whole,
            "observations": plain_of(sighting.observations),
        }
    )


def decode_sighting(data: bytes, vantage: str) -> Sighting:
    """Read what a worker at ``vantage`` saw.

    A worker may be in foreign hands: what it says of another vantage or asset is refused, and
    its texts are made safe again. Raises ``ValueError``.
    """
    plain = _checked("sighting", data)
    if b"\\u" in data or not data.isascii():
        plain = _neutral(plain)
    seen = observations_of(plain["observations"])
    if seen.vantage != vantage or seen.asset != plain["asset"]:
        raise ValueError("tells of another vantage or asset")
    if any(each.vantage != vantage for each in seen.evidence):
        raise ValueError("has evidence from another vantage")
    return Sighting(batch=plain["batch"], asset=seen.asset, observations=seen, whole=plain["whole"])


def encode_sign(sign: Sign) -> bytes:
    """Return a sign of life as JSON."""
    return _written({"worker": sign.worker, "slots": sign.slots, "busy": sign.busy})


def decode_sign(data: bytes) -> Sign:
    """Read a sign of life. Raises ``ValueError`` for anything else."""
    return Sign(**_checked("sign", data))


def _written(plain: _Json) -> bytes:
    return json.dumps(plain, ensure_ascii=True, separators=(",", ":")).encode()


def _checked(schema: str, data: bytes) -> _Json:
    try:
        plain = json.loads(data)
    except RecursionError as error:
        raise ValueError(f"is nested more than {DEEPEST} levels deep") from error
    problems = _checker(schema).problems(plain)
    if problems or not isinstance(plain, dict):
        raise ValueError(f"not a {schema} of this version: {len(problems)} faults")
    return plain


@cache
def _checker(schema: str) -> Checker:
    return compiled(load_schema(schema), FORMATS, quoting=False)


_UNSAFE = re.compile(r"[^\x20-\x7e]")


def _neutral(value: Any) -> Any:
    if isinstance(value, dict):
        return {_neutral(key): _neutral(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_neutral(item) for item in value]
    if isinstance(value, str) and _UNSAFE.search(value):
        return neutralise(value, LARGEST_TEXT)
    return value


def _plain_target(target: Target, base: Path, told: tuple[str, ...]) -> _Json:
    least = replace(target, migrations=tuple(map(_least, target.migrations)))
    plain: _Json = _converter(base).unstructure(least)
    return {key: plain[key] for key in told if key in plain}


def _least(order: Migration) -> Migration:
    """Leave out who ordered it, and the paper: nobody needs them to look."""
    return replace(
        order, controller="", owner="", reviewed=None, expires=None, file=None, sha256=None
    )


def _target(plain: _Json, base: Path) -> Target:
    try:
        return _converter(base).structure(plain, Target)
    except Exception as error:
        raise ValueError(f"not a target ({type(error).__name__})") from error


@cache
def _converter(base: Path) -> Converter:
    # Slow to load, and only messages need them.
    from cattrs import Converter  # noqa: PLC0415
    from cattrs.gen import (  # noqa: PLC0415
        make_dict_structure_fn,
        make_dict_unstructure_fn,
        override,
    )

    converter = Converter(omit_if_default=True)

    def relative(path: Path) -> str:
        return str(path.relative_to(base) if path.is_relative_to(base) else path)

    converter.register_unstructure_hook(Path, relative)
    converter.register_structure_hook(Path, lambda text, _: base / str(text))
    converter.register_unstructure_hook(SecretRef, str)
    converter.register_structure_hook(SecretRef, lambda text, _: parse_ref(str(text)))
    converter.register_unstructure_hook(date, date.isoformat)
    converter.register_structure_hook(date, lambda text, _: date.fromisoformat(str(text)))
    untold: _Json = {
        each.name: override(omit=True) for each in fields(Target) if each.name not in _TOLD
    }
    converter.register_unstructure_hook(
        Target,
        make_dict_unstructure_fn(Target, converter, _cattrs_omit_if_default=True, **untold),
    )
    converter.register_structure_hook(Target, make_dict_structure_fn(Target, converter, **untold))
    return converter
