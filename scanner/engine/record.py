"""Observations and memory as one JSON line per asset, and back."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from scanner.model import ascii_json
from scanner.model.evidence import Scalar
from scanner.model.frozen import dataclass
from scanner.model.observation import FtpFacts, Observations
from scanner.model.recall import Recall
from scanner.model.ssh import SshFacts

if TYPE_CHECKING:
    from cattrs import Converter


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """All that judging one asset needs beside the team's papers.

    ``judged_at`` is RFC 3339 UTC: judging again uses the same clock.
    """

    asset: str
    judged_at: str
    observations: tuple[Observations, ...]
    recall: Recall


@cache
def _converter() -> Converter:
    from cattrs import Converter  # noqa: PLC0415 - slow to load, and a single scan keeps no record

    converter = Converter()

    def facts(plain: Any, _: Any) -> FtpFacts | SshFacts | None:
        if plain is None:
            return None
        if "identification" in plain:
            return converter.structure(plain, SshFacts)
        return converter.structure(plain, FtpFacts)

    converter.register_structure_hook(FtpFacts | SshFacts | None, facts)
    converter.register_structure_hook(Scalar | tuple[str, ...], _evidence_value)
    return converter


def _evidence_value(plain: Any, _: Any) -> Any:
    return tuple(map(str, plain)) if isinstance(plain, list) else plain


def plain_of(seen: Observations) -> Any:
    """Return observations as JSON holds them."""
    return msgspec.to_builtins(seen)


def observations_of(plain: Any) -> Observations:
    """Read what ``plain_of`` returned. Raises ``ValueError`` for anything else."""
    try:
        return _converter().structure(plain, Observations)
    except Exception as error:
        raise ValueError(f"no observations ({type(error).__name__})") from error


def encode(record: Record) -> str:
    """Return one line of JSON in ASCII, without its line feed and without what is as by default."""
    return ascii_json.encode(record)


def decode(line: str) -> Record:
    """Read a line that ``encode`` wrote. Raises ``ValueError`` for anything else."""
    try:
        return _converter().structure(json.loads(line), Record)
    except Exception as error:
        raise ValueError(f"not a record of observations ({type(error).__name__})") from error
