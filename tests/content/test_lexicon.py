from __future__ import annotations

import pytest

from scanner.content.lexicon import CONCEPTS, concept_of, folded


@pytest.mark.parametrize(
    ("header", "concept"),
    [
        ("NIR", "national-id"),
        ("Numéro de Sécurité Sociale", "national-id"),
        ("nom", "surname"),
        ("Nom patient", "surname"),
        ("PRÉNOM", "first-name"),
        ("date_de_naissance", "birth-date"),
        ("dateNaissance", "birth-date"),
        ("BirthDate", "birth-date"),
        ("Adresse e-mail", "email"),
        ("E-Mail", "email"),
        ("téléphone 2", "phone"),
        ("commentaire1", "comment"),
        ("mot de passe", "password"),
        ("mdp", "password"),
        ("id_patient", "patient-id"),
        ("patient_id", "patient-id"),
        ("Résultat", "result"),
    ],
)
def test_header_is_understood_whatever_its_case_accents_and_joints(
    header: str, concept: str
) -> None:
    assert concept_of(header) == concept


@pytest.mark.parametrize("header", ["", "   ", "valeur", "quantity", "x" * 500, "de la", "_"])
def test_unknown_header_has_no_concept(header: str) -> None:
    assert concept_of(header) is None


def test_folding_is_stable() -> None:
    once = folded("Numéro-Sécu  (n°)")
    assert folded(once) == once == "numero_secu_n"


def test_concepts_are_safe_to_print() -> None:
    assert all(concept.replace("-", "").isalpha() for concept in CONCEPTS)
