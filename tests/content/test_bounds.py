"""Bombs, mutants and cut files: an answer every time, no exception within, bounded work."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable

import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.content import recognise
from scanner.content.ranges import Allowance, Budget, Source
from scanner.content.scene import Naming
from scanner.demo.generator import age_twin, openpgp_twin
from scanner.model.content import ContentFacts, ContentState
from tests.content import builders
from tests.content.compound_writer import compound
from tests.content.driving import KEY, asked, facts_of
from tests.content.samples import EXPORT, RANDOM, SMALL_EXPORT, pdf
from tests.content.test_built import odf, zip64_hidden
from tests.content.test_office import rc4_lock, standard, workbook

MEBIBYTE = 1 << 20
SEALED = RANDOM[:3008]


def zipped(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def seven(header: bytes, packed: bytes = SEALED) -> bytes:
    start = struct.pack("<QQI", len(packed), len(header), zlib.crc32(header))
    return (
        b"7z\xbc\xaf\x27\x1c\x00\x04"
        + struct.pack("<I", zlib.crc32(start))
        + start
        + packed
        + header
    )


SEVEN_AES = bytes.fromhex(
    "01 04 06 00 01 09 9808 00 07 0b 01 00 02 24 06f10701 01 00 21 21 01 00 01 00 0c 1010 00 08 0a 01 00000000 00 00".replace(
        " ", ""
    )
)
PASS_LOCK = (
    b"/Encrypt<</Filter/Standard/V 4/R 4/Length 128/P -4/O(%s)/U(%s)/CF<</StdCF<</CFM/AESV2>>>>/StmF/StdCF/StrF/StdCF>>"
    % (b"o" * 32, b"u" * 32)
)

SAMPLES: dict[str, bytes] = {
    "age": age_twin(EXPORT),
    "openpgp": openpgp_twin(EXPORT),
    "zip": zipped({"a.csv": SMALL_EXPORT, "b.txt": b"words " * 40}),
    "zip-hidden": zip64_hidden(0x6610),
    "odf": odf({"content.xml", "styles.xml", "settings.xml"}),
    "7z": seven(SEVEN_AES),
    "rar4": builders.rar4([(b"a", SEALED, True), (b"b.csv", SMALL_EXPORT, False)]),
    "rar5": builders.rar5([(b"a", SEALED, True), (b"b.csv", SMALL_EXPORT, False)]),
    "rar14": builders.rar14([(b"a", SEALED, True), (b"b.csv", SMALL_EXPORT, False)]),
    "pdf": pdf(),
    "pdf-locked": pdf().replace(b"/Root 1 0 R", b"/Root 1 0 R" + PASS_LOCK),
    "parquet": builders.parquet([True, False]),
    "access": builders.access(b"ACE", locked=True),
    "ole": workbook(rc4_lock("demo")),
    "bitlocker": builders.bitlocker([0x2000]),
    "kdbx": builders.kdbx(),
    "ansible": builders.ansible(SEALED[:200]),
    "jwe": builders.jwe(SEALED),
    "sops": builders.sops_yaml({f"n{number}": builders.sops_value(number) for number in range(5)}),
    "xmlenc": builders.xmlenc(SEALED, around="<a><b>words</b>{}</a>"),
    "lha": builders.lha(),
    "borg": b"BORG_SEG"
    + bytes(4)
    + struct.pack("<IB", 41 + 3000, 0)
    + bytes(32)
    + b"\x03"
    + SEALED,
    "gzip": gzip.compress(EXPORT),
    "bzip2": bz2.compress(EXPORT),
    "xz": lzma.compress(EXPORT),
    "zstd": zstd.compress(EXPORT),
    "cms": bytes.fromhex(
        "3080 06092a864886f70d010703 a080 3080 020100 3100 3080 06092a864886f70d010701 301d 060960864801650304012a 0410".replace(
            " ", ""
        )
    )
    + RANDOM[:16]
    + b"\xa0\x80\x04\x82\x0b\xc0"
    + SEALED
    + bytes(8),
}


def judged(data: bytes, size: int | None = None) -> ContentFacts:
    """Judge without the net under ``examine``: what a recogniser raises ends the test."""
    total = len(data) if size is None else size
    running = recognise._judge(Source(total, Budget(MEBIBYTE)), Naming(KEY, ()), Allowance(), 0)
    try:
        wanted = next(running)
        while True:
            wanted = running.send(data[wanted.offset : wanted.offset + wanted.length])
    except StopIteration as stop:
        facts = stop.value
        assert isinstance(facts, ContentFacts)
        return facts


@pytest.mark.parametrize("name", SAMPLES)
def test_every_cut_gets_an_answer_and_none_is_better_than_the_whole(name: str) -> None:
    data = SAMPLES[name]
    whole = judged(data)
    ends = {*range(1, min(len(data), 700)), *range(0, len(data), 211)}
    for end in sorted(ends):
        facts = judged(data[:end])
        if whole.state not in {ContentState.ENCRYPTED, ContentState.WEAK}:
            assert facts.state is not ContentState.ENCRYPTED or whole.state is ContentState.PARTIAL
    for more in (1, 4096, 1 << 40):
        judged(data, len(data) + more)


@pytest.mark.parametrize("name", SAMPLES)
def test_no_mutant_raises(name: str) -> None:
    sample = SAMPLES[name]
    chance = random.Random(len(sample))
    for _ in range(300):
        data = bytearray(sample)
        for _ in range(chance.choice((1, 2, 8, 40))):
            at = chance.randrange(min(len(data), chance.choice((64, 600, len(data)))))
            if chance.random() < 0.5:
                at = len(data) - 1 - at
            data[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
        judged(bytes(data))


@given(st.sampled_from(sorted(SAMPLES)), st.integers(0), st.integers(0), st.binary(max_size=12))
@settings(max_examples=400)
def test_no_splice_raises(name: str, start: int, end: int, patch: bytes) -> None:
    sample = SAMPLES[name]
    start, end = sorted((start % len(sample), end % len(sample)))
    judged(sample[:start] + patch + sample[end:])


@given(st.sampled_from(sorted(SAMPLES)), st.sampled_from(sorted(SAMPLES)), st.integers(0, 3000))
@settings(max_examples=200)
def test_no_mixture_raises(first: str, second: str, at: int) -> None:
    judged(SAMPLES[first][:at] + SAMPLES[second][at:])


# Bombs


def many_entries(count: int) -> bytes:
    entry = (
        b"PK\x01\x02"
        + struct.pack("<HHHHHHIIIHHHHHII", 20, 20, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0)
        + b"a"
    )
    directory = entry * count
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 0xFFFE, 0xFFFE, len(directory), 34, 0)
    return b"PK\x03\x04" + bytes(30) + directory + end


def nested_zip(depth: int) -> bytes:
    data = EXPORT
    for _ in range(depth):
        data = zipped({"a.zip": data})
    return data


def wide_zstd() -> bytes:
    """Return a frame that asks for a window of 1 GiB."""
    return b"\x28\xb5\x2f\xfd\x00" + bytes([20 << 3]) + b"\x01\x00\x00"


def wide_xz() -> bytes:
    """Return a stream that asks for a dictionary of 4 GiB, its sums set right."""
    flags = b"\x00\x01"
    data = b"\xfd7zXZ\x00" + flags + struct.pack("<I", zlib.crc32(flags))
    block = b"\x02\x00\x21\x01\x28\x00\x00\x00"
    return data + block + struct.pack("<I", zlib.crc32(block)) + RANDOM[:500]


def footed(footer: bytes) -> bytes:
    return b"PAR1" + footer + struct.pack("<I", len(footer)) + b"PAR1"


def stacked_gzip() -> bytes:
    data = gzip.compress(bytes(64 * MEBIBYTE))
    for _ in range(6):
        data = gzip.compress(data)
    return data


def deep_pdf() -> bytes:
    return pdf().replace(b"/Root 1 0 R", b"/Root 1 0 R/Encrypt" + b"<</A" * 20_000)


def looping_pdf() -> bytes:
    data = pdf()
    start = data.index(b"xref\n")
    return data.replace(b"/Root 1 0 R", b"/Root 1 0 R/Prev %d" % start)


def spinning_office() -> bytes:
    xml = b'<keyData cipherAlgorithm="AES" keyBits="256" hashAlgorithm="SHA512" saltValue="AAAA"/><p:encryptedKey spinCount="10000000" keyBits="256" hashAlgorithm="SHA512" saltValue="AAAA" encryptedKeyValue="AAAA"/>'
    return compound(
        {
            "EncryptionInfo": b"\x04\x00\x04\x00\x40\x00\x00\x00" + xml,
            "EncryptedPackage": bytes(8) + SEALED,
        }
    )


def looping_office() -> bytes:
    """Return a compound file whose directory chain bites its tail."""
    data = bytearray(compound({"Workbook": SEALED}))
    table = struct.unpack_from("<I", data, 76)[0]
    struct.pack_into("<128I", data, 512 * (table + 1), *([0] * 128))
    return bytes(data)


BOMBS: dict[str, Callable[[], bytes]] = {
    "gzip of zeros": lambda: gzip.compress(bytes(256 * MEBIBYTE), 9),
    "gzip in gzip": stacked_gzip,
    "bzip2 of zeros": lambda: bz2.compress(bytes(128 * MEBIBYTE)),
    "xz of zeros": lambda: lzma.compress(bytes(64 * MEBIBYTE)),
    "zstd of zeros": lambda: zstd.compress(bytes(256 * MEBIBYTE)),
    "zstd with a wide window": wide_zstd,
    "xz with a wide dictionary": wide_xz,
    "zip of zeros": lambda: zipped({"a": bytes(64 * MEBIBYTE), "b": bytes(64 * MEBIBYTE)}),
    "zip of many entries": lambda: many_entries(65_000),
    "zip of a million entries": lambda: many_entries(1_000_000),
    "zip in zip": lambda: nested_zip(60),
    "tar of many": lambda: (b"a".ljust(100, b"\x00") + b"0" * 24).ljust(512, b"\x00") * 2000,
    "7z of many folders": lambda: seven(
        b"\x01\x04\x06\x00\x01\x09\x00\x00\x07\x0b\xdf\xff\xff\x00" + b"\x01\x01\x00" * 300_000
    ),
    "7z of many streams": lambda: seven(
        b"\x01\x04\x06\x00\x01\x09\x00\x00\x07\x0b\x01\x00\x01\x01\x00\x0c\x01\x00\x08\x0d\xff"
        + b"\xff" * 8
        + b"\x09"
        + b"\x01" * 400_000
    ),
    "rar of many": lambda: builders.rar4([(b"a", b"x", False)] * 20_000),
    "rar5 of many": lambda: builders.rar5([(b"a", b"x", True)] * 20_000),
    "parquet of many": lambda: builders.parquet([True] * 15) + b"\x19" * 900_000,
    "parquet lists": lambda: footed(b"\x19\xf1\xff\xff\xff\x7f" + bytes([1]) * 500_000),
    "thrift depth": lambda: footed(b"\x1c" * 500_000),
    "thrift structures": lambda: footed(b"\x19\xfc\xff\xff\x7f" + b"\x00" * 500_000),
    "deep pdf": deep_pdf,
    "looping pdf": looping_pdf,
    "pdf of objects": lambda: (
        b"%PDF-1.4\n"
        + b"1 0 obj<</Encrypt 1 0 R>>\n" * 40_000
        + b"trailer<</Encrypt 1 0 R>>startxref\n9\n%%EOF"
    ),
    "pdf of brackets": lambda: b"%PDF-1.4\ntrailer<</Encrypt" + b"[" * 500_000,
    "pdf of streams": lambda: pdf().replace(
        b"%PDF-1.5\n", b"%PDF-1.5\n" + b"<<>>stream\n" * 90_000
    ),
    "spinning office": spinning_office,
    "looping office": looping_office,
    "standard office": lambda: standard("demo"),
    "openpgp packets": lambda: b"\xca\x03PGP" * 200_000,
    "nested der": lambda: b"\x30\x80" * 500_000,
    "der of many": lambda: (
        bytes.fromhex("308006092a864886f70d010703a0803080") + b"\x30\x00" * 500_000
    ),
    "borg of commits": lambda: b"BORG_SEG" + (bytes(4) + struct.pack("<IB", 9, 2)) * 110_000,
    "sops values": lambda: builders.sops_yaml(
        {f"n{number}": builders.sops_value(number % 9) for number in range(6000)}
    ),
    "xml elements": lambda: (
        b'<a xmlns="http://www.w3.org/2001/04/xmlenc#">' + b"<EncryptedData><CipherValue " * 40_000
    ),
    "inline vaults": lambda: b"a: !vault |\n $ANSIBLE_VAULT;1.1;AES256\n 61\n" * 25_000,
    "json": lambda: b'{"ciphertext":' + b"[" * 500_000,
    "jwe dots": lambda: b"eyJ" + b"A." * 500_000,
}


SEALED_BOMBS = {"standard office", "spinning office"}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("name", BOMBS)
def test_every_bomb_gets_an_answer_soon(name: str) -> None:
    facts = judged(BOMBS[name]())
    assert (facts.state is ContentState.ENCRYPTED) == (name in SEALED_BOMBS)


@pytest.mark.parametrize("name", BOMBS)
def test_no_bomb_costs_memory(name: str) -> None:
    data = BOMBS[name]()
    tracemalloc.start()
    try:
        judged(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 64 * MEBIBYTE


@pytest.mark.parametrize("name", SAMPLES)
def test_few_questions_are_asked(name: str) -> None:
    _, ranges = asked(SAMPLES[name], size=1 << 30)
    assert len(ranges) < 40


def test_an_exception_within_is_seen_by_these_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(recognise, "_RECOGNISERS", (breaks,))
    with pytest.raises(RuntimeError):
        judged(EXPORT)
    assert facts_of(EXPORT).state is ContentState.MALFORMED


@pytest.mark.parametrize("budget", [0, 100, 3000, 70_000])
def test_no_format_asks_for_more_than_the_budget(budget: int) -> None:
    for data in SAMPLES.values():
        facts, ranges = asked(data, byte_budget=budget)
        assert sum(wanted.length for wanted in ranges) <= budget
        assert facts.bytes_read <= budget
