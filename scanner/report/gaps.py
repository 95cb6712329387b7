"""What was not looked at, and why: every fact that no probe brought home."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields

from scanner.model.observation import EndpointObservation, FtpFacts, Observations
from scanner.model.reading import Observed, Reason, Unobserved
from scanner.model.ssh import SshFacts
from scanner.model.view import AccountView, View

NAMES = {
    "greeting": "greeting",
    "features": "FEAT",
    "auth_tls": "AUTH TLS",
    "tls": "TLS and certificate",
    "legacy_tls": "old TLS",
    "tls_flight": "first flight of TLS",
    "tls_survey": "TLS versions, suites and groups",
    "clear_named": "named login in clear",
    "clear_anonymous": "anonymous login in clear",
    "anonymous": "anonymous login",
    "anonymous_view": "what anonymous sees",
    "data": "data channel",
    "ccc": "CCC",
    "session_reused": "TLS session reuse",
    "passive": "passive address",
    "software": "product",
    "system": "SYST",
    "help": "HELP",
    "site_help": "SITE HELP",
    "status": "STAT",
    "injectable": "commands before TLS",
    "reuse_required": "TLS session reuse demanded",
    "bounce": "bounce",
    "clear_on_implicit": "clear text on the TLS port",
    "write_test": "write test",
    "identification": "SSH version",
    "kexinit": "SSH algorithms",
    "host_keys": "host keys",
    "every_key": "further host keys",
    "sshfp": "SSHFP records",
    "group_exchange": "SSH group sizes",
    "extensions": "SSH extensions",
    "methods": "SSH login methods",
    "prompts": "SSH prompts",
}
"""What a reader calls each fact."""

_NO_GAP = frozenset({Reason.NOT_OFFERED})
_OPT_IN = frozenset({"write_test", "tls_survey", "sshfp"})
"""Asked only where a target wants it: left out it is no gap."""
_LAST = frozenset({Reason.NOT_LOOKED_AT, Reason.NOT_DECLARED})


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing not known, where, and why."""

    what: str
    where: str
    reason: Reason
    detail: str = ""

    @property
    def why(self) -> str:
        """The reason in words."""
        told = self.reason.replace("-", " ")
        return f"{told}, {self.detail}" if self.detail and self.detail != told else told


def gap_texts(seen: Iterable[Observations]) -> list[str]:
    """Return one line of text per reason: what, why, where. Planned steps that failed come first,
    questions that nobody asked last.
    """
    grouped: dict[tuple[bool, str], list[Gap]] = {}
    for gap in (gap for look in seen for gap in gaps(look)):
        grouped.setdefault((gap.reason in _LAST, gap.why), []).append(gap)
    ranked = sorted(grouped.items(), key=lambda item: item[0][0])
    return [_told(why, found) for (_, why), found in ranked]


def _told(why: str, found: Iterable[Gap]) -> str:
    kept = list(found)
    what = ", ".join(dict.fromkeys(gap.what for gap in kept))
    where = ", ".join(dict.fromkeys(gap.where for gap in kept))
    return f"{what}: {why} ({where})"


def gaps(look: Observations) -> Iterator[Gap]:
    """Yield everything that one look did not bring home."""
    if look.unreached is not None:
        yield Gap("everything", look.vantage, look.unreached.reason, look.unreached.detail)
    for address in look.out_of_scope:
        yield Gap(address, look.vantage, Reason.OUT_OF_SCOPE, "not dialled")
    if look.omitted:
        addresses = (
            "1 further address" if look.omitted == 1 else f"{look.omitted} further addresses"
        )
        yield Gap(addresses, look.vantage, Reason.ADDRESS_BUDGET, "not probed")
    for endpoint in look.endpoints:
        yield from _endpoint(look.vantage, endpoint)


def _endpoint(vantage: str, endpoint: EndpointObservation) -> Iterator[Gap]:
    where = f"{vantage}: {endpoint.way_in}"
    if endpoint.fault is not None:
        yield Gap("the rest", where, Reason.OWN_FAULT, endpoint.fault)
    if endpoint.facts is None:
        if endpoint.declared or endpoint.reason not in {None, Reason.CLOSED}:
            yield Gap("the port", where, endpoint.reason or Reason.NOT_LOOKED_AT, endpoint.detail)
        return
    yield from _facts(where, endpoint.facts)


def _facts(where: str, facts: FtpFacts | SshFacts) -> Iterator[Gap]:
    for item in fields(facts):
        reading = getattr(facts, item.name)
        if isinstance(reading, Unobserved) and not _is_no_gap(item.name, reading.reason):
            yield Gap(NAMES[item.name], where, reading.reason, reading.detail)
    if isinstance(facts, FtpFacts) and isinstance(facts.anonymous_view, Observed):
        yield from _walk(where, facts.anonymous_view.value)
    if isinstance(facts, SshFacts):
        yield from _offers(where, facts)
    for account in facts.accounts:
        yield from _account(where, account)


def _offers(where: str, facts: SshFacts) -> Iterator[Gap]:
    for offer in facts.account_methods:
        if isinstance(offer.methods, Unobserved):
            what = f"login methods of {offer.username}"
            yield Gap(what, where, offer.methods.reason, offer.methods.detail)
    for asked in facts.account_keys:
        if isinstance(asked.answers, Unobserved):
            what = f"public keys of {asked.username}"
            yield Gap(what, where, asked.answers.reason, asked.answers.detail)
    for empty in facts.empty_passwords:
        if isinstance(empty.accepted, Unobserved):
            what = f"empty password of {empty.username}"
            yield Gap(what, where, empty.accepted.reason, empty.accepted.detail)


def _is_no_gap(name: str, reason: Reason) -> bool:
    unwanted = reason in {Reason.NOT_DECLARED, Reason.NOT_LOOKED_AT}
    return reason in _NO_GAP or (name in _OPT_IN and unwanted)


_SFTP = {
    "home": "home folder",
    "confinement": "confinement",
    "key_files": "key files",
    "authorized_keys": "keys in the key file",
    "neighbours": "folders beside the home",
    "read_only": "read-only flag",
}
_CHANNELS = {"shell": "shell", "forwarding": "forwarding"}


def _beside(where: str, account: AccountView) -> Iterator[Gap]:
    """Yield what an open session did not tell; where there was none, the files tell why."""
    asked = ((account.sftp, _SFTP), (account.channels, _CHANNELS))
    for reading, names in asked:
        if isinstance(reading, Unobserved):
            continue
        for name, what in names.items():
            missed = getattr(reading.value, name)
            if isinstance(missed, Unobserved) and missed.reason not in _NO_GAP:
                told = f"{what} of {account.username}"
                yield Gap(told, where, missed.reason, missed.detail)


def _account(where: str, account: AccountView) -> Iterator[Gap]:
    yield from _beside(where, account)
    if isinstance(account.view, Observed):
        yield from _walk(where, account.view.value)
    elif account.view.reason not in _NO_GAP:
        what = f"files of {account.username}"
        yield Gap(what, where, account.view.reason, account.view.detail)


def _walk(where: str, view: View) -> Iterator[Gap]:
    if view.walk.stopped:
        cut = f"walk cut by {', '.join(view.walk.stopped)}"
        yield Gap(f"part of the files of {view.username}", where, Reason.SAMPLE_BUDGET, cut)
