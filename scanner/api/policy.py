"""Makes an algorithm policy of a server that is as it should be."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Final

from scanner.api.audit import Deed, audited, beside_history
from scanner.api.job import Clock, ad_hoc, utc_now
from scanner.api.workshop import workshop
from scanner.checks.ssh_policy import methods_of, smallest_group
from scanner.engine.scope import Resolver
from scanner.errors import InputError
from scanner.model.observation import EndpointObservation, Observations
from scanner.model.policy import SshPolicy
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.ssh import KexInit, SshFacts
from scanner.model.target import Protocol, Target

_NAME: Final = re.compile(r"[!-+.-~-]{1,64}")
_MOST_NAMES: Final = 200
_SPEAKS_SSH: Final = frozenset({Protocol.SFTP, Protocol.AUTO})


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRequest:
    """Which server a policy is made of, by whose leave, and what it is to allow."""

    host: str
    port: int | None = None
    targets: Path | None = None
    authorised: str | None = None
    vantage: str | None = None
    history: Path | None = None
    audit: Path | None = None
    name: str = "own"
    allow_subset: bool = True
    allow_larger_keys: bool = True


async def make_policy(
    request: PolicyRequest, *, clock: Clock = utc_now, resolver: Resolver | None = None
) -> Reading[SshPolicy]:
    """Look at one SSH server without any login, and return the policy that it meets.

    Unobserved where no SSH server could be read. Raises ``NotAuthorisedError`` when nothing
    authorises it, ``InputError`` for anything else that cannot be used, as for ``scan_host``, and
    where one name turns out to be servers that differ.
    """
    wanted = ad_hoc(
        request.host,
        port=request.port,
        protocol=Protocol.SFTP,
        targets=request.targets,
        authorised=request.authorised,
        vantage=request.vantage,
        clock=clock,
        logins=False,
    )
    ports = wanted.only or _ports(wanted.target)
    target = replace(wanted.target, accounts=())
    deed = Deed(
        command="policy make",
        uid=str(uuid.uuid4()),
        job=wanted.job,
        vantage=wanted.vantage,
        assets=1,
        about=request.host,
    )
    async with workshop(
        wanted.job,
        vantage=wanted.vantage,
        history=request.history,
        contact=None,
        clock=clock,
        resolver=resolver,
    ) as shop:
        sight = shop.sight(target, ports)
        with audited(request.audit or beside_history(request.history), deed, clock) as trail:
            try:
                await sight.look()
            finally:
                seen = sight.observations()
                trail.asset(seen)
    return _policy_of(seen, request, clock().date().isoformat())


def _ports(target: Target) -> frozenset[int]:
    ports = frozenset(one.port for one in target.endpoints if one.protocol in _SPEAKS_SSH)
    if not ports:
        raise InputError(f"{target.host}: declares no SFTP endpoint; give HOST:PORT")
    return ports


def _policy_of(seen: Observations, request: PolicyRequest, today: str) -> Reading[SshPolicy]:
    made: dict[SshPolicy, None] = {}
    why = seen.unreached
    for endpoint in seen.endpoints:
        found = _read(endpoint)
        if isinstance(found, Unobserved):
            why = why or found
        else:
            made[_filled(*found, request, today)] = None
    if not made:
        return why or Unobserved(Reason.NOT_LOOKED_AT, "no SSH server was asked")
    if len(made) > 1:
        unlike = ", ".join(_unlike(list(made)))
        told = f"its endpoints differ in {unlike}; give one address and port"
        raise InputError(f"{request.host}: {told}")
    return Observed(next(iter(made)))


def _read(endpoint: EndpointObservation) -> tuple[SshFacts, KexInit] | Unobserved:
    """Return what an endpoint offers, or why that cannot be told."""
    facts = endpoint.facts
    if facts is None:
        return Unobserved(endpoint.reason or Reason.NOT_LOOKED_AT, endpoint.detail)
    if not isinstance(facts, SshFacts):
        return Unobserved(Reason.OTHER_SERVICE, "no SSH server answers there")
    if isinstance(facts.kexinit, Unobserved):
        return facts.kexinit
    return facts, facts.kexinit.value


def _filled(facts: SshFacts, kexinit: KexInit, request: PolicyRequest, today: str) -> SshPolicy:
    methods = facts.methods.value.methods if isinstance(facts.methods, Observed) else ()
    port = f":{request.port}" if request.port else ""
    return SshPolicy(
        name=request.name,
        version="1",
        made=today,
        origin=f"{request.host}{port}",
        kex=_names(methods_of(kexinit)),
        host_key=_names(kexinit.host_key),
        ciphers=_names(kexinit.ciphers_in + kexinit.ciphers_out),
        macs=_names(kexinit.macs_in + kexinit.macs_out),
        compression=_names(kexinit.compression_in + kexinit.compression_out),
        methods=_names(methods),
        rsa_bits=min(_rsa_sizes(facts), default=None),
        dh_bits=smallest_group(facts),
        allow_subset=request.allow_subset,
        allow_larger_keys=request.allow_larger_keys,
    )


def _names(offered: Iterable[str]) -> tuple[str, ...] | None:
    """Return each name once; what is no name of SSH cannot be allowed and is left out."""
    names = tuple(dict.fromkeys(name for name in offered if _NAME.fullmatch(name)))
    return names[:_MOST_NAMES] or None


def _rsa_sizes(facts: SshFacts) -> Iterator[int]:
    if isinstance(facts.host_keys, Observed):
        for key in facts.host_keys.value:
            if key.bits and "rsa" in key.algorithm:
                yield key.bits


def _unlike(policies: list[SshPolicy]) -> list[str]:
    """Return the parts in which policies differ."""
    return [
        field.name
        for field in fields(SshPolicy)
        if len({getattr(policy, field.name) for policy in policies}) > 1
    ]
