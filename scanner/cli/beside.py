"""``python -m scanner.cli.beside``: a process that looks for a run; started by the run itself."""

from __future__ import annotations

from scanner.api.beside import beside
from scanner.cli.runner import finish

if __name__ == "__main__":
    finish(beside())
