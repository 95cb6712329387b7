"""All commands of ``scan``, put together."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Annotated, NoReturn, ParamSpec

import typer

from scanner import __version__
from scanner.cli import policy
from scanner.cli.assess import assess
from scanner.cli.checks import checks
from scanner.cli.deliver import deliver
from scanner.cli.demo import demo
from scanner.cli.distributed import cancel, status
from scanner.cli.drill import drill
from scanner.cli.exits import exit_code_of
from scanner.cli.explain import explain
from scanner.cli.host import host
from scanner.cli.locate import locate
from scanner.cli.merge import merge
from scanner.cli.run import run
from scanner.cli.schema import schema
from scanner.cli.template import template
from scanner.cli.validate import validate
from scanner.cli.worker import worker

P = ParamSpec("P")

_ABOUT = """Read-only exposure scanner for the FTP, FTPS and SFTP servers that your team owns.

Data goes to standard output, everything else to standard error.

Exit codes: 0 nothing found; 1 findings at or above --fail-on; 2 invalid input, nothing was
scanned; 3 incomplete; 4 a delivery failed; 70 a fault of the scanner; 75 another run holds the
lock; 130 or 143 interrupted.
"""


def start(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command, by default with the process's arguments, and exit with its code."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that lacks a character is shown its escape: output never fails for that.
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="backslashreplace")
    typer.main.get_command(application())(args=arguments, prog_name="scan")
    raise SystemExit(0)


def application() -> typer.Typer:
    """Return the command line, built anew."""
    settings: dict[str, bool] = {"debug": False}
    app = typer.Typer(
        help=_ABOUT,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @app.callback()
    def root(
        version: Annotated[  # noqa: ARG001 - its callback has printed it and left
            bool,
            typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
        ] = False,
        debug: Annotated[
            bool,
            typer.Option("--debug", envvar="SCANNER_DEBUG", help="Show tracebacks of own faults."),
        ] = False,
    ) -> None:
        settings["debug"] = debug

    at_work = (host, run, worker, status, cancel, deliver, drill, locate, demo)
    on_papers = (validate, assess, merge, checks, explain, schema, template)
    for work in (*at_work, *on_papers):
        app.command(work.__name__)(_guarded(work, settings))
    group = typer.Typer(help=policy.ABOUT, no_args_is_help=True, rich_markup_mode=None)
    group.command("make")(_guarded(policy.make, settings))
    group.command("list")(_guarded(policy.listed, settings))
    group.command("show")(_guarded(policy.show, settings))
    app.add_typer(group, name="policy")
    return app


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"scan {__version__} (transfer-exposure-scanner)")
        raise typer.Exit


def _guarded(work: Callable[P, int], settings: dict[str, bool]) -> Callable[P, None]:
    """Turn what a command returns or raises into an exit code, before Typer sees it."""

    @wraps(work)
    def command(*args: P.args, **kwargs: P.kwargs) -> None:
        code = exit_code_of(lambda: work(*args, **kwargs), debug=settings["debug"])
        raise typer.Exit(code)

    return command
