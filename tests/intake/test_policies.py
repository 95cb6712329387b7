from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scanner.errors import InputError
from scanner.intake.policies import LARGEST_POLICY, read_policy
from scanner.model.policies import BUILT_IN
from scanner.model.policy import SshPolicy
from scanner.report.policy import policy_document

LEAST = {"name": "house", "version": "1", "made": "2026-11-01", "origin": "a server"}


def read(folder: Path, **changes: Any) -> SshPolicy:
    path = folder / "policy.json"
    path.write_text(json.dumps({**LEAST, **changes}))
    return read_policy(path)


def test_the_least_policy_judges_nothing_and_allows_subsets_and_larger_keys(
    tmp_path: Path,
) -> None:
    assert read(tmp_path) == SshPolicy(
        name="house", version="1", made="2026-11-01", origin="a server"
    )


def test_every_part_of_a_policy_is_read(tmp_path: Path) -> None:
    lists = {
        key: ["zz@example.org", "b"]
        for key in ("kex", "host_key", "ciphers", "macs", "compression", "methods")
    }
    sizes = {"rsa_bits": 3072.0, "dh_bits": 4096}
    switches = {"allow_subset": False, "allow_larger_keys": False, "ordered": True}
    policy = read(tmp_path, **lists, **sizes, **switches, **{"x-note": "free"})
    assert policy.kex == policy.methods == ("zz@example.org", "b")
    assert (policy.rsa_bits, policy.dh_bits) == (3072, 4096)
    assert isinstance(policy.rsa_bits, int)
    assert (policy.allow_subset, policy.allow_larger_keys, policy.ordered) == (False, False, True)


@pytest.mark.parametrize("policy", BUILT_IN.values(), ids=list(BUILT_IN))
def test_what_is_shown_of_a_policy_reads_as_that_policy(policy: SshPolicy, tmp_path: Path) -> None:
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(policy_document(policy)))
    assert read_policy(path) == policy


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"name": "My House"}, "name: 'My House' is not a name"),
        ({"made": "yesterday"}, "made: 'yesterday' is not a date"),
        ({"kex": []}, "kex: is an empty list"),
        ({"kex": ["a", "a"]}, "kex[1]: 'a' is listed twice"),
        ({"ciphers": ["aes256-ctr,aes128-ctr"]}, "ciphers[0]: 'aes256-ctr,aes128-ctr' is not a"),
        ({"macs": "hmac-sha2-256"}, "macs: 'hmac-sha2-256' is not a list"),
        ({"rsa_bits": 512}, "rsa_bits: 512 is less than 1024"),
        ({"ordered": "no"}, "ordered: 'no' is not true or false"),
        (
            {"allow_subsets": True},
            "allow_subsets: is not a known key; did you mean 'allow_subset'?",
        ),
    ],
)
def test_a_fault_is_told_with_its_place(changes: dict[str, Any], told: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, **changes)
    assert len(caught.value.problems) == 1
    assert f"policy.json:1: {told}" in caught.value.problems[0]


@pytest.mark.parametrize("text", ["", "[]", "null", '"modern"', "{"])
def test_what_is_no_policy_at_all_gets_a_line(text: str, tmp_path: Path) -> None:
    path = tmp_path / "policy.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"policy\.json:"):
        read_policy(path)


def test_a_file_beyond_the_bound_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "policy.json"
    path.write_bytes(b" " * (LARGEST_POLICY + 1))
    with pytest.raises(InputError, match="is larger than 1 MiB"):
        read_policy(path)
