"""The rows that live on papers: accounts, supervision, migrations, contracts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from scanner.model.dossier import ContractPaper, Dossier, InventoryRow, Paper
from scanner.model.failure import CapTrigger, FailureId
from scanner.model.finding import Source, Verdict
from scanner.model.reading import Observed, Reason, Unobserved
from scanner.model.recall import DrillResult, Recall
from scanner.model.target import Account, Contract, Document, Migration
from tests.checks.cases import case, enforced_ftp, finding, result, target

NO_FILE = Unobserved(Reason.NOT_DECLARED)
FACTS = enforced_ftp()


def row_of(failure: FailureId, **changes: Any) -> Any:
    return result(failure, case(FACTS, **changes))


def inventory(*rows: tuple[str, tuple[str, ...]]) -> Dossier:
    listed = tuple(InventoryRow(username=name, holders=holders) for name, holders in rows)
    return Dossier(inventory=Observed(listed))


@pytest.mark.parametrize(
    ("dossier", "verdict"),
    [
        (inventory(("a", ("one",)), ("b", ("two",))), Verdict.PASS),
        (inventory(("a", ("one", "two"))), Verdict.FAIL),
        (inventory(("a", ())), Verdict.FAIL),
        (Dossier(inventory=Unobserved(Reason.UNREADABLE, "line 3")), Verdict.UNKNOWN),
        (Dossier(), Verdict.UNKNOWN),
        (inventory(), Verdict.UNKNOWN),
    ],
)
def test_each_account_needs_one_holder(dossier: Dossier, verdict: Verdict) -> None:
    row = row_of(FailureId.SHARED_ACCOUNT, dossier=dossier)
    assert row.verdict is verdict
    if verdict is Verdict.PASS:
        assert row.source is Source.OPERATOR


def test_an_inventory_that_leaves_a_supplied_account_out_is_not_full() -> None:
    supplied = target(accounts=(Account(username="b"),))
    row = row_of(FailureId.SHARED_ACCOUNT, dossier=inventory(("a", ("one",))), target=supplied)
    assert row.verdict is Verdict.UNKNOWN


def test_two_holders_cap_the_score() -> None:
    row = row_of(FailureId.SHARED_ACCOUNT, dossier=inventory(("a", ("one", "two"))))
    assert finding(row, "inventory-holders").caps == (CapTrigger.SHARED_ACCOUNT,)


def test_the_accounts_of_the_targets_file_are_an_inventory_too() -> None:
    shared = target(accounts=(Account(username="lab", holders=("one", "two")),))
    assert row_of(FailureId.SHARED_ACCOUNT, target=shared).verdict is Verdict.FAIL
    partly = target(accounts=(Account(username="lab", holders=("one",)), Account(username="old")))
    assert row_of(FailureId.SHARED_ACCOUNT, target=partly).verdict is Verdict.UNKNOWN


def test_keys_of_two_people_that_were_not_asked_for_keep_the_row_unknown() -> None:
    keys: dict[str, tuple[Any, ...]] = {"one": (), "two": ()}
    listed = target(accounts=(Account(username="lab", holders=("one",), public_keys=keys),))
    assert row_of(FailureId.SHARED_ACCOUNT, target=listed).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("said", "at", "verdict"),
    [
        ("pass", "2026-11-01T00:00:00Z", Verdict.PASS),
        ("fail", "2026-11-01T00:00:00Z", Verdict.FAIL),
        ("unknown", "2026-11-01T00:00:00Z", Verdict.UNKNOWN),
        ("pass", "2026-08-01T00:00:00Z", Verdict.UNKNOWN),
    ],
)
def test_the_drill_decides_for_ninety_days(said: str, at: str, verdict: Verdict) -> None:
    recall = Recall(drill=Observed(DrillResult(verdict=said, at=at)))
    row = row_of(FailureId.MISSING_SUPERVISION, recall=recall)
    assert row.verdict is verdict


def test_a_drill_of_a_variant_is_named() -> None:
    drill = DrillResult(verdict="fail", at="2026-11-01T00:00:00Z", variant="canary")
    row = row_of(FailureId.MISSING_SUPERVISION, recall=Recall(drill=Observed(drill)))
    assert row.verdict is Verdict.FAIL
    assert "the canary drill of 2026-11-01 raised no alert" in row.summary


def test_without_a_drill_paper_does_not_pass_supervision() -> None:
    dossier = Dossier(papers=(Paper(PROCEDURE_OF_WATCH, NO_FILE),))
    row = row_of(FailureId.MISSING_SUPERVISION, dossier=dossier)
    assert row.verdict is Verdict.UNKNOWN


PROCEDURE = Document(
    kind="migration-procedure",
    title="Moving data",
    owner="Team",
    reviewed=date(2026, 5, 1),
    expires=date(2027, 5, 1),
    sha256="aa",
)
PROCEDURE_OF_WATCH = replace(PROCEDURE, kind="supervision-procedure")


@pytest.mark.parametrize(
    ("document", "digest", "verdict"),
    [
        (PROCEDURE, Observed("aa"), Verdict.PASS),
        (PROCEDURE, NO_FILE, Verdict.PASS),
        (PROCEDURE, Observed("bb"), Verdict.UNKNOWN),
        (PROCEDURE, Unobserved(Reason.UNREADABLE, "gone"), Verdict.UNKNOWN),
        (replace(PROCEDURE, expires=date(2026, 1, 1)), NO_FILE, Verdict.UNKNOWN),
        (replace(PROCEDURE, expires=None), NO_FILE, Verdict.UNKNOWN),
        (replace(PROCEDURE, reviewed=None), NO_FILE, Verdict.UNKNOWN),
        (replace(PROCEDURE, owner=""), NO_FILE, Verdict.UNKNOWN),
    ],
)
def test_a_paper_attests_while_it_is_owned_reviewed_and_valid(
    document: Document, digest: Any, verdict: Verdict
) -> None:
    dossier = Dossier(papers=(Paper(document, digest),))
    row = row_of(FailureId.UNCONTROLLED_MIGRATION, dossier=dossier)
    assert row.verdict is verdict
    if verdict is Verdict.PASS:
        assert row.source is Source.DOCUMENT


def test_an_order_without_an_owner_fails() -> None:
    listed = target(migrations=(Migration(order_id="MIG-1", controller="Laboratory One"),))
    dossier = Dossier(papers=(Paper(PROCEDURE, NO_FILE),))
    row = row_of(FailureId.UNCONTROLLED_MIGRATION, target=listed, dossier=dossier)
    assert row.verdict is Verdict.FAIL
    assert "owner" in row.summary


CONTRACT = Contract(
    controller="Laboratory One",
    processor="Example processor",
    subject="Migration of results",
    data_types=("identity",),
    reviewed=date(2026, 6, 1),
    clauses=tuple("abcdefgh"),
    duration=(date(2026, 1, 1), date(2027, 1, 1)),
    signed=date(2026, 1, 1),
    expires=date(2027, 1, 1),
    owner="Legal",
)


@pytest.mark.parametrize(
    ("contract", "verdict"),
    [
        (CONTRACT, Verdict.PASS),
        (replace(CONTRACT, clauses=tuple("abcdefg")), Verdict.FAIL),
        (replace(CONTRACT, expires=date(2026, 2, 1)), Verdict.UNKNOWN),
        (replace(CONTRACT, signed=None), Verdict.UNKNOWN),
        (replace(CONTRACT, duration=(date(2024, 1, 1), date(2025, 1, 1))), Verdict.UNKNOWN),
    ],
)
def test_a_contract_needs_its_eight_clauses_and_its_dates(
    contract: Contract, verdict: Verdict
) -> None:
    dossier = Dossier(contracts=(ContractPaper(contract, NO_FILE),))
    assert row_of(FailureId.MISSING_CONTRACT, dossier=dossier).verdict is verdict


def test_each_controller_of_an_order_needs_its_own_contract() -> None:
    listed = target(migrations=(Migration(order_id="MIG-2", controller="Laboratory Two"),))
    dossier = Dossier(contracts=(ContractPaper(CONTRACT, NO_FILE),))
    row = row_of(FailureId.MISSING_CONTRACT, target=listed, dossier=dossier)
    assert row.verdict is Verdict.UNKNOWN
    assert "Laboratory Two" in row.summary
