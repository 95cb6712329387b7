"""Run the recogniser over bytes, keeping an eye on what it asks for."""

from __future__ import annotations

from collections.abc import Sequence

from scanner.content.ranges import ByteRange
from scanner.content.recognise import examine
from scanner.model.content import ContentFacts, ContentTask
from scanner.model.mask import Mask

KEY = Mask(b"0123456789abcdef")


def facts_of(
    data: bytes,
    *,
    size: int | None = None,
    fields: Sequence[str] = (),
    byte_budget: int = 1_048_576,
) -> ContentFacts:
    return asked(data, size=size, fields=fields, byte_budget=byte_budget)[0]


def asked(
    data: bytes,
    *,
    size: int | None = None,
    fields: Sequence[str] = (),
    byte_budget: int = 1_048_576,
) -> tuple[ContentFacts, list[ByteRange]]:
    task = ContentTask(
        name="sample",
        size=len(data) if size is None else size,
        ordered_fields=tuple(fields),
        byte_budget=byte_budget,
    )
    running = examine(task, KEY)
    ranges: list[ByteRange] = []
    try:
        wanted = next(running)
        while True:
            ranges.append(wanted)
            wanted = running.send(data[wanted.offset : wanted.offset + wanted.length])
    except StopIteration as stop:
        facts = stop.value
        assert isinstance(facts, ContentFacts)
        return facts, ranges


def kinds(facts: ContentFacts) -> set[str]:
    return {kind.kind for kind in facts.kinds}
