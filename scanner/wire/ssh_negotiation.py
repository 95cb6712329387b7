"""Which algorithms two sides agree on (RFC 4253 section 7.1), and how we say what we want."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from scanner.model.frozen import dataclass
from scanner.model.ssh import KexInit
from scanner.wire.ssh_ciphers import CIPHERS, MACS
from scanner.wire.ssh_fields import name_list
from scanner.wire.ssh_kex import KEY_EXCHANGES
from scanner.wire.ssh_packets import Message

STRICT_SERVER = "kex-strict-s-v00@openssh.com"
_STRICT_CLIENT = "kex-strict-c-v00@openssh.com"
_TELL_EXTENSIONS = "ext-info-c"
_NO_MAC = ""


@dataclass(frozen=True, slots=True)
class Agreement:
    """What is to be used. A MAC is empty where its cipher needs none."""

    kex: str
    host_key: str
    cipher_in: str
    cipher_out: str
    mac_in: str
    mac_out: str
    strict: bool

    def kexinit(self, random: Callable[[int], bytes]) -> bytes:
        """Return the payload of our KEXINIT: it names what was agreed and nothing else.

        ``in`` and ``out`` of the agreement are seen from the server, as in its own KEXINIT.
        """
        kex = (self.kex, _TELL_EXTENSIONS, _STRICT_CLIENT)
        lists: tuple[Sequence[str], ...] = (
            kex,
            (self.host_key,),
            (self.cipher_in,),
            (self.cipher_out,),
            (self.mac_in or _ANY_MAC,),
            (self.mac_out or _ANY_MAC,),
            ("none",),
            ("none",),
            (),
            (),
        )
        body = b"".join(map(name_list, lists))
        return bytes([Message.KEXINIT]) + random(16) + body + bytes(5)

    def guessed(self, theirs: KexInit) -> bool:
        """Whether the server's guess, if it made one, was what was agreed (section 7)."""
        return theirs.kex[:1] == (self.kex,) and theirs.host_key[:1] == (self.host_key,)


_ANY_MAC = "hmac-sha2-256"


def agree(
    theirs: KexInit, host_keys: Sequence[str], *, first: Sequence[str] = ()
) -> Agreement | None:
    """Return what the server offers and we speak; ``None`` where some list has nothing in common.

    ``host_keys`` are the algorithms of host keys to choose from; ``first`` are key exchanges to
    prefer. Both sides must do without compression.
    """
    return _agreement(theirs, tuple(host_keys), tuple(first))


@lru_cache(maxsize=256)
def _agreement(
    theirs: KexInit, host_keys: tuple[str, ...], first: tuple[str, ...]
) -> Agreement | None:
    """Do what ``agree`` does: a fleet has few servers that differ in what they offer."""
    kex = _common((*first, *KEY_EXCHANGES), theirs.kex)
    host_key = _common(host_keys, theirs.host_key)
    cipher_in = _common(tuple(CIPHERS), theirs.ciphers_in)
    cipher_out = _common(tuple(CIPHERS), theirs.ciphers_out)
    mac_in = _mac(cipher_in, theirs.macs_in)
    mac_out = _mac(cipher_out, theirs.macs_out)
    bare = "none" in theirs.compression_in and "none" in theirs.compression_out
    if not (kex and host_key and cipher_in and cipher_out and bare):
        return None
    if mac_in is None or mac_out is None:
        return None
    strict = STRICT_SERVER in theirs.kex
    return Agreement(kex, host_key, cipher_in, cipher_out, mac_in, mac_out, strict)


def _common(ours: Sequence[str], theirs: Sequence[str]) -> str:
    offered = set(theirs)
    return next((name for name in ours if name in offered), "")


def _mac(cipher: str, theirs: Sequence[str]) -> str | None:
    if cipher and CIPHERS[cipher].aead:
        return _NO_MAC
    return _common(tuple(MACS), theirs) or None
