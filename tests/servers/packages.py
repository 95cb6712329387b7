"""Fetch the real server programs from Debian packages into a private prefix.

The four FTP daemons conflict with one another as packages, so they are never installed:
each package is downloaded with apt and unpacked beside the others, and nothing outside
the prefix is touched. ``python -m tests.servers.packages`` does it ahead of a test run.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

LOCATION_VARIABLE: Final = "SCANNER_TEST_SERVERS"
_REPOSITORY: Final = Path(__file__).resolve().parents[2]
_APT_SECONDS: Final = 300

PACKAGES: Final = (
    # The servers.
    "vsftpd",
    "proftpd-core",
    "proftpd-mod-crypto",
    "pure-ftpd",
    "inetutils-ftpd",
    "openssh-server",
    "openssh-sftp-server",
    "dropbear-bin",
    "tinysshd",
    # ssh-keygen and dropbearconvert make the host keys that Python no longer makes.
    "openssh-client",
    # A name service that publishes what it is told to.
    "dnsmasq-base",
    # A log daemon, to send what servers log on its way to an alert, and to receive events.
    "rsyslog",
    "rsyslog-openssl",
    # The broker between a coordinator and its workers.
    "nats-server",
    # Users and passwords that exist for one process only.
    "libnss-wrapper",
    "libpam-wrapper",
    # What makes encrypted files for the tests of content.
    "age",
    "7zip",
    "qpdf",
    "sqlcipher",
    "cryptsetup-bin",
    "scrypt",
    "mcrypt",
    "git-crypt",
    "zstd",
    "ccrypt",
    # What makes encrypted trees.
    "gocryptfs",
    "restic",
    "rclone",
    "borgbackup",
    "python3-msgpack",
    "python3-packaging",
    # Shared libraries that a small Debian lacks.
    "libfuse2",
    "libxxhash0",
    "libcryptsetup12",
    "libmcrypt4",
    "libmhash2",
    "libpopt0",
    "libqpdf29",
    "libjpeg62-turbo",
    "libsqlcipher0",
    "libreadline8",
    "libestr0",
    "libfastjson4",
    "liblognorm5",
    "libhashkit2",
    "libhiredis0.14",
    "libjansson4",
    "libmemcached11",
    "libmemcachedutil2",
    "libmnl0",
    "libnetfilter-conntrack3",
    "libnfnetlink0",
    "libnftables1",
    "libnftnl11",
    "libpcre2-8-0",
    "libpcre2-posix3",
    "libsodium23",
    "libtomcrypt1",
    "libtommath1",
    "libwrap0",
    "libxtables12",
)


class PackagesUnavailableError(RuntimeError):
    """The server programs can't be had on this machine; the message says why."""


@dataclass(frozen=True, slots=True)
class Prefix:
    """The unpacked packages. Its tree is only read after :func:`unpack` returned it."""

    root: Path

    def program(self, name: str) -> Path:
        """Return the full path of the server or tool ``name``.

        Raises PackagesUnavailableError where no unpacked package holds it.
        """
        for folder in ("usr/sbin", "usr/bin", "usr/lib/openssh", "sbin"):
            path = self.root / folder / name
            if path.exists():
                return path
        message = f"no unpacked package holds the program {name!r} below {self.root}"
        raise PackagesUnavailableError(message)

    def library(self, pattern: str) -> Path:
        """Return the one library file that matches ``pattern``, such as ``libnss_wrapper.so``.

        Raises PackagesUnavailableError where no unpacked package holds it.
        """
        for path in sorted(self.root.glob(f"usr/lib/*/{pattern}")):
            return path
        message = f"no unpacked package holds the library {pattern!r} below {self.root}"
        raise PackagesUnavailableError(message)

    @property
    def library_folders(self) -> tuple[Path, ...]:
        """The folders for ``LD_LIBRARY_PATH``."""
        folders = (*self.root.glob("usr/lib/*-linux-*"), *self.root.glob("lib/*-linux-*"))
        return tuple(path for path in sorted(folders) if path.is_dir())

    @property
    def proftpd_modules(self) -> Path:
        """The folder of ProFTPD's loadable modules."""
        return self.root / "usr/lib/proftpd"


