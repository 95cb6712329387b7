"""A file tree in memory, and the context that a walk over it needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from scanner.errors import SecretError
from scanner.model.attempts import Attempt, AttemptKind
from scanner.model.content import (
    ContentFacts,
    ContentState,
    ContentTask,
    DataClass,
    DataKind,
    ReadRange,
)
from scanner.model.listing import Entry, EntryKind, Listing, Outcome
from scanner.model.mask import Mask
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.secret import Secret, SecretRef
from scanner.model.target import Target
from scanner.probes.context import EvidenceLog, ProbeContext

NOW = datetime(2026, 5, 1, 3, 0, tzinfo=UTC)
PERSONAL = b"PERSONAL"


@dataclass
class MemoryTree:
    """Directories map a path to entries, or to what is answered instead of them."""

    directories: Mapping[bytes, tuple[Entry, ...] | Outcome | Unobserved]
    contents: Mapping[bytes, bytes] = field(default_factory=dict)
    home: bytes = b"/"
    asked: list[bytes] = field(default_factory=list)
    reads: list[bytes] = field(default_factory=list)
    lost_after: int | None = None

    async def list_directory(self, path: bytes, *, most: int) -> Reading[Listing]:
        self.asked.append(path)
        if self.lost_after is not None and len(self.asked) > self.lost_after:
            return Unobserved(Reason.CONNECTION_LOST, "closed by the server")
        answer = self.directories.get(path, Outcome.MISSING)
        if isinstance(answer, Unobserved):
            return answer
        if isinstance(answer, Outcome):
            return Observed(Listing(outcome=answer))
        cut = answer[:most]
        return Observed(
            Listing(outcome=Outcome.LISTED, entries=cut, complete=len(cut) == len(answer))
        )

    async def read_range(self, path: bytes, offset: int, length: int) -> Reading[bytes]:
        self.reads.append(path)
        if path not in self.contents:
            return Unobserved(Reason.UNREADABLE, "permission denied")
        return Observed(self.contents[path][offset : offset + length])


def tree_of(
    files: Mapping[str, bytes] | Mapping[bytes, bytes], *, home: bytes = b"/"
) -> MemoryTree:
    """Build a tree from the paths of its files."""
    contents = {p.encode() if isinstance(p, str) else p: data for p, data in files.items()}
    directories: dict[bytes, dict[bytes, Entry]] = {b"/": {}}
    for path, data in contents.items():
        above, _, name = path.rpartition(b"/")
        directories.setdefault(above or b"/", {})[name] = a_file(name, size=len(data))
        while above:
            parent, _, name = above.rpartition(b"/")
            directories.setdefault(parent or b"/", {})[name] = a_directory(name)
            above = parent
    return MemoryTree({path: tuple(d.values()) for path, d in directories.items()}, contents, home)


def a_file(name: bytes, *, size: int | None = 10, **facts: object) -> Entry:
    entry = Entry(name=name, kind=EntryKind.FILE, size=size, modified=NOW, mode=0o644)
    return replace(entry, **facts)  # type: ignore[arg-type]


def a_directory(name: bytes, **facts: object) -> Entry:
    return replace(Entry(name=name, kind=EntryKind.DIRECTORY, mode=0o755), **facts)  # type: ignore[arg-type]


class MarkExaminer:
    """Finds a personal datum wherever the mark stands; remembers its tasks."""

    def __init__(self) -> None:
        self.tasks: list[ContentTask] = []

    async def examine(self, task: ContentTask, read: ReadRange) -> Reading[ContentFacts]:
        self.tasks.append(task)
        data = await read(0, min(task.size, task.byte_budget))
        kind = DataKind(kind="mark", data_class=DataClass.PERSONAL, count=data.count(PERSONAL))
        return Observed(
            ContentFacts(
                format="text",
                state=ContentState.CLEAR,
                kinds=(kind,) if kind.count else (),
                bytes_read=len(data),
            )
        )


@dataclass
class MemoryLedger:
    """Attempts and refusals, kept in memory with a fixed budget."""

    most: int = 4
    open: list[Attempt] = field(default_factory=list)
    failed: list[Attempt] = field(default_factory=list)
    kinds: list[AttemptKind] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)

    def reserve(self, address: str, kind: AttemptKind) -> Attempt | None:
        if len(self.open) + len(self.failed) >= self.most:
            return None
        attempt = Attempt(len(self.kinds), address, kind)
        self.kinds.append(kind)
        self.open.append(attempt)
        return attempt

    def settle(self, attempt: Attempt, *, failed: bool) -> None:
        self.open.remove(attempt)
        if failed:
            self.failed.append(attempt)

    def is_refused(self, credential_key: str) -> bool:
        return credential_key in self.refused

    def refuse(self, credential_key: str) -> None:
        self.refused.add(credential_key)


@dataclass
class MemorySecrets:
    """Secrets by the text of their reference."""

    known: Mapping[str, bytes] = field(default_factory=dict)

    def resolve(self, ref: SecretRef) -> Secret:
        if str(ref) not in self.known:
            raise SecretError(f"{ref}: not set")
        return Secret(self.known[str(ref)])


def a_context(target: Target, **changes: object) -> ProbeContext:
    """Return a context with everything in memory."""
    context = ProbeContext(
        target=target,
        vantage="internal",
        secrets=MemorySecrets(),
        attempts=MemoryLedger(),
        examiner=MarkExaminer(),
        mask=Mask(b"0123456789abcdef"),
        clock=lambda: NOW,
        evidence=EvidenceLog("t", "internal", lambda: NOW),
    )
    return replace(context, **changes)  # type: ignore[arg-type]
