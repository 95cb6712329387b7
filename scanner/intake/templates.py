"""Templates of every paper, to be filled in: each key with a note of what belongs there."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from scanner.model.papers import CLAUSES, NEEDED
from scanner.schemas.catalogue import load_schema

_Object = dict[str, Any]

_EXAMPLES: Mapping[str, _Object] = MappingProxyType(
    {
        "targets": {
            "version": 1,
            "authorisation": {
                "reference": "MANDATE-12",
                "owner": "Security team",
                "contact": "transfer-scans@example.org",
                "valid_until": "2034-12-31",
            },
            "targets": [{"host": "ftp.example.org", "owner": "Data exchange team"}],
        },
        "contract": {
            "paper": "contract",
            "controller": "Laboratory One",
            "processor": "Example Hosting",
            "subject": "Migration of laboratory results to new software",
            "purpose": "Continued operation of the laboratory",
            "duration": "2026-01-01/2034-12-31",
            "data_types": ["identity", "laboratory results"],
            "data_subjects": ["patients", "prescribers"],
            "clauses": [*CLAUSES],
            "signed": "2025-12-15",
            "reviewed": "2026-06-15",
            "expires": "2034-12-31",
            "owner": "Legal department",
            "file": "contract.pdf",
            "sha256": "0" * 64,
        },
        "order": {
            "paper": "order",
            "order_id": "MIG-7",
            "controller": "Laboratory One",
            "owner": "Migration team",
            "ordered_on": "2026-01-10",
            "paths": ["/exchange/mig-7/*"],
            "fields": ["patient_id", "exam_code", "exam_date"],
            "aliases": {"patient_id": ["ipp", "id_patient"]},
            "date_field": "exam_date",
            "date_from": "2024-01-01",
            "date_to": "2024-12-31",
            "max_rows": 50000,
            "migration_end": "2034-03-31",
            "retention_days": 14,
            "file": "order.pdf",
            "sha256": "0" * 64,
        },
        "procedure": {
            "paper": "procedure",
            "kind": "migration-procedure",
            "title": "Moving a laboratory's data",
            "version": "1",
            "owner": "Migration team",
            "reviewed": "2026-05-01",
            "exercised": "2026-05-20",
            "expires": "2034-05-01",
            "file": "procedure.pdf",
            "sha256": "0" * 64,
        },
        "attestation": {
            "paper": "attestation",
            "kind": "on-call-rota",
            "title": "Who is called at night",
            "owner": "Operations",
            "reviewed": "2026-05-01",
            "expires": "2034-05-01",
            "file": "rota.pdf",
            "sha256": "0" * 64,
        },
        "warning": {
            "id": "W-12",
            "opened": "2026-02-03",
            "closed": "2026-02-20",
            "summary": "Old exports seen in the exchange area",
        },
        "alert": {
            "id": "T-7",
            "raised": "2026-02-03T02:10:00Z",
            "acknowledged": "2026-02-03T02:19:00Z",
            "closed": "2026-02-03T04:40:00Z",
            "summary": "Five refused logins from an unknown network",
        },
        "inventory": {
            "username": "lab-transfer",
            "holders": ["Data exchange team"],
            "kind": "service",
            "expires": "2034-03-31",
        },
    }
)
NAMES = tuple(_EXAMPLES)
"""What there are templates of."""

TABLES = ("inventory",)
"""Those that may be a table, too."""

_LISTS: Mapping[str, str] = MappingProxyType(
    {"warning": "warnings", "alert": "alerts", "inventory": "inventory"}
)
_KEPT = frozenset({"paper", "version", "kind"})
_FILES = frozenset({"file", "sha256"})
_CLOSED = "Remove it while the warning is open."
_REQUIRED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        **NEEDED,
        "warning": ("id", "opened", "closed"),
        "alert": ("id", "raised", "acknowledged"),
        "inventory": ("username", "holders"),
        "targets": ("version", "authorisation", "targets", "reference", "host"),
    }
)


def template(name: str, *, filled: bool = False) -> str:
    """Return a template as JSON: each key after an ``x-`` note, and blank where the team's own
    words belong. ``scan validate`` tells every blank that is left.

    With ``filled`` made-up words stand in the blanks, and no file is named. Raises ``KeyError``
    for a name that is none of ``NAMES``.
    """
    schema = load_schema(_LISTS.get(name, name))
    shape = schema["items"] if name in _LISTS else schema
    entry = _noted(name, _EXAMPLES[name], shape, schema.get("$defs", {}), filled=filled)
    document = [entry] if name in _LISTS else entry
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def table(*, filled: bool = False) -> str:
    """Return the template of an account inventory as CSV: a header and one line."""
    example = _EXAMPLES["inventory"]
    row = {key: ";".join(value) if key == "holders" else value for key, value in example.items()}
    blank = {**dict.fromkeys(row, ""), "kind": row["kind"]}
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(row), lineterminator="\n")
    writer.writeheader()
    writer.writerow(row if filled else blank)
    return text.getvalue()


def _noted(name: str, example: _Object, shape: _Object, defs: _Object, *, filled: bool) -> _Object:
    entry: _Object = {}
    for key, value in example.items():
        if filled and key in _FILES:
            continue
        part = shape["properties"][key]
        target = defs.get(part.get("$ref", "").removeprefix("#/$defs/"), part)
        if key not in {"paper", "version"} or name == "procedure":
            entry[f"x-{key}"] = _note(name, key, value, {**target, **part})
        if isinstance(value, dict) and "properties" in target:
            entry[key] = _noted(name, value, target, defs, filled=filled)
        elif isinstance(value, list) and isinstance(value[0], dict):
            inner = defs[target["items"]["$ref"].removeprefix("#/$defs/")]
            entry[key] = [_noted(name, each, inner, defs, filled=filled) for each in value]
        else:
            entry[key] = value if filled or _is_kept(name, key) else _blank(value)
    return entry


def _is_kept(name: str, key: str) -> bool:
    """Whether a value is the same in every team's paper, or one choice of few."""
    return key in _KEPT and (name, key) != ("procedure", "version")


def _note(name: str, key: str, value: Any, part: _Object) -> Any:
    if key == "clauses":
        return {"which": part["description"], **CLAUSES}
    text = part.get("description", "")
    if not isinstance(value, dict) and not (isinstance(value, list) and "$ref" in str(part)):
        text += f" Such as {json.dumps(value, ensure_ascii=False)}."
    if (name, key) == ("warning", "closed"):
        text += f" {_CLOSED}"
    elif key not in _REQUIRED[name]:
        text += " Remove it where there is none."
    return text


def _blank(value: Any) -> Any:
    if isinstance(value, dict):
        return {}
    return [""] if isinstance(value, list) else ""
