from __future__ import annotations

import hashlib
import json
import os
from copy import deepcopy
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from scanner.errors import InputError
from scanner.intake.files import MEBIBYTE
from scanner.model.secret import SecretRef, SecretScheme
from scanner.model.target import (
    DEFAULT_ENDPOINTS,
    Authorisation,
    Endpoint,
    Exclusion,
    Protocol,
    Target,
)
from scanner.targets import (
    check_authorisation,
    find_target,
    load_targets,
    paper_gaps,
    target_for_host,
)
from tests.intake.test_schema_check import damaged

EXAMPLE = Path(__file__).parent.parent / "targets.example.json"
CANARY = "Tr0ub4dor-canary"

BASE = """{
  "version": 1,
  "authorisation": {
    "reference": "M-1",
    "valid_until": "2034-06-30",
    "scope": ["*.example.org", "192.0.2.0/24", "2001:db8::/32"]
  },
  "defaults": {"timezone": "UTC", "retention_days": 30},
  "targets": [
    {
      "host": "one.example.org",
      "asset": "one",
      "endpoints": [
        {"port": 21, "protocol": "ftp"},
        {"port": 22, "protocol": "sftp"}
      ],
      "areas": {"public": ["/pub"], "private": ["/in"]},
      "tls": {"ca": "ca.pem"},
      "windows": ["Mon-Fri 22:00-05:00"],
      "accounts": [
        {"username": "push", "password": "env:PUSH"},
        {"username": "pull", "private_key": "file:key", "passphrase": "cred:pull"}
      ],
      "migrations": [
        {
          "order_id": "O-1",
          "ordered_on": "2026-01-01",
          "fields": ["id", "day"],
          "aliases": {"id": ["ident"]},
          "date_field": "day",
          "date_from": "2025-01-01",
          "date_to": "2025-12-31",
          "migration_end": "2026-03-31"
        }
      ],
      "documents": [
        {"kind": "procedure", "title": "T", "reviewed": "2026-01-01", "expires": "2027-01-01"}
      ],
      "contracts": [
        {"controller": "C", "duration": "2025-01-01/2026-12-31", "clauses": ["a"]}
      ],
      "exceptions": [
        {"failure": "open-zone", "reason": "R", "approved_by": "A", "until": "2027-01-01"}
      ],
      "not_applicable": [
        {"failure": "missing-contract", "reason": "R", "signed_by": "S", "until": "2027-01-01"}
      ]
    },
    {
      "host": "192.0.2.7"
    }
  ],
  "delivery": [
    {"kind": "http", "url": "https://siem.example.org/x", "token": "env:SIEM"}
  ]
}
"""


