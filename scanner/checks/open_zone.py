"""An area can be read, or written, without authentication."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.checks import (
    account_channels,
    ftp_posture,
    ftp_remedies,
    log_uses,
    sftp_posture,
    ssh_entry,
)
from scanner.checks.base import Check, Facet, Question, Ruling, failed, passed, undecided
from scanner.checks.controls import controls_of
from scanner.checks.personal import harm_in
from scanner.checks.questions import ftp_questions, logins, was_cut
from scanner.model.case import Case
from scanner.model.failure import CapTrigger, FailureId
from scanner.model.finding import Confidence, Severity, Source
from scanner.model.frozen import dataclass
from scanner.model.listing import Outcome
from scanner.model.observation import AnonymousAccess, FtpFacts
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.view import AreaSeen, View, WritableSigns, Zone


@dataclass(frozen=True, slots=True)
class AnonymousZone:
    """Whether anonymous logins were let in, and what they then saw."""

    access: AnonymousAccess
    view: Reading[View]


def _zone(facts: FtpFacts) -> Reading[AnonymousZone]:
    access = facts.anonymous
    if isinstance(access, Unobserved):
        return access
    seen = access.evidence + facts.anonymous_view.evidence
    return Observed(AnonymousZone(access.value, facts.anonymous_view), seen)


def read_anonymous(case: Case) -> Iterator[Question[AnonymousZone]]:
    """Ask every FTP endpoint."""
    return ftp_questions(case, _zone)


def judge_anonymous(zone: AnonymousZone, case: Case) -> Ruling:
    """A listing that completes is proof; a login without one is a strong sign."""
    if not zone.access.accepted:
        last = zone.access.tries[-1]
        codes = ", then ".join(str(reply.code) for reply in last.replies)
        return passed(f"anonymous login is refused ({codes})")
    name = next(attempt.username for attempt in zone.access.tries if attempt.accepted)
    if isinstance(zone.view, Unobserved):
        told = zone.view.detail or str(zone.view.reason)
        return failed(f"login as {name} is accepted; listing not completed ({told})", _STRONG)
    view = zone.view.value
    if view.root is not Outcome.LISTED and not view.walk.entries:
        return failed(f"login as {name} is accepted; listing refused {view.root_reply}", _STRONG)
    if case.target.areas.public and not view.walk.outside_public:
        return _confined(name, view)
    walk = view.walk
    return failed(
        f"anyone can log in as {name} and list {walk.entries} entries",
        caps=(CapTrigger.OPEN_LISTING,),
    )


_STRONG = Confidence.STRONG


def _confined(name: str, view: View) -> Ruling:
    harm = harm_in(view.walk.files)
    if harm:
        return failed(f"the declared public area holds {harm.words}", severity=Severity.CRITICAL)
    if not view.walk.complete:
        cut = ", ".join(view.walk.stopped)
        return undecided(f"{name} seems confined to the public area; walk cut by {cut}", "walk-cut")
    if view.walk.sampled == 0 and view.walk.eligible:
        return undecided("no file of the public area could be sampled", Reason.SAMPLE_BUDGET)
    return passed(
        f"{name} sees only the declared public area; no personal data in "
        f"{view.walk.sampled} sampled files",
        source=Source.OPERATOR,
    )


def read_writable(case: Case) -> Iterator[Question[View]]:
    """Ask what anonymous logins saw."""
    for login in logins(case):
        if login.open_to_all:
            yield Question(login.vantage, login.way_in, login.view, required=False)


def judge_writable(view: View, _case: Case) -> Ruling:
    """Servers misreport permissions: a claim is a lead, never proof."""
    claims, signs = view.walk.writable_claims, _signs(view.walk.writable)
    if claims:
        told = f" ({signs})" if signs else ""
        return failed(
            f"the server claims that {claims} entries are writable by anyone{told}; "
            "nobody tried to write",
            Confidence.WEAK,
        )
    weaker = f"; {signs}" if signs else ""
    if cut := was_cut(view):
        return undecided(f"no claim that anyone may write, but {cut}{weaker}", "walk-cut")
    return passed(f"no entry is claimed to be writable by anyone{weaker}")


def _signs(signs: WritableSigns) -> str:
    """Tell each sign apart: the server's word, the mode for others, and two weaker ones."""
    told = (
        (signs.perm, f"MLSD perm {signs.perm_letters} on {signs.perm}"),
        (signs.others, f"mode: others may write {signs.others}"),
        (signs.group, f"mode: the group may write {signs.group}"),
        (signs.acl, f"an access list on {signs.acl}"),
    )
    return ", ".join(words for count, words in told if count)


