"""What stands beside an export to prove it whole: lists of checksums, and detached signatures.

Pure and bounded: text and bytes in, facts out.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Final

from scanner.model.frozen import dataclass
from scanner.model.late import late

LARGEST_LIST: Final = 1_048_576
"""Bytes of a list of checksums that are read at most."""

SIGNATURE_BYTES: Final = 8_192
"""Bytes of a detached signature that tell what it is."""

_MOST_LINES = 10_000
_LONGEST_LINE = 4_096

_LIST_NAME = late(
    r"(?:(?:tag)?manifest-)?(?:md5|sha|sha1|sha224|sha256|sha384|sha512|b2|sha3-?(?:256|512)"
    r"|check)-?sums?(?:[._-][a-z0-9]{1,8})?(?:\.txt)?"
    r"|(?:tag)?manifest-(?:md5|sha1|sha224|sha256|sha384|sha512)\.txt",
)
_SUM_EXTENSIONS: Final = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "b2")
_LIST_EXTENSION = late(rf"\.(?:{'|'.join(_SUM_EXTENSIONS)})(?:sum)?")
_SIGNATURE_EXTENSIONS: Final = frozenset({b"asc", b"sig", b"sign", b"p7s"})
_SIDECAR_EXTENSIONS: Final = _SIGNATURE_EXTENSIONS.union(map(str.encode, _SUM_EXTENSIONS))

_GNU = late(rb"\\?([0-9A-Fa-f]{32,128})[ \t]+\*?(.+)")
_BSD = late(rb"([A-Za-z0-9/-]{2,12}) ?\((.+)\) ?= ?([0-9A-Fa-f]{32,128})")
_BARE = late(rb"[0-9A-Fa-f]{32,128}")
_BY_LENGTH: Final = {
    32: "md5",
    40: "sha1",
    56: "sha224",
    64: "sha256",
    96: "sha384",
    128: "sha512",
}
_WEAK: Final = frozenset({"md5", "sha1"})
_OTHERS: Final = {("b2", 128): "blake2b", ("sha3", 64): "sha3_256", ("sha3", 128): "sha3_512"}


@dataclass(frozen=True, slots=True)
class Checksum:
    """One line of a list: ``name`` as written, relative to the list; ``digest`` in lower-case
    hexadecimal; ``algorithm`` as ``hashlib`` calls it.
    """

    name: bytes
    algorithm: str
    digest: str

    @property
    def weak(self) -> bool:
        """Whether somebody can make another file of the same sum."""
        return self.algorithm in _WEAK


def is_checksum_list(name: bytes) -> bool:
    """Whether a file's name is that of a list of checksums, or of one file's checksum."""
    if not _may_be_sidecar(name.lower()):
        return False
    text = name.decode("latin-1").lower()
    return bool(_LIST_NAME.fullmatch(text)) or bool(_LIST_EXTENSION.fullmatch(_last(text)))


def is_signature(name: bytes) -> bool:
    """Whether a file's name is that of a detached signature."""
    stem, dot, extension = name.rpartition(b".")
    return bool(stem and dot) and extension.lower() in _SIGNATURE_EXTENSIONS


def is_sidecar(name: bytes) -> bool:
    """Whether a file stands for another one, and is no export itself."""
    lower = name.lower()
    if _may_be_sidecar(lower):
        return is_checksum_list(name) or is_signature(name)
    return lower == b"bagit.txt"


def _may_be_sidecar(lower: bytes) -> bool:
    """Take a quick look that lets every list and signature through: a tree holds many names."""
    if lower.rpartition(b".")[2] in _SIDECAR_EXTENSIONS:
        return True
    # ``in`` takes three times as long: it looks for a number first.
    return lower.find(b"sum") >= 0 or lower.find(b"manifest-") >= 0


def subject_of(name: bytes) -> bytes:
    """Return the name of the file that a ``.sha256`` or a signature stands beside."""
    return name.rpartition(b".")[0]


def _last(text: str) -> str:
    stem, dot, extension = text.rpartition(".")
    return dot + extension if stem else ""


