"""``report.html`` in a real browser: reach, barriers, policy, hostile text, filter, sort, print."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import Any

import pytest

from scanner.report.changes import with_changes
from scanner.report.page import page
from tests.browser.chromium import Tab
from tests.report import fleet

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
SHARED = [{"kind": "shared-key", "summary": "one host key on two", "assets": ["a", fleet.HOSTILE]}]


@functools.cache
def hosts() -> list[dict[str, Any]]:
    """Failing, passing, unknown, silent, excepted, decoy and hostile ones, with and without trend."""
    kinds = fleet.kinds()
    for number, host in enumerate(kinds):
        host["asset"] = f"kind-{number}"
        for row in host["failures"]:
            for each in row["findings"]:
                each["uid"] = f"{each['uid'][:-2]}{number + 240:02x}"
    expired = json.loads(json.dumps(kinds[0]).replace("2027-01-31", "2020-01-31"))
    expired["asset"] = "expired"
    for row in expired["failures"]:
        for each in row["findings"]:
            each["uid"] = f"{each['uid'][:-2]}ff"
    return [*fleet.fleet(12), *kinds, with_changes(expired, {}), fleet.hostile()]


def written(shown: list[dict[str, Any]], folder: Path) -> Path:
    seen = {"targeted": 40, "assessed": 32, "unreachable": 4, "excluded": 2, "inconclusive": 3}
    scan = fleet.head(len(shown), coverage=seen, authorisation=fleet.HOSTILE)
    path = folder / "report.html"
    path.write_text("".join(page(scan, lambda: shown, SHARED)), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(hosts(), tmp_path_factory.mktemp("page"))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One host of each kind: axe-core takes its time over each element."""
    return written([*hosts()[:2], *hosts()[12:]], tmp_path_factory.mktemp("small"))


def barriers(tab: Tab, axe: str) -> list[str]:
    """Return what axe-core holds against the page, a line each."""
    tab.evaluate(axe)
    asked = json.dumps({"runOnly": {"type": "tag", "values": WCAG}, "resultTypes": ["violations"]})
    found = tab.evaluate(f"axe.run(document, {asked}).then((told) => told.violations)")
    return [
        f"{each['id']}: {node['html'][:160]} {node['failureSummary'][:300]}"
        for each in found
        for node in each["nodes"][:3]
    ]


def shown(tab: Tab) -> list[str]:
    """Return the first words of the rows of the heat map that are shown, in order."""
    told: list[str] = tab.evaluate(
        "[...document.querySelectorAll('#grid tbody tr')].filter(r => r.checkVisibility())"
        ".map(r => r.cells[0].firstChild.textContent)"
    )
    return told


def choose(tab: Tab, name: str, value: str) -> None:
    tab.evaluate(
        f"(() => {{ const e = document.getElementById({json.dumps(name)});"
        f" e.value = {json.dumps(value)}; e.dispatchEvent(new Event('input')); }})()"
    )


def sorted_by(tab: Tab, head: str) -> list[str]:
    """Press a column's head and return that column."""
    place = (
        "[...document.querySelectorAll('#grid thead th')]"
        f".findIndex(h => h.textContent.startsWith({json.dumps(head)}))"
    )
    tab.evaluate(f"document.querySelectorAll('#grid thead th button')[{place}].click()")
    column: list[str] = tab.evaluate(
        f"(() => {{ const n = {place}; return [...document.querySelectorAll('#grid tbody tr')]"
        ".map(r => r.cells[n].textContent.trim()); })()"
    )
    return column


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])
def test_the_page_has_no_barrier_that_wcag_a_and_aa_name(
    tab: Tab, axe: str, small: Path, scheme: str, width: int
) -> None:
    tab.size(width, 1000)
    tab.media(scheme)
    tab.open(small)
    dark = tab.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    assert dark == (scheme == "dark")
    tab.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    # axe-core takes what the browser has put off drawing for lying on top of other things.
    tab.evaluate(
        "document.querySelectorAll('.host').forEach(h => { h.style.contentVisibility = 'visible'; })"
    )
    assert barriers(tab, axe) == []


def test_the_page_asks_for_nothing_and_breaks_no_policy(tab: Tab, report: Path) -> None:
    tab.open(report)
    tab.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    assert tab.asked_for() == [report.as_uri()]
    assert tab.complaints() == []
    assert (
        tab.evaluate("getComputedStyle(document.body).maxWidth") != "none"
    )  # the style was let in


def test_the_policy_stops_what_the_page_did_not_bring(tab: Tab, report: Path) -> None:
    tab.open(report)
    tab.evaluate(
        "(() => { const image = document.createElement('img');"
        " image.src = 'http://127.0.0.1:9/x'; document.body.append(image); })()"
    )
    refused = tab.evaluate(
        "(() => { try { document.body.innerHTML = '<b>'; return false; } catch { return true; } })()"
    )
    tab.wire.until(lambda: any("Content Security Policy" in each for each in tab.complaints()))
    assert refused


