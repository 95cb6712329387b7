"""The policies that come with the package. Data, with the reason beside each.

A change to a policy raises its version.
"""

from __future__ import annotations

from typing import Final

from scanner.model.policy import SshPolicy

_ECDSA: Final = (
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "ecdsa-sha2-nistp256-cert-v01@openssh.com",
    "ecdsa-sha2-nistp384-cert-v01@openssh.com",
    "ecdsa-sha2-nistp521-cert-v01@openssh.com",
)
_ED25519: Final = ("ssh-ed25519", "ssh-ed25519-cert-v01@openssh.com")
_RSA_SHA2: Final = (
    "rsa-sha2-512",
    "rsa-sha2-256",
    "rsa-sha2-512-cert-v01@openssh.com",
    "rsa-sha2-256-cert-v01@openssh.com",
)
_RSA_SHA1: Final = ("ssh-rsa", "ssh-rsa-cert-v01@openssh.com")
_AES_CTR: Final = ("aes256-ctr", "aes192-ctr", "aes128-ctr")

MODERN: Final = SshPolicy(
    name="modern",
    version="1",
    made="2026-11-26",
    origin="this package: what OpenSSH 9.9 offers by default, less SHA-1, 64-bit tags and DH under"
    " 3072 bits; NIST SP 800-57 gives 3072 bits as 128-bit strength",
    kex=(
        "mlkem768x25519-sha256",
        "mlkem768nistp256-sha256",
        "mlkem1024nistp384-sha384",
        "sntrup761x25519-sha512",
        "sntrup761x25519-sha512@openssh.com",
        "curve25519-sha256",
        "curve25519-sha256@libssh.org",
        "curve448-sha512",
        "ecdh-sha2-nistp256",
        "ecdh-sha2-nistp384",
        "ecdh-sha2-nistp521",
        "diffie-hellman-group-exchange-sha256",
        "diffie-hellman-group15-sha512",
        "diffie-hellman-group16-sha512",
        "diffie-hellman-group17-sha512",
        "diffie-hellman-group18-sha512",
    ),
    host_key=(*_ED25519, *_ECDSA, *_RSA_SHA2),
    ciphers=(
        "chacha20-poly1305@openssh.com",
        "aes256-gcm@openssh.com",
        "aes128-gcm@openssh.com",
        *_AES_CTR,
    ),
    macs=(
        "hmac-sha2-512-etm@openssh.com",
        "hmac-sha2-256-etm@openssh.com",
        "umac-128-etm@openssh.com",
        "hmac-sha2-512",
        "hmac-sha2-256",
        "umac-128@openssh.com",
    ),
    compression=("none", "zlib@openssh.com"),
    rsa_bits=3072,
    dh_bits=3072,
)

# R7 rules DSA out, R8 and R9 set the least sizes (RSA 2048, ECDSA 256, which every ECDSA curve of
# SSH has), R15 names AES-CTR and HMAC with SHA-1, SHA-256 or SHA-512. The guide names no key
# exchange and no compression, and ranks ways to log in without ruling one out (R14): no lists.
# It is older than Ed25519's spread and does not name it; as only DSA is ruled out, it is allowed.
ANSSI: Final = SshPolicy(
    name="anssi",
    version="1",
    made="2026-11-26",
    origin="ANSSI, DAT-NT-007 v1.3 (2015), (Open)SSH secure use recommendations, R7 to R9 and R15",
    host_key=(*_ECDSA, *_RSA_SHA2, *_RSA_SHA1, *_ED25519),
    ciphers=_AES_CTR,
    macs=(
        "hmac-sha2-512-etm@openssh.com",
        "hmac-sha2-256-etm@openssh.com",
        "hmac-sha1-etm@openssh.com",
        "hmac-sha2-512",
        "hmac-sha2-256",
        "hmac-sha1",
    ),
    rsa_bits=2048,
)

# As the guide writes it, with two additions: the RFC 8731 name of the X25519 method that it lists
# under libssh's, and RSA with SHA-2, which is what its RSA host keys sign with today.
MOZILLA_MODERN: Final = SshPolicy(
    name="mozilla-modern",
    version="1",
    made="2026-11-26",
    origin="Mozilla, OpenSSH guidelines, Modern (OpenSSH 6.7+)",
    kex=(
        "curve25519-sha256",
        "curve25519-sha256@libssh.org",
        "ecdh-sha2-nistp521",
        "ecdh-sha2-nistp384",
        "ecdh-sha2-nistp256",
        "diffie-hellman-group-exchange-sha256",
    ),
    host_key=(*_ED25519, *_RSA_SHA2, *_RSA_SHA1, *_ECDSA),
    ciphers=(
        "chacha20-poly1305@openssh.com",
        "aes256-gcm@openssh.com",
        "aes128-gcm@openssh.com",
        *_AES_CTR,
    ),
    macs=(
        "hmac-sha2-512-etm@openssh.com",
        "hmac-sha2-256-etm@openssh.com",
        "umac-128-etm@openssh.com",
        "hmac-sha2-512",
        "hmac-sha2-256",
        "umac-128@openssh.com",
    ),
    methods=("publickey",),
    dh_bits=3072,
)

BUILT_IN: Final = {policy.name: policy for policy in (MODERN, ANSSI, MOZILLA_MODERN)}
"""Every policy that a targets file can name."""
