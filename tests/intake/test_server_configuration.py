"""Configurations that operators hand over: which of them force an encrypted transfer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.dossier import check_papers, load_dossier
from scanner.errors import InputError
from scanner.intake.server_configuration import read_configuration
from scanner.model.dossier import Dossier
from scanner.model.failure import FailureId
from scanner.model.finding import Source, Verdict
from scanner.model.target import Document, Target
from tests.checks.cases import case, enforced_ftp, finding, result
from tests.checks.test_papers import PROCEDURE

VSFTPD = "listen=YES\nssl_enable=YES\n"
PROFTPD = 'ServerName "x"\n<IfModule mod_tls.c>\n  TLSEngine on\n  TLSRequired on\n</IfModule>\n'
SSHD = "Subsystem sftp internal-sftp\nMatch Group sftp\n  ChrootDirectory /srv/%u\n"


@pytest.mark.parametrize(
    ("text", "product", "missing"),
    [
        (VSFTPD, "vsftpd", ()),
        (VSFTPD + "force_local_logins_ssl=NO\n", "vsftpd", ("force_local_logins_ssl",)),
        ("listen=YES\n#ssl_enable=YES\n", "vsftpd", ("ssl_enable",)),
        (VSFTPD + "ssl_enable=NO\n", "vsftpd", ("ssl_enable",)),
        (PROFTPD, "proftpd", ()),
        (PROFTPD.replace("Required on", "Required auth+data"), "proftpd", ()),
        (PROFTPD.replace("Required on", "Required data"), "proftpd", ("TLSRequired",)),
        (PROFTPD + "TLSRequired off\n", "proftpd", ("TLSRequired",)),
        ("ServerType standalone\n", "proftpd", ("TLSEngine", "TLSRequired")),
        ("ChrootEveryone yes\nTLS 2\n", "pure-ftpd", ()),
        ("ChrootEveryone yes\nTLS 1\n", "pure-ftpd", ("TLS",)),
        (SSHD + "  ForceCommand internal-sftp -l INFO\n", "openssh", ()),
        (SSHD, "openssh", ("ForceCommand internal-sftp",)),
        (
            "PermitRootLogin no\nChrootDirectory none\n",
            "openssh",
            ("ForceCommand internal-sftp", "ChrootDirectory"),
        ),
    ],
)
def test_what_a_configuration_does_not_force_is_named(
    tmp_path: Path, text: str, product: str, missing: tuple[str, ...]
) -> None:
    path = tmp_path / "conf"
    path.write_text(text)
    read = read_configuration(path)
    assert (read.product, read.missing) == (product, missing)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"hello world\n", b"[x]\na = b\n"])
def test_what_is_no_configuration_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "conf"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_configuration(path)
    assert len(caught.value.problems) == 1
    paper = Document(kind="server-configuration", title="T", file=path)
    assert check_papers(Target(host="h", asset="a", documents=(paper,))) == caught.value.problems


@given(st.binary(max_size=300))
def test_any_bytes_are_a_configuration_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("conf") / "conf"
    path.write_bytes(b"listen=YES\n" + content)
    try:
        product = read_configuration(path).product
    except InputError:
        product = "vsftpd"
    assert product == "vsftpd"


@pytest.mark.parametrize(
    ("text", "verdict", "told"),
    [
        (VSFTPD, Verdict.PASS, "(vsftpd) forces TLS"),
        ("listen=YES\n", Verdict.UNKNOWN, "(vsftpd) does not set ssl_enable"),
        ("", Verdict.UNKNOWN, "is no configuration that is known"),
    ],
)
def test_a_configuration_that_forces_tls_is_a_sign_and_decides_nothing(
    tmp_path: Path, text: str, verdict: Verdict, told: str
) -> None:
    path = tmp_path / "conf"
    path.write_text(text)
    paper = replace(PROCEDURE, kind="server-configuration", title="C", sha256=None, file=path)
    loaded = load_dossier(Target(host="h", asset="a", documents=(paper,)))
    dossier = Dossier(configurations=loaded.configurations)
    row = result(FailureId.UNCONTROLLED_MIGRATION, case(enforced_ftp(), dossier=dossier))
    sign = finding(row, "transfer-configuration")
    assert (sign.verdict, sign.required) == (verdict, False)
    assert told in sign.summary
    if verdict is Verdict.PASS:
        assert sign.source is Source.OPERATOR
