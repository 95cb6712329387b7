from __future__ import annotations

import base64
import hashlib
import json
import re
import tracemalloc
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest

from scanner.model.failure import FailureId
from scanner.report import page as page_module
from scanner.report import page_survey
from scanner.report.changes import with_changes
from scanner.report.document import encode, host_document
from scanner.report.page import page
from scanner.report.page_host import evidence_text
from scanner.report.page_map import map_row
from scanner.report.page_survey import Survey
from tests.report import builders, fleet

VOID = {"meta", "path", "polyline", "circle", "input", "br", "hr"}
INLINE = {"a", "b", "code", "em", "span", "strong"}
NO_END = {"tr", "td", "th"}
"""Elements whose end tag may be left out (HTML section 13.1.2.4): the heat map does."""


class Reader(HTMLParser):
    """Collects elements, attributes and text, and holds end tags to what is open."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in INLINE:
            self.text.append(" ")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open[-1] in NO_END and self.open[-1] != tag:
            self.open.pop()
        assert self.open, f"</{tag}> ends nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def document(make: Any = builders.bad_report) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(encode(host_document(make())))
    return read


def drawn(*hosts: dict[str, Any], **scan: Any) -> str:
    shown = hosts or (with_changes(document(), {}),)
    return "".join(page(fleet.head(len(shown), **scan), lambda: shown))


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    return reader


def plain(text: str) -> str:
    """The page's text, without style and script, blanks joined."""
    text = re.sub(r"<(style|script)>.*?</\1>", "", text, flags=re.DOTALL)
    return " ".join("".join(read(text).text).split())


def hash_of(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def test_the_policy_allows_the_pages_own_style_and_script_and_nothing_else() -> None:
    text = drawn()
    styles = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    assert (len(styles), len(scripts)) == (1, 1)
    policy = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert [each.split("; ") for each in policy] == [
        [
            "default-src 'none'",
            f"style-src 'sha256-{hash_of(styles[0])}'",
            f"script-src 'sha256-{hash_of(scripts[0])}'",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        ]
    ]


def test_the_page_asks_for_nothing_outside() -> None:
    found = read(drawn(*fleet.fleet(5), fleet.hostile())).found
    asks = {"src", "srcset", "action", "background", "poster", "style", "data", "xlink:href"}
    assert [(tag, names) for tag, names in found if asks & set(names)] == []
    assert [
        names["href"] for _, names in found if not (names.get("href") or "#").startswith("#")
    ] == []
    assert not any(name.startswith("on") for _, names in found for name in names)
    own = "".join(re.findall(r"<(?:style|script)>(.*?)</", drawn(), re.DOTALL))
    assert re.findall(r"url\(|@import|fetch|XMLHttpRequest|innerHTML|eval", own) == []


def test_its_elements_are_closed_in_order() -> None:
    reader = read(drawn(*fleet.fleet(9), *fleet.kinds(), fleet.hostile()))
    assert reader.open == []


def test_each_row_has_a_cell_with_word_and_sign() -> None:
    row = re.findall(r"<tr data-m=.*?(?=<tr|</tbody>)", drawn(), re.DOTALL)[0]
    cells = re.findall(r'<td class="([a-z]\d?)">(\S) ([a-z/]+)(?:<small>([^<]*))?', row)
    words = [(sign, word) for _, sign, word, _ in cells]
    assert words == [
        ("✗", "fail"),
        ("✗", "fail"),
        ("✗", "fail"),
        ("?", "unknown"),
        ("?", "unknown"),
        ("✓", "pass"),
        ("✓", "pass"),
        ("!", "error"),
        ("-", "n/a"),
    ]
    assert [kind for kind, *_ in cells[:4]] == ["f3", "f3", "f2", "u"]
    assert [note for *_, note in cells[:3]] == ["critical, new", "critical, new", "accepted, new"]


def test_hosts_stand_worst_first() -> None:
    hosts = [*fleet.fleet(9)]
    text = drawn(*hosts)
    sections = re.findall(r'<section class="host" id="h(\d+)"', text)
    ranked = sorted(range(9), key=lambda place: map_row(place, hosts[place]).rank)
    assert sections == [str(place) for place in ranked]
    assert [
        *map(int, re.findall(r'<th scope="row"><a href="#h(\d+)">', text.split("</table>")[0]))
    ] == ranked


def test_hostile_text_is_inert() -> None:
    text = drawn(fleet.hostile(), authorisation=fleet.HOSTILE, vantages=[fleet.HOSTILE])
    assert "evil.example" in text
    assert text.count("<script") == 1
    assert text.count("<style") == 1
    assert "<img" not in text
    assert not re.search(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028\u2029\u2066-\u2069]", text
    )
    assert "\\x1b[2J" in plain(text)


@pytest.mark.parametrize(
    ("coverage", "told"),
    [
        ((4, 4, 0, 0, 0), "✓ Everything was scanned: 4 of 4 targets"),
        (
            (9, 4, 3, 0, 0),
            "! Not everything was seen: 4 of 9 targets answered 2 not scanned at all 3 not reached",
        ),
        ((4, 4, 0, 0, 1), "4 of 4 targets answered 1 where a planned step could not be taken"),
        ((4, 4, 0, 2, 0), "4 of 4 targets answered 2 left out on purpose"),
    ],
)
def test_the_banner_says_at_once_what_was_not_seen(coverage: tuple[int, ...], told: str) -> None:
    names = ("targeted", "assessed", "unreachable", "excluded", "inconclusive")
    assert told in plain(drawn(coverage=dict(zip(names, coverage, strict=True))))