def write(folder: Path, content: str | bytes) -> Path:
    path = folder / "targets.json"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def problems_of(folder: Path, content: str | bytes, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.chdir(folder)
    write(folder, content)
    with pytest.raises(InputError) as caught:
        load_targets(Path("targets.json"))
    return list(caught.value.problems)


def minimal(**target: Any) -> str:
    entry = {"host": "one.example.org", **target}
    return json.dumps({"version": 1, "authorisation": {"reference": "M-1"}, "targets": [entry]})


def loaded(folder: Path, text: str) -> Target:
    return load_targets(write(folder, text)).targets[0]


T = "targets[0]"
BAD: list[tuple[str, str, str]] = [
    # what stands in the file, what a person wrote instead, what they are told
    ('"version": 1', '"version": 2', "2: version: 2 is not 1; give one of these"),
    ('"version": 1', '"version": true', "2: version: true is not 1; give one of these"),
    ('"reference": "M-1",', "", "3: authorisation: 'reference' is missing; add it"),
    (
        '"2034-06-30"',
        '"30/06/2034"',
        "5: authorisation.valid_until: '30/06/2034' is not a date; write it as 2026-12-31",
    ),
    (
        '"2034-06-30"',
        '"2034-06-31"',
        "5: authorisation.valid_until: '2034-06-31' is not a date; write it as 2026-12-31",
    ),
    (
        '"2034-06-30"',
        "20340630",
        "5: authorisation.valid_until: 20340630 is not text; give text",
    ),
    (
        '"192.0.2.0/24"',
        '"192.0.2.9/24"',
        (
            "6: authorisation.scope[1]: '192.0.2.9/24' is an address inside 192.0.2.0/24; "
            "write 192.0.2.0/24"
        ),
    ),
    (
        '"192.0.2.0/24"',
        '"192.0.2.0/33"',
        (
            "6: authorisation.scope[1]: '192.0.2.0/33' is not a network; "
            "write it as 198.51.100.0/24 or 2001:db8::/32"
        ),
    ),
    (
        '"192.0.2.0/24"',
        '"0.0.0.0/0"',
        "6: authorisation.scope[1]: '0.0.0.0/0' is the whole internet; list your own networks",
    ),
    (
        '"*.example.org"',
        '"ftp*.example.org"',
        (
            "6: authorisation.scope[0]: 'ftp*.example.org' has a star elsewhere than in '*.' "
            "at its start; write it as *.example.org"
        ),
    ),
    (
        '"*.example.org"',
        '"*"',
        (
            "6: authorisation.scope[0]: '*' has a star elsewhere than in '*.' "
            "at its start; write it as *.example.org"
        ),
    ),
    (
        '"192.0.2.0/24"',
        '"*.example.org"',
        "6: authorisation.scope[1]: '*.example.org' is listed twice; remove one",
    ),
    (
        '"timezone": "UTC"',
        '"timezone": "Europe/Lisboa"',
        (
            "8: defaults.timezone: 'Europe/Lisboa' is not a known time zone; "
            "did you mean 'Europe/Lisbon'?"
        ),
    ),
    (
        '"timezone": "UTC"',
        '"timezone": "../../etc/passwd"',
        (
            "8: defaults.timezone: '../../etc/passwd' is not a known time zone; "
            "write it as Europe/Paris or UTC"
        ),
    ),
    (
        '"retention_days": 30',
        '"retention_days": -1',
        "8: defaults.retention_days: -1 is less than 0; give a number from 0 to 36500",
    ),
    (
        '"retention_days": 30',
        '"retention_days": 1.5',
        "8: defaults.retention_days: 1.5 is not a whole number; give a whole number",
    ),
    (
        '"retention_days": 30',
        '"timeout_seconds": 1e999',
        "8: defaults.timeout_seconds: inf is more than 300; give seconds above 0, up to 300",
    ),
    (
        '"retention_days": 30',
        '"timeout_seconds": 0',
        "8: defaults.timeout_seconds: 0 is not more than 0; give seconds above 0, up to 300",
    ),
    (
        '"retention_days": 30',
        '"policy": "mozila-modern"',
        "8: defaults.policy: 'mozila-modern' is no built-in policy; did you mean 'mozilla-modern'?",
    ),
    (
        '"host": "one.example.org",',
        '"host": "one.example.org", "policy": "qqqq",',
        (
            f"11: {T}.policy: 'qqqq' is no built-in policy; known: modern, anssi, mozilla-modern, "
            "file:PATH"
        ),
    ),
    ('"host": "one.example.org",', "", f"10: {T}: 'host' is missing; add it"),
    (
        '"one.example.org"',
        '"ftp://one.example.org"',
        f"11: {T}.host: 'ftp://one.example.org' is a URL; give the host alone",
    ),
    (
        '"one.example.org"',
        '"one.example.org:2121"',
        f"11: {T}.host: 'one.example.org:2121' holds a colon; ports stand under 'endpoints'",
    ),
    (
        '"one.example.org"',
        '" one.example.org"',
        f"11: {T}.host: ' one.example.org' holds spaces; remove them",
    ),
    (
        '"one.example.org"',
        '"192.0.2"',
        (
            f"11: {T}.host: '192.0.2' is not an address written in full; give a name such as "
            "ftp.example.org or an address such as 198.51.100.7"
        ),
    ),
    (
        '"one.example.org"',
        '"one..example.org"',
        (
            f"11: {T}.host: 'one..example.org' is not a host; give a name such as "
            "ftp.example.org or an address such as 198.51.100.7"
        ),
    ),
    (
        '"one.example.org"',
        '"one.example.net"',
        f"11: {T}.host: 'one.example.net' is outside authorisation.scope; list its name there",
    ),
    (
        '"one.example.org"',
        '"203.0.113.5"',
        f"11: {T}.host: '203.0.113.5' is outside authorisation.scope; list its network there",
    ),
    (
        '"one.example.org"',
        '"example.org"',
        f"11: {T}.host: 'example.org' is outside authorisation.scope; list its name there",
    ),
    (
        '"asset": "one"',
        '"asset": "192.0.2.7"',
        (
            "50: targets[1].host: '192.0.2.7' is already the asset of targets[0]; "
            "give each its own 'asset', or join them"
        ),
    ),
    (
        '"endpoints": [',
        '"endpoint": [',
        f"13: {T}.endpoint: is not a known key; did you mean 'endpoints'?",
    ),
    (
        '"port": 22',
        '"port": 70000',
        f"15: {T}.endpoints[1].port: 70000 is more than 65535; give a port from 1 to 65535",
    ),
    (
        '"port": 22',
        '"port": "22"',
        f"15: {T}.endpoints[1].port: '22' is not a whole number; give a port from 1 to 65535",
    ),
    (
        '"port": 22',
        '"port": true',
        f"15: {T}.endpoints[1].port: true is not a whole number; give a port from 1 to 65535",
    ),
    (
        '"port": 22',
        '"port": 21',
        f"15: {T}.endpoints[1].port: 21 is listed twice; an endpoint has one port and one protocol",
    ),
    (
        '"port": 22, "protocol": "sftp"',
        '"protocol": "auto"',
        f"15: {T}.endpoints[1]: 'port' is missing and 'auto' has none of its own; add it",
    ),
    (
        '"port": 22, "protocol": "sftp"',
        "",
        f"15: {T}.endpoints[1]: says nothing; fill it or remove it",
    ),
    (
        '"protocol": "sftp"',
        '"protocol": "SFTP"',
        (
            f"15: {T}.endpoints[1].protocol: 'SFTP' is none of ftp, ftps, sftp, auto; "
            "did you mean 'sftp'?"
        ),
    ),
    ('["/pub"]', '["pub"]', f"17: {T}.areas.public[0]: 'pub' is not absolute; begin it with /"),
    (
        '["/pub"]',
        '["/pub/../etc"]',
        f"17: {T}.areas.public[0]: '/pub/../etc' goes back up with ..; write the folder itself",
    ),
    (
        '["/pub"]',
        '["/in/"]',
        f"17: {T}.areas.public[0]: '/in/' is declared private too; keep one",
    ),
    ('["/pub"]', '"/pub"', f"17: {T}.areas.public: '/pub' is not a list; give a list"),
    (
        '{"ca": "ca.pem"}',
        '{"pins": ["sha256:abc"]}',
        (
            f"18: {T}.tls.pins[0]: 'sha256:abc' is not a fingerprint; "
            "write sha256: and the base64 of 32 bytes"
        ),
    ),
    (
        '{"ca": "ca.pem"}',
        '{"enumerate": true, "rounds": 151}',
        f"18: {T}.tls.rounds: 151 is more than 150; give a number from 1 to 150",
    ),
    (
        '{"ca": "ca.pem"}',
        '{"enumerate": "yes"}',
        f"18: {T}.tls.enumerate: 'yes' is not true or false; give true or false",
    ),
    ('{"ca": "ca.pem"}', "[]", f"18: {T}.tls: a list is not an object; give an object"),
    (
        "Mon-Fri 22:00-05:00",
        "Mon-Fri 22h-05h",
        (
            f"19: {T}.windows[0]: 'Mon-Fri 22h-05h' is not a window; "
            "write it as Mon-Fri 00:00-05:00 or Sat,Sun 00:00-24:00"
        ),
    ),
    (
        "Mon-Fri 22:00-05:00",
        "Lun-Fri 22:00-05:00",
        (
            f"19: {T}.windows[0]: 'Lun-Fri 22:00-05:00' has a day that does not exist; "
            "write it as Mon-Fri 00:00-05:00 or Sat,Sun 00:00-24:00"
        ),
    ),
    (
        "Mon-Fri 22:00-05:00",
        "Mon 22:00-25:00",
        (
            f"19: {T}.windows[0]: 'Mon 22:00-25:00' has an hour that does not exist; "
            "write it as Mon-Fri 00:00-05:00 or Sat,Sun 00:00-24:00"
        ),
    ),
    (
        '"username": "pull"',
        '"username": "push"',
        f"22: {T}.accounts[1].username: 'push' is already accounts[0]; join the two",
    ),
    (
        '"env:PUSH"',
        f'"{CANARY}"',
        (
            f"21: {T}.accounts[0].password: this value (not shown) is not a reference to a secret; "
            "write env:NAME, file:PATH, cred:NAME or keyring:SERVICE/NAME, "
            "and keep the secret out of this file"
        ),
    ),
    (
        '"env:PUSH"',
        f'"env:{CANARY}"',
        (
            f"21: {T}.accounts[0].password: this value (not shown) is not a usable reference; "
            "after env: give the name of an environment variable: letters, digits and _"
        ),
    ),
    (
        '"env:PUSH"',
        "12345678",
        (
            f"21: {T}.accounts[0].password: this value (not shown) is not text; "
            "write env:NAME, file:PATH, cred:NAME or keyring:SERVICE/NAME"
        ),
    ),
    (
        '"env:PUSH"',
        f'["{CANARY}"]',
        (
            f"21: {T}.accounts[0].password: this value (not shown) is not text; "
            "write env:NAME, file:PATH, cred:NAME or keyring:SERVICE/NAME"
        ),
    ),
    (
        '"password": "env:PUSH"',
        f'"pasword": "{CANARY}"',
        f"21: {T}.accounts[0].pasword: is not a known key; did you mean 'password'?",
    ),
    (
        '"cred:pull"',
        '"cred:../pull"',
        (
            f"22: {T}.accounts[1].passphrase: this value (not shown) is not a usable reference; "
            "after cred: give a credential's name: letters, digits and . _ @ -"
        ),
    ),
    (
        '"private_key": "file:key", ',
        "",
        f"22: {T}.accounts[1].passphrase: is of no use without 'private_key'; add it",
    ),
    (
        '"password": "env:PUSH"',
        '"password": "env:PUSH", "certificate": "push-cert.pub"',
        f"21: {T}.accounts[0].certificate: is of no use without 'private_key'; add it",
    ),
    (
        '"host": "one.example.org",',
        '"host": "one.example.org", "resolver": "dns.example.org",',
        (
            f"11: {T}.resolver: 'dns.example.org' is not a resolver; "
            "write an address, as 198.51.100.53 or 198.51.100.53:5353"
        ),
    ),
    (
        '"date_to": "2025-12-31"',
        '"date_to": "2024-12-31"',
        (
            f"32: {T}.migrations[0].date_to: 2024-12-31 is before 'date_from' (2025-01-01); "
            "correct one of them"
        ),
    ),
    (
        '"migration_end": "2026-03-31"',
        '"migration_end": "2025-03-31"',
        (
            f"33: {T}.migrations[0].migration_end: 2025-03-31 is before 'ordered_on' (2026-01-01); "
            "correct one of them"
        ),
    ),
    (
        '"date_field": "day"',
        '"date_field": "date"',
        (
            f"30: {T}.migrations[0].date_field: 'date' is not among 'fields'; "
            "add it there or correct it"
        ),
    ),
    (
        '{"id": ["ident"]}',
        '{"ident": ["id"]}',
        f"29: {T}.migrations[0].aliases.ident: is not among 'fields'; add it there or correct it",
    ),
    (
        '"reviewed": "2026-01-01"',
        '"reviewed": "2028-01-01"',
        (
            f"37: {T}.documents[0].expires: 2027-01-01 is before 'reviewed' (2028-01-01); "
            "correct one of them"
        ),
    ),
    (
        '"title": "T",',
        '"title": "T", "sha256": "00",',
        f"37: {T}.documents[0].sha256: '00' is not a SHA-256; write its 64 hexadecimal digits",
    ),
    ('"title": "T",', "", f"37: {T}.documents[0]: 'title' is missing; add it"),
    (
        "2025-01-01/2026-12-31",
        "2026-12-31/2025-01-01",
        (
            f"40: {T}.contracts[0].duration: '2026-12-31/2025-01-01' ends before it begins; "
            "swap its dates"
        ),
    ),
    (
        '"clauses": ["a"]',
        '"clauses": ["i"]',
        (
            f"40: {T}.contracts[0].clauses[0]: 'i' is none of a, b, c, d, e, f, g, h; "
            "give one of these"
        ),
    ),
    (
        '"failure": "open-zone"',
        '"failure": "open-zones"',
        (
            f"43: {T}.exceptions[0].failure: 'open-zones' is none of open-zone, clear-storage, "
            "plaintext-transport, overdue-deletion, shared-account, missing-supervision, "
            "uncontrolled-migration, excess-extraction, missing-contract; did you mean 'open-zone'?"
        ),
    ),
    *(
        (
            '"failure": "missing-contract"',
            f'"failure": "{never}"',
            (
                f"46: {T}.not_applicable[0].failure: {never} can never be declared not applicable; "
                "remove it"
            ),
        )
        for never in ("open-zone", "plaintext-transport")
    ),
    (
        "https://siem.example.org/x",
        "http://siem.example.org/x",
        (
            "54: delivery[0].url: 'http://siem.example.org/x' is not https; "
            "results and tokens go over TLS only, write https://"
        ),
    ),
    (
        "https://siem.example.org/x",
        f"https://push:{CANARY}@siem.example.org/x",
        (
            "54: delivery[0].url: this text (not shown: it looks like a credential) "
            "holds a user name; leave it out and give a token by reference"
        ),
    ),
    (
        '"url": "https://siem.example.org/x", ',
        "",
        "54: delivery[0]: 'url' is missing for kind http; add it",
    ),
    (
        '"kind": "http"',
        '"kind": "file", "path": "out"',
        "54: delivery[0].token: means nothing for kind file; remove it",
    ),
]


@pytest.mark.parametrize(("old", "new", "line"), BAD, ids=[f"{new}"[:50] for _, new, _ in BAD])
def test_a_fault_is_told_in_one_line_with_its_place_and_mend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, line: str
) -> None:
    assert BASE.count(old) >= 1
    found = problems_of(tmp_path, BASE.replace(old, new, 1), monkeypatch)
    expected = f"targets.json:{line}"
    assert found.count(expected) == 1
    assert len({text.partition(": ")[2] for text in found}) == len(found)
    assert CANARY not in "\n".join(found)


