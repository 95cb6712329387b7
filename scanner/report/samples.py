"""How many files of each login were sampled, and why the others were left unread."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from scanner.model.content import Note
from scanner.model.observation import FtpFacts, Observations
from scanner.model.reading import Observed
from scanner.model.view import View

_WORDS = {
    "files": "budget of files",
    "bytes": "budget of bytes",
    "time": "budget of time",
    "proof": "enough was proved",
    "empty": "empty",
    "kind": "pictures, sound or programs",
}
"""What a reader calls each cause; a reason is its own word."""
_MOST_CAUSES = 6


def sample_texts(seen: Iterable[Observations]) -> list[str]:
    """Return one clause per login that met files, the same ones told once."""
    return list(dict.fromkeys(_told(view) for look in seen for view in _views(look) if _met(view)))


def _views(look: Observations) -> Iterator[View]:
    for endpoint in look.endpoints:
        facts = endpoint.facts
        if facts is None:
            continue
        readings = [account.view for account in facts.accounts]
        if isinstance(facts, FtpFacts):
            readings.insert(0, facts.anonymous_view)
        for reading in readings:
            if isinstance(reading, Observed):
                yield reading.value


def _met(view: View) -> int:
    return view.walk.sampled + sum(view.walk.unread.values())


def _told(view: View) -> str:
    walk = view.walk
    ranked = sorted(walk.unread.items(), key=lambda item: (-item[1], item[0]))
    left = [
        f"{count:,} {_WORDS.get(cause, cause.replace('-', ' '))}"
        for cause, count in ranked[:_MOST_CAUSES]
    ]
    told = f"{walk.sampled:,} of {_met(view):,} files of {view.username}"
    heads = sum(isinstance(file.content, Observed) and Note.HEAD_ONLY in file.content.value.notes
                for file in walk.files)  # fmt: skip
    if heads:
        told = f"{told}, of {heads:,} the beginning alone"
    return f"{told} (left: {', '.join(left)})" if left else told
