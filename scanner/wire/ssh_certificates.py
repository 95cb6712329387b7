"""OpenSSH certificates: what they say, who signed them, and the plain key inside.

The format is OpenSSH's PROTOCOL.certkeys; the rules for hosts are those of ssh(1) since 10.3.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from scanner.model.frozen import dataclass
from scanner.model.peer import PeerTrust
from scanner.model.ssh import HostCertificate
from scanner.model.text import neutralise
from scanner.wire.patterns import wildcard_match
from scanner.wire.ssh import Fields, SshSyntaxError
from scanner.wire.ssh_keys import fingerprint, key_fields, key_type, plain_key

_LARGEST = 65_536
_MOST_PRINCIPALS = 256
_FOR_HOSTS = 2
_FOREVER = 2**64 - 1
_SHOWN_PRINCIPALS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate. ``key`` and ``authority`` are plain public key blobs.

    Times are seconds since 1970 in UTC, the end itself no more valid. ``principals`` are as they
    were written: match with them, and show those of ``facts``. ``signed`` says that the
    authority's signature is there and right (Ed25519, ECDSA, or RSA with SHA-2).
    """

    key: bytes
    authority: bytes
    facts: HostCertificate
    principals: tuple[bytes, ...]
    valid_after: int
    valid_before: int
    critical_options: tuple[str, ...]
    signed: bool


def read_certificate(blob: bytes) -> Certificate:
    """Read a certificate of any type, and verify its signature.

    Raises ``SshSyntaxError`` for what is no certificate, or exceeds a bound.
    """
    if len(blob) > _LARGEST:
        raise SshSyntaxError("the certificate is too large")
    key = plain_key(blob)
    if key == blob:
        raise SshSyntaxError("the key is no certificate of a known type")
    fields = Fields(blob)
    for _ in range(key_fields(blob) + 2):  # type and nonce stand before the key's own
        fields.string()
    serial, kind, key_id = fields.uint64(), fields.uint32(), fields.string()
    principals = tuple(_strings(fields.string()))
    after, before = fields.uint64(), fields.uint64()
    critical = tuple(neutralise(each, 80) for each in _options(fields.string()))
    _options(fields.string())
    fields.string()  # reserved
    authority = fields.string()
    signed_part = blob[: len(blob) - fields.left]
    signature = fields.string()
    if fields.left:
        raise SshSyntaxError("something follows the certificate")
    return Certificate(
        key=key,
        authority=authority,
        facts=HostCertificate(
            serial=serial,
            key_id=neutralise(key_id, 120),
            principals=tuple(neutralise(each, 120) for each in principals[:_SHOWN_PRINCIPALS]),
            valid_after=_shown(after, 0),
            valid_before=_shown(before, _FOREVER),
            authority=fingerprint(authority),
            authority_algorithm=key_type(authority),
            for_hosts=kind == _FOR_HOSTS,
        ),
        principals=principals,
        valid_after=after,
        valid_before=before,
        critical_options=critical,
        signed=_is_signed(authority, signature, signed_part),
    )


def fault_of(
    certificate: Certificate, names: Iterable[str], now: datetime
) -> tuple[PeerTrust, str] | None:
    """Say why ssh(1) would not take a certificate for a host, or ``None`` where it would.

    ``names`` are those by which the team calls the host, without a port. That its authority is
    one to trust is not asked here.
    """
    moment = int(now.timestamp())
    doubts = (
        (not certificate.signed, PeerTrust.UNTRUSTED, "it is not signed, or in an unknown way"),
        (not certificate.facts.for_hosts, PeerTrust.UNTRUSTED, "it is not for hosts"),
        (
            bool(certificate.critical_options),
            PeerTrust.UNTRUSTED,
            "it has a critical option, and for hosts none is known",
        ),
        (moment < certificate.valid_after, PeerTrust.EXPIRED, "it is not valid yet"),
        (moment >= certificate.valid_before, PeerTrust.EXPIRED, "it has expired"),
        (not certificate.principals, PeerTrust.MISMATCHED, "it names no host"),
        (not _names(certificate.principals, names), PeerTrust.MISMATCHED, "it names other hosts"),
    )
    for holds, trust, told in doubts:
        if holds:
            return trust, f"the certificate proves nothing: {told}"
    return None


def _names(principals: Iterable[bytes], names: Iterable[str]) -> bool:
    """Whether a principal is, or is a pattern for, one of the names.

    ssh(1) lowers the name it was given and no principal, so that one in capitals names nothing.
    """
    wanted = [name.lower() for name in names]
    patterns = [principal.decode("utf-8", "replace") for principal in principals]
    return any(wildcard_match(pattern, name) for pattern in patterns for name in wanted)


def _strings(data: bytes) -> Iterable[bytes]:
    fields, count = Fields(data), 0
    while fields.left:
        count += 1
        if count > _MOST_PRINCIPALS:
            raise SshSyntaxError("the certificate names too many hosts")
        yield fields.string()


def _options(data: bytes) -> list[bytes]:
    """Return the names of options; each is followed by its value."""
    fields, names = Fields(data), list[bytes]()
    while fields.left:
        names.append(fields.string())
        fields.string()
        if len(names) > _MOST_PRINCIPALS:
            raise SshSyntaxError("the certificate has too many options")
    return names


def _shown(seconds: int, unbounded: int) -> str:
    if seconds == unbounded:
        return ""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):  # beyond the year 9999
        return ""


def _is_signed(authority: bytes, signature: bytes, message: bytes) -> bool:
    # Few hosts show a certificate, and every format of keys is loaded for it.
    from scanner.wire.ssh_authority import is_signed  # noqa: PLC0415 - see above

    return is_signed(authority, signature, message)
