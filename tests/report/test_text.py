from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.model.failure import FailureId
from scanner.model.finding import CredentialReport, Severity, Source, Verdict
from scanner.report.lines import cells
from scanner.report.text import host_text
from tests.report import builders

BAD = """\
F  14.1/100  ftp.example.org (asset ftp-archive-01, Data exchange team)
   best case 19, coverage 64.6 %; Megabus: 3 matched, 2 cleared, 3 unknown
   BREACH CANDIDATE since 2026-07-01T02:13:00Z: GDPR art. 33 gives 72 hours.
   ENISA severity 4.5, very high
   Held at F: personal data or secrets are readable without authentication
   (clear-storage, internet, since 2026-07-01, not seen tonight but not cleared)
   also at D: an anonymous visitor can list outside the declared public areas
   One letter down: open-zone has been open for 34 days

NEXT  Turn anonymous logins off, and move public files to a web server.
      (open-zone, critical, internet: ftp 192.0.2.1:21)

x FAIL  open-zone               critical  internet: ftp 192.0.2.1:21
        anyone can log in as anonymous and list 12 entries; open 34 days
x FAIL  clear-storage           critical  internet: ftp 192.0.2.1:21
        1 file in clear holds health data: 40 values of kind nir
x FAIL  plaintext-transport     high      internet: ftp 192.0.2.1:21 +1
        a named user is asked for a password in clear (331); also clear-data;
        risk accepted until 2027-01-31 by CISO
? ????  overdue-deletion                  not looked at
? ????  shared-account                    internet: ftp 192.0.2.1:21
        suspected: two accounts land on one uid
+ PASS  missing-supervision               internet: ftp 192.0.2.1:21
        the drill of 2026-06-01 raised its alert in 3 minutes (operator's word)
+ PASS  uncontrolled-migration            papers
        a procedure is declared, reviewed 2026-05-01 (on paper, not verified)
! BUG   excess-extraction                 the check failed
- N/A   missing-contract
        the data are our own (signed by DPO, until 2027-06-30)

Leads (they decide nothing)
  - low, plaintext-transport: SSH offers SHA-1 MACs. Take hmac-sha1 out of the
    server's MACs.
Credentials  lab-transfer accepted; migration partial (a second factor is asked
             for), so not asked: readable-data, shared-keys
Reach        partner sees the whole system, 2 folders beside the home, none
             readable
Files        anonymous 2 of 4 read, 7 left (the bytes for sampling were spent);
             lab-transfer 2 of 4 read, 7 left (the bytes for sampling were
             spent)
Endpoints    internet, 192.0.2.1: ftp 21 open (vsftpd 3.0.3), sftp 22 open, ftps
             990 closed
Touched      9 connections (409 allowed), 4 logins (1 refused), 70,000 bytes
             received
Not looked at
  - part of the files of anonymous, part of the files of lab-transfer: sample
    budget, walk cut by depth (internet: ftp 192.0.2.1:21)
  - login methods of old: throttled, turned away (internet: sftp 192.0.2.1:22)
  - files of migration: no login, a second factor is asked for (internet: sftp
    192.0.2.1:22)
  - forwarding of partner, files of partner: timeout, no answer in time
    (internet: sftp 192.0.2.1:22)
Megabus score, inspired by CNIL decision SAN-2022-009; the weights are our own.
"""

SILENT = """\
U  0/100  ftp.example.org (asset ftp-archive-01, Data exchange team)
   best case 100, coverage 0 %; Megabus: 0 matched, 0 cleared, 9 unknown
   U: too little was decided; anything between F and A
   NO PORT ANSWERED: nothing was seen of this host

NEXT  Nothing failed, but 9 rows are not known, and unknown is not fine. Mend
      the way to this host, or its entry in the targets file.

? ????  open-zone                         not looked at
? ????  clear-storage                     not looked at
? ????  plaintext-transport               not looked at
? ????  overdue-deletion                  not looked at
? ????  shared-account                    not looked at
? ????  missing-supervision               not looked at
? ????  uncontrolled-migration            not looked at
? ????  excess-extraction                 not looked at
? ????  missing-contract                  not looked at

Credentials  none supplied
Not looked at
  - everything: name not resolved, no address for ftp.example.org (internet)
Megabus score, inspired by CNIL decision SAN-2022-009; the weights are our own.
"""

HOSTILE = st.text(alphabet=st.characters(exclude_categories=()), max_size=400)


def test_a_bad_host_reads_like_this() -> None:
    assert host_text(builders.bad_report()) == BAD


def test_a_silent_host_reads_like_this() -> None:
    assert host_text(builders.silent_report()) == SILENT


def test_a_good_host_asks_for_nothing() -> None:
    text = host_text(builders.good_report())
    assert text.startswith("A  100/100  sftp.example.org")
    assert "NEXT  Nothing failed and nothing is unknown." in text
    assert text.count("+ PASS") == 9


def test_a_decoy_is_called_one() -> None:
    text = host_text(builders.decoy_report())
    assert "Declared decoy of SOC until 2027-01-31: scored apart" in text


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    for report in (builders.bad_report(), builders.silent_report(), builders.good_report()):
        assert max(map(cells, host_text(report, width=width).splitlines())) <= width


