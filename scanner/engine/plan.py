"""What a run would do, told without touching the network."""

from __future__ import annotations

from collections.abc import Sequence

from scanner.model.attempts import MOST_FAILURES
from scanner.model.frozen import dataclass
from scanner.model.target import Protocol, Target
from scanner.model.target_list import chosen

FTP_CONNECTIONS = 16
"""Control connections that the questions to one FTP endpoint take at most, without accounts: two
for first contact, five hellos of our own, one for what is injected before TLS, two for a named
user, four to try anonymous, one where a refused data connection ended the session, one to look in
clear. Sessions that break off come on top."""
FTP_LOGINS = 3
"""Logins of one FTP endpoint at most, without accounts: two names, and once more where a refused
data connection ended the session."""
SSH_CONNECTIONS = 9
"""Connections that the questions to one SSH endpoint take at most, without accounts: eight for
offers, host keys and groups, one where the decoy has to wait for the accounts."""
SSH_ACCOUNT_CONNECTIONS = 3
"""For each listed account: a login and the question which factors remain, or what it is offered;
once more where the server turned a connection away."""
SSH_QUERY_CONNECTIONS = 3
"""For each account with public keys listed: two to show them, once more where turned away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedAsset:
    """What a run would do to one asset at most. ``bytes`` are of samples, per address.

    Nothing is looked up, so all numbers are of one address. A name with several costs as much at
    each, and for the line-up one connection more per FTP port, up to eight per SSH port.
    ``connections`` are control connections; each listing and each sample over FTP opens a data
    connection besides.
    """

    asset: str
    host: str
    endpoints: tuple[str, ...]
    connections: int
    logins: int
    bytes: int
    credentials: tuple[str, ...]
    notes: tuple[str, ...] = ()


def planned(target: Target, *, notes: tuple[str, ...] = ()) -> PlannedAsset:
    """Return the plan of one target, with what the caller has to say of it."""
    names = tuple(account.username for account in target.accounts if account.has_credential)
    ssh = sum(endpoint.protocol is Protocol.SFTP for endpoint in target.endpoints)
    ftp = len(target.endpoints) - ssh
    return PlannedAsset(
        asset=target.asset,
        host=target.host,
        endpoints=tuple(f"{e.protocol}:{e.port}" for e in target.endpoints),
        connections=ftp * _ftp_connections(target, len(names)) + ssh * ssh_connections(target),
        logins=len(names) * len(target.endpoints) + FTP_LOGINS * ftp + ssh * _ssh_logins(target),
        bytes=target.limits.bytes_per_host,
        credentials=names,
        notes=(*(("decoy: scored apart",) if target.decoy else ()), *_rounds(target, ftp), *notes),
    )


def _rounds(target: Target, ftp: int) -> tuple[str, ...]:
    if not (target.tls.rounds and ftp):
        return ()
    return (f"enumerates TLS in up to {target.tls.rounds} connections an endpoint",)


def _ftp_connections(target: Target, accounts: int) -> int:
    return FTP_CONNECTIONS + accounts + target.tls.rounds


def ssh_connections(target: Target) -> int:
    """Return the connections that one SSH endpoint of a target may take at most."""
    each = SSH_ACCOUNT_CONNECTIONS + target.allow.empty_password
    queried = sum(bool(account.public_keys) for account in target.accounts)
    accounts = each * len(target.accounts) + SSH_QUERY_CONNECTIONS * queried
    return SSH_CONNECTIONS + accounts


def _ssh_logins(target: Target) -> int:
    people = [len(account.public_keys) for account in target.accounts]
    # A refused key is a failed login, and so is the key of nobody that goes first.
    keys = sum(count + (count > 1) for count in people)
    return 1 + target.allow.empty_password * len(target.accounts) + min(keys, MOST_FAILURES)


def from_vantage(targets: Sequence[Target], vantage: str) -> Sequence[Target]:
    """Return the targets that are to be seen from this vantage."""
    return seen_from(targets, (vantage,))


def seen_from(targets: Sequence[Target], vantages: Sequence[str]) -> Sequence[Target]:
    """Return the targets that are to be seen from any of these vantages."""
    stands = set(vantages)
    return chosen(targets, lambda target: not stands.isdisjoint(target.vantages))


def shard_of(targets: Sequence[Target], shard: tuple[int, int] | None) -> Sequence[Target]:
    """Return this shard's share: every ``count``-th target, beginning with ``index``."""
    if shard is None:
        return targets
    index, count = shard
    return targets[index::count]
