"""The rows on contracts and migrations: every paper good, expired, incomplete and altered."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from scanner.model.dossier import ContractPaper, Dossier, OrderPaper, Paper
from scanner.model.failure import FailureId
from scanner.model.finding import Confidence, Verdict
from scanner.model.reading import Observed, Reason, Unobserved
from scanner.model.target import FaultyPaper, Migration, NotApplicable
from scanner.model.view import IntegritySeen, NameSigns
from tests.checks.cases import account, case, enforced_ftp, finding, result, target, view, walk
from tests.checks.test_papers import CONTRACT, PROCEDURE

NO_FILE = Unobserved(Reason.NOT_DECLARED)
CONTRACTS, MIGRATIONS = FailureId.MISSING_CONTRACT, FailureId.UNCONTROLLED_MIGRATION


def contracts(*listed: Any, **changes: Any) -> Any:
    dossier = Dossier(contracts=tuple(ContractPaper(each, NO_FILE) for each in listed))
    return result(CONTRACTS, case(enforced_ftp(), dossier=dossier, **changes))


@pytest.mark.parametrize(
    ("changes", "verdict", "told"),
    [
        ({}, Verdict.PASS, "valid to 2027-01-01"),
        ({"clauses": tuple("abcefgh")}, Verdict.FAIL, "lacks clauses (d); (d): takes on another"),
        ({"clauses": ()}, Verdict.FAIL, "(a), (b), (c), (d), (e), (f), (g), (h)"),
        ({"expires": date(2026, 11, 21)}, Verdict.UNKNOWN, "has expired"),
        ({"expires": date(2026, 11, 22)}, Verdict.PASS, "valid to 2026-11-22"),
        ({"expires": None}, Verdict.UNKNOWN, "no expiry date"),
        ({"signed": date(2026, 11, 23)}, Verdict.UNKNOWN, "is not signed"),
        ({"reviewed": None}, Verdict.UNKNOWN, "no review date"),
        ({"reviewed": date(2026, 11, 23)}, Verdict.UNKNOWN, "no review date"),
        ({"owner": ""}, Verdict.UNKNOWN, "no owner"),
        ({"processor": ""}, Verdict.UNKNOWN, "does not tell its processor"),
        ({"subject": ""}, Verdict.UNKNOWN, "does not tell its subject"),
        ({"duration": None}, Verdict.UNKNOWN, "does not tell its duration"),
        ({"data_types": ()}, Verdict.UNKNOWN, "does not tell its types of data"),
    ],
)
def test_each_thing_that_a_contract_lacks_has_its_verdict(
    changes: dict[str, Any], verdict: Verdict, told: str
) -> None:
    row = contracts(replace(CONTRACT, **changes))
    assert row.verdict is verdict
    assert told in row.summary


def test_a_missing_clause_is_a_fail_even_of_an_expired_contract() -> None:
    old = replace(CONTRACT, clauses=tuple("abc"), expires=date(2026, 2, 1))
    assert contracts(old).verdict is Verdict.FAIL


def test_a_contract_whose_file_is_another_one_is_unknown() -> None:
    altered = ContractPaper(replace(CONTRACT, sha256="aa"), Observed("bb"))
    row = result(CONTRACTS, case(enforced_ftp(), dossier=Dossier(contracts=(altered,))))
    assert (row.verdict, row.reason) == (Verdict.UNKNOWN, "unreadable")


def test_a_renewed_contract_stands_for_the_expired_one() -> None:
    old = replace(CONTRACT, controller="laboratory  one", expires=date(2026, 2, 1))
    assert contracts(old, CONTRACT).verdict is Verdict.PASS
    assert contracts(old, replace(CONTRACT, controller="Laboratory Two")).verdict is Verdict.UNKNOWN


def test_each_controller_needs_a_contract_whatever_the_case_of_its_name() -> None:
    orders = tuple(
        Migration(order_id=name, controller=name) for name in ("LABORATORY ONE", "Laboratory Two")
    )
    row = contracts(CONTRACT, target=target(migrations=orders))
    assert row.verdict is Verdict.UNKNOWN
    assert row.summary.endswith("(no contract with Laboratory Two is declared)")
    assert contracts(CONTRACT, target=target(migrations=orders[:1])).verdict is Verdict.PASS


def test_what_a_row_of_the_register_leaves_out_beyond_that_is_a_lead() -> None:
    row = contracts(CONTRACT)
    assert row.verdict is Verdict.PASS
    assert finding(row, "contract-particulars").is_lead
    told = replace(CONTRACT, purpose="Moving results", data_subjects=("patients",))
    assert finding(contracts(told), "contract-particulars").verdict is Verdict.PASS


@pytest.mark.parametrize("kind", ["contract", ""])
def test_a_contract_that_cannot_be_read_keeps_the_row_unknown(kind: str) -> None:
    faulty = FaultyPaper(kind=kind, faults=("c.json:1: broken", "c.json:2: broken"))
    row = contracts(CONTRACT, target=target(faulty_papers=(faulty,)))
    assert (row.verdict, row.reason) == (Verdict.UNKNOWN, "unreadable")
    assert "c.json:1: broken (and 1 more)" in row.summary


def test_an_unreadable_procedure_is_not_asked_of_the_contracts() -> None:
    faulty = FaultyPaper(kind="procedure", faults=("p.json:1: broken",))
    assert contracts(CONTRACT, target=target(faulty_papers=(faulty,))).verdict is Verdict.PASS


def seeing(row: FailureId, **walked: Any) -> Any:
    facts = enforced_ftp(accounts=(account(view(walk=walk(**walked))),))
    dossier = Dossier(
        contracts=(ContractPaper(CONTRACT, NO_FILE),), papers=(Paper(PROCEDURE, NO_FILE),)
    )
    return result(row, case(facts, dossier=dossier))


def test_folders_of_several_customers_are_a_lead_that_decides_nothing() -> None:
    row = seeing(CONTRACTS, names=NameSigns(customers=4))
    lead = finding(row, "customer-folders")
    assert (row.verdict, lead.verdict, lead.is_lead) == (Verdict.PASS, Verdict.FAIL, True)
    assert "4 folders at the top" in lead.summary
    assert "customer-folders" not in {
        each.facet for each in seeing(CONTRACTS, names=NameSigns(customers=1)).findings
    }


def test_such_folders_are_shown_beside_a_declaration_that_there_is_no_processor() -> None:
    declared = NotApplicable(
        failure="missing-contract", reason="R", signed_by="S", until=date(2027, 1, 1)
    )
    facts = enforced_ftp(accounts=(account(view(walk=walk(names=NameSigns(customers=4)))),))
    row = result(CONTRACTS, case(facts, target=target(not_applicable=(declared,))))
    assert finding(row, "customer-folders").confidence is Confidence.WEAK


ORDER = Migration(
    order_id="MIG-1",
    controller="Laboratory One",
    owner="Team",
    ordered_on=date(2026, 1, 10),
    migration_end=date(2027, 1, 10),
)


def migrations(order: Migration, digest: Any = NO_FILE, **changes: Any) -> Any:
    dossier = Dossier(papers=(Paper(PROCEDURE, NO_FILE),), orders=(OrderPaper(order, digest),))
    listed = target(migrations=(order,), **changes)
    return result(MIGRATIONS, case(enforced_ftp(), target=listed, dossier=dossier))


@pytest.mark.parametrize(
    ("changes", "digest", "verdict", "told"),
    [
        ({}, NO_FILE, Verdict.PASS, "a procedure and complete orders are declared"),
        ({"owner": ""}, NO_FILE, Verdict.FAIL, "lacks owner"),
        ({"controller": "", "migration_end": None}, NO_FILE, Verdict.FAIL, "lacks controller, mig"),
        ({"expires": date(2026, 11, 21)}, NO_FILE, Verdict.UNKNOWN, "expired on 2026-11-21"),
        ({"expires": date(2026, 11, 22)}, NO_FILE, Verdict.PASS, ""),
        ({"ordered_on": date(2026, 11, 23)}, NO_FILE, Verdict.UNKNOWN, "yet to come"),
        ({"sha256": "aa"}, Observed("bb"), Verdict.UNKNOWN, "not the one whose hash"),
        ({"sha256": "aa"}, Observed("aa"), Verdict.PASS, ""),
        ({}, Unobserved(Reason.UNREADABLE, "o.pdf: does not exist"), Verdict.UNKNOWN, "o.pdf"),
    ],
)
def test_each_thing_that_an_order_lacks_has_its_verdict(
    changes: dict[str, Any], digest: Any, verdict: Verdict, told: str
) -> None:
    row = migrations(replace(ORDER, **changes), digest)
    assert row.verdict is verdict
    assert told in row.summary


@pytest.mark.parametrize(
    "row", [MIGRATIONS, FailureId.OVERDUE_DELETION, FailureId.EXCESS_EXTRACTION]
)
def test_an_order_that_cannot_be_read_keeps_what_lives_on_orders_unknown(row: FailureId) -> None:
    faulty = FaultyPaper(kind="order", faults=("o.json:1: broken",))
    dossier = Dossier(papers=(Paper(PROCEDURE, NO_FILE),))
    judged = result(
        row, case(enforced_ftp(), target=target(faulty_papers=(faulty,)), dossier=dossier)
    )
    assert judged.verdict is Verdict.UNKNOWN
    assert "o.json:1: broken" in judged.summary


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"version": "3", "exercised": date(2026, 5, 1)}, Verdict.PASS),
        ({"exercised": date(2026, 5, 1)}, Verdict.FAIL),
        ({"version": "3", "exercised": date(2025, 5, 1)}, Verdict.FAIL),
        ({"version": "3", "exercised": date(2027, 5, 1)}, Verdict.FAIL),
        ({"version": "3"}, Verdict.FAIL),
    ],
)
def test_a_procedure_that_nobody_exercises_is_a_lead(
    changes: dict[str, Any], verdict: Verdict
) -> None:
    dossier = Dossier(papers=(Paper(replace(PROCEDURE, **changes), NO_FILE),))
    row = result(MIGRATIONS, case(enforced_ftp(), dossier=dossier))
    told = finding(row, "procedure-exercise")
    assert (row.verdict, told.verdict) == (Verdict.PASS, verdict)
    assert told.is_lead or verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("facts", "proof", "verified", "row"),
    [
        ({"summed": 2, "verified": 2}, Verdict.PASS, Verdict.PASS, Verdict.PASS),
        ({"summed": 2, "verified": 1, "mismatched": 1}, Verdict.PASS, Verdict.FAIL, Verdict.FAIL),
        ({"summed": 1, "verified": 1}, Verdict.UNKNOWN, Verdict.PASS, Verdict.UNKNOWN),
        ({"summed": 2, "unverified": "spent"}, Verdict.PASS, Verdict.UNKNOWN, Verdict.UNKNOWN),
        ({"signed": 2, "unverified": "no key"}, Verdict.PASS, Verdict.UNKNOWN, Verdict.UNKNOWN),
        ({"summed": 2, "weak": 2, "verified": 2}, Verdict.UNKNOWN, Verdict.PASS, Verdict.UNKNOWN),
        ({}, Verdict.UNKNOWN, None, Verdict.UNKNOWN),
    ],
)
def test_an_export_is_proved_whole_once_a_checksum_was_compared(
    facts: dict[str, Any], proof: Verdict, verified: Verdict | None, row: Verdict
) -> None:
    seen = IntegritySeen(order_id="MIG-1", exports=2, evidence=("e8",), **facts)
    judged = seeing(MIGRATIONS, integrity=(seen,))
    assert judged.verdict is row
    assert finding(judged, "integrity-proof").verdict is proof
    by_facet = {each.facet: each for each in judged.findings}
    if verified is None:
        assert "checksum-verified" not in by_facet
    else:
        assert by_facet["checksum-verified"].verdict is verified
    if verified is Verdict.FAIL:
        assert "e8" in by_facet["checksum-verified"].evidence


@pytest.mark.parametrize(
    ("facts", "manifest", "tickets"),
    [
        ({"manifests": ("bagit",), "ticketed": 2}, Verdict.PASS, Verdict.PASS),
        ({"manifests": ("order-manifest",), "ticketed": 1}, Verdict.PASS, Verdict.UNKNOWN),
        ({}, Verdict.UNKNOWN, Verdict.UNKNOWN),
    ],
)
def test_manifests_and_tickets_are_signs_whose_absence_decides_nothing(
    facts: dict[str, Any], manifest: Verdict, tickets: Verdict
) -> None:
    seen = IntegritySeen(order_id="MIG-1", exports=2, summed=2, verified=1, **facts)
    judged = seeing(MIGRATIONS, integrity=(seen,))
    assert judged.verdict is Verdict.PASS
    assert finding(judged, "export-manifest").verdict is manifest
    assert finding(judged, "ticket-in-path").verdict is tickets


def test_of_a_cut_walk_no_proof_is_of_all_exports() -> None:
    seen = IntegritySeen(order_id="MIG-1", exports=2, summed=2, verified=1, ticketed=2)
    judged = seeing(MIGRATIONS, integrity=(seen,), stopped=("entries",))
    for facet in ("integrity-proof", "ticket-in-path"):
        told = finding(judged, facet)
        assert (told.verdict, told.reason) == (Verdict.UNKNOWN, "walk-cut")
    assert finding(judged, "checksum-verified").verdict is Verdict.PASS


def test_names_made_by_hand_are_a_lead() -> None:
    judged = seeing(MIGRATIONS, names=NameSigns(drafts=2, leftovers=1))
    lead = finding(judged, "hand-made-names")
    assert (judged.verdict, lead.is_lead) == (Verdict.PASS, True)
    assert "2 names count versions by hand and 1 say test" in lead.summary