def test_what_changed_is_told_by_asset_and_failure_and_linked() -> None:
    host = document()
    every = [each for row in host["failures"] for each in row["findings"]]
    known = {each["uid"]: each["severity"] for each in every if each["facet"] != "anonymous-login"}
    text = drawn(with_changes(host, known))
    part = text[text.index('<h2 id="changes">') : text.index('<h2 id="map">')]
    assert re.findall(r'<span class="tag t-(\w+)">', part) == ["new", "resolved", "resolved"]
    assert '<a href="#h0-open-zone">open zone</a>' in part
    assert '<a href="#h0-missing-supervision">missing supervision</a>' in part
    assert "anyone can log in as anonymous" in part
    for failure in ("open-zone", "missing-supervision"):
        assert f'id="h0-{failure}"' in text


def test_a_quiet_night_and_a_run_that_nobody_compared_say_so() -> None:
    host = document()
    every = [each for row in host["failures"] for each in row["findings"]]
    known = {each["uid"]: each["severity"] for each in every if each["verdict"] == "fail"}
    assert "Nothing: no row is new, changed or resolved." in plain(drawn(with_changes(host, known)))
    assert "Nobody compared this run with an earlier one." in plain(drawn(host))


def test_a_trend_is_drawn_with_words_and_a_first_night_is_told() -> None:
    host = document() | {"trend": fleet.trend(3, 4)}
    text = drawn(host)
    assert text.count("<polyline") == 2  # in the map and in the host's own part
    assert 'role="img" aria-label="Score over 4 nights: 10 on 2026-06-01' in text
    assert "first night" in plain(drawn(host | {"trend": host["trend"][:1]}))
    assert "<polyline" not in drawn(document() | {"trend": []})


def test_a_host_shows_match_next_action_remedy_controls_evidence_and_accepted_risks() -> None:
    told = plain(drawn())
    assert "Megabus: 3 matched, 2 cleared, 3 unknown." in told
    assert "Next: Turn anonymous logins off" in told
    assert "Controls: GDPR 32(1)(b); CWE 306." in told
    assert "Evidence: ftp reply, 2026-07-01T02:13:00Z code: 230" in told
    assert "First seen 2026-05-28, open 34 days" in told
    risk = "plaintext transport, until 2027-01-31, approved by CISO. Last supplier moves to SFTP"
    assert f"Accepted risk, in force: {risk}" in told
    assert "Breach candidate since" in told


def test_an_accepted_risk_that_ended_is_shown_as_ended() -> None:
    host = document()
    host["exceptions"][0]["until"] = "2026-06-30"
    assert "Accepted risk, expired: counts again" in plain(drawn(host))


def test_what_was_not_reached_is_listed_with_its_reason() -> None:
    text = plain(drawn(document(builders.silent_report)))
    assert "Not reached Host From Why ftp-archive-01 internet name not resolved: no address" in text


def test_evidence_is_told_once_and_linked_after() -> None:
    host = document()
    piece = host["evidence"][0]["id"]
    for row in host["failures"]:
        for each in row["findings"]:
            each["evidence"] = [piece]
    text = drawn(host)
    assert text.count('<details class="proof"') == 1
    assert text.count('<a href="#h0-e1">') > 3


def test_evidence_is_bounded() -> None:
    assert len(evidence_text({"text": "x" * 9000, "more": ["y" * 900] * 50})) <= 1500


def test_beyond_its_budget_a_page_tells_hosts_in_brief_and_then_in_the_map_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hosts = [*fleet.fleet(12)]
    monkeypatch.setattr(page_module, "FULL_BYTES", map_row(0, hosts[0]).cost)
    monkeypatch.setattr(page_module, "BRIEF_HOSTS", 1)
    text = drawn(*hosts)
    assert text.count('<section class="host"') == 2  # of the three that fail
    assert text.count("In brief: its findings and evidence stand in") == 1
    assert len(re.findall("<tr data-m=", text)) == 12
    assert "11 hosts are told in brief or in the heat map alone" in plain(text)
    ids = {names["id"] for _, names in read(text).found if "id" in names}
    links = {str(names["href"])[1:] for _, names in read(text).found if "href" in names}
    assert links <= ids


def test_beyond_its_rows_a_page_counts_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_module, "MOST_ROWS", 3)
    text = drawn(*fleet.fleet(12))
    assert len(re.findall("<tr data-m=", text)) == 3
    assert "9 more hosts, none worse than these" in plain(text)


def test_hosts_that_are_renamed_at_the_end_stand_in_the_map_as_if_they_had_come_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(page_survey, "MOST_ROWS", 5)
    hosts = list(fleet.fleet(12))
    named = [{**host, "aliases": [f"other-{place}"]} for place, host in enumerate(hosts)]
    known, late = Survey(), Survey()
    assert [*known.through(named)] == named
    for host in hosts:
        late.add(host)
    assert late.rows(5) != known.rows(5)
    for place, host in enumerate(named):
        late.rename(place, host)
    assert late.rows(5) == known.rows(5)


def test_documents_are_held_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty hosts of a megabyte each are drawn in far less memory than they take."""
    monkeypatch.setattr(page_module, "FULL_BYTES", 200_000)

    def heavy() -> Iterator[dict[str, Any]]:
        for host in fleet.fleet(40):
            yield {**host, "ballast": host["asset"] * 70_000}

    tracemalloc.start()
    try:
        for _ in page(fleet.head(40), heavy):
            pass
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 25_000_000


def test_a_run_without_hosts_is_a_page_too() -> None:
    text = "".join(page(fleet.head(0), list))
    assert "no host was scanned" in plain(text)
    assert all(each.value.replace("-", " ") in text for each in FailureId)
