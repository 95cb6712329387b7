"""Each hostile server, scanned with little patience: the scan ends, small, and claims nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import jsonschema
import pytest

from scanner.model.failure import FailureId
from scanner.schemas.catalogue import load_schema
from tests.hostile import Connection
from tests.hostile_runs.cases import CASES
from tests.hostile_runs.ground import SECRET
from tests.hostile_runs.lab import ASSET_SECONDS, Outcome
from tests.hostile_runs.words import dangerous, obeyed

MEBIBYTE: Final = 1024 * 1024
MARGIN_SECONDS: Final = 2.0
SILENT: Final = ("silent", "drip", "endless-reply", "endless-line", "garbage", "close", "reset")
PAPERS: Final = {"order-complete", "generic-account-name"}
"""Facets that the team's own papers answer, whatever a server does."""
ROWS_OF_PAPERS: Final = {FailureId.MISSING_CONTRACT, FailureId.UNCONTROLLED_MIGRATION}
MOST_FAILED_LOGINS: Final = 4

every_case = pytest.mark.parametrize("outcome", CASES, indirect=True)


@every_case
def test_a_scan_ends_in_time_and_small(outcome: Outcome) -> None:
    assert "raised" not in outcome.result, outcome.result["raised"]
    assert outcome.result["seconds"] < ASSET_SECONDS + MARGIN_SECONDS
    assert outcome.result["growth"] < 100 * MEBIBYTE
    assert outcome.result["worker"] < 512 * MEBIBYTE


@every_case
def test_nothing_is_a_fault_of_the_scanner(outcome: Outcome) -> None:
    assert outcome.result["exit_code"] in {0, 1, 3}
    assert "error" not in {row["verdict"] for row in outcome.host["failures"]}
    assert "error" not in {finding["verdict"] for finding in outcome.findings}
    assert [seen["fault"] for seen in _endpoints(outcome)] == [None]


def _endpoints(outcome: Outcome) -> list[dict[str, Any]]:
    (look,) = outcome.result["observations"]
    seen = look["endpoints"]
    assert isinstance(seen, list)
    return seen


@every_case
def test_only_what_was_shown_passes(outcome: Outcome) -> None:
    passed = {item["facet"] for item in outcome.findings if item["verdict"] == "pass"}
    assert passed - PAPERS <= outcome.case.passes


@every_case
def test_what_was_shown_to_be_wrong_fails(outcome: Outcome) -> None:
    failed = {item["facet"] for item in outcome.findings if item["verdict"] == "fail"}
    assert outcome.case.fails <= failed


@pytest.mark.parametrize(
    "outcome",
    [f"{name}:{p}" for name in SILENT for p in ("auto", "ftp", "ftps", "sftp")],
    indirect=True,
)
def test_silence_and_noise_leave_every_row_of_the_network_unknown(outcome: Outcome) -> None:
    rows = {row["id"]: row["verdict"] for row in outcome.host["failures"]}
    assert {rows[failure] for failure in FailureId if failure not in ROWS_OF_PAPERS} == {"unknown"}
    assert outcome.result["exit_code"] == 3
    assert outcome.result["incomplete"]
    assert outcome.host["grade"] == "U"


@every_case
def test_no_more_logins_fail_than_a_server_would_bear(outcome: Outcome) -> None:
    assert sum(_passwords(connection) for connection in outcome.connections) <= MOST_FAILED_LOGINS


def _passwords(connection: Connection) -> int:
    return connection.verbs.count("PASS")


@every_case
def test_a_supplied_password_goes_to_the_trusted_server_inside_tls_or_nowhere(
    outcome: Outcome, request: pytest.FixtureRequest
) -> None:
    secret = SECRET.encode()
    assert not any(secret in connection.clear for connection in outcome.connections)
    times = [connection.protected.count(secret) for connection in outcome.connections]
    sent = sum(times)
    assert max(times, default=0) <= 1
    assert not (sent and "forged-certificate" in request.node.name)
    (credential,) = outcome.host["credentials"]
    # Once, unless it was let in and the session then lost: only so may it be sent again.
    assert sent <= 1 or credential["status"] == "accepted"
    assert (credential["status"] == "not-sent") is (sent == 0)


@every_case
def test_a_supplied_password_stands_in_no_output(outcome: Outcome) -> None:
    assert SECRET not in json.dumps(outcome.result)


@every_case
def test_an_announced_address_is_never_dialled(outcome: Outcome) -> None:
    assert outcome.trapped == 0


@every_case
def test_nothing_that_a_terminal_obeys_is_passed_on(outcome: Outcome) -> None:
    lines = outcome.result["text"].split("\n")
    assert [line for line in lines if obeyed(line)] == []
    assert dangerous(json.loads(outcome.result["encoded"])) == []
    assert dangerous(outcome.result["observations"]) == []
    assert dangerous(outcome.result["incomplete"]) == []


@every_case
def test_a_server_cannot_write_lines_of_the_report(outcome: Outcome) -> None:
    lines = outcome.result["text"].splitlines()
    assert [line for line in lines if line.startswith(("A ", "A\t", "open-zone PASS"))] == []
    assert (
        sum(line.lstrip().startswith("open-zone ") for line in lines if not line[:1].isspace()) <= 1
    )
    assert all(len(line) <= 80 for line in lines)


@pytest.fixture(scope="module")
def report_schema() -> jsonschema.Draft202012Validator:
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    return jsonschema.Draft202012Validator(load_schema("report"), format_checker=checker)


@every_case
def test_the_document_fits_its_published_schema(
    outcome: Outcome, report_schema: jsonschema.Draft202012Validator
) -> None:
    document = json.loads(outcome.result["encoded"])
    assert [f"{e.json_path}: {e.message}" for e in report_schema.iter_errors(document)] == []


def test_a_foreign_passive_address_is_recorded(outcomes: Mapping[str, Outcome]) -> None:
    facts = _endpoints(outcomes["passive-address-elsewhere:ftp"])[0]["facts"]
    assert facts["passive"]["value"] == {"announced": "127.66.66.66", "foreign": True}


def test_clear_bytes_behind_the_answer_to_auth_are_recorded(
    outcomes: Mapping[str, Outcome],
) -> None:
    (look,) = outcomes["injects-after-auth:ftp"].result["observations"]
    kinds = {piece["kind"] for piece in look["evidence"]}
    assert "ftp-clear-bytes-before-tls" in kinds


def test_names_that_are_no_names_are_counted_and_never_followed(
    outcomes: Mapping[str, Outcome],
) -> None:
    commands = b"\n".join(
        connection.received for connection in outcomes["hostile-names:ftp"].connections
    )
    assert b"passwd" not in commands
    assert b".." not in commands
