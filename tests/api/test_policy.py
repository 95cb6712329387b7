"""What a policy is made of, where a server is odd or one name leads to several."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from scanner.api.policy import PolicyRequest, _policy_of
from scanner.errors import InputError
from scanner.intake.policies import read_policy
from scanner.model.policy import SshPolicy
from scanner.model.reading import Observed, Reason, Unobserved
from scanner.model.ssh import GroupExchange, SshFacts
from scanner.report.document import encode
from scanner.report.policy import policy_document
from tests.checks.cases import endpoint, enforced_ftp, host_key, kexinit, modern_ssh, seen

REQUEST = PolicyRequest(host="files.example.org")


def made(*facts: SshFacts) -> SshPolicy:
    found = _policy_of(seen(*map(endpoint, facts)), REQUEST, "2026-11-26")
    assert isinstance(found, Observed)
    return found.value


def test_addresses_that_offer_the_same_give_one_policy() -> None:
    assert made(modern_ssh(), modern_ssh()) == made(modern_ssh())


def test_addresses_that_differ_give_none_and_are_told_by_their_parts() -> None:
    other = modern_ssh(kexinit=Observed(kexinit(macs_in=("hmac-sha1",))))
    with pytest.raises(InputError, match=r"files\.example\.org: its endpoints differ in macs; "):
        made(modern_ssh(), other)


def test_marks_are_no_methods_and_sizes_are_the_smallest_seen() -> None:
    answers = tuple(
        GroupExchange(smallest_asked=1, preferred=2, largest_asked=3, given=bits)
        for bits in (4096, None, 3072)
    )
    keys = tuple(host_key(algorithm="ssh-rsa", bits=bits) for bits in (4096, 3072))
    policy = made(modern_ssh(group_exchange=Observed(answers), host_keys=Observed(keys)))
    assert policy.kex == ("mlkem768x25519-sha256", "curve25519-sha256")
    assert (policy.rsa_bits, policy.dh_bits) == (3072, 3072)


def test_what_was_not_seen_is_not_judged() -> None:
    nothing = Unobserved(Reason.TIMEOUT)
    policy = made(modern_ssh(methods=nothing, host_keys=nothing, group_exchange=nothing))
    assert (policy.methods, policy.rsa_bits, policy.dh_bits) == (None, None, None)


def test_a_hostile_list_still_gives_a_policy_that_can_be_read(tmp_path: Path) -> None:
    odd = ("a b", "", "x" * 65, r"\x1b[2J", "caf\u00e9", *(f"zz-{n}" for n in range(500)))
    policy = made(modern_ssh(kexinit=Observed(kexinit(ciphers_in=odd, kex=("kex-strict-s",)))))
    assert policy.kex is None
    assert policy.ciphers is not None
    assert len(policy.ciphers) == 200
    assert not {"a b", "", "caf\u00e9"} & set(policy.ciphers)
    path = tmp_path / "policy.json"
    path.write_text(encode(policy_document(policy)))
    assert read_policy(path) == policy


def test_no_ssh_server_is_no_policy_but_a_reason() -> None:
    ftp = _policy_of(seen(endpoint(enforced_ftp())), REQUEST, "2026-11-26")
    assert ftp == Unobserved(Reason.OTHER_SERVICE, "no SSH server answers there")
    mute = replace(modern_ssh(), kexinit=Unobserved(Reason.TIMEOUT, "no answer"))
    assert _policy_of(seen(endpoint(mute)), REQUEST, "2026-11-26") == mute.kexinit
    assert isinstance(_policy_of(seen(), REQUEST, "2026-11-26"), Unobserved)
