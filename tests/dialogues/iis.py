"""The FTP service of Internet Information Services (IIS), versions 7.5 to 10.

WRITTEN BY HAND AND NOT RECORDED: IIS runs on Windows alone. What is said follows Microsoft's
documentation (the settings ``controlChannelPolicy`` and ``dataChannelPolicy``, the FTP status and
sub-status codes) and what administrators quote in public; that a real server says it in these
words is not proved by any test here.
"""

from __future__ import annotations

import ssl
from typing import Final

from tests.hostile import FtpScript
from tests.servers.tree import CSV_TEXT

GREETING: Final = b"220 Microsoft FTP Service\r\n"
_FEATURES: Final = (
    b"211-Extended features supported:\r\n"
    b" LANG EN*\r\n UTF8\r\n AUTH TLS;TLS-C;SSL;TLS-P;\r\n PBSZ\r\n PROT C;P;\r\n CCC\r\n HOST\r\n"
    b" SIZE\r\n MDTM\r\n REST STREAM\r\n211 END\r\n"
)
_ANONYMOUS: Final = b"331 Anonymous access allowed, send identity (e-mail name) as password.\r\n"
_REPLIES: Final = {
    "FEAT": _FEATURES,
    "SYST": b"215 Windows_NT\r\n",
    "USER": b"331 Password required\r\n",
    "PASS": b"530 User cannot log in.\r\n",
    "PWD": b'257 "/" is current directory.\r\n',
    "TYPE": b"200 Type set to I.\r\n",
    "NOOP": b"200 noop command successful.\r\n",
    "MLSD": b"500 Command not understood.\r\n",
    "PBSZ": b"200 PBSZ command successful.\r\n",
    "PROT": b"200 PROT command successful.\r\n",
    "CCC": b"200 CCC command successful.\r\n",
    "QUIT": b"221 Goodbye.\r\n",
}
_OPEN: Final = {
    **_REPLIES,
    **{f"USER {name}": _ANONYMOUS for name in ("anonymous", "ftp")},
    **{f"PASS {name}": b"230 User logged in.\r\n" for name in ("anonymous", "ftp")},
}
_MISSING: Final = (
    b"550-The system cannot find the file specified. \r\n"
    b" Win32 error:   The system cannot find the file specified. \r\n"
    b" Error details: File system returned an error.\r\n550 End\r\n"
)
_CSV: Final = CSV_TEXT.encode()
_FILES: Final = {"/export/members.csv": _CSV, "/readme first.txt": b"Nothing to see.\n"}
_FOLDERS: Final = {
    "/": b"02-11-26  09:14AM       <DIR>          export\r\n"
    b"12-31-25  12:05PM                   16 readme first.txt\r\n",
    "/export": b"11-03-25  04:47PM %20d members.csv\r\n" % len(_CSV),
}
_FOUR_DIGITS: Final = {
    "/": b"02-11-2026  09:14AM       <DIR>          export\r\n"
    b"12-31-2025  12:05PM                   16 readme first.txt\r\n",
    "/export": b"11-03-2025  04:47PM %20d members.csv\r\n" % len(_CSV),
}
# The rights are always these: Windows has others.
_UNIX_STYLE: Final = {
    "/": b"drwxrwxrwx   1 owner    group               0 Feb 11  9:14 export\r\n"
    b"-rwxrwxrwx   1 owner    group              16 Dec 31  2025 readme first.txt\r\n",
    "/export": b"-rwxrwxrwx   1 owner    group %15d Nov  3  2025 members.csv\r\n" % len(_CSV),
}
_TRANSFER: Final = b"125 Data connection already open; Transfer starting.\r\n"
_COMPLETE: Final = b"226 Transfer complete.\r\n"
_NO_CERTIFICATE: Final = (
    b"534-Local policy on server does not allow TLS secure connections.\r\n"
    b" Win32 error:   Access is denied. \r\n"
    b" Error details: SSL certificate was not configured.\r\n534 End\r\n"
)
_POLICY: Final = (
    b"534-Policy requires SSL.\r\n Win32 error:   Access is denied. \r\n"
    b" Error details: SSL policy requires SSL for control channel.\r\n534 End\r\n"
)
_EXPECTING: Final = b"234 AUTH command ok. Expecting TLS Negotiation.\r\n"


def without_certificate() -> FtpScript:
    """No certificate is chosen, hence no TLS; anonymous may read."""
    return FtpScript(
        greeting=GREETING,
        replies={**_OPEN, "AUTH": _NO_CERTIFICATE},
        folders=_FOLDERS,
        files=_FILES,
        missing=_MISSING,
        started=_TRANSFER,
        final=_COMPLETE,
    )


def with_four_digit_years() -> FtpScript:
    """As ``without_certificate``, with the option for years of four digits."""
    return FtpScript(
        greeting=GREETING,
        replies={**_OPEN, "AUTH": _NO_CERTIFICATE},
        folders=_FOUR_DIGITS,
        files=_FILES,
        missing=_MISSING,
        started=_TRANSFER,
        final=_COMPLETE,
    )


def in_unix_style() -> FtpScript:
    """As ``without_certificate``, with the directory listing style of Unix."""
    return FtpScript(
        greeting=GREETING,
        replies={**_OPEN, "AUTH": _NO_CERTIFICATE},
        folders=_UNIX_STYLE,
        files=_FILES,
        missing=_MISSING,
        started=_TRANSFER,
        final=_COMPLETE,
    )


def tls_allowed(context: ssl.SSLContext) -> FtpScript:
    """``SslAllow`` for both channels, the default of the wizard's "Allow SSL"."""
    return FtpScript(
        greeting=GREETING,
        replies=_OPEN,
        folders=_FOLDERS,
        files=_FILES,
        missing=_MISSING,
        started=_TRANSFER,
        final=_COMPLETE,
        tls=context,
        authorised=_EXPECTING,
    )


def tls_required(context: ssl.SSLContext) -> FtpScript:
    """``SslRequire`` for both channels; anonymous may read."""
    return FtpScript(
        greeting=GREETING,
        replies=_OPEN,
        in_clear={"USER anonymous": _POLICY, "USER ftp": _POLICY, "USER": _POLICY},
        in_tls={
            "PROT C": b"536 Requested PROT level not supported by mechanism.\r\n",
            "CCC": b"534 Policy requires SSL.\r\n",
        },
        folders=_FOLDERS,
        files=_FILES,
        missing=_MISSING,
        started=_TRANSFER,
        final=_COMPLETE,
        tls=context,
        authorised=_EXPECTING,
        clear_data=b"534 Policy requires SSL.\r\n",
    )


def credentials_only(context: ssl.SSLContext) -> FtpScript:
    """``SslRequireCredentialsOnly`` for control, ``SslAllow`` for data; no anonymous."""
    return FtpScript(
        greeting=GREETING,
        replies=_REPLIES,
        in_clear={"USER": b"534 Policy requires SSL.\r\n"},
        tls=context,
        authorised=_EXPECTING,
    )
