"""Every hostile behaviour behind the protocol that its target declares, and what may be said of it.

``passes`` names the facets that may pass: those of which the server did give positive evidence.
Everything else that passes was not seen. ``fails`` names what it does show.
"""

from __future__ import annotations

import gzip
import io
import itertools
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tests.hostile import (
    ESCAPES,
    UNUSED_ADDRESS,
    Behaviour,
    FtpScript,
    Session,
    close_at_once,
    closes_after,
    drip,
    endless_line,
    endless_listing,
    endless_listing_line,
    endless_reply,
    ftp,
    garbage,
    http,
    impatient_http,
    injects_after_auth,
    lists,
    machine_listing,
    passive_elsewhere,
    password_for_ever,
    recorder,
    says,
    silent,
    ssh_closes_after_identification,
    ssh_endless_preamble,
    ssh_huge_packet,
    ssh_lying_name_list,
    ssh_says,
    stalls_after_auth,
    unix_listing,
)
from tests.hostile.ftp import POLITE
from tests.hostile.ssh_cases import CASES as SSH_CASES
from tests.hostile_runs.ground import FORGERY, Ground

Make = Callable[[Ground], Behaviour]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """``implicit`` gives the TLS that the server speaks from the first byte, if any."""

    make: Make
    protocol: str
    passes: frozenset[str] = frozenset()
    fails: frozenset[str] = frozenset()
    implicit: Callable[[Ground], ssl.SSLContext] | None = None


# Facets, by short names.
READ: Final = "anonymous-read"
NO_TLS: Final = "tls-not-offered"
NAMED: Final = "named-login-in-clear"
ANON: Final = "anonymous-login-in-clear"
DATA: Final = "data-in-clear"
CCC: Final = "ccc-accepted"
OLD: Final = "legacy-tls"
CERTIFICATE: Final = "certificate-trust"
BOUNCE: Final = "bounce"
PASSIVE: Final = "passive-address"
WRITE: Final = "anonymous-write"
INJECTION: Final = "command-injection-before-tls"
IN_CLEAR: Final = "clear-on-implicit-port"
WHOLE: Final = "anonymous-writable unordered-data first-seen modified-time ticket-in-path"
"""What files that were listed to the end may show."""
EMPTY: Final = f"{WHOLE} declared-deadline clear-data named-date"
"""What folders that were listed to the end and are empty may show."""

INSIDE: Final = f"{BOUNCE} {PASSIVE}"
"""What a scripted server shows to whom it lets in: it knows no PORT, and PASV points to itself."""
NOBODY_IN: Final = frozenset(
    [
        "closes-after-0",
        "closes-after-1",
        "closes-after-3",
        "password-for-ever",
        "password-for-ever-in-tls",
        "repeats-the-password",
        "user-220",
        "user-150",
        "user-332",
        "pass-150",
        "pass-250",
        "stalls-after-auth",
        "clear-after-auth",
        "forged-refusal",
    ]
)
"""Servers that let nobody in."""
LISTED: Final = f"{READ} {NO_TLS} {NAMED}"
"""What a server without TLS that lists for anybody shows."""
LISTED_TLS: Final = f"{READ} {NAMED} {ANON} {DATA}"
"""The same of a server with TLS."""
HANDSHAKE: Final = (
    "certificate-strength certificate-expiry client-certificate secure-renegotiation "
    "tls-compression weak-key-exchange"
)
"""What a modern TLS shows of itself, whatever is said inside it."""
SEEN_TLS: Final = f"{NO_TLS} {CERTIFICATE} {OLD} {CCC} {HANDSHAKE}"
"""What the polite server with a modern TLS does well."""


def _plain(make: Callable[[], Behaviour]) -> Make:
    return lambda _ground: make()


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# --- TLS that servers speak --------------------------------------------------------------


def _tls(ground: Ground) -> ssl.SSLContext:
    return ground.tls


# --- before any protocol, met by whatever the target declares ----------------------------

