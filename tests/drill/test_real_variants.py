"""The variants of a drill over real servers, a real rsyslog and a collector that alerts."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from scanner.api.job import utc_now
from scanner.history import History
from scanner.model.drill import DrillLogin, DrillVariant, DrillVerdict
from scanner.model.reading import Observed, Reason, Unobserved
from scanner.report.drill import DrillReport
from tests.drill.cases import one_drill, target, written
from tests.drill.team import team, told
from tests.servers import MODERN, Openssh, Server, Vsftpd
from tests.servers.collector import Collector, collector
from tests.servers.fixtures import StartServer
from tests.servers.process import HOST, free_port
from tests.servers.rsyslog import rsyslog

PATIENCE = 3.0
CANARY = "/public/readme.txt"
READS = (
    re.compile(rb'open "(/public/readme\.txt)"'),
    re.compile(rb'OK DOWNLOAD: .*?"(/public/readme\.txt)"'),
)
LOGINS = (
    re.compile(rb"Accepted \S+ for (transfer) from"),
    re.compile(rb"Failed \S+ for (transfer) from"),
    re.compile(rb"\[(transfer)\] (?:OK|FAIL) LOGIN"),
)
OUTSIDE = ["192.0.2.0/24"]
Rules = tuple[re.Pattern[bytes], ...]


@dataclass
class Site:
    """A server, its log daemon that follows one log, and the team's collector with its rules."""

    server: Server
    folder: Path
    collector: Collector
    listen: int
    password: str = "env:DRILL_PASSWORD"
    path: str = CANARY
    networks: list[str] = field(default_factory=lambda: list(OUTSIDE))
    daemon: ExitStack = field(default_factory=ExitStack)

    def targets(self, **more: Any) -> Path:
        account = {"username": "transfer", "password": self.password}
        drill = {
            "test": {"kind": "http", "url": self.collector.url},
            "alert": {"kind": "webhook", "listen": f"{HOST}:{self.listen}"},
            "canary": {"path": self.path, "account": account, "agreed_rule": f"read of {CANARY}"},
            "off_network": {
                "account": account,
                "networks": self.networks,
                "agreed_rule": "login of Transfer from elsewhere",
            },
        }
        allow = {"drill_canary": True, "drill_off_network": True}
        more = {"allow": allow, **verified(self.server), **more}
        one = target(self.server.port, self.server.protocol, drill, **more)
        return written(self.folder, one)

    async def drilled(self, variant: str, patience: float = 20.0, **more: Any) -> DrillReport:
        path = self.targets(**more)
        return await one_drill(path, patience=patience, variant=DrillVariant(variant))


def verified(server: Server) -> dict[str, Any]:
    if server.protocol == "sftp":
        return {"host_keys": [key.fingerprint for key in server.host_keys]}
    assert server.certificate is not None
    return {"tls": {"ca": str(server.certificate.authority), "server_name": "localhost"}}


@contextmanager
def site(server: Server, folder: Path, rules: Rules, *, log: int = 0) -> Iterator[Site]:
    listen = free_port()
    with ExitStack() as stack:
        taking = stack.enter_context(collector((HOST, listen)))
        taking.rules = rules
        running = Site(server, folder, taking, listen)
        stack.enter_context(running.daemon)
        server.logs[log].touch()
        to = (HOST, taking.udp_port)
        running.daemon.enter_context(rsyslog(server.logs[log], to, folder))
        yield running


@pytest.fixture
def chrooted(start_server: StartServer, monkeypatch: pytest.MonkeyPatch) -> Server:
    server = start_server(Openssh(chrooted=True))
    monkeypatch.setenv("DRILL_PASSWORD", server.user("transfer").password)
    return server


@pytest.fixture
def vsftpd(start_server: StartServer, monkeypatch: pytest.MonkeyPatch) -> Server:
    server = start_server("vsftpd-tls-required")
    monkeypatch.setenv("DRILL_PASSWORD", server.user("transfer").password)
    return server


