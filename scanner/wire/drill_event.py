"""The test event of a drill, labelled so that nobody takes it for an incident."""

from __future__ import annotations

import json
from dataclasses import dataclass

from scanner.model.text import neutralise

USER_PREFIX = "drill-"
"""What the names of a drill's users begin with."""
LABEL = "DRILL, not an incident"
APPLICATION = "transfer-exposure-scanner"

_AUTHPRIV_INFO = 86  # RFC 5424 section 6.2.1: facility 10, severity 6
_MOST = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillEvent:
    """An event as the agreed rule knows it. ``at`` is RFC 3339 UTC; ``what`` has happened, in words
    that end before the user's name.
    """

    user: str
    asset: str
    host: str
    rule: str
    reference: str
    contact: str
    at: str
    what: str = "failed login of"

    @property
    def text(self) -> str:
        """The event in one line, safe to print anywhere."""
        said = f"{LABEL}: test event, {self.what} {self.user} on {self.asset} ({self.host})"
        said += f"; rule: {self.rule}; authorised by {self.reference}"
        return neutralise(said + (f"; ask {self.contact}" if self.contact else ""), 3 * _MOST)

    def as_json(self) -> bytes:
        """Return the event for an HTTP intake."""
        members = {
            "kind": "drill",
            "label": LABEL,
            "message": self.text,
            "user": self.user,
            "asset": self.asset,
            "host": self.host,
            "agreed_rule": neutralise(self.rule, _MOST),
            "reference": neutralise(self.reference, _MOST),
            "contact": neutralise(self.contact, _MOST),
            "at": self.at,
            "sender": APPLICATION,
        }
        return json.dumps(members).encode("ascii")

    def as_syslog(self) -> bytes:
        """Return the event as one message of RFC 5424."""
        return f"<{_AUTHPRIV_INFO}>1 {self.at} - {APPLICATION} - drill - {self.text}".encode()

    def as_line(self) -> bytes:
        """Return the event as a line of a log file."""
        return f"{self.at} {APPLICATION}: {self.text}\n".encode()
