"""Locked, half-locked, opaque, packed and pretended files for the content benchmark.

Bodies are new for each seed; the makers of the formats without a free program are the tests' own.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from random import Random
from typing import Final

from bench.content_people import personal_samples
from bench.content_samples import Sample
from scanner.demo.generator import age_twin, openpgp_twin
from scanner.model.content import ContentState
from tests.content import builders
from tests.content.samples import EXPORT

_LOCKED: Final = frozenset({ContentState.ENCRYPTED})
_WEAK: Final = frozenset({ContentState.WEAK})
_PARTIAL: Final = frozenset({ContentState.PARTIAL})
_KEYLESS: Final = frozenset({ContentState.KEYLESS})
_OPAQUE: Final = frozenset({ContentState.OPAQUE})
_NOT_LOCKED: Final = frozenset(ContentState) - _LOCKED - _WEAK
_MAGICS: Final = (
    b"Salted__",
    b"U2FsdGVkX1",
    b"-----BEGIN AGE ENCRYPTED FILE-----\n",
    b"\x03\xd9\xa2\x9a\x67\xfb\x4b\xb5",
    b"age-encryption.org/v1\n-> X25519 AAAA\n",
    b"LUKS\xba\xbe\x00\x01",
)


def container_samples(chance: Random, each: int) -> Iterator[Sample]:
    """Yield ``each`` files of every family; ``family`` starts with what it is to be."""
    for family, (make, states) in _FAMILIES.items():
        for _ in range(each):
            yield Sample(family=family, data=make(chance), states=states)


def packed_samples(chance: Random, count: int) -> Iterator[Sample]:
    """Yield ``count`` files that are packed, or random-looking, and locked by nobody."""
    plain = [sample.data for sample in personal_samples(chance, 1)]
    for number in range(count):
        data = chance.choice(plain) + chance.randbytes(chance.randrange(1, 60)).hex().encode()
        packer = _PACKERS[number % len(_PACKERS)]
        yield Sample(family="packed", data=packer(data))


def _zipped(data: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", data)
    return stream.getvalue()


def _spoofed(chance: Random) -> bytes:
    plain = [sample.data for sample in personal_samples(chance, 1) if len(sample.data) > 2000]
    return chance.choice(_MAGICS) + b"\n" + chance.choice(plain)


def _body(chance: Random) -> bytes:
    return chance.randbytes(chance.randrange(3000, 40_000))


def _openssl(chance: Random) -> bytes:
    body = _body(chance)
    return b"Salted__" + body[: len(body) // 16 * 16]


def _sops(chance: Random, more: str = "") -> bytes:
    values = {f"k{at}": builders.sops_value(0, chance.randbytes(40)) for at in range(9)}
    return builders.sops_yaml({**values, **({"host_unencrypted": more} if more else {})})


_PACKERS: Final[tuple[Callable[[bytes], bytes], ...]] = (
    gzip.compress,
    bz2.compress,
    lzma.compress,
    zlib.compress,
    _zipped,
)
_PLAIN_MEMBER: Final = (b"b.csv", EXPORT, False)
_FAMILIES: Final[dict[str, tuple[Callable[[Random], bytes], frozenset[ContentState]]]] = {
    "locked age": (lambda chance: age_twin(_body(chance), chance.randrange(9999)), _LOCKED),
    "locked openpgp": (lambda chance: openpgp_twin(_body(chance), chance.randrange(9999)), _LOCKED),
    "locked openssl": (_openssl, _LOCKED),
    "locked rar4": (lambda chance: builders.rar4([(b"a", _body(chance), True)]), _LOCKED),
    "locked rar5": (lambda chance: builders.rar5([(b"a", _body(chance), True)]), _LOCKED),
    "locked rar14": (lambda chance: builders.rar14([(b"a", _body(chance), True)]), _WEAK),
    "locked parquet": (lambda chance: builders.parquet([True, True], body=_body(chance)), _LOCKED),
    "locked ansible": (lambda chance: builders.ansible(_body(chance)), _LOCKED),
    "locked jwe": (lambda chance: builders.jwe(_body(chance)), _LOCKED),
    "locked sops": (_sops, _LOCKED),
    "locked xmlenc": (lambda chance: builders.xmlenc(_body(chance)), _LOCKED),
    "locked kdbx": (lambda chance: builders.kdbx(_body(chance)), _LOCKED),
    "locked bitlocker": (lambda _: builders.bitlocker([0x2000, 0x0800]), _LOCKED),
    "partial rar5": (
        lambda chance: builders.rar5([(b"a", _body(chance), True), _PLAIN_MEMBER]),
        _PARTIAL,
    ),
    "partial parquet": (lambda chance: builders.parquet([True, False], body=_body(chance)),
                        _PARTIAL),
    "partial sops": (lambda chance: _sops(chance, "a.example.test"), _PARTIAL),
    "keyless bitlocker": (lambda _: builders.bitlocker([0x2000, 0]), _KEYLESS),
    "opaque volume": (lambda chance: chance.randbytes(512 * chance.randrange(20, 400)), _OPAQUE),
    "opaque bytes": (lambda chance: chance.randbytes(chance.randrange(5000, 99_999)), _OPAQUE),
    "spoofed": (_spoofed, _NOT_LOCKED),
}  # fmt: skip
