from __future__ import annotations

import json
from dataclasses import replace

from scanner.wire.drill_event import LABEL, DrillEvent

EVENT = DrillEvent(
    user="drill-0011223344556677",
    asset="files",
    host="ftp.example.org",
    rule="SOC-118",
    reference="CHG-1042",
    contact="soc@example.org",
    at="2026-11-26T03:00:00Z",
)


def test_every_form_says_that_it_is_a_drill_and_who_to_ask() -> None:
    for form in (EVENT.as_json(), EVENT.as_syslog(), EVENT.as_line()):
        for words in (LABEL, EVENT.user, "SOC-118", "CHG-1042", "soc@example.org"):
            assert words.encode() in form
    assert json.loads(EVENT.as_json())["label"] == LABEL
    assert EVENT.as_syslog().startswith(b"<86>1 2026-11-26T03:00:00Z - transfer-exposure-scanner ")


def test_what_the_team_wrote_cannot_add_a_line() -> None:
    event = replace(EVENT, rule="a\nb\x1b[2J", reference="c\r\nd", contact="")
    assert event.as_line().count(b"\n") == 1
    assert b"\n" not in event.as_syslog()
    assert b"\x1b" not in event.as_json() + event.as_line()
