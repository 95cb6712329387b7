"""``scan run``: the nightly run."""

# ruff: noqa: PLC0415 - a command imports what it needs when it runs

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scanner.cli.audit import AuditFile
from scanner.cli.broker import MaybeUrl, Tls, place_of
from scanner.cli.choices import SeverityName, alone, one_of, shard_of
from scanner.errors import InputError

if TYPE_CHECKING:
    from scanner.api import BrokerPlace, RunRequest, RunResult

ENGINES = ("local", "nats")
_Kept = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="Then remove all but the newest N run folders."),
]
_Textfile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Prometheus textfile (*.prom) to write.")
]
_Processes = Annotated[
    int, typer.Option(metavar="N", min=1, max=64, help="How many processes look, side by side.")
]
_FailOn = Annotated[
    SeverityName | None,
    typer.Option(
        help="The severity from which findings mean exit code 1: high.", show_default=False
    ),
]


def run(
    targets: Annotated[Path, typer.Argument(metavar="TARGETS", help="Targets file.")],
    *,
    reports: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where run folders are laid down: reports.")
    ] = None,
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
    processes: _Processes = 1,
    nats: MaybeUrl = None,
    nats_tls: Tls = None,
    contact: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Sent as anonymous password.")
    ] = None,
    fail_on: _FailOn = None,
    resume: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Finish the run of this folder.")
    ] = None,
    keep: _Kept = None,
    audit: AuditFile = None,
    metrics: _Textfile = None,
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
    if resume is not None:
        elsewhere = reports is not None and reports.resolve() != resume.resolve().parent
        decided = {"--vantage": vantage, "--shard": shard, "--fail-on": fail_on}
        more = {"--reports": elsewhere or None, "--dry-run": dry_run or None}
        alone("--resume", "the run decides", {**decided, **more})
    if dry_run:
        return _plan(targets, vantage, share)
    from scanner import api
    from scanner.cli.console import note
    from scanner.model.finding import Severity

    request = api.RunRequest(
        targets=targets,
        resume=resume,
        reports=reports or (resume.resolve().parent if resume else Path("reports")),
        history=history,
        vantage=vantage,
        shard=share,
        fail_on=Severity((fail_on or SeverityName.HIGH).value),
        contact=contact,
        keep=keep,
        processes=processes,
        audit=audit,
        broker=_broker(engine, nats, nats_tls, processes),
        tell=note,
    )
    return _carry_out(request, metrics)


def _carry_out(request: RunRequest, metrics: Path | None) -> int:
    from scanner import api
    from scanner.api.metrics import check_metrics
    from scanner.cli.console import note
    from scanner.cli.deliver import tell_deliveries
    from scanner.cli.exits import concluded
    from scanner.cli.progress import told
    from scanner.cli.runner import Stopped, finish
    from scanner.cli.summary import tell

    if metrics is not None:
        check_metrics(metrics)
    with told() as progress:
        ended = finish(api.run(request, progress))
    if isinstance(ended, Stopped):
        return ended.code
    tell(ended.value)
    tell_deliveries(ended.value.deliveries)
    note(f"audit log ends with {ended.value.audit_hash}")
    code = concluded(ended.value.exit_code, ended.interrupted)
    _measure(metrics, ended.value, code)
    return code


def _measure(metrics: Path | None, result: RunResult, code: int) -> None:
    """Write the textfile. A run that is over is not failed by it: its age raises the alarm."""
    from scanner.api.metrics import write_metrics
    from scanner.cli.console import note

    try:
        if metrics is not None:
            write_metrics(metrics, result, code)
    except InputError as error:
        note(str(error))


def _broker(engine: str, url: str | None, tls: Path | None, processes: int) -> BrokerPlace | None:
    if processes > 1 and engine != "local":
        raise InputError("--processes is of the local engine; workers have --slots")
    if (engine == "nats") != (url is not None):
        raise InputError("--engine nats and --nats URL go together")
    return None if url is None else place_of(url, tls)


def _plan(targets: Path, vantage: str | None, shard: tuple[int, int] | None) -> int:
    from scanner import api
    from scanner.cli.console import write
    from scanner.cli.plan_table import plan_lines

    write(f"{line}\n" for line in plan_lines(api.plan(targets, vantage=vantage, shard=shard)))
    return 0