def checksums_of(list_name: bytes, text: bytes) -> tuple[Checksum, ...]:
    """Read a list as GNU coreutils, BSD and OpenSSL write it, or one bare sum.

    A bare sum is of the file that the list is named after. Lines that say something else are
    passed over; a list of 10,000 lines is read no further.
    """
    return tuple(_read(list_name, text.removeprefix(b"\xef\xbb\xbf")))


def _read(list_name: bytes, text: bytes) -> Iterator[Checksum]:
    for raw in text.split(b"\n", _MOST_LINES)[:_MOST_LINES]:
        line = raw.strip()
        if not 0 < len(line) <= _LONGEST_LINE:
            continue
        if match := _BSD.fullmatch(line):
            yield from _sum(match[2], match[3], match[1].decode("ascii").lower())
        elif match := _GNU.fullmatch(line):
            name = _unescaped(match[2]) if line.startswith(b"\\") else match[2]
            yield from _sum(name, match[1], list_name.decode("latin-1").lower())
        elif _BARE.fullmatch(line):
            subject = subject_of(list_name)
            yield from _sum(subject, line, list_name.decode("latin-1").lower())


def _unescaped(name: bytes) -> bytes:
    return name.replace(b"\\\\", b"\0").replace(b"\\n", b"\n").replace(b"\0", b"\\")


def _sum(name: bytes, digest: bytes, hint: str) -> Iterator[Checksum]:
    algorithm = _BY_LENGTH.get(len(digest), "")
    for (word, length), other in _OTHERS.items():
        if word in hint and length == len(digest):
            algorithm = other
    if algorithm and name:
        yield Checksum(name, algorithm, digest.decode("ascii").lower())


def signature_kind(data: bytes) -> str:
    """Return what a detached signature is by its structure: ``openpgp``, ``cms``, or nothing.

    That it is one is all that is told: whose it is, and whether it fits, needs a key.
    """
    data = data.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n\t ")
    if data.startswith(b"-----BEGIN PGP SIGNATURE-----"):
        return "openpgp" if _is_openpgp(_armoured(data)) else ""
    if data.startswith((b"-----BEGIN PKCS7-----", b"-----BEGIN CMS-----")):
        return "cms" if _is_cms(_armoured(data)) else ""
    if _is_openpgp(data):
        return "openpgp"
    return "cms" if _is_cms(data) else ""


def _armoured(data: bytes) -> bytes:
    """Return the first bytes that an armour holds (RFC 9580 section 6.2)."""
    lines = data.replace(b"\r\n", b"\n").split(b"\n")[1:]
    if b"" in lines[:10]:
        lines = lines[lines.index(b"") + 1 :]
    body = b"".join(line.strip() for line in lines if line[:1] not in {b"-", b"="})[:1_024]
    try:
        return base64.b64decode(body[: len(body) // 4 * 4], validate=True)
    except binascii.Error:
        return b""


_TAG = 2
_VERSIONS = frozenset({3, 4, 5, 6})
_KINDS = frozenset(range(0x20))
"""Signature types of RFC 9580 section 5.2.1 that a file may have, and some that are reserved."""


def _is_openpgp(data: bytes) -> bool:
    """Whether the first packet is a signature (RFC 9580 sections 4.2 and 5.2)."""
    if len(data) < 8 or not data[0] & 0x80:
        return False
    if data[0] & 0x40:
        tag, header = data[0] & 0x3F, 2 if data[1] < 192 else 3 if data[1] < 224 else 6
    else:
        tag, header = (data[0] >> 2) & 0x0F, (2, 3, 5, 1)[data[0] & 3]
    body = data[header : header + 2]
    if tag != _TAG or len(body) < 2 or body[0] not in _VERSIONS:
        return False
    return body[0] == 3 or body[1] in _KINDS


_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")


def _is_cms(data: bytes) -> bool:
    """Whether it begins as a CMS ContentInfo of signed data (RFC 5652 section 3)."""
    if len(data) < 16 or data[0] != 0x30:
        return False
    header = 2 + (data[1] & 0x7F if data[1] & 0x80 else 0)
    return data[header : header + len(_SIGNED_DATA)] == _SIGNED_DATA
