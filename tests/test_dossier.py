from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.dossier import check_papers, load_dossier
from scanner.intake.registers import LARGEST_REGISTER
from scanner.model.dossier import Dossier, InventoryRow, RegisteredWarning
from scanner.model.policies import BUILT_IN
from scanner.model.reading import Observed, Reason, Unobserved
from scanner.model.target import Account, Contract, Document, LogSource, Target, TlsTrust
from scanner.report.policy import policy_document

CANARY = "Canary Person"


def with_inventory(folder: Path, content: bytes | str, name: str = "accounts.csv") -> Target:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return Target(host="ftp.example.org", asset="a", inventory=path)


def with_warnings(folder: Path, content: str) -> Target:
    path = folder / "warnings.json"
    path.write_text(content)
    return Target(host="ftp.example.org", asset="a", warnings=path)


def inventory(target: Target) -> tuple[InventoryRow, ...]:
    read = load_dossier(target).inventory
    assert isinstance(read, Observed), read
    return read.value


def faults(target: Target, monkeypatch: pytest.MonkeyPatch, folder: Path) -> list[str]:
    monkeypatch.chdir(folder)
    lines = list(check_papers(target))
    assert CANARY not in "\n".join(lines)
    read = load_dossier(target)
    for reading in (read.inventory, read.warnings):
        if isinstance(reading, Unobserved) and reading.reason is Reason.UNREADABLE:
            assert CANARY not in reading.detail
            assert any(reading.detail.startswith(line) for line in lines)
    return lines


def test_nothing_declared_is_not_declared() -> None:
    target = Target(host="ftp.example.org", asset="a")
    assert load_dossier(target) == Dossier()
    assert check_papers(target) == ()


PLAIN = (
    InventoryRow(username="push", holders=("Team A",), kind="service", expires=date(2027, 1, 31)),
    InventoryRow(username="pull", holders=("P\u00e9n\u00e9lope", "Second"), kind="person"),
)
CSV = "username,holders,kind,expires\npush,Team A,service,2027-01-31\npull,P\u00e9n\u00e9lope; Second,person,\n"


@pytest.mark.parametrize(
    "content",
    [
        CSV.encode(),
        CSV.encode("utf-8-sig"),
        CSV.encode("cp1252"),
        CSV.encode("utf-16"),
        CSV.replace("\n", "\r\n").encode(),
        CSV.replace("\n", "\r").encode(),
        CSV.replace(",", "\t").encode(),
        CSV.replace(",", "|").encode(),
        CSV.replace(";", "|").replace(",", ";").replace("|", ";").replace(
            "P\u00e9n\u00e9lope; Second", '"P\u00e9n\u00e9lope; Second"'
        ).encode(),
        CSV.replace("username,holders,kind,expires", "UserName , HOLDERS,Kind,expires").encode(),
        ("\n\n" + CSV + "\n,,,\n").encode(),
        CSV.replace(",kind", ",note,kind").replace("Team A,", "Team A,=1+1,").replace(
            "Second,", "Second,x,"
        ).encode(),
        json.dumps([
            {"username": "push", "holders": ["Team A"], "expires": "2027-01-31"},
            {"username": "pull", "holders": ["P\u00e9n\u00e9lope", "Second"], "kind": "person"},
        ]).encode(),
    ],
)  # fmt: skip
def test_an_inventory_is_read_in_every_shape_that_occurs(tmp_path: Path, content: bytes) -> None:
    assert inventory(with_inventory(tmp_path, content)) == PLAIN


def test_rows_of_one_account_are_joined_with_all_their_holders(tmp_path: Path) -> None:
    text = "username,holders,kind\npush,A,service\npush,B;a,\npush,b ,service\n"
    assert inventory(with_inventory(tmp_path, text)) == (
        InventoryRow(username="push", holders=("A", "B")),
    )


def test_an_account_without_holders_has_none(tmp_path: Path) -> None:
    assert inventory(with_inventory(tmp_path, "username,holders\npush,\npull, ; ;\n")) == (
        InventoryRow(username="push"),
        InventoryRow(username="pull"),
    )


def test_a_quoted_cell_may_span_lines_and_later_faults_still_name_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = 'username,holders,note\npush,A,"two\nlines"\n,B,x\n'
    target = with_inventory(tmp_path, text)
    assert faults(target, monkeypatch, tmp_path) == [
        "accounts.csv:4: username: is empty; write the account's name"
    ]


