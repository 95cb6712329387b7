"""Turns what was seen of endpoints and logins into questions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from scanner.checks.base import Question
from scanner.model.case import Case
from scanner.model.frozen import dataclass
from scanner.model.listing import Outcome
from scanner.model.observation import EndpointObservation, FtpFacts
from scanner.model.product import Product
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.ssh import SshFacts
from scanner.model.target import Protocol
from scanner.model.view import AccountView, CredentialStatus, View

T = TypeVar("T")


def unseen(endpoint: EndpointObservation) -> Unobserved:
    """Return why nothing is known of an endpoint that gave no facts."""
    if endpoint.fault:
        return Unobserved(Reason.OWN_FAULT, "a fault of the scanner itself")
    return Unobserved(endpoint.reason or Reason.NOT_LOOKED_AT, endpoint.detail)


def ftp_questions(
    case: Case,
    pick: Callable[[FtpFacts], Reading[T] | None],
    *,
    required: bool = True,
) -> Iterator[Question[T]]:
    """Ask every FTP and FTPS endpoint. ``pick`` returning ``None`` means: not asked there."""
    for vantage, endpoint in case.endpoints():
        facts = endpoint.facts
        if isinstance(facts, FtpFacts):
            reading = pick(facts)
            if reading is not None:
                product = product_of(facts)
                yield Question(vantage, endpoint.way_in, reading, required, product)
        elif facts is None and endpoint.protocol is not Protocol.SFTP:
            yield Question(vantage, endpoint.way_in, unseen(endpoint), required)


def is_implicit(facts: FtpFacts) -> bool:
    """Whether the port begins in TLS (RFC 4217 section 2 calls it implicit)."""
    auth = facts.auth_tls
    return isinstance(auth, Observed) and auth.value.mechanism == "implicit"


def offers_tls(facts: FtpFacts) -> bool:
    """Whether TLS was seen to be had, by whatever mechanism."""
    return isinstance(facts.auth_tls, Observed) and facts.auth_tls.value.offered


def product_of(facts: FtpFacts) -> Product:
    """Return what the server calls itself, for remedies alone."""
    software = facts.software
    return software.value.product if isinstance(software, Observed) else Product.UNKNOWN


def ssh_questions(
    case: Case,
    pick: Callable[[SshFacts], Reading[T] | None],
    *,
    required: bool = True,
) -> Iterator[Question[T]]:
    """Ask every SFTP endpoint. ``pick`` returning ``None`` means: not asked there."""
    for vantage, endpoint in case.endpoints():
        facts = endpoint.facts
        if isinstance(facts, SshFacts):
            reading = pick(facts)
            if reading is not None:
                yield Question(vantage, endpoint.way_in, reading, required)
        elif facts is None and endpoint.protocol in {Protocol.SFTP, Protocol.AUTO}:
            yield Question(vantage, endpoint.way_in, unseen(endpoint), required)


def was_cut(view: View) -> str:
    """Return what kept a login from seeing everything it can reach, or an empty string."""
    if view.root is not Outcome.LISTED:
        return f"the listing was {view.root}"
    stopped = view.walk.stopped
    return f"the walk was cut by {', '.join(stopped)}" if stopped else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """One login's view of the files. ``open_to_all``: no authentication stood before it."""

    way_in: str
    vantage: str
    username: str
    open_to_all: bool
    view: Reading[View]
    protocol: Protocol


def logins(case: Case) -> tuple[Login, ...]:
    """Return what every login saw: accepted anonymous ones and every supplied account.

    An endpoint that could not be asked, and anonymous access that was left undecided, are
    there with their reason: what they would have shown is not known.
    """
    return case.once(_logins)


def _logins(case: Case) -> Iterator[Login]:
    for vantage, endpoint in case.endpoints():
        facts = endpoint.facts
        if facts is None:
            yield Login(
                way_in=endpoint.way_in,
                vantage=vantage,
                username="",
                open_to_all=False,
                view=unseen(endpoint),
                protocol=endpoint.protocol,
            )
            continue
        if isinstance(facts, FtpFacts):
            yield from _anonymous(vantage, endpoint, facts)
        for account in facts.accounts:
            yield Login(
                way_in=f"{endpoint.way_in} as {account.username}",
                vantage=vantage,
                username=account.username,
                open_to_all=False,
                view=_view_of(account),
                protocol=endpoint.protocol,
            )


def _anonymous(vantage: str, endpoint: EndpointObservation, facts: FtpFacts) -> Iterator[Login]:
    access = facts.anonymous
    if isinstance(access, Observed) and not access.value.accepted:
        return
    yield Login(
        way_in=f"{endpoint.way_in} as anonymous",
        vantage=vantage,
        username="anonymous",
        open_to_all=True,
        view=access if isinstance(access, Unobserved) else facts.anonymous_view,
        protocol=endpoint.protocol,
    )


def _view_of(account: AccountView) -> Reading[View]:
    if account.status is CredentialStatus.ACCEPTED:
        return account.view
    if account.status is CredentialStatus.REFUSED:
        return Unobserved(Reason.CREDENTIAL_REFUSED, account.detail)
    if isinstance(account.view, Unobserved) and account.view.reason is not Reason.NOT_LOOKED_AT:
        return account.view
    return Unobserved(Reason.NO_LOGIN, account.detail or f"{account.username} could not log in")
