"""The rows of the goals table, as data: the work, the tools, and what is to be reached."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bench import goal_peers as peers
from bench import goal_tools as tools
from bench.goal_table import Goal, Standing, Standings, ratio
from bench.goal_tools import OBSERVED, OURS, SCAN_RUN, Tool
from bench.simulator import FTP, PLAIN, SSH, WITH_TLS

FLOOR: Final = "C floor"
ANON: Final = "nmap ftp-anon"
SSH_SCRIPTS: Final = peers.SSH_SCRIPTS.name
TIMEOUT: Final = 3
"""Seconds that a scan waits for an answer, in the row with dead hosts."""
CROWD: Final = 5_000
_MANY: Final = 2_000
_MOST_IDLE: Final = 4_000
_FLAT: Final = (100.0, 30.0)
"""Bytes of memory for each further target that still count as none."""


class Servers(StrEnum):
    """Who plays the hosts."""

    FLEET = "the simulator"
    MIXED = "the simulator, a quarter of it dead"
    OPENSSH = "OpenSSH"
    ONE_OPENSSH = "one OpenSSH under many addresses"
    VSFTPD = "vsftpd"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row. ``hosts`` says how many it takes of the number that was asked for."""

    number: str
    title: str
    tools: tuple[Tool, ...]
    goals: tuple[Goal, ...]
    hosts: Callable[[int], int] = lambda asked: asked
    connections: int = 500
    servers: Servers = Servers.FLEET
    octet: int = PLAIN
    port: int = FTP
    delay_ms: int = 0
    repeat: int = 1
    first: bool = False
    """Measured before the others: a process inherits the peak of the one that started it."""
    note: str = ""


def _cpu(one: Standing) -> float:
    return one.cpu


def _rate(one: Standing) -> float:
    return one.rate


def _wall(one: Standing) -> float:
    return one.wall


def _wall_per_host(one: Standing) -> float:
    return 1 / one.rate


def _cpu_goal(peer: str, must: float, stretch: float, ours: str = OURS) -> Goal:
    return ratio(ours, peer, _cpu, of="CPU", must=must, stretch=stretch)


def _speed_goal(kind: str, must: float, stretch: float) -> Goal:
    name = f"content, {kind}"
    return Goal(
        text=kind,
        value=lambda standings: standings[name].figure,
        needs=(name,),
        must=must,
        stretch=stretch,
        at_least=True,
        unit="MB/s",
    )


# How the hosts of a mixed fleet lie: 15 live, 2 silent, 2 that reset, 1 mute in each twenty.
MIXTURE: Final = (15, 2, 2, 1)
_LIVE_ONLY: Final = "scan run, live hosts alone"


def bound(standings: Standings) -> float:
    """Return the least wall time of a fleet with dead hosts, in seconds: what its live hosts take
    alone, and the wait for those that answer nothing, which the slots share.
    """
    whole = standings[SCAN_RUN].rounds[-1].hosts
    waits = whole * (MIXTURE[1] + MIXTURE[3]) / sum(MIXTURE)
    return max(TIMEOUT, waits * TIMEOUT / _MANY) + standings[_LIVE_ONLY].wall


def _against_bound(standings: Standings) -> float:
    return standings[SCAN_RUN].wall / bound(standings)


_SMALL, _LARGE = SCAN_RUN, "scan run, a share of a large file"
_AMONG: Final = 200


def _growth(standings: Standings) -> float:
    small, large = standings[_SMALL], standings[_LARGE]
    further = large.rounds[-1].hosts * (_AMONG - 1)
    return (large.peak_mib - small.peak_mib) * 1024 * 1024 / further


_SHARES: Final = "scan run, two shares"
_PROCESSES: Final = "scan run --processes 2"


def _listing(name: str = SCAN_RUN, *, shares: int = 1, processes: int = 1) -> Tool:
    return tools.scan_run(
        tools.open_zones, name=name, shares=shares, processes=processes, files_sampled=0
    )


def _patient(name: str, *, live_only: bool = False) -> Tool:
    return tools.scan_run(
        tools.open_zones,
        name=name,
        live_only=live_only,
        files_sampled=0,
        timeout_seconds=TIMEOUT,
    )


def _of_many() -> Tool:
    return tools.scan_run(tools.open_zones, name=_LARGE, among=_AMONG, files_sampled=0)


