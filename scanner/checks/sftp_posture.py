"""The SFTP facets of the open zone: how far a login reaches beyond its own folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from scanner.checks.base import Facet, Question, Ruling, failed, passed, undecided
from scanner.model.case import Case
from scanner.model.finding import Confidence, Severity, Source
from scanner.model.frozen import dataclass
from scanner.model.listing import FIRST_PERSON, NOBODY, Outcome
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.sftp import (
    Confinement,
    Neighbours,
    PathSeen,
    Presence,
    SftpFacts,
    Sibling,
)
from scanner.model.ssh import SshFacts
from scanner.model.view import AccountView, Walk, Zone

T = TypeVar("T")

_OTHERS_READ = 0o004
_OTHERS_WRITE = 0o002
_GROUP_WRITES = 0o020
_OWNER_WRITES = 0o200
_ROOT = "the root"
_WEAK, _STRONG = Confidence.WEAK, Confidence.STRONG
_CONFINE = (
    "Confine transfer accounts: ChrootDirectory with ForceCommand internal-sftp (OpenSSH), "
    "DefaultRoot ~ (ProFTPD)."
)


def accounts_of(case: Case) -> Iterator[tuple[str, str, AccountView]]:
    """Yield each account that was tried over SSH, with its vantage and its way in."""
    for vantage, endpoint in case.endpoints():
        if isinstance(endpoint.facts, SshFacts):
            for account in endpoint.facts.accounts:
                yield vantage, f"{endpoint.way_in} as {account.username}", account


def _asked(case: Case, pick: Callable[[SftpFacts], Reading[T]]) -> Iterator[Question[T]]:
    """Ask every account whose session was opened; what was kept shut is the walk's to tell."""
    for vantage, way_in, account in accounts_of(case):
        if isinstance(account.sftp, Observed):
            reading = pick(account.sftp.value)
            if isinstance(reading, Observed):
                reading = Observed(reading.value, reading.evidence + account.sftp.evidence)
            elif reading.reason is Reason.NOT_OFFERED:
                continue
            yield Question(vantage, way_in, reading, required=False)


@dataclass(frozen=True, slots=True)
class Beside:
    """The neighbours of a home, and the uid that owns the home."""

    seen: Neighbours
    uid: int | None


def read_siblings(case: Case) -> Iterator[Question[Beside]]:
    """Ask what lies beside each account's home."""

    def pick(facts: SftpFacts) -> Reading[Beside]:
        if isinstance(facts.neighbours, Unobserved):
            return facts.neighbours
        return Observed(Beside(facts.neighbours.value, _owner(facts.home)))

    return _asked(case, pick)


def _owner(home: Reading[PathSeen]) -> int | None:
    told = home.value.attributes if isinstance(home, Observed) else None
    return None if told is None else told.uid


def judge_siblings(beside: Beside, _case: Case) -> Ruling:
    """Names that were listed are proof of reading; whose they are needs more.

    It is another customer's tree where the owner declared so (a private area that the home does
    not lie in), or where the server gives it to another person than the home's: a uid of 1000 or
    more, neither the home's own nor nobody's. A folder of root's or of a system account may be
    anything; one of the same uid may be the account's own, or a server's with one uid for all;
    and a home of root's speaks of a privileged account, or of a folder that tells nothing. Those
    are leads. What is declared public may be listed.
    """
    seen = beside.seen
    listed = [each for each in seen.siblings if _is_listed(each) and not each.public]
    others = [each for each in listed if each.entries and _is_another(each, beside.uid)]
    if others:
        count = len(others)
        return failed(f"an account can list {_folders(count)} of others beside its home")
    unclear = [each for each in listed if each.uid != 0 or beside.uid in {0, None}]
    if unclear:
        told = f"an account can list {_folders(len(unclear))} beside its home"
        return failed(f"{told}; whose is not told", _WEAK, severity=Severity.MEDIUM)
    if seen.outcome is not Outcome.LISTED:
        return passed(f"what lies beside the home is {seen.outcome}")
    told = f"an account sees the names of {_folders(seen.folders)} beside its home"
    missed = len(seen.siblings) < seen.folders or not seen.complete
    if missed or any(isinstance(each.outcome, Unobserved) for each in seen.siblings):
        return undecided(f"{told}, not all of them tried", Reason.SAMPLE_BUDGET)
    return passed(f"{told} and reads none of others")


def _is_listed(sibling: Sibling) -> bool:
    return sibling.outcome == Observed(Outcome.LISTED)


def _is_another(sibling: Sibling, own: int | None) -> bool:
    if sibling.foreign:
        return True
    if not own or sibling.uid is None or sibling.uid in NOBODY:
        return False
    return sibling.uid >= FIRST_PERSON and sibling.uid != own


def _folders(count: int) -> str:
    return "1 folder" if count == 1 else f"{count} folders"


