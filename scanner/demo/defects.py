"""The switches of the replica: each turns one defect on, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Defects:
    """What is wrong with the replica. Names are the failures' ids with underscores."""

    open_zone: bool = True
    """Anonymous FTP users read the whole tree."""
    clear_storage: bool = True
    """Exports lie in clear; otherwise each is an age file."""
    plaintext_transport: bool = True
    """FTP without TLS; otherwise the same server speaks implicit TLS."""
    overdue_deletion: bool = True
    """The migration ended long ago; otherwise it ends in a month."""
    shared_account: bool = True
    """The inventory names two holders of the account; otherwise one."""
    missing_supervision: bool = True
    """Nobody collects the server's logs: a failed login raises no alert."""
    uncontrolled_migration: bool = True
    """No owner, no date, no procedure, no checksums, and an export that no order covers."""
    excess_extraction: bool = True
    """Exports have columns that nobody ordered; otherwise the ordered ones alone."""
    missing_contract: bool = True
    """The contract lacks clauses of GDPR art. 28(3)."""
    ignored_warning: bool = True
    """A registered warning has been open for two months."""

    @classmethod
    def none(cls) -> Defects:
        """Return a replica without any of these defects."""
        return cls(**dict.fromkeys((field.name for field in fields(cls)), False))
