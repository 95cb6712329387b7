"""Where our report document holds what peers report of an SSH server.

``SSH_PLACES`` is the whole mapping, as ``bench.our_facts.PLACES`` is for FTP.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from bench.our_facts import MISSING, Place
from bench.peer_facts_ssh import host_key_type

_IDENTIFICATION: Final = ("identification",)
_KEYS: Final = ("host_keys",)
_GROUPS: Final = ("group_exchange",)

Key = Mapping[str, Any]


def _part(number: int) -> Callable[[str], str]:
    return lambda line: line.split("-", 2)[number]


def _software(line: str) -> str:
    return _part(2)(line).partition(" ")[0]


def _comments(line: str) -> str:
    return _part(2)(line).partition(" ")[2]


def _holds(theirs: Any, ours: Any) -> bool:
    return theirs in ours


def _fingerprints(keys: Iterable[Key]) -> frozenset[str]:
    return frozenset(f"{host_key_type(key['algorithm'])} {key['fingerprint']}" for key in keys)


def _sizes(keys: Iterable[Key]) -> frozenset[str]:
    return frozenset(f"{host_key_type(key['algorithm'])} {key['bits']}" for key in keys)


def _authorities(keys: Iterable[Key]) -> Any:
    shown = frozenset(
        key["certificate"]["authority_algorithm"] for key in keys if key.get("certificate")
    )
    return shown or MISSING


def _given(answers: Iterable[Mapping[str, Any]]) -> frozenset[int]:
    return frozenset(one["given"] for one in answers if one["given"] is not None)


def _methods(seen: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(seen["methods"])


def _lists(name: str, key: str) -> dict[str, Place]:
    path = (f"kexinit.{key}",)
    return {
        f"{name} algorithm": Place(path, frozenset, _holds),
        f"{name} order": Place(path, ", ".join),
    }


SSH_PLACES: Final[Mapping[str, Place]] = {
    "identification": Place(_IDENTIFICATION),
    "protocol version": Place(_IDENTIFICATION, _part(1)),
    "software": Place(_IDENTIFICATION, _software),
    "comments": Place(_IDENTIFICATION, _comments),
    **_lists("kex", "kex"),
    **_lists("host key", "host_key"),
    **_lists("cipher in", "ciphers_in"),
    **_lists("cipher out", "ciphers_out"),
    **_lists("MAC in", "macs_in"),
    **_lists("MAC out", "macs_out"),
    **_lists("compression in", "compression_in"),
    **_lists("compression out", "compression_out"),
    "group exchange modulus": Place(_GROUPS, _given, _holds),
    "group exchange modulus for old clients": Place(_GROUPS, _given, _holds),
    "host key fingerprint": Place(_KEYS, _fingerprints, _holds),
    "host key bits": Place(_KEYS, _sizes, _holds),
    "host key MD5 fingerprint": Place(why="the same key by a broken hash"),
    "host certificate authority": Place(_KEYS, _authorities, _holds),
    "login methods": Place(("methods",), _methods),
    "fail note": Place(why="an opinion on an algorithm that is told; ours are the findings"),
    "warn note": Place(why="an opinion on an algorithm that is told; ours are the findings"),
    "recommendation": Place(why="advice by the product and version that the banner claims"),
    "additional note": Place(why="follows from the lists, which are told"),
}
"""By the name of the fact. What is not here is missing, as is a fact whose paths lead nowhere."""