def test_what_targets_have_in_common_is_held_once(tmp_path: Path) -> None:
    root = json.loads(BASE)
    plain = {"limits": {"depth": 3}, "areas": {"public": ["/pub"]}, "endpoints": [{"port": 2121}]}
    root["targets"] = [{"host": f"192.0.2.{n}", **plain} for n in (1, 2)]
    one, other = load_targets(write(tmp_path, json.dumps(root))).targets
    assert one.limits is other.limits
    assert one.areas is other.areas
    assert one.tls is other.tls
    assert one.endpoints is other.endpoints
    assert one.asset is one.host


def test_the_base_of_the_table_is_valid(tmp_path: Path) -> None:
    assert len(load_targets(write(tmp_path, BASE)).targets) == 2


def test_all_faults_are_told_at_once_in_the_order_of_the_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (
        BASE.replace('"port": 22', '"port": 0')
        .replace('"asset": "one"', '"aset": "one"')
        .replace("env:PUSH", CANARY)
        .replace('"2025-12-31"', '"2024-12-31"')
        .replace('"192.0.2.7"', '"203.0.113.7"')
    )
    found = problems_of(tmp_path, text, monkeypatch)
    assert [line.split(":")[1] for line in found] == ["12", "15", "21", "32", "50"]


SYNTAX: list[tuple[str, str]] = [
    ('{"version": 1,}', "targets.json:1:14: a comma stands before the closing bracket"),
    ('{\n "a": [1, 2,]\n}', "targets.json:2:12: a comma stands before the closing bracket"),
    ('{\n "a": 1\n "b": 2\n}', "targets.json:3:2: a comma or a closing bracket is missing"),
    ("{'a': 1}", "targets.json:1:2: single quotes are not JSON; use double quotes"),
    ('{"a": \u201cx\u201d}', "targets.json:1:7: typographic quotes are not JSON"),
    ('{// note\n"a": 1}', "targets.json:1:2: comments are not JSON; put notes into a key"),
    ('{"a": 1} # note', "targets.json:1:10: something follows the end of the document"),
    ('{"a": True}', "targets.json:1:7: write true in lower case"),
    ('{"a": None}', "targets.json:1:7: write null instead"),
    ('{"a": yes}', "targets.json:1:7: this is not a value; put text in double quotes"),
    ('{"a" 1}', "targets.json:1:6: a colon is missing between a key and its value"),
    ('{"a": }', "targets.json:1:7: a value is missing before this; write one"),
    ('{"a": [1, 2', "targets.json:1:12: the file ends too early; close what is still open"),
    ('{"a": "x', "targets.json:1:7: the text that begins here has no closing double quote"),
    ('{"a": "x\ny"}', "targets.json:1:9: a line break or tab stands inside a text"),
    ('{"a": "C:\\data"}', "targets.json:1:10: a lone backslash stands inside a text"),
    ("{a: 1}", "targets.json:1:2: a key is missing or not in double quotes"),
    ('{\n"a": NaN}', "targets.json:2: a: NaN is not JSON; give a number"),
    ('{"a": 1,\n"a": 2}', "targets.json:1: a: is given twice, on lines 1 and 2; keep one"),
    (
        '{"t": [\n{"b": {"c": 1},\n"b": {"c": 1}}]}',
        "targets.json:2: t[0].b: is given twice, on lines 2 and 3; keep one",
    ),
    ('{"a":\n"x\\u0007y"}', "targets.json:2: a: holds a control character; remove it"),
    ('{"a": "\\ud800"}', "targets.json:1: a: holds a control character; remove it"),
    ('{\n"\\u001b[2J": 1}', 'targets.json:2: ["\\x1b[2J"]: is a key with a control character'),
    ('{"a":\n' + "9" * 5000 + "}", "targets.json:2: a: is a number of too many digits"),
    ("[" * 100_000, "targets.json:1: is nested more than 64 levels deep; flatten it"),
    ('{"a":\n' * 50_000, "targets.json:65: is nested more than 64 levels deep; flatten it"),
    ("[]", "targets.json:1: a list is not an object; give an object"),
    ("null", "targets.json:1: null is not an object; give an object"),
    ('"x"', "targets.json:1: 'x' is not an object; give an object"),
]


