"""A share that was cut over a broker, merged: what each vantage saw stays, the rest is unknown."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from scanner.api import RunResult, merge, run
from tests.api.test_nightly import NIGHT, host, quiet, report, targets
from tests.distributed.doors import door
from tests.distributed.test_runs import BOTH, asked, by_asset, cut_short, merging, states
from tests.distributed.zones import zones


async def test_a_share_that_was_cut_is_merged_vantage_by_vantage(tmp_path: Path) -> None:
    async with door(0) as away, door(1) as half, door(2) as mute:
        path = targets(
            tmp_path,
            host(away.port, "away", vantages=BOTH),
            host(1, "closed-1", vantages=BOTH),
            host(half.port, "half", vantages=BOTH),
            host(2, "closed-2", vantages=BOTH),
            host(mute.port, "mute", vantages=BOTH),
            defaults={"timeout_seconds": 60},
        )
        async with zones(tmp_path, *BOTH, clock=lambda: NIGHT) as broker:
            wanted = asked(tmp_path, path, broker, shard=(0, 2))
            cut, died = await cut_short(wanted, half, mute, tmp_path / "died")
            other = asked(tmp_path, path, broker, shard=(1, 2))
            whole = await run(replace(other, reports=tmp_path / "other"), quiet)
    both = held(merge(merging(tmp_path / "of-cut", cut.folder, whole.folder)))
    assert states(both["away"]) == dict.fromkeys(BOTH, "open")
    assert sorted(states(both["half"]).values()) == ["open", "unreachable"]
    assert reasons(both["mute"]) == dict.fromkeys(BOTH, "interrupted")
    left = held(merge(merging(tmp_path / "of-died", died, whole.folder)))
    assert states(left["away"]) == dict.fromkeys(BOTH, "open")
    for name in ("half", "mute"):
        assert reasons(left[name]) == dict.fromkeys(BOTH, "interrupted")
        assert {row["verdict"] for row in left[name]["failures"]} == {"unknown"}
    assert reasons(left["closed-1"]) == reasons(both["closed-1"]) == dict.fromkeys(BOTH, "closed")


def held(merged: RunResult) -> dict[str, dict[str, Any]]:
    """Return the hosts of a merged run, each of them once; the run counts as interrupted."""
    assert (merged.interrupted, merged.exit_code) == (True, 3)
    assert json.loads((merged.folder / "run.json").read_text())["state"] == "interrupted"
    document = report(merged)
    assert document["scan"]["vantages"] == BOTH
    found = by_asset(document)
    assert set(found) == {"away", "half", "mute", "closed-1", "closed-2"}
    return found


def reasons(host_document: dict[str, Any]) -> dict[str, str]:
    return {each["vantage"]: each["reason"] for each in host_document["endpoints"]}
