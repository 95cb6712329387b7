from __future__ import annotations

import pytest
from typer.testing import CliRunner

from scanner import __version__
from scanner.cli.app import application
from tests.cli.shell import python, scan

COMMANDS = (
    "host", "run", "validate", "assess", "report", "locate", "checks", "explain", "schema", "template",
    "demo", "policy", "merge", "worker", "status", "cancel",
)  # fmt: skip

FORBIDDEN = (
    "aioftp",
    "asyncssh",
    "paramiko",
    "cryptography",
    "jsonschema",
    "cattrs",
    "rich",
    "uvloop",
    "asyncio",
    "ssl",
    "scanner.api",
    "scanner.checks",
    "scanner.engine",
    "scanner.model.finding",
)


def test_help_names_every_command() -> None:
    result = CliRunner().invoke(application(), ["--help"])
    assert result.exit_code == 0
    assert all(f"\n  {command} " in result.output for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_whole(command: str) -> None:
    result = CliRunner().invoke(application(), [command, "--help"])
    assert result.exit_code == 0
    assert f" {command} [OPTIONS]" in result.output
    listed = CliRunner().invoke(application(), ["--help"]).output
    assert "..." not in listed.split("Commands:")[1]


def test_help_imports_nothing_that_it_does_not_need() -> None:
    told = python(
        "-c",
        "import sys\n"
        "from scanner.cli.app import start\n"
        "try:\n"
        "    start(['--help'])\n"
        "except SystemExit:\n"
        "    print('LOADED', *sorted(sys.modules), file=sys.stderr)\n",
    )
    loaded = told.stderr.split("LOADED", 1)[1].split()
    assert "scanner.cli.host" in loaded
    assert [name for name in FORBIDDEN if name in loaded] == []


@pytest.mark.parametrize(
    ("arguments", "loaded"),
    [
        (("host", "-h"), {"host"}),
        (("--debug", "policy", "list", "-h"), {"policy"}),
        (("-h", "host"), set(COMMANDS)),
        (("nonsense", "host"), set(COMMANDS)),
    ],
)
def test_a_command_is_put_together_without_the_others(
    arguments: tuple[str, ...], loaded: set[str]
) -> None:
    told = python(
        "-c",
        "import sys\n"
        "from scanner.cli.app import start\n"
        "try:\n"
        f"    start({list(arguments)!r})\n"
        "except SystemExit:\n"
        "    print('LOADED', *sorted(sys.modules), file=sys.stderr)\n",
    )
    modules = set(told.stderr.split("LOADED", 1)[1].split())
    assert {name for name in COMMANDS if f"scanner.cli.{name}" in modules} == loaded


def test_a_process_that_ends_looks_for_no_garbage() -> None:
    told = python(
        "-c",
        "import atexit, gc, sys\n"
        "atexit.register(lambda: print('FROZEN', gc.get_freeze_count(), file=sys.stderr))\n"
        "sys.argv = ['scan', '--version']\n"
        "from scanner.cli import main\n"
        "main()\n",
    )
    assert int(told.stderr.split("FROZEN", 1)[1]) > 1_000


def test_worker_processes_need_no_command_line() -> None:
    told = python("-c", "import sys, scanner.cli; print('typer' in sys.modules)")
    assert told.stdout == "False\n"


def test_version_is_printed_on_standard_output() -> None:
    told = scan("--version")
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout == f"scan {__version__} (transfer-exposure-scanner)\n"


def test_no_command_is_a_usage_error() -> None:
    told = scan()
    assert (told.returncode, told.stdout) == (2, "")
    assert "Usage: scan" in told.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("host",),
        ("host", "ftp.example.org", "--no-such-option"),
        ("host", "ftp.example.org", "--protocol", "gopher"),
        ("run", "targets.json", "--fail-on", "grave"),
        ("run", "targets.json", "--keep", "0"),
    ],
)
def test_usage_errors_go_to_standard_error_and_exit_2(arguments: tuple[str, ...]) -> None:
    told = scan(*arguments)
    assert (told.returncode, told.stdout) == (2, "")
    assert "Error: " in told.stderr


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ("host", "ftp.example.org", "--format", "html"),
            "scan: --format: 'html' is not available; choose from: text, json, ndjson, ecs\n",
        ),
        (
            ("checks", "--format", "ndjson"),
            "scan: --format: 'ndjson' is not available; choose from: text, json\n",
        ),
        (
            ("run", "targets.json", "--engine", "dask"),
            "scan: --engine: 'dask' is not available; choose from: local, nats\n",
        ),
        (
            ("run", "targets.json", "--engine", "nats"),
            "scan: --engine nats and --nats URL go together\n",
        ),
        (
            ("run", "targets.json", "--shard", "5/4"),
            "scan: --shard: '5/4' is not i/n with i from 1 to n, such as 2/4\n",
        ),
        (
            ("host", "ftp://ftp.example.org"),
            "scan: 'ftp://ftp.example.org': give HOST or HOST:PORT, not a URL or a path\n",
        ),
    ],
)
def test_what_is_not_available_yet_is_refused_in_one_line(
    arguments: tuple[str, ...], line: str
) -> None:
    told = scan(*arguments)
    assert (told.returncode, told.stdout, told.stderr) == (2, "", line)
