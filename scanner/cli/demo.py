"""``scan demo``: the replica fleet on loopback, scanned."""

# ruff: noqa: PLC0415 - a command imports what it needs when it runs

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def demo(
    reports: Annotated[
        Path, typer.Option(metavar="DIR", help="Where the run folder is laid down.")
    ] = Path("reports"),
) -> int:
    """Scan a fleet of demonstration servers on loopback.

    One replica of the Megabus server matches eight of the nine failures, as the alarm drill of
    the ninth is not run; one hardened SFTP server fails none. The servers are started and
    stopped here; all data are synthetic. Finding what is wrong with the replica is a success
    here: findings do not set the exit code.
    """
    from scanner.api.replica import demo as run_demo
    from scanner.cli.exits import ExitCode, concluded
    from scanner.cli.progress import told
    from scanner.cli.runner import Stopped, finish
    from scanner.cli.summary import tell

    with told() as progress:
        ended = finish(run_demo(reports, progress))
    if isinstance(ended, Stopped):
        return ended.code
    tell(ended.value)
    found = ended.value.exit_code
    expected = ExitCode.OK if found == ExitCode.FINDINGS else found
    return concluded(expected, ended.interrupted)
