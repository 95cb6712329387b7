"""The facets that hold a host key against what others say of it: DNS, and earlier nights."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.checks.base import Facet, Question, Ruling, failed, passed, undecided
from scanner.checks.questions import ssh_questions
from scanner.model.case import Case
from scanner.model.finding import Confidence, Severity, Source
from scanner.model.frozen import dataclass
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.recall import PastHostKey
from scanner.model.ssh import HostKey, SshFacts, Sshfp

_CERTIFICATE = "-cert-v01@openssh.com"


def _published(facts: SshFacts) -> Reading[Sshfp] | None:
    sshfp = facts.sshfp
    if isinstance(sshfp, Observed):
        return sshfp if sshfp.value.records else None
    return None if sshfp.reason is Reason.NOT_LOOKED_AT else sshfp


def read_sshfp(case: Case) -> Iterator[Question[Sshfp]]:
    """Ask every SSH endpoint whose name has SSHFP records."""
    if case.target.resolver is not None:
        yield from ssh_questions(case, _published, required=False)


def judge_sshfp(sshfp: Sshfp, _case: Case) -> Ruling:
    """A published key that is not the one shown is a lead, stronger where DNSSEC vouches."""
    right = {record.algorithm for record in sshfp.records if record.matches}
    wrong = {record.algorithm for record in sshfp.records if record.contradicts} - right
    if wrong:
        vouched = "authenticated" if sshfp.authenticated else "not authenticated"
        return failed(
            f"DNS publishes another host key than the one shown ({vouched})",
            Confidence.WEAK,
            severity=Severity.MEDIUM if sshfp.authenticated else Severity.LOW,
        )
    if right:
        return passed("DNS publishes the host key that is shown")
    return undecided("DNS publishes no key of a kind that was seen", Reason.NOT_OFFERED)


@dataclass(frozen=True, slots=True)
class KeysBeside:
    """The host keys of an endpoint, and what the same port showed before, by type."""

    now: tuple[HostKey, ...]
    before: dict[str, tuple[PastHostKey, ...]]


def read_changed(case: Case) -> Iterator[Question[KeysBeside]]:
    """Ask every SSH endpoint whose host keys an earlier scan saw from the same vantage."""
    for vantage, endpoint, facts in case.ssh():
        before: dict[str, tuple[PastHostKey, ...]] = {}
        for past in case.recall.host_keys:
            if (past.vantage, past.port) == (vantage, endpoint.port):
                before[past.algorithm] = (*before.get(past.algorithm, ()), past)
        if not before:
            continue
        keys = facts.host_keys
        reading: Reading[KeysBeside] = (
            keys
            if isinstance(keys, Unobserved)
            else Observed(KeysBeside(keys.value, before), keys.evidence)
        )
        yield Question(vantage, endpoint.way_in, reading, required=False)


def judge_changed(keys: KeysBeside, _case: Case) -> Ruling:
    """A key that gave way to another of its type is a lead, unless the team lists the new one.

    Nobody vouched for the old key, so it proves nothing; but it is what a machine that was
    replaced, or stands in between, looks like. A key of a new type is no change, and nor is one
    that is shown no more.
    """
    changes: list[str] = []
    listed = True
    for kind, before in keys.before.items():
        now = [key for key in keys.now if key.algorithm.removesuffix(_CERTIFICATE) == kind]
        known = {past.fingerprint for past in before}
        if not now or any(key.fingerprint in known for key in now):
            continue
        listed = listed and any(key.trust.may_receive_secrets for key in now)
        latest = max(before, key=lambda past: past.last_seen)
        changes.append(
            f"{kind} {latest.fingerprint} (last seen {latest.last_seen}) became"
            f" {now[0].fingerprint}"
        )
    if not changes:
        return passed("the host keys are those of the last scan")
    told = f"the host key changed since the last scan: {'; '.join(changes[:3])}"
    return (
        passed(f"{told}; the team lists the new one") if listed else failed(told, Confidence.WEAK)
    )


FACETS = (
    Facet(
        id="ssh-sshfp",
        question="Does DNS publish the host key that is shown?",
        layer=Source.NETWORK,
        severity=Severity.MEDIUM,
        required="nothing: it is a lead",
        remedy="Publish the SSHFP records of the current keys (ssh-keygen -r), or find out whose"
        " key is shown.",
        reads=read_sshfp,
        judge=judge_sshfp,
    ),
    Facet(
        id="ssh-key-changed",
        question="Is the host key the one of the last scan?",
        layer=Source.NETWORK,
        severity=Severity.MEDIUM,
        required="nothing: it is a lead",
        remedy="Find out why the key changed; then list the right one, so that it is verified.",
        reads=read_changed,
        judge=judge_changed,
    ),
)
"""The facets, in the order of the report."""
