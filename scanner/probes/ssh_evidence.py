"""Keeps what an SSH server said as evidence, and ties each fact to it."""

from __future__ import annotations

from collections.abc import Mapping

from scanner.model.evidence import Scalar
from scanner.model.reading import Observed, Reading, Unobserved
from scanner.model.ssh import (
    AuthMethods,
    GroupExchange,
    HostKey,
    KexInit,
    Prompt,
    SshExtension,
)
from scanner.probes.context import EvidenceLog
from scanner.wire.ssh import Identification

_Value = Scalar | tuple[str, ...]
_Data = Mapping[str, _Value]
_MOST_LINES = 5
_MOST_BANNER = 200


class SshEvidence:
    """Turns facts into observed ones that name their evidence. What is unobserved stays so."""

    def __init__(self, log: EvidenceLog) -> None:
        self._log = log

    def identification(self, said: Identification) -> Reading[str]:
        """Keep the identification line and what came before it."""
        data: _Data = {"line": said.line, "before": said.before[:_MOST_LINES]}
        return Observed(said.line, (self._log.add("ssh-identification", data),))

    def kexinit(self, reading: Reading[KexInit]) -> Reading[KexInit]:
        """Keep the offers."""
        if isinstance(reading, Unobserved):
            return reading
        said = reading.value
        data = {
            "kex": said.kex,
            "host_key": said.host_key,
            "ciphers_in": said.ciphers_in,
            "ciphers_out": said.ciphers_out,
            "macs_in": said.macs_in,
            "macs_out": said.macs_out,
            "compression_in": said.compression_in,
            "compression_out": said.compression_out,
        }
        return Observed(said, (self._log.add("ssh-kexinit", data),))

    def host_keys(self, keys: tuple[HostKey, ...]) -> Reading[tuple[HostKey, ...]]:
        """Keep each key, a piece of evidence for each."""
        return Observed(keys, tuple(self._log.add("ssh-host-key", _key(key)) for key in keys))

    def group_exchange(
        self, reading: Reading[tuple[GroupExchange, ...]]
    ) -> Reading[tuple[GroupExchange, ...]]:
        """Keep what groups were given."""
        if isinstance(reading, Unobserved):
            return reading
        told = tuple(_group(each) for each in reading.value)
        return Observed(reading.value, (self._log.add("ssh-group-exchange", {"groups": told}),))

    def extensions(
        self, reading: Reading[tuple[SshExtension, ...]]
    ) -> Reading[tuple[SshExtension, ...]]:
        """Keep the extensions; that none were sent is kept too."""
        if isinstance(reading, Unobserved):
            return reading
        told = tuple(f"{each.name}={each.value}" for each in reading.value)
        return Observed(reading.value, (self._log.add("ssh-ext-info", {"extensions": told}),))

    def methods(self, username: str, reading: Reading[AuthMethods]) -> Reading[AuthMethods]:
        """Keep what one user is offered."""
        if isinstance(reading, Unobserved):
            return reading
        said = reading.value
        data: _Data = {
            "username": username,
            "none_accepted": said.none_accepted,
            "methods": said.methods,
            "banner": said.banner[:_MOST_BANNER],
        }
        return Observed(said, (self._log.add("ssh-auth-methods", data),))

    def prompts(
        self, username: str, reading: Reading[tuple[Prompt, ...]]
    ) -> Reading[tuple[Prompt, ...]]:
        """Keep what one user is asked for."""
        if isinstance(reading, Unobserved):
            return reading
        told = tuple(each.text for each in reading.value)
        seen = self._log.add("ssh-prompts", {"username": username, "prompts": told})
        return Observed(reading.value, (seen,))

    def empty_password(self, username: str, *, accepted: bool) -> Reading[bool]:
        """Keep how an empty password fared."""
        data: _Data = {"username": username, "accepted": accepted}
        return Observed(accepted, (self._log.add("ssh-empty-password", data),))


def _key(key: HostKey) -> _Data:
    data: dict[str, _Value] = {
        "algorithm": key.algorithm,
        "bits": key.bits,
        "fingerprint": key.fingerprint,
        "trust": str(key.trust),
        "trust_detail": key.trust_detail,
    }
    if key.certificate is not None:
        data["authority"] = key.certificate.authority
        data["principals"] = key.certificate.principals
        data["valid_before"] = key.certificate.valid_before
    return data


def _group(answer: GroupExchange) -> str:
    asked = f"{answer.smallest_asked}-{answer.preferred}-{answer.largest_asked}"
    return f"{asked}: {'refused' if answer.given is None else answer.given}"
