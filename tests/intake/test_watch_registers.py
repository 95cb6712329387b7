"""Alert tickets and security.txt as they are handed over, malformed ones among them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.dossier import check_papers, load_dossier
from scanner.errors import InputError
from scanner.intake.registers import read_alerts
from scanner.intake.security_txt import read_security_txt
from scanner.model.dossier import AlertTicket, SecurityTxt
from scanner.model.reading import Observed, Reason, Unobserved
from scanner.model.target import Document, Target


def given_file(folder: Path, content: bytes | str, name: str = "given") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_tickets_are_read_in_utc(tmp_path: Path) -> None:
    text = json.dumps(
        [
            {
                "id": "T-1",
                "raised": "2026-02-03T02:10:00+01:00",
                "acknowledged": "2026-02-03t01:19:00.5z",
            }
        ]
    )
    assert read_alerts(given_file(tmp_path, text)) == (
        AlertTicket(
            id="T-1",
            raised=datetime(2026, 2, 3, 1, 10, tzinfo=UTC),
            acknowledged=datetime(2026, 2, 3, 1, 19, 0, 500_000, tzinfo=UTC),
        ),
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[{"id": "T"}]', "[0]: 'raised' is missing; add it"),
        (
            '[{"id": "T", "raised": "2026-02-03"}]',
            (
                "[0].raised: this value is not a date and time with its zone; "
                "write it as 2026-12-31T22:15:00Z"
            ),
        ),
        (
            '[{"id": "T", "raised": "2026-02-03T02:10:00"}]',
            (
                "[0].raised: this value is not a date and time with its zone; "
                "write it as 2026-12-31T22:15:00Z"
            ),
        ),
        (
            '[{"id": "T", "raised": "0001-01-01T00:00:00+23:59"}]',
            (
                "[0].raised: this value is not a date and time with its zone; "
                "write it as 2026-12-31T22:15:00Z"
            ),
        ),
        (
            ('[{"id": "T", "raised": "2026-02-03T02:10:00Z", "closed": "2026-02-03T02:09:00Z"}]'),
            "[0].closed: is before 'raised'; correct one of them",
        ),
        (
            (
                '[{"id": "T", "raised": "2026-02-03T02:10:00Z"},'
                '{"id": "T", "raised": "2026-02-03T02:10:00Z"}]'
            ),
            "[1].id: is already the id of entry [0]",
        ),
        ("{}", "this value is not a list; give a list"),
    ],
)
def test_malformed_tickets_are_told(tmp_path: Path, text: str, told: str) -> None:
    path = given_file(tmp_path, text)
    with pytest.raises(InputError) as caught:
        read_alerts(path)
    assert [line.split(": ", 1)[1] for line in caught.value.problems] == [told]
    target = Target(host="h", asset="a", alerts=path)
    assert check_papers(target) == caught.value.problems
    read = load_dossier(target).alerts
    assert isinstance(read, Unobserved)
    assert read.reason is Reason.UNREADABLE


LATER = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (
            (
                "# ours\nContact: mailto:security@example.org\nContact: https://example.org/r\n"
                "Expires: 2027-01-01T00:00:00z\nPolicy: https://example.org/p\n"
            ),
            SecurityTxt(contacts=2, expires=LATER),
        ),
        ("contact:mailto:x@example.org\r\n", SecurityTxt(contacts=1)),
        (
            "Expires: 2027-01-01T00:00:00Z\nExpires: 2028-01-01T00:00:00Z\n",
            SecurityTxt(contacts=0),
        ),
        ("Contact:\nExpires: tomorrow\n", SecurityTxt(contacts=0)),
        (
            (
                "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nContact: tel:+1-201-555-0123\n"
                "Expires: 2027-01-01T01:00:00+01:00\n-----BEGIN PGP SIGNATURE-----\n"
            ),
            SecurityTxt(contacts=1, expires=LATER),
        ),
        ("", SecurityTxt(contacts=0)),
    ],
)
def test_the_fields_of_a_security_txt_are_read(
    tmp_path: Path, text: str, read: SecurityTxt
) -> None:
    path = given_file(tmp_path, text)
    assert read_security_txt(path) == read
    paper = Document(kind="security-txt", title="T", file=path)
    assert load_dossier(Target(host="h", asset="a", documents=(paper,))).security_txt == Observed(
        read
    )


@given(st.binary(max_size=300))
def test_any_bytes_are_a_security_txt_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = given_file(tmp_path_factory.mktemp("txt"), b"Contact: a\nExpires: " + content)
    try:
        contacts = read_security_txt(path).contacts
    except InputError:
        contacts = 1
    assert contacts >= 1
