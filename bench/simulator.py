"""The two C programs of the bench: a fleet that answers for all of 127/8, and the floor client."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_HERE: Final = Path(__file__).parent
_BUILT: Final = _HERE.parent / ".cache" / "bench"
_FLAGS: Final = ("-O2", "-Wall")
_LIBRARIES: Final = ("-lssl", "-lcrypto")

FTP, FTPS, SSH = 21, 990, 22
PLAIN, WITH_TLS, SILENT, RESETS, MUTE = 1, 100, 200, 201, 202
"""Second octets: how the hosts of an address behave (see ``fleet_simulator.c``)."""
NEVER = 32
"""A second octet from which on nobody is looked at."""
_OF_ONE_OCTET: Final = 256 * 254
_STOP_SECONDS: Final = 10


def built(name: str) -> Path:
    """Compile ``name``.c where its source is newer; raise ``SystemExit`` where that cannot be."""
    source, program = _HERE / f"{name}.c", _BUILT / name
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        if shutil.which("cc") is None:
            sys.exit("a C compiler is missing: install gcc, libc6-dev and libssl-dev")
        program.parent.mkdir(parents=True, exist_ok=True)
        command = ["cc", *_FLAGS, "-o", str(program), str(source), *_LIBRARIES]
        if subprocess.run(command, check=False).returncode:
            sys.exit(f"{source.name} does not compile: is libssl-dev installed?")
    return program


def addresses(count: int, octet: int = PLAIN) -> Iterator[str]:
    """Yield ``count`` addresses from 127.``octet``.0.1 on, without .0 and .255 of each block.

    More than 65,024 run on into the next octets.
    """
    for number in range(count):
        beyond, low = divmod(number, _OF_ONE_OCTET)
        yield f"127.{octet + beyond}.{low // 254}.{1 + low % 254}"


@contextmanager
def simulator(core: int, *, delay_ms: int = 0, awake: bool = False) -> Iterator[list[str]]:
    """Run the fleet on one core; the list holds one line afterwards: what it served.

    ``awake``: it never sleeps, and needs that core for itself.
    """
    served: list[str] = []
    command = ["taskset", "--cpu-list", str(core), str(built("fleet_simulator")), str(delay_ms)]
    command += ["awake"] if awake else []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            if process.stdout is None or process.stdout.readline() != "ready\n":
                sys.exit("the simulator did not start")
            yield served
        finally:
            process.terminate()
            served.append(process.communicate(timeout=_STOP_SECONDS)[0].strip())
