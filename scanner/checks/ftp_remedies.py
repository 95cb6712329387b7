"""What to change where the product is known: the switch by its own name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from scanner.model.product import Product

Remedies = Mapping[Product, str]


TLS_NOT_OFFERED: Final[Remedies] = {
    Product.VSFTPD: "Set ssl_enable=YES, rsa_cert_file and rsa_private_key_file in vsftpd.conf.",
    Product.PROFTPD: (
        "Load mod_tls; set TLSEngine on, TLSRSACertificateFile and TLSRSACertificateKeyFile."
    ),
    Product.PUREFTPD: "Start pure-ftpd with -Y 2 and a certificate (-2 FILE).",
    Product.IIS: "In FTP SSL Settings choose a certificate and Require SSL connections.",
    Product.FILEZILLA: "In the listener's settings choose Require explicit FTP over TLS.",
    Product.PYFTPDLIB: "Use TLS_FTPHandler with certfile and tls_control_required = True.",
    Product.INETUTILS: "It has no TLS: replace it by SFTP or by a server that has.",
}

NAMED_LOGIN_IN_CLEAR: Final[Remedies] = {
    Product.VSFTPD: "Set force_local_logins_ssl=YES in vsftpd.conf.",
    Product.PROFTPD: "Set TLSRequired on.",
    Product.PUREFTPD: "Start pure-ftpd with -Y 2.",
    Product.IIS: "In FTP SSL Settings choose Require SSL connections.",
    Product.FILEZILLA: "In the listener's settings choose Require explicit FTP over TLS.",
    Product.PYFTPDLIB: "Set tls_control_required = True on TLS_FTPHandler.",
}

ANONYMOUS_LOGIN_IN_CLEAR: Final[Remedies] = {
    Product.VSFTPD: "Set force_anon_logins_ssl=YES and force_anon_data_ssl=YES in vsftpd.conf.",
    Product.PROFTPD: "Set TLSRequired on, in <Anonymous> too.",
    Product.PUREFTPD: "Start pure-ftpd with -Y 2, or with -E (no anonymous).",
    Product.IIS: "In FTP SSL Settings choose Require SSL connections.",
}

DATA_IN_CLEAR: Final[Remedies] = {
    Product.VSFTPD: "Set force_local_data_ssl=YES and force_anon_data_ssl=YES in vsftpd.conf.",
    Product.PROFTPD: "Set TLSRequired on (or auth+data).",
    Product.PUREFTPD: "Start pure-ftpd with -Y 3.",
    Product.IIS: "In FTP SSL Settings choose Require for the data channel.",
    Product.PYFTPDLIB: "Set tls_data_required = True on TLS_FTPHandler.",
}

CCC_ACCEPTED: Final[Remedies] = {
    Product.PROFTPD: "Set TLSRequired on (ctrl is enough).",
    Product.PUREFTPD: "Pure-FTPd has no switch for it: use SFTP for what matters.",
}

LEGACY_TLS: Final[Remedies] = {
    Product.VSFTPD: "Set ssl_sslv3=NO, ssl_tlsv1=NO and ssl_ciphers=HIGH in vsftpd.conf.",
    Product.PROFTPD: "Set TLSProtocol TLSv1.2 TLSv1.3 and a TLSCipherSuite of AEAD suites.",
    Product.PUREFTPD: (
        "Start pure-ftpd with -J HIGH:!SSLv3:!TLSv1:!3DES, or update OpenSSL's policy."
    ),
    Product.IIS: "Disable SSL 3.0, TLS 1.0 and 1.1 for the server in SCHANNEL.",
    Product.FILEZILLA: "Set the minimum TLS version to 1.2 in the security settings.",
}

ANONYMOUS_READ: Final[Remedies] = {
    Product.VSFTPD: "Set anonymous_enable=NO in vsftpd.conf.",
    Product.PROFTPD: "Remove the <Anonymous> section.",
    Product.PUREFTPD: "Start pure-ftpd with -E.",
    Product.IIS: "Disable Anonymous Authentication for the FTP site.",
    Product.PYFTPDLIB: "Remove add_anonymous from the authorizer.",
    Product.INETUTILS: "Remove the user ftp, or list it in /etc/ftpusers.",
}
