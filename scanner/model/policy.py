"""What a team allows its SSH servers to offer."""

from __future__ import annotations

from scanner.model.frozen import dataclass

Names = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SshPolicy:
    """An algorithm policy. A list or size that is ``None`` is not judged.

    ``made`` is a date as 2026-12-31, ``origin`` says where the policy comes from. ``rsa_bits`` is
    the size of RSA host keys and ``dh_bits`` that of the smallest group of a group exchange: the
    least where larger keys are allowed, else the very size. ``methods`` are those of RFC 4252.
    With ``allow_subset`` a server may offer less than a list. With ``ordered`` it must also offer
    it in this order.
    """

    name: str
    version: str
    made: str
    origin: str
    kex: Names | None = None
    host_key: Names | None = None
    ciphers: Names | None = None
    macs: Names | None = None
    compression: Names | None = None
    methods: Names | None = None
    rsa_bits: int | None = None
    dh_bits: int | None = None
    allow_subset: bool = True
    allow_larger_keys: bool = True
    ordered: bool = False
