"""Containers made by the programs that own the format: what each option makes of the file."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sqlite3
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pyAesCrypt
import pytest
from backports import zstd
from cryptography.fernet import Fernet

from scanner.model.content import ContentState, Note
from tests.content.driving import asked, facts_of, kinds
from tests.content.programs import SECRET, made, run
from tests.content.samples import BIG_EXPORT, EXPORT, RANDOM, SMALL_EXPORT

ENCRYPTED, WEAK, PARTIAL = ContentState.ENCRYPTED, ContentState.WEAK, ContentState.PARTIAL
CLEAR, OPAQUE, KEYLESS = ContentState.CLEAR, ContentState.OPAQUE, ContentState.KEYLESS
SIZES = {"small": SMALL_EXPORT, "export": EXPORT, "big": BIG_EXPORT}


@pytest.fixture(params=list(SIZES))
def plain(request: pytest.FixtureRequest, tmp_path: Path) -> bytes:
    data = SIZES[str(request.param)]
    (tmp_path / "export.csv").write_bytes(data)
    return data


# age


@pytest.mark.parametrize("armor", [(), ("-a",)])
def test_age_for_keys(tmp_path: Path, plain: bytes, armor: tuple[str, ...]) -> None:
    run(tmp_path, "age-keygen", "-o", "key.txt")
    public = (tmp_path / "key.txt").read_bytes().split(b"public key: ")[1].split()[0].decode()
    data = run(tmp_path, "age", *armor, "-r", public, stdin=plain)
    assert facts_of(data).state is ENCRYPTED
    key = facts_of((tmp_path / "key.txt").read_bytes())
    assert (key.format, key.state, kinds(key)) == ("age-secret-key", CLEAR, {"age-secret-key"})


# OpenPGP


def gpg(folder: Path, *words: str, stdin: bytes = b"") -> bytes:
    home = folder / "home"
    if not home.exists():
        home.mkdir(mode=0o700)
        new = [
            "--batch",
            "--passphrase",
            "",
            "--quick-generate-key",
            "demo@example.test",
            "ed25519",
            "sign,cert",
            "never",
        ]
        run(folder, "gpg", "--homedir", str(home), *new)
        colons = run(folder, "gpg", "--homedir", str(home), "--with-colons", "--list-keys").decode()
        finger = next(line.split(":")[9] for line in colons.splitlines() if line.startswith("fpr"))
        run(
            folder,
            "gpg",
            "--homedir",
            str(home),
            "--batch",
            "--passphrase",
            "",
            "--quick-add-key",
            finger,
            "cv25519",
            "encr",
            "never",
        )
    base = [
        "--homedir",
        str(home),
        "--batch",
        "--no-tty",
        "--pinentry-mode",
        "loopback",
        "--trust-model",
        "always",
    ]
    return run(
        folder, "gpg", *base, "--passphrase", SECRET if "-c" in words else "", *words, stdin=stdin
    )


GPG_SEALED = {
    "public": ("-e", "-r", "demo@example.test"),
    "hidden": ("-e", "-R", "demo@example.test"),
    "symmetric": ("-c",),
    "symmetric-aes128": ("-c", "--cipher-algo", "AES128"),
    "signed": ("-s", "-e", "-r", "demo@example.test"),
    "stored": ("-e", "-z", "0", "-r", "demo@example.test"),
}
GPG_CLEAR = {
    "sign": ("-s",),
    "sign-stored": ("-s", "-z", "0"),
    "store": ("--store",),
    "clearsign": ("--clear-sign",),
}


@pytest.mark.parametrize("armor", [(), ("--armor",)])
def test_openpgp_messages(tmp_path: Path, plain: bytes, armor: tuple[str, ...]) -> None:
    for words in GPG_SEALED.values():
        assert facts_of(gpg(tmp_path, *armor, *words, stdin=plain)).state is ENCRYPTED, words
    for words in GPG_CLEAR.values():
        facts = facts_of(gpg(tmp_path, *armor, *words, stdin=plain))
        assert (facts.state, "nir" in kinds(facts)) == (CLEAR, True), words
    both = gpg(tmp_path, "-e", "-r", "demo@example.test", stdin=gpg(tmp_path, "-s", stdin=plain))
    assert facts_of(both).state is ENCRYPTED


@pytest.mark.parametrize("cipher", ["3DES", "CAST5", "BLOWFISH"])
def test_openpgp_with_small_blocks_is_weak(tmp_path: Path, cipher: str) -> None:
    for armor in ((), ("--armor",)):
        words = ("-c", "--cipher-algo", cipher, "--allow-old-cipher-algos")
        try:
            data = gpg(tmp_path, *armor, *words, stdin=EXPORT)
        except AssertionError:  # older programs know no such option, and allow them anyway
            data = gpg(tmp_path, *armor, *words[:-1], stdin=EXPORT)
        assert facts_of(data).state is WEAK


def test_openpgp_keys_and_signatures(tmp_path: Path) -> None:
    for armor in ((), ("--armor",)):
        secret = facts_of(gpg(tmp_path, *armor, "--export-secret-keys"))
        assert (secret.state, kinds(secret)) == (CLEAR, {"openpgp-secret-key"})
        public = facts_of(gpg(tmp_path, *armor, "--export"))
        assert (public.state, public.kinds) == (CLEAR, ())
        signature = facts_of(gpg(tmp_path, *armor, "--detach-sign", stdin=EXPORT))
        assert (signature.state, signature.kinds) == (CLEAR, ())


def test_mail_in_pgp_mime(tmp_path: Path) -> None:
    head = (
        b"From: a@example.test\r\nSubject: export\r\nContent-Type: multipart/encrypted;\r\n"
        b' protocol="application/pgp-encrypted"; boundary="b"\r\n\r\n--b\r\n'
        b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n--b\r\n"
        b"Content-Type: application/octet-stream\r\n\r\n"
    )
    sealed = gpg(tmp_path, "--armor", "-c", stdin=EXPORT)
    assert facts_of(head + sealed + b"\r\n--b--\r\n").state is ENCRYPTED
    signed = gpg(tmp_path, "--armor", "-s", stdin=EXPORT)
    # Mail, armour, compression and the message itself: one layer more than is looked into.
    assert facts_of(head + signed + b"\r\n--b--\r\n").state is OPAQUE
    assert facts_of(head + EXPORT).state is not ENCRYPTED


def test_armour_before_plain_text_is_partial(tmp_path: Path) -> None:
    facts = facts_of(gpg(tmp_path, "--armor", "-c", stdin=EXPORT) + EXPORT)
    assert (facts.state, "nir" in kinds(facts)) == (PARTIAL, True)


def test_the_zip_program(tmp_path: Path, plain: bytes) -> None:
    assert (
        facts_of(made(tmp_path, "a.zip", "zip", "-q", "-P", SECRET, "a.zip", "export.csv")).state
        is WEAK
    )
    assert facts_of(made(tmp_path, "b.zip", "zip", "-q", "b.zip", "export.csv")).state is CLEAR


# CMS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cms")
    new = [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=demo",
        "-keyout",
        "k.pem",
        "-out",
        "c.pem",
    ]
    run(folder, "openssl", *new)
    return folder


CIPHERS = {"-aes256": ENCRYPTED, "-aes128": ENCRYPTED, "-des3": WEAK, "-aes-256-gcm": ENCRYPTED}


@pytest.mark.parametrize("form", ["DER", "PEM", "SMIME"])
@pytest.mark.parametrize("cipher", CIPHERS)
def test_cms_enveloped(certificate: Path, form: str, cipher: str) -> None:
    for data in SIZES.values():
        for stream in ((), ("-stream",)):
            if form == "DER" and stream and cipher == "-aes-256-gcm":
                continue
            words = ["cms", "-encrypt", "-binary", cipher, *stream, "-outform", form, "c.pem"]
            assert (
                facts_of(run(certificate, "openssl", *words, stdin=data)).state is CIPHERS[cipher]
            )


@pytest.mark.parametrize("form", ["DER", "PEM", "SMIME"])
def test_cms_that_is_not_encrypted(certificate: Path, form: str) -> None:
    signer = ["-signer", "c.pem", "-inkey", "k.pem", "-nodetach"]
    for words in (
        ["-sign", *signer],
        ["-sign", *signer, "-stream"],
        ["-data_create"],
        ["-digest_create"],
    ):
        sealed = ["cms", *words, "-binary", "-outform", form]
        facts = facts_of(run(certificate, "openssl", *sealed, stdin=EXPORT))
        assert (facts.state, "nir" in kinds(facts)) == (CLEAR, True), words


def test_cms_by_a_shared_key(certificate: Path) -> None:
    words = [
        "cms",
        "-EncryptedData_encrypt",
        "-binary",
        "-aes256",
        "-secretkey",
        "00" * 32,
        "-outform",
        "DER",
    ]
    assert facts_of(run(certificate, "openssl", *words, stdin=EXPORT)).state is ENCRYPTED
    words = ["cms", "-encrypt", "-binary", "-aes256", "-pwri_password", SECRET, "-outform", "DER"]
    assert facts_of(run(certificate, "openssl", *words, stdin=EXPORT)).state is ENCRYPTED


# openssl enc, scrypt, mcrypt, AES Crypt, git-crypt, ccrypt


@pytest.mark.parametrize("words", [(), ("-base64",), ("-base64", "-A")])
def test_openssl_enc(tmp_path: Path, plain: bytes, words: tuple[str, ...]) -> None:
    sealed = ["enc", "-aes-256-cbc", "-pbkdf2", "-pass", f"pass:{SECRET}", *words]
    assert facts_of(run(tmp_path, "openssl", *sealed, stdin=plain)).state is ENCRYPTED


def test_openssl_enc_without_salt_is_opaque(tmp_path: Path, plain: bytes) -> None:
    words = ["enc", "-aes-256-cbc", "-K", "11" * 32, "-iv", "22" * 16]
    assert facts_of(run(tmp_path, "openssl", *words, stdin=plain)).state is OPAQUE


def test_scrypt(tmp_path: Path, plain: bytes) -> None:
    words = [
        "enc",
        "--logN",
        "10",
        "-r",
        "1",
        "-p",
        "1",
        "--passphrase",
        "dev:stdin-once",
        "export.csv",
        "out",
    ]
    data = made(tmp_path, "out", "scrypt", *words, stdin=b"demo\n")
    assert (facts_of(data).format, facts_of(data).state) == ("scrypt", ENCRYPTED)


@pytest.mark.parametrize(
    ("cipher", "state"), [("rijndael-128", ENCRYPTED), ("tripledes", WEAK), ("twofish", ENCRYPTED)]
)
@pytest.mark.parametrize("mode", ["cbc", "cfb"])
def test_mcrypt(tmp_path: Path, plain: bytes, cipher: str, state: ContentState, mode: str) -> None:
    words = ["-q", "-k", SECRET, "-a", cipher, "-m", mode, "export.csv"]
    assert facts_of(made(tmp_path, "export.csv.nc", "mcrypt", *words)).state is state


def test_aes_crypt(tmp_path: Path, plain: bytes) -> None:
    file = io.BytesIO()
    pyAesCrypt.encryptStream(io.BytesIO(plain), file, SECRET, 65_536)
    facts = facts_of(file.getvalue())
    assert (facts.format, facts.state) == ("aes-crypt", ENCRYPTED)


def test_git_crypt(tmp_path: Path, plain: bytes) -> None:
    (tmp_path / "repo").mkdir()
    repository = tmp_path / "repo"
    run(repository, "git", "init", "-q")
    run(repository, "git-crypt", "init")
    data = run(repository, "git-crypt", "clean", stdin=plain)
    assert (facts_of(data).format, facts_of(data).state) == ("git-crypt", ENCRYPTED)
    run(repository, "git-crypt", "export-key", "../key")
    assert kinds(facts_of((tmp_path / "key").read_bytes())) == {"git-crypt-key"}


def test_ccrypt_has_no_marker_and_is_opaque(tmp_path: Path, plain: bytes) -> None:
    data = run(tmp_path, "ccrypt", "-e", "-K", SECRET, stdin=plain)
    assert facts_of(data).state is OPAQUE


@pytest.mark.parametrize("size", [0, 1, 300, 100_000])
def test_fernet(size: int) -> None:
    token = Fernet(Fernet.generate_key()).encrypt(BIG_EXPORT[:size])
    assert (facts_of(token).format, facts_of(token).state) == ("fernet", ENCRYPTED)


# Disks and databases


@pytest.mark.parametrize("version", ["luks1", "luks2"])
def test_luks(tmp_path: Path, version: str) -> None:
    with (tmp_path / "disk").open("wb") as file:
        file.truncate(20 * 1024 * 1024)
    fast = ["--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000"]
    words = ["-q", "luksFormat", "--type", version, *fast, "disk", "-"]
    run(tmp_path, "cryptsetup", *words, stdin=b"demo")
    data = (tmp_path / "disk").read_bytes()
    facts, ranges = asked(data)
    assert (facts.format, facts.state) == ("luks", ENCRYPTED)
    assert len(ranges) < 4
    # The header alone, and the header before text: neither is a volume.
    assert facts_of(data[:8192]).state is ContentState.MALFORMED
    assert facts_of(data[:20_000] + BIG_EXPORT).state is ContentState.MALFORMED
    # Other ciphers need the kernel's device mapper: their names are set in by hand.
    for name, state in ((b"des3_ede", WEAK), (b"cipher_null", KEYLESS)):
        if version == "luks1":
            other = data[:8] + name.ljust(32, b"\x00") + data[40:]
        else:
            other = data.replace(b'"encryption":"aes-xts-plain64"', b'"encryption":"%s-ecb"' % name)
        assert facts_of(other).state is state


SQL = "create table t(a); insert into t select hex(randomblob(90)) from (values(1),(2),(3),(4),(5),(6),(7),(8),(9)), (values(1),(2),(3),(4),(5),(6));"


def plain_database(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.executescript(SQL)
    connection.commit()
    connection.close()


def test_sqlite_and_sqlcipher(tmp_path: Path) -> None:
    plain_database(tmp_path / "plain.db")
    facts = facts_of((tmp_path / "plain.db").read_bytes())
    assert (facts.format, facts.state, facts.unread) == ("sqlite", CLEAR, True)
    script = f"pragma key='{SECRET}'; {SQL}"
    run(tmp_path, "sqlcipher", "sealed.db", script)
    assert facts_of((tmp_path / "sealed.db").read_bytes()).state is OPAQUE
    # SQLCipher 4 can leave 32 bytes in clear, others the first hundred but eight.
    start = (tmp_path / "plain.db").read_bytes()
    for head in (start[:32], start[:16] + RANDOM[:8] + start[24:100]):
        facts = facts_of(head + RANDOM[: 8192 - len(head)])
        assert (facts.format, facts.state) == ("sqlite", ENCRYPTED)


def test_a_header_of_sqlite_before_text_is_not_believed(tmp_path: Path) -> None:
    plain_database(tmp_path / "plain.db")
    head = (tmp_path / "plain.db").read_bytes()[:100]
    assert facts_of(head + BIG_EXPORT).state is ContentState.MALFORMED


# Archives


SEVEN = {
    "aes": (ENCRYPTED, ("-pdemo",)),
    "names": (ENCRYPTED, ("-pdemo", "-mhe=on")),
    "copy-aes": (ENCRYPTED, ("-pdemo", "-m0=copy")),
    "clear": (CLEAR, ()),
    "lzma": (CLEAR, ("-m0=lzma",)),
    "bzip2": (CLEAR, ("-m0=bzip2",)),
    "deflate": (CLEAR, ("-m0=deflate",)),
    "copy": (CLEAR, ("-m0=copy",)),
    "single": (CLEAR, ("-ms=off",)),
    "ppmd": (CLEAR, ("-m0=ppmd",)),
    "bcj": (CLEAR, ("-m0=bcj", "-m1=lzma2")),
}


@pytest.mark.parametrize("way", SEVEN)
def test_seven_zip(tmp_path: Path, plain: bytes, way: str) -> None:
    (tmp_path / "readme.txt").write_bytes(b"nothing to see\n" * 20)
    state, words = SEVEN[way]
    facts = facts_of(made(tmp_path, "a.7z", "7zz", "a", *words, "a.7z", "export.csv", "readme.txt"))
    assert (facts.format, facts.state) == ("7z", state)
    if state is CLEAR and way != "ppmd":
        assert "nir" in kinds(facts)
    if way == "ppmd":
        assert facts.unread


def test_a_seven_zip_of_both_is_partial(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(EXPORT)
    (tmp_path / "b.csv").write_bytes(EXPORT)
    run(tmp_path, "7zz", "a", "-pdemo", "a.7z", "a.csv")
    facts = facts_of(made(tmp_path, "a.7z", "7zz", "a", "a.7z", "b.csv"))
    assert facts.state is PARTIAL
    assert "nir" in kinds(facts)


def test_the_first_volume_of_a_seven_zip_is_opaque(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(RANDOM)
    data = made(tmp_path, "a.7z.001", "7zz", "a", "-pdemo", "-v60k", "a.7z", "a.bin")
    assert (facts_of(data).state, facts_of(data).notes) == (OPAQUE, (Note.CUT_OFF,))


ZIPS = {
    "aes256": (ENCRYPTED, ("-pdemo", "-mem=AES256")),
    "aes128": (ENCRYPTED, ("-pdemo", "-mem=AES128")),
    "zipcrypto": (WEAK, ("-pdemo", "-mem=ZipCrypto")),
    "deflate": (CLEAR, ()),
    "store": (CLEAR, ("-mx=0",)),
    "bzip2": (CLEAR, ("-mm=bzip2",)),
    "lzma": (CLEAR, ("-mm=lzma",)),
    "deflate64": (CLEAR, ("-mm=deflate64",)),
    "ppmd": (CLEAR, ("-mm=ppmd",)),
}


@pytest.mark.parametrize("way", ZIPS)
def test_zip(tmp_path: Path, plain: bytes, way: str) -> None:
    (tmp_path / "readme.txt").write_bytes(b"nothing to see\n" * 20)
    state, words = ZIPS[way]
    facts = facts_of(
        made(tmp_path, "a.zip", "7zz", "a", "-tzip", *words, "a.zip", "export.csv", "readme.txt")
    )
    assert (facts.format, facts.state) == ("zip", state)
    if way in {"deflate", "store", "bzip2", "lzma"}:
        assert "nir" in kinds(facts)
    if way in {"deflate64", "ppmd"}:
        assert facts.unread


def test_a_zip_of_both_is_partial_and_looked_into(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(EXPORT)
    (tmp_path / "b.csv").write_bytes(EXPORT)
    run(tmp_path, "7zz", "a", "-tzip", "-pdemo", "-mem=AES256", "a.zip", "a.csv")
    facts = facts_of(made(tmp_path, "a.zip", "7zz", "a", "-tzip", "a.zip", "b.csv"))
    assert facts.state is PARTIAL
    assert "nir" in kinds(facts)


def test_an_archive_is_what_its_members_are(tmp_path: Path) -> None:
    run(tmp_path, "age-keygen", "-o", "key.txt")
    public = (tmp_path / "key.txt").read_bytes().split(b"public key: ")[1].split()[0].decode()
    (tmp_path / "a.age").write_bytes(run(tmp_path, "age", "-r", public, stdin=EXPORT))
    (tmp_path / "b.age").write_bytes(run(tmp_path, "age", "-r", public, stdin=EXPORT))
    for kind in ("zip", "tar", "7z"):
        sealed = made(tmp_path, f"s.{kind}", "7zz", "a", f"-t{kind}", f"s.{kind}", "a.age", "b.age")
        assert facts_of(sealed).state is ENCRYPTED
        opened = made(
            tmp_path, f"o.{kind}", "7zz", "a", f"-t{kind}", f"o.{kind}", "a.age", "b.age", "key.txt"
        )
        facts = facts_of(opened)
        assert facts.state in {KEYLESS, PARTIAL}
        assert Note.KEY_BESIDE in facts.notes


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    "zlib": zlib.compress,
    "zstd": zstd.compress,
}


@pytest.mark.parametrize("packer", PACKERS)
def test_compressed_twins_are_clear(plain: bytes, packer: str) -> None:
    facts = facts_of(PACKERS[packer](plain))
    assert (facts.format, facts.state) == (f"{packer}/csv", CLEAR)
    assert "nir" in kinds(facts)
    assert facts_of(PACKERS[packer](RANDOM[:5000])).state is OPAQUE


@pytest.mark.parametrize(
    "words", [(), ("-19", "--long=27"), ("--ultra", "-22", "--long=30"), ("-1", "--no-check")]
)
def test_zstd_by_its_program(tmp_path: Path, plain: bytes, words: tuple[str, ...]) -> None:
    data = run(tmp_path, "zstd", "-q", "-c", *words, "export.csv")
    facts = facts_of(data)
    assert facts.state is CLEAR
    # A stream from a pipe tells its window, which may be too wide to be unpacked here.
    piped = facts_of(run(tmp_path, "zstd", "-q", "-c", *words, stdin=plain))
    assert piped.state is (CLEAR if "--long=30" not in words else piped.state)
    assert piped.state is not ENCRYPTED


@pytest.mark.parametrize("layout", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_tar(plain: bytes, layout: int, mode: str) -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode, format=layout) as archive:  # type: ignore[call-overload] # by name
        for name in ("a" * 80 + ".csv", "b.txt"):
            info = tarfile.TarInfo(name)
            info.size = len(plain) if name.endswith("csv") else 30
            archive.addfile(
                info,
                io.BytesIO(plain if name.endswith("csv") else b"nothing to see in this file..."),
            )
    facts = facts_of(file.getvalue())
    assert facts.format.endswith("tar")
    assert "nir" in kinds(facts)
    assert facts.state is CLEAR or (mode != "w" and len(plain) > 100_000)
