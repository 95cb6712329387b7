"""The key file of an account on a real server: what is read of it, and what is kept."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from scanner.model.failure import FailureId
from scanner.model.finding import Confidence, Verdict
from scanner.model.login_keys import AuthorizedKeys
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.target import Target
from scanner.probes.authorized_keys import LARGEST_KEY_FILE, name_in
from scanner.probes.context import ProbeContext
from scanner.probes.sftp import observe_sftp
from tests.checks.cases import case, finding, result
from tests.clients.ssh_lab import a_dialer
from tests.probes.test_sftp import TRANSFER, a_target, context_of, pins_of
from tests.servers.fixtures import StartServer
from tests.servers.handle import Server
from tests.servers.packages import Prefix
from tests.servers.ssh_keys import make_key
from tests.servers.tree import Tree

ADA, BOB = "Ada.Marchand@desk-17.example.org", "bob.leroy@lap"


def with_lines(*lines: str) -> Callable[[Path], Tree]:
    def plant(root: Path) -> Tree:
        (root / ".ssh").mkdir(mode=0o755)
        keys = root / ".ssh/authorized_keys"
        keys.write_text("\n".join(lines) + "\n", encoding="utf-8")
        os.chown(keys, 60001, 60001)
        return Tree(root)

    return plant


@pytest.fixture
def keys(server_packages: Prefix, tmp_path: Path) -> list[str]:
    made = [make_key(server_packages, tmp_path, "ed25519", name=name) for name in ("k1", "k2")]
    return [key.public_line for key in made]


async def read(server: Server, target: Target) -> tuple[Reading[AuthorizedKeys], ProbeContext]:
    context = context_of(server, target)
    facts = await observe_sftp(a_dialer(server.port), context)
    server.settle()
    (view,) = facts.accounts
    assert isinstance(view.sftp, Observed), view.sftp
    return view.sftp.value.authorized_keys, context


def of(server: Server, **changes: object) -> Target:
    account = replace(TRANSFER, **changes)  # type: ignore[arg-type]
    return a_target(host_keys=pins_of(server), accounts=(account,))


async def test_two_names_are_kept_as_keyed_hashes_alone(
    start_server: StartServer, keys: list[str]
) -> None:
    contents = with_lines(f"{keys[0]} {ADA}", f'from="10.0.0.0/8" {keys[1]} {BOB}')
    server = start_server("openssh-password", contents=contents)

    found, context = await read(server, of(server))

    assert isinstance(found, Observed)
    assert len({key.comment for key in found.value.keys} - {""}) == 2
    kept = repr(found) + repr(context.evidence.all())
    assert "marchand" not in kept.lower()
    assert "leroy" not in kept.lower()
    assert "SHA256:" in kept


async def test_declared_keys_of_two_people_in_the_file_are_proof(
    start_server: StartServer, keys: list[str], tmp_path: Path
) -> None:
    for name, line in zip(("ada.pub", "bob.pub"), keys, strict=True):
        (tmp_path / name).write_text(f"{line}\n", encoding="ascii")
    server = start_server("openssh-password", contents=with_lines(*keys))
    listed = {"ada": (tmp_path / "ada.pub",), "bob": (tmp_path / "bob.pub",)}
    target = of(server, public_keys=listed, holders=("ada",))

    context = context_of(server, target)
    facts = await observe_sftp(a_dialer(server.port), context)

    row = result(FailureId.SHARED_ACCOUNT, case(facts, target=target))
    found = finding(row, "authorized-keys")
    assert (found.verdict, found.confidence) == (Verdict.FAIL, Confidence.PROOF)
    assert found.evidence


async def test_a_home_without_a_key_file_is_no_observation(start_server: StartServer) -> None:
    server = start_server("openssh-password")
    found, _ = await read(server, of(server))
    assert isinstance(found, Unobserved)
    assert found.reason is Reason.NOT_OFFERED


async def test_a_key_file_too_big_is_read_in_part_and_said_to_be(
    start_server: StartServer, keys: list[str]
) -> None:
    filler = "# " + "x" * 998
    contents = with_lines(keys[0], *[filler] * (LARGEST_KEY_FILE // 1000 + 1), keys[1])
    server = start_server("openssh-password", contents=contents)

    found, _ = await read(server, of(server))

    assert isinstance(found, Observed)
    assert len(found.value.keys) == 1
    assert not found.value.complete


async def test_dropbears_own_key_file_is_read_too(start_server: StartServer) -> None:
    server = start_server("dropbear-password")
    found, _ = await read(server, of(server))
    assert server.client_key is not None
    assert isinstance(found, Observed)
    assert [key.fingerprint for key in found.value.keys] == [server.client_key.fingerprint]


@pytest.mark.parametrize(
    ("comment", "name"),
    [
        ("Ada.Marchand@desk-17", "ada.marchand"),
        ("ada.marchand@home.example.org", "ada.marchand"),
        ("Ada Marchand", "ada marchand"),
        ("amarchand2@x", "amarchand2"),
        ("root@srv-3", ""),
        ("backup", ""),
        ("deploy-key@ci", ""),
        ("rsa-key-20240131", ""),
        ("", ""),
        ("a@b", ""),
        ("x" * 100, ""),
        ("<script>", ""),
    ],
)
def test_a_name_is_told_from_a_machine(comment: str, name: str) -> None:
    assert name_in(comment) == name
