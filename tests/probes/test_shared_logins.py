"""Two people's logins on a real server, from the wire to the row."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from scanner.api.host import scan_host
from scanner.model.failure import FailureId
from scanner.model.finding import Finding, Verdict
from scanner.model.reading import Observed
from scanner.model.target import Account, Areas
from scanner.probes.sftp import observe_sftp
from tests.checks.cases import case, finding, result
from tests.clients.ssh_lab import a_dialer
from tests.probes.test_sftp import REFERENCE, a_target, context_of, pins_of
from tests.servers import Openssh
from tests.servers.fixtures import StartServer
from tests.servers.handle import Server
from tests.servers.tree import Tree

PASSWORD = "one for all of them"
TRANSFER = Account(username="transfer", password=REFERENCE, holders=("Ada",))
PARTNER = Account(username="partner", password=REFERENCE, holders=("Bob",))


def home_of(uid: int) -> Callable[[Path], Tree]:
    def plant(root: Path) -> Tree:
        os.chown(root, uid, uid)
        for owner in (60001, 60002):
            file = root / f"{owner}.csv"
            file.write_text("a,b\n1,2\n")
            os.chown(file, owner, owner)
        return Tree(root)

    return plant


async def ruled(server: Server, facet: str, *accounts: Account) -> Finding:
    areas = Areas(private=(str(server.root),))
    target = a_target(host_keys=pins_of(server), accounts=accounts, areas=areas)
    facts = await observe_sftp(a_dialer(server.port), context_of(server, target))
    assert all(isinstance(view.view, Observed) for view in facts.accounts)
    return finding(result(FailureId.SHARED_ACCOUNT, case(facts, target=target)), facet)


async def test_two_people_in_one_home_are_suspected_and_a_realm_silences_it(
    start_server: StartServer,
) -> None:
    server = start_server(Openssh(password=PASSWORD), contents=home_of(60001))
    found = await ruled(server, "same-secret-or-home", TRANSFER, PARTNER)
    assert (found.verdict, found.reason) == (Verdict.UNKNOWN, "suspected")
    virtual = [replace(one, realm="virtual") for one in (TRANSFER, PARTNER)]
    assert (await ruled(server, "same-secret-or-home", *virtual)).verdict is Verdict.PASS


async def test_a_home_that_belongs_to_root_tells_nothing_of_people(
    start_server: StartServer,
) -> None:
    server = start_server(Openssh(password=PASSWORD), contents=home_of(0))
    found = await ruled(server, "same-secret-or-home", TRANSFER, PARTNER)
    assert found.verdict is Verdict.PASS


async def test_owners_of_private_files_are_counted_against_the_people(
    start_server: StartServer,
) -> None:
    server = start_server(Openssh(password=PASSWORD), contents=home_of(60001))
    assert (await ruled(server, "file-owners", TRANSFER)).reason == "suspected"
    assert (await ruled(server, "file-owners", TRANSFER, PARTNER)).verdict is Verdict.PASS


@pytest.mark.parametrize(("realm", "suspected"), [(None, True), ("directory", False)])
async def test_one_secret_for_two_accounts_is_found_by_a_whole_scan_and_stored_nowhere(
    realm: str | None,
    suspected: bool,  # noqa: FBT001 - a column of the table
    start_server: StartServer,
    tmp_path: Path,
) -> None:
    server = start_server(Openssh(password=PASSWORD), contents=home_of(0))
    for name in ("one", "two"):
        (tmp_path / name).touch(mode=0o600)
        (tmp_path / name).write_text(PASSWORD, encoding="ascii")
    accounts = [
        {"username": user, "password": f"file:{name}", "holders": [user]}
        for user, name in (("transfer", "one"), ("partner", "two"))
    ]
    document = {
        "version": 1,
        "authorisation": {"reference": "SHARED-1", "scope": ["127.0.0.0/8"]},
        "targets": [
            {
                "host": "127.0.0.1",
                "asset": "files",
                "endpoints": [{"port": server.port, "protocol": "sftp"}],
                "host_keys": list(pins_of(server)),
                "accounts": [one | ({"realm": realm} if realm else {}) for one in accounts],
            }
        ],
    }
    path = tmp_path / "targets.json"
    path.write_text(json.dumps(document), encoding="utf-8")

    told = await scan_host("127.0.0.1", targets=path, history=tmp_path / "history")
    (report,) = told.hosts

    row = next(row for row in report.failures if row.id is FailureId.SHARED_ACCOUNT)
    found = finding(row, "same-secret-or-home")
    assert (found.reason == "suspected") is suspected
    assert PASSWORD not in repr(told.as_dict())
