from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.model.product import Product
from scanner.wire.ftp_software import identify

GREETINGS = [
    ("(vsFTPd 3.0.3)", Product.VSFTPD, "3.0.3"),
    ("ProFTPD Server (lab) [127.0.0.1]", Product.PROFTPD, ""),
    ("ProFTPD 1.3.8c Server (lab)", Product.PROFTPD, "1.3.8c"),
    ("---------- Welcome to Pure-FTPd [privsep] [TLS] ----------", Product.PUREFTPD, ""),
    ("FileZilla Server 1.8.2", Product.FILEZILLA, "1.8.2"),
    ("FileZilla Server version 0.9.60 beta", Product.FILEZILLA, "0.9.60"),
    ("Microsoft FTP Service", Product.IIS, ""),
    ("host Microsoft FTP Service (Version 5.0).", Product.IIS, "5.0"),
    ("lab FTP server (GNU inetutils 2.4) ready.", Product.INETUTILS, "2.4"),
    ("pyftpdlib 2.2.0 ready.", Product.PYFTPDLIB, "2.2.0"),
    ("Serv-U FTP Server v15.1 ready...", Product.SERV_U, "15.1"),
    ("Wing FTP Server ready...", Product.WING, ""),
    ("Welcome", Product.UNKNOWN, ""),
    ("the 230th visitor, 10.0.0.1", Product.UNKNOWN, ""),
]


@pytest.mark.parametrize(("line", "product", "version"), GREETINGS)
def test_a_greeting_names_its_product(line: str, product: Product, version: str) -> None:
    found = identify([("", (line,))])
    assert (found.product, found.version) == (product, version)


def test_a_later_reply_tells_what_the_greeting_hides() -> None:
    told = [("", ("ready",)), ("STAT", ("FTP", "vsFTPd 3.0.5 - secure"))]
    found = identify(told)
    assert (found.product, found.version, found.signs) == (Product.VSFTPD, "3.0.5", ("STAT",))


def test_the_first_product_named_is_not_overruled() -> None:
    told = [("", ("ProFTPD",)), ("HELP", ("like vsFTPd 3.0.3",))]
    assert identify(told).product is Product.PROFTPD
    assert identify(told).version == ""


@given(st.lists(st.tuples(st.sampled_from(["", "SYST"]), st.text(max_size=300)), max_size=8))
def test_whatever_is_said_the_version_is_short_and_plain(told: list[tuple[str, str]]) -> None:
    found = identify((command, (line,)) for command, line in told)
    assert len(found.version) <= 24
    assert found.version == "" or found.version[0].isdigit()
