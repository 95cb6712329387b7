"""What a well-formed paper still lacks to count for something, for whoever never saw the format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any

from scanner.intake.formats import date_in
from scanner.intake.problem import Place, Problem
from scanner.model.papers import ATTESTED_KINDS, CLAUSES, NEEDED

_GROUPS = (("migrations", "order"), ("documents", "attestation"), ("contracts", "contract"))
_DAY = "write it as 2026-12-31"
_MENDS: Mapping[str, str] = MappingProxyType(
    {
        "controller": "write whose data they are, as in the contract",
        "processor": "write who processes the data",
        "subject": "write what is processed, and how",
        "duration": "write first and last day, as 2025-02-01/2027-01-31",
        "data_types": 'list the kinds of data, as ["identity", "laboratory results"]',
        "clauses": 'list the points of GDPR article 28(3) that it has, as ["a", "b", "c"]',
        "signed": f"the day of signature; {_DAY}",
        "reviewed": f"the day on which somebody last read it through; {_DAY}",
        "expires": f"the last day on which it counts; {_DAY}",
        "owner": "write who answers for it",
        "ordered_on": f"the day of the order; {_DAY}",
        "migration_end": f"the day on which the migration ends; {_DAY}",
        "order_id": "write the number of the order",
        "kind": "write what it attests, as migration-procedure",
        "title": "write its title",
    }
)
_FATE: Mapping[str, str] = MappingProxyType({"order": "the order fails"})


def gaps_of(kind: str, entry: Mapping[str, Any], place: Place, today: date) -> Iterator[Problem]:
    """Yield everything that a paper of this kind lacks, or that keeps it from counting today.

    ``entry`` has passed its schema. What it says is not repeated.
    """
    fate = _FATE.get(kind, f"the {_NOUNS[kind]} counts for nothing")
    for key in NEEDED[kind]:
        if not entry.get(key):
            yield Problem(place, f"'{key}' is missing, and without it {fate}; {_MENDS[key]}")
    if kind == "contract" and entry.get("clauses"):
        yield from _clauses(entry["clauses"], place)
    if kind == "attestation" and entry.get("kind") not in ATTESTED_KINDS:
        yield Problem((*place, "kind"), _unasked(str(entry.get("kind", ""))))
    if "file" in entry and "sha256" not in entry:
        mend = "add what `sha256sum FILE` prints"
        yield Problem(place, f"'sha256' is missing, so that a change of its file shows not; {mend}")
    yield from _days(entry, place, today)


_NOUNS: Mapping[str, str] = MappingProxyType(
    {
        "order": "order",
        "contract": "contract",
        "attestation": "document",
        "procedure": "procedure",
    }
)


def _clauses(given: list[str], place: Place) -> Iterator[Problem]:
    for clause, says in CLAUSES.items():
        if clause not in given:
            told = f"lacks ({clause}) of GDPR article 28(3): that the processor {says}"
            if clause == "b":
                told = f"lacks (b) of GDPR article 28(3): that {says}"
            mend = "have it added to the contract, and then here"
            yield Problem((*place, "clauses"), f"{told}; {mend}")


def _unasked(kind: str) -> str:
    near = get_close_matches(kind, ATTESTED_KINDS, 1)
    mend = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(ATTESTED_KINDS)}"
    return f"is a kind that no check asks for; {mend}"


def _days(entry: Mapping[str, Any], place: Place, today: date) -> Iterator[Problem]:
    expires = date_in(entry, "expires")
    if expires is not None and expires < today:
        message = f"{expires} has passed; renew the paper and write its new last day"
        yield Problem((*place, "expires"), message)
    for key in ("signed", "reviewed", "ordered_on", "exercised"):
        day = date_in(entry, key)
        if day is not None and day > today:
            message = f"{day} is yet to come, and counts from then on; correct it or wait"
            yield Problem((*place, key), message)


def gaps_in(targets: list[Any], today: date) -> Iterator[Problem]:
    """Yield what the papers lack that stand in a targets file itself."""
    for index, target in enumerate(targets):
        for group, kind in _GROUPS:
            for at, entry in enumerate(target.get(group, ())):
                yield from gaps_of(kind, entry, ("targets", index, group, at), today)
