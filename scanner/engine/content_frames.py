"""How the examiner and its workers talk: frames of a JSON object and raw bytes over pipes.

A frame is two lengths (four bytes each, big-endian), the JSON text, then the bytes. Nothing is
ever unpickled: a worker has parsed hostile content and is believed no more than a server.
"""

from __future__ import annotations

import json
import struct
from datetime import date
from typing import Any, Final, TypeAlias

from scanner.model.content import (
    Column,
    ContentFacts,
    ContentState,
    ContentTask,
    DataClass,
    DataKind,
    DateCheck,
    DateRange,
    Note,
    TableFacts,
)

Message: TypeAlias = dict[str, Any]

PREFIX: Final = struct.Struct(">II")
MOST_TEXT: Final = 1_048_576
MOST_BYTES: Final = 67_108_864


class FrameError(Exception):
    """The peer does not keep to the protocol. Carries nothing that the peer sent."""


def pack(message: Message, body: bytes = b"") -> bytes:
    """Return one frame."""
    text = json.dumps(message, separators=(",", ":")).encode()
    return PREFIX.pack(len(text), len(body)) + text + body


def lengths(prefix: bytes) -> tuple[int, int]:
    """Return the lengths of the JSON text and the bytes; ``FrameError`` when out of bounds."""
    text, body = PREFIX.unpack(prefix)
    if text > MOST_TEXT or body > MOST_BYTES:
        raise FrameError
    return text, body


def unpack(text: bytes) -> Message:
    """Return the JSON object of a frame; ``FrameError`` for anything else."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise FrameError from None
    if not isinstance(message, dict):
        raise FrameError
    return message


def task_message(task: ContentTask) -> Message:
    """Return a task as a message."""
    return {
        "task": {
            "name": task.name,
            "size": task.size,
            "ordered_fields": list(task.ordered_fields),
            "byte_budget": task.byte_budget,
            "dates": _dates_message(task.dates),
        }
    }


def _dates_message(dates: DateRange | None) -> Any:
    if dates is None:
        return None
    bounds = [day and day.isoformat() for day in (dates.earliest, dates.latest)]
    return [list(dates.fields), *bounds]


def _read_dates(told: Any) -> DateRange | None:
    if told is None:
        return None
    fields, *bounds = told
    earliest, latest = (day and date.fromisoformat(day) for day in bounds)
    return DateRange(fields=tuple(fields), earliest=earliest, latest=latest)


def read_task(message: Message) -> ContentTask:
    """Return the task of a message from the parent, which is trusted."""
    told = message["task"]
    return ContentTask(
        name=told["name"],
        size=told["size"],
        ordered_fields=tuple(told["ordered_fields"]),
        byte_budget=told["byte_budget"],
        dates=_read_dates(told["dates"]),
    )


def facts_message(facts: ContentFacts) -> Message:
    """Return facts as a message."""
    return {
        "facts": {
            "format": facts.format,
            "state": facts.state,
            "rows": facts.rows,
            "unread": facts.unread,
            "notes": list(facts.notes),
            "persons": facts.persons,
            "contacts": facts.contacts,
            "kinds": [
                [kind.kind, kind.data_class, kind.count, kind.valid_share, kind.column]
                for kind in facts.kinds
            ],
            "columns": _columns_message(facts.columns),
            "tables": [
                [_columns_message(table.columns), table.rows, table.rows_read, table.whole,
                 _counts(table.dates)]
                for table in facts.tables
            ],
            "all_tables": facts.all_tables,
            "unordered_kinds": list(facts.unordered_kinds),
        }
    }  # fmt: skip


def _columns_message(columns: tuple[Column, ...]) -> list[Any]:
    return [[each.index, each.name, each.key, each.free_text, each.like] for each in columns]


def _counts(dates: DateCheck | None) -> list[int] | None:
    return None if dates is None else [dates.inside, dates.outside, dates.untold]


def read_facts(message: Message, bytes_read: int) -> ContentFacts:
    """Return the facts that a worker sends, its counts and words checked for their shape.

    Raises ``FrameError`` for anything that facts cannot be. ``bytes_read`` is the parent's own
    count.
    """
    try:
        told = message["facts"]
        return ContentFacts(
            format=_word(told["format"]),
            state=ContentState(told["state"]),
            kinds=tuple(_kind(*kind) for kind in told["kinds"]),
            columns=tuple(_column(*column) for column in told["columns"]),
            rows=_count_or_none(told["rows"]),
            persons=_count_or_none(told["persons"]),
            contacts=_count(told["contacts"]),
            bytes_read=bytes_read,
            unread=bool(told["unread"]),
            notes=tuple(Note(note) for note in told["notes"]),
            tables=tuple(_table(*table) for table in told["tables"]),
            all_tables=bool(told["all_tables"]),
            unordered_kinds=tuple(_word(kind) for kind in told["unordered_kinds"]),
        )
    except (KeyError, TypeError, ValueError):
        raise FrameError from None


def _kind(kind: Any, data_class: Any, count: Any, share: Any, column: Any) -> DataKind:
    return DataKind(
        kind=_word(kind),
        data_class=DataClass(data_class),
        count=_count(count),
        valid_share=min(1.0, max(0.0, float(share))),
        column=_count_or_none(column),
    )


def _table(columns: Any, rows: Any, rows_read: Any, whole: Any, dates: Any) -> TableFacts:
    inside, outside, untold = (0, 0, 0) if dates is None else map(_count, dates)
    return TableFacts(
        columns=tuple(_column(*column) for column in columns),
        rows=_count_or_none(rows),
        rows_read=_count(rows_read),
        whole=bool(whole),
        dates=None if dates is None else DateCheck(inside=inside, outside=outside, untold=untold),
    )


def _column(index: Any, name: Any, key: Any, free_text: Any, like: Any) -> Column:
    return Column(
        index=_count(index),
        name=None if name is None else _text(name),
        key=None if key is None else _word(key),
        free_text=bool(free_text),
        like=None if like is None else _text(like),
    )


def _word(value: Any) -> str:
    text = _text(value)
    if not text.replace("-", "").replace("/", "").isalnum() or not text.isascii():
        raise ValueError
    return text


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > 200:
        raise ValueError
    return value


def _count(value: Any) -> int:
    if not isinstance(value, int) or value < 0:
        raise ValueError
    return value


def _count_or_none(value: Any) -> int | None:
    return None if value is None else _count(value)