BAD_INVENTORIES: list[tuple[bytes | str, list[str]]] = [
    ("", ["accounts.csv: is empty; give it a header line and one line per entry"]),
    (
        "user,holder\nx,y\n",
        [
            "accounts.csv:1: column 'username' is missing; add it to the header",
            (
                "accounts.csv:1: column 'holders' is missing; "
                "rename the column that is spelt almost so"
            ),
        ],
    ),
    (
        "username,holders,username\n",
        ["accounts.csv:1: column 'username' stands twice; keep one"],
    ),
    (
        f"username,holders,kind,expires\n,{CANARY},robot,31/12/2026\n\n=cmd,{CANARY},,\n",
        [
            "accounts.csv:2: username: is empty; write the account's name",
            "accounts.csv:2: kind: is none of service, person; write one of them or nothing",
            "accounts.csv:2: expires: is not a date; write it as 2026-12-31, or nothing",
            (
                "accounts.csv:4: username: begins with =, which spreadsheets run as a formula; "
                "remove it"
            ),
        ],
    ),
    (
        f"username;holders;kind\npush;{CANARY};Other;service\n",
        ["accounts.csv:2: has 4 cells under 3 columns; quote cells that hold the separator"],
    ),
    (
        f'username,holders\npush,"{CANARY}" x\n',
        ["accounts.csv:2: has broken quotes or a huge cell; double every quote inside quotes"],
    ),
    (
        f"username,holders\npush,{CANARY}\x00\n",
        ["accounts.csv:2: holds a NUL byte; save it as plain UTF-8 text"],
    ),
    (
        "username,holders\npush,A\x1b[2J\n",
        ["accounts.csv:2: holders: holds a control character; separate holders by ; alone"],
    ),
    (
        b"username,holders\n\x81\x8d,x\n",
        ["accounts.csv: is no text that can be read; save it as UTF-8"],
    ),
    (
        "username,holders,kind\npush,A,person\npush,B,service\n",
        ["accounts.csv: kind: one account has several (line 2, line 3); agree on one"],
    ),
    (
        f"username,holders\npush,{'x' * 10_001}\n",
        ["accounts.csv:2: has a cell of more than 10000 characters"],
    ),
    (
        f"username,holders\npush,{'x' * 200_000}\n",
        ["accounts.csv:2: has broken quotes or a huge cell; double every quote inside quotes"],
    ),
    (
        '[\n{"username": "a", "holders": "x"},\n{"user": "b"}]',
        [
            "accounts.csv:2: [0].holders: this value is not a list; give a list",
            "accounts.csv:3: [1]: 'username' is missing; add it",
            "accounts.csv:3: [1]: 'holders' is missing; add it",
            "accounts.csv:3: [1].user: is not a known key; did you mean 'username'?",
        ],
    ),
    (
        '[{"username": " ", "holders": []}]',
        ["accounts.csv:1: [0].username: is empty; write the account's name"],
    ),
    ("{}", ["accounts.csv:1: this value is not a list; give a list"]),
]


@pytest.mark.parametrize(("content", "lines"), BAD_INVENTORIES)
def test_a_malformed_inventory_is_unreadable_and_its_faults_are_told_by_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | str, lines: list[str]
) -> None:
    target = with_inventory(tmp_path, content)
    assert faults(target, monkeypatch, tmp_path) == lines
    read = load_dossier(target).inventory
    assert isinstance(read, Unobserved)
    assert read.reason is Reason.UNREADABLE


@given(st.binary(max_size=200))
def test_any_bytes_are_an_inventory_or_unreadable(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    folder = tmp_path_factory.mktemp("inventory")
    target = with_inventory(folder, b"username,holders\n" + content)
    read = load_dossier(target).inventory
    assert isinstance(read, Observed) is (check_papers(target) == ())


def test_a_register_beyond_the_bound_is_unreadable(tmp_path: Path) -> None:
    target = with_inventory(tmp_path, b"")
    assert target.inventory is not None
    with target.inventory.open("wb") as stream:
        stream.truncate(LARGEST_REGISTER + 1)
    assert "is larger than 16 MiB" in check_papers(target)[0]


def test_warnings_are_read(tmp_path: Path) -> None:
    text = json.dumps([
        {"id": "W-1", "opened": "2026-01-02", "closed": "2026-02-03", "summary": "old"},
        {"id": "W-2", "opened": "2026-03-04"},
    ])  # fmt: skip
    assert load_dossier(with_warnings(tmp_path, text)).warnings == Observed(
        (
            RegisteredWarning(
                id="W-1", opened=date(2026, 1, 2), closed=date(2026, 2, 3), summary="old"
            ),
            RegisteredWarning(id="W-2", opened=date(2026, 3, 4)),
        )
    )


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (
            '[{"id": "W",\n"opened": "2026-01-02",\n"closed": null}]',
            [
                (
                    "warnings.json:3: [0].closed: this value is not text; "
                    "write it as 2026-12-31, or leave it out while the warning is open"
                )
            ],
        ),
        (
            (
                '[{"id": "W", "opened": "2026-01-02",\n"closed": "2025-01-02"},\n'
                '{"id": "W", "opened": "2026-01-02"}]'
            ),
            [
                "warnings.json:2: [0].closed: is before 'opened'; correct one of them",
                "warnings.json:3: [1].id: is already the id of entry [0]",
            ],
        ),
        ('[{"id": "W"}]', ["warnings.json:1: [0]: 'opened' is missing; add it"]),
        ("[,]", ["warnings.json:1:2: a value is missing before this; write one"]),
    ],
)
def test_malformed_warnings_are_unreadable_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, lines: list[str]
) -> None:
    target = with_warnings(tmp_path, text)
    assert faults(target, monkeypatch, tmp_path) == lines
    assert isinstance(load_dossier(target).warnings, Unobserved)


