from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any

from scanner.report.document import encode, header_document, host_document
from scanner.report.page import page
from tests.report import builders

HOSTILE = "\"'></script><script>alert(1)</script><style>@import 'x'\x1b[2J\u202e"


def drawn(**changes: Any) -> str:
    host = json.loads(encode(host_document(builders.bad_report()))) | changes
    scan = json.loads(encode(header_document(builders.header())))
    return "".join(page(scan, lambda: [host]))


def test_the_policy_allows_the_pages_own_style_and_nothing_else() -> None:
    text = drawn()
    style = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    assert len(style) == 1
    digest = base64.b64encode(hashlib.sha256(style[0].encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'" in text


def test_the_page_asks_for_nothing_outside() -> None:
    assert re.findall(r"""(?:src|href)=["'](?!#)|url\(|@import""", drawn()) == []


def test_each_row_has_a_cell_with_word_and_sign() -> None:
    cells = re.findall(r'<td class="([a-z-]+)">(\S) ([a-z-]+)</td>', drawn())
    assert len(cells) == 9
    assert all(kind == word for kind, _, word in cells)


def test_hostile_text_is_inert() -> None:
    host = json.loads(encode(host_document(builders.bad_report())))
    for row in host["failures"]:
        row["summary"] = row["remedy"] = HOSTILE
    for piece in host["evidence"]:
        piece["data"] = {"text": HOSTILE}
    text = drawn(asset=HOSTILE, host=HOSTILE, failures=host["failures"], evidence=host["evidence"])
    assert "alert(1)" in text
    assert "<script" not in text
    assert text.count("<style") == 1
    assert "\x1b" not in text
    assert "\u202e" not in text
