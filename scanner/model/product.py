"""Server products that remedies can be told for."""

from __future__ import annotations

from enum import StrEnum


class Product(StrEnum):
    """An FTP server, by the name it calls itself."""

    UNKNOWN = "unknown"
    VSFTPD = "vsftpd"
    PROFTPD = "proftpd"
    PUREFTPD = "pure-ftpd"
    FILEZILLA = "filezilla-server"
    IIS = "microsoft-iis"
    INETUTILS = "gnu-inetutils"
    PYFTPDLIB = "pyftpdlib"
    AIOFTP = "aioftp"
    SERV_U = "serv-u"
    WING = "wing-ftp"
    CRUSHFTP = "crushftp"
    GLFTPD = "glftpd"
    TWISTED = "twisted"
    APACHE = "apache-ftpserver"
    WU_FTPD = "wu-ftpd"
