"""Whether a peer is who the team says it is."""

from __future__ import annotations

from enum import StrEnum


class PeerTrust(StrEnum):
    """Whether a peer is who the team says. Only the first two may be sent a secret."""

    VERIFIED = "verified"
    PINNED = "pinned"
    FIRST_USE = "first-use"
    UNVERIFIED = "unverified"
    UNTRUSTED = "untrusted"
    EXPIRED = "expired"
    MISMATCHED = "mismatched"
    REVOKED = "revoked"

    @property
    def may_receive_secrets(self) -> bool:
        """Whether a supplied secret may be sent to this peer."""
        return self in {PeerTrust.VERIFIED, PeerTrust.PINNED}
