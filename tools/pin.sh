#!/usr/bin/env bash
# Write constraints.txt anew: what a clean environment gets today for the package, its extras,
# the build backend, requirements-dev.txt and requirements-alone.txt. Review the diff, then run everything.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${PYTHON:-python3}
export PIP_DISABLE_PIP_VERSION_CHECK=1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The oldest supported Python decides: a version that it can't install is no use as a pin.
"$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || {
    echo "pins are made with Python 3.11: set PYTHON to one" >&2
    exit 1
}
"$python" -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --editable '.[keyring,nats]' hatchling \
    --requirement requirements-dev.txt
"$work/venv/bin/python" -m pip install --quiet --no-deps --requirement requirements-alone.txt
{
    echo '# Exact versions of everything that is installed, for the package and for work on it.'
    echo '# Written by tools/pin.sh on Python 3.11; the ranges stand in pyproject.toml and'
    echo '# requirements-dev.txt and requirements-alone.txt.'
    "$work/venv/bin/python" -m pip freeze --exclude-editable
} >"$work/constraints.txt"
if grep --line-number ' @ ' "$work/constraints.txt"; then
    echo 'a pin above names a place instead of a version' >&2
    exit 1
fi
cp "$work/constraints.txt" constraints.txt
