"""FileZilla Server, 0.9 and 1.x.

WRITTEN BY HAND AND NOT RECORDED: 0.9 runs on Windows alone and no package of 1.x is at hand for
the tests. What is said follows the project's documentation and what its published sources do; that
a real server says it in these words is not proved by any test here.
"""

from __future__ import annotations

import ssl
from typing import Final

from tests.hostile import FtpScript
from tests.servers.tree import CSV_TEXT

GREETING_0_9: Final = (
    b"220-FileZilla Server 0.9.60 beta\r\n"
    b"220-written by Tim Kosse (tim.kosse@filezilla-project.org)\r\n"
    b"220 Please visit https://filezilla-project.org/\r\n"
)
GREETING_1: Final = (
    b"220-FileZilla Server 1.8.2\r\n220 Please visit https://filezilla-project.org/\r\n"
)
_CSV: Final = CSV_TEXT.encode()
_FILES: Final = {"/export/members.csv": _CSV, "/readme.txt": b"Nothing to see.\n"}
_FOLDERS_0_9: Final = {
    "/": b"type=dir;modify=20260211091400; export\r\n"
    b"type=file;modify=20251231120500;size=16; readme.txt\r\n",
    "/export": b"type=file;modify=20251103164700;size=%d; members.csv\r\n" % len(_CSV),
}
_FOLDERS_1: Final = {
    "/": b"type=dir;size=0;modify=20260211091400.123;perm=el; export\r\n"
    b"type=file;size=16;modify=20251231120500.000;perm=r; readme.txt\r\n",
    "/export": b"type=file;size=%d;modify=20251103164700.999;perm=r; members.csv\r\n" % len(_CSV),
}
_TLS_FEATURES: Final = b" AUTH SSL\r\n AUTH TLS\r\n PROT\r\n PBSZ\r\n"


def _features_0_9(tls: bytes) -> bytes:
    before = b"211-Features:\r\n MDTM\r\n REST STREAM\r\n SIZE\r\n MLST type*;size*;modify*;\r\n"
    after = b" UTF8\r\n CLNT\r\n MFMT\r\n EPSV\r\n EPRT\r\n211 End\r\n"
    return before + b" MLSD\r\n" + tls + after


_REPLIES_0_9: Final = {
    "SYST": b"215 UNIX emulated by FileZilla\r\n",
    "USER": b"331 Password required for that user\r\n",
    "PASS": b"530 Login or password incorrect!\r\n",
    "PWD": b'257 "/" is current directory.\r\n',
    "TYPE": b"200 Type set to I\r\n",
    "NOOP": b"200 OK\r\n",
    "PBSZ": b"200 PBSZ=0\r\n",
    "PROT C": b"200 Protection level set to C\r\n",
    "PROT P": b"200 Protection level set to P\r\n",
    "CCC": b"500 Syntax error, command unrecognized.\r\n",
    "QUIT": b"221 Goodbye\r\n",
}
_STARTED_0_9: Final = b'150 Opening data channel for directory listing of "/"\r\n'
_FINAL_0_9: Final = b'226 Successfully transferred "/"\r\n'
_WANTS_TLS: Final = b"530 This server does not allow plain FTP. You have to use FTP over TLS.\r\n"
_REPLIES_1: Final = {
    "FEAT": (
        b"211-Features:\r\n MDTM\r\n REST STREAM\r\n SIZE\r\n"
        b" MLST type*;size*;modify*;perm*;\r\n MLSD\r\n" + _TLS_FEATURES + b" UTF8\r\n TVFS\r\n"
        b" EPSV\r\n EPRT\r\n MFMT\r\n211 End\r\n"
    ),
    "SYST": b"215 UNIX emulated by FileZilla.\r\n",
    "USER": b"331 Please, specify the password.\r\n",
    "PASS": b"530 Login incorrect.\r\n",
    "PWD": b'257 "/" is current directory.\r\n',
    "TYPE": b"200 Type set to I\r\n",
    "NOOP": b"200 Noop ok.\r\n",
    "PBSZ": b"200 PBSZ=0\r\n",
    "PROT P": b"200 Protection level set to P\r\n",
    "PROT C": b"534 Protection level C not allowed\r\n",
    "CCC": b"500 Wrong command.\r\n",
    "QUIT": b"221 Goodbye.\r\n",
}


