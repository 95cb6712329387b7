from __future__ import annotations

import pytest

from scanner.errors import InputError
from scanner.intake.secret_refs import parse_ref

CANARY = "hunter2-canary"


@pytest.mark.parametrize(
    "text",
    ["env:A", "env:_A9", "file:a b/c", "file:/run/secrets/x", "cred:a.b-c_d@e",
     "keyring:service/name", "keyring:https://x/y/name"],
)  # fmt: skip
def test_a_reference_is_read_and_printed_as_written(text: str) -> None:
    assert str(parse_ref(text)) == text


@pytest.mark.parametrize(
    "text",
    [CANARY, f"plain:{CANARY}", f"ENV:{CANARY}", f" env:{CANARY}", f"env:{CANARY}", "env:", "env:9A",
     f"env:A {CANARY}", "file:", f"cred:../{CANARY}", "cred:..", "cred:.", "cred:",
     f"keyring:{CANARY}", "keyring:/a", "keyring:a/", f"env:A\n{CANARY}", ""],
)  # fmt: skip
def test_anything_else_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_ref(text)
    assert CANARY not in str(caught.value)
    assert len(caught.value.problems) == 1
