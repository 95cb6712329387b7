"""One account serves several people or machines."""

from __future__ import annotations

from scanner.checks import log_signs
from scanner.checks.account_register import REGISTER_FACETS
from scanner.checks.base import Check
from scanner.checks.controls import controls_of
from scanner.checks.shared_keys import COMMON_KEYS, KEY_FILE, TWO_PEOPLE
from scanner.checks.shared_logins import COMMON_WAY, FILE_OWNERS, PASSWORD_ONLY
from scanner.model.failure import FailureId

CHECK = Check(
    id=FailureId.SHARED_ACCOUNT,
    ref="MB-05",
    title="Shared account",
    says="one account serves several people or machines",
    cleared="each account has one named holder",
    remedy="Give each person and each machine an account of its own, with one named holder.",
    controls=controls_of(FailureId.SHARED_ACCOUNT),
    facets=(
        *REGISTER_FACETS,
        TWO_PEOPLE,
        KEY_FILE,
        COMMON_KEYS,
        COMMON_WAY,
        FILE_OWNERS,
        PASSWORD_ONLY,
        *log_signs.FACETS,
    ),
)
