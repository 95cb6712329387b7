"""Encrypted trees: made by restic, Borg, rclone and gocryptfs, or built after their documents."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from scanner.content.vaults import Vault, find_vaults, judge_together
from scanner.model.content import ContentFacts, ContentState, Note
from tests.content.driving import facts_of
from tests.content.programs import SECRET, run
from tests.content.samples import EXPORT, RANDOM


def tree(folder: Path) -> dict[bytes, bytes]:
    return {
        b"/share/" + str(path.relative_to(folder)).encode(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def judged(files: dict[bytes, bytes]) -> dict[bytes, ContentFacts]:
    """Recognise every file, then judge them together, as a walk does."""
    alone = {path: facts_of(data) for path, data in files.items()}
    assert all(
        facts.state is not ContentState.ENCRYPTED or facts.format != "unknown"
        for facts in alone.values()
    )
    return {**alone, **judge_together(alone, files)}


def test_a_restic_repository_is_encrypted_by_its_place(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/export.csv").write_bytes(EXPORT)
    for words in (("init",), ("backup", "in")):
        run(
            tmp_path,
            "restic",
            "-q",
            "--no-cache",
            "-r",
            "out",
            *words,
            more={"RESTIC_PASSWORD": SECRET},
        )
    facts = judged(tree(tmp_path / "out"))
    sealed = {path: each for path, each in facts.items() if b"/keys/" not in path}
    assert len(sealed) >= 4
    assert {each.state for each in sealed.values()} == {ContentState.ENCRYPTED}
    assert {each.notes for each in sealed.values()} == {(Note.VAULT,)}
    assert {each.format for path, each in facts.items() if b"/keys/" in path} == {"restic-key"}


def test_random_files_are_no_vault_without_its_signs() -> None:
    name = b"0123456789abcdef" * 4
    files = {b"/a/data/01/" + name: RANDOM[:3000], b"/a/config": b"[core]\nbare = false\n"}
    assert find_vaults(files) == ()
    assert {each.state for each in judged(files).values()} == {
        ContentState.OPAQUE,
        ContentState.CLEAR,
    }


def test_plain_files_in_a_vault_stay_clear() -> None:
    name = b"0123456789abcdef" * 4
    files = {
        b"/r/config": RANDOM[:155],
        b"/r/keys/" + name: b'{"kdf":"scrypt","salt":"a","data":"b"}',
        b"/r/snapshots/" + name: RANDOM[:300],
        b"/r/data/01/" + name: EXPORT,
        b"/r/other.bin": RANDOM[:3000],
    }
    facts = judged(files)
    assert facts[b"/r/snapshots/" + name].state is ContentState.ENCRYPTED
    assert facts[b"/r/data/01/" + name].state is ContentState.CLEAR
    assert facts[b"/r/other.bin"].state is ContentState.OPAQUE


BORG = {
    "none": ContentState.KEYLESS,
    "authenticated": ContentState.KEYLESS,
    "authenticated-blake2": ContentState.KEYLESS,
    "repokey": ContentState.ENCRYPTED,
    "repokey-blake2": ContentState.ENCRYPTED,
    "keyfile": ContentState.ENCRYPTED,
}


@pytest.mark.parametrize("way", BORG)
def test_borg_tells_its_key_type_in_each_segment(tmp_path: Path, way: str) -> None:
    (tmp_path / "export.csv").write_bytes(EXPORT)
    more = {"BORG_PASSPHRASE": SECRET, "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes"}
    run(tmp_path, "borg", "init", "-e", way, "out", more=more)
    run(tmp_path, "borg", "create", "out::one", "export.csv", more=more)
    facts = judged(tree(tmp_path / "out"))
    segments = [each for path, each in facts.items() if b"/data/" in path]
    assert {each.format for each in segments} == {"borg"}
    holding = {each.state for each in segments} - {ContentState.CLEAR}
    assert holding == {BORG[way]}


def test_rclone_files_are_encrypted_and_its_configuration_opens_them(tmp_path: Path) -> None:
    run(
        tmp_path,
        "rclone",
        "config",
        "create",
        "--non-interactive",
        "safe",
        "crypt",
        "remote=out",
        f"password={SECRET}",
        "--obscure",
    )
    (tmp_path / "in").mkdir()
    (tmp_path / "in/export.csv").write_bytes(EXPORT)
    run(tmp_path, "rclone", "copy", "in", "safe:")
    files = tree(tmp_path / "out")
    assert {(each.format, each.state) for each in judged(files).values()} == {
        ("rclone-crypt", ContentState.ENCRYPTED)
    }
    folder = next(iter(files)).rpartition(b"/")[0]
    config = next((tmp_path / ".config").rglob("rclone.conf")).read_bytes()
    facts = judged({**files, folder + b"/rclone.conf": config})
    assert [kind.kind for kind in facts[folder + b"/rclone.conf"].kinds] == ["rclone-config"]
    (sealed,) = (each for path, each in facts.items() if path in files)
    assert (sealed.state, sealed.notes) == (ContentState.KEYLESS, (Note.KEY_BESIDE,))


def test_gocryptfs_needs_its_configuration_and_its_head(tmp_path: Path) -> None:
    (tmp_path / "v").mkdir()
    run(tmp_path, "gocryptfs", "-q", "-init", "-extpass", f"echo {SECRET}", "-scryptn", "10", "v")
    files = tree(tmp_path / "v")
    files[b"/share/sub/cTeXq0Bf3Z1hbVdnkQmXyg"] = b"\x00\x02" + RANDOM[:5000]
    files[b"/share/9bTwbkGcsUrw0jFQmXCRNg"] = RANDOM[:5000]
    facts = judged(files)
    assert facts[b"/share/gocryptfs.conf"].format == "gocryptfs-config"
    assert facts[b"/share/sub/cTeXq0Bf3Z1hbVdnkQmXyg"].state is ContentState.ENCRYPTED
    assert facts[b"/share/9bTwbkGcsUrw0jFQmXCRNg"].state is ContentState.OPAQUE
    alone = {path: data for path, data in files.items() if not path.endswith(b".conf")}
    assert judged(alone)[b"/share/sub/cTeXq0Bf3Z1hbVdnkQmXyg"].state is ContentState.OPAQUE


def test_cryptomator_and_cryfs_by_their_places() -> None:
    name = b"QWERTZUIOPASDFGHJKLYXCVBNM2345"
    files = {
        b"/c/vault.cryptomator": b"eyJhbGciOiJIUzI1NiJ9.e30.c2ln",
        b"/c/masterkey.cryptomator": b'{"version":999,"scryptSalt":"a","primaryMasterKey":"b"}',
        b"/c/d/AB/" + name + b"/Zm9vYmFyYmF6.c9r": RANDOM[:2000],
        b"/f/cryfs.config": b"cryfs.config;1;scrypt\x00" + RANDOM[:900],
        b"/f/0A1/" + b"0123456789ABCDEF0123456789ABC": b"cryfs;block;0\x00" + RANDOM[:4000],
    }
    assert set(find_vaults(files)) == {Vault("cryptomator", b"/c"), Vault("cryfs", b"/f")}
    facts = judged(files)
    states = {path: each.state for path, each in facts.items()}
    assert states[b"/c/d/AB/" + name + b"/Zm9vYmFyYmF6.c9r"] is ContentState.ENCRYPTED
    assert states[b"/f/0A1/" + b"0123456789ABCDEF0123456789ABC"] is ContentState.ENCRYPTED
    assert states[b"/f/cryfs.config"] is ContentState.ENCRYPTED
    assert states[b"/c/masterkey.cryptomator"] is ContentState.CLEAR


def test_duplicity_is_what_its_volumes_are(tmp_path: Path) -> None:
    data = run(
        tmp_path,
        "gpg",
        "--batch",
        "--pinentry-mode",
        "loopback",
        "--passphrase",
        SECRET,
        "-c",
        stdin=EXPORT,
    )
    files = {
        b"/d/duplicity-full.20260101T000000Z.vol1.difftar.gpg": data,
        b"/d/duplicity-full.20260101T000000Z.vol1.difftar.gz": gzip.compress(EXPORT),
    }
    assert [each.state for each in judged(files).values()] == [
        ContentState.ENCRYPTED,
        ContentState.CLEAR,
    ]


def test_a_passphrase_beside_a_file_opens_it_and_elsewhere_does_not(tmp_path: Path) -> None:
    data = run(
        tmp_path,
        "openssl",
        "enc",
        "-aes-256-cbc",
        "-pbkdf2",
        "-pass",
        f"pass:{SECRET}",
        stdin=EXPORT,
    )
    for name, state in {
        b"/a/passphrase.txt": ContentState.KEYLESS,
        b"/a/mot_de_passe.txt": ContentState.KEYLESS,
        b"/b/passphrase.txt": ContentState.ENCRYPTED,
        b"/a/readme.txt": ContentState.ENCRYPTED,
    }.items():
        assert (
            judged({b"/a/export.enc": data, name: b"correct horse\n"})[b"/a/export.enc"].state
            is state
        )


def test_a_long_text_about_passwords_opens_nothing(tmp_path: Path) -> None:
    words = ["enc", "-aes-256-cbc", "-pbkdf2", "-pass", f"pass:{SECRET}"]
    data = run(tmp_path, "openssl", *words, stdin=EXPORT)
    policy = b"Each password has at least twelve characters.\n" * 200
    facts = judged({b"/a/export.enc": data, b"/a/password-policy.txt": policy})
    assert facts[b"/a/export.enc"].state is ContentState.ENCRYPTED


def test_an_age_key_beside_its_file_opens_it(tmp_path: Path) -> None:
    run(tmp_path, "age-keygen", "-o", "key.txt")
    key = (tmp_path / "key.txt").read_bytes()
    public = key.split(b"public key: ")[1].split()[0].decode()
    data = run(tmp_path, "age", "-r", public, stdin=EXPORT)
    facts = judged({b"/a/e.age": data, b"/a/notes": key})
    assert (facts[b"/a/e.age"].state, facts[b"/a/e.age"].notes) == (
        ContentState.KEYLESS,
        (Note.KEY_BESIDE,),
    )
    assert (
        judged({b"/a/e.age": data, b"/b/notes": key})[b"/a/e.age"].state is ContentState.ENCRYPTED
    )


@pytest.mark.timeout(20)
def test_a_listing_of_many_names_is_cheap() -> None:
    name = b"0123456789abcdef" * 4
    many = [b"/a/%d/%s" % (number, name) for number in range(60_000)]
    many += [b"/%d/keys/%s" % (number, name) for number in range(20_000)]
    many += [b"/d" * 2000 + b"/gocryptfs.conf"] * 50 + [b"", b"/", b"keys", b"//config", b"config"]
    assert {vault.kind for vault in find_vaults(many)} == {"gocryptfs"}
