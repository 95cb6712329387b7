"""Writes the data types of RFC 4251 section 5."""

from __future__ import annotations

from collections.abc import Iterable


def uint32(number: int) -> bytes:
    """Return a 32-bit number."""
    return number.to_bytes(4, "big")


def string(data: bytes) -> bytes:
    """Return a string."""
    return uint32(len(data)) + data


def name_list(names: Iterable[str]) -> bytes:
    """Return a name-list."""
    return string(",".join(names).encode("ascii"))


def mpint(number: int) -> bytes:
    """Return a number that is not negative, in as few bytes as it takes."""
    return string(number.to_bytes(number.bit_length() // 8 + 1, "big") if number else b"")