@dataclass(frozen=True, slots=True)
class Mode:
    """The permission bits of a folder, and our own name for it."""

    what: str
    mode: int


def read_modes(case: Case) -> Iterator[Question[Mode]]:
    """Ask for the mode of each home, and of each declared private area that was met."""

    def pick(facts: SftpFacts) -> Reading[Mode]:
        if isinstance(facts.home, Unobserved):
            return facts.home
        told = facts.home.value.attributes
        if told is None or told.mode is None:
            return Unobserved(Reason.UNREADABLE, "the server tells no mode of the home")
        what = _ROOT if facts.home.value.path == "/" else "the home"
        return Observed(Mode(what, told.mode))

    yield from _asked(case, pick)
    for vantage, way_in, account in accounts_of(case):
        if isinstance(account.view, Observed):
            for area in account.view.value.walk.areas:
                if area.zone is Zone.PRIVATE and area.mode is not None:
                    mode = Mode(f"private area {area.path}", area.mode)
                    yield Question(
                        vantage, way_in, Observed(mode, account.view.evidence), required=False
                    )


def judge_modes(seen: Mode, _case: Case) -> Ruling:
    """The mode is the server's word and nobody tried to write: a strong sign, no proof.

    That everyone may read a home is what most systems begin with: a lead. Everyone has to read
    a root, and it stands apart from what lies in it.
    """
    told = f"(mode {seen.mode:04o})"
    if seen.mode & _OTHERS_WRITE:
        return failed(f"{seen.what} is writable by every account of the server {told}", _STRONG)
    if seen.what == _ROOT:
        return passed(f"the home is the root, and others may not write in it {told}")
    if seen.mode & _OTHERS_READ:
        return failed(f"{seen.what} is world-readable {told}", _WEAK, severity=Severity.LOW)
    return passed(f"{seen.what} is closed to others {told}")


def read_confinement(case: Case) -> Iterator[Question[Confinement]]:
    """Ask each account."""
    return _asked(case, lambda facts: facts.confinement)


def judge_confinement(seen: Confinement, _case: Case) -> Ruling:
    """A copy of a whole system in a jail looks like one: seeing it is a lead, not more."""
    signs = "; ".join(seen.signs)
    if seen.confined is None:
        return undecided(f"whether an account is confined cannot be told ({signs})", "unclear")
    if not seen.confined:
        return failed("an account sees the whole system (/etc/passwd, /usr, /proc)", _WEAK)
    return passed(f"an account is confined to a folder of its own ({signs})")


def read_root(case: Case) -> Iterator[Question[Confinement]]:
    """Ask each account that is confined."""
    for question in read_confinement(case):
        reading = question.reading
        if isinstance(reading, Observed) and reading.value.confined:
            yield question


def judge_root(seen: Confinement, _case: Case) -> Ruling:
    """Who may write in the root can plant what a session loads from it."""
    told = seen.root.attributes
    if told is None or told.mode is None:
        return undecided("the server tells no mode of the root", Reason.UNREADABLE)
    words = f"(mode {told.mode:04o})"
    if told.mode & _OTHERS_WRITE:
        return failed(f"the root of a confined account is writable by anyone {words}", _WEAK)
    if told.mode & _GROUP_WRITES:
        return failed(f"the root of a confined account is writable by a group {words}", _WEAK)
    if told.uid:
        return failed(f"the root of a confined account belongs to a user {words}", _WEAK)
    return passed(f"only root may write in the root of a confined account {words}")


@dataclass(frozen=True, slots=True)
class Keys:
    """The key files of a home, ``.ssh`` first, and the uid that owns the home."""

    seen: tuple[PathSeen, ...]
    uid: int | None


def read_key_files(case: Case) -> Iterator[Question[Keys]]:
    """Ask for the key files of each home."""

    def pick(facts: SftpFacts) -> Reading[Keys]:
        if isinstance(facts.key_files, Unobserved):
            return facts.key_files
        return Observed(Keys(facts.key_files.value, _owner(facts.home)))

    return _asked(case, pick)


def judge_key_files(keys: Keys, _case: Case) -> Ruling:
    """Who may write ``authorized_keys`` logs in as the account.

    That the account may, too, is usual and worth less: whoever has its password once can stay.
    That others may read public keys tells them little, and is mentioned.
    """
    open_ones = [text for path in keys.seen if (text := _written_by(path))]
    if open_ones:
        return failed(f"key files may be written by others: {', '.join(open_ones)}", _WEAK)
    own = [path.path for path in keys.seen[1:] if _is_its_own(path, keys.uid)]
    if own:
        told = f"an account may write its own key files: {', '.join(own)}"
        return failed(told, _WEAK, severity=Severity.LOW)
    if not all(map(_is_told, keys.seen)):
        return undecided("the server does not tell who may write key files", Reason.UNREADABLE)
    there = [path.path for path in keys.seen if path.presence == Observed(Presence.PRESENT)]
    read = [path.path for path in keys.seen[1:] if _mode(path) & _OTHERS_READ]
    readable = f"; anyone may read {', '.join(read)}" if read else ""
    return passed(
        f"others may not write {', '.join(there) or 'key files: there are none'}{readable}"
    )


