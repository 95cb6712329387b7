"""All commands of ``scan``, put together."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import wraps
from importlib import import_module
from typing import Annotated, Any, NoReturn, ParamSpec

import typer

from scanner import __version__
from scanner.cli.exits import exit_code_of

P = ParamSpec("P")

_ALIKE = (
    *("host", "run", "worker", "status", "cancel", "deliver", "prune", "drill", "locate", "demo"),
    *("validate", "assess", "merge", "report", "diff", "history"),
    *("checks", "explain", "schema", "template"),
)
COMMANDS = {name: name for name in _ALIKE} | {"import": "import_table"}
"""The module of this package that holds each command, in a function of the module's name."""
GROUPS = {
    "policy": {"make": "make", "list": "listed", "show": "show"},
    "audit": {"verify": "verify"},
}
"""Each group of commands is a module of that name, and has the functions of its commands."""

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
    given = sys.argv[1:] if arguments is None else arguments
    command = typer.main.get_command(application(_named(given)))
    _leave_files(command)
    command(args=arguments, prog_name="scan")
    raise SystemExit(0)


def _leave_files(command: Any) -> None:
    """Look at no file while words are read: whoever opens one says in a line what is wrong."""
    for inner in getattr(command, "commands", {}).values():
        _leave_files(inner)
    for parameter in command.params:
        if getattr(parameter.type, "readable", False):
            parameter.type.readable = False


def _named(arguments: Sequence[str]) -> tuple[str, ...]:
    """Return the one command that is wanted, or all: putting together takes its time."""
    first = next((word for word in arguments if word != "--debug"), None)
    return (first,) if first in COMMANDS or first in GROUPS else (*COMMANDS, *GROUPS)


def application(commands: Sequence[str] = (*COMMANDS, *GROUPS)) -> typer.Typer:
    """Return the command line, built anew, with these commands and groups of commands."""
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

    for name in commands:
        if name in GROUPS:
            app.add_typer(_group(name, settings), name=name)
            continue
        module = COMMANDS[name]
        app.command(name)(_guarded(_loaded(module, module), settings))
    return app


def _group(name: str, settings: dict[str, bool]) -> typer.Typer:
    about = _loaded(name, "ABOUT")
    group = typer.Typer(help=about, no_args_is_help=True, rich_markup_mode=None)
    for command, function in GROUPS[name].items():
        group.command(command)(_guarded(_loaded(name, function), settings))
    return group


def _loaded(module: str, name: str) -> Any:
    return getattr(import_module(f"scanner.cli.{module}"), name)


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
