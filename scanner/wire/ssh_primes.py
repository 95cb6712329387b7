"""The primes of the fixed Diffie-Hellman groups (RFC 2409 section 6.2, RFC 3526).

Each is ``2^n - 2^(n-64) - 1 + 2^64 * (floor(2^(n-130) * pi) + c)``: reckoned from its ``c``.
"""

from __future__ import annotations

from functools import cache

_ADDED = {1024: 129_093, 2048: 124_476, 4096: 240_904, 8192: 4_743_158}
"""``c`` of groups 2 (which SSH calls group 1), 14, 16 and 18."""

_GUARD = 64


@cache
def prime(bits: int) -> int:
    """Return the prime of ``bits`` bits: 1024, 2048, 4096 or 8192."""
    middle = _pi(bits - 130) + _ADDED[bits]
    return (1 << bits) - (1 << bits - 64) - 1 + (middle << 64)


def _pi(bits: int) -> int:
    """Return pi times two to the ``bits``, rounded down, by Machin's formula."""
    scale = 1 << bits + _GUARD
    return 4 * (4 * _arctan_of_inverse(5, scale) - _arctan_of_inverse(239, scale)) >> _GUARD


def _arctan_of_inverse(number: int, scale: int) -> int:
    term = total = scale // number
    divisor, sign = 3, -1
    while term:
        term //= number * number
        total += sign * (term // divisor)
        divisor, sign = divisor + 2, -sign
    return total