@pytest.mark.parametrize(("text", "start"), SYNTAX, ids=[text[:20] for text, _ in SYNTAX])
def test_broken_json_is_told_with_line_and_mend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, start: str
) -> None:
    found = problems_of(tmp_path, text, monkeypatch)
    assert len(found) == 1
    assert found[0].startswith(start)
    assert found[0].isprintable()


UNREADABLE: list[tuple[bytes, str]] = [
    (b"", "targets.json: is empty; `scan template targets` prints one to start from"),
    (b" \n\t\n", "targets.json: is empty; `scan template targets` prints one to start from"),
    (
        b"\xef\xbb\xbf{}",
        "targets.json: begins with a byte order mark; save it as UTF-8 without BOM",
    ),
    ("{}".encode("utf-16"), "targets.json: is UTF-16; save it as UTF-8"),
    (b'{\n"a": "\x00"}', "targets.json:2: holds a NUL byte; save it as plain UTF-8 text"),
    (b'{\n\n"a": "caf\xe9"}', "targets.json:3: is not UTF-8; save the file as UTF-8"),
]


@pytest.mark.parametrize(("content", "line"), UNREADABLE)
def test_a_file_that_is_no_utf8_json_gets_one_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, line: str
) -> None:
    assert problems_of(tmp_path, content, monkeypatch) == [line]


