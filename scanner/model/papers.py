"""What every paper has to say, in one place: for the judges and for whoever checks a paper."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

CLAUSES: Mapping[str, str] = MappingProxyType(
    {
        "a": "acts on documented instructions alone",
        "b": "the people who handle the data are bound to secrecy",
        "c": "secures the processing (article 32)",
        "d": "takes on another processor only by leave, on the same terms",
        "e": "helps to answer the persons whose data they are",
        "f": "helps with security, breaches and impact assessments (articles 32 to 36)",
        "g": "deletes or hands back the data at the end",
        "h": "shows that it complies, and lets itself be audited",
    }
)
"""The points of GDPR art. 28(3), second sentence, each in a few words of ours."""

PROCEDURES = ("migration-procedure", "supervision-procedure")
"""Kinds of documents that tell how something is done."""

ATTESTED_KINDS = (
    *PROCEDURES,
    "escalation-procedure",
    "on-call-rota",
    "security-txt",
    "server-configuration",
    "retention-rule",
    "deletion-certificate",
)
"""Kinds of documents that a facet asks for."""

NEEDED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "contract": (
            "controller",
            "processor",
            "subject",
            "duration",
            "data_types",
            "clauses",
            "signed",
            "reviewed",
            "expires",
            "owner",
        ),
        "order": ("order_id", "controller", "owner", "ordered_on", "migration_end"),
        "attestation": ("kind", "title", "owner", "reviewed", "expires"),
        "procedure": ("title", "owner", "reviewed", "expires"),
    }
)
"""The keys without which a paper of each kind decides nothing."""
