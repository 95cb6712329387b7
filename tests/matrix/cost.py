"""What the documents on record, and the file of bytes beside them, say of a scan's cost."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

RECEIVED: Final = Path(__file__).parent / "received.json"
DATA_VERBS: Final = ("LIST", "MLSD", "RETR")
"""Each opens a data connection."""


def endpoint_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the only endpoint of the only host."""
    (host,) = document["hosts"]
    (endpoint,) = host["endpoints"]
    assert isinstance(endpoint, dict)
    return endpoint


def control_connections(endpoint: Mapping[str, Any]) -> int:
    """Return the connections that were no data connections."""
    transfers = sum(endpoint["verbs"].get(verb, 0) for verb in DATA_VERBS)
    control = endpoint["connections"] - transfers
    assert isinstance(control, int)
    return control


def received() -> dict[str, int]:
    """Return the bytes on record, by posture."""
    recorded = json.loads(RECEIVED.read_text(encoding="ascii"))
    assert isinstance(recorded, dict)
    return recorded