def test_a_missing_file_a_folder_and_a_pipe_get_one_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    Path("file").touch()
    os.mkfifo("pipe")
    told = {}
    for name in ("absent", "folder", "pipe", "file/inside", "x" * 300, "nul\x00"):
        with pytest.raises(InputError) as caught:
            load_targets(Path(name))
        told[name] = caught.value.problems
    assert told["absent"] == ("absent: does not exist; check the name",)
    assert told["folder"] == ("folder: is a folder; name a file",)
    assert told["pipe"] == ("pipe: is not a regular file; name a file",)
    assert told["file/inside"][0].startswith("file/inside: does not exist")
    assert told["x" * 300][0].endswith(": cannot be read: File name too long")
    assert told["nul\x00"][0].endswith(": is not a usable file name")


def test_an_unreadable_file_gets_one_clear_line(tmp_path: Path) -> None:
    path = write(tmp_path, BASE)
    path.chmod(0)
    privileged = os.geteuid() == 0
    if privileged:
        os.seteuid(65534)
    try:
        with pytest.raises(InputError) as caught:
            load_targets(path)
    finally:
        if privileged:
            os.seteuid(0)
    assert len(caught.value.problems) == 1
    assert "permission denied; let this user read it" in caught.value.problems[0]


def test_a_file_beyond_the_bound_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "targets.json"
    with path.open("wb") as stream:
        stream.truncate(256 * MEBIBYTE + 1)
    with pytest.raises(InputError, match="is larger than 256 MiB; split it"):
        load_targets(path)


