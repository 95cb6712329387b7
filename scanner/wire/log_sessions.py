"""Sessions of one account, folded as they go by: where they came from, and which overlapped.

A session lasts from its first to its last line, so that one whose end was never logged, or whose
peer fell silent, overlaps with nothing that came after its last sign of life. Two sources are
distant when they lie in different networks (/24 of IPv4, /64 of IPv6) of one family: a person at
home may well use both families at once. Everything is bounded.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final

from scanner.model.logs import AccountUse, KeyUse, Overlap, SourceUse
from scanner.model.text import neutralise

LEAST_SHARED: Final = 3
"""Seconds that two sessions share at least where they overlap: logs round to whole seconds, and
xferlog(5) rounds how long a transfer took as well."""

MOST_KEPT: Final = 64
"""Networks, keys and overlapping pairs of one account that are kept."""

MOST_COMPARED: Final = 32
"""Sessions of one account that another is compared with: those that showed life last."""

_MOST_SHOWN: Final = 8
_MOST_MET: Final = 1_000

Network = IPv4Network | IPv6Network


@dataclass(slots=True, eq=False)
class Session:
    """One session, or transfers close to one another where no sessions are told."""

    start: int
    last: int
    source: str
    network: str
    declared: bool
    key: str
    number: int
    met: set[int] | None = None


@dataclass(slots=True)
class _Pair:
    times: int = 0
    seconds: int = 0
    at: int = 0


class AccountTally:
    """Counts the sessions of one account."""

    def __init__(self, username: str, networks: tuple[Network, ...], at: int) -> None:
        self.username = username
        self._declared = networks
        self._first = self._last = at
        self._sessions = self._outside = self._dropped = 0
        self._last_outside: int | None = None
        self._sources: dict[tuple[str, bool], int] = {}
        self._keys: dict[str, int] = {}
        self._recent: OrderedDict[int, Session] = OrderedDict()
        self._pairs: dict[tuple[str, str, bool], _Pair] = {}
        self.loose: OrderedDict[str, Session] = OrderedDict()
        """By source: the session that lines without an id belong to, while it goes on."""

    def begin(self, start: int, at: int, source: str, key: str = "") -> Session:
        """Count a session that began at ``start`` and was still there at ``at``."""
        declared = self._is_declared(source)
        network = network_of(source)
        session = Session(start, start, source, network, declared, key, self._sessions)
        self._sessions += 1
        self._first, self._last = min(self._first, start), max(self._last, at)
        if self._declared and source and not declared:
            self._outside += 1
            self._last_outside = max(at, self._last_outside or at)
        self._count(network, key, declared=declared)
        self._recent[session.number] = session
        if len(self._recent) > MOST_COMPARED:
            self._recent.popitem(last=False)
        self.touch(session, at)
        return session

    def touch(self, session: Session, at: int) -> None:
        """Note that a session is still there, and with which others it overlaps by now."""
        if at <= session.last:
            return
        session.last = at
        self._last = max(self._last, at)
        if session.number in self._recent:
            self._recent.move_to_end(session.number)
        if at - session.start < LEAST_SHARED:
            return
        if len(self._sources) > 1 or len(self._keys) > 1:
            # The others follow by their last sign of life, the latest first.
            earliest = session.start + LEAST_SHARED
            for other in reversed(self._recent.values()):
                if other.last < earliest:
                    break
                if other is not session:
                    self._compare(session, other)

    def latest(self, source: str) -> Session | None:
        """Return the session from a source that showed life last, if any is kept."""
        kept = reversed(self._recent.values())
        return next((each for each in kept if each.source == source), None)

    def forget_sessions(self) -> None:
        """Compare no later session with those so far: another log begins its time anew."""
        self._recent.clear()
        self.loose.clear()

    def use(self) -> AccountUse:
        """Return what was counted."""
        return AccountUse(
            username=neutralise(self.username, 64),
            sessions=self._sessions,
            first=moment_text(self._first),
            last=moment_text(self._last),
            sources=tuple(
                SourceUse(network=network, sessions=count, declared=declared)
                for (network, declared), count in sorted(
                    self._sources.items(), key=lambda item: -item[1]
                )
            ),
            keys=tuple(
                KeyUse(fingerprint=neutralise(key, 64), sessions=count)
                for key, count in sorted(self._keys.items(), key=lambda item: -item[1])
            ),
            source_overlaps=self._overlaps(keys=False),
            key_overlaps=self._overlaps(keys=True),
            outside=self._outside,
            last_outside=None if self._last_outside is None else moment_text(self._last_outside),
            dropped=self._dropped,
        )

    def _is_declared(self, source: str) -> bool:
        if not source or not self._declared:
            return False
        found = ip_address(source)
        return any(found in network for network in self._declared)

    def _count(self, network: str, key: str, *, declared: bool) -> None:
        name = (network, declared)  # a network may be declared in part
        if network and (name in self._sources or len(self._sources) < MOST_KEPT):
            self._sources[name] = self._sources.get(name, 0) + 1
        elif network:
            self._dropped += 1
        if key and (key in self._keys or len(self._keys) < MOST_KEPT):
            self._keys[key] = self._keys.get(key, 0) + 1
        elif key:
            self._dropped += 1

    def _compare(self, one: Session, other: Session) -> None:
        begin = max(one.start, other.start)
        shared = min(one.last, other.last) - begin
        if shared < LEAST_SHARED:
            return
        if not (one.declared or other.declared) and is_distant(one.network, other.network):
            self._note(one, other, (one.network, other.network), begin, shared, keys=False)
        if one.key and other.key and one.key != other.key:
            self._note(one, other, (one.key, other.key), begin, shared, keys=True)

    def _note(  # noqa: PLR0913 - one pair, with what it is a pair of
        self,
        one: Session,
        other: Session,
        names: tuple[str, str],
        begin: int,
        shared: int,
        *,
        keys: bool,
    ) -> None:
        first, second = sorted(names)
        pair = self._pairs.get((first, second, keys))
        if pair is None:
            if len(self._pairs) >= MOST_KEPT:
                self._dropped += 1
                return
            pair = self._pairs[first, second, keys] = _Pair()
        if _is_first(one, other.number * 2 + keys):
            _is_first(other, one.number * 2 + keys)
            pair.times += 1
        if shared > pair.seconds:
            pair.seconds, pair.at = shared, begin

    def _overlaps(self, *, keys: bool) -> tuple[Overlap, ...]:
        found = [
            Overlap(
                one=neutralise(one, 64),
                other=neutralise(other, 64),
                times=pair.times,
                seconds=pair.seconds,
                at=moment_text(pair.at),
            )
            for (one, other, of_keys), pair in self._pairs.items()
            if of_keys is keys
        ]
        return tuple(sorted(found, key=lambda each: -each.times)[:_MOST_SHOWN])


def _is_first(session: Session, mark: int) -> bool:
    """Whether a session was not yet seen to overlap with what the mark stands for."""
    met = session.met
    if met is None:
        met = session.met = set()
    if mark in met:
        return False
    if len(met) < _MOST_MET:
        met.add(mark)
    return True


@lru_cache(maxsize=65_536)
def network_of(source: str) -> str:
    """Return the /24 or /64 that an address lies in; empty for no address."""
    if not source:
        return ""
    width = 64 if ":" in source else 24
    return str(ip_network(f"{source}/{width}", strict=False))


def is_distant(one: str, other: str) -> bool:
    """Whether two networks are distant: different, and of one family."""
    return bool(one and other) and one != other and (":" in one) is (":" in other)


def moment_text(at: int) -> str:
    """Return seconds since 1970 in words of RFC 3339; what no calendar has as its last moment."""
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return "9999-12-31T23:59:59Z"
