from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from scanner.model.dossier import Dossier
from scanner.model.failure import FailureId
from scanner.model.finding import Finding, Severity, Verdict
from scanner.model.policies import ANSSI, BUILT_IN, MOZILLA_MODERN
from scanner.model.policy import SshPolicy
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.ssh import AuthMethods, GroupExchange, SshFacts
from tests.checks.cases import NOTHING, case, finding, host_key, kexinit, modern_ssh, result

ROW = FailureId.PLAINTEXT_TRANSPORT
AS_IT_IS = SshPolicy(
    name="house",
    version="3",
    made="2026-11-01",
    origin="files.example.org:22",
    kex=("mlkem768x25519-sha256", "curve25519-sha256"),
    host_key=("ssh-ed25519",),
    ciphers=("aes256-gcm@openssh.com",),
    macs=("hmac-sha2-256-etm@openssh.com",),
    compression=("none",),
    methods=("publickey",),
    allow_subset=False,
    allow_larger_keys=False,
    ordered=True,
)


def compared(facts: SshFacts, policy: SshPolicy | Unobserved) -> Finding:
    reading: Reading[SshPolicy] = policy if isinstance(policy, Unobserved) else Observed(policy)
    row = result(ROW, case(facts, dossier=Dossier(policy=reading)))
    assert row.verdict is not Verdict.FAIL
    return finding(row, "ssh-policy")


def test_a_server_as_its_strictest_policy_has_it_passes() -> None:
    found = compared(modern_ssh(), AS_IT_IS)
    assert (found.verdict, found.summary) == (Verdict.PASS, "as policy house, version 3")


@pytest.mark.parametrize(
    ("lists", "told"),
    [
        ({"ciphers_out": ("aes256-gcm@openssh.com", "aes128-cbc")}, "ciphers offers aes128-cbc"),
        ({"macs_in": ("hmac-sha1",)}, "macs offers hmac-sha1"),
        ({"compression_in": ("zlib",)}, "compression offers zlib (allowed: none)"),
        ({"host_key": ("ssh-rsa",)}, "host_key offers ssh-rsa (allowed: ssh-ed25519)"),
        ({"kex": ("curve25519-sha256", "ecdh-sha2-nistp256")}, "kex offers ecdh-sha2-nistp256"),
    ],
)
def test_what_is_offered_beyond_a_list_is_told(
    lists: dict[str, tuple[str, ...]], told: str
) -> None:
    found = compared(
        modern_ssh(kexinit=Observed(kexinit(**lists))), replace(AS_IT_IS, allow_subset=True)
    )
    assert (found.verdict, found.severity) == (Verdict.FAIL, Severity.LOW)
    assert found.is_lead
    assert "unlike policy house, version 3: " in found.summary
    assert told in found.summary


def test_less_than_a_list_is_told_unless_a_subset_will_do() -> None:
    facts = modern_ssh(kexinit=Observed(kexinit(kex=("curve25519-sha256",))))
    strict = compared(facts, AS_IT_IS)
    assert "kex lacks mlkem768x25519-sha256 (offered: curve25519-sha256)" in strict.summary
    assert compared(facts, replace(AS_IT_IS, allow_subset=True)).verdict is Verdict.PASS


def test_the_order_counts_only_where_it_is_said_to() -> None:
    turned = kexinit(kex=("curve25519-sha256", "mlkem768x25519-sha256"))
    facts = modern_ssh(kexinit=Observed(turned))
    assert "kex is ordered curve25519-sha256, mlkem768x25519-sha256" in (
        compared(facts, AS_IT_IS).summary
    )
    assert compared(facts, replace(AS_IT_IS, ordered=False)).verdict is Verdict.PASS


def test_marks_among_the_methods_are_no_difference() -> None:
    marked = kexinit(kex=("mlkem768x25519-sha256", "curve25519-sha256", "ext-info-s"))
    assert compared(modern_ssh(kexinit=Observed(marked)), AS_IT_IS).verdict is Verdict.PASS


def methods(*names: str) -> Observed[AuthMethods]:
    return Observed(AuthMethods(none_accepted=False, methods=names))


def test_methods_are_compared_without_regard_to_order() -> None:
    two = replace(AS_IT_IS, methods=("publickey", "hostbased"))
    facts = modern_ssh(methods=methods("hostbased", "publickey"))
    assert compared(facts, two).verdict is Verdict.PASS
    facts = modern_ssh(methods=methods("publickey", "password"))
    assert "methods offers password (allowed: publickey)" in compared(facts, AS_IT_IS).summary


