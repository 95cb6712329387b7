"""Servers that cannot run here, by scripts written by hand: what a scan makes of each.

That the scripts say what the products say is their modules' claim; here it is held that a scan
understands those words.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from scanner.api import ScanDocument, scan_host
from scanner.model.failure import FailureId
from scanner.model.finding import Verdict
from scanner.model.listing import Outcome, Precision
from scanner.model.observation import ClearLogin
from scanner.model.target import Protocol
from scanner.model.view import FileFact, View
from tests.dialogues import filezilla, iis
from tests.hostile import FtpScript, ftp, server_context, serving
from tests.matrix import lab
from tests.servers import make_certificate

TRANSPORT: Final = (FailureId.OPEN_ZONE, FailureId.PLAINTEXT_TRANSPORT)
Clear = Callable[[], FtpScript]
Protected = Callable[[ssl.SSLContext], FtpScript]


class Row(NamedTuple):
    """What a dialogue must yield; facets that are not named have passed."""

    open_zone: str
    transport: str
    fails: str = ""
    leads: str = ""
    unknown: str = ""


READ: Final = "anonymous-read"
NO_TLS: Final = "tls-not-offered"
NAMED: Final = "named-login-in-clear"
ANON: Final = "anonymous-login-in-clear"
DATA: Final = "data-in-clear"
CCC: Final = "ccc-accepted"
REUSE: Final = "data-session-reuse"  # IIS takes data connections with a TLS session of their own
NOBODY: Final = "certificate-trust"  # follows from looking without a trust store

CLEAR: Final[dict[str, tuple[Clear, Row]]] = {
    "iis-without-certificate": (
        iis.without_certificate,
        Row("fail", "fail", f"{READ} {NO_TLS} {NAMED}"),
    ),
    "iis-four-digit-years": (
        iis.with_four_digit_years,
        Row("fail", "fail", f"{READ} {NO_TLS} {NAMED}"),
    ),
    # It shows the same rights for everything, and they are nobody's.
    "iis-unix-style": (
        iis.in_unix_style,
        Row("fail", "fail", f"{READ} {NO_TLS} {NAMED}", "anonymous-writable"),
    ),
    "filezilla-0.9-without-tls": (
        filezilla.old_without_tls,
        Row("fail", "fail", f"{READ} {NO_TLS} {NAMED}"),
    ),
}
PROTECTED: Final[dict[str, tuple[Protected, Row]]] = {
    "iis-tls-allowed": (
        iis.tls_allowed,
        Row("fail", "fail", f"{READ} {NAMED} {ANON} {DATA} {CCC}", f"{NOBODY} {REUSE}"),
    ),
    "iis-tls-required": (
        iis.tls_required,
        Row("fail", "pass", READ, f"{NOBODY} {REUSE}"),
    ),
    # Nobody was let in, so nobody knows of the data channel.
    "iis-credentials-only": (
        iis.credentials_only,
        Row("pass", "unknown", "", NOBODY, f"{DATA} {CCC}"),
    ),
    "filezilla-0.9-forced-tls": (filezilla.old_forced_tls, Row("fail", "pass", READ, NOBODY)),
    "filezilla-0.9-half-forced-tls": (
        filezilla.old_half_forced_tls,
        Row("pass", "unknown", "", NOBODY, f"{DATA} {CCC}"),
    ),
    "filezilla-1-requiring-tls": (
        filezilla.new_requiring_tls,
        Row("fail", "pass", READ, NOBODY),
    ),
    # Clear data are refused before any login already.
    "filezilla-1-allowing-clear": (
        filezilla.new_allowing_clear,
        Row("pass", "fail", NAMED, NOBODY, CCC),
    ),
}
ROWS: Final = {name: row for name, (_, row) in [*CLEAR.items(), *PROTECTED.items()]}
LISTED: Final = [name for name, row in ROWS.items() if READ in row.fails]
ENFORCED: Final = [name for name in PROTECTED if NAMED not in ROWS[name].fails]


@asynccontextmanager
async def speaking(name: str, folder: Path) -> AsyncIterator[ScanDocument]:
    """Scan the dialogue as ``scan host 127.0.0.1:PORT`` does."""
    if name in CLEAR:
        script = CLEAR[name][0]()
    else:
        script = PROTECTED[name][0](server_context(make_certificate(folder / "tls")))
    async with serving(ftp(script)) as endpoint:
        yield await scan_host(
            "127.0.0.1",
            port=endpoint.port,
            protocol=Protocol.AUTO,
            history=lab.history_in(folder / "state"),
        )


@pytest.mark.parametrize("name", ROWS)
async def test_a_dialogue_yields_the_verdicts_that_follow_from_its_settings(
    name: str, tmp_path: Path
) -> None:
    expected = ROWS[name]
    async with speaking(name, tmp_path) as document:
        zone, transport = (lab.row(document, failure) for failure in TRANSPORT)
        found = lab.findings(document, *TRANSPORT)
    assert (zone.verdict, transport.verdict) == (expected.open_zone, expected.transport)
    assert lab.facets(found, Verdict.FAIL) == set(expected.fails.split())
    assert lab.facets(found, Verdict.FAIL, lead=True) == set(expected.leads.split())
    assert lab.facets(found, Verdict.UNKNOWN) == set(expected.unknown.split())


GREETINGS: Final = {
    "iis-without-certificate": "Microsoft FTP Service",
    "filezilla-0.9-without-tls": "FileZilla Server 0.9.60 beta",
    "filezilla-1-allowing-clear": "FileZilla Server 1.8.2",
}


@pytest.mark.parametrize(("name", "product"), GREETINGS.items(), ids=GREETINGS)
async def test_the_greeting_names_the_product(name: str, product: str, tmp_path: Path) -> None:
    async with speaking(name, tmp_path) as document:
        greeting = lab.seen(lab.ftp_of(document).greeting)
    assert greeting.code == 220
    assert greeting.text[0] == product


@pytest.mark.parametrize("name", ENFORCED)
async def test_that_tls_is_wanted_is_understood_in_whatever_words(
    name: str, tmp_path: Path
) -> None:
    """By 503, 530 and 534 at USER, in one line or four."""
    async with speaking(name, tmp_path) as document:
        facts = lab.ftp_of(document)
    assert lab.seen(facts.auth_tls).mechanism == "tls"
    assert lab.seen(facts.auth_tls).in_feat is True
    assert lab.seen(facts.clear_named).step is ClearLogin.REFUSED
    assert lab.seen(facts.clear_anonymous).step is ClearLogin.REFUSED
    assert any(each.encrypted for each in lab.seen(facts.anonymous).tries)


@pytest.mark.parametrize("name", CLEAR)
async def test_a_policy_against_tls_is_no_offer_of_it(name: str, tmp_path: Path) -> None:
    async with speaking(name, tmp_path) as document:
        auth = lab.seen(lab.ftp_of(document).auth_tls)
    assert auth.mechanism == ""
    assert len(auth.replies) == 2  # AUTH TLS and AUTH SSL


@pytest.mark.parametrize("name", LISTED)
async def test_listings_of_windows_are_read_whole(name: str, tmp_path: Path) -> None:
    async with speaking(name, tmp_path) as document:
        view = lab.seen(lab.ftp_of(document).anonymous_view)
    assert view.root is Outcome.LISTED
    assert view.walk.complete
    assert (view.walk.directories, view.walk.entries, view.walk.sampled) == (2, 3, 2)
    export, readme = _file(view, "csv"), _file(view, "txt")
    assert {kind.kind for kind in lab.seen(export.content).kinds} >= {"email", "surname"}
    assert readme.size == 16
    assert str(readme.modified).startswith("2025-12-31T")


def _file(view: View, extension: str) -> FileFact:
    (found,) = (file for file in view.walk.files if file.extension == extension)
    return found


TIMES: Final = {
    "iis-without-certificate": ("2025-11-03T16:47:00Z", Precision.MINUTE),
    "iis-four-digit-years": ("2025-11-03T16:47:00Z", Precision.MINUTE),
    "iis-unix-style": ("2025-11-03T00:00:00Z", Precision.DAY),
    "filezilla-0.9-without-tls": ("2025-11-03T16:47:00Z", Precision.SECOND),
    "filezilla-1-requiring-tls": ("2025-11-03T16:47:00Z", Precision.SECOND),
}


@pytest.mark.parametrize(("name", "expected"), TIMES.items(), ids=TIMES)
async def test_times_are_as_exact_as_the_listing_tells(
    name: str, expected: tuple[str, Precision], tmp_path: Path
) -> None:
    async with speaking(name, tmp_path) as document:
        export = _file(lab.seen(lab.ftp_of(document).anonymous_view), "csv")
    assert (export.modified, export.precision) == expected


RESUMING: Final = ["filezilla-0.9-forced-tls", "filezilla-1-requiring-tls"]


@pytest.mark.parametrize("name", RESUMING)
async def test_data_are_read_where_they_must_resume_the_session(name: str, tmp_path: Path) -> None:
    async with speaking(name, tmp_path) as document:
        facts = lab.ftp_of(document)
    assert lab.seen(facts.session_reused) is True
    assert lab.seen(facts.data).clear_accepted is False
    assert lab.seen(facts.anonymous_view).encrypted


@pytest.mark.parametrize("module", [iis, filezilla])
def test_dialogues_say_that_nobody_recorded_them(module: object) -> None:
    assert "WRITTEN BY HAND AND NOT RECORDED" in str(module.__doc__)
