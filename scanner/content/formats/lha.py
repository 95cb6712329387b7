"""LHA and LZH archives: they know no encryption, and are not unpacked here."""

from __future__ import annotations

from typing import Final

from scanner.content.ranges import Asking
from scanner.content.scene import Scene
from scanner.content.verdict import clear_unread
from scanner.model.content import ContentFacts
from scanner.model.late import late

_METHOD: Final = late(rb"-(?:l[hz][0-9a-zA-Z]|pm[0-9s])-")
_LEVELS: Final = 3


def recognise_lha(scene: Scene) -> Asking[ContentFacts | None]:
    """Return facts of an LHA archive by its first header."""
    yield from ()
    head = scene.head
    if len(head) < 22 or not _METHOD.fullmatch(head, 2, 7) or head[20] > _LEVELS:
        return None
    return clear_unread("lha")