def test_documents_and_contracts_are_hashed_as_streams(tmp_path: Path) -> None:
    content = bytes(range(256)) * 8192
    path = tmp_path / "paper.pdf"
    path.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    target = Target(
        host="ftp.example.org",
        asset="a",
        documents=(
            Document(kind="procedure", title="T", file=path, sha256=digest),
            Document(kind="procedure", title="U"),
        ),
        contracts=(Contract(controller="C", file=tmp_path / "absent.pdf"),),
    )
    dossier = load_dossier(target)
    assert dossier.papers[0].sha256 == Observed(digest)
    assert dossier.papers[1].sha256 == Unobserved(Reason.NOT_DECLARED, "no file is named")
    missing = dossier.contracts[0].sha256
    assert isinstance(missing, Unobserved)
    assert missing.reason is Reason.UNREADABLE
    assert missing.detail.endswith("absent.pdf: does not exist; check the name")


def test_every_file_that_a_target_names_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "p.pdf").write_bytes(b"x")
    (tmp_path / "xferlog.1").touch()
    target = Target(
        host="ftp.example.org",
        asset="a",
        documents=(Document(kind="k", title="T", file=tmp_path / "p.pdf", sha256="0" * 64),),
        contracts=(Contract(controller="C", file=tmp_path),),
        inventory=tmp_path / "i.csv",
        warnings=tmp_path / "w.json",
        tls=TlsTrust(ca=tmp_path / "ca.pem"),
        known_hosts=tmp_path / "known",
        accounts=(Account(username="u", public_keys={CANARY: (tmp_path / "k.pub",)}),),
        logs=(
            LogSource(format="xferlog", path=str(tmp_path / "xferlog*")),
            LogSource(format="xferlog", path=str(tmp_path / "other*")),
        ),
    )
    found = faults(target, monkeypatch, tmp_path)
    assert found == [
        (
            "documents[0].file: p.pdf: is not the declared version: its SHA-256 is "
            f"{hashlib.sha256(b'x').hexdigest()}; correct one"
        ),
        "contracts[0].file: .: is a folder; name a file",
        "i.csv: does not exist; check the name",
        "w.json: does not exist; check the name",
        "tls.ca: ca.pem: does not exist; check the name",
        "known_hosts: known: does not exist; check the name",
        "accounts[0].public_keys: k.pub: does not exist; check the name",
        "logs[1].path: other*: names no file; check the name",
    ]


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_policy_comes_with_its_name(name: str) -> None:
    target = Target(host="sftp.example.org", asset="a", policy=name)
    assert load_dossier(target).policy == Observed(BUILT_IN[name])
    assert check_papers(target) == ()


def test_a_policy_file_is_read_and_its_faults_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "own.json"
    target = Target(host="sftp.example.org", asset="a", policy=f"file:{path}")
    path.write_text(json.dumps(policy_document(BUILT_IN["anssi"])))
    assert load_dossier(target).policy == Observed(BUILT_IN["anssi"])
    assert check_papers(target) == ()
    path.write_text('{"name": "x"}')
    monkeypatch.chdir(tmp_path)
    faults = check_papers(target)
    assert "own.json:1: 'version' is missing; add it" in faults
    read = load_dossier(target).policy
    assert isinstance(read, Unobserved)
    assert (read.reason, read.detail) == (Reason.UNREADABLE, f"{faults[0]} (and 2 more)")


def test_a_policy_nobody_knows_is_no_policy() -> None:
    target = Target(host="sftp.example.org", asset="a", policy="qqqq")
    assert isinstance(load_dossier(target).policy, Unobserved)
    assert check_papers(target) == ("policy: qqqq: is no built-in policy",)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("no key", "k.pub: holds no public key; name a .pub file of OpenSSH"),
        ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + "A" * 43 + " ada@desk", None),
    ],
)
def test_a_listed_public_key_has_to_be_one(
    content: str, told: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "k.pub").write_text(content + "\n", encoding="ascii")
    account = Account(username="u", public_keys={CANARY: (tmp_path / "k.pub",)})
    target = Target(host="ftp.example.org", asset="a", accounts=(account,))
    found = faults(target, monkeypatch, tmp_path)
    assert found == ([f"accounts[0].public_keys: {told}"] if told else [])