def _private_areas(case: Case) -> Iterator[tuple[str, str, AreaSeen, tuple[str, ...]]]:
    for login in logins(case):
        if not login.open_to_all and isinstance(login.view, Observed):
            for area in login.view.value.walk.areas:
                if area.zone is Zone.PRIVATE:
                    yield login.vantage, login.way_in, area, login.view.evidence


def read_world_readable(case: Case) -> Iterator[Question[AreaSeen]]:
    """Ask for the mode of every declared private area that an account reached."""
    for vantage, way_in, area, evidence in _private_areas(case):
        if area.mode is not None:
            yield Question(vantage, way_in, Observed(area, evidence))


def judge_world_readable(area: AreaSeen, _case: Case) -> Ruling:
    """The other-read bit on a private area lets every account of the server read it."""
    mode = area.mode or 0
    if mode & 0o004:
        return failed(f"private area {area.path} is world-readable (mode {mode:04o})")
    return passed(f"private area {area.path} is not world-readable (mode {mode:04o})")


def read_neighbour(case: Case) -> Iterator[Question[AreaSeen]]:
    """Ask about private areas outside the one in which the account landed."""
    for vantage, way_in, area, evidence in _private_areas(case):
        if area.foreign:
            reading: Reading[AreaSeen] = Observed(area, evidence)
            if isinstance(area.outcome, Unobserved):
                reading = area.outcome
            yield Question(vantage, way_in, reading)


def judge_neighbour(area: AreaSeen, _case: Case) -> Ruling:
    """An account that lands in one private area has no business in another."""
    outcome = area.outcome
    if isinstance(outcome, Observed) and outcome.value is Outcome.LISTED:
        return failed(f"an account of another area can list {area.path}")
    return passed(f"an account of another area cannot list {area.path}")


CHECK = Check(
    id=FailureId.OPEN_ZONE,
    ref="MB-04",
    title="Open zone",
    says="an area can be read (or written) without authentication",
    cleared="every way in that was tried asks for authentication",
    remedy="Let only named, authenticated accounts in; keep public files on a server of their own.",
    controls=controls_of(FailureId.OPEN_ZONE),
    facets=(
        Facet(
            id="anonymous-read",
            question="Can anyone log in without an account and list files?",
            layer=Source.NETWORK,
            severity=Severity.HIGH,
            required="every FTP and FTPS endpoint",
            remedy=(
                "Turn anonymous login off: anonymous_enable=NO (vsftpd), remove <Anonymous> "
                "(ProFTPD), -E (Pure-FTPd)."
            ),
            reads=read_anonymous,
            judge=judge_anonymous,
            remedies=ftp_remedies.ANONYMOUS_READ,
        ),
        Facet(
            id="anonymous-writable",
            question="Does the server claim that anyone may write?",
            layer=Source.NETWORK,
            severity=Severity.HIGH,
            required="nothing: it is a lead",
            remedy="Deny every write command to anonymous users.",
            reads=read_writable,
            judge=judge_writable,
        ),
        *ssh_entry.FACETS,
        Facet(
            id="world-readable-area",
            question="Can every account of the server read a private area?",
            layer=Source.ACCOUNT,
            severity=Severity.HIGH,
            required="declared private areas whose mode an account can see",
            remedy="Remove the rights of others on the private area (chmod o-rwx).",
            reads=read_world_readable,
            judge=judge_world_readable,
        ),
        Facet(
            id="neighbour-area",
            question="Can an account of one private area list another?",
            layer=Source.ACCOUNT,
            severity=Severity.HIGH,
            required="private areas outside the one where a supplied account lands",
            remedy="Confine each account to its own area (chroot, per-area groups).",
            reads=read_neighbour,
            judge=judge_neighbour,
        ),
        *ftp_posture.ZONE_FACETS,
        *sftp_posture.FACETS,
        *account_channels.FACETS,
        *log_uses.ZONE_FACETS,
    ),
)
