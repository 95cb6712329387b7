from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

from scanner.errors import InputError, SecretError
from scanner.intake.secret_refs import parse_ref
from scanner.model.secret import SecretResolver
from scanner.secrets import LARGEST_SECRET, FileSecrets, check_all, references
from scanner.targets import load_targets

EXAMPLE = Path(__file__).parent.parent / "targets.example.json"
CANARY = "swordfish-canary"


def keep(path: Path, content: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


def fault(resolver: SecretResolver, text: str) -> str:
    with pytest.raises(SecretError) as caught:
        resolver.resolve(parse_ref(text))
    (line,) = caught.value.problems
    assert CANARY not in line
    return line


def test_a_variable_is_read_at_the_moment_of_use(tmp_path: Path) -> None:
    environ = {"PUSH": "old"}
    secrets = FileSecrets(tmp_path, environ)
    assert secrets.resolve(parse_ref("env:PUSH")).reveal() == b"old"
    environ["PUSH"] = "n\xe9w"
    assert secrets.resolve(parse_ref("env:PUSH")).reveal() == "n\xe9w".encode()


def test_the_environment_is_that_of_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCAN_TEST_SECRET", CANARY)
    assert (
        FileSecrets(tmp_path).resolve(parse_ref("env:SCAN_TEST_SECRET")).reveal() == CANARY.encode()
    )


@pytest.mark.parametrize(
    ("content", "secret"),
    [
        (b"pass\n", b"pass"),
        (b"pass\r\n", b"pass"),
        (b"pass", b"pass"),
        (b" pass \n\n", b" pass \n"),
        (b"p\xe9\x00s\n", b"p\xe9\x00s"),
        (b"-----BEGIN X-----\nAA\n-----END X-----\n", b"-----BEGIN X-----\nAA\n-----END X-----\n"),
    ],
)
def test_one_final_line_break_is_dropped_but_not_from_pem(
    tmp_path: Path, content: bytes, secret: bytes
) -> None:
    keep(tmp_path / "s", content)
    assert FileSecrets(tmp_path).resolve(parse_ref("file:s")).reveal() == secret


def test_an_absolute_path_is_taken_as_it_is(tmp_path: Path) -> None:
    path = keep(tmp_path / "s", b"x")
    assert FileSecrets(Path("/nowhere")).resolve(parse_ref(f"file:{path}")).reveal() == b"x"


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o644, 0o666, 0o777])
def test_a_file_that_every_user_can_touch_is_refused(tmp_path: Path, mode: int) -> None:
    path = keep(tmp_path / "s", CANARY.encode(), mode)
    assert fault(FileSecrets(tmp_path), "file:s") == (
        f"file:s: every user of this machine can read or write it; chmod 600 {path}"
    )


def test_permissions_are_those_of_the_file_behind_a_link(tmp_path: Path) -> None:
    keep(tmp_path / "real", CANARY.encode(), 0o644)
    (tmp_path / "link").symlink_to("real")
    assert "chmod 600" in fault(FileSecrets(tmp_path), "file:link")


def test_a_group_may_share_a_file(tmp_path: Path) -> None:
    keep(tmp_path / "s", b"x", 0o640)
    assert FileSecrets(tmp_path).resolve(parse_ref("file:s")).reveal() == b"x"


def test_what_is_missing_empty_or_odd_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe", 0o600)
    keep(tmp_path / "empty", b"\n")
    keep(tmp_path / "huge", b"x" * (LARGEST_SECRET + 1))
    secrets = FileSecrets(tmp_path, {"EMPTY": ""})
    assert fault(secrets, "file:none") == "file:none: does not exist; check the name"
    assert fault(secrets, "file:folder") == "file:folder: is a folder; name a file"
    assert fault(secrets, "file:pipe") == "file:pipe: is not a regular file; name a file"
    assert fault(secrets, "file:empty") == "file:empty: is empty; store the secret there"
    assert fault(secrets, "file:huge") == "file:huge: is larger than 64 KiB; that is no secret"
    assert fault(secrets, "env:EMPTY") == "env:EMPTY: is empty; store the secret there"
    assert fault(secrets, "env:NONE").startswith("env:NONE: is not set; export")


def test_a_credential_lies_in_the_folder_that_systemd_names(tmp_path: Path) -> None:
    keep(tmp_path / "push", b"x\n", 0o444)
    secrets = FileSecrets(Path("/nowhere"), {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert secrets.resolve(parse_ref("cred:push")).reveal() == b"x"
    assert fault(secrets, "cred:none") == "cred:none: does not exist; check the name"
    assert "LoadCredential=push:PATH" in fault(FileSecrets(tmp_path, {}), "cred:push")


class Keyring(ModuleType):
    class errors:  # noqa: N801 - as the package names it
        class KeyringError(Exception):
            pass

    def get_password(self, service: str, name: str) -> str | None:
        if service == "locked":
            raise self.errors.KeyringError(CANARY)
        return {("https://x/y", "push"): "found"}.get((service, name))


def test_a_keyring_is_asked_when_the_package_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "keyring", Keyring("keyring"))
    secrets = FileSecrets(tmp_path)
    assert secrets.resolve(parse_ref("keyring:https://x/y/push")).reveal() == b"found"
    assert "is not in the keyring" in fault(secrets, "keyring:other/push")
    assert fault(secrets, "keyring:locked/push").endswith("cannot be used: KeyringError")


def test_a_keyring_that_is_not_installed_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert "the keyring package is not installed" in fault(FileSecrets(tmp_path), "keyring:a/b")


def test_every_reference_of_a_file_is_checked_with_its_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    file = load_targets(EXAMPLE)
    places = [place for place, _ in references(file)]
    assert places == [
        "targets[0].accounts[0].password",
        "targets[0].accounts[1].private_key",
        "targets[0].accounts[1].passphrase",
        "targets[0].accounts[2].password",
        "targets[0].drill.test.token",
        "delivery[1].token",
    ]
    lines = check_all(file, {"ALERTS_TOKEN": CANARY, "COLLECTOR_TOKEN": CANARY})
    assert [line.partition(": ")[0] for line in lines] == places[:4]
    assert CANARY not in "\n".join(lines)


def test_a_resolver_raises_what_callers_of_the_package_catch(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        FileSecrets(tmp_path, {}).resolve(parse_ref("env:NONE"))
