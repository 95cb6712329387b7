"""Every posture of every server, scanned by nobody in particular, against what it must yield.

The values follow from each server's configuration (tests/servers/postures.py) and from the rules
of judging, not from what a scan printed. All facets that are not named in a row have passed.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from scanner.api import ScanDocument
from scanner.model.failure import FailureId
from scanner.model.finding import Finding, Severity, Verdict
from scanner.model.listing import Outcome
from scanner.model.observation import FtpFacts
from scanner.model.reading import Observed, Reason
from scanner.model.view import Walk
from scanner.wire.ssh_signatures import CERTIFICATE
from tests.matrix import lab
from tests.servers import POSTURES, Aioftp, Proftpd, Vsftpd, plant
from tests.servers.fixtures import StartServer
from tests.servers.tree import Tree

TRANSPORT: Final = (FailureId.OPEN_ZONE, FailureId.PLAINTEXT_TRANSPORT)


class Row(NamedTuple):
    """What a posture must yield. Facets are separated by blanks, replies by commas."""

    open_zone: str
    transport: str
    fails: str = ""
    leads: str = ""
    unknown: str = ""
    replies: str = ""
    """What evidence must hold of the dialogue behind greeting and FEAT, in order."""
    tls: str = ""
    """The version that was agreed on."""
    listed: str = ""
    """How anonymous files were listed: ``tls``, ``clear``, ``refused`` or not at all."""
    reused: bool | None = None
    """Whether data connections resumed the session of the control connection."""
    features: str = "FEAT 211"
    """What FEAT was answered before a login."""


# Leads that follow from looking without a trust store, and from what ProFTPD claims in MLSD.
NOBODY: Final = "certificate-trust"
CLAIMS: Final = "anonymous-writable"
WEAK: Final = "ssh-weak-algorithms ssh-policy ssh-signature-algorithms"
CLASSIC: Final = f"{WEAK} ssh-post-quantum"
"""Of servers without a post-quantum key exchange."""
REUSE: Final = "data-session-reuse"
ELSEWHERE: Final = "passive-address"
INJECTED: Final = "command-injection-before-tls"

# Fails, in the words of the catalogue.
READ: Final = "anonymous-read"
NO_TLS: Final = "tls-not-offered"
NAMED: Final = "named-login-in-clear"
ANON: Final = "anonymous-login-in-clear"
DATA: Final = "data-in-clear"
CCC: Final = "ccc-accepted"
OLD: Final = "legacy-tls"
BROKEN: Final = "ssh-broken-algorithms"

# Dialogues. A named user comes first, then anonymous in clear, then anonymous in TLS.
VS_NONE: Final = "AUTH TLS 530, AUTH SSL 530"
PRO_NONE: Final = "AUTH TLS 500, AUTH SSL 500"
TLS: Final = "AUTH TLS 234"
ANON_IN: Final = "USER anonymous 331, PASS 230"
NOBODY_IN: Final = "USER anonymous 331, PASS 530, USER ftp 331, PASS 530"
# vsftpd that knows no local users refuses every other name; so does one that wants TLS of them.
VS_NAMED: Final = "USER zz-… 530"
ASKED: Final = "USER zz-… 331"
PRO_NAMED: Final = "USER zz-… 550"
PURE_NAMED: Final = "USER zz-… 421"
# Toward a third address: refused by all three.
BOUNCE: Final = "PORT 500, EPRT 500"
# A data connection with a TLS session of its own: vsftpd refuses it and ends the session behind
# its refusal, so that one logs in again; ProFTPD refuses it and goes on; Pure-FTPd takes it.
VS_REUSE: Final = f"LIST 522, {ANON_IN}"
PRO_REUSE: Final = "LIST 425"
PURE_REUSE: Final = "LIST 226"
# vsftpd takes a command that was sent in clear behind AUTH for a broken handshake; the others drop
# it and answer what comes inside TLS.
DROPPED: Final = "QUIT 221"
VS_PLAIN: Final = f"{VS_NONE}, {VS_NAMED}, {ANON_IN}, PASV 227, {BOUNCE}"
VS_IN: Final = f"{ANON_IN}, PASV 227, {VS_REUSE}"
VS_OPEN: Final = f"{TLS}, {VS_NAMED}, {ANON_IN}, {VS_IN}, PROT C 200, LIST 226, {BOUNCE}, CCC 500"
# A name that does not exist is an empty listing for vsftpd and Pure-FTPd, 450 for ProFTPD.
PRO_PLAIN: Final = f"{PRO_NONE}, {ASKED}, {ANON_IN}, PASV 227, {BOUNCE}"
PRO_IN: Final = f"{ANON_IN}, PASV 227, {PRO_REUSE}"
PRO_OPEN: Final = (
    f"{TLS}, {DROPPED}, {ASKED}, {ANON_IN}, {PRO_IN}, PROT C 200, LIST 450, {BOUNCE}, CCC 200"
)
PRO_TLS: Final = f"{TLS}, {DROPPED}, {PRO_NAMED}, USER anonymous 550, {PRO_IN}"
PURE_PLAIN: Final = f"{PRO_NONE}, {ASKED}, USER anonymous 230, PASV 227, {BOUNCE}"
PURE_IN: Final = f"USER anonymous 230, PASV 227, {PURE_REUSE}"
PURE_TLS: Final = f"{TLS}, {DROPPED}, {PURE_NAMED}, USER anonymous 421, {PURE_IN}"
INET_NONE: Final = "AUTH TLS 502, AUTH SSL 502"
INET_OPEN: Final = f"{ANON_IN}, FEAT 211, PASV 227, {BOUNCE}"
PY_BOUNCE: Final = "PORT 501, EPRT 501"
# It keeps what came in clear behind AUTH, and answers it inside TLS before it answers QUIT.
PY_KEPT: Final = "QUIT 200, QUIT 221"
# A name that does not exist is refused before a data connection is needed, so the home is listed.
OWN_TLS: Final = "LIST 550, LIST 226"
PY_IN: Final = f"{ANON_IN}, PASV 227, {OWN_TLS}"
PY_TLS: Final = f"{TLS}, {PY_KEPT}, {PRO_NAMED}, USER anonymous 550, {PY_IN}"
NO_BOUNCE: Final = "PORT 502, EPRT 502"
PY_PLAIN: Final = f"{PRO_NONE}, {ASKED}, {ANON_IN}, PASV 227, {PY_BOUNCE}"

PLAIN_VSFTPD: Final = Row("fail", "fail", f"{READ} {NO_TLS}", replies=VS_PLAIN, listed="clear")
OPEN_VSFTPD: Final = Row(
    "fail", "fail", f"{READ} {ANON} {DATA}", NOBODY, "", VS_OPEN, "TLSv1.3", "tls", reused=True
)
PLAIN_PROFTPD: Final = Row(
    "fail", "fail", f"{READ} {NO_TLS} {NAMED}", CLAIMS, replies=PRO_PLAIN, listed="clear"
)
OPEN_PROFTPD: Final = Row(
    "fail",
    "fail",
    f"{READ} {NAMED} {ANON} {DATA} {CCC}",
    f"{NOBODY} {CLAIMS}",
    "",
    PRO_OPEN,
    "TLSv1.3",
    "tls",
    reused=True,
)
PLAIN_PUREFTPD: Final = Row(
    "fail", "fail", f"{READ} {NO_TLS} {NAMED}", replies=PURE_PLAIN, listed="clear"
)
# FEAT is answered after a login only.
PLAIN_INETUTILS: Final = Row(
    "fail",
    "fail",
    f"{READ} {NO_TLS} {NAMED}",
    replies=f"{INET_NONE}, {ASKED}, {INET_OPEN}",
    listed="clear",
    features="FEAT 530",
)
PLAIN_PYFTPDLIB: Final = Row(
    "fail", "fail", f"{READ} {NO_TLS} {NAMED}", replies=PY_PLAIN, listed="clear"
)
OPEN_PYFTPDLIB: Final = Row(
    "fail", "fail", "", f"{NOBODY} {REUSE}", tls="TLSv1.3", listed="tls", reused=True
)
# It has no FEAT. Directories that lead to themselves look like others to whom it serves: the walk
# ends in its depth, and nobody knows what may be written below.
PLAIN_AIOFTP: Final = Row(
    "fail",
    "fail",
    f"{READ} {NO_TLS} {NAMED}",
    unknown=CLAIMS,
    replies=f"{INET_NONE}, USER zz-… 230, USER anonymous 230, PASV 227, {NO_BOUNCE}",
    listed="clear",
    features="FEAT 502",
)
# No tickets in TLS 1.3, hence nothing to resume.
TLS_PUREFTPD: Final = Row(
    "fail", "fail", "", f"{NOBODY} {REUSE}", "", "", "TLSv1.3", "tls", reused=False
)

FTP: Final = {
    # vsftpd ---------------------------------------------------------------------------------
    "vsftpd-plain": PLAIN_VSFTPD,
    "vsftpd-no-anonymous": Row(
        "pass", "fail", f"{NO_TLS} {NAMED}", replies=f"{VS_NONE}, {ASKED}, {NOBODY_IN}"
    ),
    # Its listings show rights, and nothing here is writable by others: the switch is not seen.
    "vsftpd-writable": PLAIN_VSFTPD,
    "vsftpd-tls-optional": OPEN_VSFTPD,
    # Refused inside TLS at USER: nobody is there whose data could be asked for, and the look
    # around is taken in clear.
    "vsftpd-tls-without-anonymous": OPEN_VSFTPD._replace(
        fails=f"{READ} {ANON}",
        unknown=f"{DATA} {CCC}",
        replies=f"{TLS}, {VS_NAMED}, {ANON_IN}, USER anonymous 530, {ANON_IN}, PASV 227, {BOUNCE}",
        listed="clear",
        reused=None,
    ),
    "vsftpd-tls-no-reuse": OPEN_VSFTPD._replace(
        leads=f"{NOBODY} {REUSE}", replies=VS_OPEN.replace(VS_REUSE, "LIST 226")
    ),
    "vsftpd-tls-required": OPEN_VSFTPD._replace(
        transport="pass",
        fails=READ,
        replies=f"{TLS}, {VS_NAMED}, USER anonymous 530, {VS_IN}, "
        f"PROT C 200, LIST 522, {BOUNCE}, CCC 500",
    ),
    "vsftpd-tls-only-users": Row(
        "pass", "unknown", "", NOBODY, f"{DATA} {CCC}", f"{TLS}, {VS_NAMED}, {NOBODY_IN}", "TLSv1.3"
    ),
    "vsftpd-implicit": OPEN_VSFTPD._replace(
        transport="pass",
        fails=READ,
        replies=f"{VS_IN}, PROT C 200, LIST 522, {BOUNCE}, CCC 500",
    ),
    "vsftpd-tls-1.2": OPEN_VSFTPD._replace(tls="TLSv1.2"),
    "vsftpd-tls-1.3": OPEN_VSFTPD,
    "vsftpd-tls-1.0": OPEN_VSFTPD._replace(tls="TLSv1", fails=f"{READ} {ANON} {DATA} {OLD}"),
    "vsftpd-expired": OPEN_VSFTPD._replace(leads=f"{OPEN_VSFTPD.leads} certificate-expiry"),
    "vsftpd-self-signed": OPEN_VSFTPD,
    "vsftpd-wrong-name": OPEN_VSFTPD,
    "vsftpd-no-epsv": PLAIN_VSFTPD,
    "vsftpd-nat": PLAIN_VSFTPD._replace(leads=ELSEWHERE),
    # Let in, and shown nothing: names that are known could still be read.
    "vsftpd-no-listing": PLAIN_VSFTPD._replace(
        open_zone="unknown", fails=NO_TLS, unknown=f"{READ} {CLAIMS}", listed="refused"
    ),
    # What may not be read is listed all the same.
    "vsftpd-denied-files": PLAIN_VSFTPD,
    # ProFTPD --------------------------------------------------------------------------------
    "proftpd-plain": PLAIN_PROFTPD,
    "proftpd-no-anonymous": Row(
        "pass", "fail", f"{NO_TLS} {NAMED}", replies=f"{PRO_NONE}, {ASKED}, {NOBODY_IN}"
    ),
    "proftpd-writable": PLAIN_PROFTPD,
    "proftpd-tls-off": OPEN_PROFTPD,
    "proftpd-tls-on": OPEN_PROFTPD._replace(
        transport="pass", fails=READ, replies=f"{PRO_TLS}, PROT C 534, {BOUNCE}, CCC 534"
    ),
    "proftpd-tls-ctrl": OPEN_PROFTPD._replace(
        fails=f"{READ} {DATA}", replies=f"{PRO_TLS}, PROT C 200, LIST 450, {BOUNCE}, CCC 534"
    ),
    "proftpd-tls-auth": OPEN_PROFTPD._replace(
        fails=f"{READ} {DATA} {CCC}", replies=f"{PRO_TLS}, PROT C 200, LIST 450, {BOUNCE}, CCC 200"
    ),
    "proftpd-tls-data": OPEN_PROFTPD._replace(
        fails=f"{READ} {NAMED} {ANON} {CCC}",
        replies=f"{TLS}, {DROPPED}, {ASKED}, {ANON_IN}, {PRO_IN}, PROT C 534, {BOUNCE}, CCC 200",
    ),
    "proftpd-tls-auth+data": OPEN_PROFTPD._replace(
        fails=f"{READ} {CCC}", replies=f"{PRO_TLS}, PROT C 534, {BOUNCE}, CCC 200"
    ),
    "proftpd-implicit": OPEN_PROFTPD._replace(
        transport="pass", fails=READ, replies=f"{PRO_IN}, PROT C 534, {BOUNCE}, CCC 534"
    ),
    "proftpd-tls-1.2": OPEN_PROFTPD._replace(tls="TLSv1.2"),
    "proftpd-tls-1.3": OPEN_PROFTPD,
    "proftpd-tls-1.0": OPEN_PROFTPD._replace(
        tls="TLSv1", fails=f"{READ} {NAMED} {ANON} {DATA} {CCC} {OLD}"
    ),
    "proftpd-tls-no-reuse": OPEN_PROFTPD._replace(
        transport="pass",
        fails=READ,
        leads=f"{NOBODY} {CLAIMS} {REUSE}",
        replies=f"{PRO_TLS}, PROT C 534, {BOUNCE}, CCC 534".replace(
            PRO_REUSE, "LIST 450, LIST 226"
        ),
    ),
    # LIST is denied, and MLSD was forgotten.
    "proftpd-only-mlsd": PLAIN_PROFTPD,
    "proftpd-no-listing": PLAIN_PROFTPD._replace(
        open_zone="unknown",
        fails=f"{NO_TLS} {NAMED}",
        leads="",
        unknown=f"{READ} {CLAIMS}",
        listed="refused",
    ),
    "proftpd-nat": PLAIN_PROFTPD._replace(leads=f"{CLAIMS} {ELSEWHERE}"),
    # Pure-FTPd ------------------------------------------------------------------------------
    "pureftpd-plain": PLAIN_PUREFTPD,
    "pureftpd-no-anonymous": Row(
        "pass", "fail", f"{NO_TLS} {NAMED}", replies=f"{PRO_NONE}, {ASKED}, {NOBODY_IN}"
    ),
    "pureftpd-uploads": PLAIN_PUREFTPD,
    "pureftpd-nat": PLAIN_PUREFTPD._replace(leads=ELSEWHERE),
    "pureftpd-tls-1": TLS_PUREFTPD._replace(
        fails=f"{READ} {NAMED} {ANON} {DATA} {CCC}",
        replies=f"{TLS}, {DROPPED}, {ASKED}, USER anonymous 230, {PURE_IN}, "
        f"PROT C 200, LIST 226, {BOUNCE}, CCC 200",
    ),
    "pureftpd-tls-2": TLS_PUREFTPD._replace(
        fails=f"{READ} {DATA} {CCC}", replies=f"{PURE_TLS}, PROT C 200, LIST 226, {BOUNCE}, CCC 200"
    ),
    "pureftpd-tls-3": TLS_PUREFTPD._replace(
        fails=f"{READ} {CCC}", replies=f"{PURE_TLS}, PROT C 200, LIST 521, {BOUNCE}, CCC 200"
    ),
    # inetutils ------------------------------------------------------------------------------
    "inetutils-plain": PLAIN_INETUTILS,
    "inetutils-no-anonymous": PLAIN_INETUTILS._replace(
        open_zone="pass",
        fails=f"{NO_TLS} {NAMED}",
        replies=f"{INET_NONE}, {ASKED}, {NOBODY_IN}",
        listed="",
    ),
    "inetutils-only-anonymous": PLAIN_INETUTILS._replace(
        fails=f"{READ} {NO_TLS}", replies=f"{INET_NONE}, {VS_NAMED}, {INET_OPEN}"
    ),
    # pyftpdlib ------------------------------------------------------------------------------
    "pyftpdlib-plain": PLAIN_PYFTPDLIB,
    "pyftpdlib-no-anonymous": Row(
        "pass", "fail", f"{NO_TLS} {NAMED}", replies=f"{PRO_NONE}, {ASKED}, {NOBODY_IN}"
    ),
    # It claims what it grants.
    "pyftpdlib-writable": PLAIN_PYFTPDLIB._replace(leads=CLAIMS),
    "pyftpdlib-tls-optional": OPEN_PYFTPDLIB._replace(
        fails=f"{READ} {NAMED} {ANON} {DATA} {INJECTED}",
        replies=f"{TLS}, {PY_KEPT}, {ASKED}, {ANON_IN}, {PY_IN}, PROT C 200, LIST 550, "
        f"{PY_BOUNCE}, CCC 500",
    ),
    "pyftpdlib-tls-control": OPEN_PYFTPDLIB._replace(
        fails=f"{READ} {DATA} {INJECTED}",
        replies=f"{PY_TLS}, PROT C 200, LIST 550, {PY_BOUNCE}, CCC 500",
    ),
    # Clear data are refused before a command has named any: no port is opened for them.
    "pyftpdlib-tls-required": OPEN_PYFTPDLIB._replace(
        fails=f"{READ} {INJECTED}",
        replies=f"{PY_TLS}, PROT C 200, PASV 550, PORT 550, EPRT 550, CCC 500",
    ),
    # aioftp ---------------------------------------------------------------------------------
    "aioftp-plain": PLAIN_AIOFTP,
    # A name that it does not know is refused before the password.
    "aioftp-no-anonymous": PLAIN_AIOFTP._replace(
        open_zone="pass",
        fails=NO_TLS,
        unknown="",
        replies=f"{INET_NONE}, {VS_NAMED}, USER anonymous 530, USER ftp 530",
        listed="",
    ),
    "aioftp-implicit": PLAIN_AIOFTP._replace(
        transport="pass",
        fails=READ,
        leads=f"{NOBODY} {REUSE}",
        replies=f"USER anonymous 230, PASV 227, {OWN_TLS}, PROT C 502, {NO_BOUNCE}, CCC 502",
        tls="TLSv1.3",
        listed="tls",
        reused=True,
    ),
}

SSH: Final = {
    # mod_sftp's default list of key exchanges ends in rsa1024-sha1.
    "proftpd-sftp": Row("pass", "fail", BROKEN, f"{CLASSIC} ssh-group-exchange"),
    "openssh-keys": Row("pass", "pass", leads=WEAK),
    "openssh-password": Row("pass", "pass", leads=WEAK),
    "openssh-keyboard-interactive": Row("pass", "pass", leads=WEAK),
    # Only who knows the name of the user without a password is let in; a decoy name is not.
    "openssh-blank": Row("pass", "pass", leads=WEAK),
    "openssh-two-factors": Row("pass", "pass", leads=WEAK),
    "openssh-chrooted": Row("pass", "pass", leads=WEAK),
    "openssh-legacy": Row("pass", "fail", BROKEN, CLASSIC),
    # What is shown before any key is exchanged is proof enough.
    "proftpd-sftp-no-encryption": Row(
        "unknown", "fail", BROKEN, "ssh-weak-algorithms ssh-policy ssh-post-quantum", "ssh-none"
    ),
    "proftpd-sftp-keys": Row("pass", "fail", BROKEN, f"{CLASSIC} ssh-group-exchange"),
    "proftpd-sftp-compression": Row(
        "pass", "fail", BROKEN, f"{CLASSIC} ssh-group-exchange ssh-early-compression"
    ),
    "proftpd-sftp-legacy": Row("pass", "fail", BROKEN, CLASSIC),
    # Its only key exchange is one that the library does not know.
    "openssh-post-quantum": Row(
        "unknown",
        "unknown",
        leads="ssh-weak-algorithms ssh-policy",
        unknown=f"{BROKEN} ssh-none",
    ),
    "openssh-rsa-1024": Row("pass", "fail", BROKEN, WEAK),
    **dict.fromkeys(
        (
            "openssh-host-certificates",
            "openssh-user-certificates",
            "openssh-password-then-prompt",
            "openssh-banner",
            "openssh-one-key",
            "openssh-rsa-2048",
            "openssh-rsa-4096",
            "openssh-allow-users",
            "openssh-no-subsystem",
            "openssh-no-forwarding",
        ),
        Row("pass", "pass", leads=WEAK),
    ),
    "openssh-group-exchange": Row("pass", "pass", leads=CLASSIC),
    "openssh-small-groups": Row("pass", "pass", leads=f"{CLASSIC} ssh-group-exchange"),
    "openssh-large-groups": Row("pass", "pass", leads=CLASSIC),
    "openssh-no-post-quantum": Row("pass", "pass", leads=CLASSIC),
    "dropbear-password": Row("pass", "pass", leads=CLASSIC),
    "dropbear-keys": Row("pass", "pass", leads=CLASSIC),
    "dropbear-blank": Row("pass", "pass", leads=CLASSIC),
    "dropbear-banner": Row("pass", "pass", leads=CLASSIC),
    "dropbear-old-keys": Row("pass", "fail", BROKEN, CLASSIC),
    "asyncssh-legacy": Row("pass", "fail", BROKEN, CLASSIC),
    # A client that asks for 1024 bits gets them: as weak as group 1.
    **dict.fromkeys(
        (
            "asyncssh-password",
            "asyncssh-keys",
            "asyncssh-blank",
            "asyncssh-host-certificates",
        ),
        Row("pass", "fail", "ssh-group-exchange", WEAK),
    ),
    "asyncssh-zlib": Row("pass", "fail", "ssh-group-exchange", f"{WEAK} ssh-early-compression"),
    "asyncssh-post-quantum": Row("pass", "pass", leads="ssh-weak-algorithms ssh-policy"),
    **dict.fromkeys(
        ("paramiko-password", "paramiko-keys", "paramiko-blank", "paramiko-banner"),
        Row("pass", "pass", leads="ssh-weak-algorithms ssh-policy"),
    ),
    "tinysshd-keys": Row("pass", "pass", leads="ssh-terrapin ssh-signature-algorithms"),
    "tinysshd-no-post-quantum": Row(
        "pass", "pass", leads="ssh-terrapin ssh-signature-algorithms ssh-post-quantum"
    ),
}

UNSPOKEN: Final = frozenset({"openssh-post-quantum", "proftpd-sftp-no-encryption"})
"""Postures with nothing in common with us: their keys and logins stay unknown."""


@pytest.mark.parametrize(("name", "expected"), (FTP | SSH).items(), ids=FTP | SSH)
def test_a_posture_yields_the_verdicts_that_follow_from_its_configuration(
    name: str, expected: Row, ad_hoc: Callable[[str], ScanDocument]
) -> None:
    document = ad_hoc(name)
    zone, transport = (lab.row(document, failure) for failure in TRANSPORT)
    found = lab.findings(document, *TRANSPORT)
    assert (zone.verdict, transport.verdict) == (expected.open_zone, expected.transport)
    assert lab.facets(found, Verdict.FAIL) == set(expected.fails.split())
    assert lab.facets(found, Verdict.FAIL, lead=True) == set(expected.leads.split())
    assert lab.facets(found, Verdict.UNKNOWN) == set(expected.unknown.split())
    assert document.exit_code == (1 if _is_high(found) else 3 if name in UNSPOKEN else 0)


def _is_high(found: list[Finding]) -> bool:
    decide = [f for f in found if f.verdict is Verdict.FAIL and not f.is_lead]
    return any(finding.severity.rank >= Severity.HIGH.rank for finding in decide)


@pytest.mark.parametrize(("name", "expected"), FTP.items(), ids=FTP)
def test_the_dialogue_with_a_posture_is_in_evidence(
    name: str, expected: Row, ad_hoc: Callable[[str], ScanDocument]
) -> None:
    said = lab.said(ad_hoc(name))
    assert said[:2] == ["220", expected.features]
    assert ", ".join(said[2:]) == expected.replies


@pytest.mark.parametrize(("name", "expected"), FTP.items(), ids=FTP)
def test_anonymous_files_are_listed_as_safely_as_the_posture_lets(
    name: str, expected: Row, ad_hoc: Callable[[str], ScanDocument]
) -> None:
    facts = lab.ftp_of(ad_hoc(name))
    assert getattr(lab.seen(facts.tls), "version", "") == expected.tls
    reused = lab.seen(facts.session_reused)
    assert (None if isinstance(reused, Reason) else reused) is expected.reused
    assert _listed(facts) == expected.listed
    if expected.listed in {"tls", "clear"}:
        walk = lab.seen(facts.anonymous_view).walk
        check = FOLLOWING.get(name.partition("-")[0], _saw_the_planted_tree)
        check(walk)


def _listed(facts: FtpFacts) -> str:
    view = facts.anonymous_view
    if not isinstance(view, Observed):
        return ""
    if view.value.root is not Outcome.LISTED:
        return "refused"
    return "tls" if view.value.encrypted else "clear"


def _saw_the_planted_tree(walk: Walk) -> None:
    assert walk.complete
    # The planted tree: ten names in the root, seven and a few links below; ProFTPD's MLSD
    # leaves the dangling link out.
    assert walk.directories == 9
    assert walk.entries in {16, 17}
    assert walk.sampled in {5, 6}  # neither dotfiles of Pure-FTPd nor denied files are handed out


def _saw_where_links_end(walk: Walk) -> None:
    """Links are shown as what they lead to; that one leads back is told by its identity."""
    assert walk.complete
    assert walk.links == 0
    assert walk.directories > 9


def _saw_links_without_end(walk: Walk) -> None:
    """Links are shown as what they lead to, and nothing tells that one leads back."""
    assert walk.stopped == ("depth",)
    assert walk.links == 0
    assert walk.directories > 9


FOLLOWING: Final = {"pyftpdlib": _saw_where_links_end, "aioftp": _saw_links_without_end}


DEFAULTS: Final = {
    "vsftpd-tls-1.2": "TLSv1.2",
    "vsftpd-tls-1.3": "TLSv1.3",
    "proftpd-tls-1.2": "TLSv1.2",
    "proftpd-tls-1.3": "TLSv1.3",
}
"""Both insist on a resumed session for data unless they are told otherwise."""


@pytest.mark.parametrize(("name", "version"), DEFAULTS.items(), ids=DEFAULTS)
def test_files_are_listed_and_read_over_tls_where_data_must_resume_the_session(
    name: str, version: str, ad_hoc: Callable[[str], ScanDocument]
) -> None:
    options = POSTURES[name].options
    assert isinstance(options, Vsftpd | Proftpd)
    assert options.require_session_reuse
    facts = lab.ftp_of(ad_hoc(name))
    assert lab.seen(facts.tls).version == version
    assert lab.seen(facts.session_reused) is True
    view = lab.seen(facts.anonymous_view)
    assert view.encrypted
    (export,) = (file for file in view.walk.files if file.extension == "csv")
    assert {kind.kind for kind in lab.seen(export.content).kinds} >= {"email", "surname"}


def test_a_server_that_ends_its_session_where_it_is_cut_off_is_asked_to_stop(
    start_server: StartServer, tmp_path: Path
) -> None:
    def one_that_is_not_read_whole(root: Path) -> Tree:
        # More than the sockets hold: the server is amid the transfer whenever it is cut off.
        (root / "export.csv").write_bytes(b"surname;lot\n" * 3_000_000)
        return Tree(root)

    server = start_server("aioftp-plain", contents=one_that_is_not_read_whole)
    document = lab.scan_ad_hoc(server, tmp_path / "state")
    (export,) = lab.seen(lab.ftp_of(document).anonymous_view).walk.files
    assert lab.seen(export.content).bytes_read > 100_000
    effort = lab.endpoint_of(document).effort
    # Once it was lost; NOOP, which the server does not know, tells where its replies begin. How many
    # cuts go well before that, without ABOR, is for the server's pace to say.
    assert effort.logins == 2
    assert effort.verbs["NOOP"] >= effort.verbs["ABOR"] > 2


def test_a_file_that_is_listed_and_not_handed_out_is_unread_and_not_empty(
    ad_hoc: Callable[[str], ScanDocument],
) -> None:
    view = lab.seen(lab.ftp_of(ad_hoc("vsftpd-denied-files")).anonymous_view)
    (export,) = (file for file in view.walk.files if file.extension == "csv")
    assert lab.seen(export.content) is Reason.UNREADABLE


def test_a_server_that_breaks_off_a_listing_is_not_called_empty(
    start_server: StartServer, tmp_path: Path
) -> None:
    """aioftp drops the connection where a name in the listing is not UTF-8."""

    def with_its_name(root: Path) -> Tree:
        return plant(root)

    server = start_server(Aioftp(), contents=with_its_name)
    document = lab.scan_ad_hoc(server, tmp_path / "state")
    zone = lab.row(document, FailureId.OPEN_ZONE)
    assert zone.verdict is not Verdict.PASS
    view = lab.ftp_of(document).anonymous_view
    assert not isinstance(view, Observed) or not view.value.walk.complete


def test_no_posture_is_left_out_of_the_table() -> None:
    assert set(FTP | SSH) == set(POSTURES)


@pytest.mark.parametrize("name", ["vsftpd-nat", "proftpd-nat", "pureftpd-nat"])
def test_a_passive_address_elsewhere_is_told_and_not_followed(
    name: str, ad_hoc: Callable[[str], ScanDocument]
) -> None:
    facts = lab.ftp_of(ad_hoc(name))
    assert lab.seen(facts.passive).announced == "127.66.66.66"
    assert lab.seen(facts.passive).foreign


METHODS: Final = {
    "proftpd-sftp": "publickey password",
    "openssh-keys": "publickey",
    "openssh-password": "publickey password",
    "openssh-keyboard-interactive": "publickey password keyboard-interactive",
    "openssh-blank": "publickey password",
    "openssh-two-factors": "publickey",
    "openssh-chrooted": "publickey password",
    "openssh-legacy": "publickey password",
    "dropbear-password": "publickey password",
    "dropbear-keys": "publickey",
    "dropbear-blank": "publickey password",
    "proftpd-sftp-keys": "publickey",
    "proftpd-sftp-compression": "publickey password",
    "proftpd-sftp-legacy": "publickey password",
    "openssh-host-certificates": "publickey password",
    "openssh-user-certificates": "publickey",
    "openssh-password-then-prompt": "password",
    "openssh-one-key": "publickey password",
    "openssh-rsa-1024": "publickey password",
    "openssh-rsa-4096": "publickey password",
    "openssh-large-groups": "publickey password",
    "openssh-allow-users": "publickey password",
    "dropbear-old-keys": "publickey password",
    "asyncssh-password": "publickey password",
    "asyncssh-keys": "publickey",
    "asyncssh-blank": "publickey password",
    "asyncssh-legacy": "publickey password",
    "paramiko-password": "publickey password",
    "paramiko-keys": "publickey",
    "paramiko-blank": "publickey password",
    "tinysshd-keys": "publickey",
}
MODERN_KEYS: Final = frozenset({"ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"})
OTHER_KEYS: Final[dict[str, set[str] | frozenset[str]]] = {
    "openssh-legacy": {"ssh-rsa", "ssh-dss"},
    "proftpd-sftp-legacy": {"ssh-rsa", "ssh-dss"},
    "dropbear-old-keys": {"ssh-rsa", "ssh-dss"},
    "openssh-host-certificates": MODERN_KEYS | {f"{kind}{CERTIFICATE}" for kind in MODERN_KEYS},
    "openssh-one-key": {"ssh-ed25519"},
    "openssh-rsa-1024": {"ssh-rsa"},
    "openssh-rsa-4096": {"ssh-rsa"},
    "asyncssh-legacy": {"ssh-rsa"},
    "tinysshd-keys": {"ssh-ed25519"},
}


@pytest.mark.parametrize(("name", "offered"), METHODS.items(), ids=METHODS)
def test_the_ssh_methods_and_every_host_key_are_seen(
    name: str, offered: str, ad_hoc: Callable[[str], ScanDocument]
) -> None:
    facts = lab.ssh_of(ad_hoc(name))
    assert set(lab.seen(facts.methods).methods) == set(offered.split())
    kinds = {key.algorithm for key in lab.seen(facts.host_keys)}
    assert kinds == OTHER_KEYS.get(name, MODERN_KEYS)


def test_a_login_whose_listing_is_refused_is_only_suspected(
    start_server: StartServer, tmp_path: Path
) -> None:
    mute = Vsftpd(denied_commands=("LIST", "NLST", "MLSD"))
    document = lab.scan_ad_hoc(start_server(mute), tmp_path / "state")
    zone = lab.row(document, FailureId.OPEN_ZONE)
    assert (zone.verdict, zone.reason) == (Verdict.UNKNOWN, Reason.SUSPECTED)
    assert zone.summary.startswith("suspected: login as anonymous is accepted")
