#!/usr/bin/env bash
# Install those of the named Debian packages that are missing. Needs root only if one is.
#
#   tools/apt.sh openssl gcc
set -euo pipefail

missing=()
for name in "$@"; do
    status=$(dpkg-query --show --showformat='${Status}' "$name" 2>/dev/null || true)
    [ "$status" = 'install ok installed' ] || missing+=("$name")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "missing: ${missing[*]}; install them, or run this as root on Debian" >&2
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
fetch() {
    apt-get install --quiet --quiet --yes --no-install-recommends "${missing[@]}" </dev/null >/dev/null
}
# The lists of a fresh machine are empty, and those of an old one name versions since replaced.
fetch || { apt-get update --quiet --quiet >/dev/null && fetch; }
