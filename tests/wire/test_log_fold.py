"""Events of logs in, one digest out: sessions that overlap, and those that do not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from ipaddress import ip_network
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.model.logs import AccountUse, LogDigest
from scanner.model.view import Zone
from scanner.wire.log_clock import LogClock
from scanner.wire.log_fold import LogFold
from scanner.wire.log_formats import FORMATS, parser
from scanner.wire.log_plan import LogPlan, Visit
from scanner.wire.log_sessions import is_distant, network_of

NEWEST = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HERE, THERE, NEAR = "192.0.2.4", "198.51.100.7", "192.0.2.99"
ONE, TWO = "SHA256:one", "SHA256:two"


def fold(name: str, lines: Sequence[str], plan: LogPlan | None = None) -> LogDigest:
    folded = LogFold(plan or LogPlan())
    entry = folded.source("logs[0]", name)
    entry.feed(lines, parser(name, LogClock(ZoneInfo("UTC"), NEWEST)))
    entry.done(1, ())
    return folded.digest()


def use(digest: LogDigest, name: str = "lab") -> AccountUse:
    return next(each for each in digest.accounts if each.username == name)


def at(second: int) -> str:
    return f"Feb  3 {4 + second // 3600:02}:{second // 60 % 60:02}:{second % 60:02} files"


def enters(second: int, source: str, port: int, key: str = ONE, user: str = "lab") -> str:
    told = f"Accepted publickey for {user} from {source} port {port} ssh2: ED25519 {key}"
    return f"{at(second)} sshd[{port}]: {told}"


def leaves(second: int, source: str, port: int) -> str:
    return f"{at(second)} sshd[{port + 1}]: Disconnected from user lab {source} port {port}"


def moved(second: int, source: str, seconds: int = 1, path: str = "/x", way: str = "o") -> str:
    clock = at(second)[7:15]
    return f"Tue Feb  3 {clock} 2026 {seconds} {source} 5 {path} b _ {way} r lab ftp 0 * c"


def test_sessions_from_two_distant_sources_at_once_overlap() -> None:
    digest = fold(
        "openssh",
        [enters(0, HERE, 50), enters(10, THERE, 60), leaves(30, HERE, 50), leaves(90, THERE, 60)],
    )
    (overlap,) = use(digest).source_overlaps
    assert (overlap.one, overlap.other) == ("192.0.2.0/24", "198.51.100.0/24")
    assert (overlap.times, overlap.seconds, overlap.at) == (1, 20, "2026-02-03T04:00:10Z")
    assert use(digest).key_overlaps == ()
    assert [(each.network, each.sessions) for each in use(digest).sources] == [
        ("192.0.2.0/24", 1),
        ("198.51.100.0/24", 1),
    ]


@pytest.mark.parametrize(
    "lines",
    [
        # One after the other, and back again.
        [
            *(enters(0, HERE, 50), leaves(30, HERE, 50)),
            *(enters(31, THERE, 60), leaves(60, THERE, 60)),
            *(enters(61, HERE, 70), leaves(90, HERE, 70)),
        ],
        # The first session's end was never logged: the machine went down, or the line was lost.
        [enters(0, HERE, 50), enters(900, THERE, 60), leaves(960, THERE, 60)],
        # Its peer moved to another network, and the server noticed long after.
        [
            *(enters(0, HERE, 50), enters(20, THERE, 60)),
            f"{at(400)} sshd[51]: Timeout, client not responding from user lab {HERE} port 50",
            leaves(500, THERE, 60),
        ],
        # Two seconds are within what logs round away.
        [enters(0, HERE, 50), enters(10, THERE, 60), leaves(12, HERE, 50), leaves(50, THERE, 60)],
        # Two machines of one network.
        [enters(0, HERE, 50), enters(10, NEAR, 60), leaves(30, HERE, 50), leaves(50, NEAR, 60)],
        # One person at home uses both families.
        [
            *(enters(0, HERE, 50), enters(10, "2001:db8::7", 60)),
            *(leaves(30, HERE, 50), leaves(50, "2001:db8::7", 60)),
        ],
        # Two accounts.
        [
            *(enters(0, HERE, 50), enters(10, THERE, 60, user="other")),
            *(leaves(30, HERE, 50), leaves(50, THERE, 60)),
        ],
    ],
)
def test_other_sessions_do_not(lines: list[str]) -> None:
    digest = fold("openssh", lines)
    assert digest.accounts
    assert all(each.source_overlaps == () for each in digest.accounts)


def test_two_keys_at_once_overlap_wherever_they_come_from() -> None:
    lines = [
        *(enters(0, HERE, 50, ONE), enters(10, NEAR, 60, TWO)),
        *(leaves(30, HERE, 50), leaves(50, NEAR, 60)),
    ]
    (overlap,) = use(fold("openssh", lines)).key_overlaps
    assert (overlap.one, overlap.other, overlap.times) == (ONE, TWO, 1)


def test_a_key_that_replaced_another_does_not_overlap() -> None:
    lines = [
        *(enters(0, HERE, 50, ONE), leaves(30, HERE, 50)),
        *(enters(40, HERE, 60, TWO), leaves(50, HERE, 60)),
    ]
    digest = use(fold("openssh", lines))
    assert digest.key_overlaps == ()
    assert [each.fingerprint for each in digest.keys] == [ONE, TWO]


def test_a_session_of_the_subsystem_belongs_to_the_login() -> None:
    inside = "internal-sftp[9]"
    lines = [
        enters(0, HERE, 50),
        f"{at(1)} {inside}: session opened for local user lab from [{HERE}]",
        f'{at(20)} {inside}: close "/in/a" bytes read 0 written 9',
        enters(5, THERE, 60),
        leaves(15, THERE, 60),
    ]
    digest = fold("openssh", lines)
    assert use(digest).sessions == 2
    assert use(digest).source_overlaps[0].seconds == 10
    assert (digest.uploads, digest.downloads) == (1, 0)


def test_declared_networks_silence_overlaps_and_tell_what_came_from_elsewhere() -> None:
    lines = [
        *(enters(0, HERE, 50), enters(10, THERE, 60)),
        *(leaves(30, HERE, 50), leaves(50, THERE, 60)),
    ]
    both = LogPlan(networks={"lab": (ip_network("192.0.2.0/24"), ip_network("198.51.100.0/28"))})
    assert use(fold("openssh", lines, both)).source_overlaps == ()
    assert use(fold("openssh", lines, both)).outside == 0
    one = LogPlan(networks={"lab": (ip_network("192.0.2.0/24"),)})
    found = use(fold("openssh", lines, one))
    assert (found.outside, found.last_outside) == (1, "2026-02-03T04:00:10Z")
    assert found.source_overlaps == ()


def test_transfers_overlap_by_their_length_and_those_close_together_are_one_session() -> None:
    long = [moved(100, THERE, 3), moved(130, HERE, 90)]
    assert use(fold("xferlog", long)).source_overlaps[0].seconds == 3
    woven = [moved(0, HERE), moved(20, THERE), moved(40, HERE), moved(60, THERE)]
    assert use(fold("xferlog", woven)).source_overlaps[0].seconds == 21
    apart = [moved(0, HERE), moved(20, THERE), moved(200, HERE), moved(400, THERE)]
    assert use(fold("xferlog", apart)).source_overlaps == ()
    assert use(fold("xferlog", apart)).sessions == 4


def test_a_login_of_vsftpd_belongs_to_what_another_process_then_did() -> None:
    day = "Tue Feb  3 04:{:02}:{:02} 2026"

    def line(second: int, process: int, what: str, source: str) -> str:
        when = day.format(second // 60, second % 60)
        return f'{when} [pid {process}] [lab] OK {what}: Client "{source}"'

    lines = [
        line(0, 1, "LOGIN", HERE),
        line(30, 4, "LOGIN", THERE),
        line(40, 2, "DOWNLOAD", HERE) + ', "/a", 1 bytes, 1.00Kbyte/sec',
        line(50, 5, "DOWNLOAD", THERE) + ', "/a", 1 bytes, 1.00Kbyte/sec',
    ]
    found = use(fold("vsftpd", lines))
    assert found.sessions == 2
    assert found.source_overlaps[0].seconds == 10


def test_a_name_that_was_only_typed_makes_no_account() -> None:
    day = "Tue Feb  3 04:05:06 2026"
    lines = [
        f'{day} [pid 9] [nobody-{n}] FTP command: Client "{HERE}", "PASS <password>"'
        for n in range(20)
    ]
    digest = fold("vsftpd", [*lines, f'{day} [pid 9] [lab] FAIL LOGIN: Client "{HERE}"'])
    assert digest.accounts == ()
    assert digest.sources[0].unparsed == 0
    assert digest.refused == 1


def test_what_is_kept_of_long_names_and_keys_is_short() -> None:
    long = "x" * 9_000
    for line in (
        enters(0, HERE, 50, user=long),
        enters(0, long, 50),
        enters(0, HERE, 50, key=f"SHA256:{long}"),
        moved(0, long),
    ):
        for name in ("openssh", "xferlog"):
            assert len(repr(fold(name, [line]))) < 2_000


def test_a_process_that_is_numbered_anew_is_another_session() -> None:
    def line(hour: int, second: int, source: str) -> str:
        when = f"Tue Feb  3 {hour:02}:00:{second:02} 2026"
        return f'{when} [pid 9] [lab] OK DOWNLOAD: Client "{source}", "/a", 1 bytes'

    lines = [line(1, 0, HERE), line(1, 30, THERE), line(3, 0, HERE), line(6, 0, HERE)]
    found = use(fold("vsftpd", lines))
    assert found.sessions == 4
    assert found.source_overlaps == ()


def zone(path: str) -> Zone:
    if path.startswith("/pub/"):
        return Zone.PUBLIC
    return Zone.PRIVATE if path.startswith("/lab/") else Zone.UNDECLARED


def orders(path: str) -> tuple[str, ...]:
    return ("MIG-1",) if path.startswith("/lab/mig-1/") else ()


def nobody(path: str, way: str = "o") -> str:
    return f"Tue Feb  3 04:00:00 2026 1 {HERE} 5 {path} b _ {way} a x@y ftp 0 * c"


def test_anonymous_transfers_are_told_apart_by_area_wherever_the_root_lies() -> None:
    paths = ("/pub/a", "/srv/ftp/pub/b", "/other/c", "/lab/d")
    digest = fold("xferlog", [*map(nobody, paths), nobody("/in/e", "i")], LogPlan(zone=zone))
    assert digest.anonymous.public == 2
    assert (digest.anonymous.downloads, digest.anonymous.uploads) == (2, 1)
    assert digest.anonymous.last == "2026-02-03T04:00:00Z"
    assert digest.accounts == ()


def test_uploads_are_set_against_the_dates_of_their_orders() -> None:
    start = int(datetime(2026, 2, 2, tzinfo=UTC).timestamp())
    plan = LogPlan(zone=zone, orders=orders, spans={"MIG-1": (start, start + 86_400)})
    late = moved(0, HERE, path="/srv/lab/mig-1/a", way="i")
    early = late.replace("Feb  3", "Feb  1")
    within = late.replace("Feb  3", "Feb  2")
    stray = moved(0, HERE, path="/lab/other", way="i")
    digest = fold("xferlog", [early, within, late, stray, moved(0, HERE, path="/lab/x")], plan)
    (found,) = digest.orders
    assert (found.before, found.within, found.after) == (1, 1, 1)
    assert found.last_outside == "2026-02-03T04:00:00Z"
    assert digest.unordered == 1


def test_an_order_without_dates_is_open() -> None:
    digest = fold("xferlog", [moved(0, HERE, path="/lab/mig-1/a", way="i")], LogPlan(orders=orders))
    assert digest.orders[0].within == 1
    assert digest.orders[0].last_outside is None


def test_a_visit_is_found_by_its_time_and_address() -> None:
    start = int(datetime(2026, 2, 3, 4, 0, tzinfo=UTC).timestamp())

    def trace(start: int) -> tuple[int, int]:
        stay = Visit(start=start, end=start + 60, sources=frozenset({HERE}))
        lines = [leaves(5, HERE, 9), leaves(5, THERE, 9)]
        found = fold("openssh", lines, LogPlan(visits=(stay,))).visits[0]
        return found.lines, found.shifted

    assert trace(start) == (1, 0)
    assert trace(start - 300) == (1, 0)
    assert trace(start - 3_600) == (0, 1)
    assert trace(start - 86_400) == (0, 0)


def test_what_this_scanner_did_is_no_use_of_an_account_and_no_past_use() -> None:
    plan = LogPlan(visits=(Visit(start=0, end=1, sources=frozenset({HERE})),))
    lines = [
        *(enters(0, HERE, 50), enters(10, THERE, 60)),
        *(leaves(30, HERE, 50), leaves(50, THERE, 60)),
    ]
    found = use(fold("openssh", lines, plan))
    assert (found.sessions, found.source_overlaps) == (1, ())
    assert fold("xferlog", [nobody("/other/c")], plan).anonymous.downloads == 0


def test_what_does_not_parse_is_counted_and_shown_by_shape() -> None:
    digest = fold("xferlog", ["secret 42", "secret 43", "\x1b[2J", "", moved(0, HERE)])
    (read,) = digest.sources
    assert (read.lines, read.unparsed, read.shapes) == (4, 3, ("a 9", "?[9a"))
    assert "secret" not in repr(digest)


def test_a_hostile_name_is_neutralised() -> None:
    digest = fold("openssh", [enters(0, HERE, 50, user="lab\x1b[31m\u202e" + "x" * 500)])
    (found,) = digest.accounts
    assert found.username.isprintable()
    assert len(found.username) <= 64


def test_memory_is_bounded_by_no_count_of_accounts_sources_keys_or_sessions() -> None:
    lines = [
        enters(n % 3600, f"10.{n // 250 % 250}.{n % 250}.1", n, f"SHA256:{n}") for n in range(2_000)
    ]
    found = use(fold("openssh", lines))
    assert found.sessions == 2_000
    assert len(found.sources) == len(found.keys) == 64
    assert found.dropped > 0
    many = fold("openssh", [enters(0, HERE, n, user=f"u{n}") for n in range(10_050)])
    assert len(many.accounts) == 10_000
    assert many.accounts_dropped == 50


@pytest.mark.parametrize(
    ("one", "other", "distant"),
    [
        (HERE, THERE, True),
        (HERE, NEAR, False),
        ("127.0.0.1", "127.0.1.1", True),
        ("2001:db8::1", "2001:db8:0:1::1", True),
        ("2001:db8::1", "2001:db8::ffff", False),
        (HERE, "2001:db8::1", False),
        (HERE, "", False),
    ],
)
def test_sources_are_distant_by_network_within_one_family(
    one: str,
    other: str,
    distant: bool,  # noqa: FBT001 - a value of the table
) -> None:
    assert is_distant(network_of(one), network_of(other)) is distant


SEEDS = (
    enters(0, HERE, 50),
    leaves(9, HERE, 50),
    moved(0, HERE),
    nobody("/a b"),
    f'Tue Feb  3 04:05:06 2026 [pid 13] [lab] OK UPLOAD: Client "{HERE}", "/a", 1 bytes',
    f'{HERE} - lab [03/Feb/2026:04:05:06 -0000] "PUT /srv/a.csv" 200 1',
    f"1770091506 6b085174.7cf5 lab {HERE} D 1 3 /srv/a b.csv",
    f"2026-02-03 04:05:06 {HERE} []created /srv/a b.csv 226 lab 1",
    f"{at(0)} pure-ftpd[9]: (lab@{HERE}) [NOTICE] /a uploaded  (1 bytes, 1KB/sec)",
    f"2026-02-03 04:05:06,1 files proftpd[7] files ({HERE}[{HERE}]): USER lab: Login successful.",
    f"[30] Feb  3 04:05:06 Exit (lab) from <{HERE}:46>: Disconnect received",
    '{"__REALTIME_TIMESTAMP":"1770091506000000","SYSLOG_IDENTIFIER":"sshd","MESSAGE":"x"}',
)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    line = draw(st.sampled_from(SEEDS))
    first = draw(st.integers(0, len(line)))
    last = draw(st.integers(first, len(line)))
    piece = draw(st.one_of(st.just(line[first:last] * 2), st.text(max_size=8), st.just("9" * 30)))
    return line[:first] + piece + line[last:]


@given(st.lists(mutated(), max_size=20), st.sampled_from(sorted(FORMATS)))
@settings(max_examples=400)
def test_lines_of_any_text_never_raise_and_are_all_counted(lines: list[str], name: str) -> None:
    visit = Visit(start=0, end=1, sources=frozenset({HERE}))
    digest = fold(name, lines, LogPlan(zone=zone, orders=orders, visits=(visit,)))
    (read,) = digest.sources
    assert read.lines == sum(1 for line in lines if line)
    assert 0 <= read.unparsed <= read.lines
    assert all(each.username.isprintable() for each in digest.accounts)


@given(st.integers(0, 50), st.integers(3, 500), st.integers(0, 500), st.integers(3, 500))
def test_two_sessions_overlap_exactly_where_they_share_three_seconds(
    start: int, length: int, gap: int, other: int
) -> None:
    begin = start + gap
    events = sorted(
        [
            (start, 0, enters(start, HERE, 50)),
            (start + length, 1, leaves(start + length, HERE, 50)),
            (begin, 0, enters(begin, THERE, 60)),
            (begin + other, 1, leaves(begin + other, THERE, 60)),
        ]
    )
    shared = min(start + length, begin + other) - begin
    overlaps = use(fold("openssh", [line for _, _, line in events])).source_overlaps
    assert bool(overlaps) is (shared >= 3)
    assert not overlaps or overlaps[0].seconds == shared
