"""One asset that several runs looked at, each from its own vantage, as one record. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

from scanner.engine.record import Record
from scanner.model.recall import CertificateMatch, Recall


class _FromVantage(Protocol):
    @property
    def vantage(self) -> str: ...


_Kept = TypeVar("_Kept", bound=_FromVantage)


def joined(records: Sequence[Record], *, since: str) -> Record:
    """Return one record of all that was seen of an asset, with one memory.

    ``since`` (RFC 3339 UTC) is when the first of the runs began. What was first found after it
    was found by one of these runs, and is new to all of them. What memory holds of a vantage is
    taken from the run that stood there.
    """
    first, *others = sorted(records, key=lambda record: record.judged_at)
    if not others:
        return first
    return Record(
        asset=first.asset,
        judged_at=others[-1].judged_at,
        observations=tuple(seen for record in records for seen in record.observations),
        recall=before(_memory([first, *others]), since),
    )


def before(recall: Recall, since: str) -> Recall:
    """Return what was remembered before ``since``: the findings of these runs are left out."""
    found = {uid: first for uid, first in recall.findings.items() if first < since}
    told = {uid: bad for uid, bad in recall.severities.items() if uid in found}
    return replace(recall, findings=found, severities=told)


def _memory(records: Sequence[Record]) -> Recall:
    recalls = [record.recall for record in records]
    latest_first = recalls[::-1]
    return replace(
        recalls[0],
        findings=_earliest(recall.findings.items() for recall in recalls),
        severities={k: v for recall in latest_first for k, v in recall.severities.items()},
        caps=_of_own_vantage(records, [recall.caps for recall in recalls]),
        sightings=_earliest(recall.sightings.items() for recall in recalls),
        orders={k: v for recall in latest_first for k, v in recall.orders.items()},
        host_keys=_of_own_vantage(records, [recall.host_keys for recall in recalls]),
        visits=_of_own_vantage(records, [recall.visits for recall in recalls]),
        certificates=_matches(recall.certificates for recall in recalls),
    )


def _earliest(several: Iterable[Iterable[tuple[str, str]]]) -> dict[str, str]:
    first: dict[str, str] = {}
    for items in several:
        for key, when in items:
            first[key] = min(when, first.get(key, when))
    return first


def _of_own_vantage(
    records: Sequence[Record], kept: Sequence[Sequence[_Kept]]
) -> tuple[_Kept, ...]:
    """Keep of each memory what it holds of its own run's vantage; of vantages where none of the
    runs stood, what the first one's holds.
    """
    stood = [{seen.vantage for seen in record.observations} for record in records]
    anywhere = set().union(*stood)
    own = [
        each
        for here, memory in zip(stood, kept, strict=True)
        for each in memory
        if each.vantage in here
    ]
    return (*own, *(each for each in kept[0] if each.vantage not in anywhere))


def _matches(several: Iterable[Sequence[CertificateMatch]]) -> tuple[CertificateMatch, ...]:
    """A listed file that any run saw is present."""
    best: dict[str, CertificateMatch] = {}
    for match in (match for matches in several for match in matches):
        known = best.get(match.sha256, match)
        best[match.sha256] = replace(
            match,
            matched=max(match.matched, known.matched),
            present=max(match.present, known.present),
        )
    return tuple(best.values())
