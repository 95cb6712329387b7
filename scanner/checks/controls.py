"""Which published controls each failure touches. Ids only; each catalogue explains its own.

GDPR articles; CNIL guide to the security of personal data (2024), by sheet; ANSSI hygiene guide
(H), OpenSSH guide (SSH), TLS guide (TLS) and logging guide (LOG); ISO/IEC 27001:2022 annex A;
NIST SP 800-53 r5 and CSF 2.0; CIS v8.1; PCI DSS 4.0.1; HIPAA 45 CFR 164; NIS2 art. 21(2); CWE.
"""

from __future__ import annotations

from collections.abc import Mapping

from scanner.model.failure import FailureId

_CATALOGUES = ("gdpr", "cnil", "anssi", "iso27001", "nist", "cis", "pci", "hipaa", "nis2", "cwe")

_TABLE: dict[FailureId, tuple[str, ...]] = {
    FailureId.OPEN_ZONE: (
        "25(2) 32(1)(b)",
        "4 5 9",
        "H9 H23 SSH-R17 SSH-R22",
        "5.15 8.3 8.5",
        "AC-3 AC-14 AC-22 PR.AA-03 PR.AA-05",
        "3.3 4.8 6.3",
        "1.4.4 7.2.1 8.3.1",
        "312(a)(1) 312(d)",
        "i j",
        "CWE-306 CWE-552 CWE-732",
    ),
    FailureId.CLEAR_STORAGE: (
        "9 32(1)(a)",
        "21",
        "H18 H31",
        "5.34 8.12 8.24",
        "SC-28(1) PR.DS-01",
        "3.11",
        "3.5.1",
        "312(a)(2)(iv)",
        "h",
        "CWE-256 CWE-311 CWE-312",
    ),
    FailureId.PLAINTEXT_TRANSPORT: (
        "32(1)(a)",
        "13",
        "H18 H21 SSH-R4 TLS-R3 TLS-R4 TLS-R6",
        "5.14 8.24",
        "SC-8(1) PR.DS-02",
        "3.10",
        "2.2.5 4.2.1",
        "312(e)(1) 312(e)(2)(ii)",
        "h",
        "CWE-319 CWE-523",
    ),
    FailureId.OVERDUE_DELETION: (
        "5(1)(e) 28(3)(g)",
        "14 15",
        "",
        "8.10",
        "SI-12 SI-12(3) MP-6 ID.AM-08",
        "3.4 3.5",
        "3.2.1",
        "310(d)(2)(i)",
        "i",
        "CWE-459",
    ),
    FailureId.SHARED_ACCOUNT: (
        "5(2) 32(1)(b)",
        "4",
        "H8 SSH-R21",
        "5.16 5.17 5.18",
        "AC-2(9) IA-2(5) IA-4 PR.AA-01",
        "5.1 5.2 5.5",
        "8.2.1 8.2.2",
        "312(a)(2)(i)",
        "i",
        "CWE-286",
    ),
    FailureId.MISSING_SUPERVISION: (
        "32(1)(d) 33",
        "16 19",
        "H36 H40 LOG-R2 LOG-R9 LOG-R12 LOG-R14",
        "5.25 6.8 8.15 8.16",
        "SI-4(5) AU-6(1) AC-2(12) IR-6 DE.CM-01 DE.CM-03 DE.AE-06",
        "8.2 8.11 13.1 17.3",
        "10.2.1.4 10.4.1.1 12.10.5",
        "312(b) 308(a)(1)(ii)(D) 308(a)(5)(ii)(C)",
        "b",
        "CWE-223 CWE-778",
    ),
    FailureId.UNCONTROLLED_MIGRATION: (
        "5(2) 25 32(1)(d)",
        "13 15",
        "H21 H35",
        "5.37 8.32",
        "CM-3 PR.DS-02",
        "3.1",
        "6.5.1",
        "",
        "e",
        "CWE-353",
    ),
    FailureId.EXCESS_EXTRACTION: (
        "5(1)(c) 28(3)(a) 29 32(4)",
        "14",
        "",
        "5.20 5.34 8.11",
        "SI-12(1) PT-2 PT-3 ID.AM-07",
        "3.2 3.8",
        "3.2.1",
        "502(b)",
        "d e",
        "CWE-212 CWE-359",
    ),
    FailureId.MISSING_CONTRACT: (
        "28(3) 28(9)",
        "14",
        "H3",
        "5.19 5.20",
        "SA-4 SA-9 GV.SC-05",
        "15.4 15.7",
        "12.8.2 12.9.1",
        "314(a) 504(e)",
        "d",
        "",
    ),
}


def controls_of(failure: FailureId) -> Mapping[str, tuple[str, ...]]:
    """Return the controls of a failure by catalogue; catalogues without one hold an empty tuple."""
    rows = zip(_CATALOGUES, _TABLE[failure], strict=True)
    return {catalogue: tuple(ids.split()) for catalogue, ids in rows}
