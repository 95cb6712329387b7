"""Resolves references to secrets at the moment of use, and never shows what it finds."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from pathlib import Path

from scanner.errors import SecretError
from scanner.intake.files import FileError, opened, sized
from scanner.intake.secret_refs import parse_ref
from scanner.model.secret import Secret, SecretRef, SecretScheme
from scanner.model.target import Target, TargetsFile

__all__ = [
    "LARGEST_SECRET",
    "FileSecrets",
    "check_all",
    "check_logins",
    "parse_ref",
    "references",
]

LARGEST_SECRET = 65_536
"""Bytes of one secret at most."""

_BY_OTHERS = stat.S_IROTH | stat.S_IWOTH
_PEM = b"-----BEGIN "


class FileSecrets:
    """Resolves ``env:``, ``file:`` (relative to ``base``), ``cred:`` and ``keyring:``.

    One final line break of a secret is dropped, as editors add it; PEM text is left as it is.
    Nothing is cached: a changed secret counts from its next use.
    """

    def __init__(self, base: Path, environ: Mapping[str, str] | None = None) -> None:
        self._base = base
        self._environ = os.environ if environ is None else environ

    def resolve(self, ref: SecretRef) -> Secret:
        """Return the secret behind ``ref``; raise ``SecretError``, one line, otherwise."""
        try:
            value = self._read(ref)
        except FileError as error:
            raise SecretError(f"{ref}: {error.why}") from None
        except SecretError as error:
            raise SecretError(f"{ref}: {error}") from None
        if not value:
            raise SecretError(f"{ref}: is empty; store the secret there")
        return Secret(value)

    def _read(self, ref: SecretRef) -> bytes:
        if ref.scheme is SecretScheme.ENV:
            return self._variable(ref.name)
        if ref.scheme is SecretScheme.FILE:
            return _content(self._base / ref.name, private=True)
        if ref.scheme is SecretScheme.CRED:
            return self._credential(ref.name)
        return _from_keyring(ref.name)

    def _variable(self, name: str) -> bytes:
        value = self._environ.get(name)
        if value is None:
            raise SecretError("is not set; export this variable to the scanner")
        return os.fsencode(value)

    def _credential(self, name: str) -> bytes:
        folder = self._environ.get("CREDENTIALS_DIRECTORY")
        if not folder:
            raise SecretError(
                "CREDENTIALS_DIRECTORY is not set; run under systemd with "
                f"LoadCredential={name}:PATH"
            )
        return _content(Path(folder) / name, private=False)


def check_all(file: TargetsFile, environ: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Return one line for every reference of a file that cannot be resolved; no secret in it."""
    return _unresolved(file, references(file), environ)


def check_logins(file: TargetsFile, environ: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Return what ``check_all`` says of the accounts: the secrets that a scan itself needs."""
    logins = ((place, ref) for place, ref in references(file) if ".accounts[" in place)
    return _unresolved(file, logins, environ)


def _unresolved(
    file: TargetsFile,
    places: Iterable[tuple[str, SecretRef]],
    environ: Mapping[str, str] | None,
) -> tuple[str, ...]:
    resolver = FileSecrets(file.path.parent, environ)
    lines: list[str] = []
    for place, ref in places:
        try:
            resolver.resolve(ref)
        except SecretError as error:
            lines.append(f"{place}: {error}")
    return tuple(lines)


def references(file: TargetsFile) -> Iterator[tuple[str, SecretRef]]:
    """Yield every reference of a file with its place, such as ``targets[0].drill.test.token``."""
    for index, target in enumerate(file.targets):
        yield from _of_target(f"targets[{index}]", target)
    for index, delivery in enumerate(file.delivery):
        for key in ("token", "private_key"):
            if isinstance(ref := delivery.get(key), str):
                yield f"delivery[{index}].{key}", parse_ref(ref)


def _of_target(place: str, target: Target) -> Iterator[tuple[str, SecretRef]]:
    for index, account in enumerate(target.accounts):
        for key in ("password", "private_key", "passphrase"):
            ref: SecretRef | None = getattr(account, key)
            if ref is not None:
                yield f"{place}.accounts[{index}].{key}", ref
    if target.drill is not None:
        for key, ref in (*target.drill.tokens(), *target.drill.secrets()):
            yield f"{place}.drill.{key}", ref


def _content(path: Path, *, private: bool) -> bytes:
    """Return a secret's file; the permissions asked are those of the very file that is read."""
    with opened(path) as (stream, status):
        if private and status.st_mode & _BY_OTHERS:
            raise SecretError(f"every user of this machine can read or write it; chmod 600 {path}")
        try:
            content = stream.read(LARGEST_SECRET + 1)
        except OSError as error:
            raise SecretError(f"cannot be read: {error.strerror}") from None
    if len(content) > LARGEST_SECRET:
        raise SecretError(f"is larger than {sized(LARGEST_SECRET)}; that is no secret")
    return _without_line_break(content)


def _without_line_break(content: bytes) -> bytes:
    if content.startswith(_PEM):
        return content
    return content.removesuffix(b"\n").removesuffix(b"\r")


def _from_keyring(name: str) -> bytes:
    service, _, user = name.rpartition("/")
    try:
        keyring = import_module("keyring")
    except ImportError:
        raise SecretError(
            "the keyring package is not installed; pip install transfer-exposure-scanner[keyring]"
        ) from None
    try:
        value = keyring.get_password(service, user)
    except keyring.errors.KeyringError as error:
        raise SecretError(f"the keyring cannot be used: {type(error).__name__}") from None
    if value is None:
        raise SecretError(f"is not in the keyring; keyring set '{service}' '{user}'")
    return str(value).encode()
