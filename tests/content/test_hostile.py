"""Whatever the bytes: an answer, in bounded time, that holds none of them."""

from __future__ import annotations

import random
import time
from dataclasses import asdict

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scanner.content import recognise
from scanner.content.scene import Scene
from scanner.demo.generator import age_twin, hl7_messages, invent_people, openpgp_twin, people_csv
from scanner.model.content import ContentFacts, ContentState
from tests.content.driving import facts_of

PEOPLE = invent_people(30, seed=9)
MEBIBYTE = 1 << 20
MAGICS = (
    b"age-encryption.org/v1\n",
    b"Salted__",
    b"\xc1\x0c\x03",
    b"\xd2\x01\x01",
    b"\xa3\x01",
    b"-----BEGIN PGP MESSAGE-----\n\n",
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"7z\xbc\xaf\x27\x1c",
    b"%PDF-1.4 /Encrypt 1 0 R",
    b"\x1f\x8b\x08",
    b"BZh9",
    b"\xfd7zXZ\x00",
    b"-----BEGIN OPENSSH PRIVATE KEY-----\n",
    b"MSH|^~\\&|",
    b"INSERT INTO a VALUES (",
    b"COPY a (b) FROM stdin",
    b"CREATE TABLE a (",
    b'{"nom":',
    b"nir;nom;prenom\n",
    b"\xff\xfen\x00",
)
SAMPLES = (
    people_csv(PEOPLE),
    hl7_messages(PEOPLE),
    age_twin(b"x" * 500),
    openpgp_twin(b"x" * 500),
)


@given(
    st.sampled_from([b"", *MAGICS]),
    st.binary(max_size=600),
    st.integers(min_value=0, max_value=2000),
)
@example(b"PK\x05\x06", b"\xff" * 40, 0)
@settings(max_examples=400)
def test_any_bytes_get_an_answer(magic: bytes, rest: bytes, extra: int) -> None:
    data = magic + rest
    facts = facts_of(data, size=len(data) + extra)
    assert isinstance(facts, ContentFacts)
    assert facts.state is not ContentState.ENCRYPTED or len(data) > 30


@given(st.sampled_from(SAMPLES), st.integers(min_value=0), st.binary(min_size=1, max_size=8))
@settings(max_examples=300)
def test_any_mutant_gets_an_answer(sample: bytes, at: int, patch: bytes) -> None:
    at %= len(sample)
    assert isinstance(facts_of(sample[:at] + patch + sample[at + len(patch) :]), ContentFacts)


def test_a_parser_that_breaks_means_malformed(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(scene: Scene) -> None:
        raise RuntimeError(scene.head.decode())

    monkeypatch.setattr(recognise, "_RECOGNISERS", (breaks,))
    facts = facts_of(people_csv(PEOPLE))
    assert (facts.format, facts.state) == ("unknown", ContentState.MALFORMED)


def test_no_value_stands_in_the_facts() -> None:
    values = {value for person in PEOPLE for value in person.cells().values() if len(value) > 3}
    headerless = b"\n".join(people_csv(PEOPLE).split(b"\n")[1:])
    for sample in (*SAMPLES, headerless, b"Salted__" + headerless):
        told = repr(asdict(facts_of(sample, fields=("nir", "nom"))))
        assert not [value for value in values if value.lower() in told.lower()]


def test_a_headerless_table_has_no_column_keys() -> None:
    headerless = b"\n".join(people_csv(PEOPLE).split(b"\n")[1:])
    facts = facts_of(headerless)
    assert "nir" in {kind.kind for kind in facts.kinds}
    assert all(column.name is None and column.key is None for column in facts.columns)


REPEATED = {
    "nested inserts": b"INSERT INTO a VALUES ('",
    "open inserts": b"INSERT INTO a VALUES (1,",
    "open calls": b"INSERT INTO a VALUES (f(N'",
    "calls in calls": b"INSERT a VALUES (f(a,'x' (1)",
    "rows carried on": b"1),(2",
    "lines carried on": b"1\t2\n",
    "creates": b"CREATE TABLE a (b int,",
    "copies": b"COPY a (b) FROM stdin\n",
    "quotes": b'a,"',
    "apostrophes": b"INSERT INTO a VALUES ('''",
    "delimiters": b";",
    "small cells": b"1;2;3\n",
    "digits": b"1 85 ",
    "addresses": b"a@a.",
    "open brackets": b"[",
    "open objects": b'{"a":',
    "records": b'{"a":1}\n',
    "labels": b"user: a\n",
    "gaps": b"a:  b  c  ",
    "open labels": b"Nom" + b" " * 40 + b"\n:",
    "secrets": b"a://b:cdefg@h ",
    "combined": b"a@b.c:d1\n",
    "at signs": b"a@",
    "logins": b"a:$6$",
    "pairs": b'{"a":"b"',
    "objects in an object": b'"a":{"b":1},',
    "names": b'{"' + b"a" * 90 + b'":',
    "key headers": b"-----BEGIN PRIVATE KEY-----\n",
    "components": b"MSH|\rPID|1||^^|^",
    "packets": b"\xc1\x02\x03\x00",
    "armour": b"-----BEGIN PGP MESSAGE-----\n\nAAAA\n",
    "directory entries": b"PK\x03\x04PK\x01\x02",
    "pdf": b"%PDF-/Encrypt 1 0 ",
    "spaces": b" ",
    "zeros": b"\x00",
}


@pytest.mark.parametrize("piece", REPEATED.values(), ids=REPEATED.keys())
def test_repetition_stays_linear(piece: bytes) -> None:
    data = (piece * (MEBIBYTE // len(piece) + 1))[:MEBIBYTE]
    started = time.process_time()
    facts_of(data, fields=("nom",))
    # Far above what is measured (tenths of a second), far below anything quadratic.
    assert time.process_time() - started < 1.5


def test_random_windows_are_judged_quickly() -> None:
    data = random.Random(1).randbytes(MEBIBYTE)
    started = time.process_time()
    assert facts_of(data).state is ContentState.OPAQUE
    assert time.process_time() - started < 0.5