def test_hostile_names_run_nothing_and_add_no_element(tab: Tab, report: Path) -> None:
    tab.open(report)
    assert tab.evaluate("document.body.dataset.owned") is None
    assert tab.evaluate("document.title") == "Transfer exposure, 2026-07-01"
    assert tab.evaluate("document.querySelectorAll('script').length") == 1
    assert tab.evaluate("document.querySelectorAll('style').length") == 1
    assert (
        tab.evaluate("document.querySelectorAll('img,iframe,object,embed,link,base').length") == 0
    )
    text = tab.evaluate("document.documentElement.outerHTML")
    assert "evil.example" in text  # it is there to be read
    assert not re.search(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202f\u2066-\u2069]", text
    )
    assert "{{ 7*7 }}" in tab.evaluate("document.body.textContent")


def test_every_link_of_the_page_leads_somewhere_and_ids_are_unique(tab: Tab, report: Path) -> None:
    tab.open(report)
    dead = tab.evaluate(
        "[...document.querySelectorAll('a[href]')].filter(a =>"
        " !document.getElementById(decodeURIComponent(a.getAttribute('href').slice(1))))"
        ".map(a => a.getAttribute('href'))"
    )
    twice = tab.evaluate(
        "[...document.querySelectorAll('[id]')].map(e => e.id)"
        ".filter((id, place, all) => all.indexOf(id) !== place)"
    )
    assert (dead, twice) == ([], [])


def test_a_link_to_a_finding_opens_what_it_lies_in(tab: Tab, report: Path) -> None:
    uid = hosts()[0]["failures"][0]["findings"][0]["uid"]
    tab.open(report, f"#{uid}")
    assert tab.evaluate(f"document.getElementById({json.dumps(uid)}).checkVisibility()")


def test_filters_narrow_the_map_and_the_details_alike(tab: Tab, report: Path) -> None:
    tab.open(report)
    every = shown(tab)
    assert len(every) == len(hosts())
    choose(tab, "find", "TRANSFER-0000 example")
    assert len(shown(tab)) == 10
    assert tab.evaluate("document.getElementById('count').textContent") == (
        f"10 of {len(every)} hosts shown"
    )
    sections = "[...document.querySelectorAll('section.host')].filter(s => !s.hidden).length"
    assert tab.evaluate(sections) == 10
    choose(tab, "find", "")
    choose(tab, "show", "unreached")
    silent = shown(tab)
    assert "kind-2" in silent
    assert "transfer-00000" not in silent
    choose(tab, "show", "")
    choose(tab, "row", "1")
    failing = [host["asset"] for host in hosts() if host["failures"][1]["verdict"] == "fail"]
    assert len(shown(tab)) == len(failing)
    tab.evaluate("document.getElementById('reset').click()")
    tab.wire.until(lambda: shown(tab) == every)


def test_columns_sort_both_ways_and_back(tab: Tab, report: Path) -> None:
    tab.open(report)
    every = shown(tab)
    scores = [float(each) for each in sorted_by(tab, "Score")]
    assert scores == sorted(host["score"] for host in hosts())
    assert [float(each) for each in sorted_by(tab, "Score")] == scores[::-1]
    aria = "[...document.querySelectorAll('[aria-sort]')].map(h => h.getAttribute('aria-sort'))"
    assert tab.evaluate(aria) == ["descending"]
    kinds = [each.split()[0] for each in sorted_by(tab, "clear storage")]
    assert kinds == sorted(kinds, key="✗!?-✓".index)
    letters = sorted_by(tab, "Letter")
    assert letters == sorted(letters)
    tab.evaluate("document.getElementById('reset').click()")
    tab.wire.until(lambda: shown(tab) == every)


def test_the_page_is_whole_without_its_script(tab: Tab, report: Path) -> None:
    tab.call("Emulation.setScriptExecutionDisabled", value=True)
    tab.open(report)
    root = tab.call("DOM.getDocument")["root"]["nodeId"]
    text = tab.call("DOM.getOuterHTML", nodeId=root)["outerHTML"]
    assert '<form id="controls" class="controls" hidden' in text  # nothing that would not work
    assert text.count('<section class="host"') == len(hosts())
    assert text.count("data-m=") == len(hosts())
    assert "<button" not in text.split("<thead>")[1].split("</thead>")[0]
    for host in hosts()[:-1]:
        assert host["asset"] in text


def test_a_printed_page_shows_what_is_folded_on_the_screen(tab: Tab, report: Path) -> None:
    tab.call("Emulation.setScriptExecutionDisabled", value=True)
    tab.media(media="print")
    tab.open(report)
    visible = "document.querySelector('.proof pre').checkVisibility()"
    assert tab.evaluate(visible) is True
    tab.media()
    assert tab.evaluate(visible) is False
    assert tab.printed().startswith(b"%PDF-")


def test_a_long_map_is_shown_in_strides_and_found_whole(tab: Tab, tmp_path: Path) -> None:
    many = [*fleet.fleet(520)]
    tab.open(written(many, tmp_path))
    assert len(shown(tab)) == 500
    assert tab.evaluate("document.getElementById('count').textContent") == (
        "500 of 520 hosts shown, 20 more fit"
    )
    tab.evaluate("document.getElementById('more').click()")
    assert len(shown(tab)) == 520
    assert tab.evaluate("document.getElementById('more').hidden") is True
    choose(tab, "find", "transfer-00519")
    assert shown(tab) == ["transfer-00519"]
