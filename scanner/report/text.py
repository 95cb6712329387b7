"""One host on one screen, for someone who was woken up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from scanner.model.case import moment
from scanner.model.failure import Grade
from scanner.model.finding import Cap, CredentialReport, HostReport, Verdict
from scanner.model.observation import (
    Effort,
    EndpointObservation,
    FtpFacts,
    IdentityDifference,
    Observations,
)
from scanner.model.product import Product
from scanner.model.reading import Observed
from scanner.report.document import nine, ranked_caps
from scanner.report.gaps import gap_texts
from scanner.report.lines import cut, safe, wrap
from scanner.report.paint import GRADE_INKS, Ink, Paint, number
from scanner.report.reach import reaches
from scanner.report.rows import (
    leads_of,
    place_of,
    row_lines,
    why_undecided,
    worst_failing,
)
from scanner.report.run_table import run_text
from scanner.report.sampled import samples

__all__ = ["INSPIRATION", "host_text", "run_text"]

INSPIRATION = "Megabus score, inspired by CNIL decision SAN-2022-009; the weights are our own."
_MOST_LEADS = 5
_MOST_GAPS = 6
_MOST_SKIPPED = 3
_NARROWEST = 60


def host_text(report: HostReport, *, width: int = 80, colour: bool = False) -> str:
    """Return the report of one host in lines of at most ``width`` columns (at least 60).

    The score and the next action come first, then the nine rows, then what lies beneath them.
    Everything that a server said is made safe again. Colour (SGR) only if ``colour``.
    """
    page = _Page(report, max(width, _NARROWEST), Paint(colour))
    return "\n".join(page.lines()) + "\n"


class _Page:
    """One report, one width: each method yields the lines of one part."""

    def __init__(self, report: HostReport, width: int, paint: Paint) -> None:
        self.report = report
        self.width = width
        self.paint = paint
        self.rows = nine(report)

    def lines(self) -> Iterator[str]:
        yield from self.head()
        yield from self.warnings()
        yield ""
        yield from self.next_action()
        yield ""
        for result in self.rows:
            yield from row_lines(result, self.width, self.paint, self.report.exceptions)
        yield ""
        yield from self.leads()
        yield from self.credentials()
        yield from self.endpoints()
        yield from self.gaps()
        yield from wrap(INSPIRATION, self.width, most=2)

    def head(self) -> Iterator[str]:
        told, report = self.report.assessment, self.report
        owner = f", {report.owner}" if report.owner else ""
        score = f"{number(told.score)}/100  "
        name, *more = wrap(
            f"{report.host} (asset {report.asset}{owner})", self.width - 3 - len(score), most=2
        )
        yield f"{self.paint(told.grade.value, GRADE_INKS[told.grade])}  {score}{name}"
        yield from self._under(" ".join(more))
        match = told.megabus_match
        yield from self._under(
            f"best case {number(told.best_case)}, coverage {number(told.coverage)} %;"
            f" Megabus: {match.matched} matched, {match.cleared} cleared, {match.unknown} unknown"
        )

    def warnings(self) -> Iterator[str]:
        told, report = self.report.assessment, self.report
        yield from self._breach()
        yield from self._mixed()
        if told.grade is Grade.U:
            yield from self._under(
                f"U: too little was decided; anything between {told.worst} and {told.best}"
            )
        if not self._answered():
            yield from self._under("NO PORT ANSWERED: nothing was seen of this host")
        yield from self._caps()
        if told.letter_lowered:
            yield from self._under(f"One letter down: {told.letter_lowered}")
        if report.decoy is not None and report.decoy.until >= moment(report.judged_at).date():
            yield from self._under(
                f"Declared decoy of {report.decoy.owner} until {report.decoy.until.isoformat()}:"
                " scored apart, starts no breach clock"
            )

    def _mixed(self) -> Iterator[str]:
        for look in self.report.observations:
            if look.mixed_identity:
                told = (
                    f"MIXED IDENTITY from {look.vantage}: {mixed_text(look.mixed_identity)};"
                    " the worst rules, nothing is closed, secrets go to pinned peers alone"
                )
                for line in wrap(told, self.width - 3, most=4):
                    yield f"   {self.paint(line, Ink.BAD)}"

    def _caps(self) -> Iterator[str]:
        """Tell the caps that bind in full, and the milder ones beneath them in one line each."""
        caps = ranked_caps(self.report.assessment.caps)
        for _, group in groupby(caps, key=lambda cap: (cap.grade, cap.trigger)):
            same = list(group)
            if same[0].grade is caps[0].grade:
                yield from self._under(_cap(same))
            else:
                told = f"also at {same[0].grade}: {same[0].reason}"
                yield f"   {cut(safe(told), self.width - 3)}"

    def _breach(self) -> Iterator[str]:
        since, severity = self.report.breach_candidate, self.report.breach_severity
        enisa = f"ENISA severity {number(severity.score)}, {severity.level}" if severity else ""
        if since is not None:
            told = f"BREACH CANDIDATE since {since}: GDPR art. 33 gives 72 hours. {enisa}"
            for line in wrap(told, self.width - 3, most=3):
                yield f"   {self.paint(line, Ink.BAD)}"
        else:
            yield from self._under(enisa)

    def next_action(self) -> Iterator[str]:
        worst = worst_failing(self.rows)
        if worst is not None:
            remedy = worst.remedy or "No remedy is on record; read the row below."
            yield from self._labelled("NEXT", remedy, most=4)
            told = f"{worst.id}, {worst.severity}"
            place = place_of(worst, self.width - 6 - len(f"({told}, )"))
            yield from self._labelled("", f"({told}, {place})" if place else f"({told})", most=1)
            return
        yield from self._labelled("NEXT", self._nothing_failed(), most=4)

    def _nothing_failed(self) -> str:
        unknown = [row for row in self.rows if row.verdict in {Verdict.UNKNOWN, Verdict.ERROR}]
        if not unknown:
            return "Nothing failed and nothing is unknown. Keep scanning every night."
        rows = "1 row is" if len(unknown) == 1 else f"{len(unknown)} rows are"
        told = f"Nothing failed, but {rows} not known, and unknown is not fine."
        if not self._answered():
            return f"{told} Mend the way to this host, or its entry in the targets file."
        return f"{told} First: {unknown[0].id}: {why_undecided(unknown[0])}."

    def _answered(self) -> bool:
        return any(
            endpoint.facts is not None
            for look in self.report.observations
            for endpoint in look.endpoints
        )

    def leads(self) -> Iterator[str]:
        found = [(row.id, lead) for row in self.rows for lead in leads_of(row)]
        found.sort(key=lambda pair: -pair[1].severity.rank)
        if not found:
            return
        yield self.paint("Leads (they decide nothing)", Ink.STRONG)
        for failure, lead in found[:_MOST_LEADS]:
            remedy = f". {lead.remedy}" if lead.remedy else ""
            yield from self._item(f"{lead.severity}, {failure}: {lead.summary}{remedy}", most=2)
        if len(found) > _MOST_LEADS:
            yield from self._item(f"{len(found) - _MOST_LEADS} more in the JSON report", most=1)

    def credentials(self) -> Iterator[str]:
        told = "; ".join(map(_credential, self.report.credentials)) or "none supplied"
        yield from self._part("Credentials", told, most=4)
        yield from self._part("Reach", "; ".join(reaches(self.report.observations)), most=3)
        yield from self._part("Files", "; ".join(samples(self.report.observations)), most=4)

    def endpoints(self) -> Iterator[str]:
        looks = sorted(self.report.observations, key=lambda seen: seen.vantage)
        for look in looks:
            for address, states in _states(look).items():
                told = f"{look.vantage}, {address}: {', '.join(states)}"
                yield from self._part("Endpoints", told, most=3)
        every = [endpoint.effort for look in looks for endpoint in look.endpoints]
        if every:
            yield from self._part(
                "Touched",
                f"{_many(sum(item.connections for item in every), 'connection')}{_allowed(every)},"
                f" {_many(sum(item.logins for item in every), 'login')}"
                f" ({sum(item.logins_failed for item in every)} refused),"
                f" {sum(item.bytes_received for item in every):,} bytes received",
                most=2,
            )

    def gaps(self) -> Iterator[str]:
        found = gap_texts(self.report.observations)
        if not self.report.observations:
            found = ["everything: no vantage looked at this asset"]
        if not found:
            return
        yield self.paint("Not looked at", Ink.STRONG)
        for text in found[:_MOST_GAPS]:
            yield from self._item(text, most=3)
        if len(found) > _MOST_GAPS:
            yield from self._item(f"{len(found) - _MOST_GAPS} more in the JSON report", most=1)

    def _under(self, text: str) -> Iterator[str]:
        for line in wrap(text, self.width - 3, most=3):
            yield f"   {line}"

    def _labelled(self, label: str, text: str, *, most: int) -> Iterator[str]:
        for index, line in enumerate(wrap(text, self.width - 6, most=most)):
            shown = label if index == 0 else ""
            yield self.paint(shown, Ink.STRONG) + " " * (6 - len(shown)) + line

    def _part(self, label: str, text: str, *, most: int) -> Iterator[str]:
        for index, line in enumerate(wrap(text, self.width - 13, most=most)):
            shown = label if index == 0 else ""
            yield self.paint(shown, Ink.STRONG) + " " * (13 - len(shown)) + line

    def _item(self, text: str, *, most: int) -> Iterator[str]:
        for index, line in enumerate(wrap(text, self.width - 4, most=most)):
            yield ("  - " if index == 0 else "    ") + line


def mixed_text(differences: Sequence[IdentityDifference]) -> str:
    """Tell by what, and where, the addresses of a name differ."""
    by_port: dict[int, list[str]] = {}
    for difference in differences:
        by_port.setdefault(difference.port, []).append(difference.mark.replace("-", " ", 1))
    marks = "; ".join(f"port {port}: {', '.join(names)}" for port, names in by_port.items())
    addresses = dict.fromkeys(address for each in differences for address in each.seen)
    return f"{', '.join(map(safe, addresses))} differ ({marks})"


def _allowed(every: Iterable[Effort]) -> str:
    most = sum(item.connection_budget for item in every)
    return f" ({most} allowed)" if most else ""


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _cap(same: Sequence[Cap]) -> str:
    """Tell one cap, whatever number of vantages and failures it shows from."""
    stale = ", not seen tonight but not cleared" if all(cap.stale for cap in same) else ""
    where = dict.fromkeys(name for cap in same for name in (cap.failure, cap.vantage) if name)
    since = min(cap.since[:10] for cap in same)
    first = same[0]
    return f"Held at {first.grade}: {first.reason} ({', '.join(where)}, since {since}{stale})"


def _credential(credential: CredentialReport) -> str:
    detail = f" ({credential.detail})" if credential.detail else ""
    names = list(credential.skipped[:_MOST_SKIPPED])
    if more := len(credential.skipped) - len(names):
        names.append(f"{more} more")
    skipped = f", so not asked: {', '.join(names)}" if names else ""
    return f"{credential.username} {credential.status.replace('-', ' ')}{detail}{skipped}"


def _states(look: Observations) -> dict[str, list[str]]:
    """Return the ports of each address, with their states."""
    found: dict[str, list[str]] = {}
    for endpoint in sorted(look.endpoints, key=lambda one: (one.address, one.port)):
        found.setdefault(safe(endpoint.address), []).append(_state(endpoint))
    return found


def _state(endpoint: EndpointObservation) -> str:
    told = endpoint.state.value.replace("-", " ")
    return f"{endpoint.protocol} {endpoint.port} {told}{_product(endpoint)}"


def _product(endpoint: EndpointObservation) -> str:
    facts = endpoint.facts
    software = facts.software if isinstance(facts, FtpFacts) else None
    if not isinstance(software, Observed) or software.value.product is Product.UNKNOWN:
        return ""
    named = f"{software.value.product} {software.value.version}".rstrip()
    return f" ({safe(named)})"
