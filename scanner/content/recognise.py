"""What does a file hold? One road: markers, containers, compressed streams, keys, then text.

No verdict rests on entropy alone: random-looking bytes without a known header are ``opaque``,
and so is any container that these rules cannot look into or decide.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from scanner.content.dicom import recognise_dicom
from scanner.content.formats import FORMATS
from scanner.content.ordered import unordered_kinds
from scanner.content.prose import recognise_text
from scanner.content.ranges import Allowance, Asking, Budget, Source, answer_from
from scanner.content.scene import Key, Naming, Recogniser, Scene
from scanner.model.content import ContentFacts, ContentState, ContentTask, Note

HEAD: Final = 65_536
_DEPTH: Final = 3
_RECOGNISERS: Final[tuple[Recogniser, ...]] = (*FORMATS, recognise_dicom, recognise_text)


def examine(task: ContentTask, key: Key) -> Asking[ContentFacts]:
    """Examine one file: yields byte ranges, is sent their bytes, returns its facts.

    Asks for at most ``task.byte_budget`` bytes. Headers that are neither ordered nor in the
    lexicon are told only as ``key(b"column", header)``. Never raises for what the bytes are.
    """
    budget = Budget(task.byte_budget)
    naming = Naming(key, task.ordered_fields, task.dates)
    try:
        facts = yield from _judge(Source(task.size, budget), naming, Allowance(), 0)
    except Exception:  # noqa: BLE001 - a parser's own fault must not end a run, nor be shown
        facts = ContentFacts(format="unknown", state=ContentState.MALFORMED)
    excess = unordered_kinds(facts, naming)
    return replace(facts, bytes_read=budget.received, unordered_kinds=excess)


def _judge(
    source: Source, naming: Naming, allowance: Allowance, depth: int
) -> Asking[ContentFacts]:
    if source.size == 0:
        return ContentFacts(format="empty", state=ContentState.CLEAR)
    if depth > _DEPTH:
        return _unknown(Note.TOO_DEEP)
    head = yield from source.read(0, HEAD)
    if not head:
        return _unknown()
    scene = Scene(
        source=source,
        head=head,
        naming=naming,
        inside=lambda data, complete: _judge_bytes(data, complete, naming, allowance, depth + 1),
        beyond=lambda skip: _judge(source.beyond(skip), naming, allowance, depth + 1),
        allowance=allowance,
    )
    for recogniser in _RECOGNISERS:
        facts = yield from recogniser(scene)
        if facts is not None:
            return facts
    return _unknown()


def _unknown(*notes: Note) -> ContentFacts:
    return ContentFacts(format="unknown", state=ContentState.OPAQUE, notes=notes)


def _judge_bytes(
    data: bytes,
    complete: bool,  # noqa: FBT001 - in the order of the scene's own call
    naming: Naming,
    allowance: Allowance,
    depth: int,
) -> ContentFacts:
    """Judge unpacked bytes. They are here already, so they cost no budget but their own."""
    if not allowance.take(len(data)):
        return _unknown(Note.TOO_MANY)
    source = Source(len(data), Budget(4 * len(data) + 4096), complete=complete)
    return answer_from(data, _judge(source, naming, allowance, depth))
