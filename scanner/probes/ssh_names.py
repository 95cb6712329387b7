"""Asks what the name service publishes of a host's keys."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address

from scanner.clients.dialer import Dialer
from scanner.clients.faults import Fault
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.ssh import Sshfp
from scanner.probes.context import ProbeContext
from scanner.wire.sshfp import compare


async def observe_sshfp(
    dialer: Dialer, context: ProbeContext, blobs: Iterable[bytes]
) -> Reading[Sshfp]:
    """Compare the SSHFP records of the target's name with the host keys in ``blobs``.

    Nothing is asked where the target names no resolver, or where the host is an address. What
    is published makes no key one to send a secret to. Never raises for what the resolver does.
    """
    resolver, name = context.target.resolver, dialer.admitted.name
    if resolver is None:
        return Unobserved(Reason.NOT_LOOKED_AT, "no resolver is declared")
    if _is_address(name):
        return Unobserved(Reason.NOT_LOOKED_AT, "an address has no SSHFP records")
    from scanner.clients.sshfp import ask_sshfp  # noqa: PLC0415 - slow to load, and seldom asked

    try:
        answer = await ask_sshfp(resolver, name, seconds=context.target.limits.timeout_seconds)
    except Fault as fault:
        return fault.reading
    found = Sshfp(records=compare(answer.records, blobs), authenticated=answer.authenticated)
    published = (
        f"{record.algorithm} {record.hash_type} {record.fingerprint.hex()}"
        for record in answer.records
    )
    evidence = context.evidence.add(
        "sshfp",
        {"name": name, "records": tuple(published), "authenticated": answer.authenticated},
    )
    return Observed(found, (evidence,))


def _is_address(name: str) -> bool:
    try:
        ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return True
