"""Short ways to say what a file is, where nothing was read in it."""

from __future__ import annotations

from scanner.model.content import ContentFacts, ContentState, Note


def encrypted(name: str, *notes: Note) -> ContentFacts:
    """Return facts of a file that nobody reads without a secret."""
    return ContentFacts(format=name, state=ContentState.ENCRYPTED, notes=notes)


def weak(name: str) -> ContentFacts:
    """Return facts of a file locked by means that are broken or too small."""
    return ContentFacts(format=name, state=ContentState.WEAK, notes=(Note.OLD_CIPHER,))


def keyless(name: str, note: Note) -> ContentFacts:
    """Return facts of a file that opens without a secret; nobody looked for data in it."""
    return ContentFacts(format=name, state=ContentState.KEYLESS, unread=True, notes=(note,))


def partial(name: str, *notes: Note) -> ContentFacts:
    """Return facts of a file of which a part lies in clear; nobody looked for data there."""
    return ContentFacts(format=name, state=ContentState.PARTIAL, unread=True, notes=notes)


def opaque(name: str, *notes: Note) -> ContentFacts:
    """Return facts of a file that could not be decided."""
    return ContentFacts(format=name, state=ContentState.OPAQUE, notes=notes)


def clear(name: str) -> ContentFacts:
    """Return facts of a file in clear that holds nothing to be looked for."""
    return ContentFacts(format=name, state=ContentState.CLEAR)


def clear_unread(name: str) -> ContentFacts:
    """Return facts of a file in clear in which nobody looked for data."""
    return ContentFacts(format=name, state=ContentState.CLEAR, unread=True)


def malformed(name: str, *notes: Note) -> ContentFacts:
    """Return facts of a file that breaks its own format, or only pretends to be of it."""
    return ContentFacts(format=name, state=ContentState.MALFORMED, notes=notes)
