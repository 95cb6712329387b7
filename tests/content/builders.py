"""Containers whose programs are not free, or not packaged: built after their documents."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from collections.abc import Mapping, Sequence

from tests.content.samples import EXPORT, RANDOM


def _checked(header: bytes) -> bytes:
    return struct.pack("<H", zlib.crc32(header) & 0xFFFF) + header


def rar4(
    members: Sequence[tuple[bytes, bytes, bool]],
    *,
    hidden: bool = False,
    version: int = 29,
    method: int = 0x30,
) -> bytes:
    """Return a RAR 4 archive of ``(name, packed bytes, locked)``."""
    main = struct.pack("<BHHHI", 0x73, 0x80 if hidden else 0, 13, 0, 0)
    data = b"Rar!\x1a\x07\x00" + _checked(main)
    if hidden:
        return data + RANDOM[:8] + b"".join(packed for _, packed, _ in members)
    for name, packed, locked in members:
        flags = 0x8000 | (4 if locked else 0)
        header = struct.pack("<BHHIIBIIBBHI", 0x74, flags, 32 + len(name), len(packed), len(packed),
                             3, 0, 0, version, method, len(name), 0o100644)  # fmt: skip
        data += _checked(header + name) + packed
    return data + _checked(struct.pack("<BHH", 0x7B, 0x4000, 7))


def _vint(number: int) -> bytes:
    data = b""
    while number > 0x7F:
        data += bytes([number & 0x7F | 0x80])
        number >>= 7
    return data + bytes([number])


def _block5(body: bytes) -> bytes:
    sized = _vint(len(body)) + body
    return struct.pack("<I", zlib.crc32(sized)) + sized


def rar5(
    members: Sequence[tuple[bytes, bytes, bool]], *, hidden: bool = False, method: int = 0
) -> bytes:
    """Return a RAR 5 archive of ``(name, packed bytes, locked)``."""
    data = b"Rar!\x1a\x07\x01\x00"
    if hidden:
        data += _block5(_vint(4) + _vint(0) + _vint(0) + _vint(0) + b"\x0f" + RANDOM[:16])
        return data + b"".join(packed for _, packed, _ in members)
    data += _block5(_vint(1) + _vint(0) + _vint(0))
    for name, packed, locked in members:
        record = _vint(1) + _vint(0) + _vint(0) + b"\x0f" + RANDOM[:44] if locked else b""
        extra = _vint(len(record)) + record if locked else b""
        body = _vint(2) + _vint(3 if locked else 2)
        body += (_vint(len(extra)) if locked else b"") + _vint(len(packed))
        body += _vint(0) + _vint(len(packed)) + _vint(0o100644) + _vint(method << 7) + _vint(1)
        data += _block5(body + _vint(len(name)) + name + extra) + packed
    return data + _block5(_vint(5) + _vint(0) + _vint(0))


def rar14(members: Sequence[tuple[bytes, bytes, bool]]) -> bytes:
    """Return an archive as RAR 1.4 wrote it."""
    data = b"RE\x7e\x5e" + struct.pack("<HB", 7, 0)
    for name, packed, locked in members:
        flags = 4 if locked else 0
        data += struct.pack(
            "<IIHHIBBBBB", len(packed), len(packed), 0, 21 + len(name), 0, 0, flags, 2, len(name), 0
        )
        data += name + packed
    return data


def _field(delta: int, kind: int, data: bytes = b"") -> bytes:
    return bytes([delta << 4 | kind]) + data


def parquet(
    chunks: Sequence[bool],
    *,
    algorithm: bool = True,
    sealed_footer: bool = False,
    body: bytes = RANDOM[:6000],
) -> bytes:
    """Return a Parquet file of one row group; ``chunks`` says which columns are sealed."""
    magic = b"PARE" if sealed_footer else b"PAR1"
    columns = b"".join(
        _field(2, 6, _vint(8))
        + (_field(6, 12, _field(1, 12, b"\x00") + b"\x00") if sealed else _field(1, 12, b"\x00"))
        + b"\x00"
        for sealed in chunks
    )
    group = _field(1, 9, bytes([len(chunks) << 4 | 12]) + columns) + _field(1, 6, b"\x02") + b"\x00"
    footer = _field(1, 5, b"\x02") + _field(1, 9, b"\x0c") + _field(1, 6, b"\x02")
    footer += _field(1, 9, b"\x1c" + group)
    footer += (_field(4, 12, _field(1, 12, b"\x00") + b"\x00") if algorithm else b"") + b"\x00"
    return magic + body + footer + struct.pack("<I", len(footer)) + magic


def access(engine: bytes, *, locked: bool, cipher: bytes = b"") -> bytes:
    """Return an Access database; ``cipher`` is an EncryptionInfo."""
    first = b"\x00\x01\x00\x00Standard " + engine + b" DB\x00" + b"\x02"
    first = first.ljust(0x299, b"\x55") + struct.pack("<H", len(cipher)) + cipher
    pages = [first.ljust(4096, b"\x00")]
    for number in range(12):
        page = RANDOM[4096 * number : 4096 * number + 4096]
        pages.append(page if locked else bytes([number % 5 + 1, 1]) + page[2:])
    return b"".join(pages)


def ansible(body: bytes, label: bytes = b"$ANSIBLE_VAULT;1.1;AES256\n") -> bytes:
    """Return an Ansible vault around these bytes."""
    inner = b"\n".join(
        (RANDOM[:32].hex().encode(), RANDOM[32:64].hex().encode(), body.hex().encode())
    )
    text = inner.hex().encode()
    return label + b"".join(text[at : at + 80] + b"\n" for at in range(0, len(text), 80))


def url64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def jwe(body: bytes, header: Mapping[str, str] | None = None) -> bytes:
    """Return a JWE in its compact form."""
    told = json.dumps(header or {"alg": "RSA-OAEP", "enc": "A256GCM"}).encode()
    return b".".join(map(url64, (told, RANDOM[:256], RANDOM[:12], body, RANDOM[:16])))


def sops_value(number: int, body: bytes | None = None) -> str:
    data = RANDOM[40 * number : 40 * number + 40] if body is None else body
    parts = [base64.b64encode(part).decode() for part in (data, RANDOM[:32], RANDOM[:16])]
    return f"ENC[AES256_GCM,data:{parts[0]},iv:{parts[1]},tag:{parts[2]},type:str]"


def sops_yaml(values: Mapping[str, str]) -> bytes:
    """Return a YAML file of SOPS."""
    lines = [f"{name}: {value}" for name, value in values.items()]
    lines += [
        "sops:",
        "    age: []",
        '    lastmodified: "2026-01-01T00:00:00Z"',
        f"    mac: {sops_value(9)}",
        "    version: 3.9.0",
    ]
    return "\n".join(lines).encode() + b"\n"


def xmlenc(
    body: bytes,
    *,
    algorithm: str = "http://www.w3.org/2009/xmlenc11#aes256-gcm",
    around: str = "{}",
) -> bytes:
    """Return a document with an EncryptedData element."""
    value = base64.b64encode(body).decode()
    element = (
        '<xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#">'
        f'<xenc:EncryptionMethod Algorithm="{algorithm}"/><xenc:CipherData>'
        f"<xenc:CipherValue>{value}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>"
    )
    return ('<?xml version="1.0"?>\n' + around.format(element)).encode()


def bitlocker(protectors: Sequence[int], *, metadata: bool = True) -> bytes:
    """Return the start of a BitLocker volume; protector 0 is a clear key."""
    boot = bytearray(512)
    boot[:11] = b"\xeb\x58\x90-FVE-FS-"
    struct.pack_into("<QQQ", boot, 176, 4096, 0, 0)
    boot[510:512] = b"\x55\xaa"
    entries = b"".join(
        struct.pack("<HHHH", 80, 2, 8, 1) + bytes(26) + struct.pack("<H", kind) + bytes(44)
        for kind in protectors
    )
    block = b"-FVE-FS-" + bytes(56)
    block += struct.pack("<III", 48 + len(entries), 1, 48) + bytes(36) + entries
    return bytes(boot).ljust(4096, b"\x00") + (block if metadata else bytes(200)) + RANDOM[:100_000]


def kdbx(body: bytes = RANDOM[:4000]) -> bytes:
    """Return a KeePass 4 database."""
    head = bytes.fromhex("03d9a29a67fb4bb5") + struct.pack("<HH", 0, 4)
    fields = (
        (2, RANDOM[:16]),
        (3, b"\x01\x00\x00\x00"),
        (4, RANDOM[16:48]),
        (7, RANDOM[48:60]),
        (0, b"\r\n\r\n"),
    )
    return (
        head + b"".join(struct.pack("<BI", kind, len(data)) + data for kind, data in fields) + body
    )


def lha(body: bytes = EXPORT) -> bytes:
    """Return an LHA archive of one stored member, level 0."""
    name = b"EXPORT.CSV"
    header = b"-lh0-" + struct.pack("<IIIBB", len(body), len(body), 0, 0x20, 0)
    header += bytes([len(name)]) + name + b"\x00\x00"
    return bytes([len(header), sum(header) & 0xFF]) + header + body + b"\x00"