def old_without_tls() -> FtpScript:
    """0.9, freshly installed: TLS is off. Anonymous was given the export."""
    return FtpScript(
        greeting=GREETING_0_9,
        replies={
            **_REPLIES_0_9,
            "FEAT": _features_0_9(b""),
            "PASS anonymous": b"230 Logged on\r\n",
            "AUTH": b"502 Explicit TLS authentication not allowed\r\n",
        },
        folders=_FOLDERS_0_9,
        files=_FILES,
        missing=b"550 CWD failed. directory not found.\r\n",
        started=_STARTED_0_9,
        final=_FINAL_0_9,
    )


def old_forced_tls(context: ssl.SSLContext) -> FtpScript:
    """0.9 with "disallow plain unencrypted FTP", "force PROT P" and session resumption."""
    return FtpScript(
        greeting=GREETING_0_9,
        replies={
            **_REPLIES_0_9,
            "FEAT": _features_0_9(_TLS_FEATURES),
            "PASS anonymous": b"230 Logged on\r\n",
        },
        in_clear={
            "USER": _WANTS_TLS,
            "PBSZ": b"502 Command not implemented for this authentication type\r\n",
        },
        in_tls={"PROT C": b"534 This server requires an encrypted data connection with PROT P\r\n"},
        folders=_FOLDERS_0_9,
        files=_FILES,
        missing=b"550 CWD failed. directory not found.\r\n",
        started=_STARTED_0_9,
        final=_FINAL_0_9,
        tls=context,
        authorised=b"234 Using authentication type TLS\r\n",
        clear_data=b"521 PROT P required\r\n",
        not_resumed=(
            b"450 TLS session of data connection has not resumed or the session does not match the "
            b"control connection\r\n"
        ),
    )


def old_half_forced_tls(context: ssl.SSLContext) -> FtpScript:
    """0.9 with plain FTP disallowed and data left to the client; nobody anonymous."""
    return FtpScript(
        greeting=GREETING_0_9,
        replies={**_REPLIES_0_9, "FEAT": _features_0_9(_TLS_FEATURES)},
        in_clear={"USER": _WANTS_TLS},
        tls=context,
        authorised=b"234 Using authentication type TLS\r\n",
    )


def new_requiring_tls(context: ssl.SSLContext) -> FtpScript:
    """1.x as installed: "require explicit FTP over TLS". Anonymous was given the export.

    Data must resume the session of the control connection, and in clear there are none.
    """
    return FtpScript(
        greeting=GREETING_1,
        replies={**_REPLIES_1, "PASS anonymous": b"230 Login successful.\r\n"},
        in_clear={"USER": b"503 Use AUTH first.\r\n"},
        folders=_FOLDERS_1,
        files=_FILES,
        missing=b"550 Couldn't open the file or directory\r\n",
        started=b"150 About to start data transfer.\r\n",
        final=b"226 Operation successful\r\n",
        tls=context,
        authorised=b"234 Using authentication type TLS.\r\n",
        not_resumed=(
            b"425 Unable to build data connection: TLS session of data connection not resumed.\r\n"
        ),
    )


def new_allowing_clear(context: ssl.SSLContext) -> FtpScript:
    """1.x with "explicit FTP over TLS and insecure plain FTP"; nobody anonymous."""
    return FtpScript(
        greeting=GREETING_1,
        replies=_REPLIES_1,
        tls=context,
        authorised=b"234 Using authentication type TLS.\r\n",
    )
