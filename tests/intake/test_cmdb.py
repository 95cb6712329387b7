"""Exports of a CMDB: what becomes of their columns, and what of rows that cannot be used."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.errors import InputError
from scanner.intake.cmdb import Imported, import_table
from scanner.targets import load_targets


def made(text: str, **named: str) -> Imported:
    return import_table("cmdb.csv", text, named)


def targets(text: str, **named: str) -> list[dict[str, Any]]:
    result = made(text, **named)
    assert result.bad == ()
    found: list[dict[str, Any]] = result.document["targets"]
    return found


EXPORT = """\
CI_ID;FQDN;IP Address;Name;Port;Protocol;Owned by;Environment;Rack
ci-1;ftp.example.org;192.0.2.7;Old FTP;21;FTP;Data exchange;production;R1
ci-1;ftp.example.org;192.0.2.7;Old FTP;990;FTPS;;;R1
ci-2;;192.0.2.9;Mail drop;22/tcp;SSH / SFTP;Mail team;test;R2
ci-3;sftp.example.org;;;;;;;
"""


def test_columns_are_known_by_their_headings_and_rows_of_one_asset_joined() -> None:
    result = made(EXPORT)
    assert result.bad == ()
    assert (result.unused, result.joined) == (("rack",), 1)
    assert result.document["targets"] == [
        {
            "host": "ftp.example.org",
            "asset": "ci-1",
            "endpoints": [{"port": 21, "protocol": "ftp"}, {"port": 990, "protocol": "ftps"}],
            "owner": "Data exchange",
            "tags": ["production"],
        },
        {
            "host": "192.0.2.9",
            "asset": "ci-2",
            "endpoints": [{"port": 22, "protocol": "sftp"}],
            "owner": "Mail team",
            "tags": ["test"],
        },
        {"host": "sftp.example.org", "asset": "ci-3"},
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_each_delimiter_is_told_by_the_header(delimiter: str) -> None:
    text = "host,port,protocol\none.example.org,2121,ftp\n".replace(",", delimiter)
    assert targets(text) == [
        {"host": "one.example.org", "endpoints": [{"port": 2121, "protocol": "ftp"}]}
    ]


@pytest.mark.parametrize(
    ("ports", "protocols", "endpoints"),
    [
        ("21", "", {21: "ftp"}),
        ("2222", "", {2222: "auto"}),
        ("", "sftp", {22: "sftp"}),
        ("", "ftp, sftp", {21: "ftp", 22: "sftp"}),
        ("21 990", "ftps", {21: "ftp", 990: "ftps"}),
        ("2121", "FTPS", {2121: "auto"}),
        ("21/tcp 22/tcp", "ftp+ssh", {21: "ftp", 22: "sftp"}),
        ("2222", "SCP", {2222: "sftp"}),
    ],
)
def test_ports_and_protocols_become_endpoints(
    ports: str, protocols: str, endpoints: dict[int, str]
) -> None:
    (target,) = targets(f"host;port;protocol\na.example.org;{ports};{protocols}\n")
    assert {each["port"]: each["protocol"] for each in target["endpoints"]} == endpoints


BAD = [
    ("", "21", "ftp", "tells no host; give it a name or an address"),
    ("a b.example.org", "21", "ftp", "'a b.example.org' "),
    ("a.example.org", "70000", "ftp", "has the port '70000'; write a number from 1 to 65535"),
    ("a.example.org", "x", "ftp", "has the port 'x'"),
    ("a.example.org", "445", "smb", "has the protocol 'smb'; write ftp, ftps, sftp or auto"),
    ("a.example.org", "", "auto", "has the protocol auto and no port; give the port"),
    ("a.example.org", "1 2 3", "ftp,sftp", "names 3 ports and 2 protocols"),
    ("a.exam\x1bple.org", "21", "ftp", "host holds a control character; remove it"),
    ("a.example.org\u202e", "21", "ftp", "host holds a control character; remove it"),
    ("taken.example.org", "21", "sftp", "port 21 is ftp in line 2 and sftp here; correct one"),
]


@pytest.mark.parametrize(("host", "port", "protocol", "told"), BAD)
def test_a_row_that_cannot_be_used_is_told_with_its_line(
    host: str, port: str, protocol: str, told: str
) -> None:
    text = f"host;port;protocol\ntaken.example.org;21;ftp\n\n{host};{port};{protocol}\n"
    result = made(text)
    (line,) = result.bad
    assert line.startswith(f"cmdb.csv:4: {told}")
    assert [each["host"] for each in result.document["targets"]] == ["taken.example.org"]


def test_rows_that_contradict_one_another_are_told() -> None:
    text = "asset,host\nA 1,a.example.org\nA-1,a.example.org\nA 1,b.example.org\nB,a.example.org\n"
    assert made(text).bad == (
        (
            "cmdb.csv:3: 'A-1' is already the asset of line 2, another host or name; "
            "give each asset a name of its own"
        ),
        (
            "cmdb.csv:4: 'A 1' is already the asset of line 2, another host or name; "
            "give each asset a name of its own"
        ),
        "cmdb.csv:5: 'a.example.org' is already the host of 'A-1' (line 2); join the two",
    )


def test_a_row_with_too_many_cells_is_one_bad_row_among_others() -> None:
    result = made("host,owner\na.example.org,x,y\nb.example.org,z\n")
    assert [each["host"] for each in result.document["targets"]] == ["b.example.org"]
    assert result.bad[0].startswith("cmdb.csv:2: has 3 cells under 2 columns")


def test_what_the_targets_file_would_refuse_is_told_by_row() -> None:
    result = made(f"host,owner\na.example.org,{'x' * 2000}\nb.example.org,y\n")
    assert [each["host"] for each in result.document["targets"]] == ["b.example.org"]
    assert result.bad[0].startswith("cmdb.csv:2: owner: ")


def test_a_name_that_no_asset_can_bear_is_kept_beside_the_one_made_of_it() -> None:
    (target,) = targets("name,fqdn\nArchivé FTP (01),a.example.org\n")
    assert (target["asset"], target["x-name"]) == ("Archive-FTP-01", "Archivé FTP (01)")


def test_a_lone_name_is_the_host() -> None:
    assert targets("Name,Rack\na.example.org,R1\n") == [{"host": "a.example.org"}]


def test_what_a_column_means_can_be_said() -> None:
    text = "Serveur,Equipe,Seen\na.example.org,Echange,Internet / DMZ\n"
    (target,) = targets(text, Serveur="host", equipe="owner", Seen="vantages")
    assert target == {
        "host": "a.example.org",
        "owner": "Echange",
        "vantages": ["internet-dmz"],
    }


@pytest.mark.parametrize(
    ("text", "named", "told"),
    [
        ("serveur,x\na,b\n", {}, "no column tells the host; give --map COLUMN=host"),
        ("host,x\na,b\n", {"y": "owner"}, "--map: there is no column 'y'; write its heading"),
        ("host,x\na,b\n", {"x": "ower"}, "--map: 'ower' is no key; known: host, address"),
        ("host,host\na,b\n", {}, "the column 'host' stands twice; rename one"),
    ],
)
def test_a_header_that_cannot_be_used_is_told(text: str, named: dict[str, str], told: str) -> None:
    with pytest.raises(InputError) as caught:
        made(text, **named)
    assert any(line.startswith(f"cmdb.csv: {told}") for line in caught.value.problems)


CELLS = st.text(max_size=12)


@given(
    st.lists(
        st.tuples(
            CELLS | st.sampled_from(["a.example.org", "192.0.2.1", "::1", "b.example.org"]),
            CELLS,
            st.sampled_from(["21", "", "22 990", "0", "x"]),
            st.sampled_from(["ftp", "sftp", "", "ftps,ftp", "smb"]),
            CELLS,
        ),
        max_size=8,
    )
)
def test_whatever_a_table_holds_what_is_made_of_it_is_valid(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]]
) -> None:
    def quoted(cell: str) -> str:
        return '"' + cell.replace('"', '""').replace("\x00", "") + '"'

    lines = [",".join(map(quoted, row)) for row in rows]
    document = made("\n".join(["host,asset,port,protocol,tags", *lines])).document
    document["authorisation"] = {"reference": "M-1"}
    path = tmp_path_factory.mktemp("made") / "targets.json"
    path.write_text(json.dumps(document))
    assert len(load_targets(path).targets) == len(document["targets"])
