"""Stands in for a process that looks: tells whether it was asked again, and dies of some assets.

``python -m tests.engine.dying_looker ONCE ALWAYS``: an asset of which it dies when it is asked for
the first time, and one of which it dies each time.
"""

from __future__ import annotations

import json
import os
import sys

from scanner.engine.record import plain_of
from scanner.engine.unseen import unseen
from scanner.model.reading import Reason, Unobserved
from scanner.model.target import Target


def main() -> None:
    once, always = sys.argv[1:]
    for line in sys.stdin:
        order = json.loads(line)
        asset, again = order["asset"], order["again"]
        if asset == always or (asset == once and not again):
            os._exit(9)
        why = Unobserved(Reason.CLOSED, "again" if again else "first")
        seen = unseen(Target(host="127.0.0.1", asset=asset), "internal", why)
        told = json.dumps({"asset": asset, "whole": True, "seen": plain_of(seen)})
        sys.stdout.write(told + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
