"""The facet that compares an SSH server with the policy of its target."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from scanner.checks.base import Facet, Question, Ruling, failed, passed, undecided
from scanner.checks.questions import ssh_questions
from scanner.checks.ssh_posture import told
from scanner.checks.ssh_rules import MARKS
from scanner.model.case import Case
from scanner.model.finding import Severity, Source
from scanner.model.frozen import dataclass
from scanner.model.policy import SshPolicy
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.ssh import KexInit, SshFacts, group_bits


@dataclass(frozen=True, slots=True)
class Compared:
    """A policy beside the server that it is for."""

    policy: SshPolicy
    kexinit: KexInit
    facts: SshFacts


def read_policy(case: Case) -> Iterator[Question[Compared]]:
    """Ask every SSH endpoint. A policy that cannot be read leaves the question open."""
    policy = case.dossier.policy

    def pick(facts: SshFacts) -> Reading[Compared] | None:
        kexinit = facts.kexinit
        if isinstance(policy, Unobserved):
            return policy
        if isinstance(kexinit, Unobserved):
            return None if kexinit.reason is Reason.NOT_LOOKED_AT else kexinit
        return Observed(Compared(policy.value, kexinit.value, facts), kexinit.evidence)

    return ssh_questions(case, pick, required=False)


def judge_policy(compared: Compared, _case: Case) -> Ruling:
    """Tell every list that differs: what is required, and what was seen."""
    policy = compared.policy
    named = f"policy {policy.name}, version {policy.version}"
    unlike = [*_lists(compared), *_sizes(compared)]
    if unlike:
        return failed(f"unlike {named}: {'; '.join(unlike)}")
    unseen = list(_unseen(compared))
    if unseen:
        missing = ", ".join(unseen)
        return undecided(f"as {named} so far; not seen: {missing}", Reason.NOT_LOOKED_AT)
    return passed(f"as {named}")


def _lists(compared: Compared) -> Iterator[str]:
    policy, kexinit = compared.policy, compared.kexinit
    methods = compared.facts.methods
    seen: list[tuple[str, tuple[str, ...] | None, Sequence[tuple[str, ...]]]] = [
        ("kex", policy.kex, [methods_of(kexinit)]),
        ("host_key", policy.host_key, [kexinit.host_key]),
        ("ciphers", policy.ciphers, [kexinit.ciphers_in, kexinit.ciphers_out]),
        ("macs", policy.macs, [kexinit.macs_in, kexinit.macs_out]),
        ("compression", policy.compression, [kexinit.compression_in, kexinit.compression_out]),
    ]
    if isinstance(methods, Observed):
        # The order of methods means nothing (RFC 4252 section 5.1): sorted, it never differs.
        wanted = policy.methods and tuple(sorted(policy.methods))
        seen.append(("methods", wanted, [tuple(sorted(methods.value.methods))]))
    for what, allowed, offers in seen:
        if allowed is not None:
            for offered in dict.fromkeys(offers):
                yield from _differs(what, allowed, offered, policy)


def methods_of(kexinit: KexInit) -> tuple[str, ...]:
    """Return the key exchange methods, without the marks that stand among them."""
    return tuple(name for name in kexinit.kex if name not in MARKS)


def _differs(
    what: str, allowed: tuple[str, ...], offered: tuple[str, ...], policy: SshPolicy
) -> Iterator[str]:
    more = [name for name in offered if name not in allowed]
    less = [] if policy.allow_subset else [name for name in allowed if name not in offered]
    if more:
        yield f"{what} offers {told(more)} (allowed: {told(list(allowed))})"
    if less:
        yield f"{what} lacks {told(less)} (offered: {told(list(offered)) or 'none'})"
    if policy.ordered and not more and not less:
        wanted = [name for name in allowed if name in offered]
        if list(offered) != wanted:
            yield f"{what} is ordered {told(list(offered))} (required: {told(wanted)})"


def _sizes(compared: Compared) -> Iterator[str]:
    policy = compared.policy
    keys = compared.facts.host_keys
    if policy.rsa_bits is not None and isinstance(keys, Observed):
        for bits in sorted({key.bits for key in keys.value if key.bits and "rsa" in key.algorithm}):
            yield from _size("the RSA host key", bits, policy.rsa_bits, policy)
    smallest = smallest_group(compared.facts)
    if policy.dh_bits is not None and smallest is not None:
        yield from _size("the smallest group", smallest, policy.dh_bits, policy)


def smallest_group(facts: SshFacts) -> int | None:
    """Return the bits that a group exchange is worth, if any group was given."""
    groups = facts.group_exchange
    return group_bits(groups.value) if isinstance(groups, Observed) else None


def _size(what: str, bits: int, wanted: int, policy: SshPolicy) -> Iterator[str]:
    if policy.allow_larger_keys:
        if bits < wanted:
            yield f"{what} has {bits} bits (required: {wanted} or more)"
    elif bits != wanted:
        yield f"{what} has {bits} bits (required: {wanted})"


def _unseen(compared: Compared) -> Iterator[str]:
    """Name what the policy judges and nobody saw, where there is anything to see."""
    policy, facts, kexinit = compared.policy, compared.facts, compared.kexinit
    if policy.methods is not None and isinstance(facts.methods, Unobserved):
        yield "methods"
    has_rsa = any("rsa" in name for name in kexinit.host_key)
    if policy.rsa_bits is not None and has_rsa and not _rsa_seen(facts):
        yield "the RSA host key"
    exchanges = any("group-exchange" in name or "gex" in name for name in kexinit.kex)
    if policy.dh_bits is not None and exchanges and isinstance(facts.group_exchange, Unobserved):
        yield "the groups of the group exchange"


def _rsa_seen(facts: SshFacts) -> bool:
    keys = facts.host_keys
    return isinstance(keys, Observed) and any(
        key.bits and "rsa" in key.algorithm for key in keys.value
    )


FACETS: Final = (
    Facet(
        id="ssh-policy",
        question="Does SSH offer what the policy allows, and nothing else?",
        layer=Source.NETWORK,
        severity=Severity.LOW,
        required="nothing: it is a lead",
        remedy="Configure what the policy allows, or make a policy of the server as it should be.",
        reads=read_policy,
        judge=judge_policy,
    ),
)
"""The comparison with the target's policy."""
