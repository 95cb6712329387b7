"""The SSH algorithms that servers offer, and what is held against each. Data alone.

A row is the name (or a pattern with ``*``), the standing, since when, by which document, and why.
For a good algorithm "since" is the year of the document that defines it; for the others the year
from which the document named holds it to be weak or broken. Exact names go before patterns, and
the first pattern that fits before the others.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Standing(StrEnum):
    """What an algorithm is worth. Only broken ones decide ``plaintext-transport``."""

    BROKEN = "broken"
    WEAK = "weak"
    GOOD = "good"


VERSION: Final = "2026-11"
"""Of the table: year and month. It changes whenever a row does."""

Row = tuple[str, Standing, str, str, str]

_B: Final = Standing.BROKEN
_W: Final = Standing.WEAK
_G: Final = Standing.GOOD

_MLKEM: Final = "draft-ietf-sshm-mlkem-hybrid-kex"
_OQS: Final = "draft-kampanakis-curdle-ssh-pq-ke"

KEX: Final[tuple[Row, ...]] = (
    ("ext-info-s", _G, "2018", "RFC 8308", "no method: EXT_INFO is understood"),
    ("ext-info-c", _G, "2018", "RFC 8308", "no method: EXT_INFO is understood"),
    ("kex-strict-s-v00@openssh.com", _G, "2023", "OpenSSH 9.6", "no method: strict key exchange"),
    ("kex-strict-s", _G, "2024", "draft-miller-sshm-strict-kex", "no method: strict key exchange"),
    ("kexguess2@matt.ucc.asn.au", _G, "2013", "Dropbear", "no method: how guesses are read"),
    ("mlkem768x25519-sha256", _G, "2024", "OpenSSH 9.9", "ML-KEM 768 with X25519"),
    ("mlkem768nistp256-sha256", _G, "2024", _MLKEM, "ML-KEM 768 with P-256"),
    ("mlkem1024nistp384-sha384", _G, "2024", _MLKEM, "ML-KEM 1024 with P-384"),
    ("sntrup761x25519-sha512", _G, "2024", "OpenSSH 9.9", "NTRU Prime with X25519"),
    ("sntrup761x25519-sha512@openssh.com", _G, "2021", "OpenSSH 8.5", "NTRU Prime with X25519"),
    ("sntrup4591761x25519-sha512@tinyssh.org", _G, "2019", "OpenSSH 8.0", "before sntrup761"),
    ("x25519-kyber-512r3-sha256-d00@amazon.com", _G, "2022", "AWS", "draft Kyber with X25519"),
    ("x25519-kyber512-sha512@aws.amazon.com", _G, "2022", "AWS", "draft Kyber with X25519"),
    ("ecdh-nistp256-kyber-512r3-sha256-d00@*", _G, "2020", _OQS, "draft Kyber with P-256"),
    ("ecdh-nistp384-kyber-768r3-sha384-d00@*", _G, "2020", _OQS, "draft Kyber with P-384"),
    ("ecdh-nistp521-kyber-1024r3-sha512-d00@*", _G, "2020", _OQS, "draft Kyber with P-521"),
    ("ecdh-nistp521-kyber1024-sha512@ssh.com", _G, "2022", "Tectia", "draft Kyber with P-521"),
    ("ecdh-nistp521-firesaber-sha512@ssh.com", _G, "2022", "Tectia", "Saber with P-521"),
    ("curve25519-frodokem1344-sha512@ssh.com", _G, "2022", "Tectia", "FrodoKEM with X25519"),
    ("curve25519-sha256", _G, "2020", "RFC 8731", "X25519"),
    ("curve25519-sha256@libssh.org", _G, "2013", "libssh 0.6", "X25519"),
    ("curve448-sha512", _G, "2020", "RFC 8731", "X448"),
    ("curve448-sha512@libssh.org", _G, "2020", "RFC 8731", "X448"),
    ("ecdh-sha2-nistp256", _G, "2009", "RFC 5656", "P-256"),
    ("ecdh-sha2-nistp384", _G, "2009", "RFC 5656", "P-384"),
    ("ecdh-sha2-nistp521", _G, "2009", "RFC 5656", "P-521"),
    ("ecdh-sha2-1.3.132.0.10", _G, "2009", "RFC 5656", "secp256k1"),
    ("ecdh-sha2-1.3.132.0.1", _W, "2013", "NIST SP 800-131A", "K-163: under 112 bits"),
    ("ecdh-sha2-nistk163", _W, "2013", "NIST SP 800-131A", "K-163: under 112 bits"),
    ("ecdh-sha2-1.2.840.10045.3.1.1", _W, "2013", "NIST SP 800-131A", "P-192: under 112 bits"),
    ("ecdh-sha2-nistp192", _W, "2013", "NIST SP 800-131A", "P-192: under 112 bits"),
    ("ecdh-sha2-1.3.132.0.33", _G, "2009", "RFC 5656", "P-224"),
    ("ecdh-sha2-nistp224", _G, "2009", "RFC 5656", "P-224"),
    ("ecdh-sha2-1.3.132.0.26", _G, "2009", "RFC 5656", "K-233"),
    ("ecdh-sha2-nistk233", _G, "2009", "RFC 5656", "K-233"),
    ("ecdh-sha2-1.3.132.0.27", _G, "2009", "RFC 5656", "B-233"),
    ("ecdh-sha2-nistb233", _G, "2009", "RFC 5656", "B-233"),
    ("ecdh-sha2-1.3.132.0.16", _G, "2009", "RFC 5656", "K-283"),
    ("ecdh-sha2-nistk283", _G, "2009", "RFC 5656", "K-283"),
    ("ecdh-sha2-1.3.132.0.36", _G, "2009", "RFC 5656", "K-409"),
    ("ecdh-sha2-nistk409", _G, "2009", "RFC 5656", "K-409"),
    ("ecdh-sha2-1.3.132.0.37", _G, "2009", "RFC 5656", "B-409"),
    ("ecdh-sha2-nistb409", _G, "2009", "RFC 5656", "B-409"),
    ("ecdh-sha2-1.3.132.0.38", _G, "2009", "RFC 5656", "K-571"),
    ("ecdh-sha2-nistt571", _G, "2009", "RFC 5656", "K-571"),
    ("ecmqv-sha2", _G, "2009", "RFC 5656", "ECMQV"),
    ("diffie-hellman-group-exchange-sha256", _G, "2006", "RFC 4419", "its group is asked apart"),
    ("diffie-hellman-group-exchange-sha224@ssh.com", _G, "2009", "Tectia", "group asked apart"),
    ("diffie-hellman-group-exchange-sha384@ssh.com", _G, "2009", "Tectia", "group asked apart"),
    ("diffie-hellman-group-exchange-sha512@ssh.com", _G, "2009", "Tectia", "group asked apart"),
    ("diffie-hellman-group-exchange-sha1", _W, "2022", "RFC 9142: SHOULD NOT", "SHA-1"),
    ("diffie-hellman-group14-sha256", _G, "2017", "RFC 8268", "2048 bits"),
    ("diffie-hellman-group15-sha512", _G, "2017", "RFC 8268", "3072 bits"),
    ("diffie-hellman-group16-sha512", _G, "2017", "RFC 8268", "4096 bits"),
    ("diffie-hellman-group17-sha512", _G, "2017", "RFC 8268", "6144 bits"),
    ("diffie-hellman-group18-sha512", _G, "2017", "RFC 8268", "8192 bits"),
    ("diffie-hellman-group14-sha224@ssh.com", _G, "2009", "Tectia", "2048 bits"),
    ("diffie-hellman-group14-sha256@ssh.com", _G, "2009", "Tectia", "2048 bits"),
    ("diffie-hellman-group15-sha256@ssh.com", _G, "2009", "Tectia", "3072 bits"),
    ("diffie-hellman-group15-sha384@ssh.com", _G, "2009", "Tectia", "3072 bits"),
    ("diffie-hellman-group16-sha384@ssh.com", _G, "2009", "Tectia", "4096 bits"),
    ("diffie-hellman-group16-sha512@ssh.com", _G, "2009", "Tectia", "4096 bits"),
    ("diffie-hellman-group18-sha512@ssh.com", _G, "2009", "Tectia", "8192 bits"),
    ("diffie-hellman-group14-sha1", _W, "2022", "RFC 9142: MAY", "SHA-1"),
    ("diffie-hellman-group1-*", _B, "2022", "RFC 9142: SHOULD NOT", "1024-bit group"),
    ("rsa1024-sha1", _B, "2022", "RFC 9142: MUST NOT", "1024-bit RSA"),
    ("rsa2048-sha256", _G, "2006", "RFC 4432", "2048-bit RSA of the moment"),
    ("gss-group1-sha1-*", _B, "2020", "RFC 8732: SHOULD NOT", "1024-bit group"),
    ("gss-group14-sha1-*", _W, "2020", "RFC 8732: SHOULD NOT", "SHA-1"),
    ("gss-gex-sha1-*", _W, "2020", "RFC 8732: SHOULD NOT", "SHA-1"),
    ("gss-gex-sha256-*", _G, "2020", "AsyncSSH", "its group is asked apart"),
    ("gss-group14-sha256-*", _G, "2020", "RFC 8732", "2048 bits"),
    ("gss-group1[5678]-sha512-*", _G, "2020", "RFC 8732", "3072 bits or more"),
    ("gss-nistp256-sha256-*", _G, "2020", "RFC 8732", "P-256"),
    ("gss-nistp384-sha384-*", _G, "2020", "RFC 8732", "P-384"),
    ("gss-nistp521-sha512-*", _G, "2020", "RFC 8732", "P-521"),
    ("gss-1.3.132.0.10-sha256-*", _G, "2020", "AsyncSSH", "secp256k1"),
    ("gss-curve25519-sha256-*", _G, "2020", "RFC 8732", "X25519"),
    ("gss-curve448-sha512-*", _G, "2020", "RFC 8732", "X448"),
)

HOST_KEY: Final[tuple[Row, ...]] = (
    ("ssh-ed25519", _G, "2020", "RFC 8709", "Ed25519"),
    ("ssh-ed448", _G, "2020", "RFC 8709", "Ed448"),
    ("ssh-ed25519-cert-v01@openssh.com", _G, "2014", "OpenSSH 6.5", "Ed25519 certificate"),
    ("ssh-ed448-cert-v01@openssh.com", _G, "2019", "AsyncSSH", "Ed448 certificate"),
    ("sk-ssh-ed25519*@openssh.com", _G, "2020", "OpenSSH 8.2", "Ed25519 on a token"),
    ("sk-ecdsa-sha2-nistp256*@openssh.com", _G, "2020", "OpenSSH 8.2", "P-256 on a token"),
    ("webauthn-sk-ecdsa-sha2-nistp256*@openssh.com", _G, "2020", "OpenSSH 8.4", "P-256 on a token"),
    ("ecdsa-sha2-nistp256", _G, "2009", "RFC 5656", "P-256"),
    ("ecdsa-sha2-nistp384", _G, "2009", "RFC 5656", "P-384"),
    ("ecdsa-sha2-nistp521", _G, "2009", "RFC 5656", "P-521"),
    ("ecdsa-sha2-1.3.132.0.10", _G, "2009", "RFC 5656", "secp256k1"),
    ("ecdsa-sha2-1.3.132.0.10-cert-v01@openssh.com", _G, "2019", "AsyncSSH", "secp256k1"),
    ("ecdsa-sha2-nistp*-cert-v01@openssh.com", _G, "2011", "OpenSSH 5.7", "ECDSA certificate"),
    ("rsa-sha2-256", _G, "2018", "RFC 8332", "RSA with SHA-256"),
    ("rsa-sha2-512", _G, "2018", "RFC 8332", "RSA with SHA-512"),
    ("rsa-sha2-256-cert-v01@openssh.com", _G, "2018", "OpenSSH 7.8", "RSA with SHA-256"),
    ("rsa-sha2-512-cert-v01@openssh.com", _G, "2018", "OpenSSH 7.8", "RSA with SHA-512"),
    ("ssh-rsa-sha*@ssh.com", _G, "2009", "Tectia", "RSA with SHA-2"),
    ("x509v3-rsa2048-sha256", _G, "2011", "RFC 6187", "X.509, RSA with SHA-256"),
    ("x509v3-ecdsa-sha2-*", _G, "2011", "RFC 6187", "X.509, ECDSA"),
    ("x509v3-sign-rsa-sha256@ssh.com", _G, "2009", "Tectia", "X.509, RSA with SHA-256"),
    ("ssh-xmss*@openssh.com", _G, "2018", "OpenSSH 7.7", "XMSS, an experiment"),
    ("null", _G, "2006", "RFC 4462", "no key: the GSS exchange proves the server"),
    ("ssh-rsa", _W, "2018", "RFC 8332", "SHA-1 signatures"),
    ("ssh-rsa-cert-v0[01]@openssh.com", _W, "2018", "RFC 8332", "SHA-1 signatures"),
    ("x509v3-ssh-rsa", _W, "2018", "RFC 8332", "SHA-1 signatures"),
    ("x509v3-sign-rsa", _W, "2018", "RFC 8332", "SHA-1 signatures"),
    ("x509v3-sign-rsa-sha1", _W, "2018", "RFC 8332", "SHA-1 signatures"),
    ("spki-sign-rsa", _W, "2018", "RFC 8332", "SHA-1 signatures"),
    ("pgp-sign-rsa", _W, "2018", "RFC 8332", "SHA-1 signatures"),
    ("ssh-dss*", _B, "2015", "OpenSSH 7.0", "1024-bit DSA"),
    ("x509v3-*-dss*", _B, "2015", "OpenSSH 7.0", "1024-bit DSA"),
    ("spki-sign-dss", _B, "2015", "OpenSSH 7.0", "1024-bit DSA"),
    ("pgp-sign-dss", _B, "2015", "OpenSSH 7.0", "1024-bit DSA"),
)

CIPHER: Final[tuple[Row, ...]] = (
    ("chacha20-poly1305@openssh.com", _G, "2014", "OpenSSH 6.5", "AEAD; Terrapin is asked apart"),
    ("chacha20-poly1305", _G, "2023", "draft-josefsson-ssh-chacha20-poly1305-openssh", "AEAD"),
    ("aes128-gcm@openssh.com", _G, "2013", "OpenSSH 6.2", "AEAD"),
    ("aes256-gcm@openssh.com", _G, "2013", "OpenSSH 6.2", "AEAD"),
    ("aes128-gcm", _G, "2024", "draft-miller-sshm-aes-gcm", "AEAD"),
    ("aes256-gcm", _G, "2024", "draft-miller-sshm-aes-gcm", "AEAD"),
    ("AEAD_AES_128_GCM", _G, "2009", "RFC 5647", "AEAD"),
    ("AEAD_AES_256_GCM", _G, "2009", "RFC 5647", "AEAD"),
    ("aes128-ctr", _G, "2006", "RFC 4344", "counter mode"),
    ("aes192-ctr", _G, "2006", "RFC 4344", "counter mode"),
    ("aes256-ctr", _G, "2006", "RFC 4344", "counter mode"),
    ("twofish128-ctr", _G, "2006", "RFC 4344", "counter mode"),
    ("twofish192-ctr", _G, "2006", "RFC 4344", "counter mode"),
    ("twofish256-ctr", _G, "2006", "RFC 4344", "counter mode"),
    ("serpent128-ctr", _G, "2006", "RFC 4344", "counter mode"),
    ("serpent192-ctr", _G, "2006", "RFC 4344", "counter mode"),
    ("serpent256-ctr", _G, "2006", "RFC 4344", "counter mode"),
    ("camellia128-ctr*", _G, "2009", "draft-kanno-secsh-camellia", "counter mode"),
    ("camellia192-ctr*", _G, "2009", "draft-kanno-secsh-camellia", "counter mode"),
    ("camellia256-ctr*", _G, "2009", "draft-kanno-secsh-camellia", "counter mode"),
    ("seed-ctr@ssh.com", _G, "2009", "Tectia", "counter mode"),
    ("3des-ctr", _W, "2023", "NIST SP 800-131A", "64-bit blocks (Sweet32)"),
    ("blowfish-ctr", _W, "2016", "CVE-2016-2183", "64-bit blocks (Sweet32)"),
    ("cast128-ctr", _W, "2016", "CVE-2016-2183", "64-bit blocks (Sweet32)"),
    ("idea-ctr", _W, "2016", "CVE-2016-2183", "64-bit blocks (Sweet32)"),
    ("3des-cbc", _W, "2023", "NIST SP 800-131A", "64-bit blocks (Sweet32), CBC mode"),
    # DES has 56 bits, yet the design's list of what decides the row does not name it.
    ("des-cbc", _W, "2005", "FIPS 46-3 withdrawn", "56-bit DES"),
    ("des-cbc@ssh.com", _W, "2005", "FIPS 46-3 withdrawn", "56-bit DES"),
    ("crypticore128@ssh.com", _W, "2009", "no standard", "Tectia's own stream cipher"),
    ("*-cbc", _W, "2014", "OpenSSH 6.7", "CBC mode"),
    ("*-cbc@*", _W, "2014", "OpenSSH 6.7", "CBC mode"),
    ("arcfour*", _B, "2020", "RFC 8758", "RC4"),
    ("none", _B, "2006", "RFC 4253: NOT RECOMMENDED", "no encryption"),
)

MAC: Final[tuple[Row, ...]] = (
    ("hmac-sha2-256-etm@openssh.com", _G, "2013", "OpenSSH 6.2", "encrypt-then-MAC"),
    ("hmac-sha2-512-etm@openssh.com", _G, "2013", "OpenSSH 6.2", "encrypt-then-MAC"),
    ("umac-128-etm@openssh.com", _G, "2013", "OpenSSH 6.2", "encrypt-then-MAC"),
    ("umac-128@openssh.com", _G, "2013", "OpenSSH 6.2", "128-bit tag"),
    ("hmac-sha2-256", _G, "2012", "RFC 6668", "SHA-256"),
    ("hmac-sha2-512", _G, "2012", "RFC 6668", "SHA-512"),
    ("hmac-sha2-224", _G, "2012", "RFC 6668", "SHA-224"),
    ("hmac-sha2-384", _G, "2012", "RFC 6668", "SHA-384"),
    ("hmac-sha256", _G, "2012", "RFC 6668", "SHA-256, an older name"),
    ("hmac-sha512", _G, "2012", "RFC 6668", "SHA-512, an older name"),
    ("hmac-sha224@ssh.com", _G, "2009", "Tectia", "SHA-224"),
    ("hmac-sha256@ssh.com", _G, "2009", "Tectia", "SHA-256"),
    ("hmac-sha256-2@ssh.com", _G, "2009", "Tectia", "SHA-256"),
    ("hmac-sha384@ssh.com", _G, "2009", "Tectia", "SHA-384"),
    ("hmac-sha512@ssh.com", _G, "2009", "Tectia", "SHA-512"),
    ("hmac-sha3-*", _G, "2015", "FIPS 202", "SHA-3"),
    ("AEAD_AES_128_GCM", _G, "2009", "RFC 5647", "part of the cipher"),
    ("AEAD_AES_256_GCM", _G, "2009", "RFC 5647", "part of the cipher"),
    ("aes128-gcm", _G, "2021", "GoAnywhere", "part of the cipher"),
    ("aes256-gcm", _G, "2021", "GoAnywhere", "part of the cipher"),
    ("hmac-sha1*", _W, "2022", "NIST: SHA-1 ends by 2030", "SHA-1"),
    ("hmac-md5*", _W, "2016", "OpenSSH 7.2", "MD5"),
    ("hmac-ripemd*", _W, "2017", "OpenSSH 7.6", "RIPEMD-160"),
    ("hmac-sha2-*-96*", _W, "2012", "RFC 6668", "96-bit tag"),
    ("hmac-sha256-96*", _W, "2012", "RFC 6668", "96-bit tag"),
    ("umac-64*", _W, "2006", "RFC 4418", "64-bit tag"),
    ("umac-32*", _W, "2006", "RFC 4418", "32-bit tag"),
    ("crypticore-mac@ssh.com", _W, "2009", "no standard", "Tectia's own MAC"),
    ("none", _B, "2006", "RFC 4253: NOT RECOMMENDED", "no integrity"),
)

COMPRESSION: Final[tuple[Row, ...]] = (
    ("none", _G, "2006", "RFC 4253", "no compression"),
    ("zlib@openssh.com", _G, "2005", "OpenSSH 4.2", "begins once the user is known"),
    ("zlib", _W, "2005", "OpenSSH 4.2", "begins before anybody logged in"),
)
