"""What one login could see, as aggregates and a bounded, masked sample of files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from scanner.model.content import ContentFacts, ContentState, DataClass
from scanner.model.reading import Observed, Reading, Unobserved
from scanner.model.view import AccountView, FileFact, View, Walk
from scanner.report.plain import flat, octal, plain, record, unobserved

MOST_FILES = 50
"""Files shown per view; the aggregates count all that were kept."""

MOST_DETAILS = 64
"""Columns and kinds of data shown per file."""

_MOST_KNOWN = 256
"""Documents of contents that are remembered: most files of a fleet hold one of a few things."""


def account_document(account: AccountView) -> dict[str, Any]:
    """Return a supplied account with what it could see."""
    document = record(account, without=frozenset({"view", "sftp", "channels"}))
    return {
        **document,
        "view": reading_document(account.view),
        "sftp": plain(account.sftp),
        "channels": plain(account.channels),
    }


def reading_document(view: Reading[View]) -> dict[str, Any]:
    """Return a view, or why there is none."""
    return view_document(view.value) if isinstance(view, Observed) else unobserved(view)


def view_document(view: View) -> dict[str, Any]:
    """Return one login's view: the walk, its aggregates, at most ``MOST_FILES`` files."""
    return {
        **record(view, without=frozenset({"walk"})),
        "walk": record(view.walk, without=frozenset({"files"})),
        "aggregates": _aggregates(view.walk.files),
        "files": [_file(fact) for fact in shown_files(view.walk)],
    }


def shown_files(walk: Walk) -> list[FileFact]:
    """Return the files worth showing: readable secrets and personal data first."""
    return sorted(walk.files, key=_interest)[:MOST_FILES]


def _interest(fact: FileFact) -> tuple[int, int, str, str]:
    """Order: proof of harm, then readable, then unclear, then the rest; ordered files first."""
    return (_harm(fact.content), 0 if fact.orders else 1, fact.directory, fact.key)


def _harm(content: Reading[ContentFacts]) -> int:
    if isinstance(content, Unobserved):
        return 3
    if content.value.readable:
        return 0 if content.value.kinds else 1
    return 4 if content.value.state is ContentState.ENCRYPTED else 2


def _aggregates(files: Sequence[FileFact]) -> dict[str, Any]:
    return {
        "files": len(files),
        "shown": min(len(files), MOST_FILES),
        "states": _counted(_state(fact) for fact in files),
        "data_classes": _counted(name for fact in files for name in _classes(fact)),
        "zones": _counted(fact.zone.value for fact in files),
        "extensions": _counted(fact.extension for fact in files),
    }


def _counted(names: Iterable[str]) -> dict[str, int]:
    """Return how often each name came, most frequent first, at most ``MOST_DETAILS``."""
    ranked = sorted(Counter(names).items(), key=lambda item: (-item[1], item[0]))
    return dict(ranked[:MOST_DETAILS])


def _state(fact: FileFact) -> str:
    return fact.content.value.state if isinstance(fact.content, Observed) else "not-read"


def _classes(fact: FileFact) -> set[DataClass]:
    """Return the classes of data that lie readable in a file."""
    if isinstance(fact.content, Unobserved) or not fact.content.value.readable:
        return set()
    return {kind.data_class for kind in fact.content.value.kinds}


def _file(fact: FileFact) -> dict[str, Any]:
    document = flat(fact, ("orders",))
    content = fact.content
    if isinstance(content, Unobserved):
        document["content"] = unobserved(content)
    else:
        document["content"] = _content(content.value)
    if fact.mode is not None:
        document["mode"] = octal(fact.mode)
    return document


@lru_cache(maxsize=_MOST_KNOWN)
def _content(facts: ContentFacts) -> dict[str, Any]:
    """Return what a file holds: one document for all files, of whatever host, that hold the same.

    Nobody changes a document; what is alike may be shared.
    """
    document = record(facts)
    for name in ("kinds", "columns", "unordered_kinds"):
        document[name] = document[name][:MOST_DETAILS]
    for table in document["tables"]:
        table["columns"] = table["columns"][:MOST_DETAILS]
    return document
