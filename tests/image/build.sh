#!/usr/bin/env bash
# Build the Dockerfile without a container engine or an image registry, as root on Debian:
# buildah with chroot isolation, on a base image made of Debian's own packages.
#
#   tests/image/build.sh WORK NAME
#
# WORK keeps the base and the storage (its storage.conf serves later buildah calls); NAME is what
# the image is called. Not shown this way: the official base image, the network of an engine,
# a read-only root, dropped capabilities.
set -euo pipefail
cd "$(dirname "$0")/../.."

work=$(realpath -m "$1")
name=$2
suite=trixie # its Python is the one that the Dockerfile names
base=localhost/python-base:$suite

[ "$(id -u)" = 0 ] || { echo 'building the image takes root' >&2; exit 1; }
tools/apt.sh buildah debootstrap
mkdir -p "$work"
printf '[storage]\ndriver = "vfs"\ngraphroot = "%s/graph"\nrunroot = "%s/run"\n' "$work" "$work" \
    >"$work/storage.conf"
export CONTAINERS_STORAGE_CONF=$work/storage.conf BUILDAH_ISOLATION=chroot

# The base: what python:*-slim-* offers, from Debian's packages. Kept between runs.
if [ ! -s "$work/base.tar" ]; then
    rm -rf --one-file-system "$work/rootfs"
    debootstrap --variant=minbase --include=ca-certificates,python3,python3-venv,python3-pip \
        "$suite" "$work/rootfs" >"$work/debootstrap.log" 2>&1 ||
        { tail -5 "$work/debootstrap.log" >&2; exit 1; }
    ln -sf ../../bin/python3 "$work/rootfs/usr/local/bin/python"
    tar -C "$work/rootfs" -cf "$work/base.tar.part" .
    mv "$work/base.tar.part" "$work/base.tar"
    rm -rf --one-file-system "$work/rootfs"
fi

# How this machine's pip reaches its index goes into the base, which never leaves the machine.
settings=$(mktemp -d)
trap 'rm -rf "$settings"' EXIT
authorities=${PIP_CERT:-${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}}
mkdir -p "$settings/etc/ssl/certs"
cp "$authorities" "$settings/etc/ssl/certs/ca-certificates.crt"
index=${PIP_INDEX_URL:-$(python3 -m pip config get global.index-url 2>/dev/null || true)}
{
    printf '[global]\ncert = /etc/ssl/certs/ca-certificates.crt\n'
    [ -z "$index" ] || printf 'index-url = %s\n' "$index"
} >"$settings/etc/pip.conf"
chmod -R u=rwX,go=rX "$settings"

buildah rm --all >/dev/null
buildah rmi --all --force >/dev/null 2>&1 || true
container=$(buildah from scratch)
buildah add --quiet "$container" "$work/base.tar" / >/dev/null
buildah add --quiet "$container" "$settings" / >/dev/null
buildah config --env PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin "$container"
buildah commit --quiet --rm "$container" "$base" >/dev/null
buildah build --pull-never --format docker --build-arg "PYTHON_IMAGE=$base" --tag "$name" .
