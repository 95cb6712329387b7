"""Real servers for the tests: started on loopback with a private configuration."""

from tests.servers.aioftp import Aioftp
from tests.servers.asyncssh import Asyncssh
from tests.servers.certificates import Certificate, CertificateKind, make_certificate
from tests.servers.dropbear import Dropbear
from tests.servers.handle import Server
from tests.servers.inetutils import Inetutils
from tests.servers.openssh import Openssh
from tests.servers.paramiko import Paramiko
from tests.servers.postures import POSTURES, Options, Posture, running
from tests.servers.proftpd import Proftpd, ProftpdSftp
from tests.servers.pureftpd import Pureftpd
from tests.servers.pyftpdlib import Pyftpdlib
from tests.servers.tinysshd import Tinysshd
from tests.servers.tls import LEGACY_1_0, MODERN, ONLY_1_2, ONLY_1_3, Tls
from tests.servers.tree import Tree, empty, plant
from tests.servers.vsftpd import Vsftpd

__all__ = [
    "LEGACY_1_0",
    "MODERN",
    "ONLY_1_2",
    "ONLY_1_3",
    "POSTURES",
    "Aioftp",
    "Asyncssh",
    "Certificate",
    "CertificateKind",
    "Dropbear",
    "Inetutils",
    "Openssh",
    "Options",
    "Paramiko",
    "Posture",
    "Proftpd",
    "ProftpdSftp",
    "Pureftpd",
    "Pyftpdlib",
    "Server",
    "Tinysshd",
    "Tls",
    "Tree",
    "Vsftpd",
    "empty",
    "make_certificate",
    "plant",
    "running",
]
