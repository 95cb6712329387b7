"""The CronJob that is shipped: what it must say, and whether it fits the image."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.shell import scan
from tests.deploy.operations import DEPLOY, ROOT

MANIFEST = DEPLOY / "kubernetes" / "ftpscan.yaml"
DOCKERFILE = (ROOT / "Dockerfile").read_text()
Object = dict[str, Any]


def objects() -> dict[str, Object]:
    found = {each["kind"]: each for each in yaml.safe_load_all(MANIFEST.read_text())}
    assert len(found) == len(list(yaml.safe_load_all(MANIFEST.read_text())))
    return found


@pytest.fixture(name="job")
def _job() -> Object:
    spec: Object = objects()["CronJob"]["spec"]
    return spec


@pytest.fixture(name="pod")
def _pod(job: Object) -> Object:
    spec: Object = job["jobTemplate"]["spec"]["template"]["spec"]
    return spec


@pytest.fixture(name="container")
def _container(pod: Object) -> Object:
    (container,) = pod["containers"]
    found: Object = container
    return found


def test_each_object_has_the_version_that_kubernetes_knows_it_by() -> None:
    versions = {kind: each["apiVersion"] for kind, each in objects().items()}
    assert versions == {
        "PersistentVolumeClaim": "v1",
        "ConfigMap": "v1",
        "Secret": "v1",
        "NetworkPolicy": "networking.k8s.io/v1",
        "CronJob": "batch/v1",
    }


def test_no_two_scans_run_at_once_and_no_finding_is_tried_again(job: Object) -> None:
    assert job["concurrencyPolicy"] == "Forbid"
    assert re.fullmatch(r"[0-9]+ [0-9]+ \* \* \*", job["schedule"])
    one = job["jobTemplate"]["spec"]
    ignored, failed = one["podFailurePolicy"]["rules"]
    assert ignored["action"] == "Ignore"
    # 130 and 143 are a node that was drained: --resume and the next night go on from there.
    assert failed["onExitCodes"]["values"] == [1, 2, 3, 4, 70, 75]
    assert failed["onExitCodes"]["containerName"] == "scan"
    # A failure policy demands it.
    assert one["template"]["spec"]["restartPolicy"] == "Never"
    assert 0 < job["startingDeadlineSeconds"] < one["activeDeadlineSeconds"]


def test_the_pod_may_do_nothing_but_scan(pod: Object, container: Object) -> None:
    around, inside = pod["securityContext"], container["securityContext"]
    assert around["runAsNonRoot"] is True
    assert around["seccompProfile"] == {"type": "RuntimeDefault"}
    assert inside["readOnlyRootFilesystem"] is True
    assert inside["allowPrivilegeEscalation"] is False
    assert inside["privileged"] is False
    assert inside["capabilities"] == {"drop": ["ALL"]}
    assert pod["automountServiceAccountToken"] is False
    assert {"hostNetwork", "hostPID", "hostIPC"}.isdisjoint(pod)
    assert "memory" in container["resources"]["limits"]


def test_user_and_folders_are_those_of_the_image(pod: Object, container: Object) -> None:
    user, group = re.search(r"^USER (\d+):(\d+)$", DOCKERFILE, re.MULTILINE).groups()  # type: ignore[union-attr]  # no match fails the test, too
    around = pod["securityContext"]
    assert (around["runAsUser"], around["runAsGroup"]) == (int(user), int(group))
    assert around["fsGroup"] == int(group)
    volume = re.search(r"^VOLUME (\S+)$", DOCKERFILE, re.MULTILINE)
    assert volume is not None
    mounts = {each["mountPath"]: each for each in container["volumeMounts"]}
    assert volume[1] in mounts
    assert not mounts[volume[1]].get("readOnly")
    assert {each["name"] for each in mounts.values()} == {each["name"] for each in pod["volumes"]}
    assert "command" not in container  # the image's own entry point


def test_what_is_written_lies_on_the_claim_and_what_is_read_is_mounted(
    pod: Object, container: Object
) -> None:
    paths = [Path(word) for word in container["args"] if word.startswith("/")]
    mounts = {Path(each["mountPath"]): each for each in container["volumeMounts"]}
    sources = {each["name"]: each for each in pod["volumes"]}
    targets, *written = paths
    assert mounts[targets.parent]["readOnly"] is True
    assert targets.name in objects()["ConfigMap"]["data"]
    assert len(written) == 3
    for path in written:
        (mount,) = (each for at, each in mounts.items() if at in path.parents)
        claim = sources[mount["name"]]["persistentVolumeClaim"]["claimName"]
        assert claim == objects()["PersistentVolumeClaim"]["metadata"]["name"]


def test_names_that_refer_to_one_another_are_the_same(pod: Object) -> None:
    sources = {each["name"]: each for each in pod["volumes"]}
    found = objects()
    assert sources["targets"]["configMap"]["name"] == found["ConfigMap"]["metadata"]["name"]
    assert sources["secrets"]["secret"]["secretName"] == found["Secret"]["metadata"]["name"]
    # Not for others: the scanner refuses secrets that every user can read.
    assert sources["secrets"]["secret"]["defaultMode"] & 0o007 == 0


def test_the_arguments_are_words_that_the_scanner_knows(container: Object) -> None:
    listed = set(re.findall(r"--[a-z-]+", scan("run", "--help").stdout))
    assert {word for word in container["args"] if word.startswith("--")} <= listed
    assert container["args"][0] == "run"


def test_the_targets_file_in_it_is_whole_but_for_its_authorisation(tmp_path: Path) -> None:
    path = tmp_path / "targets.json"
    path.write_text(objects()["ConfigMap"]["data"]["targets.json"])
    done = scan("validate", str(path))
    assert done.returncode == 2
    (line,) = done.stdout.splitlines()
    assert "authorisation.reference: " in line
