from __future__ import annotations

from typing import Any

import pytest

from scanner.model.failure import FailureId
from scanner.model.finding import Finding, Severity, Verdict
from scanner.model.peer import PeerTrust
from scanner.model.reading import Observed, Reason, Unobserved
from scanner.model.recall import PastHostKey, Recall
from scanner.model.ssh import HostKey, SshFacts, Sshfp, SshfpRecord
from tests.checks.cases import case, host_key, modern_ssh, result, target

ROW = FailureId.PLAINTEXT_TRANSPORT
RESOLVER = ("127.0.0.1", 5353)


def findings(facet: str, facts: SshFacts, **changes: Any) -> list[Finding]:
    row = result(ROW, case(facts, **changes))
    return [each for each in row.findings if each.facet == facet]


def record(*, matches: bool = False, contradicts: bool = False, algorithm: int = 4) -> SshfpRecord:
    return SshfpRecord(algorithm=algorithm, hash_type=2, matches=matches, contradicts=contradicts)


def published(*records: SshfpRecord, authenticated: bool = False) -> SshFacts:
    return modern_ssh(sshfp=Observed(Sshfp(records=records, authenticated=authenticated)))


RIGHT, WRONG = record(matches=True), record(contradicts=True)
OTHER = record(algorithm=1)


@pytest.mark.parametrize(
    ("records", "verdict"),
    [
        ((RIGHT,), Verdict.PASS),
        ((RIGHT, WRONG), Verdict.PASS),  # the old key's record beside the new one's
        ((RIGHT, OTHER), Verdict.PASS),
        ((WRONG,), Verdict.FAIL),
        ((WRONG, record(matches=True, algorithm=1)), Verdict.FAIL),
        ((OTHER,), Verdict.UNKNOWN),
    ],
)
def test_published_keys_are_held_against_those_shown(
    records: tuple[SshfpRecord, ...], verdict: Verdict
) -> None:
    (found,) = findings("ssh-sshfp", published(*records), target=target(resolver=RESOLVER))
    assert (found.verdict, found.required) == (verdict, False)


@pytest.mark.parametrize("authenticated", [True, False])
def test_a_contradiction_is_a_lead_that_dnssec_strengthens(*, authenticated: bool) -> None:
    facts = published(WRONG, authenticated=authenticated)
    (found,) = findings("ssh-sshfp", facts, target=target(resolver=RESOLVER))
    assert found.is_lead
    assert found.severity is (Severity.MEDIUM if authenticated else Severity.LOW)


def test_without_a_resolver_or_records_the_question_is_not_put() -> None:
    assert findings("ssh-sshfp", modern_ssh()) == []
    assert findings("ssh-sshfp", modern_ssh(), target=target(resolver=RESOLVER)) == []
    assert findings("ssh-sshfp", published(), target=target(resolver=RESOLVER)) == []


def test_a_silent_resolver_leaves_it_unknown_and_the_row_as_it_was() -> None:
    facts = modern_ssh(sshfp=Unobserved(Reason.TIMEOUT, "no answer"))
    (found,) = findings("ssh-sshfp", facts, target=target(resolver=RESOLVER))
    assert (found.verdict, found.reason) == (Verdict.UNKNOWN, "timeout")
    assert result(ROW, case(facts, target=target(resolver=RESOLVER))).verdict is Verdict.PASS


def past(fingerprint: str, algorithm: str = "ssh-ed25519", **changes: Any) -> PastHostKey:
    told = {
        "vantage": "internal",
        "port": 22,
        "first_seen": "2026-06-01T02:00:00Z",
        "last_seen": "2026-06-30T02:00:00Z",
        **changes,
    }
    return PastHostKey(algorithm=algorithm, fingerprint=fingerprint, **told)


def shown(*keys: HostKey) -> SshFacts:
    return modern_ssh(host_keys=Observed(keys))


def unlisted(fingerprint: str, algorithm: str = "ssh-ed25519") -> HostKey:
    return host_key(fingerprint=fingerprint, algorithm=algorithm, trust=PeerTrust.UNVERIFIED)


def changed(facts: SshFacts, *before: PastHostKey) -> list[Finding]:
    return findings("ssh-key-changed", facts, recall=Recall(host_keys=before))


def test_a_key_that_changed_is_a_lead_with_both_fingerprints_and_the_time() -> None:
    (found,) = changed(shown(unlisted("SHA256:new")), past("SHA256:old"))
    assert (found.verdict, found.severity, found.is_lead) == (Verdict.FAIL, Severity.MEDIUM, True)
    for told in ("ssh-ed25519", "SHA256:new", "SHA256:old", "2026-06-30T02:00:00Z"):
        assert told in found.summary


@pytest.mark.parametrize(
    ("keys", "before"),
    [
        ((unlisted("A"),), (past("A"),)),
        ((unlisted("A"), unlisted("R", "ssh-rsa")), (past("A"),)),  # a new type
        ((unlisted("A"),), (past("A"), past("R", "ssh-rsa"))),  # one shown no more
        ((unlisted("A"),), (past("A"), past("B"))),  # two servers behind the name
        ((unlisted("A", "ssh-ed25519-cert-v01@openssh.com"),), (past("A"),)),
    ],
)
def test_what_is_no_change(keys: tuple[HostKey, ...], before: tuple[PastHostKey, ...]) -> None:
    (found,) = changed(shown(*keys), *before)
    assert found.verdict is Verdict.PASS


def test_a_change_to_a_key_that_the_team_lists_is_told_and_passes() -> None:
    key = host_key(fingerprint="SHA256:new", trust=PeerTrust.PINNED)
    (found,) = changed(shown(key), past("SHA256:old"))
    assert found.verdict is Verdict.PASS
    assert "SHA256:old" in found.summary


def test_nothing_is_asked_without_an_earlier_key_from_there() -> None:
    facts = shown(unlisted("B"))
    assert changed(facts) == []
    assert changed(facts, past("A", port=2222)) == []
    assert changed(facts, past("A", vantage="dmz")) == []


def test_keys_that_were_not_seen_leave_it_unknown() -> None:
    (found,) = changed(modern_ssh(host_keys=Unobserved(Reason.TIMEOUT)), past("A"))
    assert found.verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("trust", [PeerTrust.EXPIRED, PeerTrust.UNTRUSTED])
def test_a_certificate_that_proves_nothing_is_no_key_on_record(trust: PeerTrust) -> None:
    key = host_key(trust=trust, trust_detail="the certificate proves nothing: it has expired")
    (found,) = findings("ssh-host-key", shown(key), target=target(host_keys=("SHA256:y",)))
    assert (found.verdict, found.severity) == (Verdict.FAIL, Severity.MEDIUM)
    assert "expired" in found.summary
    both = shown(key, host_key(fingerprint="SHA256:p"))
    (found,) = findings("ssh-host-key", both, target=target(host_keys=("SHA256:p",)))
    assert found.verdict is Verdict.PASS