@pytest.mark.parametrize(
    ("bits", "larger", "told"),
    [
        (3072, True, ""),
        (4096, True, ""),
        (2048, True, "the RSA host key has 2048 bits (required: 3072 or more)"),
        (4096, False, "the RSA host key has 4096 bits (required: 3072)"),
        (3072, False, ""),
    ],
)
def test_the_size_of_an_rsa_key(bits: int, larger: Any, told: str) -> None:
    policy = replace(AS_IT_IS, rsa_bits=3072, allow_larger_keys=larger)
    facts = modern_ssh(host_keys=Observed((host_key(algorithm="ssh-rsa", bits=bits),)))
    found = compared(facts, policy)
    assert found.verdict is (Verdict.FAIL if told else Verdict.PASS)
    assert told in found.summary


def exchanging(*given: int | None) -> SshFacts:
    kex = ("mlkem768x25519-sha256", "diffie-hellman-group-exchange-sha256")
    answers = tuple(
        GroupExchange(smallest_asked=1, preferred=2, largest_asked=3, given=bits) for bits in given
    )
    lists = kexinit(kex=kex)
    return modern_ssh(kexinit=Observed(lists), group_exchange=Observed(answers))


EXCHANGE = replace(
    AS_IT_IS, kex=("mlkem768x25519-sha256", "diffie-hellman-group-exchange-sha256"), dh_bits=3072
)


def test_the_smallest_group_counts() -> None:
    found = compared(exchanging(8192, 2048), EXCHANGE)
    assert "the smallest group has 2048 bits (required: 3072)" in found.summary
    assert compared(exchanging(3072, None), EXCHANGE).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("facts", "policy", "told"),
    [
        (modern_ssh(methods=NOTHING), AS_IT_IS, "methods"),
        (
            modern_ssh(kexinit=Observed(kexinit(host_key=("rsa-sha2-512",)))),
            replace(AS_IT_IS, host_key=("rsa-sha2-512",), rsa_bits=3072),
            "the RSA host key",
        ),
        (
            replace(exchanging(), group_exchange=NOTHING),
            EXCHANGE,
            "the groups of the group exchange",
        ),
    ],
)
def test_what_a_policy_judges_and_nobody_saw_is_no_pass(
    facts: SshFacts, policy: SshPolicy, told: str
) -> None:
    found = compared(facts, policy)
    assert found.verdict is Verdict.UNKNOWN
    assert f"not seen: {told}" in found.summary


def test_lists_and_sizes_that_a_policy_leaves_out_are_not_judged() -> None:
    nothing = SshPolicy(name="n", version="1", made="2026-01-01", origin="o", allow_subset=False)
    lists = kexinit(ciphers_in=("none",), kex=("zz",))
    facts = modern_ssh(kexinit=Observed(lists), methods=methods("password"))
    row = result(ROW, case(facts, dossier=Dossier(policy=Observed(nothing))))
    assert finding(row, "ssh-policy").verdict is Verdict.PASS


def test_a_policy_that_cannot_be_read_leaves_the_question_open() -> None:
    gone = Unobserved(Reason.UNREADABLE, "policy.json: does not exist; check the name")
    found = compared(modern_ssh(), gone)
    assert (found.verdict, found.reason) == (Verdict.UNKNOWN, "unreadable")
    assert "policy.json" in found.summary


def test_the_built_in_policies_are_named_as_a_targets_file_names_them() -> None:
    assert list(BUILT_IN) == ["modern", "anssi", "mozilla-modern"]
    assert all(policy.name == name for name, policy in BUILT_IN.items())
    for policy in BUILT_IN.values():
        assert all((policy.version, policy.made, policy.origin))
        assert policy.allow_subset
        assert policy.allow_larger_keys
        assert not policy.ordered


def test_anssi_asks_for_aes_in_counter_mode_and_hmac() -> None:
    assert ANSSI.ciphers == ("aes256-ctr", "aes192-ctr", "aes128-ctr")
    assert {name.removesuffix("-etm@openssh.com") for name in ANSSI.macs or ()} == {
        "hmac-sha2-512",
        "hmac-sha2-256",
        "hmac-sha1",
    }
    assert (ANSSI.kex, ANSSI.compression, ANSSI.methods, ANSSI.dh_bits) == (None, None, None, None)
    assert ANSSI.rsa_bits == 2048
    assert "ssh-dss" not in (ANSSI.host_key or ())


def test_mozilla_modern_wants_keys_and_groups_of_3072_bits() -> None:
    assert MOZILLA_MODERN.methods == ("publickey",)
    assert MOZILLA_MODERN.dh_bits == 3072


def test_a_server_as_the_default_policy_has_it_passes() -> None:
    row = result(ROW, case(modern_ssh()))
    assert finding(row, "ssh-policy").summary == "as policy modern, version 1"
