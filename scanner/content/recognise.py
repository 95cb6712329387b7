"""What does a file hold? One road: markers, containers, compressed streams, keys, then text.

No verdict rests on entropy alone: random-looking bytes without a known header are ``opaque``,
and so is any container that these rules cannot look into or decide.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from scanner.content.archives import recognise_seven_zip, recognise_zip
from scanner.content.compressed import recognise_compressed
from scanner.content.dicom import recognise_dicom
from scanner.content.documents import recognise_document
from scanner.content.keys import recognise_key
from scanner.content.markers import recognise_marker
from scanner.content.openpgp import recognise_openpgp
from scanner.content.prose import recognise_text
from scanner.content.ranges import Asking, Budget, Source, answer_from
from scanner.content.scene import Key, Naming, Recogniser, Scene
from scanner.model.content import ContentFacts, ContentState, ContentTask

HEAD: Final = 65_536
_DEPTH: Final = 3
_RECOGNISERS: Final[tuple[Recogniser, ...]] = (
    recognise_marker,
    recognise_openpgp,
    recognise_zip,
    recognise_seven_zip,
    recognise_document,
    recognise_compressed,
    recognise_key,
    recognise_dicom,
    recognise_text,
)


def examine(task: ContentTask, key: Key) -> Asking[ContentFacts]:
    """Examine one file: yields byte ranges, is sent their bytes, returns its facts.

    Asks for at most ``task.byte_budget`` bytes. Headers that are neither ordered nor in the
    lexicon are told only as ``key(b"column", header)``. Never raises for what the bytes are.
    """
    budget = Budget(task.byte_budget)
    naming = Naming(key, task.ordered_fields)
    try:
        facts = yield from _judge(Source(task.size, budget), naming, 0)
    except Exception:  # noqa: BLE001 - a parser's own fault must not end a run, nor be shown
        facts = ContentFacts(format="unknown", state=ContentState.MALFORMED)
    return replace(facts, bytes_read=budget.received)


def _judge(source: Source, naming: Naming, depth: int) -> Asking[ContentFacts]:
    if source.size == 0:
        return ContentFacts(format="empty", state=ContentState.CLEAR)
    head = yield from source.read(0, HEAD)
    if not head or depth > _DEPTH:
        return ContentFacts(format="unknown", state=ContentState.OPAQUE)
    scene = Scene(
        source=source,
        head=head,
        naming=naming,
        inside=lambda data, complete: _judge_bytes(data, complete, naming, depth + 1),
        beyond=lambda skip: _judge(source.beyond(skip), naming, depth + 1),
    )
    for recogniser in _RECOGNISERS:
        facts = yield from recogniser(scene)
        if facts is not None:
            return facts
    return ContentFacts(format="unknown", state=ContentState.OPAQUE)


def _judge_bytes(
    data: bytes,
    complete: bool,  # noqa: FBT001 - in the order of the scene's own call
    naming: Naming,
    depth: int,
) -> ContentFacts:
    """Judge unpacked bytes. They are here already, so they cost no budget but their own."""
    source = Source(len(data), Budget(4 * len(data) + 4096), complete=complete)
    return answer_from(data, _judge(source, naming, depth))