ANY: Final[Mapping[str, Callable[[], Behaviour]]] = {
    "silent": silent,
    "drip": drip,
    "endless-reply": endless_reply,
    "endless-line": endless_line,
    "garbage": garbage,
    "close": close_at_once,
    "reset": lambda: close_at_once(reset=True),
    "http": http,
    "impatient-http": impatient_http,
    "escapes": lambda: says(f"220 {ESCAPES}\r\n".encode()),
    "forged-lines": lambda: says(f"220-{FORGERY}\r\n220 {FORGERY}\r\n".encode()),
    "ssh-identification": lambda: says(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "ftp-greeting": lambda: says(b"220 ready\r\n"),
}
PROTOCOLS: Final = ("auto", "ftp", "ftps", "sftp")

# --- FTP ---------------------------------------------------------------------------------


def _scripted(**replies: bytes) -> Make:
    return lambda _ground: ftp(FtpScript(replies=replies))


def _scripted_in_tls(**replies: bytes) -> Make:
    return lambda ground: ftp(FtpScript(tls=ground.tls, replies=replies))


def _clear_after_auth(text: bytes) -> Behaviour:
    """Agree to TLS, and go on in clear with ``text`` as if the handshake were done."""

    async def behave(session: Session) -> None:
        await session.send(b"220 ready\r\n")
        while not (await session.line()).upper().startswith(b"AUTH"):
            await session.send(b"530 first AUTH\r\n")
        await session.send(b"234 go ahead\r\n")
        await session.reader.read(1)  # the client has begun its handshake
        await session.send(text)
        await session.absorb()

    return behave


def _asks_for_auth(**replies: bytes) -> Make:
    """Refuse everything until AUTH, then follow the polite script, data never protected."""

    def make(ground: Ground) -> Behaviour:
        async def behave(session: Session) -> None:
            await session.send(b"220 ready\r\n")
            while not (await session.line()).upper().startswith(b"AUTH"):
                await session.send(b"530 first AUTH\r\n")
            await session.send(b"234 go ahead\r\n")
            await session.start_tls(ground.tls)
            await ftp(FtpScript(greeting=b"", replies=replies))(session)

        return behave

    return make


def _repeats_the_password(ground: Ground) -> Behaviour:
    """Quote in its refusal what PASS was given."""

    async def behave(session: Session) -> None:
        await session.send(b"220 ready\r\n")
        while True:
            verb, _, given = (await session.line()).partition(b" ")
            if verb.upper() == b"AUTH":
                await session.send(b"234 go ahead\r\n")
                await session.start_tls(ground.tls)
            elif verb.upper() == b"PASS":
                await session.send(b"530-%s is wrong\r\n530 as I said: %s\r\n" % (given, given))
            else:
                await session.send(POLITE.get(verb.upper().decode("latin-1"), b"502 no\r\n"))

    return behave


def _endless_tree() -> Iterator[bytes]:
    for name in range(100):
        yield b"type=dir;modify=20240101000000; folder-%d\r\n" % name


def _endless_content() -> Iterator[bytes]:
    yield b"name;birth\r\n"
    yield from itertools.repeat(b"x;2020-01-01\r\n" * 1024)


def _bomb() -> bytes:
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as file:
        for _ in range(256):
            file.write(bytes(1024 * 1024))
    return packed.getvalue()


def _files(*names: bytes) -> Callable[[], tuple[bytes]]:
    return lambda: (machine_listing(names),)


def _serves(names: tuple[bytes, ...], content: Callable[[], Iterator[bytes]]) -> Make:
    return lambda _ground: ftp(FtpScript(listing=_files(*names), content=content))


FTP: Final[Mapping[str, tuple[Make, str, str]]] = {
    # name: server, what may pass, what must fail
    "polite": (_plain(recorder), EMPTY, LISTED),
    "polite-tls": (lambda ground: recorder(ground.tls), f"{SEEN_TLS} {EMPTY}", LISTED_TLS),
    "closes-after-0": (_plain(lambda: closes_after(0)), "", ""),
    "closes-after-1": (_plain(lambda: closes_after(1)), "", NAMED),
    "closes-after-3": (_plain(lambda: closes_after(3)), "", f"{NO_TLS} {NAMED}"),
    # Whether the data port is gone before it is reached, or a second login lists, is a race.
    "closes-after-7": (_plain(lambda: closes_after(7)), EMPTY, f"{NO_TLS} {NAMED}"),
    # A second 331 is no welcome: nobody was let in, or nobody knows.
    "password-for-ever": (_plain(password_for_ever), READ, f"{NO_TLS} {NAMED}"),
    "password-for-ever-in-tls": (
        _scripted_in_tls(PASS=b"331 password please\r\n"),
        f"{READ} {ANON} {NO_TLS} {HANDSHAKE} {CERTIFICATE} {OLD}",
        NAMED,
    ),
    "repeats-the-password": (
        _repeats_the_password,
        f"{READ} {ANON} {NO_TLS} {HANDSHAKE} {CERTIFICATE} {OLD}",
        NAMED,
    ),
    # Codes that are neither a welcome nor a refusal (RFC 959 section 5.4) decide nothing.
    "user-220": (_scripted(USER=b"220 well\r\n"), "", NO_TLS),
    "user-150": (_scripted(USER=b"150 wait\r\n"), "", NO_TLS),
    # It wants an account, is told one, and refuses: that is an answer.
    "user-332": (_scripted(USER=b"332 account please\r\n"), READ, NO_TLS),
    "pass-150": (_scripted(PASS=b"150 wait\r\n"), "", f"{NO_TLS} {NAMED}"),
    "pass-250": (_scripted(PASS=b"250 fine\r\n"), "", f"{NO_TLS} {NAMED}"),
    "ccc-250": (
        _scripted_in_tls(CCC=b"250 gladly\r\n"),
        f"{NO_TLS} {HANDSHAKE} {CERTIFICATE} {OLD} {EMPTY}",
        LISTED_TLS,
    ),
    "ccc-350": (
        _scripted_in_tls(CCC=b"350 go on\r\n"),
        f"{NO_TLS} {HANDSHAKE} {CERTIFICATE} {OLD} {EMPTY}",
        LISTED_TLS,
    ),
    # Without PROT every listing crosses the network in clear, though TLS is demanded.
    "no-prot": (
        _asks_for_auth(PROT=b"502 what\r\n", PBSZ=b"502 what\r\n"),
        f"{SEEN_TLS} {NAMED} {ANON} {EMPTY}",
        READ,
    ),
    "passive-elsewhere": (
        lambda ground: passive_elsewhere(port=ground.trap_port),
        "",
        f"{NO_TLS} {NAMED}",
    ),
    "passive-address-elsewhere": (lambda _: passive_elsewhere(UNUSED_ADDRESS), EMPTY, LISTED),
    "stalls-after-auth": (_plain(stalls_after_auth), f"{NAMED} {ANON}", ""),
    "clear-after-auth": (
        _plain(lambda: _clear_after_auth(b"220 in TLS\r\n230 logged in\r\n")),
        f"{NAMED} {ANON}",
        "",
    ),
    "injects-after-auth": (
        lambda ground: injects_after_auth(ground.tls),
        f"{SEEN_TLS} {EMPTY}",
        LISTED_TLS,
    ),
    "injects-after-auth-old-tls": (
        lambda ground: injects_after_auth(ground.old_tls),
        f"{NO_TLS} {HANDSHAKE} {CERTIFICATE} {CCC} {EMPTY}",
        LISTED_TLS,
    ),
    "forged-certificate": (
        lambda ground: recorder(ground.forged_tls),
        f"{NO_TLS} {HANDSHAKE} {OLD} {CCC} {EMPTY}",
        f"{LISTED_TLS} {CERTIFICATE}",
    ),
    "forged-features": (
        _scripted(FEAT=f"211-{FORGERY}\r\n {ESCAPES}\r\n {FORGERY}\r\n211 End\r\n".encode()),
        EMPTY,
        LISTED,
    ),
    "forged-directory": (_scripted(PWD=f'257 "/{FORGERY}"\r\n'.encode()), EMPTY, LISTED),
    "forged-refusal": (
        _scripted(USER=f"530-{FORGERY}\r\n530 {FORGERY}\r\n".encode()),
        f"{READ} {NAMED}",
        NO_TLS,
    ),
    # Listings that never came to their end show nothing of what they would have held.
    "endless-listing": (_plain(lambda: lists(endless_listing)), "", LISTED),
    "endless-listing-line": (_plain(lambda: lists(endless_listing_line)), "", LISTED),
    "endless-tree": (_plain(lambda: lists(_endless_tree)), "", LISTED),
    "stalled-listing": (
        _scripted(LIST=b"150 soon\r\n", MLSD=b"150 soon\r\n"),
        "",
        f"{NO_TLS} {NAMED}",
    ),
    "marks-for-ever": (
        _scripted(LIST=b"150 soon\r\n" * 999, MLSD=b"150 soon\r\n" * 999),
        "",
        f"{NO_TLS} {NAMED}",
    ),
    "garbage-listing": (_plain(lambda: lists(bytes(range(256)) * 4096)), "", LISTED),
    "hostile-names": (_plain(lambda: lists(machine_listing())), WHOLE, LISTED),
    "hostile-unix-names": (_plain(lambda: lists(unix_listing())), WHOLE, LISTED),
    "endless-content": (
        _serves((b"members.csv", b"export.sql"), _endless_content),
        WHOLE,
        LISTED,
    ),
    "bomb": (_serves((b"export.csv.gz",), lambda: iter((_bomb(),))), WHOLE, LISTED),
}

GREETED_TLS: Final = f"{OLD} {NO_TLS} {CERTIFICATE} {HANDSHAKE}"
"""What a handshake alone may show."""

IMPLICIT: Final[Mapping[str, tuple[Make, str, str]]] = {
    "polite": (lambda ground: recorder(ground.tls), f"{SEEN_TLS} {EMPTY}", f"{READ} {DATA}"),
    "silent-in-tls": (_plain(silent), GREETED_TLS, ""),
    "close-in-tls": (_plain(close_at_once), GREETED_TLS, ""),
    "endless-reply-in-tls": (_plain(endless_reply), GREETED_TLS, ""),
    "garbage-in-tls": (_plain(garbage), "", ""),
    "escapes-in-tls": (lambda _: says(f"220 {ESCAPES}{FORGERY}\r\n".encode()), GREETED_TLS, ""),
    "endless-listing-in-tls": (
        lambda ground: lists(endless_listing, tls=ground.tls),
        SEEN_TLS,
        f"{READ} {DATA}",
    ),
}

# --- SSH ---------------------------------------------------------------------------------

SSH: Final[Mapping[str, Callable[[], Behaviour]]] = {
    "ssh-endless-preamble": ssh_endless_preamble,
    "ssh-huge-packet": ssh_huge_packet,
    "ssh-closes": ssh_closes_after_identification,
    "ssh-escapes": lambda: ssh_says(f"SSH-2.0-{ESCAPES}\r\n".encode()),
    "ssh-forged-preamble": lambda: ssh_says(f"{FORGERY}\r\nSSH-2.0-x {FORGERY}\r\n".encode()),
    "ssh-lying-name-list": ssh_lying_name_list,
    "ssh-1": lambda: ssh_says(b"SSH-1.5-old\r\n"),
}


LISTS: Final = (
    "ssh-directions ssh-early-compression ssh-policy ssh-terrapin ssh-unknown-algorithms "
    "ssh-weak-algorithms"
)
"""What a server shows whose lists are modern."""
ALGORITHMS: Final = f"{LISTS} ssh-broken-algorithms"
"""What a server shows that offers modern algorithms and proves its key."""
METHODS: Final = "ssh-none"
"""What it shows where it refuses a login without any authentication."""

INSIDE_SSH: Final[Mapping[str, str]] = {
    # name in the table of SSH behaviours: what may pass
    "many-names": "",
    "endless-ignore": "",
    "kexinit-drips": "",
    "forged-signature": LISTS,
    "key-of-another-type": LISTS,
    "point-of-low-order": LISTS,
    "prime-of-16-kib": LISTS,
    "endless-ignore-for-reply": LISTS,
    "endless-ignore-inside": ALGORITHMS,
    "extensions-that-lie": ALGORITHMS,
    "extensions-10000": f"{ALGORITHMS} {METHODS}",
    "endless-banners": ALGORITHMS,
    "hostile-banner": f"{ALGORITHMS} {METHODS}",
    "many-methods": f"{ALGORITHMS} {METHODS}",
    "hostile-prompts": f"{ALGORITHMS} {METHODS}",
    "success-before-service": ALGORITHMS,
    "silent-behind-kexinit": LISTS,
    "silent-behind-newkeys": ALGORITHMS,
    "disconnects-behind-reply": ALGORITHMS,
    "disconnects-behind-service": ALGORITHMS,
    "penalty": "",
}
"""Servers that need a key exchange, or a part of one, to misbehave."""


def _posture(name: str, passes: str) -> frozenset[str]:
    """Return what is shown beside: to whom is let in, or of writing, where nobody is."""
    shown = frozenset() if name in NOBODY_IN else _words(INSIDE)
    shown |= {WRITE} if READ in _words(passes) else frozenset()
    # A script drops what came in clear before TLS; there is TLS where its certificate was seen.
    return shown | ({INJECTION} if {CERTIFICATE, OLD} & _words(passes) else frozenset())


def _cases() -> Iterator[tuple[str, Case]]:
    for name, make in ANY.items():
        for protocol in PROTOCOLS:
            yield f"{name}:{protocol}", Case(make=_plain(make), protocol=protocol)
    for name, (make_ftp, passes, fails) in FTP.items():
        yield (
            f"{name}:ftp",
            Case(
                make=make_ftp,
                protocol="ftp",
                passes=_words(passes) | _posture(name, passes),
                fails=_words(fails),
            ),
        )
    for name, (make_ftps, passes, fails) in IMPLICIT.items():
        yield (
            f"{name}:ftps",
            Case(
                make=make_ftps,
                protocol="ftps",
                passes=_words(passes) | _posture(name, passes) | {IN_CLEAR},
                fails=_words(fails),
                implicit=_tls,
            ),
        )
    for name, make_ssh in SSH.items():
        yield f"{name}:sftp", Case(make=_plain(make_ssh), protocol="sftp")
    for name, shown in INSIDE_SSH.items():
        inside = _plain(SSH_CASES[name].make)
        yield f"ssh-{name}:sftp", Case(make=inside, protocol="sftp", passes=_words(shown))


CASES: Final[Mapping[str, Case]] = dict(_cases())
