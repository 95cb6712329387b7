"""The served trees: what lies on each demonstration server."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Final

from scanner.demo.defects import Defects
from scanner.demo.generator import (
    EXAM_FIELDS,
    EXPORT_FIELDS,
    ORDERED_EXAM_FIELDS,
    ORDERED_EXPORT_FIELDS,
    age_twin,
    exams_csv,
    hl7_messages,
    invent_people,
    openpgp_twin,
    people_csv,
    public_files,
)

_PEOPLE: Final = 200
_PUBLIC_FOLDER: Final = 0o755
_PRIVATE_FOLDER: Final = 0o750


@dataclass(frozen=True, slots=True)
class Layout:
    """A tree to be laid down. Paths are relative; folders below ``public`` are world-readable."""

    files: Mapping[str, bytes]
    folders: tuple[str, ...] = ()
    public: tuple[str, ...] = ("pub",)


def lay_down(layout: Layout, root: Path, modified: date) -> None:
    """Write a tree below ``root``, every file last changed on one day."""
    root.mkdir(parents=True, mode=_PUBLIC_FOLDER)
    for folder in layout.folders:
        _make_folder(root, folder, layout.public)
    for name, content in layout.files.items():
        folder, _, _ = name.rpartition("/")
        _make_folder(root, folder, layout.public)
        path = root / name
        path.write_bytes(content)
        path.chmod(0o644 if _is_public(name, layout.public) else 0o640)
        stamp = datetime.combine(modified, time(3, 0), UTC).timestamp()
        os.utime(path, (stamp, stamp))


def _make_folder(root: Path, folder: str, public: tuple[str, ...]) -> None:
    path = root
    for part in Path(folder).parts:
        path /= part
        path.mkdir(exist_ok=True)
        mode = _PUBLIC_FOLDER if _is_public(folder, public) else _PRIVATE_FOLDER
        path.chmod(mode)


def _is_public(name: str, public: tuple[str, ...]) -> bool:
    return name.split("/", 1)[0] in public


def replica_layout(defects: Defects) -> Layout:
    """Return the Megabus replica: a migration's exports, a public area, a stray export."""
    people = invent_people(_PEOPLE)
    excess = defects.excess_extraction
    fields = EXPORT_FIELDS if excess else ORDERED_EXPORT_FIELDS
    exports = {
        "exchange/mig-7/export_patients.csv": people_csv(people, fields),
        "exchange/mig-7/resultats.hl7": hl7_messages(people[:50]),
    }
    if defects.uncontrolled_migration:
        stray = invent_people(40, seed=2)
        exports["exchange/mig-8/export_labo.csv"] = people_csv(stray, ORDERED_EXPORT_FIELDS)
    # Nobody's data, in clear either way: it shows excess columns when the rest is encrypted.
    exams = exams_csv(300, EXAM_FIELDS if excess else ORDERED_EXAM_FIELDS)
    files = dict(exports if defects.clear_storage else _encrypted(exports))
    files["exchange/mig-7/export_examens.csv"] = exams
    if not defects.uncontrolled_migration:
        files |= _sidecars(files)
    return Layout({**files, **_public_area()})


def guarded_layout() -> Layout:
    """Return the FTPS server: encrypted exports behind a login."""
    exports = {"exchange/envoi/export.csv": people_csv(invent_people(60, seed=3))}
    return Layout(_encrypted(exports))


def hardened_layout() -> Layout:
    """Return the hardened server: one private area, encrypted exports, an emptied migration."""
    export = people_csv(invent_people(60, seed=4))
    files = {
        "exchange/outbox/export.csv.age": age_twin(export, seed=4),
        "exchange/outbox/results.hl7.pgp": openpgp_twin(export, seed=5),
    }
    return Layout({**files, **_sidecars(files)}, folders=("exchange/mig-9",))


def sloppy_layout() -> Layout:
    """Return the sloppy server: results in clear for whoever asks."""
    return Layout({"results/day.hl7": hl7_messages(invent_people(20, seed=6))})


def _encrypted(exports: Mapping[str, bytes]) -> dict[str, bytes]:
    return {
        f"{name}.age": age_twin(content, seed)
        for seed, (name, content) in enumerate(exports.items())
    }


def _sidecars(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return a ``.sha256`` file beside each file, as sha256sum writes it."""
    return {
        f"{name}.sha256": f"{hashlib.sha256(content).hexdigest()}  {Path(name).name}\n".encode()
        for name, content in files.items()
    }


def _public_area() -> dict[str, bytes]:
    return {f"pub/{name}": content for name, content in public_files().items()}
