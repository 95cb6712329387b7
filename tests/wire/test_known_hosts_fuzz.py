"""A known_hosts file of any bytes: every line is an entry, a comment or counted."""

from __future__ import annotations

import base64

from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.model.peer import PeerTrust
from scanner.wire.known_hosts import HostKeyPolicy, candidate_names, read_known_hosts
from tests.hostile.ssh_peer import HOST_KEY_BLOB

KEY = base64.b64encode(HOST_KEY_BLOB)
SEEDS = (
    b"files.example.org ssh-ed25519 " + KEY,
    b"files.example.org,192.0.2.7 ssh-ed25519 " + KEY + b" a comment",
    b"[files.example.org]:2222 ssh-ed25519 " + KEY,
    b"@revoked * ssh-ed25519 " + KEY,
    b"@cert-authority *.example.org ssh-ed25519 " + KEY,
    b"|1|JfKTdBh7rNbXkVAQCRp4OQoPfmI=|USECr3SWf1JUPsms5AqfD5QfxkM= ssh-ed25519 " + KEY,
    b"!bad.example.org,*.example.org ssh-ed25519 " + KEY,
    b"files.example.org ssh-rsa " + KEY,
    b"# a comment",
    b"",
    b"***?[]!,,|1||| ssh-ed25519 " + KEY,
)
ENDS = st.sampled_from([b"\n", b"\r\n", b"", b"\r", b"\x0b", b"\0\n"])


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    line = draw(st.sampled_from(SEEDS))
    first = draw(st.integers(0, len(line)))
    last = draw(st.integers(first, len(line)))
    piece = draw(st.one_of(st.just(line[first:last] * 2), st.binary(max_size=5)))
    return line[:first] + piece + line[last:]


FILES = st.lists(
    st.tuples(st.one_of(mutated(), st.sampled_from(SEEDS), st.binary(max_size=60)), ENDS),
    max_size=8,
).map(lambda lines: b"".join(line + end for line, end in lines))
CANDIDATES = candidate_names(("files.example.org", "192.0.2.7", "bad.example.org"), 22)


@settings(max_examples=400)
@given(data=FILES)
def test_any_file_is_read_and_any_key_judged(data: bytes) -> None:
    known = read_known_hosts(data)
    assert len(known.entries) + known.unparsed <= len(data.decode("utf-8", "replace").splitlines())
    for entry in known.entries:
        assert entry.marker in {"", "@revoked", "@cert-authority"}
    policy = HostKeyPolicy(candidates=CANDIDATES, known=known)
    for blob in (HOST_KEY_BLOB, b"", b"\xff" * 20):
        assert policy.judge(blob).trust in PeerTrust


@settings(max_examples=300)
@given(data=FILES)
def test_what_a_file_says_elsewhere_cannot_undo_a_revocation(data: bytes) -> None:
    line = b"\n@revoked * ssh-ed25519 " + KEY + b"\n"
    for whole in (line + data, data + line):
        policy = HostKeyPolicy(candidates=CANDIDATES, known=read_known_hosts(whole))
        assert policy.judge(HOST_KEY_BLOB).trust is PeerTrust.REVOKED


@settings(max_examples=300)
@given(data=FILES)
def test_a_key_is_only_verified_where_an_entry_holds_it(data: bytes) -> None:
    other = HOST_KEY_BLOB[:-1] + bytes([HOST_KEY_BLOB[-1] ^ 1])
    known = read_known_hosts(data)
    trust = HostKeyPolicy(candidates=CANDIDATES, known=known).judge(other).trust
    if trust is PeerTrust.VERIFIED:
        assert other in {entry.blob for entry in known.entries}
