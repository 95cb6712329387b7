"""TLS enumerated by the road of a targets file: found, judged, written, and within the plan."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema

from scanner.engine.plan import planned
from scanner.model.failure import FailureId
from scanner.model.finding import Severity, Verdict
from scanner.schemas.catalogue import load_schema
from scanner.targets import load_targets
from tests.matrix import lab
from tests.servers import Proftpd, Tls
from tests.servers.fixtures import StartServer

ROUNDS = 60


def test_what_a_target_wants_enumerated_is_in_its_report_and_within_its_plan(
    start_server: StartServer, tmp_path: Path
) -> None:
    ciphers = "ECDHE-RSA-AES128-GCM-SHA256:AES128-SHA:DHE-RSA-AES256-SHA"
    server = start_server(Proftpd(tls=Tls(newest="TLSv1.2", ciphers=ciphers), tls_required="on"))
    assert server.certificate is not None
    trust = {"ca": str(server.certificate.authority), "enumerate": True, "rounds": ROUNDS}
    path = lab.write_targets(tmp_path, lab.listed(server, tls=trust))
    document = lab.scan_listed(path, tmp_path / "state")

    written = json.loads(json.dumps(document.as_dict(), allow_nan=False))
    schema = jsonschema.Draft202012Validator(load_schema("report"))
    assert list(schema.iter_errors(written)) == []
    (endpoint,) = written["hosts"][0]["endpoints"]
    accepted = [version for version in endpoint["tls_survey"]["versions"] if version["suites"]]
    assert [version["version"] for version in accepted] == ["TLSv1.2"]
    assert {suite["name"] for suite in accepted[0]["suites"]} == {
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_RSA_WITH_AES_128_CBC_SHA",
        "TLS_DHE_RSA_WITH_AES_256_CBC_SHA",
    }
    assert {"name": "dh", "bits": 2048} in accepted[0]["groups"]
    assert endpoint["tls_survey"]["complete"]

    found = lab.findings(document, FailureId.PLAINTEXT_TRANSPORT)
    (weak,) = (finding for finding in found if finding.facet == "weak-suites")
    assert (weak.verdict, weak.severity, weak.is_lead) == (Verdict.FAIL, Severity.LOW, True)
    assert weak.evidence

    (target,) = load_targets(path).targets
    transfers = sum(endpoint["verbs"].get(verb, 0) for verb in ("LIST", "MLSD", "RETR"))
    assert planned(target).connections > ROUNDS
    assert endpoint["connections"] - transfers <= planned(target).connections
    assert server.failed_logins() == 0
