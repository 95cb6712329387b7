"""What harm the sampled files of a view can do: counts and words, never a value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from scanner.model.content import ContentFacts, ContentState, DataClass
from scanner.model.reading import Observed
from scanner.model.view import FileFact


@dataclass(frozen=True, slots=True, kw_only=True)
class Harm:
    """Readable files with harmful data: how many, of which classes and kinds."""

    files: int
    classes: frozenset[DataClass]
    kinds: tuple[str, ...]

    def __bool__(self) -> bool:
        return self.files > 0

    @property
    def words(self) -> str:
        """One clause for a summary."""
        names = {
            DataClass.HEALTH: "health data",
            DataClass.SECRET: "secrets",
            DataClass.PERSONAL: "personal data",
        }
        told = [name for kind, name in names.items() if kind in self.classes]
        plural = "file" if self.files == 1 else "files"
        shown = ", ".join(self.kinds[:6])
        return f"{' and '.join(told)} in clear in {self.files} {plural} ({shown})"


def content_of(file: FileFact) -> ContentFacts | None:
    """Return what the file was seen to hold, if it was sampled."""
    return file.content.value if isinstance(file.content, Observed) else None


def is_harmful(file: FileFact) -> bool:
    """Whether the file holds personal data, health data or secrets that anyone can read."""
    content = content_of(file)
    return content is not None and content.readable and bool(content.kinds)


def harm_over(views: Iterable[Iterable[FileFact]]) -> Harm:
    """Return the harm of several views of one tree: a file that many ways lead to counts once."""
    return harm_in({file.key: file for view in views for file in view if is_harmful(file)}.values())


def harm_in(files: Iterable[FileFact]) -> Harm:
    """Return the harm of all readable, sampled files."""
    harmful = [content for file in files if is_harmful(file) and (content := content_of(file))]
    kinds = [kind for content in harmful for kind in content.kinds]
    return Harm(
        files=len(harmful),
        classes=frozenset(kind.data_class for kind in kinds),
        kinds=tuple(dict.fromkeys(kind.kind for kind in kinds)),
    )


UNTOLD = frozenset({ContentState.OPAQUE, ContentState.WEAK, ContentState.MALFORMED})
"""States that hide whether the content is protected."""
