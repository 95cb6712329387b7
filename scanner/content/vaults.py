"""Encrypted trees, told by a listing of names: gocryptfs, CryFS, Cryptomator, restic, Borg.

The files of such a tree are random bytes without a marker of their own. A listing says what they
are: the vault's own files stand where they must, and the name is one that the vault makes. Both
the listing and the content have to agree before anything is ``encrypted``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from scanner.content.beside import opened_by
from scanner.model.content import ContentFacts, ContentState, Note
from scanner.model.frozen import dataclass
from scanner.model.late import late


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of vault: a file that is always there, what must be beside it, its sealed files.

    Paths are relative to the vault's root. ``formats`` is what the recogniser may have said of a
    sealed file: nothing, or the vault's own format.
    """

    name: str
    anchor: re.Pattern[bytes]
    beside: tuple[re.Pattern[bytes], ...]
    member: re.Pattern[bytes]
    formats: frozenset[str]


_HEX = rb"[0-9a-f]{64}"
_KINDS: Final = (
    _Kind(
        "gocryptfs",
        late(rb"gocryptfs\.conf"),
        (),
        late(rb"(?:[^/]+/)*(?!gocryptfs\.(?:conf|diriv)$)[^/]+"),
        frozenset({"gocryptfs"}),
    ),
    _Kind(
        "cryfs",
        late(rb"cryfs\.config"),
        (),
        late(rb"[0-9A-F]{3}/[0-9A-F]{29}"),
        frozenset({"cryfs"}),
    ),
    _Kind(
        "cryptomator",
        late(rb"(?:vault|masterkey)\.cryptomator"),
        (late(rb"d/[A-Z2-7]{2}/.+"),),
        late(rb"d/[A-Z2-7]{2}/[A-Z2-7]{30}/(?:[^/]+\.c9[rs](?:/[^/]+)?|[^/]+)"),
        frozenset({"unknown"}),
    ),
    _Kind(
        "restic",
        late(rb"keys/" + _HEX),
        (late(rb"config"), late(rb"(?:data/[0-9a-f]{2}|index|snapshots)/" + _HEX)),
        late(rb"config|(?:data/[0-9a-f]{2}|index|snapshots|locks)/" + _HEX),
        frozenset({"unknown"}),
    ),
)  # fmt: skip


_RESTIC: Final = _KINDS[3]
_ANCHORS: Final = {
    b"gocryptfs.conf": _KINDS[0],
    b"cryfs.config": _KINDS[1],
    b"vault.cryptomator": _KINDS[2],
    b"masterkey.cryptomator": _KINDS[2],
}


@dataclass(frozen=True, slots=True)
class Vault:
    """An encrypted tree: its kind and its root, a path without a slash at its end."""

    kind: str
    root: bytes


def find_vaults(paths: Iterable[bytes]) -> tuple[Vault, ...]:
    """Return the vaults within a listing of full paths (``/a/b``, separated by slashes).

    The work is a few look-ups for each path; most have no name that a vault is anchored by.
    """
    listing = tuple(paths)
    missing = {(kind, root): set(kind.beside) for path in listing for kind, root in _anchored(path)}
    if any(missing.values()):
        for path in listing:
            for root, rest in _splits(path):
                for kind in _KINDS:
                    if signs := missing.get((kind, root)):
                        signs -= {sign for sign in signs if sign.fullmatch(rest)}
    return tuple(Vault(kind.name, root) for (kind, root), signs in missing.items() if not signs)


def _anchored(path: bytes) -> Iterable[tuple[_Kind, bytes]]:
    name = path[path.rfind(b"/") + 1 :]
    if name in _ANCHORS:
        yield _ANCHORS[name], path[: -len(name) - 1]
    elif (
        len(name) == 64 and path.endswith(b"/keys/" + name) and _RESTIC.anchor.fullmatch(path[-69:])
    ):
        yield _RESTIC, path[:-70]


def _splits(path: bytes) -> Iterable[tuple[bytes, bytes]]:
    """Yield each way to part a path into a root and at most four parts below it."""
    at = len(path)
    for _ in range(4):
        at = path.rfind(b"/", 0, at)
        if at < 0:
            return
        yield path[:at], path[at + 1 :]


def judge_together(
    files: Mapping[bytes, ContentFacts], listing: Iterable[bytes]
) -> dict[bytes, ContentFacts]:
    """Return those facts that the place of a file changes. Keys are full paths.

    Opaque files of a vault become ``encrypted``; a key in the same directory as what it opens
    makes that ``keyless``. ``listing`` are the paths of all files that were seen.
    """
    changed = dict(_in_vaults(files, find_vaults(listing)))
    folders: dict[bytes, dict[bytes, ContentFacts]] = {}
    for path, facts in files.items():
        folders.setdefault(path.rpartition(b"/")[0], {})[path] = changed.get(path, facts)
    for folder in folders.values():
        changed.update(opened_by(folder))
    return changed


def _in_vaults(
    files: Mapping[bytes, ContentFacts], vaults: Iterable[Vault]
) -> Iterable[tuple[bytes, ContentFacts]]:
    kinds = {kind.name: kind for kind in _KINDS}
    roots = {vault.root: kinds[vault.kind] for vault in vaults}
    for path, facts in files.items():
        if facts.state is not ContentState.OPAQUE or facts.notes:
            continue
        parts = path.split(b"/")
        for depth in range(1, len(parts)):
            kind = roots.get(b"/".join(parts[:-depth]))
            if kind and facts.format in kind.formats and _is_member(kind, parts[-depth:]):
                state = ContentState.ENCRYPTED
                yield path, replace(facts, format=kind.name, state=state, notes=(Note.VAULT,))
                break


def _is_member(kind: _Kind, parts: list[bytes]) -> bool:
    return kind.member.fullmatch(b"/".join(parts)) is not None
