from __future__ import annotations

import csv
import hashlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.content.nir import is_nir
from scanner.demo.generator import (
    EXAM_FIELDS,
    EXPORT_FIELDS,
    ORDERED_EXPORT_FIELDS,
    age_twin,
    exams_csv,
    hl7_messages,
    impossible_nir,
    invent_people,
    openpgp_twin,
    people_csv,
    public_files,
)


@given(st.integers(min_value=0, max_value=99_899), st.integers(min_value=1900, max_value=2030))
def test_every_number_is_valid_by_its_key_and_can_be_nobodys(number: int, year: int) -> None:
    nir = impossible_nir(number, year)
    assert is_nir(nir)
    assert nir[0] in "78"
    assert int(nir[3:5]) >= 50
    assert nir[5:10] == "99000"


def test_people_are_distinct_and_the_same_for_the_same_seed() -> None:
    people = invent_people(3000)
    assert len({person.nir for person in people}) == 3000
    assert people == invent_people(3000)
    assert people != invent_people(3000, seed=2)


def test_phone_numbers_come_from_the_block_kept_for_fiction() -> None:
    assert all(person.phone.startswith("06 39 98 ") for person in invent_people(100))


def test_the_export_has_the_asked_columns_and_one_row_a_person() -> None:
    people = invent_people(25)
    for fields in (EXPORT_FIELDS, ORDERED_EXPORT_FIELDS):
        rows = list(csv.reader(io.StringIO(people_csv(people, fields).decode()), delimiter=";"))
        assert rows[0] == list(fields)
        assert [row[0] for row in rows[1:]] == [person.nir for person in people]


def test_examinations_name_nobody() -> None:
    text = exams_csv(50).decode()
    assert text.splitlines()[0] == ";".join(EXAM_FIELDS)
    assert not set(EXPORT_FIELDS) & set(EXAM_FIELDS)


def test_hl7_carries_the_number_in_its_nineteenth_field() -> None:
    people = invent_people(3)
    segments = hl7_messages(people).decode().split("\r")
    fields = [segment.split("|") for segment in segments if segment.startswith("PID")]
    assert [pid[19] for pid in fields] == [person.nir for person in people]
    assert [pid[5] for pid in fields] == [f"{p.surname}^{p.first_name}" for p in people]


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 200_000])
def test_encrypted_twins_have_the_size_and_header_of_the_real_thing(size: int) -> None:
    age = age_twin(bytes(size))
    header, body = age.split(b"\n--- ", 1)
    assert header.startswith(b"age-encryption.org/v1\n-> X25519 ")
    assert len(body) - 44 == 16 + size + 16 * (size // 65_536 + 1)
    assert openpgp_twin(bytes(size))[:2] == b"\xc1\xff"


def test_public_checksums_are_right() -> None:
    files = public_files()
    digest = hashlib.sha256(files["release-1.0.txt.gz"]).hexdigest()
    assert files["SHA256SUMS"].decode() == f"{digest}  release-1.0.txt.gz\n"
