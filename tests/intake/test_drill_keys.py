"""The keys of ``drill`` in a targets file: what each makes, and what each fault is told as."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scanner.errors import InputError
from scanner.intake.secret_refs import parse_ref
from scanner.model.drill import (
    AlertWay,
    CanaryFile,
    Drill,
    DrillVariant,
    FileIntake,
    HttpIntake,
    Intake,
    PolledPage,
    SyslogAlerts,
    SyslogIntake,
    WatchedFile,
    Webhook,
)
from scanner.model.target import Account
from scanner.secrets import check_all, check_logins, references
from scanner.targets import load_targets

TOKEN = {"token": "env:SIEM_TOKEN"}
REF = parse_ref("env:SIEM_TOKEN")
URL = "https://siem.example.org/ingest"


def written(folder: Path, drill: Any) -> Path:
    path = folder / "targets.json"
    endpoints = [{"protocol": "ftp"}, {"port": 2222, "protocol": "sftp"}]
    target = {"host": "ftp.example.org", "endpoints": endpoints, "drill": drill}
    leave = {"reference": "CHG-1"}
    path.write_text(json.dumps({"version": 1, "authorisation": leave, "targets": [target]}))
    return path


def drill_of(folder: Path, drill: Any) -> Drill:
    (target,) = load_targets(written(folder, drill)).targets
    assert target.drill is not None
    return target.drill


def test_a_drill_says_nothing_beyond_what_is_written(tmp_path: Path) -> None:
    assert drill_of(tmp_path, {}) == Drill(minutes=10)
    whole = drill_of(tmp_path, {"minutes": 15, "agreed_rule": "SOC-118", "port": 2222})
    assert (whole.minutes, whole.agreed_rule, whole.port) == (15, "SOC-118", 2222)


@pytest.mark.parametrize(
    ("test", "made"),
    [
        ({"kind": "http", "url": URL, **TOKEN}, HttpIntake(url=URL, token=REF)),
        ({"kind": "http", "url": URL, "ca": "system"}, HttpIntake(url=URL)),
        ({"kind": "http", "url": URL, "ca": "pki/ca.pem"}, HttpIntake(url=URL, ca=Path("pki/ca.pem"))),
        ({"kind": "syslog", "to": "192.0.2.9:514"}, SyslogIntake(to=("192.0.2.9", 514))),
        ({"kind": "syslog", "path": "file:log"}, SyslogIntake(to=Path("log"))),
        ({"kind": "file", "path": "events"}, FileIntake(path=Path("events"))),
    ],
)  # fmt: skip
def test_where_the_test_event_goes(tmp_path: Path, test: dict[str, str], made: Intake) -> None:
    found = drill_of(tmp_path, {"test": test}).test
    assert _relative(found, tmp_path) == made


@pytest.mark.parametrize(
    ("alert", "made"),
    [
        ({"kind": "webhook", "listen": "192.0.2.9:8088"}, Webhook(listen=("192.0.2.9", 8088))),
        (
            {"kind": "webhook", "listen": "[2001:db8::1]:8088", **TOKEN},
            Webhook(listen=("2001:db8::1", 8088), token=REF),
        ),
        ({"kind": "http", "url": URL, **TOKEN}, PolledPage(url=URL, token=REF)),
        ({"kind": "syslog", "listen": "192.0.2.9:5514"}, SyslogAlerts(listen=("192.0.2.9", 5514))),
        ({"kind": "syslog", "path": "log"}, SyslogAlerts(listen=Path("log"))),
        ({"kind": "file", "path": "alerts"}, WatchedFile(path=Path("alerts"))),
    ],
)
def test_where_the_alert_comes_back(tmp_path: Path, alert: dict[str, str], made: AlertWay) -> None:
    found = drill_of(tmp_path, {"alert": alert}).alert
    assert _relative(found, tmp_path) == made


def _relative(way: Any, folder: Path) -> Any:
    """Return a way with its paths relative to the targets file's folder."""
    parts = {name: getattr(way, name) for name in way.__dataclass_fields__}
    return type(way)(
        **{
            name: part.relative_to(folder) if isinstance(part, Path) else part
            for name, part in parts.items()
        }
    )


def test_tokens_are_references_with_their_places(tmp_path: Path) -> None:
    ways = {"test": {"kind": "http", "url": URL, **TOKEN}}
    ways["alert"] = {"kind": "webhook", "listen": "192.0.2.9:1", **TOKEN}
    found = list(references(load_targets(written(tmp_path, ways))))
    assert [place for place, _ in found] == [
        "targets[0].drill.test.token",
        "targets[0].drill.alert.token",
    ]


LOGIN = {"username": "canary-7", "password": "env:CANARY_PASSWORD"}
CANARY = {"path": "/exports/canary.csv", "account": LOGIN}
OUTSIDE = {"account": LOGIN, "networks": ["192.0.2.0/24"]}


