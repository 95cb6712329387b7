"""Values that are planted on real servers appear in nothing that the scanner writes or says.

Each has a form of its own, so that it cannot come from anywhere else. They are looked for as they
are, in other letters and encodings, and as the plain hashes that anyone could try out.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import os
import signal
import time
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest

from scanner.demo.generator import Person, hl7_messages, impossible_nir, people_csv
from tests.command.console import Console
from tests.matrix import lab
from tests.servers import Server
from tests.servers.fixtures import StartServer
from tests.servers.tree import Tree

SECRET: Final = "CANARY_PASSWORD"
PEOPLE: Final = tuple(
    Person(
        nir=impossible_nir(4_711 + number, 1985),
        surname=f"QUETZALVORN{letters}",
        first_name=f"Xylandrette{letters}",
        born=date(1985, 3, 7 + number),
        phone=f"+336399874{number}1",
        doctor=f"WYRMBALD{letters}",
        comments=(f"zorgblik {letters} grossesse", f"flumquist {letters} VIH"),
        login=f"qvorn.{letters}77",
        password=f"Mnemo-7731-{letters}",
    )
    for number, letters in enumerate(("ab", "cd", "ef", "gh", "ij", "kl"))
)
MAIL: Final = "xylandrette.quetzalvorn@canary.invalid"
FOLDER: Final = "Xylandrette Quetzalvornab"
HEADER: Final = "colonne_grimbelwart"
"""A header that neither the lexicon nor an order knows."""
LAST_WEEK: Final = time.time() - 7 * 86_400


def canaries() -> set[str]:
    """All values longer than a word, one of each way in which they might be written."""
    values = {HEADER, MAIL, FOLDER, "quetzalvorn", "xylandrette", "grimbelwart"}
    for person in PEOPLE:
        cells = person.cells()
        values |= {value for name, value in cells.items() if name != "date_naissance"}
        values |= {f"{person.nir[:1]} {person.nir[1:3]} {person.nir[3:5]}", person.phone[3:]}
    return {value for value in values if len(value) >= 6}


def forms(value: str) -> Iterator[bytes]:
    """The value in small letters, in UTF-16, base64 and hexadecimal, and its plain hashes."""
    for text in {value, value.lower(), value.upper()}:
        raw = text.encode()
        yield raw.lower()
        yield text.encode("utf-16-le").lower()
        yield raw.hex().encode()
        yield base64.b64encode(raw).rstrip(b"=").lower()
        for name in ("md5", "sha1", "sha256", "sha512", "blake2b"):
            yield hashlib.new(name, raw).hexdigest()[:32].encode()


FORMS: Final = {form: value for value in sorted(canaries()) for form in forms(value)}


def plant(root: Path) -> Tree:
    """The same people in every format that is read, below folders and files that name them."""
    table = people_csv(PEOPLE)
    records = [dict(person.cells()) for person in PEOPLE]
    rows = ",".join(f"('{p.nir}','{p.surname}','{p.first_name}','{p.password}')" for p in PEOPLE)
    strange = "\n".join([f"nom;{HEADER}", *(f"{p.surname};{p.doctor}" for p in PEOPLE)])
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(f"{FOLDER}.csv", table)
    files = {
        f"{FOLDER}/{FOLDER}.csv": table,
        f"{FOLDER}/{MAIL}.txt": f"write to {MAIL}, {PEOPLE[0].nir}\n".encode() * 40,
        f"{FOLDER}/dump.sql": f"INSERT INTO p (nir,nom,prenom,mdp) VALUES {rows};\n".encode() * 9,
        f"{FOLDER}/dump.json": json.dumps(records).encode(),
        f"{FOLDER}/messages.hl7": hl7_messages(PEOPLE),
        f"{FOLDER}/packed.zip": archive.getvalue(),
        f"{FOLDER}/packed.csv.gz": gzip.compress(table),
        f"{FOLDER}/broken.zip": archive.getvalue()[:-30],
        f"{FOLDER}/columns.csv": strange.encode(),
        f"{FOLDER}/wide.csv": table.decode().encode("utf-16"),
        f"{FOLDER}/.pgpass": f"h:5432:db:{PEOPLE[0].login}:{PEOPLE[0].password}\n".encode(),
        f"{FOLDER}/{PEOPLE[1].nir}": table,
        f"exchange/mig-7/{PEOPLE[0].surname}.csv": table,
        f"{PEOPLE[2].surname}.{PEOPLE[2].first_name}": table,
    }
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, (LAST_WEEK, LAST_WEEK))
    return Tree(root)


ORDER: Final = {
    "order_id": "MIG-7",
    "controller": "Laboratory One",
    "paths": ["/exchange/mig-7/*"],
    "fields": ["nir", "nom"],
    "migration_end": "2026-01-01",
    "retention_days": 7,
}


def given(console: Console, server: Server, **more: Any) -> dict[str, str]:
    account = {"username": "transfer", "password": f"env:{SECRET}"}
    entry = lab.listed(
        server,
        accounts=[account],
        migrations=[ORDER],
        retention_days=5,
        **lab.trust_in(server),
        **more,
    )
    lab.write_targets(console.folder, entry)
    (console.folder / "tmp").mkdir(exist_ok=True)
    password = server.user("transfer").password
    return {SECRET: password, "TMPDIR": str(console.folder / "tmp"), "SCANNER_DEBUG": "1"}


def found_in(data: bytes) -> list[str]:
    small = data.lower()
    return sorted({value for form, value in FORMS.items() if form in small})


def found_on_disk(folder: Path, password: str) -> dict[str, list[str]]:
    everything = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert not [path for path, data in everything.items() if password.encode() in data]
    return {str(path): found for path, data in everything.items() if (found := found_in(data))}


def test_the_search_finds_what_is_there() -> None:
    """Else the tests below would show nothing."""
    nir = PEOPLE[0].nir
    for said in (
        nir.encode(),
        hashlib.sha256(nir.encode()).hexdigest().encode(),
        FOLDER.upper().encode("utf-16-le"),
        base64.b64encode(PEOPLE[3].password.encode()),
        f"x{HEADER}x".encode(),
    ):
        assert found_in(said)
    assert len(canaries()) > 40


@pytest.mark.parametrize("posture", ["vsftpd-tls-optional", "proftpd-tls-on", "openssh-chrooted"])
def test_no_planted_value_is_written_or_said(
    posture: str, console: Console, start_server: StartServer
) -> None:
    server = start_server(posture, contents=plant)
    variables = given(console, server)
    said: list[bytes] = []

    def scan(*words: str) -> None:
        done = console.scan(*words, **variables)
        assert done.returncode in {0, 1, 3}, done.stderr
        said.append(done.stdout.encode() + done.stderr.encode())

    scan("run", "targets.json")
    scan("run", "targets.json")  # what is remembered of unchanged files
    runs = sorted((console.folder / "reports").glob("*Z-*"))
    scan("assess", str(runs[0]))
    for form in ("text", "json"):
        scan("host", "127.0.0.1", "--targets", "targets.json", "--format", form)

    document = json.loads((runs[0] / "report.json").read_text())
    (storage,) = (r for r in document["hosts"][0]["failures"] if r["id"] == "clear-storage")
    assert storage["verdict"] == "fail"  # the values were read, or there is nothing to hide
    assert "nir" in storage["summary"]
    assert [found for text in said if (found := found_in(text))] == []
    assert not [text for text in said if variables[SECRET].encode() in text]
    assert found_on_disk(console.folder, variables[SECRET]) == {}
    assert list((console.folder / "tmp").rglob("*")) == []


def test_a_run_that_is_cut_short_leaves_no_value_behind(
    console: Console, start_server: StartServer
) -> None:
    server = start_server("vsftpd-tls-optional", contents=plant)
    variables = given(console, server, limits={"bytes_per_second": 4_096})
    with console.started("run", "targets.json", **variables) as process:
        deadline = time.monotonic() + 30
        while "RETR" not in server.log_text() and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        stdout, stderr = process.communicate(timeout=30)

    assert process.returncode == 143
    assert found_in(stdout.encode() + stderr.encode()) == []
    assert found_on_disk(console.folder, variables[SECRET]) == {}


def test_a_look_without_credentials_says_no_value(
    console: Console, start_server: StartServer
) -> None:
    server = start_server("vsftpd-plain", contents=plant)
    (console.folder / "tmp").mkdir()

    for form in ("text", "json"):
        done = console.scan(
            "host", f"127.0.0.1:{server.port}", "--format", form, SCANNER_DEBUG="1",
            TMPDIR=str(console.folder / "tmp"),
        )  # fmt: skip
        assert done.returncode == 1
        assert found_in(done.stdout.encode() + done.stderr.encode()) == []
    assert found_on_disk(console.folder, "no password is supplied") == {}
