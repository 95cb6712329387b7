"""Who answers on a port: read before anything is asked, and before any secret is sent."""

from __future__ import annotations

import ssl

from scanner.clients.dialer import Dialer
from scanner.clients.faults import Fault
from scanner.clients.ftp_session import FtpSession, Opening
from scanner.clients.tls import shared_looking_context
from scanner.model.reading import Observed, Reason
from scanner.model.target import Protocol, Target
from scanner.probes.detect import detect
from scanner.probes.ftp_visit import check_greeting
from scanner.probes.ssh_survey import Asked, survey
from scanner.wire.identity import (
    CERTIFICATE,
    GREETING,
    IDENTIFICATION,
    NONE,
    OTHER_SERVICE,
    Sighting,
    certificate_mark,
    greeting_mark,
    host_key_marks,
    identification_mark,
)
from scanner.wire.ssh_keys import read_key
from scanner.wire.x509 import CertificateUnreadable, certificate_facts

_PAUSE_SECONDS = 0.2
_GRANTED = 234
_MECHANISMS = (b"TLS", b"SSL")


async def take_identity(dialer: Dialer, protocol: Protocol, target: Target) -> Sighting:
    """Return who answers: by one FTP connection, or a connection for each SSH host key.

    No login is begun and no name of a user is told. Raises ``Fault`` where nobody answers;
    another service is somebody.
    """
    address, port = str(dialer.admitted.ip), dialer.admitted.port
    seconds = target.limits.timeout_seconds
    try:
        if protocol is Protocol.AUTO:
            protocol = await detect(dialer, seconds)
        if protocol is Protocol.SFTP:
            marks, whole = await _ssh(dialer, seconds)
        else:
            name = target.tls.server_name or dialer.admitted.name
            opening = Opening(dialer=dialer, seconds=seconds, server_name=name)
            marks, whole = await _ftp(opening, implicit=protocol is Protocol.FTPS)
    except Fault as fault:
        if fault.reason is not Reason.OTHER_SERVICE:
            raise
        return Sighting(address=address, port=port, speaks=OTHER_SERVICE)
    return Sighting(address=address, port=port, speaks=protocol, marks=marks, whole=whole)


async def _ftp(opening: Opening, *, implicit: bool) -> tuple[dict[str, str], bool]:
    context = shared_looking_context() if implicit else None
    session = await FtpSession.connect(opening, implicit=context)
    try:
        check_greeting(session.greeting)
        marks = {GREETING: greeting_mark(session.greeting.shown.text)}
        try:
            marks[CERTIFICATE] = await _certificate(session, implicit=implicit)
        except Fault:
            return marks, False
        return marks, True
    finally:
        await session.leave()


async def _certificate(session: FtpSession, *, implicit: bool) -> str:
    """Return the mark of the certificate, or that there is none. Raises ``Fault``."""
    if not implicit:
        if not await _granted(session):
            return NONE
        await session.shake_hands(shared_looking_context())
    tls: ssl.SSLObject | None = session.tls
    der = tls.getpeercert(binary_form=True) if tls is not None else None
    if der is None:
        raise Fault(Reason.TLS_FAILED, "no certificate was shown")
    try:
        return certificate_mark(certificate_facts(der))
    except CertificateUnreadable as error:
        raise Fault(Reason.TLS_FAILED, f"unreadable certificate: {error}") from error


async def _granted(session: FtpSession) -> bool:
    """Ask for TLS. Raises ``Fault`` where the answer is neither yes nor no."""
    for mechanism in _MECHANISMS:
        reply = await session.command("AUTH", mechanism)
        if reply.code == _GRANTED:
            return True
        if reply.code // 100 != 5:
            raise Fault(Reason.PROTOCOL_ERROR, f"AUTH answered {reply.shown}")
    return False


async def _ssh(dialer: Dialer, seconds: float) -> tuple[dict[str, str], bool]:
    pause = 0.0 if dialer.admitted.ip.is_loopback else _PAUSE_SECONDS
    seen = await survey(dialer, Asked(groups=False), seconds=seconds, pause_seconds=pause)
    if not isinstance(seen, Observed):
        raise Fault(seen.reason, seen.detail)
    marks = {IDENTIFICATION: identification_mark(seen.value.visit.identification.line)}
    keys = [read_key(blob) for blob in seen.value.blobs]
    marks |= host_key_marks({key.algorithm: key.fingerprint for key in keys})
    return marks, seen.value.fault is None and bool(keys)
