"""What every server stands on: its packages, a folder of its own, and the tree it serves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.packages import Prefix, unpack
from tests.servers.process import require_root, workspace
from tests.servers.tree import Tree


@dataclass(frozen=True, slots=True)
class Ground:
    """``folder`` holds configuration, keys and logs, and the served folder beside them."""

    prefix: Prefix
    folder: Path
    tree: Tree

    @property
    def served(self) -> Path:
        return self.tree.root

    def configuration(self, name: str, lines: list[str]) -> str:
        """Write a configuration file and return its path, as a command line wants it."""
        path = self.folder / name
        path.write_text("\n".join(lines) + "\n", encoding="ascii")
        return str(path)


@contextmanager
def ground(contents: Callable[[Path], Tree], *, within: Path | None = None) -> Iterator[Ground]:
    """Yield a fresh folder, whose ``served`` folder ``contents`` filled, and remove it.

    Raises RootRequiredError and PackagesUnavailableError where servers can't run here.
    """
    require_root()
    prefix = unpack()
    with workspace(within=within) as folder:
        served = folder / "served"
        served.mkdir(mode=0o755)
        yield Ground(prefix, folder, contents(served))