def _is_told(path: PathSeen) -> bool:
    """Whether a path is known to be missing, or its mode is known."""
    if path.presence == Observed(Presence.MISSING):
        return True
    return path.attributes is not None and path.attributes.mode is not None


def _mode(path: PathSeen) -> int:
    """Return the permission bits, none where they are not told."""
    return (path.attributes.mode if path.attributes else None) or 0


def _is_its_own(path: PathSeen, uid: int | None) -> bool:
    owner = path.attributes.uid if path.attributes else None
    return bool(uid) and owner == uid and bool(_mode(path) & _OWNER_WRITES)


def _written_by(path: PathSeen) -> str:
    mode = _mode(path)
    if not mode & (_OTHERS_WRITE | _GROUP_WRITES):
        return ""
    who = "anyone" if mode & _OTHERS_WRITE else "a group"
    return f"{path.path} by {who} ({mode:04o})"


@dataclass(frozen=True, slots=True)
class Links:
    """What a walk met of links, and whether the account is confined."""

    walk: Walk
    confined: bool


def read_links(case: Case) -> Iterator[Question[Links]]:
    """Ask what links each account's walk met."""
    for vantage, way_in, account in accounts_of(case):
        if isinstance(account.view, Observed):
            links = Links(account.view.value.walk, _is_confined(account.sftp))
            reading = Observed(links, account.view.evidence)
            yield Question(vantage, way_in, reading, required=False)


def _is_confined(sftp: Reading[SftpFacts]) -> bool:
    confinement = sftp.value.confinement if isinstance(sftp, Observed) else sftp
    return isinstance(confinement, Observed) and confinement.value.confined is True


def judge_links(links: Links, _case: Case) -> Ruling:
    """A link that leads out of a confined area leads nowhere: the root stays the root."""
    walk = links.walk
    if walk.links_outside and links.confined:
        return passed(f"{walk.links_outside} links name places outside, which are out of reach")
    if walk.links_outside:
        return failed(f"{walk.links_outside} links lead out of what the account was given", _WEAK)
    if walk.links_untold or not walk.complete:
        return undecided("where every link leads is not known", Reason.SAMPLE_BUDGET)
    return passed(f"none of {walk.links} links leads out")


FACETS: tuple[Facet[Any], ...] = (
    Facet(
        id="sftp-neighbours",
        question="Can an account list what lies beside its home?",
        layer=Source.ACCOUNT,
        severity=Severity.HIGH,
        required="nothing: it fails where the folders are shown to be of others",
        remedy=_CONFINE,
        reads=read_siblings,
        judge=judge_siblings,
    ),
    Facet(
        id="sftp-world-writable",
        question="Can every account of the server write in a home or a private area?",
        layer=Source.ACCOUNT,
        severity=Severity.HIGH,
        required="nothing: a mode is the server's word",
        remedy="Remove the rights of others on the folder (chmod o-rwx).",
        reads=read_modes,
        judge=judge_modes,
    ),
    Facet(
        id="sftp-confinement",
        question="Is each account confined to a folder of its own?",
        layer=Source.ACCOUNT,
        severity=Severity.MEDIUM,
        required="nothing: it is a lead",
        remedy=_CONFINE,
        reads=read_confinement,
        judge=judge_confinement,
    ),
    Facet(
        id="sftp-writable-root",
        question="Can anyone but root write in the root of a confined account?",
        layer=Source.ACCOUNT,
        severity=Severity.MEDIUM,
        required="nothing: it is a lead",
        remedy="Give the ChrootDirectory to root alone (mode 0755); let accounts write below it.",
        reads=read_root,
        judge=judge_root,
    ),
    Facet(
        id="sftp-key-files",
        question="Can others, or the account, write its key files?",
        layer=Source.ACCOUNT,
        severity=Severity.MEDIUM,
        required="nothing: it is a lead",
        remedy=(
            "chmod go-w on .ssh and its files; StrictModes yes; AuthorizedKeysFile outside homes."
        ),
        reads=read_key_files,
        judge=judge_key_files,
    ),
    Facet(
        id="sftp-links",
        question="Do links lead out of what an account was given?",
        layer=Source.ACCOUNT,
        severity=Severity.MEDIUM,
        required="nothing: it is a lead",
        remedy="Remove the links, and confine the account (ChrootDirectory).",
        reads=read_links,
        judge=judge_links,
    ),
)
"""In the order of the report."""