@settings(max_examples=300)
@given(root=damaged())
def test_a_damaged_file_is_loaded_or_refused_with_lines(
    tmp_path_factory: pytest.TempPathFactory, root: Any
) -> None:
    path = write(tmp_path_factory.getbasetemp(), json.dumps(root, indent=1))
    told: tuple[str, ...] = ()
    try:
        assert len(load_targets(path).targets) == len(root.get("targets", ()))
    except InputError as error:
        told = error.problems
    assert all(line.partition("targets.json:")[2][0].isdigit() for line in told)
    assert all(line.isprintable() for line in told)


SECRETS = ("password", "private_key", "passphrase", "token")


@pytest.mark.parametrize("key", [*SECRETS, "pass_word", "secret", "privatekey", "Token"])
@pytest.mark.parametrize(
    "value", [CANARY, [CANARY], {"x": CANARY}, f"env: {CANARY}", f"ENV:{CANARY}"]
)
def test_a_secret_written_by_mistake_is_never_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, value: Any
) -> None:
    text = minimal(accounts=[{"username": "u", key: value}])
    found = problems_of(tmp_path, text, monkeypatch)
    assert CANARY not in "\n".join(found)
    broken = text.replace("}]}", "}],", 1)
    assert CANARY not in "\n".join(problems_of(tmp_path, broken, monkeypatch))


def test_a_flood_of_faults_is_cut_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = [{"host": f"h{index}.example.org", "oops": 1} for index in range(1500)]
    text = json.dumps({"version": 1, "authorisation": {"reference": "r"}, "targets": entries})
    found = problems_of(tmp_path, text, monkeypatch)
    assert len(found) == 1001
    assert found[-1] == "targets.json: and 500 more problems"


def test_the_example_loads_with_every_part_in_place() -> None:
    file = load_targets(EXAMPLE)
    assert file.sha256 == hashlib.sha256(EXAMPLE.read_bytes()).hexdigest()
    assert (file.tenant, file.default_vantages) == ("riverside-imaging", ("internal",))
    assert file.authorisation.valid_until == date(2034, 6, 30)
    assert file.limits.connections == 200
    first, second, third = file.targets
    assert first.endpoints[2] == Endpoint(port=2222, protocol=Protocol.SFTP)
    assert first.accounts[1].passphrase == SecretRef(SecretScheme.CRED, "archive-move-passphrase")
    certificate = EXAMPLE.parent / "trust/archive-move_ed25519-cert.pub"
    assert first.accounts[1].certificate == certificate
    assert first.resolver == ("192.0.2.53", 53)
    assert first.accounts[1].public_keys["Operator B"] == (EXAMPLE.parent / "trust/operator-b.pub",)
    assert first.contracts[0].duration == (date(2026, 1, 1), date(2027, 12, 31))
    assert first.limits == replace(
        file.limits, files_sampled=3000, asset_seconds=1800.0, timeout_seconds=12.5
    )
    assert (second.asset, second.timezone) == ("archive.example.org", "Europe/Lisbon")
    assert third.endpoints == DEFAULT_ENDPOINTS
    assert third.decoy is not None
    assert third.decoy.until == date(2027, 2, 28)


def test_the_example_names_only_documentation_addresses_and_names() -> None:
    text = EXAMPLE.read_text()
    for target in load_targets(EXAMPLE).targets:
        assert target.host.endswith("example.org") or target.host.startswith("203.0.113.")
    assert "example.com" not in text


def test_version_authorisation_reference_and_host_are_enough(tmp_path: Path) -> None:
    target = loaded(tmp_path, minimal())
    assert target == Target(host="one.example.org", asset="one.example.org")
    file = load_targets(tmp_path / "targets.json")
    assert file.authorisation.scope == ("one.example.org",)
    assert (
        load_targets(write(tmp_path, '{"version":1,"authorisation":{"reference":"r"}}')).targets
        == ()
    )


