"""What each format is told to be: most samples are made by the programs that own the format."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import lzma
import random
import shutil
import struct
import subprocess
import zipfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from scanner.demo.generator import (
    EXPORT_FIELDS,
    ORDERED_EXPORT_FIELDS,
    age_twin,
    exams_csv,
    hl7_messages,
    invent_people,
    openpgp_twin,
    people_csv,
    public_files,
)
from scanner.model.content import ContentState, DataClass
from tests.content.driving import asked, facts_of, kinds

PEOPLE = invent_people(50)
EXPORT = people_csv(PEOPLE)
BIG_EXPORT = people_csv(invent_people(4000))
RANDOM = random.Random(5).randbytes(50_000)


# Encrypted, and things that only pretend


@pytest.mark.parametrize("data", [age_twin(EXPORT), age_twin(b"tiny"), age_twin(BIG_EXPORT)])
def test_age_is_encrypted(data: bytes) -> None:
    facts = facts_of(data)
    assert (facts.format, facts.state, facts.kinds) == ("age", ContentState.ENCRYPTED, ())


def test_openpgp_is_encrypted_and_needs_its_session_key() -> None:
    data = openpgp_twin(EXPORT)
    assert facts_of(data).state is ContentState.ENCRYPTED
    alone = data[6 + int.from_bytes(data[2:6], "big") :]
    assert facts_of(alone).state is ContentState.OPAQUE


def test_openssl_enc_is_encrypted_raw_and_in_base64(tmp_path: Path) -> None:
    plain = tmp_path / "plain.csv"
    plain.write_bytes(EXPORT)
    command = ["openssl", "enc", "-aes-256-cbc", "-pbkdf2", "-pass", "pass:demo", "-in", str(plain)]
    raw = subprocess.run(command, capture_output=True, check=True).stdout
    text = subprocess.run([*command, "-base64"], capture_output=True, check=True).stdout
    assert facts_of(raw).state is ContentState.ENCRYPTED
    assert facts_of(text).state is ContentState.ENCRYPTED


@pytest.mark.parametrize(
    "magic",
    [
        b"Salted__",
        b"U2FsdGVkX1",
        age_twin(b"")[:200],
        b"-----BEGIN AGE ENCRYPTED FILE-----\n",
        b"\x03\xd9\xa2\x9a\x67\xfb\x4b\xb5",
        openpgp_twin(b"")[:-40],
    ],
)
@pytest.mark.parametrize("body", [EXPORT, BIG_EXPORT, EXPORT[:2000]])
def test_a_magic_before_plain_text_is_not_believed(magic: bytes, body: bytes) -> None:
    facts = facts_of(magic + b"\n" + body)
    assert facts.state is not ContentState.ENCRYPTED


def test_what_follows_a_spoofed_magic_is_judged() -> None:
    facts = facts_of(b"Salted__" + EXPORT)
    assert facts.state is ContentState.CLEAR
    assert "nir" in kinds(facts)


@pytest.mark.parametrize("length", [64, 1000, 50_000])
def test_random_bytes_are_opaque_and_never_encrypted(length: int) -> None:
    facts = facts_of(b"\x00" + RANDOM[:length])
    assert (facts.format, facts.state) == ("unknown", ContentState.OPAQUE)
    assert facts_of(base64.encodebytes(RANDOM)).state is ContentState.OPAQUE


def test_no_random_bytes_are_taken_for_a_container() -> None:
    chance = random.Random(77)
    told = [facts_of(chance.randbytes(chance.choice((300, 4096, 20_000)))) for _ in range(3000)]
    assert {facts.state for facts in told} == {ContentState.OPAQUE}
    assert sum(facts.format != "unknown" for facts in told) <= 6


def test_a_guarded_key_in_a_program_says_nothing_of_the_program() -> None:
    key = key_bytes(serialization.PrivateFormat.PKCS8, b"demo-passphrase")
    text = b"print('a line of a program that is longer than most')\n" * 40
    assert facts_of(text + key + text).state is ContentState.CLEAR
    assert (
        facts_of(b"Bag Attributes\n    friendlyName: demo\n" + key).state is ContentState.ENCRYPTED
    )


def test_a_big_guarded_key_of_the_old_form_is_encrypted() -> None:
    key = rsa.generate_private_key(65_537, 4096)
    guard = serialization.BestAvailableEncryption(b"demo-passphrase")
    layout = serialization.PrivateFormat.TraditionalOpenSSL
    data = key.private_bytes(serialization.Encoding.PEM, layout, guard)
    assert facts_of(data).state is ContentState.ENCRYPTED
    assert facts_of(data * 2).state is ContentState.ENCRYPTED


def program(name: str, package: str) -> str:
    """Return where a program is; a machine without it fails the test and says what to install."""
    path = shutil.which(name)
    assert path is not None, f"{name} is not installed: install Debian's package {package}"
    return path


def gnupg(home: Path, *words: str) -> bytes:
    home.mkdir(mode=0o700, exist_ok=True)
    gpg = program("gpg", "gnupg")
    command = [gpg, "--homedir", str(home), "--batch", "--no-tty", "--pinentry-mode", "loopback"]
    done = subprocess.run(
        [*command, *words], input=EXPORT, capture_output=True, check=True, timeout=60
    )
    return done.stdout


@pytest.mark.parametrize("armor", [(), ("--armor",)])
def test_gpg_symmetric_is_encrypted(tmp_path: Path, armor: tuple[str, ...]) -> None:
    data = gnupg(tmp_path / "g", *armor, "--passphrase", "demo", "--symmetric")
    assert facts_of(data).state is ContentState.ENCRYPTED


@pytest.mark.parametrize("armor", [(), ("--armor",)])
@pytest.mark.parametrize("algorithm", ["none", "zip", "zlib", "bzip2"])
def test_gpg_store_is_clear_and_looked_into(
    tmp_path: Path, armor: tuple[str, ...], algorithm: str
) -> None:
    data = gnupg(tmp_path / "g", *armor, "--compress-algo", algorithm, "--store")
    facts = facts_of(data)
    assert facts.state is ContentState.CLEAR
    assert {"nir", "credentials"} <= kinds(facts)


# Archives


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def flagged(archive: bytes, names: set[bytes], *, method: int | None = None) -> bytes:
    """Mark members encrypted, with the AES method and its extra field when asked for."""
    data = bytearray(archive)
    for magic, flag_at, method_at, name_at in ((b"PK\3\4", 6, 8, 30), (b"PK\1\2", 8, 10, 46)):
        at = data.find(magic)
        while at >= 0:
            length = struct.unpack_from("<H", data, at + name_at - (4 if name_at == 30 else 18))[0]
            if bytes(data[at + name_at : at + name_at + length]) in names:
                data[at + flag_at] |= 1
                if method is not None:
                    struct.pack_into("<H", data, at + method_at, method)
            at = data.find(magic, at + 4)
    return bytes(data)


def test_a_zip_is_looked_into() -> None:
    facts = facts_of(zipped({"export.csv": EXPORT}))
    assert (facts.format, facts.state, facts.rows) == ("zip/csv", ContentState.CLEAR, 50)
    assert "nir" in kinds(facts)
    two = facts_of(zipped({"readme.txt": b"hello there", "export.csv": EXPORT}))
    assert two.state is ContentState.CLEAR
    assert "nir" in kinds(two)
    assert all(kind.column is None for kind in two.kinds)


def test_zipcrypto_is_weak_and_a_mix_is_partial() -> None:
    archive = zipped({"a.csv": EXPORT, "b.csv": EXPORT})
    assert facts_of(flagged(archive, {b"a.csv", b"b.csv"})).state is ContentState.WEAK
    assert facts_of(flagged(archive, {b"a.csv"})).state is ContentState.PARTIAL


def test_a_zip_by_the_zip_program_is_weak(tmp_path: Path) -> None:
    command = [program("zip", "zip"), "-q", "-P", "demo", "a.zip", "a.csv"]
    (tmp_path / "a.csv").write_bytes(EXPORT)
    subprocess.run(command, cwd=tmp_path, check=True)
    assert facts_of((tmp_path / "a.zip").read_bytes()).state is ContentState.WEAK


def test_an_aes_zip_is_encrypted() -> None:
    aes = struct.pack("<HHHHBH", 0x9901, 7, 2, int.from_bytes(b"AE", "little"), 3, 8)
    info = zipfile.ZipInfo("a.csv")
    info.extra = aes
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(info, RANDOM)
    locked = flagged(file.getvalue(), {b"a.csv"}, method=99)
    assert facts_of(locked).state is ContentState.ENCRYPTED


def test_a_zip_whose_directory_contradicts_its_members_is_malformed() -> None:
    archive = zipped({"a.csv": EXPORT})
    at = archive.find(b"PK\1\2")
    data = bytearray(archive)
    data[at + 8] |= 1
    assert facts_of(bytes(data)).state is ContentState.MALFORMED


def test_a_zip_without_directory_is_opaque() -> None:
    archive = zipped({"a.csv": EXPORT})
    assert facts_of(archive[: len(archive) // 2]).state is ContentState.OPAQUE


def test_a_zip_with_members_that_were_not_read_is_never_clear() -> None:
    members = {f"{number}.txt": b"nothing of interest in here" for number in range(40)}
    assert facts_of(zipped(members)).state is ContentState.OPAQUE


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("gzip/csv", gzip.compress(EXPORT)),
        ("bzip2/csv", bz2.compress(EXPORT)),
        ("xz/csv", lzma.compress(EXPORT)),
        ("gzip/gzip/csv", gzip.compress(gzip.compress(EXPORT))),
        ("gzip/csv", gzip.compress(EXPORT[:1000]) + gzip.compress(EXPORT[1000:])),
    ],
)
def test_compressed_is_clear_and_looked_into(name: str, data: bytes) -> None:
    facts = facts_of(data)
    assert (facts.format, facts.state, facts.rows) == (name, ContentState.CLEAR, 50)
    assert "nir" in kinds(facts)


def test_compressed_ciphertext_is_what_is_inside() -> None:
    facts = facts_of(gzip.compress(age_twin(EXPORT)))
    assert (facts.format, facts.state) == ("gzip/age", ContentState.ENCRYPTED)


def test_rubbish_behind_a_compression_magic_is_malformed() -> None:
    assert facts_of(b"\x1f\x8b\x08\x00" + RANDOM).state is ContentState.MALFORMED


def test_a_bomb_is_cut() -> None:
    bomb = gzip.compress(bytes(64 * 1024 * 1024))
    for _ in range(5):
        bomb = gzip.compress(bomb)
    assert facts_of(bomb).state in {ContentState.OPAQUE, ContentState.MALFORMED}


# Documents and keys


def key_bytes(layout: serialization.PrivateFormat, password: bytes | None) -> bytes:
    guard = (
        serialization.BestAvailableEncryption(password)
        if password
        else serialization.NoEncryption()
    )
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(serialization.Encoding.PEM, layout, guard)


@pytest.mark.parametrize(
    "layout",
    [
        serialization.PrivateFormat.PKCS8,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.PrivateFormat.OpenSSH,
    ],
)
@pytest.mark.parametrize("password", [None, b"demo-passphrase"])
def test_private_keys_are_secrets_unless_guarded(
    layout: serialization.PrivateFormat, password: bytes | None
) -> None:
    facts = facts_of(key_bytes(layout, password))
    assert facts.format == "private-key"
    if password:
        assert (facts.state, facts.kinds) == (ContentState.ENCRYPTED, ())
    else:
        assert facts.state is ContentState.CLEAR
        assert [kind.data_class for kind in facts.kinds] == [DataClass.SECRET]


def test_a_key_inside_other_text_is_found_and_a_public_one_is_none() -> None:
    key = key_bytes(serialization.PrivateFormat.PKCS8, None)
    assert kinds(facts_of(b"# settings\nhost=a\n" + key)) == {"private-key"}
    public = b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"
    assert facts_of(public).kinds == ()


# Texts


def test_the_export_is_clear_with_people_secrets_and_health() -> None:
    facts = facts_of(EXPORT)
    assert (facts.format, facts.state, facts.rows) == ("csv", ContentState.CLEAR, 50)
    assert kinds(facts) >= {"nir", "surname", "first-name", "birth-date", "phone", "credentials"}
    assert {kind.data_class for kind in facts.kinds} == set(DataClass)
    nir = next(kind for kind in facts.kinds if kind.kind == "nir")
    assert (nir.count, nir.valid_share, nir.column) == (50, 1.0, 0)
    assert [column.free_text for column in facts.columns][6:8] == [True, True]


def test_ordered_fields_are_named_as_ordered_and_unknown_ones_only_keyed() -> None:
    facts = facts_of(exams_csv(20), fields=("EXAM_CODE", "Exam Date"))
    assert [column.name for column in facts.columns] == [
        "EXAM_CODE",
        "Exam Date",
        None,
        None,
        "comment",
    ]
    keyed = facts.columns[2]
    assert keyed.key is not None
    assert len(keyed.key) == 32
    assert facts_of(exams_csv(20).replace(b"automate", "AUTOMATÉ".encode())).columns[2] == keyed


def test_examinations_of_nobody_are_not_personal() -> None:
    assert facts_of(exams_csv(100)).kinds == ()


def test_a_pseudonym_with_health_is_personal() -> None:
    data = b"patient_id;exam_code;exam_date\n" + b"A17;GLY;2020-01-02\n" * 5
    assert [kind.data_class for kind in facts_of(data).kinds] == [DataClass.HEALTH]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_accented_headers_are_read_in_the_usual_encodings(encoding: str) -> None:
    rows = "".join(f"{person.nir};{person.surname};{person.first_name}é\n" for person in PEOPLE)
    facts = facts_of(("Numéro de sécurité sociale;Nom;Prénom\n" + rows).encode(encoding))
    assert [column.name for column in facts.columns] == ["national-id", "surname", "first-name"]
    assert kinds(facts) >= {"nir", "surname", "first-name"}


def test_a_header_that_its_values_contradict_is_dropped() -> None:
    data = b"nom;prenom;naissance\n" + b"A12;B77;none\n" * 10
    assert facts_of(data).kinds == ()


def test_a_header_without_rows_is_nobodys_data() -> None:
    facts = facts_of((";".join(EXPORT_FIELDS) + "\n").encode())
    assert (facts.kinds, facts.rows) == ((), 0)
    assert facts.columns[0].name == "national-id"


def test_one_valid_number_is_enough_under_its_header_only() -> None:
    one = f"nir;valeur\n{PEOPLE[0].nir};4\n".encode()
    assert "nir" in kinds(facts_of(one))
    two = "".join(f"x;{person.nir};4\n" for person in PEOPLE[:2]).encode()
    three = "".join(f"x;{person.nir};4\n" for person in PEOPLE[:3]).encode()
    assert facts_of(two).kinds == ()
    assert "nir" in kinds(facts_of(three))


def test_numbers_hidden_in_comments_are_found() -> None:
    rows = "".join(f"GLY;see also {person.nir} of the other file\n" for person in PEOPLE[:5])
    facts = facts_of(("exam_code;commentaire\n" + rows).encode())
    assert [(kind.kind, kind.count, kind.column) for kind in facts.kinds] == [("nir", 5, 1)]


def test_hashed_passwords_are_told_apart() -> None:
    rows = "".join(f"user{number};{number:032x}\n" for number in range(9))
    assert kinds(facts_of(f"login;password\n{rows}".encode())) == {"hashed-credentials"}


def test_hl7_patients_are_health_data() -> None:
    facts = facts_of(hl7_messages(PEOPLE))
    assert (facts.format, facts.state) == ("hl7v2", ContentState.CLEAR)
    assert {(kind.kind, kind.count) for kind in facts.kinds} == {("hl7-patient", 50), ("nir", 50)}
    empty = b"MSH|^~\\&|A|B|C|D|20200101||ACK|1|P|2.5\rMSA|AA|1\r"
    assert facts_of(empty).kinds == ()


def test_sql_dumps_are_read_as_tables() -> None:
    head = "CREATE TABLE patient (nir text, nom text, prenom text);\n"
    values = ",".join(f"('{p.nir}','{p.surname}','{p.first_name}')" for p in PEOPLE)
    for statement in (
        f"INSERT INTO `patient` (nir, nom, prenom) VALUES {values};\n",
        f"INSERT INTO patient VALUES {values};\n",
        "COPY public.patient (nir, nom, prenom) FROM stdin;\n"
        + "".join(f"{p.nir}\t{p.surname}\t{p.first_name}\n" for p in PEOPLE)
        + "\\.\n",
    ):
        facts = facts_of((head + statement).encode())
        assert (facts.format, facts.rows) == ("sql", 50)
        assert kinds(facts) == {"nir", "surname", "first-name"}


def test_a_table_late_in_a_big_dump_is_found() -> None:
    filler = "INSERT INTO track (id, title) VALUES (1,'nothing');\n" * 12_000
    rows = "".join(
        f"INSERT INTO patient (nir, nom, prenom) VALUES ('{p.nir}','{p.surname}','{p.first_name}');\n"
        for p in invent_people(3000)
    )
    facts = facts_of((filler + rows).encode())
    assert "nir" in kinds(facts)


def test_json_records_are_read_as_tables() -> None:
    lines = "".join(
        f'{{"nom": "{p.surname}", "prenom": "{p.first_name}", "n": "{p.nir}"}}\n' for p in PEOPLE
    )
    facts = facts_of(lines.encode())
    assert (facts.format, facts.rows) == ("ndjson", 50)
    assert "nir" in kinds(facts)
    array = "[" + lines.strip().replace("\n", ",") + "]"
    assert facts_of(array.encode()).format == "json"
    assert "nir" in kinds(facts_of(array.encode()))


def test_public_files_are_clear_and_hold_nobody() -> None:
    for data in public_files().values():
        facts = facts_of(data)
        assert (facts.state, facts.kinds) == (ContentState.CLEAR, ())


def test_an_empty_file_is_clear() -> None:
    facts, ranges = asked(b"")
    assert (facts.format, facts.state, ranges) == ("empty", ContentState.CLEAR, [])


# Reading


def test_big_tables_are_sampled_and_their_rows_estimated() -> None:
    facts, ranges = asked(BIG_EXPORT)
    assert facts.bytes_read < len(BIG_EXPORT) / 3
    assert facts.rows == pytest.approx(4000, rel=0.02)
    assert max(wanted.offset for wanted in ranges) > len(BIG_EXPORT) * 0.9


def test_ordered_tables_are_read_whole_and_counted() -> None:
    facts = facts_of(BIG_EXPORT, fields=ORDERED_EXPORT_FIELDS)
    assert (facts.rows, facts.bytes_read) == (4000, len(BIG_EXPORT))


@pytest.mark.parametrize("budget", [0, 1, 100, 70_000, 200_000])
def test_no_more_is_asked_for_than_the_budget(budget: int) -> None:
    for data in (BIG_EXPORT, age_twin(BIG_EXPORT), zipped({"a.csv": BIG_EXPORT}, 0), RANDOM):
        facts, ranges = asked(data, byte_budget=budget)
        assert sum(wanted.length for wanted in ranges) <= budget
        assert facts.bytes_read <= budget


def test_a_file_shorter_than_its_listing_said_is_still_judged() -> None:
    facts = facts_of(EXPORT, size=len(EXPORT) * 1000)
    assert "nir" in kinds(facts)
    assert facts_of(b"", size=10).state is ContentState.OPAQUE


@pytest.mark.parametrize(
    ("row", "cell"),
    [("tr", "td"), ("Row", "Cell"), ("table:table-row", "table:table-cell")],
    ids=["html", "spreadsheet-2003", "flat-odf"],
)
def test_rows_of_cells_are_a_table(row: str, cell: str) -> None:
    inner = ("<Data>", "</Data>") if cell == "Cell" else ("", "")
    lines = [("nom", "prenom", "date naissance", "lot")]
    lines += [("Durand", "Anne", f"0{n}/02/1980", "") for n in range(1, 9)]
    cells = [
        "".join(
            f"<{cell}>{inner[0]}{value}{inner[1]}</{cell}>" if value else f"<{cell}/>"
            for value in line
        )
        for line in lines
    ]
    text = "<root>" + "".join(f"<{row}>{each}</{row}>" for each in cells) + "</root>"
    assert {"surname", "first-name", "birth-date"} <= kinds(facts_of(text.encode()))
