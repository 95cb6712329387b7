"""Users that exist for one server process only, through nss_wrapper and pam_wrapper."""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.servers.ground import Ground
from tests.servers.packages import Prefix
from tests.servers.tree import FTP_UID

USERS_GROUP: Final = 60000
_SSHD_UID: Final = 60091


def _fresh_password() -> str:
    return secrets.token_hex(8)


@dataclass(frozen=True, slots=True)
class User:
    """A synthetic account. An empty password means that the server asks for none."""

    name: str
    uid: int
    password: str = field(default_factory=_fresh_password, repr=False)


def users_with(password: str) -> tuple[User, ...]:
    """Return two accounts, ``transfer`` and ``partner``, with this password or fresh ones."""
    names = (("transfer", 60001), ("partner", 60002))
    return tuple(User(name, uid, password or _fresh_password()) for name, uid in names)


def test_users() -> tuple[User, ...]:
    """Return two accounts with fresh passwords, ``transfer`` and ``partner``."""
    return users_with("")


test_users.__test__ = False  # type: ignore[attr-defined]  # not a test, whatever its name


@dataclass(frozen=True, slots=True)
class Accounts:
    """The written files, and the environment that makes one process believe in them."""

    folder: Path
    environment: Mapping[str, str]


def write_accounts(
    base: Ground,
    users: Sequence[User],
    *,
    home: Path,
    pam_service: str = "",
    anonymous: bool = True,
) -> Accounts:
    """Write passwd, group and shadow files with ``users``, and PAM files where a service asks.

    Every user's home is ``home``. The anonymous user is there under the name ``ftp``, unless
    ``anonymous`` is off: some servers let anonymous in wherever that user exists.
    """
    prefix, folder = base.prefix, base.folder / "accounts"
    folder.mkdir(mode=0o755)
    _write_names(folder, users, home, anonymous=anonymous)
    preload = [prefix.library("libnss_wrapper.so")]
    environment = {
        "NSS_WRAPPER_PASSWD": str(folder / "passwd"),
        "NSS_WRAPPER_GROUP": str(folder / "group"),
        "NSS_WRAPPER_SHADOW": str(folder / "shadow"),
        "LD_LIBRARY_PATH": ":".join(map(str, prefix.library_folders)),
    }
    if pam_service:
        preload.append(prefix.library("libpam_wrapper.so"))
        environment |= _write_pam(prefix, folder, users, pam_service)
    environment["LD_PRELOAD"] = ":".join(map(str, preload))
    return Accounts(folder, environment)


def _write_names(folder: Path, users: Sequence[User], home: Path, *, anonymous: bool) -> None:
    guest = [f"ftp:x:{FTP_UID}:{FTP_UID}::{home}:/bin/sh"] if anonymous else []
    passwd = [
        "root:x:0:0::/root:/bin/sh",
        "daemon:x:1:1::/:/usr/sbin/nologin",
        "nobody:x:65534:65534::/nonexistent:/usr/sbin/nologin",
        *guest,
        f"sshd:x:{_SSHD_UID}:65534::/run/sshd:/usr/sbin/nologin",
        *(f"{user.name}:x:{user.uid}:{USERS_GROUP}::{home}:/bin/sh" for user in users),
    ]
    group = ["root:x:0:", "daemon:x:1:", "nogroup:x:65534:", f"ftp:x:{FTP_UID}:"]
    group.append(f"members:x:{USERS_GROUP}:")
    locked = ["root", "daemon", "nobody", "ftp", "sshd"]
    shadow = [f"{name}:*:19000:0:99999:7:::" for name in locked]
    shadow += [f"{user.name}:{password_hash(user)}:19000:0:99999:7:::" for user in users]
    for name, lines in (("passwd", passwd), ("group", group), ("shadow", shadow)):
        (folder / name).write_text("\n".join(lines) + "\n", encoding="ascii")
    (folder / "shadow").chmod(0o600)


def password_hash(user: User) -> str:
    """Return the SHA-256 crypt hash of the password, empty for a blank one."""
    if not user.password:
        return ""
    done = subprocess.run(
        ["openssl", "passwd", "-5", "-stdin"],
        input=user.password,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def _write_pam(prefix: Prefix, folder: Path, users: Sequence[User], service: str) -> dict[str, str]:
    services = folder / "pam.d"
    services.mkdir()
    database = folder / "pam-passwords"
    lines = [f"{user.name}:{user.password}:{service}\n" for user in users]
    database.write_text("".join(lines), encoding="ascii")
    module = prefix.library("pam_wrapper/pam_matrix.so")
    rule = f"required {module} passdb={database}\n"
    # Without a file named "other" PAM prints a warning into the control connection.
    for name in (service, "other"):
        (services / name).write_text(
            f"auth {rule}account {rule}session required pam_permit.so\n", encoding="ascii"
        )
    return {"PAM_WRAPPER": "1", "PAM_WRAPPER_SERVICE_DIR": str(services)}
