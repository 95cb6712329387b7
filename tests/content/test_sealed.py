from __future__ import annotations

import base64
import random

import pytest

from scanner.content.sealed import looks_random

LENGTHS = (64, 100, 200, 256, 512, 1024, 4096)


@pytest.mark.parametrize("length", LENGTHS)
def test_random_bytes_pass_raw_and_in_base64(length: int) -> None:
    chance = random.Random(length)
    for _ in range(200):
        data = chance.randbytes(length)
        assert looks_random(data)
        assert looks_random(base64.encodebytes(data))


@pytest.mark.parametrize("length", LENGTHS)
def test_text_and_tables_do_not(length: int) -> None:
    chance = random.Random(length)
    line = "".join(chance.choice("abcdefghijklmnopqrstuvwxyz0123456789;. \n") for _ in range(8192))
    words = ("the patient came back on monday for a control; nothing to report\n" * 200).encode()
    for data in (
        line.encode()[:length],
        words[:length],
        bytes(length),
        b"\x00\x01\x02\x03" * length,
    ):
        assert not looks_random(data)
