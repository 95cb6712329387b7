"""SFTP version 3 packets, the read-only half (draft-ietf-secsh-filexfer-02)."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum, StrEnum

from scanner.model.listing import Entry, EntryKind, Precision
from scanner.model.sftp import Attributes, SftpExtension, SftpLimits
from scanner.model.text import neutralise
from scanner.wire.ssh import Fields, SshSyntaxError

VERSION = 3
LARGEST_PACKET = 262_144
"""No server needs a larger one: OpenSSH's own bound."""

LONGEST_TARGET = 4_096
"""Bytes of a link's target: PATH_MAX of Linux."""

MOST_EXTENSIONS = 64
_LONGEST_EXTENSION = 64
_READ_ONLY = 0x1
_EXTENDED = 200

OPEN_FOR_READING = 0x00000001
"""SSH_FXF_READ, the only way in which a file is ever opened."""


class Request(IntEnum):
    """The requests that can be written at all."""

    INIT = 1
    OPEN = 3
    CLOSE = 4
    READ = 5
    LSTAT = 7
    OPENDIR = 11
    READDIR = 12
    REALPATH = 16
    STAT = 17
    READLINK = 19


class Extension(StrEnum):
    """The extended requests that can be written at all. None of them changes anything.

    ``SSH_FXP_EXTENDED`` is no ``Request``: by itself it might ask for anything, a rename too.
    """

    STATVFS = "statvfs@openssh.com"
    LIMITS = "limits@openssh.com"


Question = Request | Extension
"""Whatever a server is asked."""


class StatusCode(IntEnum):
    """SSH_FXP_STATUS codes that are told apart."""

    OK = 0
    EOF = 1
    NO_SUCH_FILE = 2
    PERMISSION_DENIED = 3


@dataclass(frozen=True, slots=True)
class Status:
    """SSH_FXP_STATUS. The text is neutralised."""

    code: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Handle:
    """SSH_FXP_HANDLE."""

    value: bytes


@dataclass(frozen=True, slots=True)
class Data:
    """SSH_FXP_DATA."""

    value: bytes


@dataclass(frozen=True, slots=True)
class Names:
    """SSH_FXP_NAME: names as raw bytes, with what is known of each."""

    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Attrs:
    """SSH_FXP_ATTRS."""

    value: Attributes


@dataclass(frozen=True, slots=True)
class Extended:
    """SSH_FXP_EXTENDED_REPLY, whose form depends on the request."""

    value: bytes


@dataclass(frozen=True, slots=True)
class Version:
    """SSH_FXP_VERSION, with its first ``MOST_EXTENSIONS`` extensions; ``dropped`` came after."""

    number: int
    extensions: tuple[SftpExtension, ...] = ()
    dropped: int = 0


Response = Status | Handle | Data | Names | Attrs | Extended


def encode_init() -> bytes:
    """Return SSH_FXP_INIT."""
    return _framed(bytes([Request.INIT]) + _uint32(VERSION))


def encode_path(kind: Request, identity: int, path: bytes) -> bytes:
    """Return a request that takes one path or one handle."""
    return _framed(bytes([kind]) + _uint32(identity) + _string(path))


def encode_extended(identity: int, extension: Extension, path: bytes | None = None) -> bytes:
    """Return SSH_FXP_EXTENDED, with one path where the extension takes one."""
    body = _string(extension.value.encode()) + (b"" if path is None else _string(path))
    return _framed(bytes([_EXTENDED]) + _uint32(identity) + body)


def encode_open(identity: int, path: bytes) -> bytes:
    """Return SSH_FXP_OPEN for reading, with no attributes."""
    body = _string(path) + _uint32(OPEN_FOR_READING) + _uint32(0)
    return _framed(bytes([Request.OPEN]) + _uint32(identity) + body)


def encode_read(identity: int, handle: bytes, offset: int, length: int) -> bytes:
    """Return SSH_FXP_READ."""
    body = _string(handle) + offset.to_bytes(8, "big") + _uint32(length)
    return _framed(bytes([Request.READ]) + _uint32(identity) + body)


class PacketReader:
    """Splits a stream into packets. Raises ``SshSyntaxError`` when one is out of bounds."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes and return the packets that are whole now."""
        self._held += data
        packets: list[bytes] = []
        while len(self._held) >= 4:
            length = int.from_bytes(self._held[:4], "big")
            if not 1 <= length <= LARGEST_PACKET:
                raise SshSyntaxError("an SFTP packet length is out of bounds")
            if len(self._held) < 4 + length:
                break
            packets.append(bytes(self._held[4 : 4 + length]))
            del self._held[: 4 + length]
        return packets


def decode_version(packet: bytes) -> Version:
    """Read SSH_FXP_VERSION. Raises ``SshSyntaxError``."""
    if packet[:1] != b"\x02":
        raise SshSyntaxError("the server does not start with an SFTP version")
    fields = Fields(packet[1:])
    number = fields.uint32()
    extensions: list[SftpExtension] = []
    dropped = 0
    while fields.left:
        try:
            name, value = fields.string(), fields.string()
        except SshSyntaxError:  # the version was told, whatever comes after it
            dropped += 1
            break
        if len(extensions) < MOST_EXTENSIONS:
            extensions.append(SftpExtension(*map(_extension_text, (name, value))))
        else:
            dropped += 1
    return Version(number, tuple(extensions), dropped)


