"""Formats without a free program: what each state looks like, and what only pretends."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Callable

import pytest

from scanner.model.content import ContentFacts, ContentState, Note
from tests.content import builders
from tests.content.driving import facts_of, kinds
from tests.content.samples import BIG_EXPORT, EXPORT, RANDOM

ENCRYPTED, WEAK, PARTIAL = ContentState.ENCRYPTED, ContentState.WEAK, ContentState.PARTIAL
CLEAR, OPAQUE, KEYLESS = ContentState.CLEAR, ContentState.OPAQUE, ContentState.KEYLESS
MALFORMED = ContentState.MALFORMED
SEALED = RANDOM[:5008]


def said(data: bytes) -> tuple[str, ContentState]:
    facts = facts_of(data)
    return facts.format, facts.state


@pytest.mark.parametrize("build", [builders.rar4, builders.rar5])
def test_rar(build: Callable[..., bytes]) -> None:
    locked, plain = (b"a.csv", SEALED, True), (b"b.csv", EXPORT, False)
    assert said(build([locked])) == ("rar", ENCRYPTED)
    assert said(build([locked, (b"c", RANDOM[:900], True)])) == ("rar", ENCRYPTED)
    assert said(build([locked], hidden=True)) == ("rar", ENCRYPTED)
    assert facts_of(build([locked], hidden=True)).notes == (Note.NAMES_HIDDEN,)
    mixed = facts_of(build([locked, plain]))
    assert (mixed.state, "nir" in kinds(mixed)) == (PARTIAL, True)
    stored = facts_of(build([plain]))
    assert (stored.format, stored.state, "nir" in kinds(stored)) == ("rar/csv", CLEAR, True)
    packed = facts_of(
        build([(b"b.csv", SEALED, False)], method=0x33 if build is builders.rar4 else 3)
    )
    assert (packed.state, packed.unread) == (CLEAR, True)
    assert facts_of(build([(b"a.csv", BIG_EXPORT, True)])).state is MALFORMED
    assert facts_of(build([(b"a.csv", BIG_EXPORT, True)], hidden=True)).state is MALFORMED
    cut = build([locked, locked, locked])
    assert facts_of(cut[:9000]).state is OPAQUE


def test_old_rar_ciphers_are_weak() -> None:
    assert said(builders.rar4([(b"a", SEALED, True)], version=20)) == ("rar", WEAK)
    assert said(builders.rar14([(b"a", SEALED, True)])) == ("rar", WEAK)
    clear = facts_of(builders.rar14([(b"a.csv", EXPORT, False)]))
    assert (clear.state, "nir" in kinds(clear)) == (CLEAR, True)


def test_lha_is_clear_and_unread() -> None:
    facts = facts_of(builders.lha())
    assert (facts.format, facts.state, facts.unread) == ("lha", CLEAR, True)


def test_parquet() -> None:
    assert said(builders.parquet([True, True])) == ("parquet", ENCRYPTED)
    assert said(builders.parquet([True, False])) == ("parquet", PARTIAL)
    assert said(builders.parquet([False], algorithm=False)) == ("parquet", CLEAR)
    assert said(builders.parquet([], sealed_footer=True, body=RANDOM[:90_000])) == (
        "parquet",
        ENCRYPTED,
    )
    assert said(builders.parquet([], sealed_footer=True, body=BIG_EXPORT)) == ("parquet", PARTIAL)
    data = builders.parquet([True, True])
    assert facts_of(data[:-3]).state is MALFORMED


def test_access() -> None:
    agile = struct.pack("<HHI", 4, 4, 0x40) + b'<keyData cipherAlgorithm="AES" keyBits="256"/>'
    rc4 = struct.pack("<HHIIIII", 4, 2, 0x24, 60, 0x24, 0, 0x6801) + bytes(60)
    aes = struct.pack("<HHIIIII", 4, 2, 0x24, 60, 0x24, 0, 0x660E) + bytes(60)
    assert said(builders.access(b"ACE", locked=True, cipher=agile)) == ("access", ENCRYPTED)
    assert said(builders.access(b"ACE", locked=True, cipher=aes)) == ("access", ENCRYPTED)
    assert said(builders.access(b"ACE", locked=True, cipher=rc4)) == ("access", WEAK)
    assert said(builders.access(b"Jet", locked=True)) == ("access", WEAK)
    for engine in (b"ACE", b"Jet"):
        assert said(builders.access(engine, locked=False, cipher=agile)) == ("access", CLEAR)


def test_keepass_and_small_markers() -> None:
    assert said(builders.kdbx()) == ("keepass", ENCRYPTED)
    old = bytes.fromhex("03d9a29a65fb4bb5") + struct.pack("<II", 3, 0x00030002) + RANDOM[:3000]
    assert said(old) == ("keepass", ENCRYPTED)
    assert said(b"XBCRYP04" + RANDOM[:9000]) == ("xtrabackup", ENCRYPTED)
    assert said(b"$APICRYPT$V2$00000" + RANDOM[:9000]) == ("apicrypt", ENCRYPTED)
    for head in (builders.kdbx(b""), b"XBCRYP04", b"$APICRYPT$V2$00000"):
        assert facts_of(head + BIG_EXPORT).state is not ENCRYPTED


def test_ansible_vaults() -> None:
    for body in (SEALED[:64], SEALED, RANDOM[:80_000]):
        assert said(builders.ansible(body)) == ("ansible-vault", ENCRYPTED)
    labelled = builders.ansible(SEALED, b"$ANSIBLE_VAULT;1.2;AES256;prod\n")
    assert said(labelled) == ("ansible-vault", ENCRYPTED)
    assert said(builders.ansible(SEALED, b"$ANSIBLE_VAULT;1.0;AES\n")) == ("ansible-vault", WEAK)
    for body in (EXPORT, BIG_EXPORT):
        assert facts_of(b"$ANSIBLE_VAULT;1.1;AES256\n" + body).state is not ENCRYPTED
    inner = builders.ansible(SEALED[:64]).replace(b"\n", b"\n    ")
    facts = facts_of(b"password: !vault |\n    " + inner + b"\nhost: a.example.test\n")
    assert (facts.format, facts.state) == ("yaml-vault", PARTIAL)


def test_json_web_encryption() -> None:
    assert said(builders.jwe(SEALED)) == ("jwe", ENCRYPTED)
    assert said(builders.jwe(SEALED) + b"\n") == ("jwe", ENCRYPTED)
    assert said(builders.jwe(RANDOM[:150_000])) == ("jwe", ENCRYPTED)
    assert facts_of(builders.jwe(EXPORT)).state is MALFORMED
    signed = b".".join(builders.jwe(SEALED, {"alg": "RS256"}).split(b".")[:3])
    assert facts_of(signed).state is not ENCRYPTED
    assert facts_of(builders.jwe(SEALED)[:3000] + b"\n" + BIG_EXPORT).state is not ENCRYPTED
    parts = dict(
        zip(
            ("protected", "encrypted_key", "iv", "ciphertext", "tag"),
            builders.jwe(SEALED).decode().split("."),
            strict=True,
        )
    )
    assert said(json.dumps(parts).encode()) == ("jwe", ENCRYPTED)


def test_sops() -> None:
    sealed = {f"name{number}": builders.sops_value(number) for number in range(6)}
    assert said(builders.sops_yaml(sealed)) == ("sops", ENCRYPTED)
    assert said(builders.sops_yaml({**sealed, "host_unencrypted": "a.example.test"})) == (
        "sops",
        PARTIAL,
    )
    plain = {
        f"name{number}": builders.sops_value(number, b"to be read by anybody, all of it")
        for number in range(6)
    }
    assert facts_of(builders.sops_yaml(plain)).state is MALFORMED
    document = json.dumps(
        {**sealed, "sops": {"mac": builders.sops_value(9), "version": "3.9.0"}}, indent=4
    )
    assert said(document.encode()) == ("sops", ENCRYPTED)
    assert facts_of(b"a: ENC[AES256_GCM,data:\n" + EXPORT).state is not ENCRYPTED


def test_xml_encryption() -> None:
    assert said(builders.xmlenc(SEALED)) == ("xmlenc", ENCRYPTED)
    old = "http://www.w3.org/2001/04/xmlenc#tripledes-cbc"
    assert said(builders.xmlenc(SEALED, algorithm=old)) == ("xmlenc", WEAK)
    part = builders.xmlenc(SEALED, around="<order><who>somebody</who>{}</order>")
    assert said(part) == ("xmlenc", PARTIAL)
    assert facts_of(builders.xmlenc(EXPORT)).state is MALFORMED


def test_disks() -> None:
    assert said(builders.bitlocker([0x2000, 0x0800])) == ("bitlocker", ENCRYPTED)
    assert said(builders.bitlocker([0x2000, 0x0000])) == ("bitlocker", KEYLESS)
    assert said(builders.bitlocker([0x2000], metadata=False)) == ("bitlocker", OPAQUE)
    assert said(b"encrcdsa" + RANDOM[:9000]) == ("dmg", ENCRYPTED)
    for head in (b"encrcdsa", builders.bitlocker([0x2000])[:8192]):
        assert facts_of(head + BIG_EXPORT).state is MALFORMED
    # VeraCrypt has no header: 512 bytes of salt and ciphertext, then more of it.
    assert said(b"\x07" + RANDOM[: 512 * 200 - 1]) == ("unknown", OPAQUE)


def odf(
    sealed: set[str],
    *,
    body: bytes = SEALED,
    cipher: str = "http://www.w3.org/2001/04/xmlenc#aes256-cbc",
) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        entries = ""
        for name in ("content.xml", "styles.xml", "settings.xml"):
            archive.writestr(
                name, body if name in sealed else b"<a>some words that are to be read</a>"
            )
            lock = (
                f'<m:encryption-data><m:algorithm m:algorithm-name="{cipher}"/></m:encryption-data>'
                if name in sealed
                else ""
            )
            entries += (
                f'<m:file-entry m:full-path="{name}" m:media-type="text/xml">{lock}</m:file-entry>'
            )
        archive.writestr("META-INF/manifest.xml", f"<m:manifest>{entries}</m:manifest>")
    return file.getvalue()


def test_open_documents() -> None:
    every = {"content.xml", "styles.xml", "settings.xml"}
    assert said(odf(every)) == ("opendocument", ENCRYPTED)
    assert said(odf(every, cipher="Blowfish CFB")) == ("opendocument", WEAK)
    assert said(odf({"content.xml"})) == ("opendocument", PARTIAL)
    assert said(odf(set())) == ("opendocument", CLEAR)
    assert facts_of(odf(every, body=EXPORT)).state is MALFORMED


def test_iwork_keeps_its_password_verifier_in_a_member() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("Index/Document.iwa", SEALED)
        archive.writestr(".iwpv2", RANDOM[:100])
    assert said(file.getvalue()) == ("iwork", ENCRYPTED)


def zip64_hidden(algorithm: int) -> bytes:
    """Return an archive whose directory is encrypted (APPNOTE section 7.3.4)."""
    local = (
        b"PK\x03\x04"
        + struct.pack("<HHHHHIIIHH", 63, 0x2001, 8, 0, 0, 0, len(SEALED), 0, 1, 0)
        + b"1"
    )
    start = local + SEALED
    directory = RANDOM[:600]
    end64 = b"PK\x06\x06" + struct.pack(
        "<QHHIIQQQQ", 72, 63, 63, 0, 0, 1, 1, len(directory), len(start)
    )
    end64 += struct.pack("<HQQHHHH", 8, 600, 600, algorithm, 256, 1, 0x8004)
    locator = b"PK\x06\x07" + struct.pack("<IQI", 0, len(start) + len(directory), 1)
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return start + directory + end64 + locator + end


def test_a_zip_with_a_hidden_directory() -> None:
    facts = facts_of(zip64_hidden(0x6610))
    assert (facts.format, facts.state, facts.notes) == ("zip", ENCRYPTED, (Note.NAMES_HIDDEN,))
    assert facts_of(zip64_hidden(0x6801)).state is WEAK


def test_openpgp_without_integrity_is_weak_and_illegal_versions_are_nothing() -> None:
    session = b"\x8c\x0d\x04\x09\x03\x08" + RANDOM[:8] + b"\x60"
    sealed = b"\xa4" + bytes([200]) + RANDOM[:200]
    assert said(session + sealed) == ("openpgp", WEAK)
    assert facts_of(session.replace(b"\x04\x09", b"\x19\x09", 1) + sealed).state is OPAQUE


def test_rclone_configurations() -> None:
    plain = b"[safe]\ntype = crypt\nremote = out\npassword = abcdefgh\n"
    assert kinds(facts_of(plain)) == {"rclone-config"}
    locked = b"# Encrypted rclone configuration File\n\nRCLONE_ENCRYPT_V0:\nAAAA\n"
    assert said(locked) == ("rclone-config", ENCRYPTED)


def facts_hold_no_data(facts: ContentFacts) -> bool:
    return not facts.kinds and facts.state is not CLEAR


@pytest.mark.parametrize("size", [1000, 70_000, 400_000])
def test_a_marker_before_any_table_is_never_believed(size: int) -> None:
    plain = (BIG_EXPORT * 2)[:size]
    marked = {
        "kdbx": builders.kdbx(b""),
        "borg": b"BORG_SEG" + bytes(4) + struct.pack("<IB", 41 + 5000, 0) + bytes(32) + b"\x03",
        "cryfs": b"cryfs;block;0\x00",
        "cryfs-config": b"cryfs.config;1;scrypt\x00",
        "rclone": b"RCLONE\x00\x00",
        "scrypt": b"scrypt\x00\x0e" + bytes(7) + b"\x08",
        "git-crypt": b"\x00GITCRYPT\x00",
        "aes": b"AES\x02\x00\x00\x00",
        "mcrypt": b"\x00m\x03@rijndael-128\x00\x20\x00cbc\x00mcrypt-sha1\x00",
        "openpgp": b"\x8c\x0d\x04\x09\x03\x08" + RANDOM[:8] + b"\x60\xd2\xff\x00\x10\x00\x00\x01",
        "fernet": b"gAAAAAB" + b"A" * 90,
        "sqlite": b"SQLite format 3\x00" + bytes(84),
        "cms": bytes.fromhex(
            "3080 06092a864886f70d010703 a080 3080 020100 3100 3080 06092a864886f70d010701 301d 060960864801650304012a 0410"
        )
        + RANDOM[:16]
        + b"\xa0\x80\x04\x82\x20\x00",
    }
    for name, head in marked.items():
        assert facts_of(head + plain).state is not ENCRYPTED, name