def location() -> Path:
    """Return the folder that holds the prefix: $SCANNER_TEST_SERVERS or .cache/servers."""
    named = os.environ.get(LOCATION_VARIABLE)
    return Path(named).resolve() if named else _REPOSITORY / ".cache" / "servers"


def unpack(folder: Path | None = None, names: tuple[str, ...] = PACKAGES) -> Prefix:
    """Return the unpacked packages, fetching them on the first call for this list of names.

    Safe to call from several processes at once, and immediate once the prefix is there.
    Raises PackagesUnavailableError where apt is missing or can't deliver.
    """
    base = folder or location()
    root = base / f"root-{_fingerprint(names)}"
    if root.is_dir():
        return Prefix(root)
    with exclusive(base):
        if not root.is_dir():  # another process may have finished while we waited
            _build(base, root, names)
    return Prefix(root)


@contextmanager
def exclusive(base: Path) -> Iterator[None]:
    """Hold the lock of ``base`` among all processes of this machine."""
    base.mkdir(parents=True, exist_ok=True)
    with (base / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fingerprint(names: tuple[str, ...]) -> str:
    return hashlib.sha256("\n".join(names).encode()).hexdigest()[:12]


def _build(base: Path, root: Path, names: tuple[str, ...]) -> None:
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            message = (
                f"the test servers come from Debian packages, and there is no {tool} here; "
                f"point {LOCATION_VARIABLE} at a folder that was filled on another machine"
            )
            raise PackagesUnavailableError(message)
    work = base / "partial"
    shutil.rmtree(work, ignore_errors=True)  # the remains of a fetch that was cut short
    archives, tree = work / "archives", work / "root"
    archives.mkdir(parents=True)
    tree.mkdir()
    _download(archives, work, names)
    for archive in sorted(archives.glob("*.deb")):
        _run(["dpkg-deb", "-x", str(archive), str(tree)], cwd=work)
    tree.chmod(0o755)
    tree.rename(root)  # atomic: whoever sees the folder sees all of it
    shutil.rmtree(work)


def _download(archives: Path, work: Path, names: tuple[str, ...]) -> None:
    options = _apt_options(work)
    fetch = ["apt-get", *options, "download", "-q", *names]
    try:
        _run(fetch, cwd=archives)
    except PackagesUnavailableError:
        # No package lists yet, or lists that name versions since replaced.
        _run(["apt-get", *options, "update", "-q"], cwd=archives)
        _run(fetch, cwd=archives)


def _apt_options(work: Path) -> list[str]:
    # apt's own unprivileged user may not enter a private checkout.
    options = ["-o", "APT::Sandbox::User=root"]
    if os.geteuid() == 0:
        return options
    # Only root may write the system's package lists: keep a private copy.
    for name in ("state/lists/partial", "cache/archives/partial"):
        (work / name).mkdir(parents=True)
    state = [f"Dir::State={work / 'state'}", f"Dir::Cache={work / 'cache'}"]
    state.append("Dir::State::status=/var/lib/dpkg/status")
    return options + [word for value in state for word in ("-o", value)]


def _run(command: list[str], *, cwd: Path) -> None:
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_APT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        message = f"{command[0]} did not finish within {_APT_SECONDS} s"
        raise PackagesUnavailableError(message) from late
    if done.returncode != 0:
        last = "\n".join((done.stdout + done.stderr).strip().splitlines()[-6:])
        message = f"{' '.join(command[:4])} ... failed with {done.returncode}:\n{last}"
        raise PackagesUnavailableError(message)


def main() -> int:
    """Fetch and unpack, and print where the programs are."""
    try:
        prefix = unpack()
    except PackagesUnavailableError as fault:
        sys.stderr.write(f"{fault}\n")
        return 1
    sys.stdout.write(f"{prefix.root}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
