"""Real servers for the tests: started on loopback with a private configuration."""

from tests.servers.certificates import Certificate, CertificateKind, make_certificate
from tests.servers.dropbear import Dropbear
from tests.servers.handle import Server
from tests.servers.openssh import Openssh
from tests.servers.postures import POSTURES, Options, Posture, running
from tests.servers.proftpd import Proftpd, ProftpdSftp
from tests.servers.pureftpd import Pureftpd
from tests.servers.tls import LEGACY_1_0, MODERN, ONLY_1_2, ONLY_1_3, Tls
from tests.servers.tree import Tree, empty, plant
from tests.servers.vsftpd import Vsftpd

__all__ = [
    "LEGACY_1_0",
    "MODERN",
    "ONLY_1_2",
    "ONLY_1_3",
    "POSTURES",
    "Certificate",
    "CertificateKind",
    "Dropbear",
    "Openssh",
    "Options",
    "Posture",
    "Proftpd",
    "ProftpdSftp",
    "Pureftpd",
    "Server",
    "Tls",
    "Tree",
    "Vsftpd",
    "empty",
    "make_certificate",
    "plant",
    "running",
]
