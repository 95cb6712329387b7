"""What a container is, from what its members are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from scanner.content.beside import opened_by
from scanner.content.ordered import joined_tables
from scanner.model.content import ContentFacts, ContentState, Note
from scanner.model.frozen import dataclass

_LOCKED: Final = frozenset({ContentState.ENCRYPTED, ContentState.WEAK})
_OPEN: Final = frozenset({ContentState.CLEAR, ContentState.KEYLESS})


@dataclass(frozen=True, slots=True)
class Inner:
    """One member that was looked into. ``name`` as the container spells it, for its signs only."""

    name: bytes
    facts: ContentFacts


def join(name: str, seen: Sequence[Inner], count: int) -> ContentFacts:
    """Return the facts of a container of ``count`` members that hold bytes, some of them seen.

    Locked and readable members together are ``partial``; what nobody looked into keeps it from
    being ``clear`` or ``encrypted``. A key beside what it opens makes that ``keyless``.
    """
    inner = _with_keys(seen)
    # A column's index means nothing outside its own member.
    kinds = tuple(replace(kind, column=None) for facts in inner for kind in facts.kinds)
    notes = dict.fromkeys(note for facts in inner for note in facts.notes)
    if len(inner) < count:
        notes[Note.TOO_MANY] = None
    tables, all_tables = joined_tables(inner, every=len(inner) == count)
    joined = ContentFacts(
        format=name,
        state=_state(
            {facts.state for facts in inner}, whole=len(inner) == count, found=bool(kinds)
        ),
        kinds=kinds,
        unread=any(facts.unread for facts in inner) or len(inner) < count,
        notes=tuple(notes),
        tables=tables,
        all_tables=all_tables,
    )
    if count == 1 and inner:
        one = inner[0]
        return replace(joined, format=f"{name}/{one.format}", kinds=one.kinds,
                       columns=one.columns, rows=one.rows)  # fmt: skip
    return joined


def _with_keys(seen: Sequence[Inner]) -> list[ContentFacts]:
    if len(seen) < 2:
        return [inner.facts for inner in seen]
    lowered = opened_by({inner.name: inner.facts for inner in seen})
    return [lowered.get(inner.name, inner.facts) for inner in seen]


def _state(states: set[ContentState], *, whole: bool, found: bool) -> ContentState:
    if found:
        return ContentState.CLEAR if states == {ContentState.CLEAR} else _part(states)
    if ContentState.PARTIAL in states or (states & _LOCKED and states & _OPEN):
        return _part(states)
    if not whole or not states:
        return ContentState.CLEAR if whole else ContentState.OPAQUE
    if len(states) == 1:
        return states.pop()
    if states <= _LOCKED:
        return ContentState.WEAK
    return ContentState.KEYLESS if states <= _OPEN else ContentState.OPAQUE


def _part(states: set[ContentState]) -> ContentState:
    return ContentState.KEYLESS if states <= _OPEN else ContentState.PARTIAL
