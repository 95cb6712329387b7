"""Credentials by reference: the reference travels, the secret does not."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from scanner.model.frozen import dataclass


class SecretScheme(StrEnum):
    """Where a secret is kept."""

    ENV = "env"
    FILE = "file"
    CRED = "cred"
    KEYRING = "keyring"


@dataclass(frozen=True, slots=True)
class SecretRef:
    """A pointer to a secret, such as ``env:LAB_PASSWORD``. Safe to print."""

    scheme: SecretScheme
    name: str

    def __str__(self) -> str:
        return f"{self.scheme}:{self.name}"


class Secret:
    """A secret in memory. Its repr and str hide it; ``reveal`` is the only way out."""

    __slots__ = ("_value",)

    def __init__(self, value: bytes) -> None:
        self._value = value

    def reveal(self) -> bytes:
        """Return the secret itself, for the one call that needs it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__


class SecretResolver(Protocol):
    """Resolves references at the moment of use."""

    def resolve(self, ref: SecretRef) -> Secret:
        """Return the secret behind ``ref``; raise ``SecretError`` when it cannot be had."""
        ...
