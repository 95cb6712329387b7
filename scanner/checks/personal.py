"""What harm the sampled files of a view can do: counts and words, never a value."""

from __future__ import annotations

from collections.abc import Iterable

from scanner.model.content import ContentFacts, ContentState, DataClass
from scanner.model.frozen import dataclass
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


def sampled_in(files: Iterable[FileFact]) -> list[FileFact]:
    """Return the files of which any content was seen: of most listings none, or a few."""
    return [file for file in files if isinstance(file.content, Observed)]


def is_harmful(file: FileFact) -> bool:
    """Whether the file holds personal data, health data or secrets that anyone can read."""
    content = content_of(file)
    return content is not None and bool(content.kinds) and content.readable


def harmful_in(files: Iterable[FileFact]) -> list[FileFact]:
    """Return the files that ``is_harmful`` tells of: hardly any, and each is asked for often."""
    told = [
        file for file in files if isinstance(file.content, Observed) and file.content.value.kinds
    ]
    return [file for file in told if is_harmful(file)]


def harm_over(views: Iterable[Iterable[FileFact]]) -> Harm:
    """Return the harm of several views of one tree: a file that many ways lead to counts once."""
    harmful = (file for view in views for file in harmful_in(view))
    return harm_in({file.key: file for file in harmful}.values())


def harm_in(files: Iterable[FileFact]) -> Harm:
    """Return the harm of all readable, sampled files."""
    harmful = [content for file in harmful_in(files) if (content := content_of(file))]
    kinds = [kind for content in harmful for kind in content.kinds]
    return Harm(
        files=len(harmful),
        classes=frozenset(kind.data_class for kind in kinds),
        kinds=tuple(dict.fromkeys(kind.kind for kind in kinds)),
    )


UNTOLD = frozenset({ContentState.OPAQUE, ContentState.WEAK, ContentState.MALFORMED})
"""States that hide whether the content is protected."""

_SIDECARS = frozenset({"sig", "sign", "p7s", "crt", "cer", "der", "sha1", "sha256", "sha512"})
_SIDECAR_BYTES = 16_384
_LIST_BYTES = 1_048_576
"""Of a file whose whole name says that it lists checksums: a bag's may be long."""
_NO_RECORDS = frozenset({"empty", "text", "png", "jpeg", "gif", "elf"})
"""Formats that are no export where nothing was found in them."""


def is_sidecar(file: FileFact) -> bool:
    """Whether the file is a signature, a certificate or a checksum: small, and named as one.

    A name hides nothing: a file in which harmful data were found is none.
    """
    if file.sidecar and not is_harmful(file):
        return (file.size or 0) in range(1, _LIST_BYTES)
    return file.extension in _SIDECARS and (file.size or 0) in range(1, _SIDECAR_BYTES)


def is_untold(file: FileFact) -> bool:
    """Whether the file might be an export of which nobody can say if it is protected."""
    content = content_of(file)
    if content is None or not (content.state in UNTOLD or content.unread):
        return False
    return not is_sidecar(file)


def is_export(file: FileFact) -> bool:
    """Whether the file is encrypted, holds records or data of a harmful class, or might."""
    content = content_of(file)
    if content is None:
        return False
    if content.state in UNTOLD or content.unread:
        return is_untold(file)
    inside = content.format.rpartition("/")[2]
    return bool(content.kinds or content.columns or inside not in _NO_RECORDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How much of what was sampled in one zone lies there with harmful data in clear.

    ``volume`` is the size in bytes of the sampled files, however much of each was read.
    """

    sampled: int = 0
    volume: int = 0
    harmful: int = 0
    harmful_volume: int = 0
    exports: int = 0
    encrypted: int = 0

    @property
    def words(self) -> str:
        """Such as ``3 of 12 sampled files (25 %) and 40 % of their bytes``."""
        part = f"{self.harmful} of {self.sampled} sampled files"
        part += f" ({percent(self.harmful, self.sampled)})"
        if not self.volume:
            return part
        return f"{part} and {percent(self.harmful_volume, self.volume)} of their bytes"

    @property
    def coverage(self) -> str:
        """Such as ``3 of 41 sampled exports are encrypted (7 %)``; empty without exports."""
        if not self.exports:
            return ""
        verb = "is" if self.encrypted == 1 else "are"
        shown = percent(self.encrypted, self.exports)
        return f"{self.encrypted} of {self.exports} sampled exports {verb} encrypted ({shown})"


def share_of(files: Iterable[FileFact]) -> Share:
    """Return the figures of all sampled files, each counted once."""
    sampled = list({file.key: file for file in sampled_in(files)}.values())
    if not sampled:
        return Share()
    harmful = harmful_in(sampled)
    exports = [content for file in sampled if is_export(file) and (content := content_of(file))]
    return Share(
        sampled=len(sampled),
        volume=sum(file.size or 0 for file in sampled),
        harmful=len(harmful),
        harmful_volume=sum(file.size or 0 for file in harmful),
        exports=len(exports),
        encrypted=sum(content.state is ContentState.ENCRYPTED for content in exports),
    )


def percent(part: int, whole: int) -> str:
    """Return a share in whole percent: never 0 % of something, nor 100 % of less than all."""
    if not part or not whole:
        return "0 %"
    if part * 100 < whole:
        return "under 1 %"
    rounded = (200 * part + whole) // (2 * whole)
    return f"{rounded if part == whole else min(rounded, 99)} %"