@given(HOSTILE)
def test_whatever_a_server_says_stays_in_its_lines(said: str) -> None:
    report = builders.bad_report()
    row = report.failures[0]
    finding = replace(row.findings[0], ways_in=(said,), summary=said, vantage=said)
    lead = replace(finding, severity=Severity.LOW, remedy=said)
    bad = replace(row, summary=said, remedy=said, reason=said, findings=(finding, lead))
    unknown = replace(bad, id=FailureId.CLEAR_STORAGE, verdict=Verdict.UNKNOWN)
    look = builders.look(
        vantage=said,
        out_of_scope=(said,),
        endpoints=tuple(
            replace(one, address=said, detail=said, fault=said) for one in builders.endpoints()
        ),
    )
    hostile = replace(
        report,
        host=said,
        asset=said,
        owner=said,
        observations=(look,),
        failures=(bad, unknown, *report.failures[2:]),
        credentials=(CredentialReport(username=said, status=said, detail=said, skipped=(said,)),),
    )
    text = host_text(hostile)
    lines = text.split("\n")
    assert all(line.isprintable() for line in lines)
    assert max(map(cells, lines)) <= 80
    assert len(lines) < 90


def test_colour_is_off_unless_asked_for() -> None:
    assert "\x1b" not in host_text(builders.bad_report())


def test_colour_changes_no_word() -> None:
    painted = host_text(builders.bad_report(), colour=True)
    assert "\x1b[1;31mx FAIL\x1b[0m" in painted
    assert re.sub(r"\x1b\[[0-9;]+m", "", painted) == BAD


def test_an_unknown_row_is_never_painted_as_fine() -> None:
    painted = host_text(builders.silent_report(), colour=True)
    assert "\x1b[32m" not in painted


@pytest.mark.parametrize(
    ("verdict", "mark"),
    [
        (Verdict.FAIL, "x FAIL"),
        (Verdict.PASS, "+ PASS"),
        (Verdict.UNKNOWN, "? ????"),
        (Verdict.NOT_APPLICABLE, "- N/A "),
        (Verdict.ERROR, "! BUG "),
    ],
)
def test_every_verdict_has_a_sign_and_a_word(verdict: Verdict, mark: str) -> None:
    report = builders.good_report()
    row = replace(report.failures[0], verdict=verdict)
    text = host_text(replace(report, failures=(row, *report.failures[1:])))
    assert f"\n{mark}  open-zone" in text
    others = {"x FAIL", "+ PASS", "? ????", "- N/A ", "! BUG "} - {mark, "+ PASS"}
    assert not any(f"\n{other}  " in text for other in others)


def test_the_next_action_is_the_remedy_of_the_worst_row_that_nobody_accepted() -> None:
    report = builders.bad_report()
    transport = report.failures[2]
    severe = replace(transport, severity=Severity.CRITICAL)
    high = replace(report.failures[1], severity=Severity.HIGH)
    rows = (builders.row(FailureId.OPEN_ZONE), high, severe, *report.failures[3:])
    text = host_text(replace(report, failures=rows))
    assert "NEXT  Encrypt exports for their receiver" in text


def test_an_accepted_risk_is_the_next_action_when_nothing_else_fails() -> None:
    report = builders.bad_report()
    rows = tuple(
        row if row.id is FailureId.PLAINTEXT_TRANSPORT else builders.row(row.id)
        for row in report.failures
    )
    text = host_text(replace(report, failures=rows))
    assert "NEXT  Mend password-in-clear." in text
    assert "x FAIL  plaintext-transport" in text


def test_one_unknown_row_is_named_when_nothing_failed() -> None:
    report = builders.good_report()
    rows = (builders.row(FailureId.OPEN_ZONE), *report.failures[1:])
    text = host_text(replace(report, failures=rows))
    assert "NEXT  Nothing failed, but 1 row is not known, and unknown is not fine." in text
    assert "First:\n      open-zone: not looked at." in text


def test_a_pass_on_paper_is_told_apart_from_one_that_was_seen() -> None:
    report = builders.good_report()
    paper = replace(report.failures[0], source=Source.DOCUMENT)
    text = host_text(replace(report, failures=(paper, *report.failures[1:])))
    assert text.count("(on paper, not verified)") == 1


def test_a_cap_that_fired_from_several_vantages_is_told_once() -> None:
    report = builders.bad_report()
    cap = report.assessment.caps[1]
    inside = replace(cap, vantage="dmz", since="2026-06-02T00:00:00Z", stale=False)
    assessment = replace(report.assessment, caps=(cap, inside))
    text = host_text(replace(report, assessment=assessment))
    assert text.count("Held at F") == 1
    assert "(clear-storage, dmz, internet, since 2026-06-02)" in text


def test_facets_that_an_account_kept_back_are_cut_and_counted() -> None:
    skipped = tuple(f"facet-{n}" for n in range(9))
    credential = CredentialReport(username="migration", status="refused", skipped=skipped)
    text = host_text(replace(builders.bad_report(), credentials=(credential,)))
    assert "migration refused, so not asked: facet-0, facet-1, facet-2, 6 more" in text


def test_many_leads_are_cut_and_counted() -> None:
    report = builders.good_report()
    leads = tuple(
        builders.finding(FailureId.OPEN_ZONE, f"lead-{n}", severity=Severity.LOW) for n in range(9)
    )
    row = replace(report.failures[0], findings=leads)
    text = host_text(replace(report, failures=(row, *report.failures[1:])))
    assert "lead-4 failed" in text
    assert "lead-5 failed" not in text
    assert "4 more in the JSON report" in text


def test_nothing_looked_at_is_said() -> None:
    text = host_text(replace(builders.silent_report(), observations=()))
    assert "everything: no vantage looked at this asset" in text


def test_the_score_is_called_inspired_and_never_official() -> None:
    text = host_text(builders.bad_report())
    assert "Megabus score, inspired by CNIL decision SAN-2022-009" in text
    assert "CNIL score" not in text
    assert "compliant" not in text
