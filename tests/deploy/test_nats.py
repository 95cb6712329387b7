"""What ``deploy/nats`` tells an operator to do works."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import yaml

from scanner.api.broker import BrokerPlace, at
from tests.servers.nats import DEPLOYED, nats_server

README = (DEPLOYED / "README.md").read_text(encoding="utf-8")


def manifests() -> list[dict[str, Any]]:
    text = (DEPLOYED / "kubernetes.yaml").read_text(encoding="utf-8")
    return [each for each in yaml.safe_load_all(text) if each]


def pods() -> list[dict[str, Any]]:
    found = []
    for each in manifests():
        spec = each.get("spec", {})
        spec = spec.get("jobTemplate", {}).get("spec", spec)
        if "template" in spec:
            found.append(spec["template"]["spec"])
    return found


def carry_out(script: str, folder: Path) -> None:
    subprocess.run(
        ["sh", "-e", "-c", script], cwd=folder, check=True, capture_output=True, timeout=60
    )


async def test_the_certificates_of_the_page_connect(tmp_path: Path) -> None:
    script = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)[0]
    assert "issue broker serverAuth broker.example.org" in script
    script = script.replace("broker.example.org", "localhost")
    carry_out(script, tmp_path)
    broker = tmp_path / "broker"
    for name, wanted in (
        ("tls.crt", "certificate.pem"),
        ("tls.key", "key.pem"),
        ("ca.crt", "authority.pem"),
    ):
        (broker / name).rename(broker / wanted)
    roles = {role: tmp_path / role for role in ("coordinator", "internal", "dmz")}
    assert roles["dmz"].joinpath("tls.key").stat().st_mode & 0o077 == 0
    with nats_server(tmp_path, roles) as server:
        place = BrokerPlace(url=server.url, tls=roles["coordinator"])
        async with at(place, "coordinator") as coordinator:
            await coordinator.prepare(("dmz", "internal"))
            await coordinator.send("dmz", "run", "b1", b"a batch")
            dmz = BrokerPlace(url=server.url, tls=roles["dmz"])
            async with at(dmz, "dmz") as worker:
                (parcel,) = await (await worker.jobs("dmz")).next(1, 5.0)
                assert parcel.data == b"a batch"
                await parcel.take()


def test_every_vantage_has_the_same_rights_below_its_own_name() -> None:
    text = (DEPLOYED / "permissions.conf").read_text(encoding="utf-8")
    blocks = {
        name: block.replace(name, "<vantage>")
        for name, block in re.findall(
            r'user: "(\w+)\.scan"(.*?)(?=\n    \{|\n  \])', text, re.DOTALL
        )
    }
    assert set(blocks) == {"coordinator", "internal", "dmz", "internet"}
    workers = {block for name, block in blocks.items() if name != "coordinator"}
    assert len(workers) == 1
    (rights,) = workers
    published = re.findall(r'"([^"]+)"', rights.split("subscribe")[0])
    assert published == [
        "$JS.API.CONSUMER.MSG.NEXT.SCAN_JOBS.at-<vantage>",
        "$JS.ACK.SCAN_JOBS.at-<vantage>.>",
        "scan.seen.<vantage>.*",
        "scan.alive.<vantage>",
    ]


def test_the_manifest_is_whole_and_runs_nothing_as_root() -> None:
    kinds = [each["kind"] for each in manifests()]
    assert kinds.count("StatefulSet") == 2
    assert "CronJob" in kinds
    assert len(pods()) == 3
    for pod in pods():
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["automountServiceAccountToken"] is False
        named = {volume["name"] for volume in pod["volumes"]}
        for container in pod["containers"]:
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            mounted = {mount["name"] for mount in container["volumeMounts"]}
            assert mounted - named <= {"store", "state"}
    secrets = {
        volume["secret"]["secretName"]
        for pod in pods()
        for volume in pod["volumes"]
        if "secret" in volume
    }
    assert all(name.startswith("scan-nats-") for name in secrets)
    assert "for role in broker coordinator internal" in README


def test_the_commands_of_the_manifest_are_those_of_the_program() -> None:
    from tests.cli.shell import scan  # noqa: PLC0415 - starts a process for each command

    for pod in pods():
        for container in pod["containers"]:
            words = container["args"]
            if words[0] in {"worker", "run"}:
                told = scan(words[0], "--help", COLUMNS="200").stdout
                options = {word.partition("=")[0] for word in words if word.startswith("--")}
                assert all(f"{option} " in told for option in options), options
