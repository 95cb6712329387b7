"""Exports on real servers beside their orders: three failures, each mended alone.

Everything served is synthetic, from the demonstration's own generator.
"""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from scanner.demo.generator import (
    EXAM_FIELDS,
    EXPORT_FIELDS,
    ORDERED_EXAM_FIELDS,
    age_twin,
    exams_csv,
    hl7_messages,
    invent_people,
    people_csv,
)
from scanner.model.failure import FailureId
from tests.matrix import lab
from tests.servers import MODERN, Openssh, Proftpd, Server, Tree, Vsftpd
from tests.servers.fixtures import StartServer

NOW: Final = datetime.now(UTC)
VARIABLE: Final = "ORDERS_PASSWORD"
PEOPLE: Final = invent_people(120)
CLEAR, LATE, EXCESS = (
    FailureId.CLEAR_STORAGE,
    FailureId.OVERDUE_DELETION,
    FailureId.EXCESS_EXTRACTION,
)
SERVERS: Final[dict[str, Vsftpd | Proftpd | Openssh]] = {
    "vsftpd": Vsftpd(anonymous=False, local_users=True, tls=MODERN),
    "proftpd": Proftpd(anonymous=False, local_users=True, tls=MODERN, tls_required="on"),
    "openssh": Openssh(chrooted=True),
}


def day(days: int) -> str:
    return (NOW + timedelta(days=days)).date().isoformat()


def _zipped(name: str, data: bytes) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return whole.getvalue()


def exports(*, clear: bool = True, late: bool = True, excess: bool = True) -> dict[str, bytes]:
    """Return the files of three orders, by what is wrong with them."""
    megabus = people_csv(PEOPLE, EXPORT_FIELDS)
    messages = _zipped("day.hl7.gz", gzip.compress(hl7_messages(PEOPLE[:30])))
    personal = {"export.csv": megabus, "results.zip": messages}
    sealed = {
        f"{name}.age": age_twin(data, seed) for seed, (name, data) in enumerate(personal.items())
    }
    fields = EXAM_FIELDS[:4] if excess else ORDERED_EXAM_FIELDS
    files = {f"exchange/one/{name}": data for name, data in (personal if clear else sealed).items()}
    files["exchange/one/twin.csv.age"] = age_twin(megabus, seed=9)
    files["exchange/three/exams.csv"] = exams_csv(300, fields)
    if late:
        files["exchange/two/export.csv.age"] = age_twin(megabus, seed=8)
    return files


def lay(files: Mapping[str, bytes], root: Path) -> Tree:
    for folder in ("one", "two", "three"):
        (root / "exchange" / folder).mkdir(parents=True)
    for name, data in files.items():
        (root / name).write_bytes(data)
    return Tree(root)


def order(name: str, fields: tuple[str, ...], end: int) -> dict[str, Any]:
    return {
        "order_id": f"MIG-{name}",
        "controller": "Clinic of the Hill",
        "owner": "Archive move group",
        "ordered_on": day(-200),
        "paths": [f"/exchange/{name}/*"],
        "fields": list(fields),
        "migration_end": day(end),
        "retention_days": 14,
    }


ORDERS: Final = [
    order("one", EXPORT_FIELDS, 30),
    order("two", EXPORT_FIELDS, -90),
    order("three", ORDERED_EXAM_FIELDS, 30),
]

Rows = dict[str, dict[str, Any]]
Scan = Callable[..., Rows]


@pytest.fixture
def scan(start_server: StartServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scan:
    """Return a function that serves files, scans them once, and returns the nine rows."""

    def once(
        product: str, files: Mapping[str, bytes], migrations: list[dict[str, Any]] | None = None
    ) -> Rows:
        server = start_server(SERVERS[product], contents=lambda root: lay(files, root))
        monkeypatch.setenv(VARIABLE, server.user("transfer").password)
        folder = tmp_path / f"scan-{server.port}"
        folder.mkdir()
        target = lab.listed(server, **_trusted(server), migrations=migrations or ORDERS)
        target["accounts"] = [{"username": "transfer", "password": f"env:{VARIABLE}"}]
        path = lab.write_targets(folder, target)
        result = lab.run_listed(path, folder / "state", lambda: NOW)
        (host,) = lab.report_in(result)["hosts"]
        return {row["id"]: row for row in host["failures"]}

    return once


def _trusted(server: Server) -> dict[str, Any]:
    if server.certificate is None:
        return lab.trust_in(server)
    return {"tls": {"ca": str(server.certificate.authority), "server_name": "localhost"}}


def verdicts(rows: Rows) -> dict[str, tuple[str, str]]:
    return {name: (row["verdict"], row["severity"]) for name, row in rows.items()}


@pytest.mark.parametrize("product", SERVERS)
def test_three_failures_and_each_mended_alone(product: str, scan: Scan) -> None:
    before = scan(product, exports())
    assert [before[row]["verdict"] for row in (CLEAR, LATE, EXCESS)] == ["fail"] * 3
    # Passwords lie beside what they open for, and health in what patients were told.
    assert before[CLEAR]["severity"] == "critical"
    assert "secrets" in before[CLEAR]["summary"]
    assert "private zone: 2 of 5 sampled files (40 %)" in before[CLEAR]["summary"]
    assert "2 of 5 sampled exports are encrypted (40 %)" in before[CLEAR]["summary"]
    assert "MIG-two: 1 files still there 76 days" in before[LATE]["summary"]
    assert "MIG-three: 2 columns that nobody ordered" in before[EXCESS]["summary"]
    mended = {
        CLEAR: exports(clear=False),
        LATE: exports(late=False),
        EXCESS: exports(excess=False),
    }
    for row, files in mended.items():
        after = scan(product, files)
        told, was = verdicts(after), verdicts(before)
        assert {name for name in told if told[name] != was[name]} == {str(row)}
        assert after[row]["verdict"] != "fail"


@pytest.mark.parametrize("product", SERVERS)
def test_an_order_kept_to_the_letter_passes_and_one_row_too_many_does_not(
    product: str, scan: Scan
) -> None:
    exact = {
        **order("three", ORDERED_EXAM_FIELDS, 30),
        "date_field": "exam_date",
        "date_from": "2019-01-01",
        "date_to": "2019-12-31",
        "max_rows": 300,
    }
    conforming = exams_csv(300, ORDERED_EXAM_FIELDS)
    packed = _zipped("exams.csv.gz", gzip.compress(conforming))

    def judged(name: str, data: bytes) -> dict[str, Any]:
        return scan(product, {f"exchange/three/{name}": data}, [exact])[EXCESS]

    for name, data in (("exams.csv", conforming), ("exams.zip", packed)):
        assert judged(name, data)["verdict"] == "pass"
    other_year = judged(
        "exams.csv", conforming[: conforming.rfind(b"\n", 0, -2)] + b"\nNFS;2018-03-04\n"
    )
    assert other_year["verdict"] == "fail"
    assert "1 of 300 dates" in other_year["summary"]
    assert "2018-03" not in str(other_year)
    more = judged("exams.csv", exams_csv(301, ORDERED_EXAM_FIELDS))
    assert more["verdict"] == "fail"
    assert "301 rows in one file, 300 were ordered" in more["summary"]