def made(report: DrillReport) -> DrillLogin:
    assert isinstance(report.course.login, Observed), report
    return report.course.login.value


# The canary


async def test_the_read_of_a_canary_over_sftp_raises_the_alert(
    chrooted: Server, tmp_path: Path
) -> None:
    with site(chrooted, tmp_path, READS, log=1) as running:
        report = await running.drilled("canary")
    assert report.verdict is DrillVerdict.PASS, report
    login = made(report)
    assert (login.user, login.let_in, login.opened) == ("transfer", True, CANARY)
    chrooted.process.settle()
    chrooted.flush()
    asked = [line for line in chrooted.commands() if line.startswith("open")]
    log = chrooted.log_text()
    assert re.fullmatch(r"/public/drill-[0-9a-f]{16}", login.label)
    assert log.index(f'open "{login.label}"') < log.index(f'open "{CANARY}"'), asked
    assert chrooted.failed_logins() == 0
    assert report.course.reactions == ()


async def test_the_read_of_a_canary_over_ftps_raises_the_alert(
    vsftpd: Server, tmp_path: Path
) -> None:
    with site(vsftpd, tmp_path, READS) as running:
        report = await running.drilled("canary")
    assert report.verdict is DrillVerdict.PASS, (report, vsftpd.log_text()[-3000:])
    assert made(report).opened == CANARY
    with History.open(tmp_path / "history.sqlite3", utc_now) as history:
        kept = history.recall("default", "files").drill
    assert isinstance(kept, Observed)
    assert (kept.value.verdict, kept.value.variant) == ("pass", "canary")
    vsftpd.process.settle()
    commands = vsftpd.commands()
    assert commands.index("AUTH TLS") < commands.index("USER transfer")
    assert f"RETR {CANARY}" in commands
    assert not {"STOR", "DELE", "MKD"} & {*vsftpd.verbs()}
    assert vsftpd.failed_logins() == 0


