"""How commands end: exit codes, and the last words on standard error."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from enum import IntEnum

from scanner import __version__
from scanner.cli.console import note
from scanner.errors import InputError, LockedError, ScannerError


class ExitCode(IntEnum):
    """What ``scan`` tells whoever started it. ``sysexits.h`` lends the high numbers."""

    OK = 0
    FINDINGS = 1
    USAGE = 2
    INCOMPLETE = 3
    UNDELIVERED = 4
    OWN_FAULT = 70
    LOCKED = 75
    INTERRUPTED = 130
    TERMINATED = 143


def exit_code_of(work: Callable[[], int], *, debug: bool) -> int:
    """Do ``work`` and return its exit code, or that of the fault it ran into."""
    if debug:
        _tell_logs()
    try:
        return work()
    except LockedError as error:
        note(str(error) or "another run holds the lock")
        return ExitCode.LOCKED
    except InputError as error:
        for problem in error.problems:
            note(problem)
        return ExitCode.USAGE
    except ScannerError as error:
        note(str(error))
        return ExitCode.USAGE
    except KeyboardInterrupt:
        note("interrupted")
        return ExitCode.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - whatever is left is our own fault, and says so
        _own_fault(error, debug=debug)
        return ExitCode.OWN_FAULT


def _tell_logs() -> None:
    """Send what libraries log to standard error, made safe."""
    import logging  # noqa: PLC0415 - only for whoever debugs

    class Teller(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            for line in self.format(record).splitlines():
                note(line)

    logging.getLogger().addHandler(Teller(logging.WARNING))


def concluded(code: int, interrupted: int) -> int:
    """Return the exit code of a scan that came to an end: a signal goes before its own code.

    Says so when the scanner itself failed somewhere.
    """
    if code == ExitCode.OWN_FAULT:
        note("a fault of the scanner left something undecided (BUG): please report it")
    return interrupted or code


def _own_fault(error: Exception, *, debug: bool) -> None:
    """Say what broke and where: never the message, which may quote what must not be shown."""
    if debug:
        for line in "".join(traceback.format_exception(error)).splitlines():
            note(line)
    if isinstance(error, OSError) and error.strerror:
        place = f": {error.filename}" if error.filename else ""
        note(f"the system refused: {error.strerror}{place}")
        return
    hint = "" if debug else "; SCANNER_DEBUG=1 shows the traceback"
    note(
        f"this is a fault of the scanner: {type(error).__name__} in {_where(error)}, version"
        f" {__version__}. Please report this line to its maintainers{hint}"
    )


def _where(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/scanner/" in frame.filename] or frames
    if not ours:
        return "an unknown place"
    last = ours[-1]
    return f"{'/'.join(last.filename.split('/')[-3:])}:{last.lineno}"
