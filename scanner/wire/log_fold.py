"""Lines of logs in, one digest out: a stream is folded, and no event of it is kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from scanner.model.logs import LogDigest, LogRead, VisitTrace
from scanner.wire.log_events import (
    Activity,
    Contact,
    Ended,
    LineParser,
    LogEvent,
    Login,
    Opened,
    Other,
    Refused,
    Transfer,
    shape,
)
from scanner.wire.log_formats import is_heading
from scanner.wire.log_moves import Moved, told
from scanner.wire.log_plan import LogPlan
from scanner.wire.log_sessions import AccountTally, Session, moment_text

MOST_LINE: Final = 16_384
"""Characters of a line at most; a longer one is of no format."""

GAP: Final = 60
"""Seconds between two lines of one session at most, where a log tells no sessions."""

IDLE: Final = 3_600
"""Seconds after which the number of a process stands for another session, where no end is told."""

SLACK: Final = 300
"""Seconds by which the clock of a server may differ from ours."""

_FARTHEST: Final = 14 * 3_600 + SLACK
"""Seconds that a time zone can be off."""

_Kept = TypeVar("_Kept")
_LONGEST_NAME: Final = 256
_MOST_ACCOUNTS: Final = 10_000
_MOST_LIVE: Final = 20_000
_MOST_LOOSE: Final = 256
_MOST_SHAPES: Final = 5


class LogFold:
    """Folds the logs of one asset. Its memory does not grow with their length."""

    def __init__(self, plan: LogPlan) -> None:
        self._plan = plan
        self._accounts: dict[str, AccountTally] = {}
        self._live: OrderedDict[str, tuple[AccountTally, Session]] = OrderedDict()
        self._accounts_dropped = self._unaddressed = self._refused = 0
        self._moved = Moved(plan)
        self._reads: list[LogRead] = []
        self._seen = [[0, 0] for _ in plan.visits]
        self._ours = frozenset().union(*(visit.sources for visit in plan.visits))
        self._handlers: dict[type, Callable[..., None]] = {
            Login: self._login,
            Refused: self._refuse,
            Contact: lambda _: None,
            Activity: self._activity,
            Opened: self._opened,
            Ended: self._ended,
            Transfer: self._transfer,
        }

    def source(self, place: str, name: str) -> SourceFold:
        """Begin another entry of the logs; ids of sessions are its own."""
        self._live.clear()
        for tally in self._accounts.values():
            tally.forget_sessions()
        return SourceFold(self, place, name)

    def add(self, event: LogEvent) -> bool:
        """Fold one event; return whether it tells of a login or a connection.

        What came from an address of this scanner is only set against its visits: its own logins
        are nobody's sharing, and what it took from an open zone is no past use.
        """
        if isinstance(event, Other):
            return False
        if event.source in self._ours:
            self._visited(event.at, event.source)
        else:
            self._handlers[type(event)](event)
        return type(event) is not Transfer

    def keep(self, read: LogRead) -> None:
        """Note what became of an entry."""
        self._reads.append(read)

    def digest(self) -> LogDigest:
        """Return what was folded."""
        moved = self._moved
        return LogDigest(
            sources=tuple(self._reads),
            accounts=tuple(self._accounts[name].use() for name in sorted(self._accounts)),
            accounts_dropped=self._accounts_dropped,
            unaddressed=self._unaddressed,
            refused=self._refused,
            downloads=moved.downloads,
            uploads=moved.uploads,
            anonymous=moved.anonymous(),
            orders=moved.order_uploads(),
            unordered=moved.unordered,
            last_unordered=told(moved.last_unordered),
            visits=tuple(
                VisitTrace(
                    started=moment_text(visit.start),
                    finished=moment_text(visit.end),
                    sources=tuple(sorted(visit.sources)),
                    lines=lines,
                    shifted=shifted,
                )
                for visit, (lines, shifted) in zip(self._plan.visits, self._seen, strict=True)
            ),
        )

    def _login(self, event: Login) -> None:
        self._addressed(event.source)
        tally = None if event.anonymous else self._tally(event.account, event.at)
        if tally is None:
            return
        session = tally.begin(event.at, event.at, event.source, event.key)
        if not event.session:
            _keep_bounded(tally.loose, event.source, session, _MOST_LOOSE)
        for name in filter(None, (event.session, event.alias)):
            self._live.pop(name, None)
            _keep_bounded(self._live, name, (tally, session), _MOST_LIVE)

    def _refuse(self, _event: Refused) -> None:
        self._refused += 1

    def _activity(self, event: Activity) -> None:
        self._within(event.at, event.at, event, starts=not event.session)

    def _opened(self, event: Opened) -> None:
        tally = self._tally(event.account, event.at)
        if tally is not None:
            session = tally.latest(event.source)
            if session is None or event.at - session.last > GAP:
                session = tally.begin(event.at, event.at, event.source)
            _keep_bounded(self._live, event.session, (tally, session), _MOST_LIVE)

    def _ended(self, event: Ended) -> None:
        found = self._live.pop(event.session, None)
        if found is not None and event.orderly:
            tally, session = found
            tally.touch(session, event.at)

    def _transfer(self, event: Transfer) -> None:
        anonymous = event.access == "a"
        self._moved.add(event, anonymous=anonymous)
        if not anonymous:
            if event.account:
                self._addressed(event.source)
            self._within(event.at - event.seconds, event.at, event, starts=True)

    def _within(self, start: int, at: int, event: Activity | Transfer, *, starts: bool) -> None:
        """Let an event prolong the session it belongs to; begin one where it belongs to none."""
        found = self._live.get(event.session) if event.session else None
        if found is not None and _is_of(found, event, start):
            found[0].touch(found[1], at)
            return
        # A name that was only typed makes no account.
        known = self._accounts.get(event.account)
        tally = self._tally(event.account, start) if starts else known
        if tally is None:
            return
        session = tally.loose.get(event.source)
        if event.session and session is not None:
            del tally.loose[event.source]  # a login without an id, and this is what it did
            _keep_bounded(self._live, event.session, (tally, session), _MOST_LIVE)
            tally.touch(session, at)
        elif not event.session and session is not None and start - session.last <= GAP:
            tally.touch(session, at)
        elif starts:
            session = tally.begin(start, at, event.source)
            if event.session:
                _keep_bounded(self._live, event.session, (tally, session), _MOST_LIVE)
            else:
                tally.loose.pop(event.source, None)
                _keep_bounded(tally.loose, event.source, session, _MOST_LOOSE)

    def _tally(self, account: str, at: int) -> AccountTally | None:
        account = account[:_LONGEST_NAME]
        found = self._accounts.get(account)
        if found is None and account:
            if len(self._accounts) >= _MOST_ACCOUNTS:
                self._accounts_dropped += 1
                return None
            found = AccountTally(account, self._plan.networks.get(account, ()), at)
            self._accounts[account] = found
        return found

    def _addressed(self, source: str) -> None:
        if not source:
            self._unaddressed += 1

    def _visited(self, at: int, source: str) -> None:
        for visit, counts in zip(self._plan.visits, self._seen, strict=True):
            if source in visit.sources:
                off = max(visit.start - at, at - visit.end)
                if off <= _FARTHEST:
                    counts[off > SLACK] += 1


class SourceFold:
    """Folds one entry of ``logs``, file after file."""

    def __init__(self, fold: LogFold, place: str, name: str) -> None:
        self._fold = fold
        self._place = place
        self._name = name
        self._lines = self._unparsed = 0
        self._shapes: dict[str, None] = {}
        self._oldest: int | None = None
        self._newest: int | None = None
        self._tells_sessions = False

    def feed(self, lines: Iterable[str], parse: LineParser) -> None:
        """Fold lines without their ends. Never raises, whatever they hold."""
        add, oldest, newest, count = self._fold.add, self._oldest, self._newest, 0
        tells = self._tells_sessions
        for line in lines:
            if not line:
                continue
            count += 1
            event = parse(line) if len(line) <= MOST_LINE else None
            if event is None:
                self._miss(line)
                continue
            at = event.at
            if newest is None or at > newest:
                newest = at
            if oldest is None or at < oldest:
                oldest = at
            tells = add(event) or tells
        self._lines += count
        self._oldest, self._newest, self._tells_sessions = oldest, newest, tells

    def done(self, files: int, cut: tuple[str, ...]) -> None:
        """Say how many files there were, and what kept them from being read whole."""
        self._fold.keep(
            LogRead(
                place=self._place,
                format=self._name,
                files=files,
                lines=self._lines,
                unparsed=self._unparsed,
                shapes=tuple(self._shapes),
                oldest=told(self._oldest),
                newest=told(self._newest),
                tells_sessions=self._tells_sessions,
                cut=cut,
            )
        )

    def _miss(self, line: str) -> None:
        line = line.rstrip("\r")
        if not line or is_heading(line):
            return
        self._unparsed += 1
        if len(self._shapes) < _MOST_SHAPES:
            self._shapes.setdefault(shape(line))


def _is_of(found: tuple[AccountTally, Session], event: Activity | Transfer, start: int) -> bool:
    """Whether an event is of the session that its id stood for: processes are numbered anew."""
    tally, session = found
    if not event.account:
        return True
    same = tally.username == event.account and session.source == event.source
    return same and start - session.last <= IDLE


def _keep_bounded(kept: OrderedDict[str, _Kept], name: str, value: _Kept, most: int) -> None:
    if name not in kept and len(kept) >= most:
        kept.popitem(last=False)
    kept[name] = value
