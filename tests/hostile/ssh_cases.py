"""Every hostile SSH behaviour, and what an honest scan may say of it.

``shows`` names facts and how they must read: ``seen``, or a reason why not, or several of these
with bars between. What it does not name is not looked at. ``nothing`` says why nothing at all
was seen; ``status`` is that of the supplied account, ``view`` what its files are, and ``walk``
whether they were listed ``whole`` or ``cut``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from tests.hostile import ssh_inside as inside
from tests.hostile import ssh_wire as wire
from tests.hostile.endpoint import Behaviour
from tests.hostile.servers import (
    ESCAPES,
    close_at_once,
    drip,
    garbage,
    silent,
    ssh_closes_after_identification,
    ssh_endless_preamble,
    ssh_huge_packet,
    ssh_lying_name_list,
    ssh_says,
)
from tests.hostile.sftp_cases import SFTP, SHOWN
from tests.hostile.ssh import (
    OFF_CURVE,
    OTHER_BLOB,
    OWNED,
    PRIME,
    after,
    announced_group,
    disconnects,
    early_newkeys,
    endless_identification,
    group,
    hangs_up,
    huge_rsa,
    kexinit_of,
    offers,
    point,
    public_value,
    raw_packet,
    repeats,
    says_nothing,
    sends,
    shows,
    slow_group,
    turns_away,
    wrong_guess,
)
from tests.hostile.ssh_peer import STAGES, sign
from tests.hostile.ssh_wire import Offers, message, packet, string


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One behaviour. ``trusted``: it ends as the pinned server would, and may be sent a secret."""

    make: Callable[[], Behaviour]
    shows: Mapping[str, str]
    trusted: bool = False


def _facts(text: str) -> dict[str, str]:
    return dict(word.split(":") for word in text.split())


NOT_SSH: Final = "nothing:protocol-error status:none"
UNREAD: Final = (
    "identification:seen kexinit:protocol-error host_keys:protocol-error status:not-sent"
)
NO_KEX: Final = (
    "identification:seen kexinit:seen host_keys:protocol-error methods:protocol-error "
    "status:not-sent"
)
"""The key exchange went wrong, so nobody knows who it is."""

# --- before the key exchange -----------------------------------------------------------

WORDS: Final[Mapping[str, tuple[Callable[[], Behaviour], str]]] = {
    "mute": (silent, "nothing:timeout"),
    "drip": (lambda: drip(b"SSH-2.0-slow", seconds=0.2), "nothing:timeout"),
    "garbage": (garbage, "nothing:protocol-error"),
    "closes": (close_at_once, "nothing:throttled"),
    "resets": (lambda: close_at_once(reset=True), "nothing:connection-lost|throttled"),
    "endless-preamble": (ssh_endless_preamble, "nothing:protocol-error"),
    "endless-identification": (endless_identification, "nothing:protocol-error"),
    "max-startups": (lambda: turns_away(b"Exceeded MaxStartups\r\n"), "nothing:throttled"),
    # What OpenSSH from 9.8 on says to an address that it penalises.
    "penalty": (lambda: turns_away(b"Not allowed at this time\r\n"), "nothing:throttled"),
    "escapes": (
        lambda: ssh_says(f"SSH-2.0-{ESCAPES}\r\n".encode()),
        "identification:seen kexinit:timeout host_keys:timeout methods:timeout status:not-sent",
    ),
    "escapes-before": (
        lambda: ssh_says(OWNED + f"SSH-2.0-x {ESCAPES}\r\n".encode()),
        "identification:seen kexinit:timeout status:not-sent",
    ),
    "closes-after-identification": (
        ssh_closes_after_identification,
        "identification:seen kexinit:connection-lost host_keys:connection-lost status:not-sent",
    ),
    "version-1": (
        lambda: ssh_says(b"SSH-1.5-old\r\n"),
        "identification:seen kexinit:not-offered host_keys:not-offered status:not-sent",
    ),
}