def link_target(names: Names) -> bytes:
    """Return where a link leads, from the answer to SSH_FXP_READLINK (section 6.10): one path.

    Raises ``SshSyntaxError``.
    """
    targets = [entry.name for entry in names.entries]
    if len(targets) != 1 or not 0 < len(targets[0]) <= LONGEST_TARGET or b"\0" in targets[0]:
        raise SshSyntaxError("the target of a link is no path")
    return targets[0]


def decode_limits(data: bytes) -> SftpLimits:
    """Read the answer to ``limits@openssh.com``. Raises ``SshSyntaxError``."""
    fields = Fields(data)
    return SftpLimits(*(fields.uint64() for _ in range(4)))


def decode_read_only(data: bytes) -> bool:
    """Return whether ``statvfs@openssh.com`` says read-only. Raises ``SshSyntaxError``."""
    fields = Fields(data)
    numbers = [fields.uint64() for _ in range(11)]
    return bool(numbers[9] & _READ_ONLY)


def decode_response(packet: bytes) -> tuple[int, Response]:
    """Return the request id and the response. Raises ``SshSyntaxError``."""
    fields = Fields(packet[1:])
    identity = fields.uint32()
    match packet[0]:
        case 101:
            return identity, _status(fields)
        case 102:
            return identity, Handle(_handle(fields))
        case 103:
            return identity, Data(fields.string())
        case 104:
            return identity, _names(fields)
        case 105:
            return identity, Attrs(_attributes(fields))
        case 201:
            return identity, Extended(fields.take(fields.left))
        case _:
            raise SshSyntaxError("the server sends a response that nobody asked for")


def _extension_text(data: bytes) -> str:
    return neutralise(data, _LONGEST_EXTENSION)


def _status(fields: Fields) -> Status:
    code = fields.uint32()
    # Version 2 servers send no text.
    return Status(code, neutralise(fields.string(), 120) if fields.left else "")


def _handle(fields: Fields) -> bytes:
    handle = fields.string()
    if len(handle) > 256:
        raise SshSyntaxError("a handle is longer than 256 bytes")
    return handle


def _names(fields: Fields) -> Names:
    count = fields.uint32()
    if count * 12 > fields.left:
        raise SshSyntaxError("more names are promised than are there")
    return Names(tuple(_entry(fields) for _ in range(count)))


def _entry(fields: Fields) -> Entry:
    name, long_name = fields.string(), fields.string()
    told = _told(fields)
    modified = told.modified
    return Entry(
        name=name,
        kind=_kind(told.mode, long_name),
        size=told.size,
        modified=None if modified is None else datetime.fromtimestamp(modified, UTC),
        precision=None if modified is None else Precision.SECOND,
        mode=None if told.mode is None else stat.S_IMODE(told.mode),
        owner=None if told.uid is None else str(told.uid),
    )


def _attributes(fields: Fields) -> Attributes:
    told = _told(fields)
    return Attributes(
        kind=_kind(told.mode, b""),
        mode=None if told.mode is None else stat.S_IMODE(told.mode),
        uid=told.uid,
        gid=told.gid,
    )


@dataclass(frozen=True, slots=True)
class _Told:
    """ATTRS as they stand on the wire; ``mode`` with the type."""

    size: int | None
    uid: int | None
    gid: int | None
    mode: int | None
    modified: int | None


def _told(fields: Fields) -> _Told:
    flags = fields.uint32()
    size = fields.uint64() if flags & 0x1 else None
    uid, gid = (fields.uint32(), fields.uint32()) if flags & 0x2 else (None, None)
    mode = fields.uint32() if flags & 0x4 else None
    modified = (fields.uint32(), fields.uint32())[1] if flags & 0x8 else None
    if flags & 0x80000000:
        _skip_extended(fields)
    return _Told(size, uid, gid, mode, modified)


def _skip_extended(fields: Fields) -> None:
    pairs = fields.uint32()
    if pairs * 8 > fields.left:
        raise SshSyntaxError("more attributes are promised than are there")
    for _ in range(2 * pairs):
        fields.string()


_KINDS = {
    stat.S_IFREG: EntryKind.FILE,
    stat.S_IFDIR: EntryKind.DIRECTORY,
    stat.S_IFLNK: EntryKind.LINK,
}
_LONG_NAME_KINDS = {b"-": EntryKind.FILE, b"d": EntryKind.DIRECTORY, b"l": EntryKind.LINK}


def _kind(mode: int | None, long_name: bytes) -> EntryKind:
    """Return the kind from the mode's type, else from the first letter of the long name."""
    if mode is not None and stat.S_IFMT(mode):
        return _KINDS.get(stat.S_IFMT(mode), EntryKind.OTHER)
    return _LONG_NAME_KINDS.get(long_name[:1], EntryKind.OTHER)


def _uint32(number: int) -> bytes:
    return number.to_bytes(4, "big")


def _string(data: bytes) -> bytes:
    return _uint32(len(data)) + data


def _framed(body: bytes) -> bytes:
    return _uint32(len(body)) + body
