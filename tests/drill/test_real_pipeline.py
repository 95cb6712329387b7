"""A drill over a real OpenSSH, a real rsyslog and a collector that alerts by webhook."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from scanner.model.drill import DrillVerdict
from scanner.model.reading import Observed, Reason, Unobserved
from tests.drill.cases import one_drill, target, written
from tests.servers import Openssh, Server
from tests.servers.collector import Collector, collector
from tests.servers.fixtures import StartServer
from tests.servers.process import HOST, free_port
from tests.servers.rsyslog import rsyslog

PATIENCE = 3.0


class Site:
    """A server, its log daemon, and the team's collector."""

    def __init__(self, server: Server, folder: Path, stack: ExitStack) -> None:
        self.server = server
        self.listen = (HOST, free_port())
        self.collector: Collector = stack.enter_context(collector(self.listen))
        self.daemon = stack.enter_context(ExitStack())
        to = (HOST, self.collector.udp_port)
        self.daemon.enter_context(rsyslog(server.logs[0], to, folder))
        self.folder = folder

    def targets(self, **changes: Any) -> Path:
        drill = {
            "test": {"kind": "http", "url": self.collector.url},
            "alert": {"kind": "webhook", "listen": f"{HOST}:{self.listen[1]}"},
            **changes,
        }
        return written(self.folder, target(self.server.port, self.server.protocol, drill))


@pytest.fixture
def site(start_server: StartServer, tmp_path: Path) -> Iterator[Site]:
    with ExitStack() as stack:
        yield Site(start_server(Openssh()), tmp_path, stack)


async def test_the_alert_of_the_login_comes_back(site: Site) -> None:
    report = await one_drill(site.targets())
    assert report.verdict is DrillVerdict.PASS, report
    test, login = report.course.test, report.course.login
    assert isinstance(test, Observed)
    assert isinstance(login, Observed)
    assert test.value.user != login.value.user
    assert login.value.refused
    assert report.course.reactions == ()
    site.server.process.settle()
    assert site.server.failed_logins() == 1
    assert f"Failed password for invalid user {login.value.user}" in site.server.log_text()
    assert test.value.user not in site.server.log_text()


async def test_with_the_log_daemon_stopped_the_drill_fails(site: Site) -> None:
    site.daemon.close()
    report = await one_drill(site.targets(), patience=PATIENCE)
    assert (report.verdict, report.detail) == (DrillVerdict.FAIL, "no alert in 3.0 seconds")
    assert isinstance(report.course.test, Observed)
    site.server.process.settle()
    assert site.server.failed_logins() == 1


async def test_with_the_webhook_dead_nothing_is_known_and_nobody_logs_in(site: Site) -> None:
    elsewhere = {"kind": "webhook", "listen": f"{HOST}:{free_port()}"}
    report = await one_drill(site.targets(alert=elsewhere), patience=PATIENCE)
    assert report.verdict is DrillVerdict.UNKNOWN
    assert isinstance(report.course.test, Unobserved)
    assert report.course.test.reason is Reason.TIMEOUT
    assert "the way is broken" in report.detail
    assert site.collector.events  # the test event itself was taken
    assert site.server.failed_logins() == 0
    assert "Connection from" not in site.server.log_text()


async def test_an_intake_that_is_gone_leaves_the_drill_unknown(site: Site) -> None:
    gone = {"kind": "http", "url": f"http://{HOST}:{free_port()}/ingest"}
    report = await one_drill(site.targets(test=gone), patience=PATIENCE)
    assert report.verdict is DrillVerdict.UNKNOWN
    assert report.detail == "the test event was not taken: connection refused"
    assert "Connection from" not in site.server.log_text()


async def test_keys_alone_are_refused_a_key_that_nobody_knows(
    start_server: StartServer, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        site = Site(start_server(Openssh(passwords=False)), tmp_path, stack)
        report = await one_drill(site.targets())
    assert report.verdict is DrillVerdict.PASS, report
    assert isinstance(report.course.login, Observed)
    assert report.course.login.value.answer.startswith("publickey: ")


@pytest.mark.parametrize(
    "posture", ["vsftpd-tls-required", "proftpd-plain", "openssh-keyboard-interactive"]
)
async def test_other_servers_logs_come_by_the_same_way(
    start_server: StartServer, tmp_path: Path, posture: str
) -> None:
    with ExitStack() as stack:
        site = Site(start_server(posture), tmp_path, stack)
        report = await one_drill(site.targets())
        site.server.process.settle()
        assert report.verdict is DrillVerdict.PASS, (report, site.server.log_text()[-2000:])
        assert site.server.failed_logins() == 1


async def test_alerts_come_by_webhook_only_from_who_has_the_token(
    start_server: StartServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRILL_TOKEN", "a-token-of-the-test")
    with ExitStack() as stack:
        site = Site(start_server(Openssh()), tmp_path, stack)
        listen = f"{HOST}:{site.listen[1]}"
        guarded = {"kind": "webhook", "listen": listen, "token": "env:DRILL_TOKEN"}
        test = {"kind": "http", "url": site.collector.url, "token": "env:DRILL_TOKEN"}
        path = site.targets(alert=guarded, test=test)
        assert (await one_drill(path, patience=1.0)).verdict is DrillVerdict.UNKNOWN
        assert "Authorization: Bearer a-token-of-the-test" in site.collector.headers[0]
        site.collector.token = "a-token-of-the-test"
        assert (await one_drill(path)).verdict is DrillVerdict.PASS
