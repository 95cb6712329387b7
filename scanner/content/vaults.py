"""Encrypted trees, told by a listing of names: gocryptfs, CryFS, Cryptomator, restic, Borg.

The files of such a tree are random bytes without a marker of their own. A listing says what they
are: the vault's own files stand where they must, and the name is one that the vault makes. Both
the listing and the content have to agree before anything is ``encrypted``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from scanner.content.beside import opened_by
from scanner.model.content import ContentFacts, ContentState, Note


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of vault: the names that must be below its root, and those of its sealed files."""

    name: str
    signs: tuple[re.Pattern[bytes], ...]
    member: re.Pattern[bytes]
    formats: frozenset[str]
    """What the recogniser may have said of a sealed file: nothing, or the vault's own format."""


_HEX = rb"[0-9a-f]{64}"
_KINDS: Final = (
    _Kind(
        "gocryptfs",
        (re.compile(rb"gocryptfs\.conf"),),
        re.compile(rb"(?:[^/]+/)*(?!gocryptfs\.(?:conf|diriv)$)[^/]+"),
        frozenset({"gocryptfs"}),
    ),
    _Kind(
        "cryfs",
        (re.compile(rb"cryfs\.config"),),
        re.compile(rb"[0-9A-F]{3}/[0-9A-F]{29}"),
        frozenset({"cryfs"}),
    ),
    _Kind(
        "cryptomator",
        (re.compile(rb"(?:vault|masterkey)\.cryptomator"), re.compile(rb"d/[A-Z2-7]{2}/.+")),
        re.compile(rb"d/[A-Z2-7]{2}/[A-Z2-7]{30}/(?:[^/]+\.c9[rs](?:/[^/]+)?|[^/]+)"),
        frozenset({"unknown"}),
    ),
    _Kind(
        "restic",
        (re.compile(rb"config"), re.compile(rb"keys/" + _HEX),
         re.compile(rb"(?:data/[0-9a-f]{2}|index|snapshots)/" + _HEX)),
        re.compile(rb"config|(?:data/[0-9a-f]{2}|index|snapshots|locks)/" + _HEX),
        frozenset({"unknown"}),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Vault:
    """An encrypted tree: its kind and its root, a path without a slash at its end."""

    kind: str
    root: bytes


def find_vaults(paths: Iterable[bytes]) -> tuple[Vault, ...]:
    """Return the vaults within a listing of full paths (``/a/b``, separated by slashes)."""
    found: dict[tuple[str, bytes], set[int]] = {}
    for path in paths:
        for kind in _KINDS:
            for number, root in _signs(kind, path):
                found.setdefault((kind.name, root), set()).add(number)
    needed = {kind.name: len(kind.signs) for kind in _KINDS}
    return tuple(
        Vault(name, root) for (name, root), signs in found.items() if len(signs) == needed[name]
    )


def _signs(kind: _Kind, path: bytes) -> Iterable[tuple[int, bytes]]:
    """Yield which sign a path may be, and of which root: it has three parts at the most."""
    parts = path.split(b"/")
    for depth in range(1, min(4, len(parts)) + 1):
        rest = b"/".join(parts[-depth:])
        for number, sign in enumerate(kind.signs):
            if sign.fullmatch(rest):
                yield number, b"/".join(parts[:-depth])


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
