"""One table from foreign exceptions to reasons. Nothing below probes lets another one out."""

from __future__ import annotations

import errno
import ssl

from scanner.model.reading import Reason, Unobserved
from scanner.model.text import neutralise


class Fault(Exception):  # noqa: N818 - the field says fault
    """A step could not be finished. Caught by probes and kept as ``Unobserved``."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason = reason
        self.detail = detail

    @property
    def reading(self) -> Unobserved:
        """The same, as a reading."""
        return Unobserved(self.reason, self.detail)


_BY_ERRNO = {
    errno.ECONNREFUSED: (Reason.CLOSED, "connection refused"),
    errno.EHOSTUNREACH: (Reason.UNREACHABLE, "no route to host"),
    errno.ENETUNREACH: (Reason.UNREACHABLE, "network unreachable"),
    errno.EACCES: (Reason.FILTERED, "administratively prohibited"),
    errno.EPERM: (Reason.FILTERED, "administratively prohibited"),
    errno.ETIMEDOUT: (Reason.TIMEOUT, "connection timed out"),
    errno.EADDRNOTAVAIL: (Reason.UNREACHABLE, "no local address for it"),
}


def fault_of(error: BaseException) -> Fault:
    """Return the fault that a foreign exception stands for.

    Exceptions that are none of the network's doing are raised again: they are our own bugs.
    """
    if isinstance(error, Fault):
        return error
    if isinstance(error, TimeoutError) and not isinstance(error, ssl.SSLError):
        return Fault(Reason.TIMEOUT, "no answer in time")
    if isinstance(error, ssl.SSLError):
        return Fault(Reason.TLS_FAILED, neutralise(error.reason or str(error), 120))
    if isinstance(error, (ConnectionError, EOFError)):
        return _connection_fault(error)
    if isinstance(error, OSError):
        reason, detail = _BY_ERRNO.get(error.errno or 0, (Reason.UNREACHABLE, ""))
        return Fault(reason, detail or neutralise(error.strerror or str(error), 120))
    raise error


def _connection_fault(error: ConnectionError | EOFError) -> Fault:
    if isinstance(error, ConnectionRefusedError):
        return Fault(Reason.CLOSED, "connection refused")
    if isinstance(error, ConnectionResetError):
        return Fault(Reason.CONNECTION_LOST, "reset by the server")
    return Fault(Reason.CONNECTION_LOST, "closed by the server")
