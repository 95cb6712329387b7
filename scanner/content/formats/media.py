"""Media and programs: formats in which no data of people are looked for."""

from __future__ import annotations

from typing import Final

from scanner.content.ranges import Asking
from scanner.content.scene import Scene
from scanner.content.verdict import clear
from scanner.model.content import ContentFacts

_MEDIA: Final = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"\x7fELF", "elf"),
)


def recognise_media(scene: Scene) -> Asking[ContentFacts | None]:
    """Return facts of a picture or a program, which are clear."""
    yield from ()
    for magic, name in _MEDIA:
        if scene.head.startswith(magic):
            return clear(name)
    return None
