"""PDF, locked by qpdf in every way it knows, and what only pretends to be locked."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.model.content import ContentState, Note
from tests.content.driving import facts_of
from tests.content.programs import SECRET, made
from tests.content.samples import pdf

WAYS = {
    "40": (ContentState.WEAK, ()),
    "128": (ContentState.WEAK, ("--use-aes=n",)),
    "128-aes": (ContentState.ENCRYPTED, ("--use-aes=y",)),
    "128-v4": (ContentState.WEAK, ("--use-aes=n", "--force-V4")),
    "128-metadata": (ContentState.ENCRYPTED, ("--use-aes=y", "--cleartext-metadata")),
    "256": (ContentState.ENCRYPTED, ()),
    "256-r5": (ContentState.ENCRYPTED, ("--force-R5",)),
    "256-metadata": (ContentState.ENCRYPTED, ("--cleartext-metadata",)),
}
LAYOUTS = ("--object-streams=disable", "--object-streams=generate", "--linearize")


def locked(folder: Path, way: str, user: str, layout: str) -> bytes:
    (folder / "in.pdf").write_bytes(pdf())
    bits = way.partition("-")[0]
    words = ["--encrypt", user, SECRET, bits, *WAYS[way][1], "--"]
    weak = ["--allow-weak-crypto"]
    return made(folder, "out.pdf", "qpdf", *weak, layout, *words, "in.pdf", "out.pdf")


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("way", WAYS)
def test_a_user_password_locks(tmp_path: Path, way: str, layout: str) -> None:
    facts = facts_of(locked(tmp_path, way, "a-user", layout))
    assert (facts.format, facts.state) == ("pdf", WAYS[way][0])


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("way", WAYS)
def test_an_owner_password_alone_keeps_nobody_out(tmp_path: Path, way: str, layout: str) -> None:
    facts = facts_of(locked(tmp_path, way, "", layout))
    assert (facts.state, facts.notes) == (ContentState.KEYLESS, (Note.EMPTY_PASSWORD,))
    assert facts.unread


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_pdf_without_lock_is_clear_and_unread(tmp_path: Path, layout: str) -> None:
    (tmp_path / "in.pdf").write_bytes(pdf())
    for data in (pdf(), made(tmp_path, "out.pdf", "qpdf", layout, "in.pdf", "out.pdf")):
        facts = facts_of(data)
        assert (facts.format, facts.state, facts.unread) == ("pdf", ContentState.CLEAR, True)


@pytest.mark.parametrize("packed", [True, False])
def test_a_lock_set_into_a_plain_pdf_is_not_believed(*, packed: bool) -> None:
    lock = b"/Encrypt<</Filter/Standard/V 2/R 3/Length 128/P -4/O(%s)/U(%s)>>" % (
        b"o" * 32,
        b"u" * 32,
    )
    data = pdf(packed=packed).replace(b"/Root 1 0 R", b"/Root 1 0 R" + lock)
    facts = facts_of(data)
    assert (facts.state, facts.notes) == (ContentState.MALFORMED, (Note.SPOOFED,))


def test_a_lock_that_cannot_be_read_is_opaque(tmp_path: Path) -> None:
    data = pdf().replace(b"/Root 1 0 R", b"/Root 1 0 R/Encrypt 99 0 R")
    assert facts_of(data).state is ContentState.OPAQUE
    unknown = b"/Encrypt<</Filter/FOPN_fLock/V 4>>"
    data = locked(tmp_path, "256", "a-user", LAYOUTS[0])
    at = data.index(b"/Standard")
    assert facts_of(data[:at] + b"/Strange_" + data[at + 9 :]).state is ContentState.OPAQUE
    assert facts_of(pdf().replace(b"/Root 1 0 R", unknown)).state is not ContentState.ENCRYPTED


@pytest.mark.parametrize("way", ["40", "128-aes", "256"])
def test_a_cut_pdf_is_never_clear(tmp_path: Path, way: str) -> None:
    data = locked(tmp_path, way, "a-user", LAYOUTS[0])
    for end in range(20, len(data), 37):
        assert facts_of(data[:end]).state is not ContentState.CLEAR
