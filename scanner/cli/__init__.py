"""The command line. Every command imports what it needs when it runs."""

from __future__ import annotations


def main() -> None:
    """Run ``scan`` with the process's arguments; ends in ``SystemExit``."""
    # Not above: worker processes import the module that started them, and need no command line.
    from scanner.cli.app import start  # noqa: PLC0415 - see above

    start()
