"""Lines of public keys, as people and servers write them."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.wire.key_lines import MOST_KEYS, read_key_lines
from scanner.wire.ssh_fields import string

BLOB = string(b"ssh-ed25519") + string(bytes(32))
KEY = b"ssh-ed25519 " + base64.b64encode(BLOB)


def key(number: int) -> bytes:
    blob = string(b"ssh-ed25519") + string(number.to_bytes(32, "big"))
    return b"ssh-ed25519 " + base64.b64encode(blob)


@pytest.mark.parametrize(
    ("line", "comment", "authority"),
    [
        (KEY, "", False),
        (KEY + b" ada@example.org", "ada@example.org", False),
        (KEY + b"  Ada  Lovelace\r", "Ada  Lovelace", False),
        (b"restrict " + KEY + b" ada", "ada", False),
        (b'command="echo \\"a b\\", c",no-pty ' + KEY + b" ada", "ada", False),
        (b'cert-authority,principals="a,b" ' + KEY, "", True),
        (b"CERT-AUTHORITY " + KEY, "", True),
        (b'command="cert-authority" ' + KEY, "", False),
        (b'environment="X=ssh-rsa AAAA" ' + KEY, "", False),
    ],
)
def test_a_key_is_found_behind_its_options(line: bytes, comment: str, authority: bool) -> None:  # noqa: FBT001 - a column of the table
    found = read_key_lines(line + b"\n")
    (only,) = found.keys
    assert (only.blob, only.comment, only.authority) == (BLOB, comment, authority)
    assert (found.unparsed, found.complete) == (0, True)


@pytest.mark.parametrize(
    "line",
    [
        b"ssh-ed25519",
        b"ssh-ed25519 !!!!",
        b"ssh-ed25519 AAAA",
        b"ssh-rsa " + base64.b64encode(BLOB),
        b'command="never closed ' + KEY,
        b"one two three",
        b'"',
        b"x" * 20_000,
    ],
)
def test_what_is_no_key_is_counted(line: bytes) -> None:
    found = read_key_lines(b"# a comment\n\n" + line + b"\n" + KEY)
    assert (len(found.keys), found.unparsed) == (1, 1)


def test_more_keys_than_are_kept_leave_the_file_incomplete() -> None:
    whole = read_key_lines(b"\n".join(map(key, range(MOST_KEYS))))
    assert (len(whole.keys), whole.complete) == (MOST_KEYS, True)
    cut = read_key_lines(b"\n".join(map(key, range(MOST_KEYS + 1))))
    assert (len(cut.keys), cut.complete) == (MOST_KEYS, False)


@given(st.binary(max_size=400))
def test_any_bytes_are_read_without_a_fault(content: bytes) -> None:
    found = read_key_lines(content)
    assert len(found.keys) + found.unparsed <= len(content.splitlines())


def test_a_line_of_quotes_costs_no_more_than_its_length() -> None:
    assert read_key_lines(b'"",' * 5_000 + b'"').unparsed == 1
    assert read_key_lines(b'a"b"' * 4_000).unparsed == 1
