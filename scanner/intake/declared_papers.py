"""The papers of one target, whether they stand in the targets file or in files of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scanner.intake.files import shown_path
from scanner.intake.formats import bare_path, date_in, parse_span
from scanner.intake.papers import PaperError, read_paper
from scanner.model.papers import PROCEDURES
from scanner.model.target import Contract, Document, FaultyPaper, Migration

_Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DeclaredPapers:
    """Orders, documents and contracts, and the files that could not be used."""

    migrations: tuple[Migration, ...]
    documents: tuple[Document, ...]
    contracts: tuple[Contract, ...]
    files: tuple[Path, ...]
    faulty: tuple[FaultyPaper, ...]

    @classmethod
    def of(cls, target: _Object, base: Path) -> DeclaredPapers:
        """Return the papers of a target's JSON, defaults applied; paths are relative to ``base``.

        Reads the files under ``papers``. One that cannot be used is kept as such, and keeps no
        other from being used: a misspelt contract is no reason not to look at a server.
        """
        retention = target.get("retention_days")
        migrations = [order_of(part, base, retention) for part in target.get("migrations", ())]
        documents = [document_of(part, base) for part in target.get("documents", ())]
        contracts = [contract_of(part, base) for part in target.get("contracts", ())]
        files = tuple(base / bare_path(text) for text in target.get("papers", ()))
        faulty: list[FaultyPaper] = []
        for path in files:
            try:
                paper = read_paper(path)
            except PaperError as error:
                faulty.append(FaultyPaper(kind=error.kind, faults=error.problems))
                continue
            if paper.kind == "contract":
                contracts.append(contract_of(paper.entry, path.parent))
            elif paper.kind == "order":
                faulty += _again(migrations, paper.entry, path)
                migrations.append(order_of(paper.entry, path.parent, retention))
            else:
                documents.append(document_of(paper.entry, path.parent))
        return cls(_once(migrations), tuple(documents), tuple(contracts), files, tuple(faulty))


def _again(known: Sequence[Migration], entry: _Object, path: Path) -> list[FaultyPaper]:
    if all(each.order_id != entry["order_id"] for each in known):
        return []
    told = f"{shown_path(path)}: order_id: is the number of another order too; join the two"
    return [FaultyPaper(kind="order", faults=(told,))]


def _once(migrations: Sequence[Migration]) -> tuple[Migration, ...]:
    return tuple({each.order_id: each for each in reversed(migrations)}.values())[::-1]


def document_of(entry: _Object, base: Path) -> Document:
    """Return the model of a document; a procedure that names no kind is one of migrations."""
    return Document(
        kind=entry.get("kind", PROCEDURES[0]),
        title=entry["title"],
        owner=entry.get("owner", ""),
        reviewed=date_in(entry, "reviewed"),
        expires=date_in(entry, "expires"),
        file=_file(entry, base),
        sha256=_digest(entry),
        version=entry.get("version", ""),
        exercised=date_in(entry, "exercised"),
    )


def contract_of(entry: _Object, base: Path) -> Contract:
    """Return the model of a contract."""
    return Contract(
        controller=entry["controller"],
        processor=entry.get("processor", ""),
        subject=entry.get("subject", ""),
        duration=parse_span(entry["duration"]) if "duration" in entry else None,
        data_types=tuple(entry.get("data_types", ())),
        clauses=tuple(entry.get("clauses", ())),
        signed=date_in(entry, "signed"),
        expires=date_in(entry, "expires"),
        owner=entry.get("owner", ""),
        file=_file(entry, base),
        sha256=_digest(entry),
        reviewed=date_in(entry, "reviewed"),
        purpose=entry.get("purpose", ""),
        data_subjects=tuple(entry.get("data_subjects", ())),
    )


def order_of(entry: _Object, base: Path, retention: float | None) -> Migration:
    """Return the model of an order; ``retention`` are the days of the target itself."""
    own = entry.get("retention_days", retention)
    most = entry.get("max_rows")
    return Migration(
        order_id=entry["order_id"],
        controller=entry.get("controller", ""),
        owner=entry.get("owner", ""),
        ordered_on=date_in(entry, "ordered_on"),
        paths=tuple(entry.get("paths", ())),
        fields=tuple(entry.get("fields", ())),
        aliases={name: tuple(texts) for name, texts in entry.get("aliases", {}).items()},
        date_field=entry.get("date_field"),
        date_from=date_in(entry, "date_from"),
        date_to=date_in(entry, "date_to"),
        max_rows=None if most is None else int(most),
        migration_end=date_in(entry, "migration_end"),
        retention_days=None if own is None else int(own),
        reviewed=date_in(entry, "reviewed"),
        expires=date_in(entry, "expires"),
        file=_file(entry, base),
        sha256=_digest(entry),
    )


def _file(entry: _Object, base: Path) -> Path | None:
    return base / bare_path(entry["file"]) if "file" in entry else None


def _digest(entry: _Object) -> str | None:
    text = entry.get("sha256")
    return text.lower() if isinstance(text, str) else None
