"""Says, per supplied account, whether it worked and what was skipped for it."""

from __future__ import annotations

from collections.abc import Sequence

from scanner.checks.registry import all_checks
from scanner.model.finding import CredentialReport, Source
from scanner.model.observation import Observations
from scanner.model.target import Account, Target
from scanner.model.view import AccountView, CredentialStatus

_BEST_FIRST = (
    CredentialStatus.ACCEPTED,
    CredentialStatus.PARTIAL,
    CredentialStatus.REFUSED,
    CredentialStatus.UNDECIDED,
    CredentialStatus.NOT_SENT,
)


def credentials_of(
    target: Target, observations: Sequence[Observations]
) -> tuple[CredentialReport, ...]:
    """Return one line for each supplied credential, in the order of the targets file."""
    supplied = (account for account in target.accounts if account.has_credential)
    return tuple(_report(account, observations) for account in supplied)


def _report(account: Account, observations: Sequence[Observations]) -> CredentialReport:
    views = [view for view in _views(observations) if view.username == account.username]
    if not views:
        return _said(account, CredentialStatus.NOT_SENT, "no endpoint could be asked")
    best = min(views, key=lambda view: _BEST_FIRST.index(view.status))
    return _said(account, best.status, best.detail)


def _views(observations: Sequence[Observations]) -> list[AccountView]:
    return [
        view
        for seen in observations
        for endpoint in seen.endpoints
        if endpoint.facts is not None
        for view in endpoint.facts.accounts
    ]


def _said(account: Account, status: CredentialStatus, detail: str) -> CredentialReport:
    skipped = () if status is CredentialStatus.ACCEPTED else _account_facets()
    return CredentialReport(
        username=account.username, status=str(status), detail=detail, skipped=skipped
    )


def _account_facets() -> tuple[str, ...]:
    return tuple(
        facet.id
        for check in all_checks()
        for facet in check.facets
        if facet.layer is Source.ACCOUNT
    )