PACKETS: Final[Mapping[str, tuple[Callable[[], Behaviour], str]]] = {
    "huge-packet": (ssh_huge_packet, UNREAD),
    "packet-of-nothing": (lambda: sends(bytes(64)), UNREAD),
    "padding-longer-than-packet": (lambda: sends(raw_packet(12, 255, bytes(64))), UNREAD),
    "lying-name-list": (ssh_lying_name_list, UNREAD),
    "million-names": (lambda: kexinit_of(b",".join([b"a"] * 1_000_000)), UNREAD),
    "many-names": (lambda: kexinit_of(b",".join([b"a"] * 16_000)), UNREAD),
    "names-of-100-kib": (lambda: kexinit_of(b"n" * 102_400), UNREAD),
    "names-of-30-kib": (lambda: kexinit_of(b"n" * 30_720), NO_KEX + "|not-offered"),
    "empty-lists": (
        lambda: offers(Offers(kex=b"", host_key=b"", cipher=b"", mac=b"", compression=b"")),
        "identification:seen kexinit:seen host_keys:not-offered|protocol-error status:not-sent",
    ),
    "foreign-names": (
        lambda: kexinit_of(f"caf\xe9,{ESCAPES}".encode()),
        "identification:seen kexinit:seen host_keys:protocol-error|not-offered status:not-sent",
    ),
    "kexinit-cut-short": (lambda: sends(packet(wire.POLITE.payload[:-20])), UNREAD),
    "kexinit-drips": (
        lambda: sends(packet(wire.POLITE.payload), pieces=1),
        "identification:seen kexinit:timeout status:not-sent",
    ),
    "disconnect-for-kexinit": (
        lambda: sends(packet(wire.disconnect(OWNED))),
        "identification:seen kexinit:connection-lost host_keys:connection-lost status:not-sent",
    ),
    "endless-ignore": (
        lambda: after("identification", repeats(message(wire.IGNORE, string(b"x" * 900)))),
        UNREAD,
    ),
    "endless-debug": (
        lambda: after(
            "identification",
            repeats(message(wire.DEBUG, b"\x01", string(OWNED), string(b""))),
        ),
        UNREAD,
    ),
}

# --- the key exchange ------------------------------------------------------------------


def _forged(_: bytes) -> bytes:
    return string(b"ssh-ed25519") + string(bytes(64))


def _of_another(hashed: bytes) -> bytes:
    return string(b"rsa-sha2-256") + sign(hashed)[15:]


GEX_BAD: Final[Mapping[str, int]] = {
    "one-bit": 1,
    "zero": 0,
    "even": PRIME - 1,
    "negative": -PRIME,
    "small": 1_000_003,
    # Of a size that fits into a packet, and on which a client would calculate for hours.
    "of-16-kib": int.from_bytes(b"\xff" * 16_384, "big"),
}

EXCHANGE: Final[Mapping[str, tuple[Callable[[], Behaviour], str]]] = {
    # In order, so that the others are known to be refused for what is wrong with them.
    "honest-public-value": (lambda: public_value(None), f"{SHOWN} methods:seen"),
    "honest-point": (lambda: point(None, b"ecdh-sha2-nistp256"), f"{SHOWN} methods:seen"),
    "honest-group": (lambda: group(PRIME), f"{SHOWN} methods:seen"),
    "early-newkeys": (early_newkeys, NO_KEX),
    "endless-ignore-for-reply": (
        lambda: after("kexinit", repeats(message(wire.IGNORE, string(bytes(900))))),
        "identification:seen kexinit:seen host_keys:protocol-error|timeout status:not-sent",
    ),
    "unparsable-key": (lambda: shows(b"\xff" * 40), NO_KEX),
    "key-of-30-kib": (lambda: shows(string(b"ssh-ed25519") + string(bytes(30_000))), NO_KEX),
    "key-of-another-type": (lambda: shows(OTHER_BLOB), NO_KEX),
    "forged-signature": (lambda: shows(signed=_forged), NO_KEX),
    "signature-of-another-algorithm": (lambda: shows(signed=_of_another), NO_KEX),
    "signature-of-another-exchange": (lambda: shows(signed=lambda _: sign(bytes(32))), NO_KEX),
    "signature-of-nothing": (lambda: shows(signed=lambda _: b""), NO_KEX),
    "huge-rsa": (huge_rsa, NO_KEX),
    "public-value-0": (lambda: public_value(0), NO_KEX),
    "public-value-1": (lambda: public_value(1), NO_KEX),
    "public-value-p-1": (lambda: public_value(PRIME - 1), NO_KEX),
    "public-value-p": (lambda: public_value(PRIME), NO_KEX),
    "public-value-negative": (lambda: public_value(-2), NO_KEX),
    "point-off-curve": (lambda: point(OFF_CURVE, b"ecdh-sha2-nistp256"), NO_KEX),
    "point-at-infinity": (lambda: point(b"\0", b"ecdh-sha2-nistp256"), NO_KEX),
    # RFC 8731 section 3: whoever goes on shares a secret with everybody.
    "point-of-low-order": (lambda: point(bytes(32)), NO_KEX),
    "point-too-short": (lambda: point(b"\x01" * 31), NO_KEX),
    **{f"prime-{name}": (functools.partial(group, p), NO_KEX) for name, p in GEX_BAD.items()},
    "generator-1": (lambda: group(PRIME, 1), NO_KEX),
    "prime-of-16-mib": (lambda: announced_group(1 << 24), NO_KEX),
    "unencrypted": (
        inside.unencrypted,
        f"{SHOWN} methods:protocol-error|connection-lost status:not-sent|undecided",
    ),
}

# --- inside the encryption -------------------------------------------------------------

UNSURE: Final = "status:undecided|not-sent"

