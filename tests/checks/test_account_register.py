"""The inventory of accounts, judged: each facet, and beside it a lone clean case."""

from __future__ import annotations

from datetime import date

import pytest

from scanner.checks.generic_names import is_generic
from scanner.model.case import Case
from scanner.model.dossier import Dossier, InventoryRow
from scanner.model.failure import CapTrigger, FailureId
from scanner.model.finding import Confidence, FailureResult, Verdict
from scanner.model.login_keys import AccountKeys, KeyAnswers, KeyQuery
from scanner.model.reading import Observed
from scanner.model.target import Account
from scanner.model.view import AccountView, CredentialStatus
from tests.checks.cases import account, case, finding, modern_ssh, result, target

YESTERDAY, TODAY = date(2026, 11, 21), date(2026, 11, 22)
CLEAN = InventoryRow(username="lab", holders=("one",))


def judged(*rows: InventoryRow, **changes: object) -> FailureResult:
    return result(FailureId.SHARED_ACCOUNT, listed(*rows, **changes))


def listed(*rows: InventoryRow, **changes: object) -> Case:
    facts = changes.pop("facts", None) or modern_ssh(accounts=(account(),))
    return case(facts, dossier=Dossier(inventory=Observed(rows)), **changes)  # type: ignore[arg-type]


def deciding(row: FailureResult) -> list[str]:
    """Return the facets that fail and are no leads: ``lab`` is a generic name."""
    return [f.facet for f in row.findings if f.verdict is Verdict.FAIL and not f.is_lead]


def test_a_clean_inventory_passes_every_facet() -> None:
    row = judged(CLEAN)
    assert row.verdict is Verdict.PASS
    facets = ("inventory-holders", "account-without-holder", "expired-holder", "unlisted-account")
    assert {finding(row, facet).verdict for facet in facets} == {Verdict.PASS}


def test_without_an_inventory_only_the_holders_are_asked_for() -> None:
    row = result(FailureId.SHARED_ACCOUNT, case(modern_ssh(accounts=(account(),))))
    asked = {item.facet for item in row.findings}
    assert "inventory-holders" in asked
    assert not asked & {"account-without-holder", "expired-holder", "unlisted-account"}
    assert row.verdict is Verdict.UNKNOWN


def test_several_holders_are_proof_and_touch_no_other_facet() -> None:
    row = judged(InventoryRow(username="lab", holders=("one", "two")))
    assert finding(row, "inventory-holders").caps == (CapTrigger.SHARED_ACCOUNT,)
    fails = deciding(row)
    assert fails == ["inventory-holders"]


def test_no_holder_is_proof_and_touches_no_other_facet() -> None:
    row = judged(CLEAN, InventoryRow(username="old"))
    found = finding(row, "account-without-holder")
    assert (row.verdict, found.confidence, found.caps) == (Verdict.FAIL, Confidence.PROOF, ())
    assert "old" in found.summary
    fails = deciding(row)
    assert fails == ["account-without-holder"]


def test_a_holder_whose_time_is_over_is_a_strong_sign() -> None:
    row = judged(CLEAN, InventoryRow(username="old", holders=("two",), expires=YESTERDAY))
    assert row.verdict is Verdict.UNKNOWN
    assert finding(row, "expired-holder").reason == "suspected"


def test_an_account_that_outlives_its_holder_and_still_works_is_proof() -> None:
    row = judged(InventoryRow(username="lab", holders=("one",), expires=YESTERDAY))
    assert row.verdict is Verdict.FAIL
    assert "still let in" in finding(row, "expired-holder").summary


def test_the_last_day_of_a_holder_is_not_over() -> None:
    row = judged(InventoryRow(username="lab", holders=("one",), expires=TODAY))
    assert finding(row, "expired-holder").verdict is Verdict.PASS


def test_an_account_that_works_and_is_not_listed_is_proof() -> None:
    row = judged(InventoryRow(username="other", holders=("one",)))
    found = finding(row, "unlisted-account")
    assert (row.verdict, found.confidence) == (Verdict.FAIL, Confidence.PROOF)


def test_a_holder_in_the_targets_file_alone_is_a_gap_of_the_inventory() -> None:
    declared = target(accounts=(Account(username="lab", holders=("one",)),))
    row = judged(InventoryRow(username="other", holders=("two",)), target=declared)
    assert row.verdict is Verdict.PASS
    found = finding(row, "unlisted-account")
    assert (found.verdict, found.is_lead) == (Verdict.FAIL, True)


def test_a_login_that_was_refused_is_no_account_that_works() -> None:
    gone = AccountView(username="gone", status=CredentialStatus.REFUSED)
    row = judged(CLEAN, facts=modern_ssh(accounts=(account(), gone)))
    assert finding(row, "unlisted-account").verdict is Verdict.PASS


def test_a_key_that_would_be_accepted_tells_of_an_account_that_works() -> None:
    query = KeyQuery(holder="h", fingerprint="SHA256:x", accepted=Observed(value=True))
    answers = KeyAnswers(people=1, verified=True, queries=(query,))
    asked = AccountKeys(username="night", answers=Observed(answers))
    row = judged(CLEAN, facts=modern_ssh(account_keys=(asked,)))
    assert "night" in finding(row, "unlisted-account").summary


@pytest.mark.parametrize(
    "name",
    [
        "labo",
        "Transfert",
        "support",
        "test01",
        "dépôt_labo",
        "lab-backup",
        "Übertragung",
        "prueba",
        "prova",
        "klant",
        "convidado",
        "próba",
        "kontor",
        "udveksling",
    ],
)
def test_a_name_of_a_purpose_is_generic(name: str) -> None:
    assert is_generic(name)


@pytest.mark.parametrize("name", ["m.durand", "labo-durand", "1234", "", "x7", "svc-bergmann"])
def test_other_names_are_not(name: str) -> None:
    assert not is_generic(name)


def test_a_generic_name_is_a_lead_and_decides_nothing() -> None:
    row = judged(InventoryRow(username="labo", holders=("one",)), CLEAN)
    found = finding(row, "generic-account-name")
    assert (found.verdict, found.is_lead) == (Verdict.FAIL, True)
    assert not found.required
    assert row.verdict is Verdict.PASS


def test_names_of_people_leave_no_lead() -> None:
    row = judged(
        InventoryRow(username="m.durand", holders=("one",)),
        facts=modern_ssh(accounts=(account(username="m.durand"),)),
    )
    assert finding(row, "generic-account-name").verdict is Verdict.PASS
