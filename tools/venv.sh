#!/usr/bin/env bash
# Make .venv and install the package into it, at the versions of constraints.txt.
#
#   tools/venv.sh        what the command `scan` needs
#   tools/venv.sh dev    that, and what the tests and the linters need
#
# PYTHON names the interpreter (python3 by default; 3.11 or later).
set -euo pipefail
cd "$(dirname "$0")/.."

python=${PYTHON:-python3}
wanted=${1:-package}
export PIP_DISABLE_PIP_VERSION_CHECK=1
# The build backend is pinned as well: older pips read the first name, newer ones the second.
export PIP_CONSTRAINT=$PWD/constraints.txt PIP_BUILD_CONSTRAINT=$PWD/constraints.txt

refuse() {
    echo "$1" >&2
    exit 1
}

# Debian ships Python without ensurepip; there are three ways round it.
make_venv() {
    if "$python" -c 'import ensurepip' 2>/dev/null; then
        "$python" -m venv --clear .venv
    elif [ "$(id -u)" = 0 ] && [ "$(command -v "$python")" -ef /usr/bin/python3 ] &&
        tools/apt.sh python3-venv; then
        "$python" -m venv --clear .venv
    elif "$python" -c 'import virtualenv' 2>/dev/null; then
        "$python" -m virtualenv --quiet --clear .venv
    elif "$python" -c 'import pip' 2>/dev/null; then
        "$python" -m pip install --quiet --upgrade --target .cache/virtualenv virtualenv
        PYTHONPATH=.cache/virtualenv "$python" -m virtualenv --quiet --clear .venv
    else
        refuse "$python can't make a virtual environment: install python3-venv, or run this as root"
    fi
}

command -v "$python" >/dev/null || refuse "there is no $python: install Python 3.11 or later, or set PYTHON"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    refuse "$("$python" --version) is too old: Python 3.11 or later is needed; set PYTHON to one"

# A folder that was moved or whose interpreter is gone is made anew.
if ! .venv/bin/python -c '
import pathlib, sys
sys.exit(pathlib.Path(sys.prefix).resolve() != pathlib.Path(".venv").resolve())' 2>/dev/null ||
    ! .venv/bin/python -c 'import pip' 2>/dev/null; then
    make_venv
fi

case $wanted in
    package) .venv/bin/python -m pip install --quiet --editable . ;;
    dev) .venv/bin/python -m pip install --quiet --editable . --requirement requirements-dev.txt ;;
    *) refuse "usage: tools/venv.sh [dev]" ;;
esac

# Workers that look into files write nothing, no bytecode either: they would compile at each start.
.venv/bin/python -m compileall -q scanner
