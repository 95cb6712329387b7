"""Are exports moved so that a change would show? The facets of uncontrolled migration on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scanner.checks.base import Facet, Question, Ruling, failed, passed, undecided
from scanner.checks.questions import logins, was_cut
from scanner.model.case import Case
from scanner.model.finding import Confidence, Severity, Source
from scanner.model.frozen import dataclass
from scanner.model.reading import Observed
from scanner.model.view import IntegritySeen, NameSigns


@dataclass(frozen=True, slots=True)
class Exports:
    """What lies beside an order's exports; ``cut`` says why there may be more, if there may."""

    seen: IntegritySeen
    cut: str


def read_integrity(case: Case) -> Iterator[Question[Exports]]:
    """Ask every login that saw exports of an order."""
    for login in logins(case):
        if isinstance(login.view, Observed):
            for seen in login.view.value.walk.integrity:
                way = f"{seen.order_id} by {login.way_in}"
                exports = Exports(seen, was_cut(login.view.value))
                yield Question(login.vantage, way, Observed(exports, login.view.evidence))


def judge_integrity(exports: Exports, _case: Case) -> Ruling:
    """A checksum or a signature for each export is a sign of procedure; none tells nothing."""
    seen = exports.seen
    named = seen.order_id
    proofs = max(seen.summed, seen.signed)
    if not proofs:
        return undecided(f"{named}: no checksum or signature beside the export", "no-sidecar")
    kinds = {"checksums": seen.summed, "signatures": seen.signed}
    told = " and ".join(f"{count} {kind}" for kind, count in kinds.items() if count)
    if proofs < seen.exports:
        what = f"{named}: {told} for {seen.exports} files"
        return undecided(f"{what}; the others have none", "no-sidecar")
    if seen.weak and seen.weak >= seen.summed > seen.signed:
        return undecided(f"{named}: checksums of MD5 or SHA-1 alone", "weak-checksum")
    noun = "file" if seen.exports == 1 else "files"
    return _of_all(exports, f"{named}: {told} for {seen.exports} {noun}")


def _of_all(exports: Exports, told: str) -> Ruling:
    """Pass where these are all exports of the order."""
    return undecided(f"{told}, but {exports.cut}", "walk-cut") if exports.cut else passed(told)


def read_comparison(case: Case) -> Iterator[Question[Exports]]:
    """Ask every login that saw an order's exports with a checksum or a signature."""
    for question in read_integrity(case):
        reading = question.reading
        if isinstance(reading, Observed) and (
            reading.value.seen.summed or reading.value.seen.signed or reading.value.seen.unverified
        ):
            yield question


def judge_comparison(exports: Exports, _case: Case) -> Ruling:
    """One file that is not what its checksum says is proof; one that is, is a pass."""
    seen = exports.seen
    named, compared = seen.order_id, seen.verified + seen.mismatched
    if seen.mismatched:
        verb = "is" if seen.mismatched == 1 else "are"
        told = f"{named}: {seen.mismatched} of {compared} compared files {verb} not what the "
        return failed(
            f"{told}checksum beside says (in {', '.join(seen.mismatched_in)})",
            evidence=seen.evidence,
        )
    if seen.verified:
        verb = "file is" if seen.verified == 1 else "files are"
        return passed(f"{named}: {seen.verified} {verb} what the checksum beside says")
    return undecided(f"{named}: nothing was compared ({seen.unverified})", "unverified")


def judge_manifest(exports: Exports, _case: Case) -> Ruling:
    """A manifest beside the export is a strong sign of procedure; none tells nothing."""
    seen = exports.seen
    words = {"bagit": "a BagIt manifest", "order-manifest": "an order manifest"}
    told = " and ".join(words[kind] for kind in seen.manifests if kind in words)
    if told:
        return passed(f"{seen.order_id}: {told} lies beside the export")
    return undecided(f"{seen.order_id}: no manifest beside the export", "no-sidecar")


def judge_tickets(exports: Exports, _case: Case) -> Ruling:
    """A ticket's number in every path is a strong sign of procedure; none tells nothing."""
    seen = exports.seen
    if seen.ticketed == seen.exports:
        told = f"{seen.order_id}: every path bears the order's or a ticket's number"
        return _of_all(exports, told)
    without = seen.exports - seen.ticketed
    return undecided(f"{seen.order_id}: {without} paths bear no order's number", "no-ticket")


def read_optional(case: Case) -> Iterator[Question[Exports]]:
    """Ask like ``read_integrity``; nothing has to be there."""
    for each in read_integrity(case):
        yield Question(each.vantage, each.way_in, each.reading, required=False)


def read_names(case: Case) -> Iterator[Question[NameSigns]]:
    """Ask every login whose walk met names that say draft, test or old."""
    for login in logins(case):
        if not isinstance(login.view, Observed):
            continue
        names = login.view.value.walk.names
        if names.drafts or names.leftovers:
            reading = Observed(names, login.view.evidence)
            yield Question(login.vantage, login.way_in, reading, required=False)


def judge_names(names: NameSigns, _case: Case) -> Ruling:
    """Names are weak: they suggest that files are moved by hand."""
    parts = []
    if names.drafts:
        parts.append(f"{names.drafts} names count versions by hand")
    if names.leftovers:
        parts.append(f"{names.leftovers} say test, temporary or old beside customers' folders")
    return failed(" and ".join(parts), Confidence.WEAK)


_WRITE_SUMS = "Write a SHA-256 file or a detached signature beside each export."
INTEGRITY_FACETS: tuple[Facet[Any], ...] = (
    Facet(
        id="integrity-proof",
        question="Does a checksum or signature lie beside each export?",
        layer=Source.ACCOUNT,
        severity=Severity.MEDIUM,
        required="orders whose files are present",
        remedy=_WRITE_SUMS,
        reads=read_integrity,
        judge=judge_integrity,
    ),
    Facet(
        id="checksum-verified",
        question="Is an export what the checksum beside it says?",
        layer=Source.ACCOUNT,
        severity=Severity.MEDIUM,
        required="orders whose files have a checksum or a signature",
        remedy="Find out which is wrong, file or checksum; deliver the export again.",
        reads=read_comparison,
        judge=judge_comparison,
    ),
    Facet(
        id="export-manifest",
        question="Does a manifest lie beside each export?",
        layer=Source.ACCOUNT,
        severity=Severity.INFO,
        required="nothing: a manifest is a sign of procedure, its absence is none",
        remedy="Put the order's manifest beside its export, or deliver it as a bag (RFC 8493).",
        reads=read_optional,
        judge=judge_manifest,
    ),
    Facet(
        id="ticket-in-path",
        question="Does the path of each export bear its order's number?",
        layer=Source.ACCOUNT,
        severity=Severity.INFO,
        required="nothing: a number is a sign of procedure, its absence is none",
        remedy="Give each order a folder that bears its number.",
        reads=read_optional,
        judge=judge_tickets,
    ),
    Facet(
        id="hand-made-names",
        question="Do names tell of files that are moved by hand?",
        layer=Source.ACCOUNT,
        severity=Severity.LOW,
        required="nothing: names are weak signs",
        remedy="Let the export job name its files; keep tests away from customers' folders.",
        reads=read_names,
        judge=judge_names,
    ),
)
