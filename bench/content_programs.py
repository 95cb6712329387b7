"""Containers by the programs that own the format, over bodies that are new for each seed.

Debian's packages hold the programs, as for the tests; nothing of the recogniser was tuned on these
files.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Final

from bench.content_people import personal_samples
from bench.content_samples import Sample
from scanner.model.content import ContentState
from tests.content.programs import made, run
from tests.content.samples import pdf

_LOCKED: Final = frozenset({ContentState.ENCRYPTED})
_WEAK: Final = frozenset({ContentState.WEAK})
_PARTIAL: Final = frozenset({ContentState.PARTIAL})
_KEYLESS: Final = frozenset({ContentState.KEYLESS})
_OPAQUE: Final = frozenset({ContentState.OPAQUE})
_FAST: Final = ("--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000")
_SMALL: Final = ("--luks2-metadata-size", "16k", "--luks2-keyslots-size", "256k")

Make = Callable[[Path, Random], bytes]


def program_samples(chance: Random, each: int) -> Iterator[Sample]:
    """Yield ``each`` files of every family; ``family`` starts with what it is to be."""
    plain = [sample.data for sample in personal_samples(chance, 1)]
    for family, (make, states) in _FAMILIES.items():
        for _ in range(each):
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                (folder / "in").write_bytes(
                    chance.choice(plain) + chance.randbytes(30).hex().encode()
                )
                data = make(folder, chance)
            yield Sample(family=family, data=data, states=states)


def _secret(chance: Random) -> str:
    return chance.randbytes(chance.randrange(6, 20)).hex()


def _gpg(*words: str) -> Make:
    def make(folder: Path, chance: Random) -> bytes:
        (folder / "home").mkdir(mode=0o700)
        base = ["--homedir", "home", "--batch", "--no-tty", "--pinentry-mode", "loopback"]
        secret = ["--passphrase", _secret(chance)]
        return made(folder, "out", "gpg", *base, *secret, "-o", "out", "-c", *words, "in")

    return make


def _age(*words: str) -> Make:
    def make(folder: Path, _chance: Random) -> bytes:
        run(folder, "age-keygen", "-o", "key")
        public = (folder / "key").read_text().partition("public key: ")[2].split()[0]
        return made(folder, "out", "age", *words, "-r", public, "-o", "out", "in")

    return make


def _openssl(*words: str) -> Make:
    def make(folder: Path, chance: Random) -> bytes:
        secret = ["-pass", f"pass:{_secret(chance)}", "-in", "in", "-out", "out"]
        return made(folder, "out", "openssl", "enc", "-aes-256-cbc", "-pbkdf2", *words, *secret)

    return make


def _cms(form: str, cipher: str) -> Make:
    def make(folder: Path, chance: Random) -> bytes:
        words = ["cms", "-encrypt", "-binary", cipher, "-pwri_password", _secret(chance)]
        return made(folder, "out", "openssl", *words, "-outform", form, "-in", "in", "-out", "out")

    return make


def _seven(kind: str, *words: str, more: str = "") -> Make:
    def make(folder: Path, chance: Random) -> bytes:
        secret = f"-p{_secret(chance)}"
        run(folder, "7zz", "a", f"-t{kind}", secret, *words, "out", "in")
        if more:
            (folder / more).write_bytes((folder / "in").read_bytes()[::-1])
            run(folder, "7zz", "a", f"-t{kind}", "out", more)
        return next(folder.glob("out*")).read_bytes()

    return make


def _zip(folder: Path, chance: Random) -> bytes:
    return made(folder, "out.zip", "zip", "-q", "-P", _secret(chance), "out.zip", "in")


def _pdf(user: bool) -> Make:  # noqa: FBT001 - a switch of a table
    def make(folder: Path, chance: Random) -> bytes:
        (folder / "in.pdf").write_bytes(pdf(f"({chance.random()}) Tj".encode()))
        user_password = _secret(chance) if user else ""
        lock = ["--encrypt", user_password, _secret(chance), "256", "--"]
        return made(folder, "out.pdf", "qpdf", *lock, "in.pdf", "out.pdf")

    return make


def _luks(version: str, *words: str) -> Make:
    def make(folder: Path, chance: Random) -> bytes:
        with (folder / "out").open("wb") as file:
            file.truncate(4 << 20)
        how = ["-q", "luksFormat", "--type", version, *_FAST, *words]
        run(folder, "cryptsetup", *how, "out", "-", stdin=_secret(chance).encode())
        return (folder / "out").read_bytes()

    return make


def _sqlcipher(folder: Path, chance: Random) -> bytes:
    rows = ", ".join(f"('{chance.randbytes(40).hex()}')" for _ in range(200))
    script = f"pragma key='{_secret(chance)}'; create table t(a); insert into t values {rows};"
    run(folder, "sqlcipher", "out", script)
    return (folder / "out").read_bytes()


def _sqlite(folder: Path, chance: Random) -> bytes:
    connection = sqlite3.connect(folder / "out")
    connection.execute("create table t(a)")
    connection.executemany("insert into t values (?)", [(chance.random(),) for _ in range(200)])
    connection.commit()
    connection.close()
    return (folder / "out").read_bytes()


_FAMILIES: Final[dict[str, tuple[Make, frozenset[ContentState]]]] = {
    "locked by gpg": (_gpg(), _LOCKED),
    "locked by gpg, armoured": (_gpg("--armor"), _LOCKED),
    "locked by gpg, stored": (_gpg("-z", "0"), _LOCKED),
    "locked by age": (_age(), _LOCKED),
    "locked by age, armoured": (_age("-a"), _LOCKED),
    "locked by openssl enc": (_openssl(), _LOCKED),
    "locked by openssl enc, base64": (_openssl("-base64"), _LOCKED),
    "locked by openssl cms, DER": (_cms("DER", "-aes256"), _LOCKED),
    "locked by openssl cms, SMIME": (_cms("SMIME", "-aes256"), _LOCKED),
    "locked by openssl cms, 3DES": (_cms("DER", "-des3"), _WEAK),
    "locked by zip": (_zip, _WEAK),
    "locked by 7-Zip, ZIP AES": (_seven("zip", "-mem=AES256"), _LOCKED),
    "locked by 7-Zip, 7z": (_seven("7z"), _LOCKED),
    "locked by 7-Zip, 7z names too": (_seven("7z", "-mhe=on"), _LOCKED),
    "locked by qpdf": (_pdf(user=True), _LOCKED),
    "locked by cryptsetup, LUKS1": (_luks("luks1"), _LOCKED),
    "locked by cryptsetup, LUKS2": (_luks("luks2", *_SMALL), _LOCKED),
    "partial by 7-Zip, ZIP": (_seven("zip", "-mem=AES256", more="b"), _PARTIAL),
    "partial by 7-Zip, 7z": (_seven("7z", more="b"), _PARTIAL),
    "keyless by qpdf": (_pdf(user=False), _KEYLESS),
    "opaque by sqlcipher": (_sqlcipher, _OPAQUE),
    "clear by sqlite": (_sqlite, frozenset({ContentState.CLEAR})),
}
