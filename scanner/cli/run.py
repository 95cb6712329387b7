"""``scan run``: the nightly run."""

# ruff: noqa: PLC0415 - a command imports what it needs when it runs

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scanner.cli.broker import MaybeUrl, Tls, place_of
from scanner.cli.choices import SeverityName, one_of, shard_of
from scanner.errors import InputError

if TYPE_CHECKING:
    from scanner.api import BrokerPlace

ENGINES = ("local", "nats")


def run(
    targets: Annotated[Path, typer.Argument(metavar="TARGETS", help="Targets file.")],
    *,
    reports: Annotated[
        Path, typer.Option(metavar="DIR", help="Where run folders are laid down.")
    ] = Path("reports"),
    history: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What earlier nights left behind.")
    ] = None,
    vantage: Annotated[
        str | None, typer.Option(metavar="NAME", help="Where you look from: internet, dmz, ...")
    ] = None,
    shard: Annotated[
        str | None, typer.Option(metavar="i/n", help="Scan only the i-th of n shares.")
    ] = None,
    engine: Annotated[
        str, typer.Option(metavar="local|nats", help="Who looks: this machine, or workers.")
    ] = "local",
    nats: MaybeUrl = None,
    nats_tls: Tls = None,
    contact: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Sent as anonymous password.")
    ] = None,
    fail_on: Annotated[
        SeverityName, typer.Option(help="The severity from which findings mean exit code 1.")
    ] = SeverityName.HIGH,
    resume: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Finish the run of this folder.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be done, and touch nothing.")
    ] = False,
) -> int:
    """Scan every target of a file: the nightly run.

    Reports go into a run folder of their own. The first signal ends the scan early: what was
    seen is written, the rest is unknown.
    """
    one_of("--engine", engine, ENGINES)
    share = shard_of(shard) if shard is not None else None
    if dry_run:
        return _plan(targets, vantage, share)
    from scanner import api
    from scanner.cli.console import note
    from scanner.cli.deliver import tell_deliveries
    from scanner.cli.exits import concluded
    from scanner.cli.progress import told
    from scanner.cli.runner import Stopped, finish
    from scanner.cli.summary import tell
    from scanner.model.finding import Severity

    request = api.RunRequest(
        targets=targets,
        resume=resume,
        reports=reports,
        history=history,
        vantage=vantage,
        shard=share,
        fail_on=Severity(fail_on.value),
        contact=contact,
        broker=_broker(engine, nats, nats_tls),
        note=note,
    )
    with told() as progress:
        ended = finish(api.run(request, progress))
    if isinstance(ended, Stopped):
        return ended.code
    tell(ended.value)
    tell_deliveries(ended.value.deliveries)
    return concluded(ended.value.exit_code, ended.interrupted)


def _broker(engine: str, url: str | None, tls: Path | None) -> BrokerPlace | None:
    if (engine == "nats") != (url is not None):
        raise InputError("--engine nats and --nats URL go together")
    return None if url is None else place_of(url, tls)


def _plan(targets: Path, vantage: str | None, shard: tuple[int, int] | None) -> int:
    from scanner import api
    from scanner.cli.console import write
    from scanner.cli.plan_table import plan_lines

    write(f"{line}\n" for line in plan_lines(api.plan(targets, vantage=vantage, shard=shard)))
    return 0
