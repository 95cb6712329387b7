"""Personal data, health data or secrets lie in files that are not encrypted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from scanner.checks.base import Check, Facet, Question, Ruling, failed, passed, undecided
from scanner.checks.controls import controls_of
from scanner.checks.personal import (
    Harm,
    Share,
    content_of,
    harm_in,
    harm_over,
    is_untold,
    share_of,
)
from scanner.checks.questions import logins, was_cut
from scanner.model.case import Case
from scanner.model.content import DataClass
from scanner.model.failure import CapTrigger, FailureId
from scanner.model.finding import Severity, Source
from scanner.model.frozen import dataclass, replace
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.target import Protocol
from scanner.model.view import FileFact, View, Walk, Zone


@dataclass(frozen=True, slots=True)
class Store:
    """What one login saw of the files, and whether anyone could have had that login.

    ``harm`` is what all logins of its kind saw together; ``zones`` are the figures of the public
    zone (what anyone reads) and of the private one (what accounts read outside the declared public
    areas), as far as seen.
    """

    view: View
    open_to_all: bool
    harm: Harm
    zones: Mapping[str, Share]


def read_stores(case: Case) -> Iterator[Question[Store]]:
    """Ask what every login saw; without an account, say that nobody looked behind the door.

    Anonymous alone sees enough only where the owner declares public areas and no private one.
    """
    looked = bool(case.target.areas.public) and not case.target.areas.private
    together = _together(case)
    for login in logins(case):
        reading: Reading[Store]
        if isinstance(login.view, Unobserved):
            reading = login.view
        else:
            harm, _ = together[login.vantage, login.open_to_all]
            zones = _zones(together, login.vantage)
            store = Store(login.view.value, login.open_to_all, harm, zones)
            reading = Observed(store, login.view.evidence)
            looked = looked or not login.open_to_all
        yield Question(login.vantage, login.way_in, reading)
    if not looked:
        for seen in case.observations:
            nobody = Unobserved(Reason.NOT_LOOKED_AT, "no account could look at the files")
            yield Question(seen.vantage, "", nobody)


def _together(case: Case) -> dict[tuple[str, bool], tuple[Harm, Share]]:
    """Return what the logins of one vantage, with or without authentication, saw together.

    FTP shows a tree from where it confines a login, SFTP often from the root of the machine. Over
    the two a file cannot be known again by its path: the one that saw more files is believed.
    """
    views: dict[tuple[str, bool], dict[bool, list[tuple[FileFact, ...]]]] = {}
    for login in logins(case):
        if isinstance(login.view, Observed):
            kind = views.setdefault((login.vantage, login.open_to_all), {})
            family = kind.setdefault(login.protocol is Protocol.SFTP, [])
            family.append(login.view.value.walk.files)
    return {
        (vantage, open_to_all): max(
            (
                (harm_over(seen), _share(seen, open_to_all=open_to_all))
                for seen in families.values()
            ),
            key=lambda told: (told[0].files, told[1].sampled),
        )
        for (vantage, open_to_all), families in views.items()
    }


def _share(views: Iterable[tuple[FileFact, ...]], *, open_to_all: bool) -> Share:
    """Return the figures of what these logins saw. What accounts see of public areas is public."""
    return share_of(
        file for file in chain.from_iterable(views) if open_to_all or file.zone is not Zone.PUBLIC
    )


def _zones(
    together: Mapping[tuple[str, bool], tuple[Harm, Share]], vantage: str
) -> dict[str, Share]:
    """Return the figures of one vantage, the public zone first; zones unseen are left out."""
    names = {True: "public zone", False: "private zone"}
    return {
        name: together[vantage, open_to_all][1]
        for open_to_all, name in names.items()
        if (vantage, open_to_all) in together
    }


def judge_store(store: Store, case: Case) -> Ruling:
    """Clear personal data are a fail; a pass needs the whole sampling plan carried out.

    What anyone can read is seen from the network, with no account.
    """
    source = Source.NETWORK if store.open_to_all else Source.ACCOUNT
    return replace(_ruling(store, case), source=source)


def _ruling(store: Store, case: Case) -> Ruling:
    walk = store.view.walk
    harm = store.harm
    where = "without authentication" if store.open_to_all else "with an account"
    if harm_in(walk.files):
        return failed(
            f"{harm.words}, readable {where}; {_figures(store)}",
            severity=_severity(harm.classes, open_to_all=store.open_to_all),
            caps=(
                CapTrigger.OPEN_PERSONAL_DATA
                if store.open_to_all
                else CapTrigger.CLEAR_PRIVATE_DATA,
            ),
        )
    return _without_harm(store, min(walk.eligible, case.target.limits.files_sampled))


def _figures(store: Store) -> str:
    """Return what share lies in clear in each zone, and how many exports are encrypted."""
    told = [f"{name}: {share.words}" for name, share in store.zones.items() if share.sampled]
    told += [
        f"{name}: {share.coverage}" if len(store.zones) > 1 else share.coverage
        for name, share in store.zones.items()
        if share.coverage
    ]
    return "; ".join(told)


def _severity(classes: frozenset[DataClass], *, open_to_all: bool) -> Severity:
    return Severity.CRITICAL if open_to_all or DataClass.SECRET in classes else Severity.HIGH


def _without_harm(store: Store, planned: int) -> Ruling:
    walk = store.view.walk
    if cut := was_cut(store.view):
        return undecided(f"nothing personal seen, but {cut}", "walk-cut")
    if walk.sampled < planned:
        told = f"nothing personal in {walk.sampled} of {planned} files that were to be sampled"
        return undecided(told, Reason.SAMPLE_BUDGET)
    kept = [file for file in walk.files if content_of(file)]
    if len(kept) < walk.sampled:
        told = f"{walk.sampled - len(kept)} sampled files are beyond what is kept of a walk"
        return undecided(told, Reason.SAMPLE_BUDGET)
    untold = sum(map(is_untold, kept))
    if untold:
        told = f"{untold} of {walk.sampled} sampled files do not show whether they are encrypted"
        return undecided(told, "opaque-content")
    if walk.links and not walk.sampled:
        return undecided(f"only {walk.links} links were met, which are not followed", "links-only")
    return _clean(walk, kept)


def _clean(walk: Walk, kept: Sequence[FileFact]) -> Ruling:
    if not walk.entries:
        return passed("the area was walked whole and is empty")
    coverage = share_of(kept).coverage or "no export was among them"
    return passed(f"nothing personal in clear in {walk.sampled} sampled files; {coverage}")


CHECK = Check(
    id=FailureId.CLEAR_STORAGE,
    ref="MB-02",
    title="Clear storage",
    says="personal data, health data or secrets lie in files that are not encrypted",
    cleared="nothing personal was seen in clear, by any login",
    remedy="Encrypt exports before they reach the server (age, OpenPGP); keep keys elsewhere.",
    controls=controls_of(FailureId.CLEAR_STORAGE),
    facets=(
        Facet(
            id="clear-data",
            question="Are personal data or secrets stored in clear?",
            layer=Source.ACCOUNT,
            severity=Severity.HIGH,
            required="every login that can see files; without one the row stays unknown",
            remedy="Encrypt or remove these files now; then encrypt every export at its source.",
            reads=read_stores,
            judge=judge_store,
        ),
    ),
)
