"""A place in bytes that moves as they are read; reading beyond their end is an error."""

from __future__ import annotations


class EndError(ValueError):
    """The bytes end before what was to be read, or say more than they can hold."""


class Cursor:
    """Reads bytes from the left. Every read moves on or raises ``EndError``."""

    __slots__ = ("at", "data")

    def __init__(self, data: bytes, at: int = 0) -> None:
        if at < 0:
            raise EndError
        self.data = data
        self.at = at

    @property
    def left(self) -> int:
        """How many bytes are still to be read."""
        return len(self.data) - self.at

    def byte(self) -> int:
        """Read one byte."""
        if self.at >= len(self.data):
            raise EndError
        self.at += 1
        return self.data[self.at - 1]

    def take(self, length: int) -> bytes:
        """Read ``length`` bytes."""
        if not 0 <= length <= self.left:
            raise EndError
        self.at += length
        return self.data[self.at - length : self.at]

    def little(self, width: int) -> int:
        """Read a number of ``width`` bytes, the lowest first."""
        return int.from_bytes(self.take(width), "little")

    def big(self, width: int) -> int:
        """Read a number of ``width`` bytes, the highest first."""
        return int.from_bytes(self.take(width), "big")

    def varint(self) -> int:
        """Read a number of seven bits a byte, the lowest first (LEB128), of 64 bits at most."""
        value = 0
        for shift in range(0, 70, 7):
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if not byte & 0x80:
                return value
        raise EndError
