"""Questions to an SFTP session that open nothing: attributes, the file system, bounds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from scanner.clients.faults import Fault
from scanner.clients.sftp import SftpTree, expected, said
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.sftp import Attributes, PathSeen, Presence, SftpLimits
from scanner.wire.sftp import (
    Attrs,
    Extended,
    Extension,
    Request,
    Status,
    StatusCode,
    decode_limits,
    decode_read_only,
    encode_extended,
    encode_path,
)
from scanner.wire.ssh import SshSyntaxError

T = TypeVar("T")


async def look_at(tree: SftpTree, path: bytes, *, shown: str, follow: bool = True) -> PathSeen:
    """Ask for the attributes of ``path``, of the link itself unless ``follow``.

    Nothing is opened. Never raises for what the server does.
    """
    told = await _told(_attributes(tree, path, Request.STAT if follow else Request.LSTAT))
    if isinstance(told, Unobserved):
        return PathSeen(path=shown, presence=told)
    if isinstance(told.value, Presence):
        return PathSeen(path=shown, presence=Observed(told.value))
    return PathSeen(path=shown, presence=Observed(Presence.PRESENT), attributes=told.value)


async def read_only(tree: SftpTree, path: bytes) -> Reading[bool]:
    """Ask whether the file system of ``path`` is mounted read-only (``statvfs@openssh.com``)."""
    if not offers(tree, Extension.STATVFS):
        return Unobserved(Reason.NOT_OFFERED, f"{Extension.STATVFS} is not offered")
    return await _told(_extended(tree, Extension.STATVFS, path, decode_read_only))


async def limits(tree: SftpTree) -> Reading[SftpLimits]:
    """Ask for the server's own bounds (``limits@openssh.com``)."""
    if not offers(tree, Extension.LIMITS):
        return Unobserved(Reason.NOT_OFFERED, f"{Extension.LIMITS} is not offered")
    return await _told(_extended(tree, Extension.LIMITS, None, decode_limits))


def offers(tree: SftpTree, extension: Extension) -> bool:
    """Whether the server named an extension when the session began."""
    return any(each.name == extension for each in tree.version.extensions)


async def _told(answer: Awaitable[T]) -> Reading[T]:
    try:
        return Observed(await answer)
    except Fault as fault:
        return fault.reading
    except SshSyntaxError as error:
        return Unobserved(Reason.PROTOCOL_ERROR, str(error))
    except TimeoutError:
        return Unobserved(Reason.TIMEOUT, "no answer in time")


async def _attributes(tree: SftpTree, path: bytes, kind: Request) -> Attributes | Presence:
    response = await tree.ask(kind, lambda n: encode_path(kind, n, path))
    if not isinstance(response, Status):
        return expected(response, Attrs).value
    match response.code:
        case StatusCode.NO_SUCH_FILE:
            return Presence.MISSING
        case StatusCode.PERMISSION_DENIED:
            return Presence.DENIED
        case _:
            raise Fault(Reason.UNREADABLE, said(response))


async def _extended(
    tree: SftpTree, extension: Extension, path: bytes | None, decode: Callable[[bytes], T]
) -> T:
    response = await tree.ask(extension, lambda n: encode_extended(n, extension, path))
    if isinstance(response, Status):
        raise Fault(Reason.UNREADABLE, said(response))
    return decode(expected(response, Extended).value)
