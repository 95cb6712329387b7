"""Lists and walks one directory in a process of its own, and tells how much that made it grow."""

from __future__ import annotations

import asyncio
import json
import resource
import sys

from tests.clients.ftp_lab import a_tree, listing, walk_of


def _most_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


async def _look(port: int) -> dict[str, object]:
    async with a_tree(port, seconds=20.0) as tree:
        await listing(tree, b"/", most=1)
        before = _most_kib()
        found = await listing(tree, b"/", most=50_000)
        walk = await walk_of(tree, entries=50_000)
        return {
            "walked": walk.entries,
            "stopped": walk.stopped,
            "entries": len(found.entries),
            "complete": found.complete,
            "truncated": found.truncated,
            "grown_kib": _most_kib() - before,
        }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(_look(int(sys.argv[1])))))