LOGIN: Final[Mapping[str, tuple[Callable[[], Behaviour], str]]] = {
    "wrong-guess": (wrong_guess, f"{SHOWN} methods:seen"),
    "extensions-that-lie": (
        lambda: inside.announces(inside.extensions(2**31, (b"server-sig-algs", OWNED))),
        SHOWN,
    ),
    "extensions-10000": (lambda: inside.announces(inside.many_extensions(10_000)), SHOWN),
    "extensions-1000": (
        lambda: inside.announces(inside.many_extensions(1_000)),
        f"{SHOWN} methods:seen|protocol-error",
    ),
    "extensions-hostile": (
        lambda: inside.announces(inside.extensions(1, (OWNED, OWNED))),
        f"{SHOWN} methods:seen",
    ),
    "endless-ignore-inside": (
        inside.endless_after_newkeys,
        f"{SHOWN} methods:timeout|protocol-error {UNSURE}",
    ),
    "endless-banners": (
        inside.endless_banners,
        f"{SHOWN} methods:timeout|protocol-error {UNSURE}",
    ),
    "hostile-banner": (lambda: inside.greets(OWNED * 20), f"{SHOWN} methods:seen"),
    "banner-of-30-kib": (lambda: inside.greets(b"\x1b[2J" * 7_000), f"{SHOWN} methods:seen"),
    "million-methods": (
        lambda: inside.refuses(b",".join([b"a"] * 1_000_000)),
        f"{SHOWN} methods:protocol-error|connection-lost {UNSURE}|refused",
    ),
    "many-methods": (
        lambda: inside.refuses(b",".join(b"m%d" % number for number in range(3_000))),
        f"{SHOWN} methods:seen|protocol-error {UNSURE}|refused",
    ),
    "hostile-methods": (
        lambda: inside.refuses(b"password," + OWNED),
        f"{SHOWN} methods:seen|protocol-error {UNSURE}|refused",
    ),
    "prompts-that-lie": (
        lambda: inside.interrogates(inside.asks(2**31, OWNED)),
        f"{SHOWN} methods:seen {UNSURE}|refused",
    ),
    "thousand-prompts": (
        lambda: inside.interrogates(inside.asks(1_000, *([b"Password: "] * 1_000))),
        f"{SHOWN} methods:seen {UNSURE}|refused|partial",
    ),
    "hostile-prompts": (
        lambda: inside.interrogates(inside.asks(2, OWNED, b"Password: " + OWNED)),
        f"{SHOWN} methods:seen {UNSURE}|refused|partial",
    ),
    "success-before-service": (
        inside.success_before_service,
        f"{SHOWN} methods:protocol-error|timeout {UNSURE}",
    ),
    "disconnects-at-credential": (
        lambda: after("service", inside.refuses_and_disconnects),
        f"{SHOWN} methods:seen {UNSURE}|refused",
    ),
    "silent-at-credential": (
        lambda: after("service", inside.refuses_and_is_silent),
        f"{SHOWN} methods:seen {UNSURE}",
    ),
}

EARLY: Final = {"identification": "kexinit", "kexinit": "host_keys"}
"""What is the first fact that a server does not show that stops behind a stage."""


def _stopped(stage: str, reason: str) -> str:
    missing = EARLY.get(stage, "methods")
    facts = ["identification", "kexinit", "host_keys", "methods"]
    seen = facts[: facts.index(missing)]
    shown = [f"{fact}:{'seen' if fact in seen else reason}" for fact in facts]
    if stage == "reply":  # the key was proved, and is of no use
        shown[2] += f"|{reason}" if ":seen" in shown[2] else ""
    return " ".join([*shown, UNSURE])


BEHIND: Final[Mapping[str, tuple[Callable[[], Behaviour], str]]] = {
    f"{name}-behind-{stage}": (functools.partial(after, stage, then), _stopped(stage, reason))
    for stage in STAGES[:5]
    for name, then, reason in (
        ("silent", says_nothing, "timeout"),
        ("hangs-up", hangs_up, "connection-lost"),
        ("disconnects", disconnects, "connection-lost|protocol-error"),
    )
}

HONEST: Final = {"honest-public-value", "honest-point", "honest-group", "unencrypted"}
GROUPS: Final = (WORDS, PACKETS, EXCHANGE, LOGIN, BEHIND, SFTP)
CASES: Final[Mapping[str, Case]] = {
    name: Case(
        make=make,
        shows=_facts(shown),
        trusted=group_of not in (WORDS, PACKETS, EXCHANGE) or name in HONEST,
    )
    for group_of in GROUPS
    for name, (make, shown) in group_of.items()
}

APART: Final[Mapping[str, Case]] = {
    "slow-group": Case(
        make=slow_group,
        shows=_facts("identification:seen kexinit:seen host_keys:seen|protocol-error"),
        trusted=True,
    )
}
"""What is scanned in a process of its own: it may hold up whatever else that process does."""
