from __future__ import annotations

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.model.mask import Mask, without_paths
from scanner.probes.sampling import FoundFile
from tests.probes.memory_tree import a_file

MASK = Mask(b"0123456789abcdef")

# Invented from syllables; nobody is called so.
NAMES = (
    "zorba.quillet",
    "zquillet",
    "ZQuillet",
    "QUILLET_ZORBA",
    "QUILLET Zorba",
    "Zorba-Quillet",
    "zorbaquillet",
    "quillet_zorba_1985",
    "1985-06-01 quillet",
    "export_quillet",
    "patient QUILLET",
    "Quillét",
    "\N{FULLWIDTH LATIN CAPITAL LETTER Q}uillet",
    "куиллет",
    "zorba@quillet.example",
    "lab2024quillet",
)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
def test_a_directory_named_like_a_person_is_masked_in_every_form(name: str, encoding: str) -> None:
    raw = name.encode(encoding)

    assert MASK.directory(b"/home/" + raw + b"/exports") == "/home/***/exports"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/home/transfer",
        "/srv/ftp/pub/",
        "//exports//2024/05",
        "/Échanges/laboratoire_3/Résultats-2024",
        "/MIG-2024-017/incoming",
        "/old exports/lot 12",
        "/archives.2023-11",
    ],
)
def test_ordinary_directories_stay_readable(path: str) -> None:
    assert MASK.directory(path.encode()) == path


@pytest.mark.parametrize(
    ("part", "masked"),
    [
        ("export 20240501", "export ***"),
        ("patient12345", "patient***"),
        ("patient 1 85 06 75 123 456 78", "patient *** *** *** *** *** *** ***"),
        ("1985-06-01", "***-***-***"),
        ("01 23 45 67 89", "*** *** *** *** ***"),
        ("1985-0601", "***-***"),
    ],
)
def test_long_numbers_and_dates_of_birth_are_masked(part: str, masked: str) -> None:
    assert MASK.directory(f"/{part}".encode()) == f"/{masked}"


@given(st.binary(max_size=400))
def test_no_directory_keeps_five_digits_in_a_row_or_a_control_character(path: bytes) -> None:
    kept = MASK.directory(path)

    assert kept.isprintable()
    assert not any(kept[at : at + 5].isdecimal() for at in range(len(kept) - 4))


@pytest.mark.parametrize(
    ("name", "extension"),
    [
        ("export.CSV", "csv"),
        ("a.tar.gz", "gz"),
        ("a.hpr", "hpr"),
        ("a.csv.sha512", "sha512"),
        ("zorba.quillet", ""),
        ("patient.1850675123", ""),
        ("notes.zq85", ""),
        ("csv", ""),
        ("a.", ""),
        ("", ""),
    ],
)
def test_only_an_ordinary_extension_is_told(name: str, extension: str) -> None:
    assert MASK.extension(name.encode()) == extension


@pytest.mark.parametrize("name", ["a.jpg", "a.exe", "a.o", "a.vhdx", "a.woff2", "a.mpeg"])
def test_what_is_never_read_is_told_by_its_masked_extension(name: str) -> None:
    raw = name.encode()

    assert not FoundFile(path=b"/" + raw, entry=a_file(raw), extension=MASK.extension(raw)).eligible


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("226 Directory send OK.", "226 Directory send OK."),
        ("550 /home/zorba.quillet: denied", "550 *** denied"),
        ('550 "/home/zorba quillet" is gone', "550 *** is gone"),
        ("550 '/home/zorba quillet'/x is gone", "550 ****** is gone"),
        ('550 "/home/quillet is gone', "550 *** is gone"),
        ("", ""),
    ],
)
def test_a_servers_text_keeps_no_path(text: str, kept: str) -> None:
    assert without_paths(text) == kept


def test_a_short_masking_key_is_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        Mask(b"short")


@given(st.binary(min_size=16, max_size=150), st.lists(st.binary(max_size=90), max_size=4))
def test_a_key_is_the_hmac_of_the_framed_parts(secret: bytes, parts: list[bytes]) -> None:
    framed = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    assert Mask(secret)(*parts) == hmac.digest(secret, framed, "sha256").hex()[:32]


def test_masks_of_one_key_are_equal_and_show_none_of_it() -> None:
    assert Mask(b"0123456789abcdef") == MASK
    assert hash(Mask(b"0123456789abcdef")) == hash(MASK)
    assert repr(MASK) == "Mask()"
