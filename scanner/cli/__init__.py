"""The command line. Every command imports what it needs when it runs."""

from __future__ import annotations

import gc

YOUNG = 50_000
"""Objects made before Python looks for rings of garbage among them. Its own 700 make it look
hundreds of times while a command loads, and find nothing."""


def main() -> None:
    """Run ``scan`` with the process's arguments; ends in ``SystemExit``."""
    gc.set_threshold(YOUNG)
    # Not above: worker processes import the module that started them, and need no command line.
    from scanner.cli.app import start  # noqa: PLC0415 - see above

    try:
        start()
    finally:
        # The process ends: without this, Python looks for rings of garbage in all that was loaded.
        gc.freeze()
