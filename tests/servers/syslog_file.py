"""Make one process write its syslog messages into a file of the test.

Pure-FTPd tells of received commands through syslog(3) alone, and a test machine has no log
daemon, nor may two servers share one. A preloaded library of a few lines answers syslog(3).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.servers.packages import PackagesUnavailableError, exclusive, location

_SOURCE: Final = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int target = -1;
static char sender[64];
static char place[4096];
static int dated;

/* Opened before the program changes its root, on a number that it will not reuse. */
static void open_target(void) {
    int opened = place[0] ? open(place, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (opened >= 0) {
        target = fcntl(opened, F_DUPFD_CLOEXEC, 700);
        close(opened);
    }
}

/* Read at once: sshd gives a session an environment without them. */
__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("SYSLOG_FILE");
    if (path) strncpy(place, path, sizeof place - 1);
    dated = getenv("SYSLOG_HEADER") != NULL;
    open_target();
}

/* What a log daemon writes before each message (RFC 3164 section 4.1), where it is wanted. */
static int header(char *line, size_t size) {
    char stamp[32];
    struct tm moment;
    time_t now = time(NULL);
    if (!dated) return 0;
    gmtime_r(&now, &moment);
    strftime(stamp, sizeof stamp, "%b %e %H:%M:%S", &moment);
    return snprintf(line, size, "%s files %s[%d]: ", stamp, sender, (int)getpid());
}

void vsyslog(int priority, const char *format, va_list arguments) {
    char line[4096];
    int length = header(line, sizeof line - 1);
    int more = vsnprintf(line + length, sizeof line - 1 - length, format, arguments);
    (void)priority;
    if (more < 0) return;
    length += more;
    if (length > (int)sizeof line - 2) length = (int)sizeof line - 2;
    for (int i = 0; i < length; i++)
        if (line[i] == '\n' || line[i] == '\r') line[i] = '?';
    line[length] = '\n';
    if (write(target, line, (size_t)length + 1) >= 0) return;
    open_target(); /* sshd closes what it does not know */
    if (write(target, line, (size_t)length + 1) < 0) return;
}

void __vsyslog_chk(int priority, int flag, const char *format, va_list arguments) {
    (void)flag;
    vsyslog(priority, format, arguments);
}

void syslog(int priority, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsyslog(priority, format, arguments);
    va_end(arguments);
}

void __syslog_chk(int priority, int flag, const char *format, ...) {
    va_list arguments;
    (void)flag;
    va_start(arguments, format);
    vsyslog(priority, format, arguments);
    va_end(arguments);
}

void openlog(const char *identity, int option, int facility) {
    (void)option; (void)facility;
    if (identity) strncpy(sender, identity, sizeof sender - 1);
}

void closelog(void) {}
"""


def syslog_to(
    file: Path, environment: Mapping[str, str], *, header: bool = False
) -> dict[str, str]:
    """Return ``environment`` extended so that the process logs to ``file``.

    With ``header`` each line begins as a log daemon writes it: date in UTC without a year, host,
    program and process.

    Raises PackagesUnavailableError where there is no C compiler to build the library with.
    """
    preload = [str(_library()), environment.get("LD_PRELOAD", "")]
    return {
        **environment,
        "LD_PRELOAD": ":".join(filter(None, preload)),
        "SYSLOG_FILE": str(file),
        **({"SYSLOG_HEADER": "yes"} if header else {}),
    }


def _library() -> Path:
    base = location()
    digest = hashlib.sha256(_SOURCE.encode()).hexdigest()[:12]
    library = base / f"syslog-file-{digest}.so"
    if library.exists():
        return library
    with exclusive(base):
        if not library.exists():
            _compile(library)
    return library


def _compile(library: Path) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        message = "reading Pure-FTPd's command log needs a C compiler (cc), and there is none"
        raise PackagesUnavailableError(message)
    partial = library.with_suffix(f".{os.getpid()}")
    command = [compiler, "-shared", "-fPIC", "-O1", "-x", "c", "-", "-o", str(partial)]
    subprocess.run(command, input=_SOURCE.encode(), check=True, capture_output=True)
    partial.rename(library)