@pytest.mark.parametrize("kind", ["chrooted", "vsftpd"])
async def test_a_read_that_nobody_hears_of_is_a_fail(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    server: Server = request.getfixturevalue(kind)
    with site(server, tmp_path, READS, log=1 if kind == "chrooted" else 0) as running:
        running.daemon.close()
        report = await running.drilled("canary", PATIENCE)
    assert report.verdict is DrillVerdict.FAIL, report
    assert report.detail == f"no alert that names {CANARY} in 3.0 seconds"
    assert made(report).opened == CANARY


async def test_an_alert_of_the_label_alone_is_none_of_the_canary(
    chrooted: Server, tmp_path: Path
) -> None:
    with site(chrooted, tmp_path, (), log=1) as running:
        report = await running.drilled("canary", PATIENCE)
        alerts = [alert.decode() for alert in running.collector.alerts]
    assert report.verdict is DrillVerdict.FAIL, report
    assert made(report).label.rpartition("/")[2] in alerts


async def test_with_the_webhook_dead_nobody_reads_the_canary(
    chrooted: Server, tmp_path: Path
) -> None:
    with site(chrooted, tmp_path, READS, log=1) as running:
        running.listen = free_port()
        report = await running.drilled("canary", PATIENCE)
    assert report.verdict is DrillVerdict.UNKNOWN
    assert "the way is broken" in report.detail
    assert "Connection from" not in chrooted.log_text()


async def test_a_canary_that_is_not_there_leaves_the_drill_unknown(
    chrooted: Server, vsftpd: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for server in (chrooted, vsftpd):
        monkeypatch.setenv("DRILL_PASSWORD", server.user("transfer").password)
        (tmp_path / server.product).mkdir()
        with site(server, tmp_path / server.product, READS) as running:
            running.path = "/public/no-such-canary"
            report = await running.drilled("canary", PATIENCE)
        assert report.verdict is DrillVerdict.UNKNOWN
        assert isinstance(report.course.login, Unobserved)
        assert report.course.login.reason is Reason.UNREADABLE
        assert report.detail.startswith("the canary could not be read: ")


@pytest.mark.parametrize("variant", ["canary", "off-network"])
@pytest.mark.parametrize("kind", ["chrooted", "vsftpd"])
async def test_a_peer_that_is_not_verified_is_sent_no_secret(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str, variant: str
) -> None:
    server: Server = request.getfixturevalue(kind)
    with site(server, tmp_path, READS) as running:
        report = await running.drilled(variant, PATIENCE, host_keys=[], tls={})
    assert report.verdict is DrillVerdict.UNKNOWN
    assert isinstance(report.course.login, Unobserved)
    assert report.course.login.reason is Reason.UNVERIFIED_PEER
    await asyncio.to_thread(server.process.settle)  # the loop has yet to close our side
    assert server.user("transfer").password not in server.log_text()
    assert "USER transfer" not in server.log_text()
    assert "Accepted password" not in server.log_text()
    assert server.failed_logins() == 0


async def test_a_server_without_tls_is_sent_no_secret(
    start_server: StartServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRILL_PASSWORD", "never-sent")
    server = start_server("vsftpd-plain")
    with site(server, tmp_path, READS) as running:
        report = await _in_clear(running)
    assert report.detail == "the server offers no TLS"
    server.process.settle()
    assert "USER transfer" not in server.log_text()


async def _in_clear(running: Site) -> DrillReport:
    account = {"username": "transfer", "password": "env:DRILL_PASSWORD"}
    drill = {
        "test": {"kind": "http", "url": running.collector.url},
        "alert": {"kind": "webhook", "listen": f"{HOST}:{running.listen}"},
        "canary": {"path": CANARY, "account": account, "agreed_rule": "SOC-119"},
    }
    one = target(running.server.port, "ftp", drill, allow={"drill_canary": True})
    path = written(running.folder, one)
    return await one_drill(path, patience=PATIENCE, variant=DrillVariant.CANARY)


# The login from outside


@pytest.mark.parametrize("kind", ["chrooted", "vsftpd"])
async def test_a_login_from_outside_raises_the_alert(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    server: Server = request.getfixturevalue(kind)
    with site(server, tmp_path, LOGINS) as running:
        report = await running.drilled("off-network")
    assert report.verdict is DrillVerdict.PASS, (report, server.log_text()[-3000:])
    login = made(report)
    assert (login.user, login.let_in, login.refused, login.opened) == ("transfer", True, False, "")
    server.process.settle()
    server.flush()
    assert not {"RETR", "LIST", "MLSD", "open", "opendir"} & {*server.verbs()}
    assert server.failed_logins() == 0


async def test_a_login_from_outside_that_nobody_hears_of_is_a_fail(
    chrooted: Server, tmp_path: Path
) -> None:
    with site(chrooted, tmp_path, LOGINS) as running:
        running.daemon.close()
        report = await running.drilled("off-network", PATIENCE)
    assert (report.verdict, made(report).let_in) == (DrillVerdict.FAIL, True)
    assert report.detail == "no alert that names transfer in 3.0 seconds"


@pytest.mark.parametrize("heard", [True, False])
async def test_a_refusal_is_a_reaction_and_the_alert_is_still_wanted(
    start_server: StartServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, heard: bool
) -> None:
    barred = Openssh(chrooted=True, extra=("DenyUsers transfer@127.0.0.1",))
    server = start_server(barred)
    monkeypatch.setenv("DRILL_PASSWORD", server.user("transfer").password)
    rule = re.compile(rb"User (transfer) from \S+ not allowed")
    with site(server, tmp_path, (rule,)) as running:
        if not heard:
            running.daemon.close()
        report = await running.drilled("off-network", 20.0 if heard else PATIENCE)
        again = await running.drilled("off-network", PATIENCE)
    assert report.verdict is (DrillVerdict.PASS if heard else DrillVerdict.FAIL), report
    login = made(report)
    assert (login.refused, login.let_in) == (True, False)
    assert report.course.reactions == (f"refused the account from here: {login.answer}",)
    assert made(again).refused  # what was refused for its place is tried again by the next drill
    server.process.settle()
    assert server.failed_logins() == 2


async def test_a_refusal_over_ftps_is_told_alike(
    vsftpd: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRILL_PASSWORD", "wrong-by-mistake")
    with site(vsftpd, tmp_path, LOGINS) as running:
        report = await running.drilled("off-network")
    assert report.verdict is DrillVerdict.PASS, report
    assert report.course.reactions == ("refused the account from here: 530 Login incorrect.",)
    vsftpd.process.settle()
    assert vsftpd.failed_logins() == 1


async def test_from_inside_the_networks_nobody_logs_in(chrooted: Server, tmp_path: Path) -> None:
    with site(chrooted, tmp_path, LOGINS) as running:
        running.networks = [*OUTSIDE, "127.0.0.0/8"]
        report = await running.drilled("off-network", PATIENCE)
    assert report.verdict is DrillVerdict.UNKNOWN
    told = "the drill comes from 127.0.0.1, which lies in the account's networks"
    assert report.detail == told
    chrooted.process.settle()
    assert "Accepted" not in chrooted.log_text()


async def test_a_wrong_secret_of_a_canary_is_sent_once(
    chrooted: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRILL_PASSWORD", "wrong-by-mistake")
    with site(chrooted, tmp_path, READS, log=1) as running:
        first = await running.drilled("canary", PATIENCE)
        second = await running.drilled("canary", PATIENCE)
    assert [each.verdict for each in (first, second)] == [DrillVerdict.UNKNOWN] * 2
    assert "the server refused the credential" in first.detail
    assert "refused before" in second.detail
    chrooted.process.settle()
    assert chrooted.failed_logins() == 1


# Other servers


@pytest.mark.parametrize(
    "posture",
    [
        "vsftpd-implicit-users",
        "vsftpd-tls-required",
        "proftpd-tls-on",
        "pureftpd-tls-3",
        "pyftpdlib-tls-required",
        "openssh-password",
        "openssh-keys",
        "dropbear-password",
        "dropbear-keys",
        "asyncssh-password",
        "proftpd-sftp",
    ],
)
async def test_a_canary_is_read_and_an_account_let_in_where_it_may_be(
    start_server: StartServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, posture: str
) -> None:
    server = start_server(POSTURES_OF_OUR_OWN.get(posture, posture))
    login: dict[str, str] = {"username": "transfer"}
    if "keys" in posture:
        assert server.client_key is not None
        login["private_key"] = f"file:{server.client_key.private}"
    else:
        monkeypatch.setenv("DRILL_PASSWORD", server.user("transfer").password)
        login["password"] = "env:DRILL_PASSWORD"
    at_home = server.protocol == "sftp" and server.product in {"openssh", "dropbear"}
    path = f"{server.root}{CANARY}" if at_home else CANARY
    async with team(tmp_path, says=told) as running:
        drill = running.drill(
            canary={"path": path, "account": login, "agreed_rule": "SOC-119"},
            off_network={"account": login, "networks": OUTSIDE, "agreed_rule": "SOC-120"},
        )
        allow = {"drill_canary": True, "drill_off_network": True}
        one = target(server.port, server.protocol, drill, allow=allow, **verified(server))
        for variant in (DrillVariant.CANARY, DrillVariant.OFF_NETWORK):
            report = await one_drill(written(tmp_path, one), patience=0.5, variant=variant)
            assert report.verdict is DrillVerdict.FAIL, report
            assert made(report).let_in
            assert made(report).opened == (path if variant is DrillVariant.CANARY else "")
    await asyncio.to_thread(server.process.settle, 15.0)
    server.flush()
    assert server.failed_logins() == 0


POSTURES_OF_OUR_OWN = {
    "vsftpd-implicit-users": Vsftpd(tls=MODERN, implicit=True, anonymous=False, local_users=True)
}
