"""What a sample costs a real server, and what is said of what it could not read."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from scanner.api import ScanDocument
from scanner.demo.generator import exams_csv, invent_people, people_csv
from scanner.model.content import ContentFacts, Note
from scanner.model.failure import FailureId
from scanner.model.finding import Verdict
from scanner.model.observation import FtpFacts
from scanner.model.reading import Observed
from scanner.model.view import Walk
from scanner.report.text import host_text
from tests.matrix import lab
from tests.servers import Proftpd, Server, Vsftpd, empty
from tests.servers.fixtures import StartServer

PEOPLE = people_csv(invent_people(40))
EXAMS = exams_csv(40_000)
"""Far beyond what is read of a server that takes no offset."""


def scanned(server: Server, folder: Path, **more: Any) -> ScanDocument:
    return lab.scan_listed(lab.write_targets(folder, lab.listed(server, **more)), folder / "state")


def walk_of(document: ScanDocument) -> Walk:
    facts = lab.endpoint_of(document).facts
    assert isinstance(facts, FtpFacts)
    assert isinstance(facts.anonymous_view, Observed)
    return facts.anonymous_view.value.walk


def contents(walk: Walk) -> list[ContentFacts]:
    return [each.content.value for each in walk.files if isinstance(each.content, Observed)]


def verdict(document: ScanDocument) -> Verdict:
    (report,) = document.hosts
    return next(row.verdict for row in report.failures if row.id is FailureId.CLEAR_STORAGE)


WITHOUT_REST: dict[str, Vsftpd | Proftpd] = {
    "vsftpd": Vsftpd(denied_commands=("REST",)),
    "proftpd": Proftpd(extra=("AllowRetrieveRestart off",)),
}
LAST_WEEK = time.time() - 7 * 86_400
PUBLIC = {"areas": {"public": ["/"]}}


@pytest.mark.parametrize("product", WITHOUT_REST)
def test_of_a_server_that_takes_no_offset_the_beginning_is_read_and_no_pass_rests_on_it(
    product: str, start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server(WITHOUT_REST[product], contents=empty)
    (server.root / "exams.csv").write_bytes(EXAMS)
    (server.root / "small.csv").write_bytes(EXAMS[:100_000])

    document = scanned(server, tmp_path, **PUBLIC)

    walk = walk_of(document)
    assert (walk.sampled, walk.unread) == (2, ())
    notes = sorted(Note.HEAD_ONLY in facts.notes for facts in contents(walk))
    assert notes == [False, True]
    assert verdict(document) is Verdict.UNKNOWN
    (report,) = document.hosts
    assert "anonymous 2 of 2 read, of 1 the beginning alone" in host_text(report, width=120)


def test_a_server_that_takes_offsets_shows_both_whole(
    start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server("vsftpd-plain", contents=empty)
    (server.root / "exams.csv").write_bytes(EXAMS)

    document = scanned(server, tmp_path, **PUBLIC)

    (facts,) = contents(walk_of(document))
    assert Note.HEAD_ONLY not in facts.notes
    assert verdict(document) is Verdict.PASS


@pytest.mark.parametrize("posture", ["vsftpd-plain", "proftpd-plain"])
def test_data_that_begin_far_behind_the_head_are_found_by_windows(
    posture: str, start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server(posture, contents=empty)
    row = "INSERT INTO exams VALUES (1,'NFS','2024-01-01');\n"
    people = "".join(
        f"INSERT INTO patients (nom,prenom,nir) VALUES ('{p.surname}','{p.first_name}','{p.nir}');\n"
        for p in invent_people(4_000)
    )
    (server.root / "dump.sql").write_text(row * 12_000 + people + row * 4_000)

    document = scanned(server, tmp_path)

    (facts,) = contents(walk_of(document))
    assert "nir" in {kind.kind for kind in facts.kinds}
    server.settle()
    assert 2 <= server.verbs().count("RETR") <= 9


def test_a_harmful_head_is_proof_where_nothing_else_can_be_had(
    start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server(WITHOUT_REST["vsftpd"], contents=empty)
    (server.root / "people.csv").write_bytes(people_csv(invent_people(4_000)))

    assert verdict(scanned(server, tmp_path)) is Verdict.FAIL


def test_the_report_tells_every_file_that_was_met(
    start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server("vsftpd-plain", contents=empty)
    for number in range(12):
        (server.root / f"{number}.csv").write_bytes(EXAMS[:3_000])
    (server.root / "picture.png").write_bytes(b"\x89PNG")
    (server.root / "nothing.csv").write_bytes(b"")

    document = scanned(server, tmp_path, limits={"files_sampled": 5}).as_dict()

    walk = document["hosts"][0]["endpoints"][0]["anonymous_view"]["walk"]
    assert walk["sampled"] == 5
    assert walk["eligible"] == 12
    (left,) = walk["unread"]
    assert (left["files"], left["detail"]) == (7, "more files than limits.files_sampled")


@pytest.mark.parametrize("posture", ["vsftpd-tls-optional", "proftpd-tls-off"])
def test_all_logins_of_an_address_share_the_budget_of_files(
    posture: str, start_server: StartServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start_server(posture, contents=empty)
    for number in range(20):
        (server.root / f"{number}.csv").write_bytes(EXAMS[:3_000])
    monkeypatch.setenv("SAMPLES_PASSWORD", server.user("transfer").password)
    account = {"username": "transfer", "password": "env:SAMPLES_PASSWORD"}

    document = scanned(
        server, tmp_path, accounts=[account], limits={"files_sampled": 8}, **lab.trust_in(server)
    )

    facts = lab.endpoint_of(document).facts
    assert isinstance(facts, FtpFacts)
    (supplied,) = facts.accounts
    assert isinstance(supplied.view, Observed)
    by_login = [walk_of(document).sampled, supplied.view.value.walk.sampled]
    assert sorted(by_login) == [2, 6]
    server.settle()
    assert server.verbs().count("RETR") == 8


def aged(folder: Path) -> None:
    for path in folder.rglob("*.csv"):
        os.utime(path, (LAST_WEEK, LAST_WEEK))


@pytest.mark.parametrize("posture", ["vsftpd-plain", "proftpd-tls-on", "openssh-password"])
def test_a_second_night_reads_what_changed_alone(
    posture: str, start_server: StartServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start_server(posture, contents=empty)
    for number in range(6):
        (server.root / f"{number}.csv").write_bytes(EXAMS[:3_000])
    aged(server.root)
    account = {"username": "transfer", "password": "env:SAMPLES_PASSWORD"}
    supplied = {"accounts": [account]} if server.users else {}
    if server.users:
        monkeypatch.setenv("SAMPLES_PASSWORD", server.user("transfer").password)

    def night() -> tuple[int, list[bool]]:
        server.settle()
        before = _files_opened(server)
        walks = _walks(scanned(server, tmp_path, **supplied, **lab.trust_in(server)))
        server.settle()
        known = [file.read_at is not None for walk in walks for file in walk.files]
        assert all(walk.sampled == 6 for walk in walks)
        return _files_opened(server) - before, sorted(known)

    logins = 2 if posture == "proftpd-tls-on" else 1
    assert night() == (6 * logins, [False] * 6 * logins)
    assert night() == (0, [True] * 6 * logins)
    (server.root / "3.csv").write_bytes(EXAMS[:3_100])
    aged(server.root)
    assert night() == (1 * logins, [False] * logins + [True] * 5 * logins)


def _files_opened(server: Server) -> int:
    return server.verbs().count("open" if server.protocol == "sftp" else "RETR")


def _walks(document: ScanDocument) -> list[Walk]:
    facts = lab.endpoint_of(document).facts
    assert facts is not None
    views = [account.view for account in facts.accounts]
    if isinstance(facts, FtpFacts):
        views.append(facts.anonymous_view)
    return [view.value.walk for view in views if isinstance(view, Observed)]