def test_variants_have_an_account_and_a_rule_of_their_own(tmp_path: Path) -> None:
    keyed = {
        "username": "canary-7",
        "private_key": "file:keys/canary",
        "passphrase": "env:CANARY_PHRASE",
        "certificate": "keys/canary-cert.pub",
    }
    drill = drill_of(
        tmp_path,
        {
            "agreed_rule": "SOC-118",
            "canary": {**CANARY, "agreed_rule": "SOC-119"},
            "off_network": {**OUTSIDE, "account": keyed},
        },
    )
    assert drill.canary == CanaryFile(
        path="/exports/canary.csv",
        account=Account(username="canary-7", password=parse_ref("env:CANARY_PASSWORD")),
        agreed_rule="SOC-119",
    )
    assert drill.off_network is not None
    assert drill.off_network.networks == ("192.0.2.0/24",)
    assert drill.off_network.account.certificate == tmp_path / "keys/canary-cert.pub"
    assert [drill.rule(variant) for variant in DrillVariant] == ["SOC-118", "SOC-119", None]
    assert [drill.awaited(variant) for variant in DrillVariant] == [
        "",
        "/exports/canary.csv",
        "canary-7",
    ]


def test_the_secrets_of_variants_are_checked_and_no_account_of_a_scan(tmp_path: Path) -> None:
    file = load_targets(written(tmp_path, {"canary": CANARY, "off_network": OUTSIDE}))
    places = [place for place, _ in references(file)]
    assert places == [
        "targets[0].drill.canary.account.password",
        "targets[0].drill.off_network.account.password",
    ]
    assert len(check_all(file, {})) == 2
    assert check_logins(file, {}) == ()
    assert file.targets[0].accounts == ()
    allow = file.targets[0].allow
    assert (allow.drill_canary, allow.drill_off_network) == (False, False)


@pytest.mark.parametrize(
    ("drill", "line"),
    [
        ({"canary": {"path": "/exports/canary.csv"}}, "drill.canary: 'account' is missing"),
        (
            {"canary": {**CANARY, "path": "exports/canary.csv"}},
            "drill.canary.path: 'exports/canary.csv' is not an absolute path",
        ),
        (
            {"canary": {**CANARY, "path": "/a.csv"}},
            "drill.canary.path: '/a.csv' is not an absolute path of 8 to 200",
        ),
        (
            {"canary": {**CANARY, "account": {"username": "canary-7"}}},
            "drill.canary.account: has nothing to log in with; add 'password' or 'private_key'",
        ),
        (
            {"canary": {**CANARY, "account": {**LOGIN, "passphrase": "env:X"}}},
            "drill.canary.account.passphrase: is of no use without 'private_key'; add it",
        ),
        (
            {"canary": {**CANARY, "account": {**LOGIN, "password": "s3cr3t-of-a-test"}}},
            "drill.canary.account.password: this value (not shown) is not a reference",
        ),
        ({"off_network": {"account": LOGIN}}, "drill.off_network: 'networks' is missing"),
        (
            {"off_network": {**OUTSIDE, "networks": ["somewhere"]}},
            "drill.off_network.networks[0]: ",
        ),
        (
            {"off_network": {**OUTSIDE, "account": {**LOGIN, "username": "ftp"}}},
            "drill.off_network.account.username: 'ftp' is not a name of 6 to 64",
        ),
        (
            {"off_network": {**OUTSIDE, "account": {**LOGIN, "username": "canary 7!"}}},
            "drill.off_network.account.username: 'canary 7!' is not a name of 6 to 64 letters",
        ),
        ({"minutes": 0}, "drill.minutes: 0 is less than 1; give a number from 1 to 1440"),
        ({"minuts": 5}, "drill.minuts: is not a known key; did you mean 'minutes'?"),
        ({"port": 990}, "drill.port: 990 is no endpoint of this target; give one of: 21, 2222"),
        ({"test": {"kind": "smtp"}}, "drill.test.kind: 'smtp' is none of http, syslog, file"),
        ({"test": {"kind": "http"}}, "drill.test: 'url' is missing for kind http; add it"),
        ({"test": {"kind": "syslog"}}, "drill.test: 'to' or 'path' is missing for kind syslog"),
        (
            {"test": {"kind": "syslog", "to": "192.0.2.9:1", "path": "x"}},
            "drill.test.path: means the same as 'to'; keep one",
        ),
        (
            {"test": {"kind": "file", "path": "x", **TOKEN}},
            "drill.test.token: means nothing for kind file; remove it",
        ),
        ({"alert": {"kind": "webhook"}}, "drill.alert: 'listen' is missing for kind webhook"),
        (
            {"alert": {"kind": "webhook", "listen": "8088"}},
            "drill.alert.listen: '8088' is not an address and port",
        ),
        (
            {"alert": {"kind": "http", "url": "http://192.0.2.9/"}},
            "drill.alert.url: 'http://192.0.2.9/' is not https",
        ),
        (
            {"alert": {"kind": "webhook", "listen": "192.0.2.9:1", "token": "s3cr3t-of-a-test"}},
            "drill.alert.token: this value (not shown) is not a reference to a secret",
        ),
        (
            {"test": {"kind": "file", "path": "x"}, "alert": {"kind": "file", "path": "x"}},
            "drill.alert.path: is where the test event goes",
        ),
        (
            {
                "test": {"kind": "syslog", "to": "192.0.2.9:1"},
                "alert": {"kind": "syslog", "listen": "192.0.2.9:1"},
            },
            "drill.alert.listen: is where the test event goes",
        ),
    ],
)
def test_a_fault_is_one_line_with_place_and_mend(tmp_path: Path, drill: Any, line: str) -> None:
    with pytest.raises(InputError) as caught:
        load_targets(written(tmp_path, drill))
    (told,) = caught.value.problems
    assert f"targets[0].{line}" in told
    assert "s3cr3t" not in told