def test_notes_are_free_everywhere(tmp_path: Path) -> None:
    text = minimal(**{"x-note": {"any": ["thing"]}, "areas": {"x-why": 1, "public": ["/pub"]}})
    assert loaded(tmp_path, text).areas.public == ("/pub",)


def test_paths_are_relative_to_the_folder_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "t.json").write_text(
        minimal(
            tls={"ca": "file:ca.pem"},
            known_hosts="known",
            inventory="/srv/inventory.csv",
            policy="file:policy.json",
            logs=[{"format": "xferlog", "path": "logs/x*"}],
        )
    )
    monkeypatch.chdir(tmp_path)
    target = load_targets(Path("sub/t.json")).targets[0]
    folder = tmp_path / "sub"
    assert target.tls.ca == folder / "ca.pem"
    assert target.known_hosts == folder / "known"
    assert target.inventory == Path("/srv/inventory.csv")
    assert target.policy == f"file:{folder / 'policy.json'}"
    assert target.logs[0].path == str(folder / "logs/x*")


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("192.0.2.53", ("192.0.2.53", 53)),
        ("127.0.0.1:5353", ("127.0.0.1", 5353)),
        ("2001:db8::53", ("2001:db8::53", 53)),
        ("[2001:db8::53]:5353", ("2001:db8::53", 5353)),
    ],
)
def test_a_resolver_is_an_address_with_or_without_a_port(
    tmp_path: Path, written: str, place: tuple[str, int]
) -> None:
    root = json.loads(minimal())
    assert loaded(tmp_path, json.dumps(root)).resolver is None
    root["defaults"] = {"resolver": written}
    assert loaded(tmp_path, json.dumps(root)).resolver == place
    assert loaded(tmp_path, minimal(resolver=written)).resolver == place


