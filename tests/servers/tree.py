"""A small synthetic tree for the servers to serve. All of it is invented."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FTP_UID: Final = 60090
"""The user as whom anonymous clients act: it owns ``incoming`` alone."""

CSV_PATH: Final = "export/members.csv"
CSV_TEXT: Final = (
    "member_id,first_name,last_name,email,birth_date,city\n"
    "100001,Nadia,Exemple,nadia.exemple@example.invalid,1984-03-07,Ville-Test\n"
    "100002,Tomas,Muster,tomas.muster@example.invalid,1971-11-23,Musterstadt\n"
    "100003,Ines,Ejemplo,ines.ejemplo@example.invalid,1990-06-15,Prueba\n"
)
LATIN1_NAME: Final = b"caf\xe9.txt"
SPACED_NAME: Final = " name with  spaces .txt"


@dataclass(frozen=True, slots=True)
class Tree:
    """What was planted: names in the root, as bytes, as the server's file system has them."""

    root: Path

    @property
    def visible(self) -> frozenset[bytes]:
        """The names in the root that a plain listing shows."""
        return frozenset(name for name in self._names() if name[:1] != b".")

    @property
    def hidden(self) -> frozenset[bytes]:
        """The names in the root that begin with a dot."""
        return frozenset(name for name in self._names() if name[:1] == b".")

    def _names(self) -> list[bytes]:
        return [os.fsencode(path.name) for path in self.root.iterdir()]


def plant(root: Path) -> Tree:
    """Fill ``root``: dotfile, nested folders, a CSV export, odd names, links that loop."""
    for folder in ("public", "export", "empty", "incoming", "nested/one/two/three"):
        (root / folder).mkdir(parents=True)
    _write(root / "public/readme.txt", "A synthetic file for tests.\n")
    _write(root / CSV_PATH, CSV_TEXT)
    _write(root / ".hidden-notes", "not shown by a plain listing\n")
    _write(root / "nested/one/two/three/deep.txt", "deep\n")
    _write(root / SPACED_NAME, "spaces\n")
    _write(root / os.fsdecode(LATIN1_NAME), "the name is not UTF-8\n")
    (root / "loop").symlink_to(".")
    (root / "nested/one/back").symlink_to("../..")
    (root / "dangling").symlink_to("nowhere")
    os.chown(root / "incoming", FTP_UID, FTP_UID)
    return Tree(root)


def empty(root: Path) -> Tree:
    """Leave ``root`` empty, for tests that plant their own files."""
    return Tree(root)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
