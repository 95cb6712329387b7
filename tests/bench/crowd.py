"""Runs in a private network: ``scan run`` over a fleet whose hosts all answer at once.

``python -m tests.bench.crowd HOSTS SECONDS FOLDER``: every host has a connection of its own, and a
scan waits so many seconds for an answer. Prints how the reports' ports stand, as JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from bench.machine import beside_python
from bench.measure import cores
from bench.namespace import raise_loopback
from bench.simulator import addresses, simulator
from scanner.report.stream import hosts_in


def main() -> None:
    """Scan and count."""
    hosts, seconds, folder = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    raise_loopback()
    targets = folder / "targets.json"
    limits = {"connections": hosts, "files_sampled": 0}
    endpoints = [{"port": 21, "protocol": "ftp"}]
    told = {
        "version": 1,
        "authorisation": {"reference": "CHG-1", "scope": ["127.0.0.0/8"]},
        "defaults": {"timeout_seconds": seconds, "limits": limits},
        "targets": [{"host": host, "endpoints": endpoints} for host in addresses(hosts)],
    }
    targets.write_text(json.dumps(told), "ascii")
    where = ("--reports", str(folder / "reports"), "--history", str(folder / "history.db"))
    with simulator(cores()[1]):
        scan = [beside_python("scan"), "run", str(targets), *where]
        subprocess.run(scan, check=False, stdin=subprocess.DEVNULL, stdout=sys.stderr)
    (report,) = (folder / "reports").glob("2*/report.json")
    with report.open(encoding="utf-8") as lines:
        stands = Counter(_stand(host) for host in hosts_in(lines))
    sys.stdout.write(json.dumps(stands))


def _stand(host: dict[str, Any]) -> str:
    (endpoint,) = host["endpoints"]
    seen = endpoint["anonymous_view"]
    return "listed" if "unobserved" not in seen else str(seen["detail"] or seen["unobserved"])


if __name__ == "__main__":
    main()