@pytest.mark.parametrize(
    "written", ["localhost", "192.0.2.53:0", "192.0.2.53:99999", "[2001:db8::53]", "x:53", "::1:"]
)
def test_what_is_no_resolver_is_refused(
    tmp_path: Path, written: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (told,) = problems_of(tmp_path, minimal(resolver=written), monkeypatch)
    assert "resolver" in told


def test_the_certificate_of_an_account_is_a_file(tmp_path: Path) -> None:
    account = {"username": "u", "private_key": "file:key", "certificate": "file:key-cert.pub"}
    (read,) = loaded(tmp_path, minimal(accounts=[account])).accounts
    assert read.certificate == tmp_path / "key-cert.pub"


@pytest.mark.parametrize(
    ("tls", "rounds"),
    [
        ({}, 0),
        ({"enumerate": False, "rounds": 9}, 0),
        ({"enumerate": True}, 80),
        ({"enumerate": True, "rounds": 9}, 9),
    ],
)
def test_tls_is_enumerated_only_where_it_is_wanted(
    tmp_path: Path, tls: dict[str, object], rounds: int
) -> None:
    assert loaded(tmp_path, minimal(tls=tls)).tls.rounds == rounds


@pytest.mark.parametrize(
    ("written", "file", "system"),
    [("system", None, True), ("file:system", "system", False), ("ca.pem", "ca.pem", False)],
)
def test_the_authorities_of_the_machine_are_a_word_and_no_file(
    tmp_path: Path, written: str, file: str | None, *, system: bool
) -> None:
    trust = loaded(tmp_path, minimal(tls={"ca": written})).tls
    assert trust.ca == (tmp_path / file if file else None)
    assert trust.system_ca is system
    assert trust.declared


def test_defaults_fill_what_a_target_does_not_say(tmp_path: Path) -> None:
    root = json.loads(
        minimal(tls={"server_name": "n.example.org"}, limits={"depth": 3}, timezone="UTC")
    )
    root["tenant"] = "clinic"
    root["defaults"] = {
        "vantages": ["dmz"],
        "timezone": "Europe/Lisbon",
        "tls": {"ca": "ca.pem"},
        "limits": {"depth": 5, "entries": 7},
        "retention_days": 9,
        "windows": ["Mon 01:00-02:00"],
    }
    root["targets"][0]["migrations"] = [{"order_id": "1"}, {"order_id": "2", "retention_days": 0}]
    target = loaded(tmp_path, json.dumps(root))
    assert (target.vantages, target.timezone, target.tenant) == (("dmz",), "UTC", "clinic")
    assert target.tls.ca is not None
    assert target.tls.server_name == "n.example.org"
    assert (target.limits.depth, target.limits.entries) == (3, 7)
    assert [migration.retention_days for migration in target.migrations] == [9, 0]
    assert target.windows == ("Mon 01:00-02:00",)


def test_an_endpoint_may_leave_its_port_to_the_protocol(tmp_path: Path) -> None:
    target = loaded(tmp_path, minimal(endpoints=[{"protocol": "ftps"}, {"port": 2121}]))
    assert target.endpoints == (
        Endpoint(port=990, protocol=Protocol.FTPS),
        Endpoint(port=2121, protocol=Protocol.AUTO),
    )


def test_whole_numbers_may_be_written_with_a_point(tmp_path: Path) -> None:
    target = loaded(tmp_path, minimal(endpoints=[{"port": 21.0}], retention_days=3.0))
    assert isinstance(target.endpoints[0].port, int)
    assert isinstance(target.retention_days, int)


def test_one_host_may_be_two_assets_on_different_ports_but_not_on_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = json.loads(minimal(asset="a", endpoints=[{"port": 2121}]))
    root["targets"].append(
        {"host": "ONE.example.org.", "asset": "b", "endpoints": [{"port": 2122}]}
    )
    file = load_targets(write(tmp_path, json.dumps(root)))
    assert [find_target(file, "one.example.org", port) for port in (2121, 2122, 9)] == [
        file.targets[0],
        file.targets[1],
        file.targets[0],
    ]
    clash = deepcopy(root)
    clash["targets"][1]["endpoints"] = [{"port": 2121}]
    assert problems_of(tmp_path, json.dumps(clash), monkeypatch) == [
        (
            "targets.json:1: targets[1].host: 'one.example.org' with port 2121 is already targets[0]; "
            "join the two"
        )
    ]


def test_a_host_listed_twice_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = json.loads(minimal())
    root["targets"].append({"host": "One.Example.ORG"})
    found = problems_of(tmp_path, json.dumps(root), monkeypatch)
    assert len(found) == 1
    assert "is already the asset of targets[0]" in found[0]


def test_a_target_is_found_however_its_host_is_spelt() -> None:
    file = load_targets(EXAMPLE)
    assert find_target(file, "ARCHIVE.example.org.") is file.targets[1]
    assert find_target(file, "lure-north") is file.targets[2]
    assert find_target(file, "::ffff:203.0.113.99") is file.targets[2]
    assert find_target(file, "other.example.org") is None
    assert find_target(file, "not a host") is None


@pytest.mark.parametrize("after", [{"host": "b.example.org"}, {"host": "b", "contracts": [1]}])
def test_the_papers_of_a_file_that_has_changed_are_not_told(
    tmp_path: Path, after: dict[str, Any]
) -> None:
    path = write(tmp_path, minimal(host="a.example.org"))
    file = load_targets(path)
    assert paper_gaps(file, date(2026, 5, 1)) == ()
    write(tmp_path, minimal(**after))
    with pytest.raises(InputError, match="has changed since it was read"):
        paper_gaps(file, date(2026, 5, 1))


def test_the_last_day_of_an_authorisation_still_counts() -> None:
    leave = Authorisation(reference="r", valid_until=date(2026, 6, 30))
    assert check_authorisation(leave, date(2026, 6, 30)) == ()
    assert check_authorisation(leave, date(2026, 7, 1)) == (
        (
            "authorisation.valid_until: 2026-06-30 has passed (today is 2026-07-01); "
            "nothing is scanned until it is renewed"
        ),
    )
    assert check_authorisation(Authorisation(reference="r"), date(2999, 1, 1)) == ()


def test_an_ad_hoc_target_tries_the_defaults_or_what_is_asked() -> None:
    assert target_for_host("FTP.example.org.").asset == "ftp.example.org"
    assert target_for_host("ftp.example.org").endpoints == DEFAULT_ENDPOINTS
    assert target_for_host("ftp.example.org", None, Protocol.SFTP).endpoints == (
        Endpoint(port=22, protocol=Protocol.SFTP),
    )
    assert target_for_host("127.0.0.1", 2121).asset == "127.0.0.1:2121"
    assert target_for_host("[::1]", 2121).asset == "[::1]:2121"
    assert target_for_host("192.0.2.7", 2121).asset == "192.0.2.7"


@pytest.mark.parametrize(("host", "port"), [("", None), ("a b", None), ("x", 0), ("x", 65536)])
def test_an_ad_hoc_target_refuses_what_is_no_host_or_port(host: str, port: int | None) -> None:
    with pytest.raises(InputError):
        target_for_host(host, port)


def test_a_port_beyond_all_numbers_is_a_fault_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "targets.json"
    path.write_text(
        '{"version": 1, "authorisation": {"reference": "r"},\n'
        ' "targets": [{"host": "a.example.org", "endpoints": [{"port": 1e999}]}]}'
    )
    with pytest.raises(InputError, match=r"targets\.json:2: targets\[0\]\.endpoints\[0\]\.port"):
        load_targets(path)


def test_exclusions_are_read_and_their_faults_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = {**json.loads(minimal()), "exclude": [{"match": "192.0.2.8/30", "reason": "pumps"}]}
    file = load_targets(write(tmp_path, json.dumps(root)))
    assert file.exclude == (Exclusion(match="192.0.2.8/30", reason="pumps"),)
    root["exclude"] = [{"match": "192.0.2.9/30", "reason": "x"}, {"match": "a"}]
    told = problems_of(tmp_path, json.dumps(root), monkeypatch)
    assert any("exclude[0].match: '192.0.2.9/30' is an address inside" in line for line in told)
    assert any("exclude[1]: 'reason' is missing" in line for line in told)
