"""TLS toward receivers: verified by name, client certificates by reference, bounded in time."""

from __future__ import annotations

import os
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from scanner.errors import SecretError
from scanner.model.secret import SecretRef, SecretResolver
from scanner.sinks.receipt import DeliveryFault


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Whom we trust, and who we are. Without ``ca``: whom this machine trusts."""

    ca: Path | None = None
    certificate: Path | None = None
    private_key: SecretRef | None = None


def context_for(trust: Trust, secrets: SecretResolver) -> ssl.SSLContext:
    """Return a context that verifies chain and name. Raises ``DeliveryFault``."""
    try:
        context = ssl.create_default_context(cafile=trust.ca)
    except (OSError, ssl.SSLError) as error:
        told = f"{trust.ca}: not usable as authorities (PEM) to trust: {_said(error)}"
        raise DeliveryFault(told, lasting=True) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if trust.certificate is not None:
        _identify(context, trust.certificate, trust.private_key, secrets)
    return context


def _identify(
    context: ssl.SSLContext, certificate: Path, ref: SecretRef | None, secrets: SecretResolver
) -> None:
    try:
        if ref is None:
            context.load_cert_chain(certificate, password=_no_passphrase)
            return
        with _in_memory(secrets.resolve(ref).reveal()) as key:
            context.load_cert_chain(certificate, key, password=_no_passphrase)
    except SecretError as error:
        raise DeliveryFault(str(error), lasting=True) from None
    except (OSError, ValueError) as error:
        told = f"{certificate}: not usable as client certificate with its key: {_said(error)}"
        raise DeliveryFault(told, lasting=True) from None


def _no_passphrase() -> str:
    """Answer OpenSSL, which would otherwise ask a terminal."""
    raise ValueError("the key is encrypted; give one that is not, by reference")


@contextmanager
def _in_memory(secret: bytes) -> Iterator[str]:
    """Lend a secret to a library that reads files alone; it never touches a disk."""
    handle = os.memfd_create("key")
    try:
        os.write(handle, secret)
        yield f"/proc/self/fd/{handle}"
    finally:
        os.close(handle)


def dial(host: str, port: int, context: ssl.SSLContext, seconds: float) -> ssl.SSLSocket:
    """Return a verified connection. Raises ``DeliveryFault``."""
    place = f"{host}:{port}"
    try:
        plain = socket.create_connection((host, port), timeout=seconds)
    except (OSError, UnicodeError) as error:
        raise fault_of(error, place) from None
    try:
        with bounded(plain, seconds):
            return context.wrap_socket(plain, server_hostname=host)
    except (OSError, ValueError) as error:
        plain.close()
        raise fault_of(error, place) from None


@contextmanager
def bounded(connection: socket.socket, seconds: float) -> Iterator[None]:
    """End the connection if the block takes longer, however slowly the other side talks."""
    handle = os.dup(connection.fileno())
    timer = threading.Timer(seconds, _cut, (handle,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        os.close(handle)


def _cut(handle: int) -> None:
    connection = socket.socket(fileno=handle)
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.detach()


def fault_of(error: Exception, place: str) -> DeliveryFault:
    """Return what went wrong with a connection, in a line."""
    if isinstance(error, DeliveryFault):
        return error
    if isinstance(error, ssl.SSLCertVerificationError):
        why = error.verify_message or "not valid"
        return DeliveryFault(f"{place}: its certificate is refused: {why}", lasting=True)
    if isinstance(error, socket.gaierror):
        return DeliveryFault(f"{place}: no such name, or no name service ({error.strerror})")
    if isinstance(error, TimeoutError):
        return DeliveryFault(f"{place}: no answer in time")
    return DeliveryFault(f"{place}: {_said(error)}")


def _said(error: Exception) -> str:
    if isinstance(error, ssl.SSLError) and error.reason:
        return f"TLS: {error.reason.lower().replace('_', ' ')}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error).partition("\n")[0][:200] or type(error).__name__