ROWS: Final = (
    Row(
        number="1",
        title="W1 banner, probed and recorded",
        tools=(tools.floor("W1"), tools.probed("W1")),
        goals=(_cpu_goal(FLOOR, 2.7, 1.7),),
        note="zgrab2 comes neither from apt nor from pip; it was once measured at 3.6 x the floor.",
    ),
    Row(
        number="2",
        title="W2 anonymous login and list, probed and recorded",
        tools=(tools.floor("W2"), tools.probed("W2"), peers.ANONYMOUS, peers.CURL),
        goals=(_cpu_goal(ANON, 0.55, 0.40), _cpu_goal("curl -Z", 0.8, 0.55)),
    ),
    Row(
        number="2b",
        title="W2, the whole product",
        tools=(
            peers.ANONYMOUS,
            tools.probed("W2"),
            tools.observed("anonymous_view", files_sampled=0),
            _listing(),
        ),
        goals=(_cpu_goal(ANON, 1.0, 0.75, ours=SCAN_RUN),),
        hosts=lambda asked: max(1, asked // 4),
        note=f"`{SCAN_RUN}` less `{OBSERVED}` is what judging, scoring, reporting and remembering "
        f"cost; `{OBSERVED}` less `{OURS}` is what the further questions cost. No file is sampled "
        "(`files_sampled: 0`).",
    ),
    Row(
        number="3",
        title="W3 full dialog with three samples",
        tools=(tools.floor("W3"), tools.probed("W3"), peers.AIOFTP),
        goals=(_cpu_goal(FLOOR, 2.4, 1.7), _cpu_goal("aioftp", 0.25, 0.18)),
    ),
    Row(
        number="4",
        title="W1t full TLS handshake and certificate",
        tools=(
            tools.floor("W1t"),
            tools.probed("W1t"),
            peers.CERTIFICATES,
            peers.SSLYZE,
        ),
        goals=(
            _cpu_goal(FLOOR, 1.4, 1.15),
            _cpu_goal("nmap ssl-cert", 0.3, 0.23),
            _cpu_goal("sslyze", 0.07, 0.05),
        ),
        octet=WITH_TLS,
        note="zgrab2 was once measured at 1.5 x the floor.",
    ),
    Row(
        number="4b",
        title="an FTPS host, the whole product",
        tools=(
            tools.probed("W1t"),
            tools.observed("tls", files_sampled=0),
            tools.scan_run(tools.with_facts("tls"), files_sampled=0),
        ),
        goals=(),
        hosts=lambda asked: max(1, asked // 10),
        octet=WITH_TLS,
        note="No goal: it shows what a scan costs beyond the handshake.",
    ),
    Row(
        number="5",
        title="S1 identification and KEXINIT, probed and recorded",
        tools=(tools.floor("S1"), tools.probed("S1"), peers.ALGORITHMS),
        goals=(_cpu_goal(FLOOR, 2.2, 1.5), _cpu_goal("nmap ssh2-enum-algos", 0.2, 0.12)),
        port=SSH,
    ),
    Row(
        number="6",
        title="S3 host key and methods, real OpenSSH",
        tools=(
            tools.probed("S3"),
            peers.ASYNCSSH,
            peers.PARAMIKO,
            peers.SSH_AUDIT,
            tools.observed("methods"),
            tools.scan_run(tools.with_facts("kexinit", "host_keys", "methods")),
        ),
        goals=(
            _cpu_goal("asyncssh", 1.1, 0.25),
            _cpu_goal("paramiko", 0.75, 0.16),
            _cpu_goal("ssh-audit", 0.05, 0.007),
        ),
        hosts=lambda asked: max(8, asked // 50),
        connections=32,
        servers=Servers.OPENSSH,
        port=SSH,
        note="`observed` and `scan run` ask every host key, group sizes and prompts, and are shown "
        "for what a whole scan costs.",
    ),
    Row(
        number="6b",
        title="an SSH host, the whole product",
        tools=(
            tools.scan_run(tools.with_facts("kexinit", "host_keys", "methods")),
            peers.SSH_SCRIPTS,
            peers.SSH_AUDIT,
        ),
        goals=(
            _cpu_goal(SSH_SCRIPTS, 1.0, 0.5, ours=SCAN_RUN),
            _cpu_goal("ssh-audit", 1.0, 0.5, ours=SCAN_RUN),
            ratio(SCAN_RUN, SSH_SCRIPTS, _wall_per_host, of="wall", must=1.0, stretch=0.5),
            ratio(SCAN_RUN, "ssh-audit", _wall_per_host, of="wall", must=1.0, stretch=0.5),
        ),
        hosts=lambda asked: max(8, asked // 100),
        connections=32,
        servers=Servers.ONE_OPENSSH,
        port=SSH,
        note="All that each tells of an SSH server, judged and reported by us. The servers take "
        "the other core, and limit the wall time. One port: nmap need not look for it. It "
        "takes 64 hosts at a time, for sshd lets no more than 128 connections wait; with all hosts "
        "at once, and patience enough to find them, it took longer.",
    ),
    Row(
        number="7",
        title=f"W2 with 100 ms a reply, {CROWD:,} at once",
        tools=(tools.floor("W2"), _listing(), peers.ANONYMOUS),
        goals=(
            ratio(SCAN_RUN, ANON, _rate, of="hosts/s", must=3, stretch=6, at_least=True),
            ratio(SCAN_RUN, FLOOR, _rate, of="hosts/s", must=0.4, stretch=0.8, at_least=True),
        ),
        connections=CROWD,
        delay_ms=100,
        note="Hosts in a second. `scan run` asks several times as many questions, each of which "
        "waits.",
    ),
    Row(
        number="8",
        title="mixed fleet, a quarter dead",
        tools=(
            tools.floor("W2", seconds=TIMEOUT),
            _patient(SCAN_RUN),
            _patient(_LIVE_ONLY, live_only=True),
            peers.IMPATIENT,
        ),
        goals=(
            Goal(
                text="wall: scan run / its bound",
                value=_against_bound,
                needs=(SCAN_RUN, _LIVE_ONLY),
                must=1.5,
                stretch=1.15,
                unit="x",
            ),
            ratio(SCAN_RUN, ANON, _wall, of="wall", must=0.2, stretch=0.11),
        ),
        hosts=lambda asked: max(20, asked // 2),
        connections=_MANY,
        servers=Servers.MIXED,
        delay_ms=20,
        note="Of twenty hosts two drop SYNs, two reset what they accept, one accepts and says "
        f"nothing. A reply takes 20 ms; a scan waits {TIMEOUT} s for one, and nmap's scripts take "
        "3 s at most. The bound: the wall time of the live hosts alone, and (silent and mute "
        "hosts) x that wait / slots.",
    ),
    Row(
        number="9",
        title="memory of an idle connection",
        tools=(tools.idle("plain", PLAIN), tools.idle("TLS", WITH_TLS)),
        goals=(
            Goal(
                text="plain",
                value=lambda standings: standings["idle, plain"].figure,
                needs=("idle, plain",),
                must=8,
                stretch=2,
                unit="KB",
            ),
            Goal(
                text="TLS",
                value=lambda standings: standings["idle, TLS"].figure,
                needs=("idle, TLS",),
                must=55,
                stretch=41,
                unit="KB",
            ),
        ),
        hosts=lambda asked: min(max(100, asked // 5), _MOST_IDLE),
        connections=_MOST_IDLE,
    ),
    Row(
        number="10",
        title="two processes on two cores",
        tools=(_listing(), _listing(_SHARES, shares=2), _listing(_PROCESSES, processes=2)),
        goals=(
            _cpu_goal(SCAN_RUN, 1.15, 1.0, ours=_SHARES),
            ratio(_SHARES, SCAN_RUN, _wall, of="wall", must=0.6, stretch=0.52),
            _cpu_goal(SCAN_RUN, 1.15, 1.0, ours=_PROCESSES),
            ratio(_PROCESSES, SCAN_RUN, _wall, of="wall", must=0.6, stretch=0.52),
        ),
        hosts=lambda asked: max(2, asked // 4),
        note="The fleet has a core of its own only where there are three: with two it shares the "
        "second one. Two shares of one targets file are two runs, each on a core, with a history "
        "and a report of its own. `--processes 2` is one run with one of each, on both cores: two "
        "processes look, a third judges what they tell it.",
    ),
    Row(
        number="11",
        title="one ad-hoc host, wall",
        tools=(tools.SCAN_HOST, peers.NMAP_ONE),
        goals=(ratio("scan host", ANON, _wall, of="wall", must=1.0, stretch=0.5),),
        hosts=lambda _asked: 1,
        repeat=5,
    ),
    Row(
        number="12",
        title="content",
        tools=(tools.content("dense"), tools.content("sparse")),
        goals=(_speed_goal("dense", 8, 20), _speed_goal("sparse", 15, 60)),
        hosts=lambda _asked: 30,
        note="No servers: samples of 64 KiB in the place of hosts, tables about persons and prose "
        "about nobody. Accuracy is measured by `bench.content`.",
    ),
    Row(
        number="13",
        title="a million targets, memory",
        tools=(_listing(_SMALL), _of_many()),
        goals=(
            Goal(
                text="peak of the run",
                value=lambda standings: standings[_LARGE].peak_mib * 1.048576,
                needs=(_LARGE,),
                must=600,
                stretch=300,
                unit="MB",
            ),
            Goal(
                text="growth for each further target",
                value=_growth,
                needs=(_SMALL, _LARGE),
                must=_FLAT[0],
                stretch=_FLAT[1],
                unit="B",
            ),
        ),
        hosts=lambda asked: max(1, asked // 4),
        first=True,
        note="With 20,000 hosts asked for, a million targets are in the file, and one of "
        f"{_AMONG} is looked at, judged and reported: to look at all takes hours, and 60 GB of run "
        f"folder. Flat means at most {_FLAT[0]:.0f} bytes for each further target.",
    ),
    Row(
        number="R",
        title="W2L (W2 with LIST), real vsftpd",
        tools=(tools.floor("W2L"), tools.probed("W2L"), peers.ANONYMOUS, peers.CURL),
        goals=(_cpu_goal(ANON, 0.55, 0.40), _cpu_goal("curl -Z", 0.8, 0.55)),
        hosts=lambda asked: max(8, asked // 50),
        connections=10,
        servers=Servers.VSFTPD,
        note="Guards against what only wins on the simulator. A few hundred hosts: start-up still "
        "weighs here.",
    ),
)
