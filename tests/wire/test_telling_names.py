"""What names say of how a migration is run."""

from __future__ import annotations

import pytest

from scanner.wire.telling_names import (
    bears_ticket,
    looks_left_over,
    looks_like_a_customer,
    looks_like_a_draft,
)


@pytest.mark.parametrize(
    ("name", "is_draft"),
    [
        (b"export_v2_final.csv", True),
        (b"Export V3 DEF.xlsx", True),
        (b"patients (1).csv", True),
        (b"Copie de base.sql", True),
        (b"export-v2.csv", False),
        (b"final.csv", False),
        (b"export-2026-03-01.csv", False),
    ],
)
def test_versions_counted_by_hand_are_drafts(name: bytes, *, is_draft: bool) -> None:
    assert looks_like_a_draft(name) is is_draft


@pytest.mark.parametrize(
    ("name", "is_left"),
    [(b"test", True), (b"old_export.csv", True), (b"tmp", True), (b"golden", False)],
)
def test_left_over_names(name: bytes, *, is_left: bool) -> None:
    assert looks_left_over(name) is is_left


@pytest.mark.parametrize(
    ("name", "is_customer"),
    [
        (b"labo-dupont", True),
        (b"client_0012", True),
        ("Hôpital Sainte-Exemple".encode(), True),
        (b"laboratory-one", True),
        (b"lab-transfer", False),
        (b"clients", False),
        (b"exchange", False),
    ],
)
def test_folders_that_bear_a_customers_name(name: bytes, *, is_customer: bool) -> None:
    assert looks_like_a_customer(name, ["Laboratory One"]) is is_customer


@pytest.mark.parametrize(
    ("path", "bears"),
    [
        (b"/exchange/mig-7/export.csv", True),
        (b"/exchange/MIG_7_export.csv", True),
        (b"/exchange/mig-71/export.csv", False),
        (b"/exchange/chg-1042/export.csv", True),
        (b"/exchange/export-2024.csv", False),
    ],
)
def test_a_path_bears_its_orders_number_or_a_tickets(path: bytes, *, bears: bool) -> None:
    assert bears_ticket(path, "MIG-7") is bears
