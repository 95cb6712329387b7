"""One unit of work over many hosts, each ending with its observation on disk. Nothing is judged.

A program: ``python -m bench.probed UNIT HOSTS CONNECTIONS FOLDER``. ``HOSTS`` holds a host a line,
with a port behind a colon where it is not the unit's own. The scanner's scope, dialer, clients,
readers and record format do the work, in the loop that ``scan`` runs in; what is not there is
the questions that a scan asks beyond the unit.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

from bench.unit import Unit
from scanner.cli.runner import finish
from scanner.clients.dialer import Dialer
from scanner.clients.effort import EffortMeter
from scanner.clients.faults import Fault
from scanner.engine.record import Record, encode
from scanner.engine.scheduler import schedule
from scanner.engine.scope import Scope
from scanner.model.observation import EndpointObservation, EndpointState, Observations
from scanner.model.recall import Recall
from scanner.probes.context import utc_text
from scanner.sinks.run_folder import RunFolder

Place = tuple[str, int]
"""A host and a port."""
VANTAGE, RECORDS = "internal", "observations.ndjson"


async def units(unit: Unit, hosts: Path, connections: int, folder: RunFolder) -> None:
    """Do one unit of work over all hosts, and record each."""
    scope = Scope.loopback_only()

    async def work(place: Place) -> None:
        host, port = place
        asset = f"{host}:{port}"
        started = utc_text(datetime.now(UTC))
        admission = await scope.admit(host, [port])
        meter = EffortMeter()
        dialer = Dialer(admission.admitted[0], meter)
        endpoint = await _endpoint(unit, dialer)
        finished = utc_text(datetime.now(UTC))
        seen = Observations(
            asset=asset,
            host=host,
            vantage=VANTAGE,
            started=started,
            finished=finished,
            addresses=(dialer.host,),
            endpoints=(endpoint,),
        )
        record = Record(asset=asset, judged_at=finished, observations=(seen,), recall=Recall())
        folder.append(RECORDS, encode(record))

    with folder.kept_open(), hosts.open(encoding="ascii") as lines:
        await schedule(_places(unit, lines), work, most=connections)


async def _endpoint(unit: Unit, dialer: Dialer) -> EndpointObservation:
    fault: Fault | None = None
    facts = None
    try:
        facts = await unit.work(dialer)
    except Fault as met:
        fault = met
    return EndpointObservation(
        port=dialer.admitted.port,
        protocol=unit.protocol,
        address=dialer.host,
        declared=True,
        state=EndpointState.OPEN,
        reason=fault.reason if fault else None,
        detail=fault.detail if fault else "",
        facts=facts,
        effort=dialer.meter.facts(),
    )


def _places(unit: Unit, lines: Iterator[str]) -> Iterator[Place]:
    for place in filter(None, map(str.strip, lines)):
        host, _, port = place.partition(":")
        yield host, int(port or unit.port)


def main() -> None:
    """Run one unit."""
    name, hosts, connections, where = sys.argv[1:]
    folder = RunFolder.create(Path(where), datetime.now(UTC), os.urandom(4).hex())
    module = "bench.probed_ssh" if name.startswith("S") else "bench.probed_units"
    unit: Unit = import_module(module).UNITS[name]
    finish(units(unit, Path(hosts), int(connections), folder))
    gc.freeze()  # as ``scan`` does at its end


if __name__ == "__main__":
    main()
