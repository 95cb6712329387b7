from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.wire.sshfp import Published, compare
from tests.servers.packages import Prefix
from tests.servers.ssh_keys import KeyKind, make_key

KINDS: list[KeyKind] = ["ed25519", "ecdsa", "rsa", "dsa"]


@pytest.mark.parametrize("kind", KINDS)
def test_records_of_ssh_keygen_match_their_key_and_no_other(
    kind: KeyKind, server_packages: Prefix, tmp_path: Path
) -> None:
    own, other = (make_key(server_packages, tmp_path, kind, name=name) for name in ("a", "b"))
    public = tmp_path / "a.pub"
    public.write_text(own.public_line)
    command = [str(server_packages.program("ssh-keygen")), "-r", "host.invalid", "-f", str(public)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    words = [line.split()[-3:] for line in told.splitlines()]
    records = [Published(int(a), int(h), bytes.fromhex(digits)) for a, h, digits in words]
    assert {record.hash_type for record in records} == {1, 2}
    for blobs, matches in (((own.blob, other.blob), True), ((other.blob,), False)):
        found = compare(records, blobs)
        assert [each.matches for each in found] == [matches] * len(records)
        assert [each.contradicts for each in found] == [not matches] * len(records)


def test_a_record_of_a_key_that_was_not_seen_or_of_an_unknown_hash_says_nothing(
    server_packages: Prefix, tmp_path: Path
) -> None:
    key = make_key(server_packages, tmp_path, "ed25519", name="a")
    for record in (Published(1, 2, b"x" * 32), Published(4, 9, b"x"), Published(99, 2, b"x")):
        (found,) = compare([record], [key.blob])
        assert (found.matches, found.contradicts) == (False, False)


@given(
    st.lists(st.tuples(st.integers(0, 255), st.integers(0, 255), st.binary(max_size=40))),
    st.lists(st.binary(max_size=60)),
)
def test_any_records_are_compared_with_any_keys(
    records: list[tuple[int, int, bytes]], blobs: list[bytes]
) -> None:
    found = compare((Published(*record) for record in records), blobs)
    assert len(found) == len(records)
    assert not any(each.matches and each.contradicts for each in found)
